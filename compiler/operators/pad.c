/* pad.c -- Pad in all modes, and CenterCropPad. With computed pads Pad becomes a Gather along every axis, of the elements that
 * mednn.PadIndices says; what these leave open is filled afterwards. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <string.h>

enum mode { MODE_CONSTANT, MODE_REFLECT, MODE_EDGE, MODE_WRAP };

struct pads {
    enum mode mode;
    int64_t begin[MAX_RANK], end[MAX_RANK];
};

/* Half of what is too much or missing goes to each side, an odd element to the end. */
static struct pads read_sizes(const struct node *node)
{
    const struct shape x = node->input[0]->shape;
    const struct tensor *sizes = constant_input(node, 1, "shape");
    const struct attribute *axes = node_attribute(node, "axes");
    const int64_t count = axes ? axes->count : x.rank;
    struct pads pads = {0};
    bool seen[MAX_RANK] = {false};
    node_ints(node, "axes", 0, 0); /* checks the kind */
    if (shape_size(sizes->shape) != count)
        node_fail(node, "%" PRId64 " sizes for %" PRId64 " axes", shape_size(sizes->shape), count);
    for (int i = 0; i < count; i++) {
        const int64_t size = tensor_int(sizes, i);
        const int a = axes ? shape_axis(x.rank, axes->ints[i]) : i;
        if (a < 0 || seen[a])
            node_fail(node, "axis %" PRId64 " is listed twice or out of range for rank %d", node_ints(node, "axes", i, i),
                      x.rank);
        if (size < 0 || size > INT32_MAX)
            node_fail(node, "size %" PRId64 " on axis %d", size, a);
        seen[a] = true;
        pads.begin[a] = (size - x.dim[a]) / 2;
        pads.end[a] = size - x.dim[a] - pads.begin[a];
    }
    return pads;
}

static enum mode read_mode(const struct node *node)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    const char *name = node_string(node, "mode", "constant");
    enum mode mode = MODE_CONSTANT;
    while (strcmp(name, modes[mode]))
        if (++mode > MODE_WRAP)
            node_fail(node, "mode is '%.40s', expected constant, reflect, edge or wrap", name);
    return mode;
}

static struct pads read_pads(const struct node *node)
{
    if (!strcmp(node->op->type, "CenterCropPad"))
        return read_sizes(node);
    struct shape x = node->input[0]->shape;
    const struct tensor *list = constant_input(node, 1, "pads");
    const char *mode = node_string(node, "mode", "constant");
    struct pads pads = {.mode = read_mode(node)};
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
        int64_t most = pads.mode == MODE_REFLECT             ? x.dim[a] - (x.dim[a] > 0)
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

static struct tensor *with_shape(struct tensor *tensor, const struct tensor *like)
{
    tensor->type = like->type;
    tensor->shape = like->shape;
    return tensor;
}

static struct tensor *with_int(struct graph *graph, struct tensor *tensor, const char *name, int64_t value)
{
    set_int(graph, tensor->producer, name, value);
    return tensor;
}

/* The result where the indices along the axis say an element, else the value. */
static void fill_axis(struct graph *graph, struct node *node, struct tensor *indices, int axis, int rank,
                      struct tensor *value)
{
    const int64_t zero = 0;
    int64_t axes[MAX_RANK];
    for (int i = axis + 1; i < rank; i++)
        axes[i - axis - 1] = i - axis;
    struct tensor *compared[] = {indices, integers_constant(graph, node, "first", TYPE_INT64, -1, &zero)};
    struct tensor *inside[] = {node_before(graph, node, "", "GreaterOrEqual", 2, compared),
                               integers_constant(graph, node, "axes", TYPE_INT64, rank - axis - 1, axes)};
    if (axis < rank - 1)
        inside[0] = node_before(graph, node, "", "Unsqueeze", 2, inside);
    struct tensor *chosen[] = {inside[0], node->input[0], value};
    node->input[0] = with_shape(node_before(graph, node, "", "Where", 3, chosen), node->input[0]);
}

static void settle(struct graph *graph, struct node *node)
{
    static const char *const names[] = {NULL, "pads", "constant_value", "axes"};
    int computed = 0;
    for (int i = 1; i < node->input_count; i++)
        computed = input_is_computed(node, i) ? i : computed;
    if (!computed)
        return;
    const enum mode mode = read_mode(node);
    const struct shape x = node->input[0]->shape, y = settled_shape(graph, node, computed, names[computed], x.rank);
    const int64_t count = node_input(node, 3) ? shape_size(node->input[3]->shape) : x.rank, zero = 0;
    struct tensor *value = node_input(node, 2);
    if (shape_size(node->input[1]->shape) != 2 * count)
        node_fail(node, "%" PRId64 " pads for %" PRId64 " axes, expected %" PRId64, shape_size(node->input[1]->shape),
                  count, 2 * count);
    if (!shape_size(x))
        node_fail(node, "an empty tensor is padded as computed values say, which is not supported");
    input_same_type(node, 2);
    if (value && shape_size(value->shape) != 1)
        node_fail(node, "constant_value is no scalar");
    if (!value)
        value = integers_constant(graph, node, "value", node->input[0]->type, -1, &zero);
    struct tensor *input[] = {node->input[0], node->input[1], node_input(node, 3)};
    node->input = arena_copy(graph->arena, input, sizeof input);
    node->input_count = input[2] ? 3 : 2;
    struct tensor *indices[MAX_RANK];
    for (int axis = 0; axis < x.rank; axis++)
        indices[axis] = with_int(graph, settle_axis(graph, node, "PadIndices", axis, y.dim[axis], "pads do not give", y),
                                 "mode", mode);
    for (int axis = 0; axis < x.rank && mode == MODE_CONSTANT; axis++)
        fill_axis(graph, node, indices[axis], axis, x.rank, value);
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
    const int64_t size = node_int(node, "size", 0), count = node_int(node, "count", 0);
    const int64_t entries = shape_size(node->input[0]->shape) / 2;
    const enum mode mode = (enum mode)node_int(node, "mode", 0);
    const int64_t most = mode == MODE_REFLECT ? size - 1 : mode == MODE_WRAP ? size : INT32_MAX;
    int64_t begin = 0, end = 0, found = 0;
    bool fits = true;
    for (int64_t i = 0; i < entries; i++) {
        const struct tensor *axes = node_input(node, 1);
        const int axis = shape_axis((int)node_int(node, "rank", 1), axes ? element_integer(axes->type, input[1], i) : i);
        fits &= axis >= 0;
        if (axis != node_int(node, "axis", 0))
            continue;
        begin = element_integer(node->input[0]->type, input[0], i);
        end = element_integer(node->input[0]->type, input[0], i + entries);
        fits &= ++found == 1 && begin <= most && end <= most && begin >= -size && end >= -size;
    }
    fits = fits && begin + end + size == count;
    for (int64_t i = 0; i < count; i++)
        ((int64_t *)output[1])[i] = source_index(mode, fits ? i - begin : 0, size);
    *(uint8_t *)output[0] = fits;
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
    couple_pin_inputs(node, 1, couples);
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
    int64_t list[2 * MAX_RANK];
    int rank = x->shape.rank;
    for (int a = 0; a < rank; a++) {
        int64_t begin = pads.begin[a], end = pads.end[a], size = x->shape.dim[a], result = y->shape.dim[a];
        list[a] = begin > 0 ? cut_count(cut, y, a, 0, begin) : -cut_count(cut, x, a, 0, -begin);
        list[a + rank] =
            end > 0 ? cut_count(cut, y, a, result - end, result) : -cut_count(cut, x, a, size + end, size);
    }
    cut_integers(graph, node, 1, 2 * rank, list);
    if (node_input(node, 3))
        node->input[3] = NULL; /* all of them */
}

const struct op pad_rows[] = {
    {.type = "Pad",
     .domain = "",
     .since_version = 19,
     .min_inputs = 2,
     .max_inputs = 4,
     .max_outputs = 1,
     .attributes = "mode ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple,
     .cut = cut},
    {.type = "CenterCropPad",
     .domain = "",
     .since_version = 18,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .attributes = "axes ",
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves},
    {.type = "PadIndices",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 2,
     .max_outputs = 2,
     .types = TYPES_INTEGER,
     .attributes = "axis count mode rank size ",
     .infer = infer_indices,
     .evaluate = evaluate_indices},
    {.type = NULL},
};
