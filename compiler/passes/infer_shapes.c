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

/* What the model says about its outputs may be wrong, or for another batch size. */
static void compare_outputs(const struct graph *graph, const struct tensor *declared)
{
    for (int i = 0; i < graph->output_count; i++) {
        const struct tensor *output = graph->output[i];
        if (declared[i].shaped && !shape_equal(declared[i].shape, output->shape))
            note("output '%s' is declared as %s but is %s", output->name,
                 shape_string(graph->arena, declared[i].shape), shape_string(graph->arena, output->shape));
    }
}

void infer_shapes(struct graph *graph)
{
    struct tensor *declared = arena_array(graph->arena, (size_t)graph->output_count, sizeof *declared);
    for (int i = 0; i < graph->output_count; i++)
        declared[i] = *graph->output[i];
    check_inputs(graph);
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        node_infer(graph, node);
        if (!node_fold(graph, node, SHAPE_VALUES))
            graph->node[kept++] = node;
    }
    graph->node_count = kept;
    compare_outputs(graph, declared);
    graph_sweep(graph);
}
