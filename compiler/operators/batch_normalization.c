/* batch_normalization.c -- BatchNormalization, with given statistics or with those of its input. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>

static const char *const names[] = {"X", "scale", "B", "input_mean", "input_var"};

static void infer(struct graph *graph, struct node *node)
{
    struct shape x = node->input[0]->shape;
    const bool training = node_int(node, "training_mode", 0) != 0;
    for (int i = training ? 3 : 1; i < node->output_count; i++)
        if (node->output[i])
            node_fail(node, "output '%s' holds statistics of training; export the model for inference",
                      node->output[i]->name);
    if (x.rank < 2)
        node_fail(node, "X has rank %d, expected at least 2", x.rank);
    for (int i = 1; i < 5; i++) {
        struct shape shape = node->input[i]->shape;
        if (shape.rank != 1 || shape.dim[0] != x.dim[1])
            node_fail(node, "%s is %s but X has %" PRId64 " channels", names[i],
                      shape_string(graph->arena, shape), x.dim[1]);
        if (!type_is_float(node->input[i]->type))
            node_fail(node, "%s has type %s", names[i], type_name(node->input[i]->type));
    }
    output_set(node, 0, node->input[0]->type, x);
    output_set(node, 1, node->input[3]->type, shape_of(1, &x.dim[1]));
    output_set(node, 2, node->input[4]->type, shape_of(1, &x.dim[1]));
}

/* Mean and variance of one channel. */
static void measure(const struct tensor *x, const void *values, int64_t channel, double *mean, double *variance)
{
    const int64_t size = shape_size(x->shape);
    double sum = 0, squares = 0, count = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t at[MAX_RANK] = {0};
        for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
            if (at[1] != channel)
                continue;
            const double value = element_real(x->type, values, i);
            sum += pass ? 0 : value;
            count += !pass;
            squares += pass ? (value - sum / count) * (value - sum / count) : 0;
        }
    }
    *mean = sum / count;
    *variance = squares / count;
}

/* Of all channels; what runs on from one batch to the next is in outputs 1 and 2. */
static void evaluate_training(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const double epsilon = (double)node_float(node, "epsilon", 1e-5f);
    const double momentum = (double)node_float(node, "momentum", 0.9f);
    const int64_t size = shape_size(x->shape);
    for (int64_t c = 0; c < x->shape.dim[1] && size; c++) {
        double statistic[2], scale = element_real(node->input[1]->type, input[1], c);
        const double bias = element_real(node->input[2]->type, input[2], c);
        int64_t at[MAX_RANK] = {0};
        measure(x, input[0], c, &statistic[0], &statistic[1]);
        for (int k = 0; k < 2; k++)
            if (node_output(node, k + 1))
                element_set_real(node->output[k + 1]->type, output[k + 1], c,
                                 element_real(node->input[k + 3]->type, input[k + 3], c) * momentum +
                                     statistic[k] * (1 - momentum));
        for (int64_t i = 0; i < size; i++, shape_next(x->shape, at))
            if (at[1] == c)
                element_set_real(x->type, output[0], i,
                                 (element_real(x->type, input[0], i) - statistic[0]) /
                                         sqrt(statistic[1] + epsilon) * scale + bias);
    }
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    double epsilon = (double)node_float(node, "epsilon", 1e-5f);
    int64_t size = shape_size(x->shape), at[MAX_RANK] = {0};
    if (node_int(node, "training_mode", 0)) {
        evaluate_training(node, input, output);
        return;
    }
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        double parameter[5];
        for (int k = 1; k < 5; k++)
            parameter[k] = element_real(node->input[k]->type, input[k], at[1]);
        double centred = element_real(x->type, input[0], i) - parameter[3];
        element_set_real(x->type, output[0], i,
                         centred / sqrt(parameter[4] + epsilon) * parameter[1] + parameter[2]);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    const struct range channels = region.axis[output == 0];
    if (input > 0)
        return (struct region){.some = true, .rank = 1, .axis = {channels}};
    if (!node_int(node, "training_mode", 0))
        return region;
    struct region need = region_whole(node->input[0]->shape);
    need.axis[1] = channels;
    return need;
}

const struct op batch_normalization_rows[] = {
    {.type = "BatchNormalization",
     .domain = "",
     .since_version = 15,
     .min_inputs = 5,
     .max_inputs = 5,
     .max_outputs = 5,
     .types = TYPES_FLOAT,
     .attributes = "epsilon momentum training_mode ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_reads},
    {.type = NULL},
};
