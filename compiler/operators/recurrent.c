/* recurrent.c -- RNN, GRU and LSTM. */
/* SPDX-License-Identifier: MIT */
#include "recurrent.h"

#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- attributes ---- */

static const struct function_row {
    const char *name;
    bool has_alpha, has_beta;
    float alpha, beta;
} functions[] = {
    [GATE_SIGMOID] = {"Sigmoid", false, false, 0, 0},
    [GATE_TANH] = {"Tanh", false, false, 0, 0},
    [GATE_RELU] = {"Relu", false, false, 0, 0},
    [GATE_AFFINE] = {"Affine", true, true, 1, 0},
    [GATE_LEAKY_RELU] = {"LeakyRelu", true, false, 0.01f, 0},
    [GATE_THRESHOLDED_RELU] = {"ThresholdedRelu", true, false, 1, 0},
    [GATE_SCALED_TANH] = {"ScaledTanh", true, true, 1, 1},
    [GATE_HARD_SIGMOID] = {"HardSigmoid", true, true, 0.2f, 0.5f},
    [GATE_ELU] = {"Elu", true, false, 1, 0},
    [GATE_SOFTSIGN] = {"Softsign", false, false, 0, 0},
    [GATE_SOFTPLUS] = {"Softplus", false, false, 0, 0},
};

/* The next of a list of floats that goes by the functions in their order. */
static float next_float(const struct attribute *list, int64_t *at, float otherwise)
{
    return list && list->kind == ATTRIBUTE_FLOATS && *at < list->count ? list->floats[(*at)++] : otherwise;
}

static void read_functions(const struct node *node, struct recurrent *recurrent)
{
    static const enum gate_function otherwise[3][3] = {[CELL_RNN] = {GATE_TANH},
                                                       [CELL_GRU] = {GATE_SIGMOID, GATE_TANH},
                                                       [CELL_LSTM] = {GATE_SIGMOID, GATE_TANH, GATE_TANH}};
    const struct attribute *names = node_attribute(node, "activations");
    const int each = 1 + (int)recurrent->cell;
    int64_t alphas = 0, betas = 0;
    if (names && (names->kind != ATTRIBUTE_STRINGS || names->count != each * recurrent->directions))
        node_fail(node, "activations has %" PRId64 " entries, expected %" PRId64, names->count,
                  each * recurrent->directions);
    for (int i = 0; i < each * recurrent->directions; i++) {
        struct gate *gate = &recurrent->gate[i / each][i % each];
        int found = names ? -1 : (int)otherwise[recurrent->cell][i % each];
        for (int f = 0; names && f < (int)(sizeof functions / sizeof *functions); f++)
            if (!strcmp(names->strings[i], functions[f].name))
                found = f;
        if (found < 0)
            node_fail(node, "activation '%.40s' is not known", names->strings[i]);
        const struct function_row *row = &functions[found];
        *gate = (struct gate){(enum gate_function)found, row->alpha, row->beta};
        if (row->has_alpha)
            gate->alpha = next_float(node_attribute(node, "activation_alpha"), &alphas, row->alpha);
        if (row->has_beta)
            gate->beta = next_float(node_attribute(node, "activation_beta"), &betas, row->beta);
    }
}

struct recurrent recurrent_of(const struct node *node)
{
    const char *type = node->op->type, *direction = node_string(node, "direction", "forward");
    struct shape x = node->input[RECURRENT_X]->shape, r = node->input[RECURRENT_R]->shape;
    struct recurrent recurrent = {.cell = !strcmp(type, "LSTM")  ? CELL_LSTM
                                          : !strcmp(type, "GRU") ? CELL_GRU
                                                                 : CELL_RNN};
    if (x.rank != 3 || r.rank != 3)
        node_fail(node, "X has rank %d and R rank %d, expected 3 and 3", x.rank, r.rank);
    int64_t layout = node_int(node, "layout", 0);
    if (layout != 0 && layout != 1)
        node_fail(node, "layout is %" PRId64 ", expected 0 or 1", layout);
    recurrent.batch_first = layout == 1;
    recurrent.steps = x.dim[recurrent.batch_first ? 1 : 0];
    recurrent.batch = x.dim[recurrent.batch_first ? 0 : 1];
    recurrent.inputs = x.dim[2];
    recurrent.hidden = r.dim[2];
    recurrent.first_reversed = !strcmp(direction, "reverse");
    recurrent.directions = !strcmp(direction, "bidirectional") ? 2 : 1;
    if (recurrent.directions == 1 && !recurrent.first_reversed && strcmp(direction, "forward"))
        node_fail(node, "direction is '%.40s', expected forward, reverse or bidirectional", direction);
    if (node_int(node, "hidden_size", recurrent.hidden) != recurrent.hidden)
        node_fail(node, "hidden_size is %" PRId64 " but R has %" PRId64 " columns", node_int(node, "hidden_size", 0),
                  recurrent.hidden);
    recurrent.gates = recurrent.cell == CELL_LSTM ? 4 : recurrent.cell == CELL_GRU ? 3 : 1;
    recurrent.clip = node_float(node, "clip", INFINITY);
    recurrent.input_forget = node_int(node, "input_forget", 0) != 0;
    recurrent.linear_before_reset = node_int(node, "linear_before_reset", 0) != 0;
    read_functions(node, &recurrent);
    return recurrent;
}

/* ---- infer ---- */

static void check_shape(struct graph *graph, const struct node *node, int i, struct shape expected)
{
    const struct tensor *tensor = node_input(node, i);
    if (tensor && !shape_equal(tensor->shape, expected))
        node_fail(node, "'%s' is %s, expected %s", tensor->name, shape_string(graph->arena, tensor->shape),
                  shape_string(graph->arena, expected));
    if (i != RECURRENT_LENGTHS)
        input_same_type(node, i);
    else if (tensor && tensor->type != TYPE_INT32)
        node_fail(node, "sequence_lens has type %s, expected int32", type_name(tensor->type));
}

#define SHAPE(...)                                                                                           \
    shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static void infer(struct graph *graph, struct node *node)
{
    struct recurrent r = recurrent_of(node);
    const enum type type = node->input[0]->type;
    const int64_t d = r.directions, rows = r.gates * r.hidden;
    if (r.hidden < 1 || r.hidden > INT32_MAX)
        node_fail(node, "R has %" PRId64 " columns", r.hidden);
    struct shape state = r.batch_first ? SHAPE(r.batch, d, r.hidden) : SHAPE(d, r.batch, r.hidden);
    check_shape(graph, node, RECURRENT_W, SHAPE(d, rows, r.inputs));
    check_shape(graph, node, RECURRENT_R, SHAPE(d, rows, r.hidden));
    check_shape(graph, node, RECURRENT_B, SHAPE(d, 2 * rows));
    check_shape(graph, node, RECURRENT_LENGTHS, SHAPE(r.batch));
    check_shape(graph, node, RECURRENT_INITIAL_H, state);
    check_shape(graph, node, RECURRENT_INITIAL_C, state);
    check_shape(graph, node, RECURRENT_P, SHAPE(d, 3 * r.hidden));
    output_set(node, 0, type,
               r.batch_first ? SHAPE(r.batch, r.steps, d, r.hidden) : SHAPE(r.steps, d, r.batch, r.hidden));
    output_set(node, 1, type, state);
    output_set(node, 2, type, state);
}

/* ---- evaluate ---- */

double gate_evaluate(struct gate gate, double x)
{
    double alpha = (double)gate.alpha, beta = (double)gate.beta;
    switch (gate.function) {
    case GATE_SIGMOID:
        return 1 / (1 + exp(-x));
    case GATE_TANH:
        return tanh(x);
    case GATE_RELU:
        return x > 0 ? x : 0;
    case GATE_AFFINE:
        return alpha * x + beta;
    case GATE_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case GATE_THRESHOLDED_RELU:
        return x > alpha ? x : 0;
    case GATE_SCALED_TANH:
        return alpha * tanh(beta * x);
    case GATE_HARD_SIGMOID:
        return fmin(fmax(alpha * x + beta, 0), 1);
    case GATE_ELU:
        return x < 0 ? alpha * (exp(x) - 1) : x;
    case GATE_SOFTSIGN:
        return x / (1 + fabs(x));
    case GATE_SOFTPLUS:
        return log1p(exp(x));
    }
    return x;
}

/* One sequence of the batch in one direction. */
struct run {
    const struct node *node;
    const struct recurrent *r;
    const void *const *input;
    int64_t direction, n;
    double *h, *c, *next; /* state, and the hidden state to come */
};

static double element(const struct run *run, int input, int64_t i)
{
    const struct tensor *tensor = node_input(run->node, input);
    return tensor ? element_real(tensor->type, run->input[input], i) : 0;
}

static int64_t state_offset(const struct recurrent *r, int64_t direction, int64_t n)
{
    return (r->batch_first ? n * r->directions + direction : direction * r->batch + n) * r->hidden;
}

static int64_t step_offset(const struct recurrent *r, int64_t t, int64_t n)
{
    return r->batch_first ? n * r->steps + t : t * r->batch + n;
}

/* W x + its bias, for row `unit` of a gate. */
static double from_input(const struct run *run, int64_t t, int gate, int64_t unit)
{
    const struct recurrent *r = run->r;
    int64_t row = (run->direction * r->gates + gate) * r->hidden + unit, x = step_offset(r, t, run->n) * r->inputs;
    double sum = element(run, RECURRENT_B, (run->direction * 2 * r->gates + gate) * r->hidden + unit);
    for (int64_t k = 0; k < r->inputs; k++)
        sum += element(run, RECURRENT_W, row * r->inputs + k) * element(run, RECURRENT_X, x + k);
    return sum;
}

/* R h + its bias. */
static double from_state(const struct run *run, const double *h, int gate, int64_t unit)
{
    const struct recurrent *r = run->r;
    int64_t row = (run->direction * r->gates + gate) * r->hidden + unit;
    double sum = element(run, RECURRENT_B, ((run->direction * 2 + 1) * r->gates + gate) * r->hidden + unit);
    for (int64_t k = 0; k < r->hidden; k++)
        sum += element(run, RECURRENT_R, row * r->hidden + k) * h[k];
    return sum;
}

static double activate(const struct run *run, int function, double x)
{
    double clip = (double)run->r->clip;
    return gate_evaluate(run->r->gate[run->direction][function], fmin(fmax(x, -clip), clip));
}

static double linear(const struct run *run, int64_t t, int gate, int64_t unit)
{
    return from_input(run, t, gate, unit) + from_state(run, run->h, gate, unit);
}

static void step_lstm(struct run *run, int64_t t)
{
    const struct recurrent *r = run->r;
    int64_t peep = run->direction * 3 * r->hidden;
    for (int64_t u = 0; u < r->hidden; u++) {
        double c = run->c[u];
        double in = activate(run, 0, linear(run, t, 0, u) + element(run, RECURRENT_P, peep + u) * c);
        double forget =
            activate(run, 0, linear(run, t, 2, u) + element(run, RECURRENT_P, peep + 2 * r->hidden + u) * c);
        if (r->input_forget)
            forget = 1 - in;
        c = forget * c + in * activate(run, 1, linear(run, t, 3, u));
        double out = activate(run, 0, linear(run, t, 1, u) + element(run, RECURRENT_P, peep + r->hidden + u) * c);
        run->c[u] = c;
        run->next[u] = out * gate_evaluate(r->gate[run->direction][2], c);
    }
}

static void step_gru(struct run *run, int64_t t)
{
    const struct recurrent *r = run->r;
    double *reset = run->c; /* r . h */
    for (int64_t u = 0; u < r->hidden; u++)
        reset[u] = activate(run, 0, linear(run, t, 1, u)) * run->h[u];
    for (int64_t u = 0; u < r->hidden; u++) {
        double update = activate(run, 0, linear(run, t, 0, u)), state;
        if (r->linear_before_reset)
            state = activate(run, 0, linear(run, t, 1, u)) * from_state(run, run->h, 2, u);
        else
            state = from_state(run, reset, 2, u);
        run->next[u] = (1 - update) * activate(run, 1, from_input(run, t, 2, u) + state) + update * run->h[u];
    }
}

static void step_rnn(struct run *run, int64_t t)
{
    for (int64_t u = 0; u < run->r->hidden; u++)
        run->next[u] = activate(run, 0, linear(run, t, 0, u));
}

static void set_state(struct run *run, void *const output[], int k, const double *state)
{
    const struct tensor *tensor = node_output(run->node, k);
    for (int64_t u = 0; tensor && u < run->r->hidden; u++)
        element_set_real(tensor->type, output[k], state_offset(run->r, run->direction, run->n) + u, state[u]);
}

static void set_step(struct run *run, void *const output[], int64_t t, const double *h)
{
    const struct recurrent *r = run->r;
    const struct tensor *y = node_output(run->node, 0);
    int64_t offset = r->batch_first ? (run->n * r->steps + t) * r->directions + run->direction
                                    : (t * r->directions + run->direction) * r->batch + run->n;
    for (int64_t u = 0; y && u < r->hidden; u++)
        element_set_real(y->type, output[0], offset * r->hidden + u, h ? h[u] : 0);
}

static void run_sequence(struct run *run, void *const output[])
{
    const struct recurrent *r = run->r;
    bool backwards = r->first_reversed || run->direction == 1;
    int64_t length = node_input(run->node, RECURRENT_LENGTHS) ? (int64_t)element(run, RECURRENT_LENGTHS, run->n)
                                                              : r->steps;
    length = length < 0 ? 0 : length > r->steps ? r->steps : length;
    for (int64_t u = 0; u < r->hidden; u++) {
        int64_t at = state_offset(r, run->direction, run->n) + u;
        run->h[u] = element(run, RECURRENT_INITIAL_H, at);
        run->c[u] = element(run, RECURRENT_INITIAL_C, at);
    }
    for (int64_t i = 0; i < r->steps; i++) {
        int64_t t = backwards && i < length ? length - 1 - i : i;
        if (i >= length) {
            set_step(run, output, t, NULL);
            continue;
        }
        if (r->cell == CELL_LSTM)
            step_lstm(run, t);
        else if (r->cell == CELL_GRU)
            step_gru(run, t);
        else
            step_rnn(run, t);
        memcpy(run->h, run->next, (size_t)r->hidden * sizeof *run->h);
        set_step(run, output, t, run->h);
    }
    set_state(run, output, 1, run->h);
    set_state(run, output, 2, run->c);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct recurrent r = recurrent_of(node);
    struct arena scratch = {0};
    double *memory = arena_array(&scratch, (size_t)r.hidden, 3 * sizeof *memory);
    for (int64_t direction = 0; direction < r.directions; direction++)
        for (int64_t n = 0; n < r.batch; n++) {
            struct run run = {node, &r, input, direction, n, memory, memory + r.hidden, memory + 2 * r.hidden};
            run_sequence(&run, output);
        }
    arena_free(&scratch);
}

/* Samples are independent of each other. */
static struct region reads(const struct node *node, int input, int output, struct region region)
{
    const struct recurrent r = recurrent_of(node);
    struct region reads = region_whole(node->input[input]->shape);
    const int batch = r.batch_first ? 0 : region.rank - 2;
    (void)output;
    if (input == RECURRENT_X || input == RECURRENT_INITIAL_H || input == RECURRENT_INITIAL_C)
        reads.axis[r.batch_first ? 0 : 1] = region.axis[batch];
    else if (input == RECURRENT_LENGTHS)
        reads.axis[0] = region.axis[batch];
    return reads;
}

static int64_t macs(const struct node *node, struct region region)
{
    struct recurrent r = recurrent_of(node);
    return region_size(region) * r.gates * (r.inputs + r.hidden);
}

#define ROW(name, inputs, outputs, more)                                                                     \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 14, .min_inputs = 3, .max_inputs = inputs,              \
        .max_outputs = outputs, .types = TYPES_FLOAT,                                                        \
        .attributes = "activation_alpha activation_beta activations clip direction hidden_size layout " more, \
        .infer = infer, .evaluate = evaluate, .reads = reads, .macs = macs                                                   \
    }

const struct op recurrent_rows[] = {
    ROW("GRU", 6, 2, "linear_before_reset "),
    ROW("LSTM", 8, 3, "input_forget "),
    ROW("RNN", 6, 2, ""),
    {.type = NULL},
};
