/* recurrent.h -- time steps of RNN, GRU and LSTM, plain, for a piece of the samples and of blocks of 16 units.
 *
 * What comes from the inputs (W x) was computed before, for all steps. Units lie across the vectors' lanes: row t, n of it, the
 * weights and biases come as [block][...][gate][16 units], zero beyond the last unit. Every sum runs over the hidden
 * state in order, after its bias. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RECURRENT_H
#define MEDNN_RECURRENT_H

#include "float_mode.h"
#include "functions.h"

enum cell { CELL_RNN, CELL_GRU, CELL_LSTM };

/* What a layer computes. A GRU that multiplies (reset gate . h) with weights does so in two layers where devices share the
 * units, because each needs all of it: first that product alone, then the rest. */
enum recurrent_part { RECURRENT_WHOLE, RECURRENT_RESET, RECURRENT_REST };

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
    enum recurrent_part part;
    int64_t gates, hidden, samples, count; /* count: of steps */
    int64_t blocks, first_unit, units;     /* of the piece; units: without those beyond the last one */
    int64_t x_step, x_batch;               /* a row of W x; a reversed direction steps backwards */
    int64_t y_step, y_batch, h_batch, c_batch, reset_batch, to_h_batch, to_c_batch; /* rows of units */
    int input_forget, linear_before_reset;
    float clip;
    struct gate gate[3]; /* f, g, h */
};

/* NULL where absent. x: of the first step; first: its number. */
struct recurrent_data {
    const float *x, *r, *b, *h, *c, *p, *reset;
    const int32_t *lengths;
    float *y, *to_h, *to_c, *scratch;
    int64_t first;
};

typedef void recurrent_product_function(const float *restrict r, const float *restrict b, const float *restrict h,
                                        float *restrict to);

/* The products of h with some gates at once, and with the last gate alone. */
struct recurrent_products {
    recurrent_product_function *together, *last;
};

/* The scratch memory: sums of one block of 16 for each gate, then units rounded up to blocks: the state h, what r . h is or the
 * reset gate, both of all units; the new h and the state c of the piece. */
INLINE int64_t recurrent_all(const struct recurrent *s)
{
    return (s->hidden + 15) / 16 * 16;
}

/* ---- products ---- */

INLINE int recurrent_first(const struct recurrent *s)
{
    return s->part == RECURRENT_RESET;
}

INLINE int recurrent_together(const struct recurrent *s)
{
    if (s->cell != CELL_GRU)
        return s->cell == CELL_LSTM ? 4 : 1;
    if (s->part != RECURRENT_WHOLE)
        return 1;
    return s->linear_before_reset ? 3 : 2;
}

/* Bias + R h for gates [first, first + count) of one block. */
INLINE void recurrent_product(const struct recurrent *s, int first, int count, const float *restrict r,
                              const float *restrict b, const float *restrict h, float *restrict to)
{
    CONTRACT
    enum { EACH = 16 / W };
    vf a[4 * EACH];
    UNROLL for (int i = 0; i < count * EACH; i++) a[i] = *(const vu *)(b + first * 16 + i * W);
    r += first * 16;
    UNROLL_4 for (int64_t k = 0; k < s->hidden; k++)
    {
        const float value = h[k];
        UNROLL for (int i = 0; i < count * EACH; i++) a[i] += *(const vu *)(r + i * W) * value;
        r += s->gates * 16;
        if (count * EACH == 1)
            LONE_CHAIN(a[0]);
    }
    UNROLL for (int i = 0; i < count * EACH; i++) *(vu *)(to + first * 16 + i * W) = a[i];
}

/* ---- gates ---- */

INLINE vf recurrent_load(const float *from)
{
    return *(const vu *)from;
}

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

/* Some lanes of one block: sums of its gates from the state, from the inputs with their biases, peepholes and states. */
struct recurrent_block {
    const float *state, *x, *b, *p;
    const float *old;    /* h */
    float *c, *reset, *h; /* c of LSTM; r . h, or the reset gate, of GRU; the new h */
};

/* W x + bias of a gate. */
INLINE vf recurrent_from_input(const struct recurrent_block *block, int gate, int lane)
{
    return recurrent_load(block->x + gate * 16 + lane) + recurrent_load(block->b + gate * 16 + lane);
}

INLINE vf recurrent_from_state(const struct recurrent_block *block, int gate, int lane)
{
    return recurrent_load(block->state + gate * 16 + lane);
}

INLINE vf gate_clip(const struct recurrent *s, struct gate gate, vf x)
{
    return gate_apply(gate, vector_clip(x, -s->clip, s->clip));
}

INLINE vf recurrent_gate(const struct recurrent *s, const struct recurrent_block *block, int function, int gate, int lane,
                         vf more)
{
    return gate_clip(s, s->gate[function],
                     recurrent_from_input(block, gate, lane) + recurrent_from_state(block, gate, lane) + more);
}

/* The peephole of gate number `which` (input, output, forget). */
INLINE vf recurrent_peep(const struct recurrent_block *block, int which, int lane, vf c)
{
    vf p = {0};
    if (block->p)
        p = recurrent_load(block->p + which * 16 + lane) * c;
    return p;
}

INLINE void recurrent_lstm(const struct recurrent *s, const struct recurrent_block *block, int lane)
{
    const vf none = {0};
    vf c = recurrent_load(block->c + lane);
    const vf in = recurrent_gate(s, block, 0, 0, lane, recurrent_peep(block, 0, lane, c));
    vf forget = recurrent_gate(s, block, 0, 2, lane, recurrent_peep(block, 2, lane, c));
    if (s->input_forget)
        forget = 1 - in;
    c = forget * c + in * recurrent_gate(s, block, 1, 3, lane, none);
    const vf out = recurrent_gate(s, block, 0, 1, lane, recurrent_peep(block, 1, lane, c));
    *(vu *)(block->c + lane) = c;
    *(vu *)(block->h + lane) = out * gate_apply(s->gate[2], c);
}

/* r . h, or r where it comes after the product. */
INLINE void recurrent_reset(const struct recurrent *s, const struct recurrent_block *block, int lane)
{
    const vf none = {0};
    vf r = recurrent_gate(s, block, 0, 1, lane, none);
    if (!s->linear_before_reset)
        r = r * recurrent_load(block->old + lane);
    *(vu *)(block->reset + lane) = r;
}

INLINE void recurrent_gru(const struct recurrent *s, const struct recurrent_block *block, int lane)
{
    const vf none = {0}, update = recurrent_gate(s, block, 0, 0, lane, none);
    vf state = recurrent_from_state(block, 2, lane);
    if (s->linear_before_reset)
        state = state * recurrent_load(block->reset + lane);
    const vf fresh = gate_clip(s, s->gate[1], recurrent_from_input(block, 2, lane) + state);
    *(vu *)(block->h + lane) = (1 - update) * fresh + update * recurrent_load(block->old + lane);
}

/* ---- steps ---- */

INLINE void recurrent_copy(float *restrict to, const float *restrict from, int64_t count)
{
    for (int64_t i = 0; to && i < count; i++)
        to[i] = from ? from[i] : 0;
}

/* Where things lie in the scratch memory. */
struct recurrent_scratch {
    float *sums, *h, *reset, *next, *c;
};

INLINE struct recurrent_scratch recurrent_scratch(const struct recurrent *s, float *scratch)
{
    struct recurrent_scratch at = {.sums = scratch};
    at.h = scratch + s->blocks * s->gates * 16;
    at.reset = at.h + recurrent_all(s);
    at.next = at.reset + recurrent_all(s);
    at.c = at.next + s->blocks * 16;
    return at;
}

INLINE struct recurrent_block recurrent_at(const struct recurrent *s, const struct recurrent_data *data,
                                           const struct recurrent_scratch *at, const float *x, int64_t block)
{
    const int64_t unit = s->first_unit + block * 16;
    return (struct recurrent_block){at->sums + block * s->gates * 16,
                                    x + block * s->gates * 16,
                                    data->b + block * 2 * s->gates * 16,
                                    data->p ? data->p + block * 3 * 16 : data->p,
                                    at->h + unit,
                                    at->c + block * 16,
                                    at->reset + unit,
                                    at->next + block * 16};
}

/* One step of one sample, whose row of W x is at x: at->next. */
INLINE void recurrent_step(const struct recurrent *s, const struct recurrent_products *product,
                           const struct recurrent_data *data, const struct recurrent_scratch *at, const float *x)
{
    const int64_t each = s->gates * 16;
    for (int64_t i = 0; i < s->blocks; i++)
        product->together(data->r + i * s->hidden * each, data->b + (2 * i + 1) * each, at->h, at->sums + i * each);
    if (s->cell == CELL_GRU && s->part != RECURRENT_REST)
        for (int64_t i = 0; i < s->blocks; i++) {
            const struct recurrent_block block = recurrent_at(s, data, at, x, i);
            for (int lane = 0; lane < 16; lane += W)
                recurrent_reset(s, &block, lane);
        }
    if (s->cell == CELL_GRU && s->part != RECURRENT_RESET && !s->linear_before_reset)
        for (int64_t i = 0; i < s->blocks; i++)
            product->last(data->r + i * s->hidden * each, data->b + (2 * i + 1) * each, at->reset, at->sums + i * each);
    for (int64_t i = 0; i < s->blocks && s->part != RECURRENT_RESET; i++) {
        const struct recurrent_block block = recurrent_at(s, data, at, x, i);
        for (int lane = 0; lane < 16; lane += W)
            if (s->cell == CELL_LSTM)
                recurrent_lstm(s, &block, lane);
            else if (s->cell == CELL_GRU)
                recurrent_gru(s, &block, lane);
            else
                *(vu *)(block.h + lane) = recurrent_gate(s, &block, 0, 0, lane, (vf){0});
    }
    if (s->part == RECURRENT_RESET)
        recurrent_copy(at->next, at->reset + s->first_unit, s->units);
}

INLINE const float *recurrent_row(const float *from, int64_t offset)
{
    return from ? from + offset : from;
}

INLINE void recurrent_sample(const struct recurrent *s, const struct recurrent_products *product,
                             const struct recurrent_data *data, const struct recurrent_scratch *at, int64_t n)
{
    recurrent_copy(at->h, recurrent_row(data->h, n * s->h_batch), s->hidden);
    recurrent_copy(at->c, recurrent_row(data->c, n * s->c_batch), s->units);
    if (data->reset)
        recurrent_copy(at->reset, data->reset + n * s->reset_batch, s->hidden);
    for (int64_t i = 0; i < s->count; i++) {
        float *y = data->y + i * s->y_step + n * s->y_batch;
        if (data->lengths && data->first + i >= data->lengths[n]) {
            recurrent_copy(y, NULL, s->units);
            continue;
        }
        recurrent_step(s, product, data, at, data->x + i * s->x_step + n * s->x_batch);
        recurrent_copy(y, at->next, s->units);
        recurrent_copy(at->h + s->first_unit, at->next, s->units);
    }
    if (data->to_h)
        recurrent_copy(data->to_h + n * s->to_h_batch, at->h + s->first_unit, s->units);
    if (data->to_c)
        recurrent_copy(data->to_c + n * s->to_c_batch, at->c, s->units);
}

INLINE void recurrent(const struct recurrent *s, const struct recurrent_products *product, const struct recurrent_data *data)
{
    const struct recurrent_scratch at = recurrent_scratch(s, data->scratch);
    recurrent_copy(data->scratch, NULL, s->blocks * (s->gates + 2) * 16 + 2 * recurrent_all(s));
    for (int64_t n = 0; n < s->samples; n++)
        recurrent_sample(s, product, data, &at, n);
}

/* The functions of the layers whose shape is NAME_shape: time steps share them. */
#define RECURRENT(name)                                                                                    \
    MICROKERNEL name##_together(const float *restrict r, const float *restrict b, const float *restrict h, \
                                float *restrict to)                                                        \
    {                                                                                                      \
        recurrent_product(&name##_shape, recurrent_first(&name##_shape), recurrent_together(&name##_shape), r, b, h, to); \
    }                                                                                                      \
    MICROKERNEL name##_last(const float *restrict r, const float *restrict b, const float *restrict h,     \
                            float *restrict to)                                                            \
    {                                                                                                      \
        recurrent_product(&name##_shape, (int)name##_shape.gates - 1, 1, r, b, h, to);                     \
    }                                                                                                      \
    static __attribute__((noinline)) void name##_steps(const struct recurrent_data *data)                  \
    {                                                                                                      \
        static const struct recurrent_products products = {name##_together, name##_last};                  \
        recurrent(&name##_shape, &products, data);                                                         \
    }

#endif
