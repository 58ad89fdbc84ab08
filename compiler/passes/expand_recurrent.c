/* expand_recurrent.c -- RNN, GRU and LSTM as a product of all inputs with W, and time steps.
 *
 * Of each direction the product is made for all steps at once, and divided like any other. What is left, a product of the hidden
 * state with R and the gates, is one node for all steps; or one for each step where devices are to share its units: then the
 * steps' results are what they send each other. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/recurrent.h"
#include "../operators/settle.h"
#include "../plan/cost.h"
#include "edit.h"
#include "passes.h"

#include <string.h>

enum { MOST_STEPS = 256, MOST_STEP_NODES = 1024 };

/* One direction of a node on its way. */
struct direction {
    struct graph *graph;
    struct node *node;
    const struct recurrent *r;
    int number;
    bool backwards, split;
    struct tensor *x, *weights, *bias, *peephole; /* as RecurrentSteps takes them */
    struct tensor *h, *c;                         /* states, before and after */
    struct tensor *y;                             /* [steps][batch][hidden], or batch first */
};

/* ---- small nodes before the node ---- */

static struct tensor *shaped(struct graph *graph, struct tensor *tensor)
{
    node_infer(graph, tensor->producer);
    return tensor;
}

static struct tensor *numbers(const struct direction *d, const char *what, int count, const int64_t *values)
{
    return integers_constant(d->graph, d->node, what, TYPE_INT64, count, values);
}

#define NUMBERS(d, what, ...)                                                                                \
    numbers(d, what, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

#define RESHAPED(d, tensor, ...) made(d, "Reshape", tensor, NUMBERS(d, "shape", __VA_ARGS__))

static struct tensor *made(const struct direction *d, const char *op_type, struct tensor *a, struct tensor *b)
{
    return shaped(d->graph, combined(d->graph, d->node, op_type, a, b));
}

static struct tensor *turned(const struct direction *d, struct tensor *tensor, int rank, const int64_t *order)
{
    struct tensor *result = combined(d->graph, d->node, "Transpose", tensor, NULL);
    set_ints(d->graph, result->producer, "perm", rank, order);
    return shaped(d->graph, result);
}

#define TURNED(d, tensor, ...)                                                                               \
    turned(d, tensor, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static struct tensor *joined(const struct direction *d, int axis, int count, struct tensor *const part[])
{
    struct tensor *result = node_before(d->graph, d->node, "", "Concat", count, part);
    set_int(d->graph, result->producer, "axis", axis);
    return shaped(d->graph, result);
}

/* This direction's slice of an input. */
static struct tensor *own_slice(const struct direction *d, struct tensor *tensor, int axis)
{
    if (!tensor || tensor->shape.dim[axis] == 1)
        return tensor;
    struct tensor *input[] = {tensor, NUMBERS(d, "start", d->number), NUMBERS(d, "end", d->number + 1),
                              NUMBERS(d, "axis", axis)};
    return shaped(d->graph, node_before(d->graph, d->node, "", "Slice", 4, input));
}

/* Zeros behind the units, which are axis `axis` of rank `rank`, up to whole blocks. */
static struct tensor *whole_blocks(const struct direction *d, struct tensor *tensor, int axis, int rank)
{
    int64_t pads[2 * MAX_RANK] = {0};
    pads[rank + axis] = -d->r->hidden & (UNITS - 1);
    return pads[rank + axis] ? made(d, "Pad", tensor, numbers(d, "pads", 2 * rank, pads)) : tensor;
}

static struct tensor *zeros(const struct direction *d, const char *what, struct shape shape)
{
    void *data = arena_array(d->graph->arena, (size_t)shape_size(shape) + 1, type_size(d->node->input[0]->type));
    return graph_constant(d->graph, arena_printf(d->graph->arena, "%s.%s", d->node->name, what), d->node->input[0]->type, shape,
                          data);
}

/* ---- inputs ---- */

static int64_t blocks_of(const struct direction *d)
{
    return (d->r->hidden + UNITS - 1) / UNITS;
}

/* W as [inputs][blocks, gate, 16], R as [blocks][hidden][gate][16]. */
static struct tensor *packed(const struct direction *d, struct tensor *matrix, int64_t columns, bool for_steps)
{
    const int64_t gates = d->r->gates, blocks = blocks_of(d);
    struct tensor *apart = RESHAPED(d, own_slice(d, matrix, 0), gates, d->r->hidden, columns);
    apart = RESHAPED(d, whole_blocks(d, apart, 1, 3), gates, blocks, UNITS, columns);
    if (for_steps)
        return TURNED(d, apart, 1, 3, 0, 2);
    return RESHAPED(d, TURNED(d, apart, 3, 1, 0, 2), columns, blocks * gates * UNITS);
}

/* [blocks][rows][16] of rows of units. */
static struct tensor *packed_rows(const struct direction *d, struct tensor *list, int64_t rows)
{
    struct tensor *apart = RESHAPED(d, own_slice(d, list, 0), rows, d->r->hidden);
    apart = RESHAPED(d, whole_blocks(d, apart, 1, 2), rows, blocks_of(d), UNITS);
    return TURNED(d, apart, 1, 0, 2);
}

static struct tensor *initial_state(const struct direction *d, int input)
{
    const struct recurrent *r = d->r;
    const int64_t dim[] = {r->batch_first ? r->batch : 1, r->batch_first ? 1 : r->batch, r->hidden};
    struct tensor *given = node_input(d->node, input);
    return given ? own_slice(d, given, r->batch_first) : zeros(d, "state", shape_of(3, dim));
}

/* Each sample backwards, as long as it is. */
static struct tensor *reversed(const struct direction *d, struct tensor *tensor)
{
    struct tensor *lengths = combined(d->graph, d->node, "Cast", d->node->input[RECURRENT_LENGTHS], NULL);
    set_int(d->graph, lengths->producer, "to", TYPE_INT64);
    struct tensor *result = combined(d->graph, d->node, "ReverseSequence", tensor, shaped(d->graph, lengths));
    set_int(d->graph, result->producer, "batch_axis", !d->r->batch_first);
    set_int(d->graph, result->producer, "time_axis", d->r->batch_first);
    return shaped(d->graph, result);
}

static void make_inputs(struct direction *d)
{
    const struct recurrent *r = d->r;
    const int64_t each = r->gates * UNITS, blocks = blocks_of(d), none[] = {blocks, 2 * r->gates, UNITS};
    struct node *node = d->node;
    struct tensor *x = node->input[RECURRENT_X], *bias = node_input(node, RECURRENT_B);
    if (d->backwards && node_input(node, RECURRENT_LENGTHS))
        x = reversed(d, x);
    d->x = made(d, "MatMul", x, packed(d, node->input[RECURRENT_W], r->inputs, false));
    d->weights = packed(d, node->input[RECURRENT_R], r->hidden, true);
    bias = bias ? packed_rows(d, bias, 2 * r->gates) : zeros(d, "bias", shape_of(3, none));
    d->bias = RESHAPED(d, bias, blocks, 2, each);
    d->h = initial_state(d, RECURRENT_INITIAL_H);
    d->c = d->peephole = NULL;
    if (r->cell == CELL_LSTM) {
        d->c = initial_state(d, RECURRENT_INITIAL_C);
        d->peephole = node_input(node, RECURRENT_P) ? packed_rows(d, node->input[RECURRENT_P], 3) : NULL;
    }
}

/* ---- steps ---- */

static struct tensor *more_output(struct direction *d, struct node *node, int k)
{
    struct tensor *tensor = graph_tensor(d->graph, arena_printf(d->graph->arena, "%s.%s", node->name, k == 1 ? "h" : "c"));
    tensor->producer = node;
    return node->output[k] = tensor;
}

/* Steps [first, first + count), or a part of one: advances the states, and returns the steps' results. `reset`: what the other part
 * of the step made, for the rest. */
static struct tensor *add_steps(struct direction *d, int64_t first, int64_t count, enum recurrent_part part, struct tensor *reset)
{
    const struct recurrent *r = d->r;
    struct tensor *lengths = node_input(d->node, RECURRENT_LENGTHS);
    struct tensor *input[STEPS_INPUTS] = {d->x, d->weights, d->bias, lengths, d->h, d->c, d->peephole, reset};
    struct recurrent_steps steps = {.cell = r->cell,
                                    .part = part,
                                    .first = first,
                                    .count = count,
                                    .hidden = r->hidden,
                                    .reversed = d->backwards && !lengths,
                                    .batch_first = r->batch_first,
                                    .input_forget = r->input_forget,
                                    .linear_before_reset = r->linear_before_reset,
                                    .clip = r->clip};
    memcpy(steps.gate, r->gate[d->number], sizeof steps.gate);
    struct tensor *y = node_before(d->graph, d->node, "mednn", "RecurrentSteps", STEPS_INPUTS, input);
    struct node *node = y->producer;
    recurrent_steps_set(d->graph, node, &steps);
    node->output = arena_array(d->graph->arena, 3, sizeof *node->output);
    node->output[0] = y;
    node->output_count = 1;
    if (part != RECURRENT_RESET) {
        /* The result of a single step is the state after it, but where sequences end. */
        if (count > 1 || lengths) {
            d->h = more_output(d, node, 1);
            node->output_count = 2;
        } else {
            d->h = y;
        }
        if (r->cell == CELL_LSTM) {
            d->c = more_output(d, node, 2);
            node->output_count = 3;
        }
    }
    return shaped(d->graph, y);
}

static void make_steps(struct direction *d)
{
    const struct recurrent *r = d->r;
    const bool apart = r->cell == CELL_GRU && !r->linear_before_reset;
    struct tensor **y = arena_array(d->graph->arena, (size_t)r->steps, sizeof *y);
    const bool lengths = node_input(d->node, RECURRENT_LENGTHS);
    for (int64_t i = 0; d->split && i < r->steps; i++) {
        struct tensor *reset = apart ? add_steps(d, i, 1, RECURRENT_RESET, NULL) : NULL;
        y[d->backwards && !lengths ? r->steps - 1 - i : i] =
            add_steps(d, i, 1, apart ? RECURRENT_REST : RECURRENT_WHOLE, reset);
    }
    d->y = d->split ? joined(d, r->batch_first, (int)r->steps, y) : add_steps(d, 0, r->steps, RECURRENT_WHOLE, NULL);
    if (d->backwards && lengths)
        d->y = reversed(d, d->y);
}

/* ---- outputs ---- */

/* What stands for output k of the node, if anyone wants it. */
static struct tensor *together(const struct direction *d, int k, int axis, struct tensor *const part[])
{
    if (!node_output(d->node, k))
        return NULL;
    return d->r->directions > 1 ? joined(d, axis, (int)d->r->directions, part) : part[0];
}

static void expand(struct graph *graph, struct node *node, bool split)
{
    const struct recurrent r = recurrent_of(node);
    struct direction direction[2];
    struct tensor *y[2], *h[2], *c[2];
    for (int i = 0; i < r.directions; i++) {
        struct direction *d = &direction[i];
        *d = (struct direction){.graph = graph, .node = node, .r = &r, .number = i, .split = split};
        d->backwards = r.first_reversed || i == 1;
        make_inputs(d);
        make_steps(d);
        h[i] = d->h;
        c[i] = d->c;
        y[i] = node_output(node, 0) ? r.batch_first ? RESHAPED(d, d->y, r.batch, r.steps, 1, r.hidden)
                                                    : RESHAPED(d, d->y, r.steps, 1, r.batch, r.hidden)
                                    : NULL;
    }
    struct tensor *result[] = {together(&direction[0], 0, r.batch_first ? 2 : 1, y),
                               together(&direction[0], 1, r.batch_first, h), together(&direction[0], 2, r.batch_first, c)};
    settle_outputs(graph, node, result);
}

/* ---- which ones ---- */

bool recurrent_expands(const struct node *node)
{
    return (node_is(node, "LSTM") || node_is(node, "GRU") || node_is(node, "RNN")) && type_is_wide(node->input[0]->type) &&
           shape_size(node->output[0] ? node->output[0]->shape : node->input[0]->shape) > 0;
}

/* Seconds that the fastest device takes for so many multiply-accumulates, roughly. */
static double seconds_of(const struct cluster *cluster, double macs)
{
    double least = 0;
    for (int i = 0; i < cluster->count; i++) {
        const struct device *device = &cluster->device[i];
        const double each = device_keeps_rates(device) ? device->seconds[WORK_MATRIX] : 1e-9 / cost_gmacs(cluster, device);
        least = i && least < each ? least : each;
    }
    return least * macs;
}

static double least_latency(const struct cluster *cluster)
{
    double least = cluster->network.latency;
    for (int i = 0; i < cluster->network.link_count; i++)
        if (cluster->network.link[i].latency < least)
            least = cluster->network.link[i].latency;
    return least;
}

/* Samples are shared without messages, where there are enough of them. For `auto`, a step must last longer than a message. */
static bool shares_units(const struct node *node, const struct cluster *cluster, enum partition mode)
{
    const struct recurrent r = recurrent_of(node);
    const int64_t steps = r.steps * r.directions;
    if (cluster->count < 2 || mode == PARTITION_SINGLE || r.batch >= cluster->count || steps > MOST_STEPS || r.hidden <= UNITS)
        return false;
    const double macs = (double)(r.batch * r.gates) * (double)r.hidden * (double)r.hidden;
    return mode != PARTITION_AUTO || seconds_of(cluster, macs) > least_latency(cluster);
}

void expand_recurrent(struct graph *graph, const struct cluster *cluster, enum partition mode)
{
    int64_t nodes = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        if (!recurrent_expands(node))
            continue;
        const struct recurrent r = recurrent_of(node);
        const bool split = nodes + r.steps * r.directions <= MOST_STEP_NODES && shares_units(node, cluster, mode);
        nodes += split ? r.steps * r.directions : 0;
        expand(graph, node, split);
        n = graph_position(graph, node);
    }
    fold_constants(graph);
}
