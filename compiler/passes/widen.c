/* widen.c -- nodes on halves that no kernel computes, in float32. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "edit.h"
#include "passes.h"

enum { MOST_TENSORS = 32 };

static bool is_half(const struct tensor *tensor)
{
    return tensor && (tensor->type == TYPE_FLOAT16 || tensor->type == TYPE_BFLOAT16);
}

/* Would a kernel accept the node if its halves were float32? */
static bool has_wide_kernel(const struct node *node)
{
    struct tensor copy[2 * MOST_TENSORS], *tensor[2 * MOST_TENSORS] = {NULL};
    const struct kernel *kernel;
    struct node wide = *node;
    bool halves = false;
    if (node->input_count > MOST_TENSORS || node->output_count > MOST_TENSORS)
        return false;
    for (int i = 0; i < node->input_count + node->output_count; i++) {
        const bool input = i < node->input_count;
        const struct tensor *own = input ? node->input[i] : node->output[i - node->input_count];
        if (!own)
            continue;
        copy[i] = *own;
        tensor[i] = &copy[i];
        halves |= is_half(own);
        if (is_half(own))
            copy[i].type = TYPE_FLOAT;
    }
    wide.input = tensor;
    wide.output = tensor + node->input_count;
    return halves && !kernel_candidates(node, &kernel, 1) && kernel_candidates(&wide, &kernel, 1);
}

static struct tensor *wide_constant(struct graph *graph, const struct tensor *half)
{
    const int64_t size = shape_size(half->shape);
    float *values = arena_array(graph->arena, (size_t)size + 1, sizeof *values);
    for (int64_t i = 0; i < size; i++)
        values[i] = (float)tensor_double(half, i);
    return graph_constant(graph, half->name, TYPE_FLOAT, half->shape, values);
}

static struct node *new_cast(struct graph *graph, int at, const char *name, enum type to)
{
    struct node *cast = graph_node(graph, at, name, "Cast", 1, 1);
    cast->op = op_find("", "Cast", graph->opset);
    node_set_attribute(graph, cast, (struct attribute){.name = "to", .kind = ATTRIBUTE_INT, .i = to});
    return cast;
}

static struct tensor *wide_tensor(struct graph *graph, const struct tensor *half)
{
    struct tensor *tensor = graph_tensor(graph, half->name);
    tensor->type = TYPE_FLOAT;
    tensor->shape = half->shape;
    tensor->shaped = true;
    return tensor;
}

static void widen_inputs(struct graph *graph, struct node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        struct tensor *half = node->input[i];
        if (!is_half(half))
            continue;
        if (tensor_is_constant(half)) {
            node->input[i] = wide_constant(graph, half);
            continue;
        }
        struct node *cast = new_cast(graph, graph_position(graph, node), node->name, TYPE_FLOAT);
        cast->input[0] = half;
        node->input[i] = cast->output[0] = wide_tensor(graph, half);
    }
}

static void narrow_outputs(struct graph *graph, struct node *node)
{
    for (int k = 0; k < node->output_count; k++) {
        struct tensor *half = node->output[k];
        if (!is_half(half))
            continue;
        struct node *cast = new_cast(graph, graph_position(graph, node) + 1, node->name, half->type);
        cast->output[0] = half;
        node->output[k] = cast->input[0] = wide_tensor(graph, half);
    }
}

void widen(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        if (!has_wide_kernel(node))
            continue;
        widen_inputs(graph, node);
        narrow_outputs(graph, node);
        n = graph_position(graph, node);
    }
    graph_sweep(graph);
}
