/* prepare.c -- a graph in which no accident of writing ties channels together. */
/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <string.h>

/* Larger constants that are shared are shared on purpose. */
static const int64_t MAX_COPY = 1 << 16;

/* Give every reader after the first its own tensor; the elements stay where they are. */
static void unshare_constants(struct graph *graph)
{
    graph_index(graph);
    int count = graph->tensor_count;
    bool *met = arena_array(graph->arena, (size_t)count, sizeof *met);
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++) {
            struct tensor *tensor = node->input[i];
            if (!tensor || tensor->id >= count || !tensor_is_constant(tensor) || !tensor->shape.rank ||
                shape_size(tensor->shape) > MAX_COPY || graph_is_output(graph, tensor))
                continue;
            if (met[tensor->id])
                node->input[i] =
                    graph_constant(graph, tensor->name, tensor->type, tensor->shape, tensor->data);
            met[tensor->id] = true;
        }
    }
    graph_index(graph);
}

void channels_prepare(struct graph *graph)
{
    unshare_constants(graph);
}
