/* infer_shapes.c -- types and shapes, front to back. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../support/fail.h"
#include "edit.h"
#include "passes.h"

/* Values that decide shapes are small; weights are left to fold_constants. */
static const int64_t SHAPE_VALUES = 1 << 20;

static void check_inputs(const struct graph *graph)
{
    for (int i = 0; i < graph->input_count; i++) {
        const struct tensor *input = graph->input[i];
        if (!input->shaped)
            fail("input '%s' has no shape; give --input-shape %s=...", input->name, input->name);
        if (!type_size(input->type))
            fail("input '%s' has type %s, which mednnc does not support", input->name,
                 type_name(input->type));
    }
}

/* What has no elements is known. */
static void fix_empty_inputs(struct graph *graph, struct node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (tensor && !tensor_is_constant(tensor) && !shape_size(tensor->shape))
            node->input[i] = graph_constant(graph, arena_printf(graph->arena, "%s.empty", tensor->name), tensor->type,
                                            tensor->shape, arena_alloc(graph->arena, 1));
    }
}

static void refuse_sequences(const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->sequence)
            node_fail(node, "input %d is a sequence, which the operator does not take", i);
}

static void check_outputs(const struct graph *graph)
{
    for (int i = 0; i < graph->output_count; i++)
        if (graph->output[i]->sequence)
            fail("output '%s' is a sequence, but only tensors are supported; end the model with its elements",
                 graph->output[i]->name);
}

void infer_shapes(struct graph *graph)
{
    check_inputs(graph);
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        const int count = graph->node_count;
        if (!node->op->sequences)
            refuse_sequences(node);
        if (node->op->settle) {
            node_check_counts(node);
            fix_empty_inputs(graph, node);
            node->op->settle(graph, node);
        }
        if (graph->node_count != count) {
            n--; /* what stands before the node now comes first */
            continue;
        }
        node->when = NULL;
        if (node_output(node, 0) && node->output[0]->sequence)
            continue; /* its readers take the elements */
        node_infer(graph, node);
        if (!node_fold(graph, node, SHAPE_VALUES))
            graph->node[kept++] = node;
    }
    graph->node_count = kept;
    check_outputs(graph);
    graph_sweep(graph);
}
