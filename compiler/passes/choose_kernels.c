/* choose_kernels.c -- one kernel per node, for the whole cluster. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "passes.h"

#include <stdlib.h>

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

/* The cheapest kernel, with or without Winograd's algorithm, or NULL. */
static const struct kernel *cheapest(const struct graph *graph, const struct node *node, bool winograd)
{
    const struct kernel *candidate[32], *best = NULL;
    int count = kernel_candidates(node, candidate, 32);
    double least = 0;
    for (int i = 0; i < count; i++) {
        if (candidate[i]->winograd && !winograd)
            continue;
        double cost = cost_of(graph, node, candidate[i]);
        if (!best || cost < least) {
            least = cost;
            best = candidate[i];
        }
    }
    return best;
}

static void set_kernel(struct node *node, const struct kernel *kernel)
{
    node->kernel = kernel;
    for (int i = 0; i < node->output_count; i++)
        if (node->output[i])
            node->output[i]->layout = kernel_layout(kernel, node, -1);
}

/* What the weights may grow by: half of the model's, or a size that hardly matters. */
static int64_t growth_allowed(const struct graph *graph)
{
    const int64_t hardly = 64 << 20;
    int64_t bytes = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]))
            bytes += shape_size(graph->tensor[t]->shape) * (int64_t)type_size(graph->tensor[t]->type);
    return bytes / 2 > hardly ? bytes / 2 : hardly;
}

/* A node that uses Winograd's algorithm: what it adds to the weights, and saves for each byte of it. */
struct growth {
    struct node *node;
    const struct kernel *otherwise;
    int64_t bytes;
    double gain;
    int order;
};

static int compare_gains(const void *left, const void *right)
{
    const struct growth *a = left, *b = right;
    if (a->gain < b->gain || a->gain > b->gain)
        return a->gain < b->gain ? -1 : 1;
    return a->order - b->order;
}

/* Give up Winograd's algorithm where it gains least for the bytes that it adds, until the rest is allowed. */
static void limit_growth(const struct graph *graph)
{
    struct growth *growth = arena_array(graph->arena, (size_t)graph->node_count + 1, sizeof *growth);
    int64_t added = 0, allowed = growth_allowed(graph);
    int count = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        if (!node->kernel->winograd)
            continue;
        const struct kernel *otherwise = cheapest(graph, node, false);
        const int64_t bytes = node->kernel->added_weights(node);
        const double saved = cost_of(graph, node, otherwise) - cost_of(graph, node, node->kernel);
        growth[count] = (struct growth){node, otherwise, bytes, saved / (double)bytes, count};
        count++;
        added += bytes;
    }
    qsort(growth, (size_t)count, sizeof *growth, compare_gains);
    for (int i = 0; i < count && added > allowed; i++) {
        set_kernel(growth[i].node, growth[i].otherwise);
        added -= growth[i].bytes;
    }
}

static noreturn void fail_without_kernel(const struct graph *graph, const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    const bool other = x && !type_is_wide(x->type);
    node_fail(node, "no kernel computes this combination of types, shapes and attributes (%s %s)%s", x ? type_name(x->type) : "",
              x ? shape_string(graph->arena, x->shape) : "", other ? "; cast its inputs to float32" : "");
}

void choose_kernels(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        const struct kernel *kernel = cheapest(graph, node, !graph->no_winograd);
        if (!kernel)
            fail_without_kernel(graph, node);
        set_kernel(node, kernel);
    }
    limit_growth(graph);
}
