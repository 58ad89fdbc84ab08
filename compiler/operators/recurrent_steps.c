/* recurrent_steps.c -- mednn.RecurrentSteps, which RNN, GRU and LSTM become. */
/* SPDX-License-Identifier: MIT */
#include "recurrent.h"

#include "rows.h"
#include "settle.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_FUNCTIONS = 3 };

static void set_floats(struct graph *graph, struct node *node, const char *name, int count, const float *values)
{
    node_set_attribute(graph, node,
                       (struct attribute){.name = name,
                                          .kind = ATTRIBUTE_FLOATS,
                                          .count = count,
                                          .floats = arena_copy(graph->arena, values, (size_t)count * sizeof *values)});
}

void recurrent_steps_set(struct graph *graph, struct node *node, const struct recurrent_steps *steps)
{
    float parameters[2 * MOST_FUNCTIONS];
    int64_t functions[MOST_FUNCTIONS];
    for (int f = 0; f < MOST_FUNCTIONS; f++) {
        functions[f] = (int64_t)steps->gate[f].function;
        parameters[2 * f] = steps->gate[f].alpha;
        parameters[2 * f + 1] = steps->gate[f].beta;
    }
    set_int(graph, node, "cell", (int64_t)steps->cell);
    set_int(graph, node, "part", (int64_t)steps->part);
    set_int(graph, node, "first", steps->first);
    set_int(graph, node, "count", steps->count);
    set_int(graph, node, "hidden", steps->hidden);
    set_int(graph, node, "reversed", steps->reversed);
    set_int(graph, node, "batch_first", steps->batch_first);
    set_int(graph, node, "input_forget", steps->input_forget);
    set_int(graph, node, "linear_before_reset", steps->linear_before_reset);
    set_ints(graph, node, "functions", MOST_FUNCTIONS, functions);
    set_floats(graph, node, "parameters", 2 * MOST_FUNCTIONS, parameters);
    set_floats(graph, node, "clip", 1, &steps->clip);
}

struct recurrent_steps recurrent_steps_of(const struct node *node)
{
    const struct shape x = node->input[STEPS_X]->shape;
    const struct attribute *parameters = node_attribute(node, "parameters"), *clip = node_attribute(node, "clip");
    struct recurrent_steps steps = {.cell = (enum cell)node_int(node, "cell", 0),
                                    .part = (enum recurrent_part)node_int(node, "part", 0),
                                    .first = node_int(node, "first", 0),
                                    .count = node_int(node, "count", 1),
                                    .hidden = node_int(node, "hidden", 1),
                                    .reversed = node_int(node, "reversed", 0),
                                    .batch_first = node_int(node, "batch_first", 0),
                                    .input_forget = node_int(node, "input_forget", 0),
                                    .linear_before_reset = node_int(node, "linear_before_reset", 0)};
    assert(parameters && clip);
    steps.clip = clip->floats[0];
    steps.gates = steps.cell == CELL_LSTM ? 4 : steps.cell == CELL_GRU ? 3 : 1;
    steps.steps = x.dim[steps.batch_first];
    steps.batch = x.dim[!steps.batch_first];
    steps.blocks = (steps.hidden + UNITS - 1) / UNITS;
    for (int f = 0; f < MOST_FUNCTIONS; f++)
        steps.gate[f] = (struct gate){(enum gate_function)node_ints(node, "functions", f, 0), parameters->floats[2 * f],
                                      parameters->floats[2 * f + 1]};
    return steps;
}

static void infer(struct graph *graph, struct node *node)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    (void)graph;
    struct shape y = {.rank = 3}, state = {.rank = 3};
    y.dim[s.batch_first] = s.count;
    state.dim[s.batch_first] = 1;
    y.dim[!s.batch_first] = state.dim[!s.batch_first] = s.batch;
    y.dim[2] = state.dim[2] = s.hidden;
    const enum type type = node->input[STEPS_X]->type;
    output_set(node, 0, type, y);
    output_set(node, 1, type, state);
    output_set(node, 2, type, state);
}

/* Of an input with blocks of units on axis 0. */
static struct region read_blocks(const struct tensor *tensor, struct range blocks)
{
    struct region region = region_whole(tensor->shape);
    region.axis[0] = blocks;
    return region;
}

static struct region read_x(const struct recurrent_steps *s, struct range samples, struct range blocks)
{
    const int64_t first = s->reversed ? s->steps - s->first - s->count : s->first, each = s->gates * UNITS;
    struct region region = {.some = true, .rank = 3};
    region.axis[s->batch_first] = (struct range){first, first + s->count};
    region.axis[!s->batch_first] = samples;
    region.axis[2] = (struct range){blocks.begin * each, blocks.end * each};
    return region;
}

/* Several steps need all units of what they compute. */
static struct region reads(const struct node *node, int input, int output, struct region region)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    (void)output;
    const struct range all = {0, s.hidden}, units = s.count == 1 ? region.axis[2] : all;
    const struct range blocks = {units.begin / UNITS, (units.end + UNITS - 1) / UNITS}, samples = region.axis[!s.batch_first];
    struct region state = {.some = true, .rank = 3};
    state.axis[s.batch_first] = (struct range){0, 1};
    state.axis[!s.batch_first] = samples;
    switch (input) {
    case STEPS_X:
        return read_x(&s, samples, blocks);
    case STEPS_LENGTHS:
        return (struct region){.some = true, .rank = 1, .axis = {samples}};
    case STEPS_H:
    case STEPS_RESET:
        state.axis[2] = all;
        return state;
    case STEPS_C:
        state.axis[2] = units;
        return state;
    default:
        return read_blocks(node->input[input], blocks);
    }
}

/* ---- evaluate ---- */

/* One sample, a step at a time. */
struct sample {
    const struct node *node;
    const struct recurrent_steps *s;
    const void *const *input;
    int64_t n, t; /* t: the row of X */
    double *h, *c, *reset, *next;
};

static double element(const struct sample *sample, int input, int64_t i)
{
    return element_real(sample->node->input[input]->type, sample->input[input], i);
}

/* Row n of a tensor of states; zeros where it is absent. */
static void read_state(const struct sample *sample, int input, double *to)
{
    for (int64_t u = 0; node_input(sample->node, input) && u < sample->s->hidden; u++)
        to[u] = element(sample, input, sample->n * sample->s->hidden + u);
}

/* Where unit u of a gate stands in blocks of `rows` rows of all gates. */
static int64_t in_block(const struct recurrent_steps *s, int64_t u, int64_t rows, int64_t row, int gate)
{
    return ((u / UNITS * rows + row) * s->gates + gate) * UNITS + u % UNITS;
}

static double from_x(const struct sample *sample, int gate, int64_t u)
{
    const struct recurrent_steps *s = sample->s;
    const int64_t row = s->batch_first ? sample->n * s->steps + sample->t : sample->t * s->batch + sample->n;
    return element(sample, STEPS_X, row * s->blocks * s->gates * UNITS + in_block(s, u, 1, 0, gate)) +
           element(sample, STEPS_B, in_block(s, u, 2, 0, gate));
}

static double from_h(const struct sample *sample, const double *h, int gate, int64_t u)
{
    const struct recurrent_steps *s = sample->s;
    double sum = element(sample, STEPS_B, in_block(s, u, 2, 1, gate));
    for (int64_t k = 0; k < s->hidden; k++)
        sum += element(sample, STEPS_R, in_block(s, u, s->hidden, k, gate)) * h[k];
    return sum;
}

static double clipped(const struct sample *sample, int function, double x)
{
    const double clip = (double)sample->s->clip;
    return gate_evaluate(sample->s->gate[function], fmin(fmax(x, -clip), clip));
}

static double whole_gate(const struct sample *sample, int function, int gate, int64_t u, double more)
{
    return clipped(sample, function, from_x(sample, gate, u) + from_h(sample, sample->h, gate, u) + more);
}

static double peep(const struct sample *sample, int which, int64_t u, double c)
{
    return node_input(sample->node, STEPS_P) ? element(sample, STEPS_P, (u / UNITS * 3 + which) * UNITS + u % UNITS) * c : 0;
}

static void lstm_step(const struct sample *sample)
{
    for (int64_t u = 0; u < sample->s->hidden; u++) {
        double c = sample->c[u];
        const double in = whole_gate(sample, 0, 0, u, peep(sample, 0, u, c));
        const double forget = sample->s->input_forget ? 1 - in : whole_gate(sample, 0, 2, u, peep(sample, 2, u, c));
        c = forget * c + in * whole_gate(sample, 1, 3, u, 0);
        sample->next[u] = whole_gate(sample, 0, 1, u, peep(sample, 1, u, c)) * gate_evaluate(sample->s->gate[2], c);
        sample->c[u] = c;
    }
}

static void gru_step(const struct sample *sample)
{
    const struct recurrent_steps *s = sample->s;
    for (int64_t u = 0; s->part != RECURRENT_REST && u < s->hidden; u++)
        sample->reset[u] = whole_gate(sample, 0, 1, u, 0) * (s->linear_before_reset ? 1 : sample->h[u]);
    for (int64_t u = 0; u < s->hidden; u++) {
        const double state = s->linear_before_reset ? sample->reset[u] * from_h(sample, sample->h, 2, u)
                                                    : from_h(sample, sample->reset, 2, u);
        const double update = whole_gate(sample, 0, 0, u, 0);
        sample->next[u] = (1 - update) * clipped(sample, 1, from_x(sample, 2, u) + state) + update * sample->h[u];
        if (s->part == RECURRENT_RESET)
            sample->next[u] = sample->reset[u];
    }
}

static void step(const struct sample *sample)
{
    if (sample->s->cell == CELL_LSTM)
        lstm_step(sample);
    else if (sample->s->cell == CELL_GRU)
        gru_step(sample);
    else
        for (int64_t u = 0; u < sample->s->hidden; u++)
            sample->next[u] = whole_gate(sample, 0, 0, u, 0);
}

static void write_row(const struct sample *sample, void *const output[], int k, int64_t row, const double *from)
{
    const struct tensor *tensor = node_output(sample->node, k);
    for (int64_t u = 0; tensor && u < sample->s->hidden; u++)
        element_set_real(tensor->type, output[k], row * sample->s->hidden + u, from ? from[u] : 0);
}

static void run_sample(struct sample *sample, void *const output[])
{
    const struct recurrent_steps *s = sample->s;
    const int64_t length = node_input(sample->node, STEPS_LENGTHS) ? (int64_t)element(sample, STEPS_LENGTHS, sample->n) : s->steps;
    read_state(sample, STEPS_H, sample->h);
    read_state(sample, STEPS_C, sample->c);
    read_state(sample, STEPS_RESET, sample->reset);
    for (int64_t i = 0; i < s->count; i++) {
        const int64_t at = s->reversed ? s->count - 1 - i : i;
        const bool over = s->first + i >= length;
        sample->t = s->reversed ? s->steps - 1 - s->first - i : s->first + i;
        if (!over) {
            step(sample);
            memcpy(sample->h, sample->next, (size_t)s->hidden * sizeof *sample->h);
        }
        write_row(sample, output, 0, s->batch_first ? sample->n * s->count + at : at * s->batch + sample->n,
                  over ? NULL : sample->h);
    }
    write_row(sample, output, 1, sample->n, sample->h);
    write_row(sample, output, 2, sample->n, sample->c);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    struct arena scratch = {0};
    for (int64_t n = 0; n < s.batch; n++) {
        double *memory = arena_array(&scratch, (size_t)s.hidden, 4 * sizeof *memory);
        struct sample sample = {node, &s, input, n, 0, memory, memory + s.hidden, memory + 2 * s.hidden, memory + 3 * s.hidden};
        run_sample(&sample, output);
    }
    arena_free(&scratch);
}

static int64_t macs(const struct node *node, struct region region)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    const int gates = s.part == RECURRENT_RESET ? 1 : s.part == RECURRENT_REST ? 2 : s.gates;
    return region_size(region) * gates * s.hidden;
}

const struct op recurrent_steps_rows[] = {
    {.type = "RecurrentSteps",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 3,
     .max_inputs = STEPS_INPUTS,
     .max_outputs = 3,
     .types = TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_DOUBLE),
     .attributes = "cell part first count hidden reversed batch_first input_forget linear_before_reset functions parameters clip ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .macs = macs},
    {.type = NULL},
};
