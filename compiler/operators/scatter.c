/* scatter.c -- ScatterElements and ScatterND. Updates whose computed index is out of range are left out. */
/* SPDX-License-Identifier: MIT */
#include "indexed.h"
#include "rows.h"

#include <string.h>

static void check_updates(const struct node *node, struct shape expected)
{
    const struct tensor *data = node->input[0], *updates = node->input[2];
    const char *reduction = node_string(node, "reduction", "none");
    static const char *const known[] = {"none", "add", "mul", "min", "max"};
    bool found = false;
    input_same_type(node, 2);
    if (!shape_equal(updates->shape, expected))
        node_fail(node, "updates do not have the shape that data and indices ask for");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found |= !strcmp(known[i], reduction);
    if (!found || (data->type == TYPE_BOOL && strcmp(reduction, "none")))
        node_fail(node, "reduction %s of %s is not known", reduction, type_name(data->type));
}

static void infer(struct graph *graph, struct node *node)
{
    indexed_check_elements(graph, node);
    check_updates(node, node->input[1]->shape);
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static void infer_nd(struct graph *graph, struct node *node)
{
    (void)graph;
    indexed_check_slices(node);
    check_updates(node, indexed_shape(node));
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

/* y[to] = y[to] joined with updates[from]. */
static void update(const struct node *node, void *y, int64_t to, const void *updates, int64_t from)
{
    const char *reduction = node_string(node, "reduction", "none");
    const enum type type = node->input[0]->type;
    if (!strcmp(reduction, "none")) {
        element_copy(type, y, to, updates, from);
    } else if (type_is_float(type)) {
        const double a = element_real(type, y, to), b = element_real(type, updates, from);
        const bool is_less = b < a || b != b, is_greater = b > a || b != b;
        element_set_real(type, y, to,
                         !strcmp(reduction, "add")   ? a + b
                         : !strcmp(reduction, "mul") ? a * b
                         : !strcmp(reduction, "min") ? (is_less ? b : a)
                                                     : (is_greater ? b : a));
    } else {
        const int64_t a = element_integer(type, y, to), b = element_integer(type, updates, from);
        const bool is_less = type == TYPE_UINT64 ? (uint64_t)b < (uint64_t)a : b < a;
        element_set_integer(type, y, to,
                            !strcmp(reduction, "add")   ? (int64_t)((uint64_t)a + (uint64_t)b)
                            : !strcmp(reduction, "mul") ? (int64_t)((uint64_t)a * (uint64_t)b)
                            : !strcmp(reduction, "min") ? (is_less ? b : a)
                                                        : (is_less ? a : b));
    }
}

/* An index counted from the front; -1: out of range. */
static int64_t from_front(int64_t index, int64_t size)
{
    if (index < 0)
        index += size;
    return index < 0 || index >= size ? -1 : index;
}

static void copy_data(const struct node *node, const void *const input[], void *const output[])
{
    int64_t size = shape_size(node->input[0]->shape);
    for (int64_t i = 0; i < size; i++)
        element_copy(node->input[0]->type, output[0], i, input[0], i);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int axis = node_axis(node, 0);
    int64_t size = shape_size(indices->shape), at[MAX_RANK] = {0}, to[MAX_RANK];
    copy_data(node, input, output);
    for (int64_t i = 0; i < size; i++, shape_next(indices->shape, at)) {
        memcpy(to, at, sizeof to);
        to[axis] = from_front(element_integer(indices->type, input[1], i), data->shape.dim[axis]);
        if (to[axis] >= 0)
            update(node, output[0], shape_offset(data->shape, to), input[2], i);
    }
}

static void evaluate_nd(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *data = node->input[0], *indices = node->input[1];
    const int components = (int)indices->shape.dim[indices->shape.rank - 1];
    int64_t tuples = shape_size(indices->shape) / components, inner = 1;
    for (int i = components; i < data->shape.rank; i++)
        inner *= data->shape.dim[i];
    copy_data(node, input, output);
    for (int64_t i = 0; i < tuples; i++) {
        int64_t to = 0;
        for (int k = 0; k < components && to >= 0; k++) {
            const int64_t index =
                from_front(element_integer(indices->type, input[1], i * components + k), data->shape.dim[k]);
            to = index < 0 ? -1 : to * data->shape.dim[k] + index;
        }
        for (int64_t k = 0; k < inner && to >= 0; k++)
            update(node, output[0], to * inner + k, input[2], i * inner + k);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    if (input == 0)
        return region;
    const struct region updates = indexed_updates(node, region);
    return input == 2 ? updates : indexed_indices(node, updates);
}

const struct op scatter_rows[] = {
    {.type = "ScatterElements",
     .domain = "",
     .since_version = 18,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .attributes = "axis reduction ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = "ScatterND",
     .domain = "",
     .since_version = 18,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .attributes = "reduction ",
     .infer = infer_nd,
     .evaluate = evaluate_nd,
     .reads = reads},
    {.type = NULL},
};
