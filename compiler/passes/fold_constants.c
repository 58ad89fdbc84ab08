/* fold_constants.c -- what can be computed now is not computed later. */
/* SPDX-License-Identifier: MIT */
#include "edit.h"
#include "passes.h"

static const int64_t LARGEST_RESULT = 64 << 20;

void fold_constants(struct graph *graph)
{
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++)
        if (!node_fold(graph, graph->node[n], LARGEST_RESULT))
            graph->node[kept++] = graph->node[n];
    graph->node_count = kept;
    graph_sweep(graph);
}
