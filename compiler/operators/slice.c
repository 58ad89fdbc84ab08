/* slice.c -- Slice with constant starts, ends, axes and steps. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

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
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .couple = couple,
     .cut = cut_slice},
    {.type = NULL},
};
