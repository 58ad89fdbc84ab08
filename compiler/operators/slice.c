/* slice.c -- Slice. With computed starts, ends, axes or steps it becomes a Gather along every axis that they may speak of, of
 * the elements that mednn.SliceIndices says. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>

/* Per axis of the input: where the result begins, its step and its size. */
struct slice {
    int64_t start[MAX_RANK], step[MAX_RANK], size[MAX_RANK];
};

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* One axis of length `size`, the way Python slices. */
static void cut(struct slice *slice, int axis, int64_t size, int64_t start, int64_t end, int64_t step)
{
    bool forward = step > 0;
    /* Beyond the axis every step is as good as any other, and sums with it must not overflow. */
    step = clamp(step, -(INT64_MAX / 4), INT64_MAX / 4);
    if (start < 0)
        start += size;
    if (end < 0)
        end += size;
    start = forward ? clamp(start, 0, size) : clamp(start, 0, size - 1);
    end = forward ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    int64_t length = forward ? end - start : start - end, stride = forward ? step : -step;
    slice->start[axis] = start;
    slice->step[axis] = step;
    slice->size[axis] = length > 0 && size > 0 ? (length - 1) / stride + 1 : 0;
}

static struct slice read_slice(const struct node *node)
{
    struct shape x = node->input[0]->shape;
    const struct tensor *starts = constant_input(node, 1, "starts"), *ends = constant_input(node, 2, "ends");
    const struct tensor *steps = constant_input(node, 4, "steps");
    int64_t count = shape_size(starts->shape);
    int axis[MAX_RANK], axes = input_axes(node, 3, x.rank, axis);
    struct slice slice;
    for (int i = 0; i < x.rank; i++)
        cut(&slice, i, x.dim[i], 0, INT64_MAX, 1);
    if (starts->shape.rank > 1 || count > x.rank || shape_size(ends->shape) != count ||
        (steps && shape_size(steps->shape) != count) || (node_input(node, 3) && axes != count))
        node_fail(node, "%" PRId64 " starts, %" PRId64 " ends, %d axes for an input of rank %d", count,
                  shape_size(ends->shape), axes, x.rank);
    for (int i = 0; i < count; i++) {
        int a = node_input(node, 3) ? axis[i] : i;
        int64_t step = steps ? tensor_int(steps, i) : 1;
        if (!step)
            node_fail(node, "step 0 on axis %d", a);
        cut(&slice, a, x.dim[a], tensor_int(starts, i), tensor_int(ends, i), step);
    }
    return slice;
}

/* May the inputs speak of the axis? */
static bool is_listed(const struct node *node, int axis)
{
    const int rank = node->input[0]->shape.rank;
    const struct tensor *axes = node_input(node, 3);
    const int64_t count = shape_size(node->input[1]->shape);
    if (!axes || !tensor_is_constant(axes))
        return axes || axis < count;
    for (int64_t i = 0; i < count; i++)
        if (shape_axis(rank, tensor_int(axes, i)) == axis)
            return true;
    return false;
}

static void settle(struct graph *graph, struct node *node)
{
    static const char *const names[] = {NULL, "starts", "ends", "axes", "steps"};
    int computed = 0;
    for (int i = 1; i < node->input_count; i++)
        computed = input_is_computed(node, i) ? i : computed;
    if (!computed)
        return;
    const struct shape x = node->input[0]->shape, y = settled_shape(graph, node, computed, names[computed], x.rank);
    const int64_t count = shape_size(node->input[1]->shape);
    for (int i = 2; i < node->input_count; i++)
        if (node->input[i] && shape_size(node->input[i]->shape) != count)
            node_fail(node, "%s has %" PRId64 " entries, expected %" PRId64, names[i],
                      shape_size(node->input[i]->shape), count);
    for (int axis = 0; axis < x.rank; axis++) {
        if (is_listed(node, axis) && shape_size(x))
            settle_axis(graph, node, "SliceIndices", axis, y.dim[axis], "starts, ends and steps do not give", y);
        else if (x.dim[axis] != y.dim[axis])
            node_fail(node, "axis %d of size %" PRId64 " is declared to have size %" PRId64, axis, x.dim[axis],
                      y.dim[axis]);
    }
    settle_result(graph, node, node->input[0], y);
}

static void infer_indices(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, TYPE_BOOL, (struct shape){0});
    output_set(node, 1, TYPE_INT64, (struct shape){.rank = 1, .dim = {node_int(node, "count", 0)}});
}

static void evaluate_indices(const struct node *node, const void *const input[], void *const output[])
{
    const int64_t rank = node_int(node, "rank", 1), size = node_int(node, "size", 0), count = node_int(node, "count", 0);
    struct slice slice;
    bool fits = true, found = false;
    cut(&slice, 0, size, 0, INT64_MAX, 1);
    for (int64_t i = 0; i < shape_size(node->input[0]->shape); i++) {
        const struct tensor *axes = node_input(node, 2), *steps = node_input(node, 3);
        const int axis = shape_axis((int)rank, axes ? element_integer(axes->type, input[2], i) : i);
        const int64_t step = steps ? element_integer(steps->type, input[3], i) : 1;
        fits &= axis >= 0;
        if (axis != node_int(node, "axis", 0))
            continue;
        fits &= !found && step != 0;
        found = true;
        cut(&slice, 0, size, element_integer(node->input[0]->type, input[0], i),
            element_integer(node->input[1]->type, input[1], i), step ? step : 1);
    }
    fits &= slice.size[0] == count;
    for (int64_t i = 0; i < count; i++)
        ((int64_t *)output[1])[i] = fits ? slice.start[0] + i * slice.step[0] : 0;
    *(uint8_t *)output[0] = fits;
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct slice slice = read_slice(node);
    output_set(node, 0, node->input[0]->type, shape_of(node->input[0]->shape.rank, slice.size));
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct slice slice = read_slice(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, from[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        for (int a = 0; a < x->shape.rank; a++)
            from[a] = slice.start[a] + at[a] * slice.step[a];
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

static void moves(const struct node *node, struct moves *moves)
{
    struct slice slice = read_slice(node);
    int rank = node->input[0]->shape.rank;
    struct move *move = moves_add(moves, 0, rank, node->output[0]->shape);
    for (int i = 0; i < rank; i++) {
        move->input_start[i] = slice.start[i];
        move->input_step[i] = slice.step[i];
    }
}

/* Where elements are left out between others, what is left need not have one distance. */
static void couple(const struct node *node, struct couples *couples)
{
    struct slice slice = read_slice(node);
    couple_moves(node, couples);
    couple_pin_inputs(node, 1, couples);
    for (int a = 0; a < node->input[0]->shape.rank; a++)
        if (slice.step[a] != 1 && slice.step[a] != -1) {
            couple_pin_axis(couples, node->input[0], a);
            couple_pin_axis(couples, node->output[0], a);
        }
}

static void cut_slice(struct graph *graph, struct node *node, const struct cut *cut)
{
    struct slice slice = read_slice(node);
    const struct tensor *x = node->input[0];
    int64_t start[MAX_RANK], end[MAX_RANK], axis[MAX_RANK];
    for (int a = 0; a < x->shape.rank; a++) {
        int64_t first = slice.start[a], last = first + (slice.size[a] - 1) * slice.step[a];
        axis[a] = a;
        if (slice.step[a] > 0) {
            start[a] = cut_count(cut, x, a, 0, first);
            end[a] = slice.size[a] ? cut_count(cut, x, a, 0, last + 1) : start[a];
        } else {
            start[a] = cut_count(cut, x, a, 0, first + 1) - 1;
            end[a] = slice.size[a] ? cut_count(cut, x, a, 0, last) - 1 : start[a];
            if (end[a] < 0)
                end[a] = -INT64_MAX; /* -1 would mean the last element */
        }
    }
    cut_integers(graph, node, 1, x->shape.rank, start);
    cut_integers(graph, node, 2, x->shape.rank, end);
    cut_integers(graph, node, 3, x->shape.rank, axis);
    cut_integers(graph, node, 4, x->shape.rank, slice.step);
}

const struct op slice_rows[] = {
    {.type = "Slice",
     .domain = "",
     .since_version = 13,
     .min_inputs = 3,
     .max_inputs = 5,
     .max_outputs = 1,
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple,
     .cut = cut_slice},
    {.type = "SliceIndices",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 2,
     .max_inputs = 4,
     .max_outputs = 2,
     .types = TYPES_INTEGER,
     .attributes = "axis count rank size ",
     .infer = infer_indices,
     .evaluate = evaluate_indices},
    {.type = NULL},
};
