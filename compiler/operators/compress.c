/* compress.c -- Compress and NonZero: sizes that depend on data. Of computed data the declared size is the capacity of
 * mednn.Compress and mednn.NonZero: what is found goes first, in order; the rest holds 0, or -1 for indices; output 0
 * says how many there are, also when they are more. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <string.h>

/* ---- Compress ---- */

/* Elements of the condition beyond the axis, and of the axis beyond the condition, do not count. */
static int64_t condition_length(const struct node *node, int64_t length)
{
    const struct tensor *condition = constant_input(node, 1, "condition");
    const int64_t given = shape_size(condition->shape);
    return given < length ? given : length;
}

static void settle(struct graph *graph, struct node *node)
{
    const bool flat = !node_attribute(node, "axis");
    if (!input_is_computed(node, 1))
        return;
    const struct shape y = settled_shape(graph, node, 1, "condition", flat ? 1 : node->input[0]->shape.rank);
    settle_count(graph, node, "Compress", y.dim[flat ? 0 : node_axis(node, 0)]);
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape;
    const bool flat = !node_attribute(node, "axis");
    const int axis = flat ? 0 : node_axis(node, 0);
    const struct tensor *condition = constant_input(node, 1, "condition");
    if (condition->type != TYPE_BOOL || condition->shape.rank != 1)
        node_fail(node, "condition has type %s and rank %d, expected a vector of bool", type_name(condition->type),
                  condition->shape.rank);
    struct shape y = flat ? (struct shape){.rank = 1, .dim = {shape_size(x)}} : x;
    const int64_t length = condition_length(node, y.dim[axis]);
    y.dim[axis] = 0;
    for (int64_t i = 0; i < length; i++)
        y.dim[axis] += tensor_int(condition, i) != 0;
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct shape x = node->input[0]->shape;
    const bool flat = !node_attribute(node, "axis");
    const int axis = flat ? 0 : node_axis(node, 0);
    int64_t inner = 1, length = flat ? shape_size(x) : x.dim[axis], kept = 0;
    for (int i = axis + 1; i < x.rank && !flat; i++)
        inner *= x.dim[i];
    const int64_t given = condition_length(node, length), size = shape_size(x);
    for (int64_t i = 0; i < size; i++) {
        const int64_t position = i / inner % length;
        if (position < given && ((const uint8_t *)input[1])[position])
            element_copy(node->input[0]->type, output[0], kept++, input[0], i);
    }
}

/* A piece per run of what is kept along the axis; flattened, of what is kept along the last axis of x. */
static void moves(const struct node *node, struct moves *moves)
{
    const struct tensor *condition = node->input[1];
    const struct shape x = node->input[0]->shape, y = node->output[0]->shape;
    const bool flat = !node_attribute(node, "axis");
    const int axis = flat ? 0 : node_axis(node, 0);
    const int64_t row = flat ? (x.rank ? x.dim[x.rank - 1] : 1) : x.dim[axis];
    const int64_t length = condition_length(node, flat ? shape_size(x) : x.dim[axis]);
    for (int64_t i = 0, kept = 0, count; i < length; i += count) {
        for (count = 0; i + count < length && tensor_int(condition, i + count) && (count == 0 || (i + count) % row);)
            count++;
        if (count == 0) {
            count = 1;
            continue;
        }
        struct move *move = moves_add(moves, 0, x.rank, y);
        move->count[axis] = count;
        move->output_start[axis] = kept;
        kept += count;
        int64_t rest = i;
        for (int a = x.rank - 1; a >= 0 && flat; a--) {
            move->input_start[a] = rest % x.dim[a];
            move->input_step[a] = a == x.rank - 1;
            move->input_axis[a] = 0;
            rest /= x.dim[a];
        }
        if (!flat)
            move->input_start[axis] = i;
    }
}

/* ---- NonZero ---- */

static bool is_zero(const struct tensor *x, const void *data, int64_t i)
{
    return type_is_float(x->type) ? element_real(x->type, data, i) == 0 : element_integer(x->type, data, i) == 0;
}

static void settle_non_zero(struct graph *graph, struct node *node)
{
    if (input_is_computed(node, 0))
        settle_count(graph, node, "NonZero", settled_shape(graph, node, 0, "X", 2).dim[1]);
}

static void infer_non_zero(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *x = constant_input(node, 0, "X");
    const int64_t size = shape_size(x->shape);
    int64_t count = 0;
    for (int64_t i = 0; i < size; i++)
        count += !is_zero(x, x->data, i);
    output_set(node, 0, TYPE_INT64, (struct shape){.rank = 2, .dim = {x->shape.rank, count}});
}

static void evaluate_non_zero(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int64_t size = shape_size(x->shape), count = node->output[0]->shape.dim[1];
    int64_t at[MAX_RANK] = {0}, found = 0;
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        if (is_zero(x, input[0], i))
            continue;
        for (int a = 0; a < x->shape.rank; a++)
            ((int64_t *)output[0])[a * count + found] = at[a];
        found++;
    }
}

/* ---- with a capacity ---- */

static int64_t capacity_of(const struct node *node)
{
    const int64_t capacity = node_int(node, "capacity", -1);
    if (capacity < 0)
        node_fail(node, "no capacity");
    return capacity;
}

static void infer_compress_counted(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *condition = node->input[1];
    const bool flat = !node_attribute(node, "axis");
    struct shape y = flat ? (struct shape){.rank = 1} : node->input[0]->shape;
    if (condition->type != TYPE_BOOL || condition->shape.rank != 1)
        node_fail(node, "condition has type %s and rank %d, expected a vector of bool", type_name(condition->type),
                  condition->shape.rank);
    y.dim[flat ? 0 : node_axis(node, 0)] = capacity_of(node);
    output_set(node, 0, TYPE_INT64, (struct shape){0});
    output_set(node, 1, node->input[0]->type, y);
}

static void evaluate_compress_counted(const struct node *node, const void *const input[], void *const output[])
{
    const struct shape x = node->input[0]->shape, y = node->output[1]->shape;
    const enum type type = node->input[0]->type;
    const bool flat = !node_attribute(node, "axis");
    const int axis = flat ? 0 : node_axis(node, 0);
    int64_t inner = 1, outer = 1, length = flat ? shape_size(x) : x.dim[axis], given = node->input[1]->shape.dim[0];
    for (int i = 0; i < x.rank && !flat; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : x.dim[i];
    int64_t kept = 0;
    memset(output[1], 0, (size_t)shape_size(y) * type_size(type));
    for (int64_t i = 0; i < given && i < length; i++) {
        if (!((const uint8_t *)input[1])[i])
            continue;
        for (int64_t k = 0; k < outer * inner && kept < y.dim[axis]; k++)
            element_copy(type, output[1], (k / inner * y.dim[axis] + kept) * inner + k % inner, input[0],
                         (k / inner * length + i) * inner + k % inner);
        kept++;
    }
    *(int64_t *)output[0] = kept;
}

static void infer_non_zero_counted(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, TYPE_INT64, (struct shape){0});
    output_set(node, 1, TYPE_INT64,
               (struct shape){.rank = 2, .dim = {node->input[0]->shape.rank, capacity_of(node)}});
}

static void evaluate_non_zero_counted(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int64_t size = shape_size(x->shape), capacity = node->output[1]->shape.dim[1];
    int64_t at[MAX_RANK] = {0}, found = 0, *places = output[1];
    for (int64_t i = 0; i < capacity * x->shape.rank; i++)
        places[i] = -1;
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        if (is_zero(x, input[0], i))
            continue;
        for (int a = 0; a < x->shape.rank && found < capacity; a++)
            places[a * capacity + found] = at[a];
        found++;
    }
    *(int64_t *)output[0] = found;
}

const struct op compress_rows[] = {
    {.type = "Compress",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "axis ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves},
    {.type = "NonZero",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_NUMBER | TYPES_BOOL,
     .settle = settle_non_zero,
     .infer = infer_non_zero,
     .evaluate = evaluate_non_zero},
    {.type = "Compress",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 2,
     .attributes = "axis capacity ",
     .infer = infer_compress_counted,
     .evaluate = evaluate_compress_counted},
    {.type = "NonZero",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 2,
     .types = TYPES_NUMBER | TYPES_BOOL,
     .attributes = "capacity ",
     .infer = infer_non_zero_counted,
     .evaluate = evaluate_non_zero_counted},
    {.type = NULL},
};
