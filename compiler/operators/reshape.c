/* reshape.c -- Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout and our own Layout: the elements stay
 * in their row-major order, only the axes change. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void infer_reshape(struct graph *graph, struct node *node)
{
    const struct tensor *list = constant_input(node, 1, "shape");
    struct shape x = node->input[0]->shape, y = {0};
    int64_t size = shape_size(x), allow_zero = node_int(node, "allowzero", 0);
    int free_axis = -1;
    if (list->shape.rank != 1 || list->shape.dim[0] > MAX_RANK)
        node_fail(node, "shape is no list of at most %d numbers", MAX_RANK);
    y.rank = (int)list->shape.dim[0];
    for (int i = 0; i < y.rank; i++) {
        y.dim[i] = tensor_int(list, i);
        if (y.dim[i] == 0 && !allow_zero) {
            if (i >= x.rank)
                node_fail(node, "shape keeps axis %d, which the input of rank %d does not have", i, x.rank);
            y.dim[i] = x.dim[i];
        }
        if (y.dim[i] < -1 || (y.dim[i] == -1 && free_axis >= 0))
            node_fail(node, "shape holds %s", y.dim[i] < -1 ? "a negative size" : "-1 twice");
        if (y.dim[i] == -1) {
            free_axis = i;
            y.dim[i] = 1;
        }
    }
    int64_t rest = shape_size(y);
    if (free_axis >= 0 && rest > 0)
        y.dim[free_axis] = size / rest;
    if (shape_size(y) != size || (free_axis >= 0 && rest == 0))
        node_fail(node, "%s cannot be reshaped to %s", shape_string(graph->arena, x),
                  shape_string(graph->arena, y));
    output_set(node, 0, node->input[0]->type, y);
}

static void infer_flatten(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape, y = {.rank = 2, .dim = {1, 1}};
    int64_t axis = node_int(node, "axis", 1);
    if (axis < -x.rank || axis > x.rank)
        node_fail(node, "axis %" PRId64 " is out of range for rank %d", axis, x.rank);
    if (axis < 0)
        axis += x.rank;
    shape_size(x);
    for (int i = 0; i < x.rank; i++)
        y.dim[i >= axis] *= x.dim[i];
    output_set(node, 0, node->input[0]->type, y);
}

static void infer_squeeze(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape, y = {0};
    int axis[MAX_RANK], count = input_axes(node, 1, x.rank, axis);
    bool dropped[MAX_RANK] = {false};
    for (int i = 0; i < count; i++) {
        if (x.dim[axis[i]] != 1)
            node_fail(node, "axis %d has size %" PRId64 ", expected 1", axis[i], x.dim[axis[i]]);
        dropped[axis[i]] = true;
    }
    for (int i = 0; i < x.rank; i++)
        if (node_input(node, 1) ? !dropped[i] : x.dim[i] != 1)
            y.dim[y.rank++] = x.dim[i];
    output_set(node, 0, node->input[0]->type, y);
}

static void infer_unsqueeze(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *axes = constant_input(node, 1, "axes");
    struct shape x = node->input[0]->shape, y = {0};
    int64_t rank = x.rank + shape_size(axes->shape);
    if (rank > MAX_RANK)
        node_fail(node, "the result has rank %" PRId64 "; mednnc takes at most %d", rank, MAX_RANK);
    int axis[MAX_RANK], count = input_axes(node, 1, (int)rank, axis), from = 0;
    bool added[MAX_RANK] = {false};
    for (int i = 0; i < count; i++)
        added[axis[i]] = true;
    y.rank = (int)rank;
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = added[i] ? 1 : x.dim[from++];
    output_set(node, 0, node->input[0]->type, y);
}

/* The node becomes a Reshape to `to`; input 1 is computed and must mean that. */
static void settle_to(struct graph *graph, struct node *node, const char *what, enum holds_kind kind,
                      struct shape expected, struct shape from, struct shape to)
{
    require(graph, node, value_holds(graph, node, node->input[1], kind, expected.rank, expected.dim, from),
            arena_printf(graph->arena, "%s does not give shape", what), to);
    node->op_type = "Reshape";
    node->op = op_find("", "Reshape", NEWEST_OPSET);
    node->input[1] = integers_constant(graph, node, what, TYPE_INT64, to.rank, to.dim);
    set_int(graph, node, "allowzero", 1);
}

static void settle_reshape(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape list = node->input[1]->shape;
    if (list.rank != 1 || list.dim[0] > MAX_RANK)
        node_fail(node, "shape is no list of at most %d numbers", MAX_RANK);
    const struct shape x = node->input[0]->shape,
                       y = settled_shape(graph, node, 1, "shape", (int)list.dim[0]);
    if (shape_size(x) != shape_size(y))
        node_fail(node, "%s cannot be reshaped to %s, the declared shape of the result",
                  shape_string(graph->arena, x), shape_string(graph->arena, y));
    settle_to(graph, node, "shape", node_int(node, "allowzero", 0) ? HOLDS_RESHAPE_ZERO : HOLDS_RESHAPE, y, x,
              y);
}

/* Axes of size 1 are dropped from `longer`, which makes `shorter`. */
static void settle_axes(struct graph *graph, struct node *node, struct shape shorter, struct shape longer,
                        struct shape y)
{
    if (shape_size(node->input[1]->shape) != longer.rank - shorter.rank ||
        shape_size(shorter) != shape_size(longer))
        node_fail(node, "%lld axes do not give %s, the declared shape of the result",
                  (long long)shape_size(node->input[1]->shape), shape_string(graph->arena, y));
    settle_to(graph, node, "axes", HOLDS_SQUEEZE, shorter, longer, y);
}

static void settle_squeeze(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape y = settled_shape(graph, node, 1, "axes", -1);
    settle_axes(graph, node, y, node->input[0]->shape, y);
}

static void settle_unsqueeze(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape y = settled_shape(graph, node, 1, "axes", -1);
    settle_axes(graph, node, node->input[0]->shape, y, y);
}

/* Training with a ratio of 0 drops nothing. */
static void settle_dropout(struct graph *graph, struct node *node)
{
    const int64_t zero = 0;
    if (!input_is_computed(node, 2) && !(input_is_computed(node, 1) && node_input(node, 2)))
        return;
    struct tensor *truth[2] = {
        value_holds(graph, node, node->input[2], HOLDS_EQUAL, 1, &zero, (struct shape){0}), NULL};
    if (node->input[1]) {
        truth[1] = value_holds(graph, node, node->input[1], HOLDS_EQUAL, 1, &zero, (struct shape){0});
        truth[0] = node_before(graph, node, "", "Or", 2, truth);
    }
    require(graph, node, truth[0],
            "training_mode is true, with a ratio other than 0; without training the result is",
            node->input[0]->shape);
    node->input_count = 1;
}

static void infer_same(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static void infer_dropout(struct graph *graph, struct node *node)
{
    const struct tensor *training = constant_input(node, 2, "training_mode"), *ratio = node_input(node, 1);
    const bool keeps_all = ratio && tensor_is_constant(ratio) && tensor_double(ratio, 0) == 0;
    if (training && tensor_int(training, 0) && !keeps_all)
        node_fail(node, "training_mode is true; export the model for inference");
    infer_same(graph, node);
    output_set(node, 1, TYPE_BOOL, node->input[0]->shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    size_t size = (size_t)shape_size(x->shape);
    if (output[0])
        memcpy(output[0], input[0], size * type_size(x->type));
    if (node_output(node, 1)) /* Dropout's mask: everything stays */
        memset(output[1], 1, size);
}

/* ---- reads: groups of neighbouring axes with equal products on both sides map onto each other ---- */

struct axis_group {
    int x_first, x_last, y_first, y_last; /* half open */
};

/* The smallest group after `group`; false after the last one. No axis is empty. */
static bool next_group(struct shape x, struct shape y, struct axis_group *group)
{
    int i = group->x_last, k = group->y_last;
    if (i >= x.rank && k >= y.rank)
        return false;
    *group = (struct axis_group){.x_first = i, .y_first = k};
    int64_t x_size = i < x.rank ? x.dim[i++] : 1, y_size = k < y.rank ? y.dim[k++] : 1;
    while (x_size != y_size)
        if (x_size < y_size)
            x_size *= x.dim[i++];
        else
            y_size *= y.dim[k++];
    group->x_last = i;
    group->y_last = k;
    return true;
}

/* The box of axes [first, first + rank) of `shape` that holds all row-major positions from `low` to `high`.
 */
static void cover_positions(struct shape shape, int first, int last, int64_t low, int64_t high,
                            struct region *box)
{
    int64_t step = 1;
    bool differ = false;
    for (int i = first; i < last; i++)
        step *= shape.dim[i];
    for (int i = first; i < last; i++) {
        step /= shape.dim[i];
        int64_t begin = low / step % shape.dim[i], end = high / step % shape.dim[i];
        box->axis[i] = differ ? (struct range){0, shape.dim[i]} : (struct range){begin, end + 1};
        differ |= begin != end;
    }
}

static void map_group(struct shape y, int y_first, int y_last, const struct region *region, struct shape x,
                      int x_first, int x_last, struct region *box)
{
    int64_t low = 0, high = 0;
    for (int i = y_first; i < y_last; i++) {
        low = low * y.dim[i] + region->axis[i].begin;
        high = high * y.dim[i] + region->axis[i].end - 1;
    }
    cover_positions(x, x_first, x_last, low, high, box);
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    struct shape x = node->input[input]->shape, y = node->output[output]->shape;
    struct region box = region_whole(x);
    if (input > 0 || !shape_size(x))
        return box;
    for (struct axis_group group = {0}; next_group(x, y, &group);)
        map_group(y, group.y_first, group.y_last, &region, x, group.x_first, group.x_last, &box);
    return box;
}

/* ---- slices ---- */

/* Neighbouring axes with equal products: one to one, or one axis that runs over several. */
static void couple_group(struct couples *couples, const struct tensor *x, int x_first, int x_last,
                         const struct tensor *y, int y_first, int y_last)
{
    int x_axes = 0, y_axes = 0, x_axis = x_first, y_axis = y_first;
    for (int i = x_first; i < x_last; i++)
        if (x->shape.dim[i] != 1) {
            x_axes++;
            x_axis = i;
        }
    for (int i = y_first; i < y_last; i++)
        if (y->shape.dim[i] != 1) {
            y_axes++;
            y_axis = i;
        }
    if (x_axes == 1 && y_axes == 1)
        couple_axes(couples, x, x_axis, y, y_axis);
    else if (x_axes == 1)
        couple_packed(couples, x, x_axis, y, y_first, y_last);
    else if (y_axes == 1)
        couple_packed(couples, y, y_axis, x, x_first, x_last);
    else
        for (int i = 0; i < x->shape.rank || i < y->shape.rank; i++) {
            if (i >= x_first && i < x_last)
                couple_pin_axis(couples, x, i);
            if (i >= y_first && i < y_last)
                couple_pin_axis(couples, y, i);
        }
}

static void couple(const struct node *node, struct couples *couples)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    couple_pin_inputs(node, 1, couples);
    if (!y || !shape_size(x->shape)) {
        couple_pin_node(node, couples);
        return;
    }
    for (struct axis_group group = {0}; next_group(x->shape, y->shape, &group);)
        couple_group(couples, x, group.x_first, group.x_last, y, group.y_first, group.y_last);
}

static double packed_value(const struct known *known, const struct tensor *x, struct axis_group group,
                           int64_t i)
{
    int64_t inner = 1;
    for (int a = group.x_last - 1; a >= group.x_first; inner *= x->shape.dim[a--]) {
        double value = known_slice(known, x, a, i / inner % x->shape.dim[a]);
        if (!isnan(value))
            return value;
    }
    return (double)NAN;
}

/* A slice of one axis of several is spread over the axis that they come from. */
static double unpacked_value(const struct known *known, const struct tensor *x, int x_axis, int64_t inner,
                             int64_t length, int64_t i)
{
    double value = (double)NAN;
    int64_t repeats = x->shape.dim[x_axis] / (length * inner);
    for (int64_t k = 0; k < repeats * inner; k++) {
        double other = known_slice(known, x, x_axis, (k / inner * length + i) * inner + k % inner);
        if (isnan(other) || (!isnan(value) && other != value))
            return (double)NAN;
        value = other;
    }
    return value;
}

static void constant(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    if (output || !shape_size(x->shape))
        return;
    struct axis_group group = {0};
    while (next_group(x->shape, y->shape, &group) && axis >= group.y_last)
        ;
    int x_axes = 0, y_axes = 0, x_axis = 0;
    int64_t inner = 1, length = y->shape.dim[axis];
    for (int a = group.x_first; a < group.x_last; a++)
        if (x->shape.dim[a] != 1) {
            x_axes++;
            x_axis = a;
        }
    for (int b = group.y_first; b < group.y_last; b++) {
        y_axes += y->shape.dim[b] != 1;
        inner *= b > axis ? y->shape.dim[b] : 1;
    }
    for (int64_t i = 0; i < length; i++)
        if (y_axes == 1)
            value[i] = packed_value(known, x, group, i);
        else if (x_axes == 1)
            value[i] = unpacked_value(known, x, x_axis, inner, length, i);
}

static void cut_reshape(struct graph *graph, struct node *node, const struct cut *cut)
{
    struct shape y = cut_shape(cut, node->output[0]);
    cut_integers(graph, node, 1, y.rank, y.dim);
}

/* Without a list of axes an axis that shrinks to 1 would go, too. */
static void cut_squeeze(struct graph *graph, struct node *node, const struct cut *cut)
{
    (void)cut;
    struct shape x = node->input[0]->shape;
    int64_t axes[MAX_RANK];
    int count = 0;
    if (node_input(node, 1))
        return;
    for (int i = 0; i < x.rank; i++)
        if (x.dim[i] == 1)
            axes[count++] = i;
    cut_integers(graph, node, 1, count, axes);
}

static void settle_identity(struct graph *graph, struct node *node)
{
    (void)graph;
    node->output[0]->sequence = node->input[0]->sequence;
}

#define ROW(name, version, least, most, outputs, infers, ...)                                                \
    {                                                                                                        \
        .type = name, .since_version = version, .min_inputs = least, .max_inputs = most,                     \
        .max_outputs = outputs, .infer = infers, .evaluate = evaluate, .reads = reads, __VA_ARGS__           \
    }

const struct op reshape_rows[] = {
    ROW("Dropout", 13, 1, 3, 2, infer_dropout, .domain = "", .couple = couple_reads, .constant = constant,
        .attributes = "seed ", .settle = settle_dropout),
    ROW("Flatten", 21, 1, 1, 1, infer_flatten, .domain = "", .couple = couple, .constant = constant,
        .attributes = "axis "),
    ROW("Identity", 21, 1, 1, 1, infer_same, .domain = "", .couple = couple, .constant = constant,
        .settle = settle_identity,
        .sequences = true),
    ROW("Layout", 1, 1, 1, 1, infer_same, .domain = "mednn"),
    ROW("Reshape", 21, 2, 2, 1, infer_reshape, .domain = "", .attributes = "allowzero ", .couple = couple,
        .constant = constant, .cut = cut_reshape, .settle = settle_reshape),
    ROW("Squeeze", 21, 1, 2, 1, infer_squeeze, .domain = "", .couple = couple, .constant = constant,
        .cut = cut_squeeze, .settle = settle_squeeze),
    ROW("Unsqueeze", 21, 2, 2, 1, infer_unsqueeze, .domain = "", .couple = couple, .constant = constant,
        .settle = settle_unsqueeze),
    {.type = NULL},
};
