/* choose_layouts.c -- conversions where readers and writers disagree. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "passes.h"

#include <assert.h>

/* A graph input is fed in canonical order and stored as its first reader wants it. */
static void choose_input_layouts(struct graph *graph)
{
    for (int i = 0; i < graph->input_count; i++) {
        struct tensor *tensor = graph->input[i];
        bool decided = false;
        for (int n = 0; n < graph->node_count && !decided; n++)
            for (int k = 0; k < graph->node[n]->input_count && !decided; k++)
                if (graph->node[n]->input[k] == tensor) {
                    tensor->layout = kernel_layout(graph->node[n]->kernel, graph->node[n], k);
                    decided = true;
                }
    }
}

/* The converted copy of `tensor`, made once and placed right before node `at`. */
static struct tensor *converted(struct graph *graph, struct tensor *tensor, int at, int *inserted)
{
    for (int n = 0; n < at; n++) {
        struct node *node = graph->node[n];
        if (node->kernel && node->input_count == 1 && node->input[0] == tensor && node->op &&
            node->op == op_find("mednn", "Layout", graph->opset))
            return node->output[0];
    }
    enum layout layout = tensor->layout == LAYOUT_PLAIN ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
    const char *suffix = layout == LAYOUT_BLOCKED ? "blocked" : "plain";
    struct node *node =
        graph_node(graph, at, arena_printf(graph->arena, "%s.%s", tensor->name, suffix), "Layout", 1, 1);
    node->domain = "mednn";
    node->op = op_find("mednn", "Layout", graph->opset);
    node->input[0] = tensor;
    struct tensor *copy = graph_tensor(graph, node->name);
    copy->type = tensor->type;
    copy->shape = tensor->shape;
    copy->shaped = true;
    copy->layout = layout;
    copy->producer = node;
    node->output[0] = copy;
    const struct kernel *candidate[4];
    int count = kernel_candidates(node, candidate, 4);
    assert(count > 0);
    node->kernel = candidate[0];
    *inserted += 1;
    return copy;
}

void choose_layouts(struct graph *graph)
{
    choose_input_layouts(graph);
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        int inserted = 0;
        for (int i = 0; i < node->input_count; i++) {
            struct tensor *tensor = node->input[i];
            if (!tensor || tensor_is_constant(tensor))
                continue;
            if (tensor->layout != kernel_layout(node->kernel, node, i))
                node->input[i] = converted(graph, tensor, n + inserted, &inserted);
        }
        n += inserted;
    }
    graph_index(graph);
}
