/* cumulate.c -- CumSum and CumProd. A computed axis that is out of range clamps. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <string.h>

int cumulated_axis(const struct node *node)
{
    const struct tensor *axis = node->input[1];
    const int rank = node->input[0]->shape.rank;
    if (shape_size(axis->shape) != 1)
        node_fail(node, "axis is not one number");
    if (!tensor_is_constant(axis))
        return -1;
    const int64_t given = tensor_int(axis, 0);
    if (shape_axis(rank, given) < 0)
        node_fail(node, "axis %" PRId64 " is out of range for rank %d", given, rank);
    return shape_axis(rank, given);
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    const enum type type = node->input[1]->type;
    if (type != TYPE_INT64 && type != TYPE_INT32)
        node_fail(node, "axis has type %s", type_name(type));
    if (!node->input[0]->shape.rank)
        node_fail(node, "x is a scalar");
    cumulated_axis(node);
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static int clamped_axis(const struct node *node, int64_t axis)
{
    const int rank = node->input[0]->shape.rank;
    if (axis < 0)
        axis += rank;
    return axis < 0 ? 0 : axis >= rank ? rank - 1 : (int)axis;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int axis = clamped_axis(node, element_integer(node->input[1]->type, input[1], 0));
    const bool exclusive = node_int(node, "exclusive", 0) != 0, reverse = node_int(node, "reverse", 0) != 0;
    const bool product = !strcmp(node->op->type, "CumProd");
    const int64_t length = x->shape.dim[axis], size = shape_size(x->shape);
    int64_t step = 1;
    for (int i = axis + 1; i < x->shape.rank; i++)
        step *= x->shape.dim[i];
    for (int64_t line = 0; length && line < size / length; line++) {
        const int64_t start = line / step * step * length + line % step;
        double real = product;
        uint64_t integer = product;
        for (int64_t i = 0; i < length; i++) {
            const int64_t at = start + (reverse ? length - 1 - i : i) * step;
            const double before = real;
            const uint64_t integer_before = integer;
            if (type_is_float(x->type)) {
                const double value = element_real(x->type, input[0], at);
                real = product ? real * value : real + value;
                element_set_real(x->type, output[0], at, exclusive ? before : real);
            } else {
                const uint64_t value = (uint64_t)element_integer(x->type, input[0], at);
                integer = product ? integer * value : integer + value;
                element_set_integer(x->type, output[0], at, (int64_t)(exclusive ? integer_before : integer));
            }
        }
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const int axis = cumulated_axis(node);
    if (input || axis < 0)
        return region_whole(node->input[input]->shape);
    region.axis[axis] = (struct range){0, node->input[0]->shape.dim[axis]};
    return region;
}

#define ROW(name, version)                                                                                        \
    {                                                                                                             \
        .type = name, .domain = "", .since_version = version, .min_inputs = 2, .max_inputs = 2, .max_outputs = 1, \
        .types = TYPES_NUMBER, .attributes = "exclusive reverse ", .infer = infer, .evaluate = evaluate,          \
        .reads = reads, .couple = couple_reads                                                                                            \
    }

const struct op cumulate_rows[] = {ROW("CumProd", 26), ROW("CumSum", 14), {.type = NULL}};
