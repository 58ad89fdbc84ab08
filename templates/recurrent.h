/* recurrent.h -- RNN, GRU and LSTM over whole sequences, plain.
 *
 * Products of rows lie across the 16 lanes; x is multiplied first, then the state. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RECURRENT_H
#define MEDNN_RECURRENT_H

#include "lanes.h"

enum cell { CELL_RNN, CELL_GRU, CELL_LSTM };

enum gate_function {
    GATE_SIGMOID,
    GATE_TANH,
    GATE_RELU,
    GATE_AFFINE,
    GATE_LEAKY_RELU,
    GATE_THRESHOLDED_RELU,
    GATE_SCALED_TANH,
    GATE_HARD_SIGMOID,
    GATE_ELU,
    GATE_SOFTSIGN,
    GATE_SOFTPLUS
};

struct gate {
    enum gate_function function;
    float alpha, beta;
};

struct recurrent {
    enum cell cell;
    int64_t gates, steps, batch, inputs, hidden, directions;
    int64_t x_step, x_batch, y_step, y_direction, y_batch, state_direction, state_batch;
    int first_reversed, input_forget, linear_before_reset;
    float clip;
    struct gate gate[2][3];
};

/* NULL where absent. Scratch: recurrent_scratch floats, aligned to 64 bytes. */
struct recurrent_data {
    const float *x, *w, *r, *b;
    const int32_t *lengths;
    const float *h, *c, *p;
    float *y, *y_h, *y_c, *scratch;
};

/* Parts of the scratch memory, each of `hidden` rounded up to 16 floats. */
enum { PART_GATES, PART_STATE = 4, PART_H = 8, PART_C, PART_RESET, PARTS };

INLINE vf gate_apply(struct gate gate, vf x)
{
    const vf a = vector_of(gate.alpha), b = vector_of(gate.beta);
    switch (gate.function) {
    case GATE_SIGMOID:
        return vector_sigmoid(x);
    case GATE_TANH:
        return vector_tanh(x);
    case GATE_RELU:
        return function_relu(x, x, x);
    case GATE_AFFINE:
        return a * x + b;
    case GATE_LEAKY_RELU:
        return function_leaky_relu(x, a, b);
    case GATE_THRESHOLDED_RELU:
        return function_thresholded_relu(x, a, b);
    case GATE_SCALED_TANH:
        return a * vector_tanh(b * x);
    case GATE_HARD_SIGMOID:
        return function_hard_sigmoid(x, a, b);
    case GATE_ELU:
        return function_elu(x, a, b);
    case GATE_SOFTSIGN:
        return function_softsign(x, a, b);
    case GATE_SOFTPLUS:
        break;
    }
    return function_softplus(x, x, x);
}

INLINE vf gate_activate(const struct recurrent *s, struct gate gate, vf x)
{
    return gate_apply(gate, vector_clip(x, -s->clip, s->clip));
}

INLINE float recurrent_product(const float *a, const float *b, int64_t count)
{
    struct lanes sum = lanes_of(0);
    for (int64_t i = 0; i < count; i += LANES) {
        const struct lanes x = lanes_load(a + i, 1, count - i, 0), y = lanes_load(b + i, 1, count - i, 0);
        for (int p = 0; p < LANES / W; p++)
            sum.part[p] += x.part[p] * y.part[p];
    }
    return lanes_join(&sum, function_add);
}

INLINE float *recurrent_part(const struct recurrent *s, const struct recurrent_data *data, int64_t part)
{
    return data->scratch + part * ((s->hidden + 15) / 16 * 16);
}

/* W x + bias for all gates. */
INLINE void recurrent_from_input(const struct recurrent *s, const struct recurrent_data *data, int64_t direction,
                                 const float *x)
{
    for (int64_t gate = 0; gate < s->gates; gate++) {
        float *to = recurrent_part(s, data, PART_GATES + gate);
        const int64_t row = (direction * s->gates + gate) * s->hidden;
        const float *bias = data->b ? data->b + row + direction * s->gates * s->hidden : data->b;
        for (int64_t u = 0; u < s->hidden; u++)
            to[u] = recurrent_product(data->w + (row + u) * s->inputs, x, s->inputs) + (bias ? bias[u] : 0);
    }
}

/* R h + bias for gates [begin, end). */
INLINE void recurrent_from_state(const struct recurrent *s, const struct recurrent_data *data, int64_t direction,
                                 const float *h, int64_t begin, int64_t end)
{
    for (int64_t gate = begin; gate < end; gate++) {
        float *to = recurrent_part(s, data, PART_STATE + gate);
        const int64_t row = (direction * s->gates + gate) * s->hidden;
        const float *bias = data->b ? data->b + row + (direction + 1) * s->gates * s->hidden : data->b;
        for (int64_t u = 0; u < s->hidden; u++)
            to[u] = recurrent_product(data->r + (row + u) * s->hidden, h, s->hidden) + (bias ? bias[u] : 0);
    }
}

INLINE vf recurrent_at(const struct recurrent *s, const struct recurrent_data *data, int64_t part, int64_t u)
{
    return *(const vf *)(recurrent_part(s, data, part) + u);
}

INLINE vf recurrent_linear(const struct recurrent *s, const struct recurrent_data *data, int64_t gate, int64_t u)
{
    return recurrent_at(s, data, PART_GATES + gate, u) + recurrent_at(s, data, PART_STATE + gate, u);
}

/* The peephole of gate number `which` (input, output, forget). */
INLINE vf recurrent_peep(const struct recurrent *s, const struct recurrent_data *data, int64_t direction, int64_t which,
                         int64_t u, vf c)
{
    vf p = {0};
    if (data->p)
        for (int64_t lane = 0; lane < W && u + lane < s->hidden; lane++)
            p[lane] = data->p[(direction * 3 + which) * s->hidden + u + lane];
    return p * c;
}

INLINE void recurrent_lstm(const struct recurrent *s, const struct recurrent_data *data, int64_t direction)
{
    const struct gate *gate = s->gate[direction];
    float *h = recurrent_part(s, data, PART_H), *state = recurrent_part(s, data, PART_C);
    recurrent_from_state(s, data, direction, h, 0, 4);
    for (int64_t u = 0; u < s->hidden; u += W) {
        vf c = *(vf *)(state + u);
        const vf in = gate_activate(s, gate[0], recurrent_linear(s, data, 0, u) +
                                                    recurrent_peep(s, data, direction, 0, u, c));
        vf forget = gate_activate(s, gate[0], recurrent_linear(s, data, 2, u) +
                                                  recurrent_peep(s, data, direction, 2, u, c));
        if (s->input_forget)
            forget = 1 - in;
        c = forget * c + in * gate_activate(s, gate[1], recurrent_linear(s, data, 3, u));
        const vf out = gate_activate(s, gate[0], recurrent_linear(s, data, 1, u) +
                                                     recurrent_peep(s, data, direction, 1, u, c));
        *(vf *)(state + u) = c;
        *(vf *)(h + u) = out * gate_apply(gate[2], c);
    }
}

INLINE void recurrent_gru(const struct recurrent *s, const struct recurrent_data *data, int64_t direction)
{
    const struct gate *gate = s->gate[direction];
    float *h = recurrent_part(s, data, PART_H), *reset = recurrent_part(s, data, PART_RESET);
    recurrent_from_state(s, data, direction, h, 0, s->linear_before_reset ? 3 : 2);
    for (int64_t u = 0; u < s->hidden; u += W) {
        vf r = gate_activate(s, gate[0], recurrent_linear(s, data, 1, u));
        if (!s->linear_before_reset)
            r = r * *(vf *)(h + u);
        *(vf *)(reset + u) = r;
    }
    if (!s->linear_before_reset)
        recurrent_from_state(s, data, direction, reset, 2, 3);
    for (int64_t u = 0; u < s->hidden; u += W) {
        const vf update = gate_activate(s, gate[0], recurrent_linear(s, data, 0, u));
        vf state = recurrent_at(s, data, PART_STATE + 2, u);
        if (s->linear_before_reset)
            state = state * *(vf *)(reset + u);
        const vf fresh = gate_activate(s, gate[1], recurrent_at(s, data, PART_GATES + 2, u) + state);
        *(vf *)(h + u) = (1 - update) * fresh + update * *(vf *)(h + u);
    }
}

INLINE void recurrent_rnn(const struct recurrent *s, const struct recurrent_data *data, int64_t direction)
{
    float *h = recurrent_part(s, data, PART_H);
    recurrent_from_state(s, data, direction, h, 0, 1);
    for (int64_t u = 0; u < s->hidden; u += W)
        *(vf *)(h + u) = gate_activate(s, s->gate[direction][0], recurrent_linear(s, data, 0, u));
}

INLINE void recurrent_copy(float *to, const float *from, int64_t count)
{
    for (int64_t i = 0; to && i < count; i++)
        to[i] = from ? from[i] : 0;
}

INLINE void recurrent_sequence(const struct recurrent *s, const struct recurrent_data *data, int64_t direction,
                               int64_t n)
{
    const int64_t state = direction * s->state_direction + n * s->state_batch;
    float *h = recurrent_part(s, data, PART_H), *c = recurrent_part(s, data, PART_C);
    int64_t length = data->lengths ? data->lengths[n] : s->steps;
    length = length < 0 ? 0 : length > s->steps ? s->steps : length;
    recurrent_copy(h, data->h ? data->h + state : data->h, s->hidden);
    recurrent_copy(c, data->c ? data->c + state : data->c, s->hidden);
    for (int64_t i = 0; i < s->steps; i++) {
        const int64_t t = (s->first_reversed || direction == 1) && i < length ? length - 1 - i : i;
        float *y = data->y + t * s->y_step + direction * s->y_direction + n * s->y_batch;
        if (i >= length) {
            recurrent_copy(y, NULL, s->hidden);
            continue;
        }
        recurrent_from_input(s, data, direction, data->x + t * s->x_step + n * s->x_batch);
        if (s->cell == CELL_LSTM)
            recurrent_lstm(s, data, direction);
        else if (s->cell == CELL_GRU)
            recurrent_gru(s, data, direction);
        else
            recurrent_rnn(s, data, direction);
        recurrent_copy(y, h, s->hidden);
    }
    recurrent_copy(data->y_h ? data->y_h + state : data->y_h, h, s->hidden);
    recurrent_copy(data->y_c ? data->y_c + state : data->y_c, c, s->hidden);
}

INLINE void recurrent(const struct recurrent *s, const struct recurrent_data *data)
{
    recurrent_copy(data->scratch, NULL, PARTS * ((s->hidden + 15) / 16 * 16));
    for (int64_t direction = 0; direction < s->directions; direction++)
        for (int64_t n = 0; n < s->batch; n++)
            recurrent_sequence(s, data, direction, n);
}

#endif
