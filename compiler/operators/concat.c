/* concat.c -- Concat along one axis. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

static void infer(struct graph *graph, struct node *node)
{
    if (!node_attribute(node, "axis"))
        node_fail(node, "attribute axis is missing");
    int axis = node_axis(node, 0);
    struct shape shape = node->input[0]->shape;
    for (int i = 1; i < node->input_count; i++) {
        if (!node->input[i])
            node_fail(node, "input %d is missing", i);
        struct shape other = node->input[i]->shape;
        bool fits = other.rank == shape.rank;
        for (int a = 0; fits && a < shape.rank; a++)
            fits = a == axis || other.dim[a] == shape.dim[a];
        if (!fits)
            node_fail(node, "'%s' is %s, which does not join %s along axis %d", node->input[i]->name,
                      shape_string(graph->arena, other), shape_string(graph->arena, shape), axis);
        if (__builtin_add_overflow(shape.dim[axis], other.dim[axis], &shape.dim[axis]))
            node_fail(node, "the result is too large");
        input_same_type(node, i);
    }
    output_set(node, 0, node->input[0]->type, shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *y = node->output[0];
    int axis = node_axis(node, 0);
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        int64_t from[MAX_RANK];
        int k = 0;
        for (int a = 0; a < y->shape.rank; a++)
            from[a] = at[a];
        while (from[axis] >= node->input[k]->shape.dim[axis])
            from[axis] -= node->input[k++]->shape.dim[axis];
        element_copy(y->type, output[0], i, input[k], shape_offset(node->input[k]->shape, from));
    }
}

static void moves(const struct node *node, struct moves *moves)
{
    int axis = node_axis(node, 0);
    int64_t start = 0;
    for (int i = 0; i < node->input_count; i++) {
        struct shape shape = node->input[i]->shape;
        struct move *move = moves_add(moves, i, shape.rank, shape);
        move->output_start[axis] = start;
        start += shape.dim[axis];
    }
}

static struct region moves_read(const struct node *node, int input, struct region region)
{
    const int axis = node_axis(node, 0);
    struct range *range = &region.axis[axis];
    for (int i = 0; i < input; i++) {
        range->begin -= node->input[i]->shape.dim[axis];
        range->end -= node->input[i]->shape.dim[axis];
    }
    return region_intersect(region, region_whole(node->input[input]->shape));
}

const struct op concat_rows[] = {
    {.type = "Concat",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = -1,
     .max_outputs = 1,
     .attributes = "axis ",
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .moves_read = moves_read,
     .constant = constant_moves,
     .couple = couple_moves},
    {.type = NULL},
};
