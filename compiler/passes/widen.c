/* widen.c -- nodes on types that no kernel computes, in float32; where they meet float64, in that. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "../support/fail.h"
#include "edit.h"
#include "passes.h"

enum { MOST_TENSORS = 32 };

/* Of types whose numbers all are float32s too. */
static const unsigned NARROW = TYPE_BIT(TYPE_FLOAT16) | TYPE_BIT(TYPE_BFLOAT16) | TYPE_BIT(TYPE_INT8) | TYPE_BIT(TYPE_UINT8) |
                               TYPE_BIT(TYPE_INT16) | TYPE_BIT(TYPE_UINT16);
/* Which a node that has float64 too computes in float64. */
static const unsigned NARROW_FLOATS = TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_FLOAT16) | TYPE_BIT(TYPE_BFLOAT16);

static bool is_of(const struct tensor *tensor, unsigned types)
{
    return tensor && (TYPE_BIT(tensor->type) & types);
}

static bool has_kernel(const struct node *node)
{
    const struct kernel *kernel;
    return kernel_candidates(node, &kernel, 1) || recurrent_expands(node);
}

/* Is there a kernel, but only if tensors of these types were `to`? */
static bool has_wide_kernel(const struct node *node, unsigned types, enum type to)
{
    struct tensor copy[2 * MOST_TENSORS], *tensor[2 * MOST_TENSORS] = {NULL};
    struct node wide = *node;
    bool found = false;
    if (node->input_count > MOST_TENSORS || node->output_count > MOST_TENSORS)
        return false;
    for (int i = 0; i < node->input_count + node->output_count; i++) {
        const bool input = i < node->input_count;
        const struct tensor *own = input ? node->input[i] : node->output[i - node->input_count];
        if (!own)
            continue;
        copy[i] = *own;
        tensor[i] = &copy[i];
        found |= is_of(own, types);
        if (is_of(own, types))
            copy[i].type = to;
    }
    wide.input = tensor;
    wide.output = tensor + node->input_count;
    return found && !has_kernel(node) && has_kernel(&wide);
}

static struct tensor *wide_constant(struct graph *graph, const struct tensor *narrow, enum type to)
{
    const int64_t size = shape_size(narrow->shape);
    double *values = arena_array(graph->arena, (size_t)size + 1, sizeof *values);
    for (int64_t i = 0; i < size; i++)
        values[i] = tensor_double(narrow, i);
    return wide_reals(graph, narrow->name, to, narrow->shape, values);
}

static struct node *new_cast(struct graph *graph, int at, const char *name, enum type to)
{
    struct node *cast = graph_node(graph, at, name, "Cast", 1, 1);
    cast->op = op_find("", "Cast", graph->opset);
    node_set_attribute(graph, cast, (struct attribute){.name = "to", .kind = ATTRIBUTE_INT, .i = to});
    return cast;
}

static struct tensor *wide_tensor(struct graph *graph, const struct tensor *narrow, enum type to)
{
    struct tensor *tensor = graph_tensor(graph, narrow->name);
    tensor->type = to;
    tensor->shape = narrow->shape;
    tensor->shaped = true;
    return tensor;
}

static void cast_inputs(struct graph *graph, struct node *node, unsigned types, enum type to)
{
    for (int i = 0; i < node->input_count; i++) {
        struct tensor *narrow = node->input[i];
        if (!is_of(narrow, types))
            continue;
        if (tensor_is_constant(narrow)) {
            node->input[i] = wide_constant(graph, narrow, to);
            continue;
        }
        struct node *cast = new_cast(graph, graph_position(graph, node), node->name, to);
        cast->input[0] = narrow;
        node->input[i] = cast->output[0] = wide_tensor(graph, narrow, to);
    }
}

static void cast_outputs(struct graph *graph, struct node *node, unsigned types, enum type to)
{
    for (int k = 0; k < node->output_count; k++) {
        struct tensor *narrow = node->output[k];
        if (!is_of(narrow, types))
            continue;
        struct node *cast = new_cast(graph, graph_position(graph, node) + 1, node->name, narrow->type);
        cast->output[0] = narrow;
        node->output[k] = cast->input[0] = wide_tensor(graph, narrow, to);
    }
}

static bool has_doubles(const struct node *node)
{
    bool found = false;
    for (int i = 0; i < node->input_count + node->output_count; i++)
        found |= is_of(i < node->input_count ? node->input[i] : node->output[i - node->input_count],
                       TYPE_BIT(TYPE_DOUBLE));
    return found;
}

void widen(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        const bool doubles = has_doubles(node);
        const enum type to = doubles ? TYPE_DOUBLE : TYPE_FLOAT;
        const unsigned types = doubles ? NARROW_FLOATS : NARROW;
        if (!has_wide_kernel(node, types, to))
            continue;
        cast_inputs(graph, node, types, to);
        cast_outputs(graph, node, types, to);
        n = graph_position(graph, node);
    }
    graph_sweep(graph);
}
