/* elementwise.c -- hooks of operators that compute an output element from one element of every input. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

enum { MAX_OPERANDS = 256 };

void elementwise_infer(struct graph *graph, struct node *node)
{
    struct shape shape = node->input[0]->shape;
    if (node->input_count > MAX_OPERANDS)
        node_fail(node, "%d inputs; mednnc takes at most %d", node->input_count, MAX_OPERANDS);
    for (int i = 1; i < node->input_count; i++) {
        if (!node->input[i] || i == node->epilogue.residual)
            continue;
        input_same_type(node, i);
        struct shape other = node->input[i]->shape;
        if (!shape_broadcast(shape, other, &shape))
            node_fail(node, "'%s' has shape %s, which does not broadcast with %s", node->input[i]->name,
                      shape_string(graph->arena, other), shape_string(graph->arena, shape));
    }
    output_set(node, 0, node->input[0]->type, shape);
}

static bool all_integers(const struct node *node, int count)
{
    for (int i = 0; i < count; i++)
        if (node->input[i] && type_is_float(node->input[i]->type))
            return false;
    return true;
}

void elementwise_evaluate(const struct node *node, const void *const input[], void *const output[])
{
    int count = node->epilogue.residual ? node->epilogue.residual : node->input_count;
    struct tensor *result = node->output[0];
    bool integers = node->op->integer && all_integers(node, count);
    double x[MAX_OPERANDS] = {0};
    int64_t n[MAX_OPERANDS] = {0}, at[MAX_RANK] = {0}, size = shape_size(result->shape);
    for (int64_t i = 0; i < size; i++) {
        for (int k = 0; k < count; k++) {
            const struct tensor *operand = node->input[k];
            if (!operand)
                continue;
            int64_t offset = broadcast_offset(operand->shape, result->shape.rank, at);
            if (integers)
                n[k] = element_integer(operand->type, input[k], offset);
            else
                x[k] = element_real(operand->type, input[k], offset);
        }
        if (integers)
            element_set_integer(result->type, output[0], i, node->op->integer(node, n));
        else
            element_set_real(result->type, output[0], i, node->op->real(node, x));
        shape_next(result->shape, at);
    }
}

struct region elementwise_reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    return broadcast_reads(node->input[input]->shape, region);
}
