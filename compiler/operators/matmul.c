/* matmul.c -- MatMul: stacks of matrices, as numpy.matmul. */
/* SPDX-License-Identifier: MIT */
#include "matmul.h"

#include "known.h"
#include "rows.h"

#include <string.h>

/* The operands as stacks of matrices: a vector on the left is a row, on the right a column. */
struct product {
    struct shape a, b; /* rank >= 2 */
    struct shape y;    /* rank >= 2, before vectors lose their axis */
    bool a_vector, b_vector;
};

int matmul_second(const struct node *node)
{
    return !strcmp(node->op_type, "QLinearMatMul") ? 3 : 1;
}

static bool read_product(const struct node *node, struct product *p)
{
    p->a = node->input[0]->shape;
    p->b = node->input[matmul_second(node)]->shape;
    p->a_vector = p->a.rank == 1;
    p->b_vector = p->b.rank == 1;
    if (!p->a.rank || !p->b.rank)
        return false;
    if (p->a_vector)
        p->a = (struct shape){.rank = 2, .dim = {1, p->a.dim[0]}};
    if (p->b_vector)
        p->b = (struct shape){.rank = 2, .dim = {p->b.dim[0], 1}};
    struct shape stack_a = p->a, stack_b = p->b;
    stack_a.rank -= 2;
    stack_b.rank -= 2;
    if (p->a.dim[p->a.rank - 1] != p->b.dim[p->b.rank - 2] || !shape_broadcast(stack_a, stack_b, &p->y))
        return false;
    p->y.dim[p->y.rank++] = p->a.dim[p->a.rank - 2];
    p->y.dim[p->y.rank++] = p->b.dim[p->b.rank - 1];
    return true;
}

struct shape matmul_output(struct graph *graph, const struct node *node)
{
    struct product p;
    if (!read_product(node, &p))
        node_fail(node, "A is %s and B is %s, which cannot be multiplied",
                  shape_string(graph->arena, node->input[0]->shape),
                  shape_string(graph->arena, node->input[matmul_second(node)]->shape));
    struct shape y = {0};
    for (int i = 0; i < p.y.rank; i++)
        if (!(p.a_vector && i == p.y.rank - 2) && !(p.b_vector && i == p.y.rank - 1))
            y.dim[y.rank++] = p.y.dim[i];
    return y;
}

static void infer(struct graph *graph, struct node *node)
{
    input_same_type(node, 1);
    output_set(node, 0, node->input[0]->type, matmul_output(graph, node));
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct product p;
    const struct tensor *a = node->input[0], *b = node->input[1];
    read_product(node, &p);
    int64_t inner = p.a.dim[p.a.rank - 1], size = shape_size(p.y), at[MAX_RANK] = {0};
    int rank = p.y.rank;
    for (int64_t i = 0; i < size; i++, shape_next(p.y, at)) {
        int64_t at_a[MAX_RANK], at_b[MAX_RANK];
        for (int k = 0; k < rank; k++)
            at_a[k] = at_b[k] = at[k];
        double sum = 0;
        for (int64_t m = 0; m < inner; m++) {
            at_a[rank - 1] = m;
            at_b[rank - 2] = m;
            sum += element_real(a->type, input[0], broadcast_offset(p.a, rank, at_a)) *
                   element_real(b->type, input[1], broadcast_offset(p.b, rank, at_b));
        }
        element_set_real(node->output[0]->type, output[0], i, sum);
    }
}

/* The region with the axes that vectors lost. */
static struct region stacked_region(const struct product *p, struct region region)
{
    struct region full = region_whole(p->y);
    int from = 0;
    for (int i = 0; i < p->y.rank; i++)
        if (!(p->a_vector && i == p->y.rank - 2) && !(p->b_vector && i == p->y.rank - 1))
            full.axis[i] = region.axis[from++];
    return full;
}

struct region matmul_reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct product p;
    read_product(node, &p);
    struct region full = stacked_region(&p, region);
    struct shape operand = input ? p.b : p.a;
    struct region need = broadcast_reads(operand, full);
    int inner = input ? operand.rank - 2 : operand.rank - 1;
    need.axis[inner] = (struct range){0, operand.dim[inner]};
    if (input == 0 && p.a_vector)
        return (struct region){.some = true, .rank = 1, .axis = {need.axis[1]}};
    if (input == 1 && p.b_vector)
        need.rank = 1;
    return need;
}

int64_t matmul_macs(const struct node *node, struct region region)
{
    struct shape a = node->input[0]->shape;
    return region_size(region) * a.dim[a.rank - 1];
}

/* An axis of a stack goes with the result's, unless it is broadcast. */
static void couple_stack(struct couples *couples, const struct tensor *operand, const struct tensor *y,
                         int y_stack)
{
    for (int axis = 0; axis < operand->shape.rank - 2; axis++) {
        int to = axis + y_stack - (operand->shape.rank - 2);
        if (operand->shape.dim[axis] == y->shape.dim[to])
            couple_axes(couples, operand, axis, y, to);
    }
}

static void couple(const struct node *node, struct couples *couples)
{
    struct product p;
    const struct tensor *a = node->input[0], *b = node->input[1], *y = node->output[0];
    read_product(node, &p);
    couple_contracted(couples, node, 0, a->shape.rank - 1, 1, p.b_vector ? 0 : b->shape.rank - 2);
    couple_stack(couples, a, y, p.y.rank - 2);
    couple_stack(couples, b, y, p.y.rank - 2);
    if (!p.a_vector)
        couple_axes(couples, a, a->shape.rank - 2, y, p.y.rank - 2);
    if (!p.b_vector)
        couple_axes(couples, b, b->shape.rank - 1, y, y->shape.rank - 1);
}

/* One matrix of constants on the right. */
static bool linear(const struct node *node, struct linear *linear)
{
    const struct tensor *a = node->input[0], *b = node->input[1];
    if (!is_float_constant(b) || b->shape.rank != 2)
        return false;
    int64_t rows = b->shape.dim[0], columns = b->shape.dim[1];
    *linear = (struct linear){.data = 0,
                              .weights = 1,
                              .bias = -1,
                              .group = 1,
                              .rows = rows,
                              .columns = columns,
                              .row_stride = columns,
                              .column_stride = 1,
                              .row_axis = 0,
                              .column_axis = 1,
                              .data_axis = a->shape.rank - 1,
                              .output_axis = node->output[0]->shape.rank - 1,
                              .taps = 1,
                              .positions = rows ? shape_size(a->shape) / rows : 0,
                              .inner = 1,
                              .scale = 1,
                              .bias_scale = 1};
    return true;
}

static void unroll(const struct node *node, const struct linear *linear, int64_t group, int64_t position,
                   const float *data, float row[])
{
    (void)node;
    (void)group;
    for (int64_t p = 0; p < linear->rows; p++)
        row[p] = data[position * linear->rows + p];
}

/* Weights, or zeros on either side: a matrix of a stack, a row, a column. */
static void constant(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    const struct tensor *a = node->input[0], *b = node->input[1], *y = node->output[0];
    struct linear weights;
    if (linear(node, &weights)) {
        constant_linear(node, known, output, axis, value);
        return;
    }
    for (int k = 0; k < 2; k++) {
        const struct tensor *operand = k ? b : a;
        int from = axis + operand->shape.rank - y->shape.rank;
        if (a->shape.rank < 2 || b->shape.rank < 2 || from < 0 || axis == y->shape.rank - (k ? 2 : 1) ||
            operand->shape.dim[from] != y->shape.dim[axis])
            continue;
        for (int64_t i = 0; i < y->shape.dim[axis]; i++)
            if (known_slice(known, operand, from, i) == 0)
                value[i] = 0;
    }
}

const struct op matmul_rows[] = {
    {.type = "MatMul",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .types = TYPES_FLOAT | TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64) | TYPE_BIT(TYPE_UINT32) |
              TYPE_BIT(TYPE_UINT64),
     .infer = infer,
     .evaluate = evaluate,
     .reads = matmul_reads,
     .couple = couple,
     .linear = linear,
     .constant = constant,
     .unroll = unroll,
     .macs = matmul_macs,
     .epilogue = true},
    {.type = NULL},
};
