/* one_hot.c -- OneHot, EyeLike and Trilu: where an element lies says what it is. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <string.h>

/* ---- OneHot ---- */

int one_hot_axis(const struct node *node)
{
    const int rank = node->input[0]->shape.rank + 1;
    const int64_t given = node_int(node, "axis", -1);
    if (shape_axis(rank, given) < 0)
        node_fail(node, "axis %" PRId64 " is out of range for rank %d", given, rank);
    return shape_axis(rank, given);
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape y = settled_shape(graph, node, 1, "depth", node->input[0]->shape.rank + 1);
    settle_input(graph, node, 1, "depth", HOLDS_EQUAL, 1, &y.dim[one_hot_axis(node)], (struct shape){0});
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *depth = constant_input(node, 1, "depth"), *values = node->input[2];
    const struct shape indices = node->input[0]->shape;
    const int axis = one_hot_axis(node);
    if (shape_size(depth->shape) != 1 || tensor_int(depth, 0) < 0)
        node_fail(node, "depth is no size");
    if (values->shape.rank != 1 || values->shape.dim[0] != 2)
        node_fail(node, "values has %" PRId64 " elements, expected off and on", shape_size(values->shape));
    if (indices.rank == MAX_RANK)
        node_fail(node, "the result has rank %d; mednnc takes at most %d", MAX_RANK + 1, MAX_RANK);
    struct shape y = {.rank = indices.rank + 1};
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = i == axis ? tensor_int(depth, 0) : indices.dim[i - (i > axis)];
    output_set(node, 0, values->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *indices = node->input[0], *y = node->output[0];
    const int axis = one_hot_axis(node);
    const int64_t depth = y->shape.dim[axis], size = shape_size(y->shape);
    int64_t at[MAX_RANK] = {0}, from[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        for (int a = 0; a < indices->shape.rank; a++)
            from[a] = at[a + (a >= axis)];
        int64_t index = element_integer(indices->type, input[0], shape_offset(indices->shape, from));
        if (index < 0 && index >= -depth)
            index += depth;
        element_copy(y->type, output[0], i, input[2], index == at[axis]);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    const int axis = one_hot_axis(node);
    for (int a = 0; a < need.rank && input == 0; a++)
        need.axis[a] = region.axis[a + (a >= axis)];
    return need;
}

/* ---- Trilu ---- */

static void infer_trilu(struct graph *graph, struct node *node)
{
    const struct tensor *x = node->input[0], *k = node_input(node, 1);
    if (x->shape.rank < 2)
        node_fail(node, "input has rank %d, expected at least 2", x->shape.rank);
    if (k && (k->type != TYPE_INT64 || shape_size(k->shape) != 1))
        node_fail(node, "k has shape %s and type %s, expected one int64", shape_string(graph->arena, k->shape),
                  type_name(k->type));
    output_set(node, 0, x->type, x->shape);
}

static void evaluate_trilu(const struct node *node, const void *const input[], void *const output[])
{
    const struct shape shape = node->input[0]->shape;
    const enum type type = node->input[0]->type;
    const bool upper = node_int(node, "upper", 1) != 0;
    int64_t k = node_input(node, 1) ? *(const int64_t *)input[1] : 0, at[MAX_RANK] = {0}, size = shape_size(shape);
    for (int64_t i = 0; i < size; i++, shape_next(shape, at)) {
        const int64_t diagonal = at[shape.rank - 1] - at[shape.rank - 2];
        if (upper ? diagonal >= k : diagonal <= k)
            element_copy(type, output[0], i, input[0], i);
        else
            memset((char *)output[0] + (size_t)i * type_size(type), 0, type_size(type));
    }
}

static struct region reads_trilu(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    return input ? region_whole(node->input[input]->shape) : region;
}

/* ---- EyeLike ---- */

static void infer_eye(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *x = node->input[0];
    const enum type type = (enum type)node_int(node, "dtype", x->type);
    if (x->shape.rank != 2)
        node_fail(node, "input has rank %d, expected 2", x->shape.rank);
    if (!type_size(type))
        node_fail(node, "dtype %s is not supported", type_name(type));
    output_set(node, 0, type, x->shape);
}

static void evaluate_eye(const struct node *node, const void *const input[], void *const output[])
{
    (void)input;
    const struct tensor *y = node->output[0];
    const int64_t k = node_int(node, "k", 0), columns = y->shape.dim[1], size = shape_size(y->shape);
    for (int64_t i = 0; i < size; i++)
        element_set_real(y->type, output[0], i, i % columns - i / columns == k);
}

const struct op one_hot_rows[] = {
    {.type = "EyeLike",
     .domain = "",
     .since_version = 9,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "dtype k ",
     .infer = infer_eye,
     .evaluate = evaluate_eye,
     .shape_only = true},
    {.type = "OneHot",
     .domain = "",
     .since_version = 11,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "axis ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = "Trilu",
     .domain = "",
     .since_version = 14,
     .min_inputs = 1,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "upper ",
     .infer = infer_trilu,
     .evaluate = evaluate_trilu,
     .reads = reads_trilu},
    {.type = NULL},
};
