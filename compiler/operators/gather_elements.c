/* gather_elements.c -- GatherElements and GatherND. Computed indices that are out of range clamp. */
/* SPDX-License-Identifier: MIT */
#include "indexed.h"
#include "rows.h"

#include <inttypes.h>

static void check_index(const struct node *node, int64_t index, int64_t size)
{
    if (index < -size || index >= size)
        node_fail(node, "index %" PRId64 " is out of range for an axis of size %" PRId64, index, size);
}

static void check_type(const struct node *node)
{
    const enum type type = node->input[1]->type;
    if (type != TYPE_INT64 && type != TYPE_INT32)
        node_fail(node, "indices have type %s", type_name(type));
}

static int64_t clamped(int64_t index, int64_t size)
{
    if (index < 0)
        index += size;
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

/* ---- GatherElements ---- */

void indexed_check_elements(struct graph *graph, const struct node *node)
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int axis = node_axis(node, 0);
    check_type(node);
    if (indices->shape.rank != data->shape.rank)
        node_fail(node, "indices have rank %d, data %d", indices->shape.rank, data->shape.rank);
    for (int i = 0; i < data->shape.rank; i++)
        if (i != axis && indices->shape.dim[i] > data->shape.dim[i])
            node_fail(node, "indices of shape %s reach beyond data of shape %s",
                      shape_string(graph->arena, indices->shape), shape_string(graph->arena, data->shape));
    const int64_t count = shape_size(indices->shape);
    if (count && !data->shape.dim[axis])
        node_fail(node, "axis %d is empty", axis);
    for (int64_t i = 0; tensor_is_constant(indices) && i < count; i++)
        check_index(node, tensor_int(indices, i), data->shape.dim[axis]);
}

static void infer(struct graph *graph, struct node *node)
{
    indexed_check_elements(graph, node);
    output_set(node, 0, node->input[0]->type, node->input[1]->shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int axis = node_axis(node, 0);
    int64_t size = shape_size(indices->shape), at[MAX_RANK] = {0}, from[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(indices->shape, at)) {
        for (int a = 0; a < data->shape.rank; a++)
            from[a] = at[a];
        from[axis] = clamped(element_integer(indices->type, input[1], i), data->shape.dim[axis]);
        element_copy(data->type, output[0], i, input[0], shape_offset(data->shape, from));
    }
}

/* ---- GatherND ---- */

void indexed_check_slices(const struct node *node)
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int64_t batch = node_int(node, "batch_dims", 0);
    check_type(node);
    if (!data->shape.rank || !indices->shape.rank)
        node_fail(node, "data or indices are scalar");
    const int last = indices->shape.rank - 1;
    const int64_t components = indices->shape.dim[last];
    if (batch < 0 || batch > last || batch + components > data->shape.rank || components < 1)
        node_fail(node, "indices of %" PRId64 " numbers and batch_dims %" PRId64 " for data of rank %d", components,
                  batch, data->shape.rank);
    if (last + data->shape.rank - batch - components > MAX_RANK)
        node_fail(node, "the result has rank %" PRId64 "; mednnc takes at most %d",
                  last + data->shape.rank - batch - components, MAX_RANK);
    for (int i = 0; i < batch; i++)
        if (data->shape.dim[i] != indices->shape.dim[i])
            node_fail(node, "batch axis %d has size %" PRId64 " in data and %" PRId64 " in indices", i,
                      data->shape.dim[i], indices->shape.dim[i]);
    const int64_t count = shape_size(indices->shape);
    for (int64_t i = 0; i < components; i++)
        if (count && !data->shape.dim[batch + i])
            node_fail(node, "axis %" PRId64 " of the data is empty", batch + i);
    for (int64_t i = 0; tensor_is_constant(indices) && i < count; i++)
        check_index(node, tensor_int(indices, i), data->shape.dim[batch + i % components]);
}

struct shape indexed_shape(const struct node *node)
{
    const struct shape data = node->input[0]->shape, indices = node->input[1]->shape;
    const struct indexed indexed = node_indexed(node);
    struct shape shape = {.rank = indexed.rank};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] =
            indexed.data_axis[i] >= 0 ? data.dim[indexed.data_axis[i]] : indices.dim[indexed.index_axis[i]];
    return shape;
}

static void infer_nd(struct graph *graph, struct node *node)
{
    (void)graph;
    indexed_check_slices(node);
    output_set(node, 0, node->input[0]->type, indexed_shape(node));
}

static void evaluate_nd(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int batch = (int)node_int(node, "batch_dims", 0), last = indices->shape.rank - 1;
    const int components = (int)indices->shape.dim[last];
    int64_t tuples = shape_size(indices->shape) / components, batches = 1, inner = 1;
    for (int i = 0; i < batch; i++)
        batches *= data->shape.dim[i];
    for (int i = batch + components; i < data->shape.rank; i++)
        inner *= data->shape.dim[i];
    for (int64_t i = 0; i < tuples; i++) {
        int64_t from = i / (tuples / batches);
        for (int k = 0; k < components; k++)
            from = from * data->shape.dim[batch + k] +
                   clamped(element_integer(indices->type, input[1], i * components + k), data->shape.dim[batch + k]);
        for (int64_t k = 0; k < inner; k++)
            element_copy(data->type, output[0], i * inner + k, input[0], from * inner + k);
    }
}

struct region gather_reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    return input ? indexed_indices(node, region) : indexed_data(node, region);
}

const struct op gather_elements_rows[] = {
    {.type = "GatherElements",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "axis ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = gather_reads},
    {.type = "GatherND",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "batch_dims ",
     .infer = infer_nd,
     .evaluate = evaluate_nd,
     .reads = gather_reads},
    {.type = NULL},
};
