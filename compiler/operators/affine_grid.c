/* affine_grid.c -- AffineGrid: where the points of a regular grid land; `simplify` makes a product of it. */
/* SPDX-License-Identifier: MIT */
#include "affine_grid.h"

#include "rows.h"

#include <inttypes.h>

double affine_coordinate(const struct node *node, int64_t at, int64_t size)
{
    if (!node_int(node, "align_corners", 0))
        return (2 * (double)at + 1) / (double)size - 1;
    return size > 1 ? 2 * (double)at / (double)(size - 1) - 1 : -1;
}

/* size is N x C x spatial axes, theta N x spatial axes x (them and 1). */
static void infer(struct graph *graph, struct node *node)
{
    const struct tensor *size = constant_input(node, 1, "size");
    const struct shape theta = node->input[0]->shape;
    const int64_t count = shape_size(size->shape);
    if (size->shape.rank != 1 || (count != 4 && count != 5))
        node_fail(node, "size has %" PRId64 " entries, expected 4 or 5", count);
    struct shape y = {.rank = (int)count, .dim = {tensor_int(size, 0)}};
    for (int i = 2; i < count; i++) {
        y.dim[i - 1] = tensor_int(size, i);
        if (y.dim[i - 1] < 1)
            node_fail(node, "size holds %" PRId64 ", expected at least 1", y.dim[i - 1]);
    }
    y.dim[count - 1] = count - 2;
    if (theta.rank != 3 || theta.dim[0] != y.dim[0] || theta.dim[1] != count - 2 || theta.dim[2] != count - 1)
        node_fail(node, "theta is %s, expected %" PRId64 "x%" PRId64 "x%" PRId64, shape_string(graph->arena, theta),
                  y.dim[0], count - 2, count - 1);
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *theta = node->input[0], *y = node->output[0];
    const int spatial = y->shape.rank - 2;
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        const int64_t row = (at[0] * spatial + at[spatial + 1]) * (spatial + 1);
        double sum = element_real(theta->type, input[0], row + spatial);
        for (int k = 0; k < spatial; k++) /* x first */
            sum += element_real(theta->type, input[0], row + k) *
                   affine_coordinate(node, at[spatial - k], y->shape.dim[spatial - k]);
        element_set_real(y->type, output[0], i, sum);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    if (input == 0) {
        need.axis[0] = region.axis[0];
        need.axis[1] = region.axis[region.rank - 1];
    }
    return need;
}

const struct op affine_grid_rows[] = {
    {.type = "AffineGrid",
     .domain = "",
     .since_version = 20,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "align_corners ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
