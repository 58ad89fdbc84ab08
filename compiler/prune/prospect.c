/* prospect.c -- what the rest of the compilation would make of a graph. */
/* SPDX-License-Identifier: MIT */
#include "prospect.h"

#include "../kernels/kernel.h"
#include "../kernels/layer.h"
#include "../operators/op.h"
#include "budget.h"

#include <math.h>
#include <string.h>

/* ---- plans ---- */

static void cut(struct graph *graph, const struct channels *channels, const bool removed[])
{
    struct channels *own = channels_find(graph);
    bool *going = arena_copy(graph->arena, removed, ((size_t)channels->class_count + 1) * sizeof *going);
    graph_cut(graph, own, going);
}

/* Rates of devices that were not measured are guessed from the network's size; they must not fall with it. */
static void fix_rates(struct cluster *cluster, const struct cost_model *model)
{
    for (int d = 0; d < cluster->count; d++) {
        struct device *device = &cluster->device[d];
        device->measured = true;
        memcpy(device->seconds, model->seconds[d], sizeof device->seconds);
        device->message_seconds = model->message_seconds[d];
        device->byte_seconds = model->byte_seconds[d];
    }
}

void prospect_begin(struct prospect *prospect, const struct graph *graph, const struct prospect_wish *wish,
                    const struct prospect *like, const struct channels *channels, const bool removed[])
{
    *prospect = (struct prospect){.cluster = like ? like->cluster : *wish->cluster};
    prospect->graph = graph_copy(&prospect->arena, graph);
    if (removed)
        cut(prospect->graph, channels, removed);
    wish->choose_kernels(wish->data, prospect->graph);
    cost_model_make(&prospect->model, prospect->graph, &prospect->cluster);
    fix_rates(&prospect->cluster, &prospect->model);
    prospect->model.cluster = &prospect->cluster;
    wish->divide(wish->data, prospect->graph, &prospect->cluster, wish->effort, &prospect->plan);
}

void prospect_end(struct prospect *prospect)
{
    arena_free(&prospect->arena);
}

double prospect_seconds(const struct prospect *prospect)
{
    return prospect->plan.throughput ? prospect->plan.forecast.interval : prospect->plan.forecast.seconds;
}

double prospect_bytes(const struct prospect *prospect)
{
    return prospect->plan.forecast.bytes;
}

static int64_t transfer_bytes(const struct prospect *prospect, const struct transfer *transfer)
{
    return plan_wire_bytes(&prospect->plan, transfer->tensor, region_size(transfer->region));
}

int64_t prospect_wire(const struct prospect *prospect, const char *node)
{
    int64_t bytes = 0;
    for (int i = 0; i < prospect->plan.transfer_count; i++) {
        const struct transfer *transfer = &prospect->plan.transfer[i];
        if (transfer->tensor->producer && !strcmp(transfer->tensor->producer->name, node))
            bytes += transfer_bytes(prospect, transfer);
    }
    return bytes;
}

/* ---- by what they are spent on ---- */

/* A layer whose numbers of inputs and outputs are tried. */
struct trial {
    const struct prospect *prospect;
    const struct node *node;
    struct linear linear;
    int64_t inputs, outputs; /* as they are: slices of the weights' axes */
};

/* The slowest device's seconds when `outputs` of all outputs are there. */
static double slowest(const struct trial *t, int64_t outputs)
{
    double most = 0;
    const struct prospect *prospect = t->prospect;
    for (int d = 0; d < prospect->cluster.count; d++) {
        const struct region_list *own = plan_own(&prospect->plan, t->node->output[0], d);
        double seconds = 0;
        for (int i = 0; i < own->count; i++) {
            struct region piece = own->item[i];
            if (outputs != t->outputs) {
                struct range *range = &piece.axis[t->linear.output_axis];
                range->begin = range->begin * outputs / t->outputs;
                range->end = range->end * outputs / t->outputs;
            }
            const struct work work = kernel_work(t->node, piece);
            seconds += cost_seconds(&prospect->model, d, &work);
        }
        most = seconds > most ? seconds : most;
    }
    return most;
}

/* Seconds with other numbers of inputs and outputs, for which the copy's shapes are changed for a while. */
static double seconds_at(const struct trial *t, int64_t inputs, int64_t outputs)
{
    struct tensor *data = t->node->input[t->linear.data], *weights = t->node->input[t->linear.weights];
    struct tensor *result = t->node->output[0];
    const struct shape was[3] = {data->shape, weights->shape, result->shape};
    int64_t *in = &data->shape.dim[t->linear.data_axis], *out = &result->shape.dim[t->linear.output_axis];
    *in = *in * inputs / t->inputs;
    *out = *out * outputs / t->outputs;
    weights->shape.dim[t->linear.row_axis] = inputs;
    weights->shape.dim[t->linear.column_axis] = outputs;
    const double seconds = slowest(t, outputs);
    data->shape = was[0];
    weights->shape = was[1];
    result->shape = was[2];
    return seconds;
}

/* About half, in whole blocks where there are any. */
static int64_t half(int64_t count)
{
    return count >= 2 * BLOCK ? count / 2 / BLOCK * BLOCK : count > 1 ? count / 2 : 1;
}

static const struct tensor *tensor_named(const struct channels *channels, const char *name)
{
    for (int i = 0; i < channels->graph->tensor_count; i++)
        if (!strcmp(channels->graph->tensor[i]->name, name))
            return channels->graph->tensor[i];
    return NULL;
}

static const struct node *node_named(const struct channels *channels, const char *name)
{
    for (int n = 0; n < channels->graph->node_count; n++)
        if (!strcmp(channels->graph->node[n]->name, name))
            return channels->graph->node[n];
    return NULL;
}

static const struct cost_axis nothing = {NULL, 0, 1};

/* a + b inputs + c outputs + d inputs outputs through four points; amounts are at full size. */
static void add_layer(const struct trial *t, struct cost *cost, const struct channels *channels, const struct tensor *weights)
{
    int64_t inputs = half(t->inputs), outputs = half(t->outputs);
    double all = seconds_at(t, t->inputs, t->outputs), x = (double)t->inputs / (double)(t->inputs - inputs),
           y = (double)t->outputs / (double)(t->outputs - outputs), less_in = 0, less_out = 0, less_both = 0;
    if (inputs < t->inputs)
        less_in = all - seconds_at(t, inputs, t->outputs);
    if (outputs < t->outputs)
        less_out = all - seconds_at(t, t->inputs, outputs);
    if (inputs < t->inputs && outputs < t->outputs)
        less_both = all - seconds_at(t, inputs, outputs);
    /* less_in = (b + d) / x, less_out = (c + d) / y, and less_both lacks d / (x y), which both of them have. */
    double product = less_both > 0 ? fmax((less_in + less_out - less_both) * x * y, 0) : 0;
    double in = less_in > 0 ? fmax(less_in * x - product, 0) : 0, out = less_out > 0 ? fmax(less_out * y - product, 0) : 0;
    struct cost_axis rows = {weights, t->linear.row_axis, 1}, columns = {weights, t->linear.column_axis, BLOCK};
    struct cost_axis blocks = {weights, t->linear.row_axis, BLOCK};
    cost_add(cost, channels, product, rows, columns);
    cost_add(cost, channels, in, blocks, nothing);
    cost_add(cost, channels, out, columns, nothing);
    cost_add(cost, channels, fmax(all - product - in - out, 0), nothing, nothing);
}

static double add_node(const struct prospect *prospect, const struct node *node, struct cost *cost,
                       const struct channels *channels)
{
    struct trial t = {.prospect = prospect, .node = node};
    const struct node *original = node_named(channels, node->name);
    double seconds = slowest(&t, 0);
    if (original && node->op->linear && node->op->linear(node, &t.linear)) {
        const struct tensor *weights = original->input[t.linear.weights];
        if (!t.linear.depthwise) {
            t.inputs = weights->shape.dim[t.linear.row_axis];
            t.outputs = weights->shape.dim[t.linear.column_axis];
            add_layer(&t, cost, channels, weights);
            return seconds;
        }
    }
    const struct tensor *tensor = tensor_named(channels, node->output[0]->name);
    if (!tensor && node->input_count && node->input[0])
        tensor = tensor_named(channels, node->input[0]->name);
    if (tensor)
        cost_add_tensor(cost, channels, tensor, seconds, BLOCK);
    else
        cost_add(cost, channels, seconds, nothing, nothing);
    return seconds;
}

/* `unit` for every byte on the wire. */
static void add_transfers(const struct prospect *prospect, struct cost *cost, const struct channels *channels, double unit)
{
    for (int i = 0; i < prospect->plan.transfer_count; i++) {
        const struct transfer *transfer = &prospect->plan.transfer[i];
        const struct tensor *tensor = tensor_named(channels, transfer->tensor->name);
        double amount = unit * (double)transfer_bytes(prospect, transfer);
        if (tensor)
            cost_add_tensor(cost, channels, tensor, amount, 1);
        else
            cost_add(cost, channels, amount, nothing, nothing);
    }
}

void prospect_add_seconds(const struct prospect *prospect, struct cost *cost, const struct channels *channels)
{
    double computing = 0, bytes = 0;
    for (int n = 0; n < prospect->graph->node_count; n++)
        computing += add_node(prospect, prospect->graph->node[n], cost, channels);
    for (int i = 0; i < prospect->plan.transfer_count; i++)
        bytes += (double)transfer_bytes(prospect, &prospect->plan.transfer[i]);
    double waiting = prospect->plan.forecast.seconds - computing;
    if (bytes > 0 && waiting > 0)
        add_transfers(prospect, cost, channels, waiting / bytes);
}

void prospect_add_bytes(const struct prospect *prospect, struct cost *cost, const struct channels *channels)
{
    add_transfers(prospect, cost, channels, 1);
}
