/* select.c -- operators that rank the elements along one axis: ArgMax, ArgMin, Hardmax, TopK. NaN is greater than any
 * number. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Is element i greater (less, when `least`) than element k? */
static bool comes_before(enum type type, const void *data, int64_t i, int64_t k, bool least)
{
    if (least)
        return comes_before(type, data, k, i, false);
    if (type_is_float(type)) {
        const double a = element_real(type, data, i), b = element_real(type, data, k);
        return a > b || (isnan(a) && !isnan(b));
    }
    const int64_t a = element_integer(type, data, i), b = element_integer(type, data, k);
    return type == TYPE_UINT64 ? (uint64_t)a > (uint64_t)b : a > b;
}

/* Positions of the elements along the axis through the first element `start`. */
struct line {
    int64_t start, step, length;
};

static struct line line_at(struct shape shape, int axis, int64_t number)
{
    struct line line = {.step = 1, .length = shape.dim[axis]};
    for (int i = axis + 1; i < shape.rank; i++)
        line.step *= shape.dim[i];
    line.start = number / line.step * line.step * line.length + number % line.step;
    return line;
}

static struct region whole_axis(const struct node *node, struct region region, int axis)
{
    region.axis[axis] = (struct range){0, node->input[0]->shape.dim[axis]};
    return region;
}

static void check_axis_filled(const struct node *node, int axis)
{
    if (!node->input[0]->shape.dim[axis])
        node_fail(node, "axis %d is empty", axis);
}

static int64_t best_of(const struct node *node, const void *data, struct line line, bool least, bool last)
{
    const enum type type = node->input[0]->type;
    int64_t best = 0;
    for (int64_t i = 1; i < line.length; i++) {
        const int64_t at = line.start + i * line.step, most = line.start + best * line.step;
        if (comes_before(type, data, at, most, least) || (last && !comes_before(type, data, most, at, least)))
            best = i;
    }
    return best;
}

/* ---- ArgMax, ArgMin ---- */

static void infer_arg(struct graph *graph, struct node *node)
{
    (void)graph;
    const int axis = node_axis(node, 0);
    const struct shape x = node->input[0]->shape;
    struct shape y = {0};
    check_axis_filled(node, axis);
    for (int i = 0; i < x.rank; i++)
        if (i != axis || node_int(node, "keepdims", 1))
            y.dim[y.rank++] = i == axis ? 1 : x.dim[i];
    output_set(node, 0, TYPE_INT64, y);
}

static void evaluate_arg(const struct node *node, const void *const input[], void *const output[])
{
    const int axis = node_axis(node, 0);
    const int64_t lines = shape_size(node->output[0]->shape);
    for (int64_t i = 0; i < lines; i++)
        ((int64_t *)output[0])[i] =
            best_of(node, input[0], line_at(node->input[0]->shape, axis, i), !strcmp(node->op->type, "ArgMin"),
                    node_int(node, "select_last_index", 0) != 0);
}

static struct region reads_arg(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const int axis = node_axis(node, 0);
    struct region reads = region_whole(node->input[input]->shape);
    int from = 0;
    for (int i = 0; i < reads.rank; i++) {
        if (i != axis)
            reads.axis[i] = region.axis[from++];
        else if (node_int(node, "keepdims", 1))
            from++;
    }
    return reads;
}

/* ---- Hardmax ---- */

static void infer_hardmax(struct graph *graph, struct node *node)
{
    (void)graph;
    check_axis_filled(node, node_axis(node, -1));
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static void evaluate_hardmax(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int axis = node_axis(node, -1);
    const int64_t lines = shape_size(x->shape) / x->shape.dim[axis];
    for (int64_t number = 0; number < lines; number++) {
        const struct line line = line_at(x->shape, axis, number);
        const int64_t best = best_of(node, input[0], line, false, false);
        for (int64_t i = 0; i < line.length; i++)
            element_set_real(x->type, output[0], line.start + i * line.step, i == best);
    }
}

static struct region reads_hardmax(const struct node *node, int input, int output, struct region region)
{
    (void)input;
    (void)output;
    return whole_axis(node, region, node_axis(node, -1));
}

/* ---- TopK ---- */

static void settle_top(struct graph *graph, struct node *node)
{
    struct shape y;
    if (!input_is_computed(node, 1))
        return;
    if (!declared_shape(graph, node, 1, &y))
        y = settled_shape(graph, node, 1, "k", -1);
    if (y.rank != node->input[0]->shape.rank)
        node_fail(node, "the result is declared to have rank %d but has rank %d", y.rank, node->input[0]->shape.rank);
    settle_input(graph, node, 1, "k", HOLDS_EQUAL, 1, &y.dim[node_axis(node, -1)], (struct shape){0});
}

static void infer_top(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *count = constant_input(node, 1, "k");
    const int axis = node_axis(node, -1);
    struct shape y = node->input[0]->shape;
    if (shape_size(count->shape) != 1)
        node_fail(node, "k is not one number");
    const int64_t k = tensor_int(count, 0);
    if (k < 0 || k > y.dim[axis])
        node_fail(node, "k is %" PRId64 " but axis %d has size %" PRId64, k, axis, y.dim[axis]);
    if (!node_output(node, 0) || !node_output(node, 1))
        node_fail(node, "both outputs, values and indices, are needed");
    y.dim[axis] = k;
    output_set(node, 0, node->input[0]->type, y);
    output_set(node, 1, TYPE_INT64, y);
}

/* Among equals the first comes first. */
static void evaluate_top(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int axis = node_axis(node, -1);
    const bool least = !node_int(node, "largest", 1);
    const int64_t lines = x->shape.dim[axis] ? shape_size(x->shape) / x->shape.dim[axis] : 0;
    for (int64_t number = 0; number < lines; number++) {
        const struct line line = line_at(x->shape, axis, number), to = line_at(node->output[0]->shape, axis, number);
        for (int64_t i = 0; i < line.length; i++) {
            int64_t rank = 0, at = line.start + i * line.step;
            for (int64_t k = 0; k < line.length && rank < to.length; k++) {
                const int64_t other = line.start + k * line.step;
                rank += comes_before(x->type, input[0], other, at, least) ||
                        (k < i && !comes_before(x->type, input[0], at, other, least));
            }
            if (rank >= to.length)
                continue;
            element_copy(x->type, output[0], to.start + rank * to.step, input[0], at);
            ((int64_t *)output[1])[to.start + rank * to.step] = i;
        }
    }
}

static struct region reads_top(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    return input ? region_whole(node->input[input]->shape) : whole_axis(node, region, node_axis(node, -1));
}

#define ARG(name)                                                                                            \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 13, .min_inputs = 1, .max_inputs = 1, .max_outputs = 1, \
        .types = TYPES_NUMBER, .attributes = "axis keepdims select_last_index ", .infer = infer_arg,         \
        .evaluate = evaluate_arg, .reads = reads_arg, .couple = couple_reads                                                         \
    }

const struct op select_rows[] = {
    ARG("ArgMax"),
    ARG("ArgMin"),
    {.type = "Hardmax",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "axis ",
     .infer = infer_hardmax,
     .evaluate = evaluate_hardmax,
     .reads = reads_hardmax,
     .couple = couple_reads},
    {.type = "TopK",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 2,
     .types = TYPES_NUMBER,
     .attributes = "axis largest sorted ",
     .settle = settle_top,
     .infer = infer_top,
     .evaluate = evaluate_top,
     .reads = reads_top,
     .couple = couple_reads},
    {.type = NULL},
};
