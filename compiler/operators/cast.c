/* cast.c -- Cast, CastLike and BitCast. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <string.h>

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    if (!node_attribute(node, "to"))
        node_fail(node, "attribute to is missing");
    enum type to = (enum type)node_int(node, "to", 0);
    if (!type_size(to) || !type_size(node->input[0]->type))
        node_fail(node, "from %s to %s is not supported", type_name(node->input[0]->type), type_name(to));
    output_set(node, 0, to, node->input[0]->shape);
}

static void infer_like(struct graph *graph, struct node *node)
{
    (void)graph;
    const enum type to = node->input[1]->type;
    if (!type_size(to) || !type_size(node->input[0]->type))
        node_fail(node, "from %s to %s is not supported", type_name(node->input[0]->type), type_name(to));
    output_set(node, 0, to, node->input[0]->shape);
}

static struct region reads_like(const struct node *node, int input, int output, struct region region)
{
    return input ? (struct region){0} : elementwise_reads(node, input, output, region);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    enum type from = node->input[0]->type, to = node->output[0]->type;
    int64_t size = shape_size(node->input[0]->shape);
    for (int64_t i = 0; i < size; i++)
        if (type_is_float(from) || type_is_float(to))
            element_set_real(to, output[0], i, element_real(from, input[0], i));
        else
            element_set_integer(to, output[0], i, element_integer(from, input[0], i));
}

static void infer_bits(struct graph *graph, struct node *node)
{
    infer(graph, node);
    const enum type from = node->input[0]->type, to = (enum type)node_int(node, "to", 0);
    if (type_size(from) != type_size(to))
        node_fail(node, "from %s to %s, which has another number of bits", type_name(from), type_name(to));
}

static void evaluate_bits(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    memcpy(output[0], input[0], (size_t)shape_size(x->shape) * type_size(x->type));
}

const struct op cast_rows[] = {
    {.type = "BitCast",
     .domain = "",
     .since_version = 26,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "to ",
     .infer = infer_bits,
     .evaluate = evaluate_bits,
     .reads = elementwise_reads},
    {.type = "Cast",
     .domain = "",
     .since_version = 19,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "round_mode saturate to ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = elementwise_reads,
     .couple = couple_reads,
     .constant = constant_zero,
     .keeps_zero = true},
    {.type = "CastLike",
     .domain = "",
     .since_version = 19,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "round_mode saturate ",
     .infer = infer_like,
     .evaluate = evaluate,
     .reads = reads_like,
     .couple = couple_reads,
     .constant = constant_zero,
     .keeps_zero = true},
    {.type = NULL},
};
