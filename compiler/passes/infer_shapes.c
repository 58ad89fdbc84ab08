/* infer_shapes.c -- types and shapes, front to back. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "passes.h"

/* Values that decide shapes are small; weights are left to fold_constants. */
static const int64_t SHAPE_VALUES = 1 << 20;

void infer_shapes(struct graph *graph)
{
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        node_infer(graph, node);
        if (!node_fold(graph, node, SHAPE_VALUES))
            graph->node[kept++] = node;
    }
    graph->node_count = kept;
    graph_sweep(graph);
}
