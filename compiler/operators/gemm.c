/* gemm.c -- Gemm: alpha A' B' + beta C. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

/* Axis of A and B that runs over the rows or columns of the result. */
static int row_axis(const struct node *node)
{
    return node_int(node, "transA", 0) ? 1 : 0;
}

static int column_axis(const struct node *node)
{
    return node_int(node, "transB", 0) ? 0 : 1;
}

static void infer(struct graph *graph, struct node *node)
{
    struct shape a = node->input[0]->shape, b = node->input[1]->shape, y = {.rank = 2}, both;
    const struct tensor *c = node_input(node, 2);
    if (a.rank != 2 || b.rank != 2)
        node_fail(node, "A is %s and B is %s, expected two matrices", shape_string(graph->arena, a),
                  shape_string(graph->arena, b));
    int row = row_axis(node), column = column_axis(node);
    if (a.dim[1 - row] != b.dim[1 - column])
        node_fail(node, "A is %s and B is %s with transA %d and transB %d: inner sizes differ",
                  shape_string(graph->arena, a), shape_string(graph->arena, b), row == 1, column == 0);
    y.dim[0] = a.dim[row];
    y.dim[1] = b.dim[column];
    input_same_type(node, 1);
    input_same_type(node, 2);
    if (c && (!shape_broadcast(y, c->shape, &both) || !shape_equal(y, both)))
        node_fail(node, "C is %s, which does not broadcast to %s", shape_string(graph->arena, c->shape),
                  shape_string(graph->arena, y));
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *a = node->input[0], *b = node->input[1], *c = node_input(node, 2),
                        *y = node->output[0];
    double alpha = (double)node_float(node, "alpha", 1), beta = (double)node_float(node, "beta", 1);
    int row = row_axis(node), column = column_axis(node);
    int64_t inner = a->shape.dim[1 - row];
    int64_t at_a[2], at_b[2];
    for (int64_t i = 0; i < y->shape.dim[0]; i++)
        for (int64_t k = 0; k < y->shape.dim[1]; k++) {
            double sum = 0;
            for (int64_t m = 0; m < inner; m++) {
                at_a[row] = i;
                at_a[1 - row] = m;
                at_b[column] = k;
                at_b[1 - column] = m;
                sum += element_real(a->type, input[0], shape_offset(a->shape, at_a)) *
                       element_real(b->type, input[1], shape_offset(b->shape, at_b));
            }
            sum *= alpha;
            if (c)
                sum += beta * element_real(c->type, input[2],
                                           broadcast_offset(c->shape, 2, (const int64_t[]){i, k}));
            element_set_real(y->type, output[0], i * y->shape.dim[1] + k, sum);
        }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct shape shape = node->input[input]->shape;
    struct region need = region_whole(shape);
    if (input == 0)
        need.axis[row_axis(node)] = region.axis[0];
    else if (input == 1)
        need.axis[column_axis(node)] = region.axis[1];
    else
        need = broadcast_reads(shape, region);
    return need;
}

static int64_t macs(const struct node *node, struct region region)
{
    return region_size(region) * node->input[0]->shape.dim[1 - row_axis(node)];
}

static void couple(const struct node *node, struct couples *couples)
{
    const struct tensor *a = node->input[0], *b = node->input[1], *c = node_input(node, 2),
                        *y = node->output[0];
    int row = row_axis(node), column = column_axis(node);
    couple_axes(couples, a, row, y, 0);
    couple_axes(couples, b, column, y, 1);
    couple_contracted(couples, node, 0, 1 - row, 1, 1 - column);
    for (int axis = 0; c && axis < c->shape.rank; axis++) {
        int to = axis + 2 - c->shape.rank;
        if (c->shape.dim[axis] == y->shape.dim[to])
            couple_axes(couples, c, axis, y, to);
    }
}

static bool linear(const struct node *node, struct linear *linear)
{
    const struct tensor *b = node->input[1], *c = node_input(node, 2), *y = node->output[0];
    int row = row_axis(node), column = column_axis(node);
    bool biased = c && is_float_constant(c) && c->shape.rank > 0 && shape_size(c->shape) == y->shape.dim[1] &&
                  c->shape.dim[c->shape.rank - 1] == y->shape.dim[1];
    if (!is_float_constant(b) || (c && !biased))
        return false;
    *linear = (struct linear){.data = 0,
                              .weights = 1,
                              .bias = 2,
                              .biased = biased,
                              .group = 1,
                              .rows = b->shape.dim[1 - column],
                              .columns = y->shape.dim[1],
                              .row_stride = column ? b->shape.dim[1] : 1,
                              .column_stride = column ? 1 : b->shape.dim[1],
                              .row_axis = 1 - column,
                              .column_axis = column,
                              .data_axis = 1 - row,
                              .output_axis = 1,
                              .taps = 1,
                              .positions = y->shape.dim[0],
                              .inner = 1,
                              .scale = (double)node_float(node, "alpha", 1),
                              .bias_scale = (double)node_float(node, "beta", 1)};
    return true;
}

static void unroll(const struct node *node, const struct linear *linear, int64_t group, int64_t position,
                   const float *data, float row[])
{
    (void)group;
    bool transposed = row_axis(node) == 1;
    for (int64_t p = 0; p < linear->rows; p++)
        row[p] = data[transposed ? p * linear->positions + position : position * linear->rows + p];
}

const struct op gemm_rows[] = {
    {.type = "Gemm",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT | TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64) | TYPE_BIT(TYPE_UINT32) |
              TYPE_BIT(TYPE_UINT64),
     .attributes = "alpha beta transA transB ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple,
     .linear = linear,
     .constant = constant_linear,
     .unroll = unroll,
     .macs = macs,
     .epilogue = true},
    {.type = NULL},
};
