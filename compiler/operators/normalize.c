/* normalize.c -- LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization,
 * MeanVarianceNormalization and LpNormalization. */
/* SPDX-License-Identifier: MIT */
#include "normalize.h"

#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool is(const struct node *node, const char *type)
{
    return !strcmp(node->op->type, type);
}

static void read_mean_variance(const struct node *node, struct normalize *normalize)
{
    const struct attribute *axes = node_attribute(node, "axes");
    int rank = node->input[0]->shape.rank;
    node_ints(node, "axes", 0, 0); /* checks the kind */
    for (int i = 0; i < (axes ? axes->count : 3); i++) {
        static const int64_t otherwise[] = {0, 2, 3};
        int64_t given = axes ? axes->ints[i] : otherwise[i];
        int axis = shape_axis(rank, given);
        if (axis < 0)
            node_fail(node, "axis %" PRId64 " is out of range for rank %d", given, rank);
        normalize->reduced[axis] = true;
    }
    normalize->epsilon = 1e-9;
    normalize->epsilon_outside = true;
}

static void read_group(const struct node *node, struct normalize *normalize)
{
    struct shape x = node->input[0]->shape;
    if (x.rank < 2)
        node_fail(node, "X has rank %d, expected at least 2", x.rank);
    normalize->scale = 1;
    normalize->bias = 2;
    normalize->aligned = 1;
    for (int i = 2; i < x.rank; i++)
        normalize->reduced[i] = true;
    if (is(node, "InstanceNormalization"))
        return;
    normalize->reduced[1] = true;
    normalize->groups = node_int(node, "num_groups", 0);
    if (normalize->groups < 1 || x.dim[1] % normalize->groups)
        node_fail(node, "num_groups is %" PRId64 ", which does not divide %" PRId64 " channels", normalize->groups,
                  x.dim[1]);
    if (node_int(node, "scale_per_group", 0))
        normalize->aligned = 2;
}

struct normalize normalize_of(const struct node *node)
{
    struct normalize normalize = {.groups = 1, .epsilon = (double)node_float(node, "epsilon", 1e-5f)};
    const bool layer = is(node, "LayerNormalization");
    if (layer || is(node, "RMSNormalization")) {
        for (int i = node_axis(node, -1); i < node->input[0]->shape.rank; i++)
            normalize.reduced[i] = true;
        normalize.norm = layer ? NORM_VARIANCE : NORM_SQUARE;
        normalize.scale = 1;
        normalize.bias = layer && node_input(node, 2) ? 2 : 0;
    } else if (is(node, "MeanVarianceNormalization")) {
        read_mean_variance(node, &normalize);
    } else if (is(node, "LpNormalization")) {
        int64_t p = node_int(node, "p", 2);
        if (p != 1 && p != 2)
            node_fail(node, "p is %" PRId64 ", expected 1 or 2", p);
        normalize.norm = p == 1 ? NORM_L1 : NORM_L2;
        normalize.reduced[node_axis(node, -1)] = true;
    } else {
        read_group(node, &normalize);
    }
    return normalize;
}

static void check_operand(struct graph *graph, const struct node *node, const struct normalize *normalize, int i)
{
    struct shape x = node->input[0]->shape, all;
    if (!i)
        return;
    struct shape shape = node->input[i]->shape;
    input_same_type(node, i);
    if (!normalize->aligned && (!shape_broadcast(x, shape, &all) || !shape_equal(x, all)))
        node_fail(node, "'%s' is %s, which does not broadcast to %s", node->input[i]->name,
                  shape_string(graph->arena, shape), shape_string(graph->arena, x));
    int64_t expected = normalize->aligned == 1 ? x.dim[1] : normalize->groups;
    if (normalize->aligned && (shape.rank != 1 || shape.dim[0] != expected))
        node_fail(node, "'%s' is %s, expected %" PRId64 " elements", node->input[i]->name,
                  shape_string(graph->arena, shape), expected);
}

static void infer(struct graph *graph, struct node *node)
{
    struct shape x = node->input[0]->shape;
    if (!x.rank)
        node_fail(node, "X is a scalar");
    struct normalize normalize = normalize_of(node);
    check_operand(graph, node, &normalize, normalize.scale);
    check_operand(graph, node, &normalize, normalize.bias);
    int64_t stash = node_int(node, "stash_type", TYPE_FLOAT);
    if (stash != TYPE_FLOAT && stash != node->input[0]->type)
        node_fail(node, "stash_type is %" PRId64 ", expected %d (float32)", stash, TYPE_FLOAT);
    output_set(node, 0, node->input[0]->type, x);
    for (int i = 0; i < x.rank; i++)
        x.dim[i] = normalize.reduced[i] ? 1 : x.dim[i];
    output_set(node, 1, (enum type)stash, x);
    output_set(node, 2, (enum type)stash, x);
}

/* What belongs to the statistic of `at`: a box. */
static struct region members(const struct node *node, const struct normalize *normalize, const int64_t at[])
{
    struct shape x = node->input[0]->shape;
    struct region box = region_whole(x);
    for (int a = 0; a < x.rank; a++)
        if (!normalize->reduced[a])
            box.axis[a] = (struct range){at[a], at[a] + 1};
    if (normalize->groups > 1) {
        int64_t size = x.dim[1] / normalize->groups, group = at[1] / size;
        box.axis[1] = (struct range){group * size, (group + 1) * size};
    }
    return box;
}

struct statistic {
    double mean, divisor;
};

/* Sum of f(x - mean) over a box: f is the identity (power 0), the magnitude (1), the square (2). */
static double sum_box(const struct tensor *x, const void *data, struct region box, double mean, int power)
{
    struct shape counts = region_shape(box);
    int64_t step[MAX_RANK] = {0}, at[MAX_RANK];
    double sum = 0;
    do {
        for (int a = 0; a < box.rank; a++)
            at[a] = box.axis[a].begin + step[a];
        double value = element_real(x->type, data, shape_offset(x->shape, at)) - mean;
        sum += power == 0 ? value : power == 1 ? fabs(value) : value * value;
    } while (shape_next(counts, step));
    return sum;
}

static struct statistic measure(const struct tensor *x, const void *data, const struct normalize *normalize,
                                struct region box)
{
    struct statistic statistic = {0, 1};
    double count = (double)region_size(box);
    if (normalize->norm == NORM_L1 || normalize->norm == NORM_L2) {
        statistic.divisor = sum_box(x, data, box, 0, normalize->norm == NORM_L1 ? 1 : 2);
        if (normalize->norm == NORM_L2)
            statistic.divisor = sqrt(statistic.divisor);
        return statistic;
    }
    if (normalize->norm == NORM_VARIANCE)
        statistic.mean = sum_box(x, data, box, 0, 0) / count;
    double variance = sum_box(x, data, box, statistic.mean, 2) / count;
    statistic.divisor = normalize->epsilon_outside ? sqrt(variance) + normalize->epsilon
                                                   : sqrt(variance + normalize->epsilon);
    return statistic;
}

static double operand(const struct node *node, const struct normalize *normalize, const void *const input[], int i,
                      const int64_t at[], double otherwise)
{
    struct shape x = node->input[0]->shape;
    if (!i)
        return otherwise;
    const struct tensor *tensor = node->input[i];
    int64_t offset = normalize->aligned == 0   ? broadcast_offset(tensor->shape, x.rank, at)
                     : normalize->aligned == 1 ? at[1]
                                               : at[1] / (x.dim[1] / normalize->groups);
    return element_real(tensor->type, input[i], offset);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    struct normalize normalize = normalize_of(node);
    int64_t size = shape_size(x->shape), at[MAX_RANK] = {0};
    struct region last = {0};
    struct statistic statistic = {0};
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        struct region box = members(node, &normalize, at);
        if (!region_equal(box, last))
            statistic = measure(x, input[0], &normalize, last = box);
        double y = (element_real(x->type, input[0], i) - statistic.mean);
        y = statistic.divisor > 0 || statistic.divisor < 0 || isnan(statistic.divisor) ? y / statistic.divisor : 0;
        element_set_real(x->type, output[0], i,
                         y * operand(node, &normalize, input, normalize.scale, at, 1) +
                             operand(node, &normalize, input, normalize.bias, at, 0));
        for (int k = 1; k < node->output_count; k++)
            if (node->output[k])
                element_set_real(node->output[k]->type, output[k],
                                 broadcast_offset(node->output[k]->shape, x->shape.rank, at),
                                 k == 1 ? statistic.mean : 1 / statistic.divisor);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct normalize normalize = normalize_of(node);
    struct shape shape = node->input[input]->shape, x = node->input[0]->shape;
    const int64_t size = normalize.groups > 1 || normalize.aligned == 2 ? x.dim[1] / normalize.groups : 1;
    if (input == 0) {
        for (int a = 0; a < x.rank; a++)
            if (normalize.reduced[a] && !(a == 1 && normalize.groups > 1))
                region.axis[a] = (struct range){0, x.dim[a]};
        if (normalize.groups > 1)
            region.axis[1] = (struct range){region.axis[1].begin / size * size,
                                            ((region.axis[1].end - 1) / size + 1) * size};
        return region;
    }
    if (output > 0) /* means do not know scales */
        return region_whole(shape);
    if (normalize.aligned == 0)
        return broadcast_reads(shape, region);
    struct range channels = region.axis[1];
    if (normalize.aligned == 2)
        channels = (struct range){channels.begin / size, (channels.end - 1) / size + 1};
    return (struct region){.some = true, .rank = 1, .axis = {channels}};
}

/* num_groups of GroupNormalization counts channels: it does not couple. */
#define ROW(name, since, inputs, most, outputs, names, couples)                                              \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = since, .min_inputs = inputs, .max_inputs = most,        \
        .max_outputs = outputs, .types = TYPES_FLOAT, .attributes = names, .infer = infer,                   \
        .evaluate = evaluate, .reads = reads, .couple = couples                                              \
    }

const struct op normalize_rows[] = {
    ROW("GroupNormalization", 21, 3, 3, 1, "epsilon num_groups scale_per_group stash_type ", NULL),
    ROW("InstanceNormalization", 6, 3, 3, 1, "epsilon ", couple_reads),
    ROW("LayerNormalization", 17, 2, 3, 3, "axis epsilon stash_type ", couple_reads),
    ROW("LpNormalization", 1, 1, 1, 1, "axis p ", couple_reads),
    ROW("MeanVarianceNormalization", 13, 1, 1, 1, "axes ", couple_reads),
    ROW("RMSNormalization", 23, 2, 2, 1, "axis epsilon stash_type ", couple_reads),
    {.type = NULL},
};
