/* max_unpool.c -- MaxUnpool: elements back to where MaxPool found them. Indices count through the output's natural shape;
 * those that are out of range are left out. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <string.h>

struct shape unpool_natural_shape(const struct node *node)
{
    struct shape shape = node->input[0]->shape;
    const int spatial = shape.rank - 2;
    const struct attribute *kernel = node_attribute(node, "kernel_shape");
    if (spatial < 1 || !kernel || kernel->kind != ATTRIBUTE_INTS || kernel->count != spatial)
        node_fail(node, "kernel_shape does not name a size for each of %d spatial axes", spatial < 0 ? 0 : spatial);
    for (int i = 0; i < spatial; i++) {
        const int64_t stride = node_ints(node, "strides", i, 1), size = shape.dim[i + 2];
        const int64_t pads = node_ints(node, "pads", i, 0) + node_ints(node, "pads", i + spatial, 0);
        int64_t *dim = &shape.dim[i + 2];
        if (__builtin_mul_overflow(size - 1, stride, dim) || __builtin_add_overflow(*dim, kernel->ints[i], dim) ||
            __builtin_sub_overflow(*dim, pads, dim) || *dim < 1)
            node_fail(node, "kernel_shape, strides and pads of spatial axis %d give no size", i);
    }
    return shape;
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 2))
        return;
    const struct shape y = settled_shape(graph, node, 2, "output_shape", node->input[0]->shape.rank);
    settle_input(graph, node, 2, "output_shape", HOLDS_EQUAL, y.rank, y.dim, (struct shape){0});
}

static void infer(struct graph *graph, struct node *node)
{
    const struct tensor *x = node->input[0], *indices = node->input[1];
    const struct tensor *asked = constant_input(node, 2, "output_shape");
    struct shape y = unpool_natural_shape(node);
    shape_size(y);
    if (indices->type != TYPE_INT64 || !shape_equal(indices->shape, x->shape))
        node_fail(node, "I has shape %s and type %s, expected int64 of shape %s",
                  shape_string(graph->arena, indices->shape), type_name(indices->type),
                  shape_string(graph->arena, x->shape));
    if (asked && shape_size(asked->shape) != y.rank)
        node_fail(node, "output_shape has %" PRId64 " entries, expected %d", shape_size(asked->shape), y.rank);
    for (int i = 0; asked && i < y.rank; i++) {
        y.dim[i] = tensor_int(asked, i);
        if (y.dim[i] < 0)
            node_fail(node, "output_shape holds %" PRId64, y.dim[i]);
    }
    output_set(node, 0, x->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct shape natural = unpool_natural_shape(node);
    const int64_t size = shape_size(x->shape), most = shape_size(natural);
    memset(output[0], 0, (size_t)shape_size(y->shape) * type_size(y->type));
    for (int64_t i = 0; i < size; i++) {
        int64_t index = ((const int64_t *)input[1])[i], at[MAX_RANK];
        bool inside = index >= 0 && index < most;
        for (int a = natural.rank - 1; a >= 0 && inside; a--) {
            at[a] = index % natural.dim[a];
            index /= natural.dim[a];
            inside = at[a] < y->shape.dim[a];
        }
        if (inside)
            element_copy(y->type, output[0], shape_offset(y->shape, at), input[0], i);
    }
}

const struct op max_unpool_rows[] = {
    {.type = "MaxUnpool",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "kernel_shape pads strides ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate},
    {.type = NULL},
};
