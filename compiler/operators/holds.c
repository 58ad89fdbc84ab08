/* holds.c -- mednn.Holds and mednn.Require: what must be true of values that were not known at compile time. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <math.h>

static const int64_t *element_list(const struct tensor *tensor, const void *data, int64_t *list, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        list[i] = element_integer(tensor->type, data, i);
    return list;
}

static bool is_equal(const struct holds *holds, const struct tensor *value, const void *data)
{
    bool equal = true;
    for (int64_t i = 0; i < holds->count; i++)
        if (type_is_float(value->type))
            equal &= !(element_real(value->type, data, i) < (double)holds->expected[i]) &&
                     !(element_real(value->type, data, i) > (double)holds->expected[i]);
        else
            equal &= element_integer(value->type, data, i) == holds->expected[i];
    return equal;
}

/* The value makes a shape, which is `expected`. */
static bool reshapes(const struct holds *holds, const int64_t *value)
{
    int64_t open = 0, others = 1;
    for (int i = 0; i < holds->count; i++) {
        int64_t dim = value[i];
        if (dim == -1) {
            open++;
            continue;
        }
        if (dim == 0 && holds->kind == HOLDS_RESHAPE)
            dim = i < holds->from_count ? holds->from[i] : -1;
        if (dim != holds->expected[i])
            return false;
        others *= dim;
    }
    return open == 0 || (open == 1 && others != 0);
}

static bool expands(const struct holds *holds, const int64_t *value, int64_t count)
{
    struct shape shape, from = shape_of(holds->from_count, holds->from), list = shape_of((int)count, value);
    for (int64_t i = 0; i < count; i++)
        if (value[i] < 0)
            return false;
    return shape_broadcast(from, list, &shape) && shape_equal(shape, shape_of((int)holds->count, holds->expected));
}

/* Which of `rank` axes the value names; false when one is out of range or named twice. */
static bool read_set(const int64_t *value, int64_t count, int rank, bool set[MAX_RANK])
{
    for (int i = 0; i < MAX_RANK; i++)
        set[i] = false;
    for (int64_t i = 0; i < count; i++) {
        const int axis = shape_axis(rank, value[i]);
        if (axis < 0 || set[axis])
            return false;
        set[axis] = true;
    }
    return true;
}

static bool squeezes(const struct holds *holds, const int64_t *value, int64_t count)
{
    bool set[MAX_RANK];
    struct shape left = {0};
    if (!read_set(value, count, holds->from_count, set))
        return false;
    for (int i = 0; i < holds->from_count; i++)
        if (!set[i])
            left.dim[left.rank++] = holds->from[i];
        else if (holds->from[i] != 1)
            return false;
    return shape_equal(left, shape_of((int)holds->count, holds->expected));
}

static bool names_axes(const struct holds *holds, const int64_t *value, int64_t count)
{
    bool set[MAX_RANK];
    if (count != holds->count || !read_set(value, count, (int)holds->from[0], set))
        return false;
    for (int64_t i = 0; i < count; i++)
        if (!set[holds->expected[i]])
            return false;
    return true;
}

static bool counts(const struct holds *holds, const struct node *node, const void *const input[])
{
    double bound[3];
    for (int i = 0; i < 3; i++)
        bound[i] = element_real(node->input[i]->type, input[i], 0);
    const double count = ceil((bound[1] - bound[0]) / bound[2]);
    return isfinite(count) && (count > 0 ? count : 0) == (double)holds->expected[0];
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct holds holds = holds_of(node);
    const int64_t count = shape_size(node->input[0]->shape);
    const bool shapes = holds.kind >= HOLDS_RESHAPE && holds.kind <= HOLDS_AXES;
    if ((shapes && count > MAX_RANK) || (!shapes && holds.kind != HOLDS_RANGE && count != holds.count) ||
        (holds.kind == HOLDS_RANGE) != (node->input_count == 3))
        node_fail(node, "%lld elements do not fit its attributes", (long long)count);
    output_set(node, 0, TYPE_BOOL, (struct shape){0});
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct holds holds = holds_of(node);
    const struct tensor *value = node->input[0];
    const int64_t count = shape_size(value->shape);
    int64_t list[MAX_RANK];
    bool truth = true;
    switch (holds.kind) {
    case HOLDS_EQUAL:
        truth = is_equal(&holds, value, input[0]);
        break;
    case HOLDS_AT_MOST:
        for (int64_t i = 0; i < count; i++)
            truth &= element_integer(value->type, input[0], i) <= holds.expected[i];
        break;
    case HOLDS_RESHAPE:
    case HOLDS_RESHAPE_ZERO:
        truth = reshapes(&holds, element_list(value, input[0], list, count));
        break;
    case HOLDS_EXPAND:
        truth = expands(&holds, element_list(value, input[0], list, count), count);
        break;
    case HOLDS_SQUEEZE:
        truth = squeezes(&holds, element_list(value, input[0], list, count), count);
        break;
    case HOLDS_AXES:
        truth = names_axes(&holds, element_list(value, input[0], list, count), count);
        break;
    case HOLDS_RANGE:
        truth = counts(&holds, node, input);
        break;
    }
    *(uint8_t *)output[0] = truth;
}

/* ---- Require ---- */

static void infer_require(struct graph *graph, struct node *node)
{
    (void)graph;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i]->type != TYPE_BOOL || shape_size(node->input[i]->shape) != 1)
            node_fail(node, "input %d is no single bool", i);
    output_set(node, 0, TYPE_BOOL, (struct shape){0});
}

static void evaluate_require(const struct node *node, const void *const input[], void *const output[])
{
    const bool matters = !node_input(node, 1) || *(const uint8_t *)input[1];
    if (matters && !*(const uint8_t *)input[0])
        node_fail(node, "%s", node_string(node, "message", ""));
    *(uint8_t *)output[0] = 1;
}

const struct op holds_rows[] = {
    {.type = "Holds",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_NUMBER | TYPES_BOOL,
     .attributes = "expected from kind ",
     .infer = infer,
     .evaluate = evaluate},
    {.type = "Require",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "message ",
     .infer = infer_require,
     .evaluate = evaluate_require},
    {.type = NULL},
};
