/* batch_normalization.c -- BatchNormalization with given statistics. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>

static const char *const names[] = {"X", "scale", "B", "input_mean", "input_var"};

static void infer(struct graph *graph, struct node *node)
{
    struct shape x = node->input[0]->shape;
    if (node_int(node, "training_mode", 0))
        node_fail(node, "training_mode is 1; export the model for inference");
    for (int i = 1; i < node->output_count; i++)
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
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    double epsilon = (double)node_float(node, "epsilon", 1e-5f);
    int64_t size = shape_size(x->shape), at[MAX_RANK] = {0};
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
    (void)node;
    (void)output;
    if (input == 0)
        return region;
    return (struct region){.some = true, .rank = 1, .axis = {region.axis[1]}};
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
