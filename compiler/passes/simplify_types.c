/* simplify_types.c -- products of integers, and Resize of any type, by operators that have kernels for them. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/resize.h"
#include "edit.h"
#include "simplify.h"

#include <string.h>

static void set_equation(struct graph *graph, struct node *node, const char *equation)
{
    node_set_attribute(graph, node,
                       (struct attribute){.name = "equation", .kind = ATTRIBUTE_STRING, .s = equation});
}

/* The leading axes of an operand of rank `rank` by letters that count from the matrix on: the last is A. */
static const char *stack_letters(struct graph *graph, int rank)
{
    const char *letters = "";
    for (int axis = 2; axis < rank; axis++)
        letters = arena_printf(graph->arena, "%c%s", 'A' + axis - 2, letters);
    return letters;
}

bool matmul_to_einsum(struct graph *graph, struct node *node)
{
    if (!node_is(node, "MatMul") || !type_is_integer(node->input[0]->type))
        return false;
    const int a = node->input[0]->shape.rank, b = node->input[1]->shape.rank;
    const char *rows = a > 1 ? "i" : "", *columns = b > 1 ? "j" : "";
    const char *equation =
        arena_printf(graph->arena, "%s%sk,%sk%s->%s%s%s", stack_letters(graph, a), rows, stack_letters(graph, b), columns,
                     stack_letters(graph, a > b ? a : b), rows, columns);
    node_become(graph, node, "Einsum", 2, (struct tensor *[]){node->input[0], node->input[1]});
    set_equation(graph, node, equation);
    return true;
}

bool gemm_to_einsum(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Gemm") || !type_is_integer(node->input[0]->type))
        return false;
    struct tensor *c = node_input(node, 2);
    if (node_float(node, "alpha", 1) != 1 || (c && node_float(node, "beta", 1) != 1))
        return false;
    const char *equation = arena_printf(graph->arena, "%s,%s->ij", node_int(node, "transA", 0) ? "ki" : "ik",
                                        node_int(node, "transB", 0) ? "jk" : "kj");
    struct node *product = node_insert(graph, node, "Einsum", 2, node->output[0]);
    product->input[0] = node->input[0];
    product->input[1] = node->input[1];
    set_equation(graph, product, equation);
    if (c)
        node_become(graph, node, "Add", 2, (struct tensor *[]){product->output[0], c});
    else
        node_become(graph, node, "Identity", 1, product->output);
    return true;
}

/* The input element of every output along an axis, or NULL where one is extrapolated. */
static struct tensor *nearest_elements(struct graph *graph, const struct node *node, const struct resize *resize, int axis)
{
    const int64_t outputs = resize->axis[axis].outputs;
    int64_t *index = arena_array(graph->arena, (size_t)outputs, sizeof *index);
    for (int64_t i = 0; i < outputs; i++) {
        const struct resample_taps taps = resize_taps(resize, axis, i);
        if (!taps.count)
            return NULL;
        index[i] = resize_index(resize, axis, &taps, 0);
    }
    return graph_constant(graph, arena_printf(graph->arena, "%s.axis%d", node->name, axis), TYPE_INT64,
                          (struct shape){.rank = 1, .dim = {outputs}}, index);
}

bool nearest_to_gather(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Resize") || node->input[0]->type == TYPE_FLOAT || strcmp(node_string(node, "mode", "nearest"), "nearest"))
        return false;
    const struct resize resize = resize_of(node);
    struct tensor *index[MAX_RANK] = {NULL}, *x = node->input[0];
    for (int a = 0; a < resize.rank; a++) {
        index[a] = resize.axis[a].resized ? nearest_elements(graph, node, &resize, a) : NULL;
        if (resize.axis[a].resized && !index[a])
            return false;
    }
    for (int a = 0; a < resize.rank; a++) {
        if (!index[a])
            continue;
        struct node *gather = node_insert(graph, node, "Gather", 2, x);
        gather->input[0] = x;
        gather->input[1] = index[a];
        node_set_attribute(graph, gather, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = a});
        x = gather->output[0];
        x->shape.dim[a] = index[a]->shape.dim[0];
    }
    node_become(graph, node, "Identity", 1, &x);
    return true;
}
