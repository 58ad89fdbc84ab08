/* pad.c -- Pad with constant pads, in all modes. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <string.h>

enum mode { MODE_CONSTANT, MODE_REFLECT, MODE_EDGE, MODE_WRAP };

struct pads {
    enum mode mode;
    int64_t begin[MAX_RANK], end[MAX_RANK];
};

static struct pads read_pads(const struct node *node)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    struct shape x = node->input[0]->shape;
    const struct tensor *list = constant_input(node, 1, "pads");
    const char *mode = node_string(node, "mode", "constant");
    struct pads pads = {0};
    while (strcmp(mode, modes[pads.mode]))
        if (++pads.mode > MODE_WRAP)
            node_fail(node, "mode is '%.40s', expected constant, reflect, edge or wrap", mode);
    int axis[MAX_RANK], count = input_axes(node, 3, x.rank, axis);
    if (!node_input(node, 3))
        for (count = 0; count < x.rank; count++)
            axis[count] = count;
    if (shape_size(list->shape) != 2 * count)
        node_fail(node, "%" PRId64 " pads for %d axes, expected %d", shape_size(list->shape), count,
                  2 * count);
    for (int i = 0; i < count; i++) {
        int a = axis[i];
        pads.begin[a] = tensor_int(list, i);
        pads.end[a] = tensor_int(list, i + count);
        /* What a mode can copy from: reflect does not repeat the edge. */
        int64_t most = pads.mode == MODE_REFLECT             ? x.dim[a] - 1
                       : pads.mode == MODE_WRAP              ? x.dim[a]
                       : pads.mode == MODE_EDGE && !x.dim[a] ? 0
                                                             : INT32_MAX;
        if (pads.begin[a] > most || pads.end[a] > most || pads.begin[a] < -x.dim[a] ||
            pads.end[a] < -x.dim[a])
            node_fail(node, "pads of %" PRId64 " and %" PRId64 " on axis %d of size %" PRId64 " in mode %s",
                      pads.begin[a], pads.end[a], a, x.dim[a], mode);
    }
    return pads;
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct pads pads = read_pads(node);
    struct shape y = node->input[0]->shape;
    const struct tensor *value = constant_input(node, 2, "constant_value");
    if (value && shape_size(value->shape) != 1)
        node_fail(node, "constant_value is no scalar");
    input_same_type(node, 2);
    for (int i = 0; i < y.rank; i++) {
        y.dim[i] += pads.begin[i] + pads.end[i];
        if (y.dim[i] < 0)
            node_fail(node, "pads of %" PRId64 " and %" PRId64 " on axis %d remove more than there is",
                      pads.begin[i], pads.end[i], i);
    }
    output_set(node, 0, node->input[0]->type, y);
}

/* Index of the input along an axis of length `size`, or -1 for the fill value. */
static int64_t source_index(enum mode mode, int64_t at, int64_t size)
{
    if (at >= 0 && at < size)
        return at;
    switch (mode) {
    case MODE_CONSTANT:
        return -1;
    case MODE_REFLECT:
        return at < 0 ? -at : 2 * (size - 1) - at;
    case MODE_EDGE:
        return at < 0 ? 0 : size - 1;
    case MODE_WRAP:
        return at < 0 ? at + size : at - size;
    }
    return -1;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct pads pads = read_pads(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, from[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        bool filled = false;
        for (int a = 0; a < x->shape.rank; a++) {
            from[a] = source_index(pads.mode, at[a] - pads.begin[a], x->shape.dim[a]);
            filled |= from[a] < 0;
        }
        if (!filled)
            element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
        else if (node_input(node, 2))
            element_copy(x->type, output[0], i, input[2], 0);
        else
            element_set_integer(x->type, output[0], i, 0);
    }
}

/* A run of output indices along one axis and where it comes from. */
struct run {
    int64_t start, count, from, step;
    bool fill;
};

static int axis_runs(const struct pads *pads, struct shape x, int axis, struct run run[3])
{
    int64_t size = x.dim[axis], begin = pads->begin[axis], end = pads->end[axis];
    int64_t skip = begin < 0 ? -begin : 0, rest = end < 0 ? -end : 0;
    int64_t step = pads->mode == MODE_REFLECT ? -1 : pads->mode == MODE_WRAP, count = 0;
    bool fill = pads->mode == MODE_CONSTANT;
    int runs = 0;
    if (begin > 0) {
        run[runs++] = (struct run){0, begin, step < 0 ? begin : step > 0 ? size - begin : 0, step, fill};
        count = begin;
    }
    if (size > skip + rest)
        run[runs++] = (struct run){count, size - skip - rest, skip, 1, false};
    if (end > 0)
        run[runs++] = (struct run){begin + size, end,
                                   step < 0   ? size - 2
                                   : step > 0 ? 0
                                              : size - 1,
                                   step, fill};
    return runs;
}

/* All combinations of runs; where one is a fill, the axes after it stay whole, so that slabs are few. */
static void add_runs(const struct pads *pads, struct shape x, struct shape y, int axis, struct move piece,
                     struct moves *moves)
{
    if (axis == x.rank) {
        struct move *move = moves_add(moves, piece.input, x.rank, y);
        *move = piece;
        return;
    }
    struct run run[3];
    int runs = axis_runs(pads, x, axis, run);
    if (piece.input < 0) {
        runs = 1;
        run[0] = (struct run){0, y.dim[axis], 0, 0, true};
    }
    for (int i = 0; i < runs; i++) {
        struct move next = piece;
        next.input = run[i].fill ? -1 : next.input;
        next.count[axis] = run[i].count;
        next.output_start[axis] = run[i].start;
        next.input_start[axis] = run[i].from;
        next.input_step[axis] = run[i].step;
        add_runs(pads, x, y, axis + 1, next, moves);
    }
}

static void moves(const struct node *node, struct moves *moves)
{
    struct pads pads = read_pads(node);
    struct shape x = node->input[0]->shape, y = node->output[0]->shape;
    struct move piece = {.input_rank = x.rank};
    const struct tensor *value = node_input(node, 2);
    moves->fill = value ? tensor_double(value, 0) : 0;
    for (int i = 0; i < x.rank; i++) {
        piece.output_step[i] = 1;
        piece.input_axis[i] = i;
    }
    add_runs(&pads, x, y, 0, piece, moves);
}

/* Channels that copy others are taken for what they are only where they are constant. */
static void couple(const struct node *node, struct couples *couples)
{
    struct pads pads = read_pads(node);
    couple_moves(node, couples);
    for (int a = 0; a < node->input[0]->shape.rank; a++)
        if (pads.mode != MODE_CONSTANT && (pads.begin[a] || pads.end[a])) {
            couple_pin_axis(couples, node->input[0], a);
            couple_pin_axis(couples, node->output[0], a);
        }
}

static void cut(struct graph *graph, struct node *node, const struct cut *cut)
{
    struct pads pads = read_pads(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t list[2 * MAX_RANK], axis[MAX_RANK];
    int rank = x->shape.rank;
    for (int a = 0; a < rank; a++) {
        int64_t begin = pads.begin[a], end = pads.end[a], size = x->shape.dim[a], result = y->shape.dim[a];
        axis[a] = a;
        list[a] = begin > 0 ? cut_count(cut, y, a, 0, begin) : -cut_count(cut, x, a, 0, -begin);
        list[a + rank] =
            end > 0 ? cut_count(cut, y, a, result - end, result) : -cut_count(cut, x, a, size + end, size);
    }
    cut_integers(graph, node, 1, 2 * rank, list);
    cut_integers(graph, node, 3, rank, axis);
}

const struct op pad_rows[] = {
    {.type = "Pad",
     .domain = "",
     .since_version = 19,
     .min_inputs = 2,
     .max_inputs = 4,
     .max_outputs = 1,
     .attributes = "mode ",
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .couple = couple,
     .cut = cut},
    {.type = NULL},
};
