/* split.c -- Split into parts along one axis. The pass `simplify` turns it into Slice nodes. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>

/* Begin of part k along the axis; part output_count begins at the end. */
static int64_t part_begin(const struct node *node, int k)
{
    const struct tensor *sizes = constant_input(node, 1, "split");
    int64_t length = node->input[0]->shape.dim[node_axis(node, 0)], begin = 0;
    if (!sizes) {
        int64_t size = (length + node->output_count - 1) / node->output_count;
        return k * size < length ? k * size : length;
    }
    for (int i = 0; i < k; i++)
        begin += tensor_int(sizes, i);
    return begin;
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const int axis = node_axis(node, 0), count = node->output_count;
    int64_t *sizes = arena_array(graph->arena, (size_t)count, sizeof *sizes);
    for (int k = 0; k < count; k++) {
        struct shape y;
        if (!node->output[k] || !declared_shape(graph, node, k, &y))
            fail_undeclared(node, 1, "split");
        if (y.rank <= axis)
            node_fail(node, "part %d is declared to have rank %d but has rank %d", k, y.rank, node->input[0]->shape.rank);
        sizes[k] = y.dim[axis];
    }
    settle_input(graph, node, 1, "split", HOLDS_EQUAL, count, sizes, (struct shape){0});
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape shape = node->input[0]->shape;
    int axis = node_axis(node, 0);
    int64_t length = shape.dim[axis], left = length,
            parts = node_int(node, "num_outputs", node->output_count);
    const struct tensor *sizes = constant_input(node, 1, "split");
    if (parts != node->output_count)
        node_fail(node, "num_outputs is %" PRId64 " but the node has %d outputs", parts, node->output_count);
    if (sizes && (sizes->shape.rank != 1 || sizes->shape.dim[0] != parts))
        node_fail(node, "split has %" PRId64 " entries but the node has %" PRId64 " outputs",
                  shape_size(sizes->shape), parts);
    for (int k = 0; sizes && k < parts; k++) {
        int64_t size = tensor_int(sizes, k);
        if (size < 0 || size > left)
            node_fail(node, "part %d of size %" PRId64 " does not fit into axis %d of size %" PRId64, k, size,
                      axis, length);
        left -= size;
    }
    if (sizes && left)
        node_fail(node, "the parts do not add up to axis %d of size %" PRId64, axis, length);
    for (int k = 0; k < parts; k++) {
        shape.dim[axis] = part_begin(node, k + 1) - part_begin(node, k);
        output_set(node, k, node->input[0]->type, shape);
    }
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    int axis = node_axis(node, 0);
    for (int k = 0; k < node->output_count; k++) {
        const struct tensor *y = node->output[k];
        if (!y)
            continue;
        int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, begin = part_begin(node, k);
        for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
            at[axis] += begin;
            element_copy(x->type, output[k], i, input[0], shape_offset(x->shape, at));
            at[axis] -= begin;
        }
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    if (input > 0)
        return region_whole(node->input[input]->shape);
    int axis = node_axis(node, 0);
    region.axis[axis].begin += part_begin(node, output);
    region.axis[axis].end += part_begin(node, output);
    return region;
}

static void couple(const struct node *node, struct couples *couples)
{
    const struct tensor *x = node->input[0];
    int axis = node_axis(node, 0);
    couple_pin_inputs(node, 1, couples);
    for (int k = 0; k < node->output_count; k++) {
        const struct tensor *y = node->output[k];
        for (int64_t i = part_begin(node, k); !y && i < part_begin(node, k + 1); i++)
            couple_pin_slice(couples, x, axis, i);
        for (int a = 0; y && a < x->shape.rank; a++)
            for (int64_t i = 0; i < y->shape.dim[a]; i++)
                couple_slices(couples, y, a, i, x, a, i + (a == axis ? part_begin(node, k) : 0));
    }
}

static void cut(struct graph *graph, struct node *node, const struct cut *cut)
{
    int axis = node_axis(node, 0), count = node->output_count;
    int64_t *sizes = arena_array(graph->arena, (size_t)count, sizeof *sizes);
    for (int k = 0; k < count; k++)
        sizes[k] = cut_count(cut, node->input[0], axis, part_begin(node, k), part_begin(node, k + 1));
    cut_integers(graph, node, 1, count, sizes);
    node_remove_attribute(node, "num_outputs");
}

const struct op split_rows[] = {
    {.type = "Split",
     .domain = "",
     .since_version = 18,
     .min_inputs = 1,
     .max_inputs = 2,
     .max_outputs = INT32_MAX,
     .attributes = "axis num_outputs ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple,
     .cut = cut},
    {.type = NULL},
};
