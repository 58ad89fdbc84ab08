/* gather.c -- Gather along one axis. With constant indices it is data movement; computed ones that are
 * out of range clamp. */
/* SPDX-License-Identifier: MIT */
#include "indexed.h"
#include "known.h"
#include "rows.h"

#include <inttypes.h>

/* Element i of the indices, counted from the front of the axis; out of range clamps (checked where they are
 * known). */
static int64_t index_at(const struct tensor *indices, const void *data, int64_t i, int64_t size)
{
    int64_t index = element_integer(indices->type, data, i);
    if (index < 0)
        index += size;
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *indices = node->input[1];
    struct shape x = node->input[0]->shape, y = {0};
    int axis = node_axis(node, 0);
    if (indices->type != TYPE_INT64 && indices->type != TYPE_INT32)
        node_fail(node, "indices have type %s", type_name(indices->type));
    if (x.rank - 1 + indices->shape.rank > MAX_RANK)
        node_fail(node, "the result has rank %d; mednnc takes at most %d", x.rank - 1 + indices->shape.rank,
                  MAX_RANK);
    int64_t count = shape_size(indices->shape);
    if (count && !x.dim[axis])
        node_fail(node, "axis %d is empty", axis);
    for (int64_t i = 0; tensor_is_constant(indices) && i < count; i++)
        if (tensor_int(indices, i) < -x.dim[axis] || tensor_int(indices, i) >= x.dim[axis])
            node_fail(node, "index %" PRId64 " is out of range for axis %d of size %" PRId64,
                      tensor_int(indices, i), axis, x.dim[axis]);
    for (int i = 0; i < axis; i++)
        y.dim[y.rank++] = x.dim[i];
    for (int i = 0; i < indices->shape.rank; i++)
        y.dim[y.rank++] = indices->shape.dim[i];
    for (int i = axis + 1; i < x.rank; i++)
        y.dim[y.rank++] = x.dim[i];
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *indices = node->input[1];
    int axis = node_axis(node, 0);
    int64_t count = shape_size(indices->shape), inner = 1, length = x->shape.dim[axis];
    int64_t size = shape_size(node->output[0]->shape);
    for (int i = axis + 1; i < x->shape.rank; i++)
        inner *= x->shape.dim[i];
    for (int64_t i = 0; i < size; i++) {
        int64_t which = index_at(indices, input[1], i / inner % count, length);
        int64_t from = (i / inner / count * length + which) * inner + i % inner;
        element_copy(x->type, output[0], i, input[0], from);
    }
}

/* Indices from `first` on that keep one distance, along the last axis of the indices. */
static int64_t run_length(const struct tensor *indices, int64_t first, int64_t size, int64_t *step)
{
    int rank = indices->shape.rank;
    int64_t row = rank ? indices->shape.dim[rank - 1] : 1, left = row - first % row, count = 1;
    *step = 0;
    if (left > 1)
        *step =
            index_at(indices, indices->data, first + 1, size) - index_at(indices, indices->data, first, size);
    while (count < left && index_at(indices, indices->data, first + count, size) ==
                               index_at(indices, indices->data, first + count - 1, size) + *step)
        count++;
    return count;
}

static void moves(const struct node *node, struct moves *moves)
{
    const struct tensor *x = node->input[0], *indices = node->input[1];
    struct shape y = node->output[0]->shape;
    int axis = node_axis(node, 0), rank = indices->shape.rank;
    if (!tensor_is_constant(indices))
        return;
    int64_t total = shape_size(indices->shape), step, at[MAX_RANK] = {0};
    for (int64_t i = 0, count; i < total; i += count) {
        count = run_length(indices, i, x->shape.dim[axis], &step);
        struct move *move = moves_add(moves, 0, x->shape.rank, y);
        for (int k = 0; k < rank; k++) {
            move->output_start[axis + k] = at[k];
            move->count[axis + k] = k == rank - 1 ? count : 1;
        }
        for (int k = 0; k < x->shape.rank; k++)
            move->input_axis[k] = k < axis ? k : k - 1 + rank;
        move->input_axis[axis] = rank ? axis + rank - 1 : 0;
        move->input_start[axis] = index_at(indices, indices->data, i, x->shape.dim[axis]);
        move->input_step[axis] = rank ? step : 0;
        for (int64_t k = 0; k < count; k++)
            shape_next(indices->shape, at);
    }
}

/* Positions in the list of indices are slices, too: they go with the elements that they fetch. */
static void couple(const struct node *node, struct couples *couples)
{
    const struct tensor *indices = node->input[1];
    if (!tensor_is_constant(indices)) {
        couple_pin_node(node, couples);
        return;
    }
    couple_moves(node, couples);
    for (int a = 0; a < indices->shape.rank; a++)
        couple_axes(couples, indices, a, node->output[0], node_axis(node, 0) + a);
}

/* Which element of the list stays where, and what it fetches. */
static void cut(struct graph *graph, struct node *node, const struct cut *cut)
{
    const struct tensor *x = node->input[0], *indices = node->input[1];
    int axis = node_axis(node, 0);
    struct shape left = cut_shape(cut, indices);
    int64_t *values = arena_array(graph->arena, (size_t)shape_size(left), sizeof *values);
    int64_t count = shape_size(indices->shape), kept = 0, at[MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++, shape_next(indices->shape, at)) {
        bool stays = true;
        for (int a = 0; a < indices->shape.rank; a++)
            stays &= cut_keeps(cut, indices, a, at[a]);
        if (stays)
            values[kept++] =
                cut_count(cut, x, axis, 0, index_at(indices, indices->data, i, x->shape.dim[axis]));
    }
    node->input[1] = graph_constant(graph, indices->name, TYPE_INT64, left, values);
}

const struct op gather_rows[] = {
    {.type = "Gather",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "axis ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = gather_reads,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple,
     .cut = cut},
    {.type = NULL},
};
