/* choose_kernels.c -- one kernel per node, for the whole cluster. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "passes.h"

/* Converting an element between layouts costs about as much as this many multiply-accumulates of a good kernel. */
static const double CONVERSION_COST = 8;

static double cost_of(const struct graph *graph, const struct node *node, const struct kernel *kernel)
{
    double cost = kernel->cost          ? kernel->cost(node)
                  : node->output_count ? (double)node_macs(node, region_whole(node->output[0]->shape))
                                       : 0;
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (!tensor || tensor_is_constant(tensor) || !tensor->producer)
            continue;
        if (tensor->layout != kernel_layout(kernel, node, i))
            cost += CONVERSION_COST * (double)shape_size(tensor->shape);
    }
    /* The caller's arrays are plain; packing a blocked output is a conversion too. */
    for (int i = 0; i < node->output_count; i++)
        if (node->output[i] && graph_is_output(graph, node->output[i]) &&
            kernel_layout(kernel, node, -1) == LAYOUT_BLOCKED)
            cost += CONVERSION_COST * (double)shape_size(node->output[i]->shape);
    return cost;
}

void choose_kernels(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        const struct kernel *candidate[32];
        int count = kernel_candidates(node, candidate, 32);
        if (!count)
            node_fail(node, "no kernel computes this combination of types, shapes and attributes (%s %s)",
                      node_input(node, 0) ? type_name(node->input[0]->type) : "",
                      node_input(node, 0) ? shape_string(graph->arena, node->input[0]->shape) : "");
        double best = 0;
        for (int i = 0; i < count; i++) {
            double cost = cost_of(graph, node, candidate[i]);
            if (i == 0 || cost < best) {
                best = cost;
                node->kernel = candidate[i];
            }
        }
        for (int i = 0; i < node->output_count; i++)
            if (node->output[i])
                node->output[i]->layout = kernel_layout(node->kernel, node, -1);
    }
}
