/* reverse_sequence.c -- ReverseSequence. Computed lengths that are out of range clamp. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <inttypes.h>
#include <string.h>

static void infer(struct graph *graph, struct node *node)
{
    const struct tensor *x = node->input[0], *lengths = node->input[1];
    const int64_t batch = node_int(node, "batch_axis", 1), time = node_int(node, "time_axis", 0);
    if (x->shape.rank < 2)
        node_fail(node, "input has rank %d, expected at least 2", x->shape.rank);
    if ((batch != 0 && batch != 1) || time != 1 - batch)
        node_fail(node, "batch_axis %" PRId64 " and time_axis %" PRId64 ", expected 0 and 1 or 1 and 0", batch, time);
    if (lengths->type != TYPE_INT64 || lengths->shape.rank != 1 || lengths->shape.dim[0] != x->shape.dim[batch])
        node_fail(node, "sequence_lens has shape %s and type %s, expected %" PRId64 " int64",
                  shape_string(graph->arena, lengths->shape), type_name(lengths->type), x->shape.dim[batch]);
    output_set(node, 0, x->type, x->shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int batch = (int)node_int(node, "batch_axis", 1), time = 1 - batch;
    int64_t at[MAX_RANK] = {0}, from[MAX_RANK], size = shape_size(x->shape);
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        int64_t length = ((const int64_t *)input[1])[at[batch]];
        length = length > x->shape.dim[time] ? x->shape.dim[time] : length;
        memcpy(from, at, sizeof from);
        if (at[time] < length)
            from[time] = length - 1 - at[time];
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const int batch = (int)node_int(node, "batch_axis", 1);
    if (input)
        return (struct region){.some = true, .rank = 1, .axis = {region.axis[batch]}};
    region.axis[1 - batch] = (struct range){0, node->input[0]->shape.dim[1 - batch]};
    return region;
}

const struct op reverse_sequence_rows[] = {
    {.type = "ReverseSequence",
     .domain = "",
     .since_version = 10,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "batch_axis time_axis ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
