/* conv.c -- Conv, and the window that it shares with pooling. */
/* SPDX-License-Identifier: MIT */
#include "conv.h"

#include "known.h"
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Larger numbers are nonsense, and products of two stay far from overflow. */
static const int64_t LIMIT = INT32_MAX;

void window_list(const struct node *node, const char *name, int count, int64_t least, int64_t otherwise,
                 int64_t values[])
{
    const struct attribute *attribute = node_attribute(node, name);
    node_ints(node, name, 0, 0); /* checks the kind */
    if (attribute && attribute->count != count)
        node_fail(node, "%s has %" PRId64 " entries, expected %d", name, attribute->count, count);
    for (int i = 0; i < count; i++) {
        values[i] = node_ints(node, name, i, otherwise);
        if (values[i] < least || values[i] > LIMIT)
            node_fail(node, "%s holds %" PRId64 ", which is not in %" PRId64 "..%" PRId64, name, values[i],
                      least, LIMIT);
    }
}

static int64_t kernel_extent(const struct window *window, int axis)
{
    return (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

/* SAME pads so that the output has ceil(size / stride) elements; an odd element goes to the end (UPPER) or
 * begin. */
static void pad_same(struct window *window, int axis, int64_t size, bool upper)
{
    int64_t output = (size + window->stride[axis] - 1) / window->stride[axis];
    int64_t total = (output - 1) * window->stride[axis] + kernel_extent(window, axis) - size;
    if (total < 0)
        total = 0;
    window->pad_begin[axis] = upper ? total / 2 : total - total / 2;
    window->pad_end[axis] = total - window->pad_begin[axis];
}

static void read_pads(const struct node *node, struct window *window)
{
    const char *mode = node_string(node, "auto_pad", "NOTSET");
    int64_t pads[2 * MAX_SPATIAL];
    window_list(node, "pads", 2 * window->spatial, 0, 0, pads);
    for (int i = 0; i < window->spatial; i++) {
        if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
            pad_same(window, i, node->input[0]->shape.dim[i + 2], !strcmp(mode, "SAME_UPPER"));
        } else if (!*mode || !strcmp(mode, "NOTSET")) {
            window->pad_begin[i] = pads[i];
            window->pad_end[i] = pads[i + window->spatial];
        } else if (strcmp(mode, "VALID")) {
            node_fail(node, "auto_pad is '%.40s', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID", mode);
        }
    }
}

/* What `read` says of the node, from what is kept of it where attributes and shapes are still the same. */
static const struct window *keep_window(const struct node *node, struct window (*read)(const struct node *node),
                                        const struct tensor *weights)
{
    struct kept_window *kept = node->kept_window;
    const struct shape w = weights ? weights->shape : (struct shape){0};
    if (kept->read != read || kept->attribute != node->attribute || kept->attribute_count != node->attribute_count ||
        !shape_equal(kept->x, node->input[0]->shape) || !shape_equal(kept->w, w))
        *kept = (struct kept_window){read, node->attribute, node->attribute_count, node->input[0]->shape, w, read(node)};
    return &kept->window;
}

static struct window read_window(const struct node *node, const int64_t *kernel)
{
    struct shape input = node->input[0]->shape;
    if (input.rank < 3)
        node_fail(node, "X has rank %d, expected at least 3 (N x C x spatial axes)", input.rank);
    struct window window = {.spatial = input.rank - 2, .group = 1};
    if (!kernel && !node_attribute(node, "kernel_shape"))
        node_fail(node, "kernel_shape is missing");
    for (int i = 0; kernel && i < window.spatial; i++)
        window.kernel[i] = kernel[i];
    if (!kernel)
        window_list(node, "kernel_shape", window.spatial, 1, 1, window.kernel);
    window_list(node, "strides", window.spatial, 1, 1, window.stride);
    window_list(node, "dilations", window.spatial, 1, 1, window.dilation);
    for (int i = 0; i < input.rank; i++)
        if (input.dim[i] > LIMIT)
            node_fail(node, "axis %d of X has size %" PRId64 ", which is too large", i, input.dim[i]);
    read_pads(node, &window);
    return window;
}

static struct window read_pool(const struct node *node)
{
    struct window window = read_window(node, NULL);
    for (int i = 0; i < window.spatial; i++)
        if (window.pad_begin[i] >= kernel_extent(&window, i) ||
            window.pad_end[i] >= kernel_extent(&window, i))
            node_fail(node,
                      "pads of %" PRId64 " and %" PRId64
                      " on axis %d are not smaller than the window of %" PRId64,
                      window.pad_begin[i], window.pad_end[i], i + 2, kernel_extent(&window, i));
    return window;
}

const struct window *pool_window(const struct node *node)
{
    return keep_window(node, read_pool, NULL);
}

struct sizes {
    char text[160];
};

/* "64x3x7x7", for messages. */
static struct sizes list_sizes(const int64_t values[], int count)
{
    struct sizes sizes = {""};
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof sizes.text; i++)
        used += (size_t)snprintf(sizes.text + used, sizeof sizes.text - used, "%s%" PRId64, i ? "x" : "", values[i]);
    return sizes;
}

int weights_input(const struct node *node)
{
    return !strcmp(node->op_type, "QLinearConv") ? 3 : 1;
}

struct window weights_window(const struct node *node)
{
    struct shape x = node->input[0]->shape, w = node->input[weights_input(node)]->shape;
    if (x.rank < 3)
        node_fail(node, "X has rank %d, expected at least 3 (N x C x spatial axes)", x.rank);
    if (w.rank != x.rank)
        node_fail(node, "X has rank %d but W is %s", x.rank, list_sizes(w.dim, w.rank).text);
    for (int i = 0; i < w.rank; i++)
        if (w.dim[i] < 1 || w.dim[i] > LIMIT)
            node_fail(node, "W is %s, which has an axis that is empty or too large", list_sizes(w.dim, w.rank).text);
    const struct attribute *kernel = node_attribute(node, "kernel_shape");
    node_ints(node, "kernel_shape", 0, 0); /* checks the kind */
    if (kernel && (kernel->count != w.rank - 2 ||
                   memcmp(kernel->ints, w.dim + 2, (size_t)kernel->count * sizeof *kernel->ints))) {
        const int given = kernel->count < MAX_RANK ? (int)kernel->count : MAX_RANK;
        node_fail(node, "kernel_shape %s but W is %s", list_sizes(kernel->ints, given).text, list_sizes(w.dim, w.rank).text);
    }
    struct window window = read_window(node, w.dim + 2);
    window.group = node_int(node, "group", 1);
    if (window.group < 1 || window.group > LIMIT)
        node_fail(node, "group is %" PRId64, window.group);
    return window;
}

static struct window read_conv(const struct node *node)
{
    struct window window = weights_window(node);
    struct shape x = node->input[0]->shape, w = node->input[weights_input(node)]->shape;
    if (w.dim[1] * window.group != x.dim[1])
        node_fail(node, "X has %" PRId64 " channels but W is %s with group %" PRId64, x.dim[1], list_sizes(w.dim, w.rank).text,
                  window.group);
    if (w.dim[0] % window.group)
        node_fail(node, "W is %s, whose %" PRId64 " outputs do not divide into group %" PRId64, list_sizes(w.dim, w.rank).text,
                  w.dim[0], window.group);
    return window;
}

const struct window *conv_window(const struct node *node)
{
    return keep_window(node, read_conv, node->input[weights_input(node)]);
}

int64_t window_output(const struct node *node, const struct window *window, int axis, int64_t size,
                      bool ceil_mode)
{
    int64_t stride = window->stride[axis], extent = kernel_extent(window, axis);
    int64_t room = size + window->pad_begin[axis] + window->pad_end[axis] - extent;
    if (room < 0 || size < 1)
        node_fail(node, "the window of %" PRId64 " on axis %d is larger than the padded input of %" PRId64,
                  extent, axis + 2, room + extent);
    int64_t output = room / stride + 1;
    /* A window that ceil_mode adds must still begin inside the input or its left padding. */
    if (ceil_mode && room % stride && output * stride < size + window->pad_begin[axis])
        output++;
    return output;
}

struct range window_reads(const struct window *window, int axis, struct range output)
{
    int64_t stride = window->stride[axis], begin = window->pad_begin[axis];
    return (struct range){output.begin * stride - begin,
                          (output.end - 1) * stride - begin + kernel_extent(window, axis)};
}

struct shape conv_output(const struct node *node)
{
    struct window window = *conv_window(node);
    struct shape x = node->input[0]->shape, y = {.rank = x.rank};
    y.dim[0] = x.dim[0];
    y.dim[1] = node->input[weights_input(node)]->shape.dim[0];
    for (int i = 0; i < window.spatial; i++)
        y.dim[i + 2] = window_output(node, &window, i, x.dim[i + 2], false);
    return y;
}

static void infer(struct graph *graph, struct node *node)
{
    const struct tensor *bias = node_input(node, 2);
    const struct shape y = conv_output(node), w = node->input[1]->shape;
    input_same_type(node, 1);
    input_same_type(node, 2);
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != w.dim[0]))
        node_fail(node, "B is %s but W is %s", shape_string(graph->arena, bias->shape),
                  shape_string(graph->arena, w));
    output_set(node, 0, node->input[0]->type, y);
}

/* Elements of one channel. */
static int64_t map_size(struct shape shape)
{
    int64_t size = 1;
    for (int a = 2; a < shape.rank; a++)
        size *= shape.dim[a];
    return size;
}

/* What the window meets of one channel at an output element: which of the weights, and where in the channel. */
struct taps {
    int64_t *weight, *place;
    int64_t count;
};

static void find_taps(const struct node *node, const struct window *window, const int64_t at[], struct taps *taps)
{
    const struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    struct shape kernel = {.rank = window->spatial};
    int64_t tap[MAX_RANK] = {0};
    for (int a = 0; a < kernel.rank; a++)
        kernel.dim[a] = w.dim[a + 2];
    taps->count = 0;
    for (int64_t i = 0; i < map_size(w); i++, shape_next(kernel, tap)) {
        bool inside = true;
        int64_t place = 0;
        for (int a = 0; a < window->spatial; a++) {
            int64_t from = at[a + 2] * window->stride[a] - window->pad_begin[a] + tap[a] * window->dilation[a];
            inside &= from >= 0 && from < x.dim[a + 2];
            place = place * x.dim[a + 2] + from;
        }
        taps->weight[taps->count] = i;
        taps->place[taps->count] = place;
        taps->count += inside;
    }
}

/* One output element: the sum over the channels of its group and the window. */
static double convolve(const struct node *node, const struct window *window, const struct taps *taps,
                       const void *const input[], const int64_t at[])
{
    const struct tensor *x = node->input[0], *w = node->input[1];
    const bool is_float = x->type == TYPE_FLOAT && w->type == TYPE_FLOAT;
    int64_t channels = w->shape.dim[1], group = at[1] / (w->shape.dim[0] / window->group);
    int64_t map = map_size(x->shape), size = map_size(w->shape);
    int64_t from = (at[0] * x->shape.dim[1] + group * channels) * map, by = at[1] * channels * size;
    double sum = 0;
    for (int64_t c = 0; c < channels; c++, from += map, by += size)
        for (int64_t i = 0; i < taps->count; i++) {
            int64_t k = from + taps->place[i], m = by + taps->weight[i];
            sum += is_float ? (double)((const float *)input[0])[k] * (double)((const float *)input[1])[m]
                            : element_real(x->type, input[0], k) * element_real(w->type, input[1], m);
        }
    return sum;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct window window = *conv_window(node);
    const struct tensor *y = node->output[0];
    int64_t at[MAX_RANK] = {0}, size = shape_size(y->shape);
    struct arena arena = {0};
    size_t most = (size_t)map_size(node->input[1]->shape);
    struct taps taps = {arena_array(&arena, most, sizeof(int64_t)), arena_array(&arena, most, sizeof(int64_t)), 0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        find_taps(node, &window, at, &taps);
        double sum = convolve(node, &window, &taps, input, at);
        if (node_input(node, 2))
            sum += element_real(y->type, input[2], at[1]);
        element_set_real(y->type, output[0], i, sum);
    }
    arena_free(&arena);
}

struct region conv_reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const struct window *window = conv_window(node);
    struct shape w = node->input[weights_input(node)]->shape;
    struct region need = region_whole(node->input[input]->shape);
    if (input > 0) {
        if (need.rank > 0 && need.axis[0].end == w.dim[0])
            need.axis[0] = region.axis[1];
        return need;
    }
    int64_t outputs = w.dim[0] / window->group;
    need.axis[0] = region.axis[0];
    need.axis[1].begin = region.axis[1].begin / outputs * w.dim[1];
    need.axis[1].end = ((region.axis[1].end - 1) / outputs + 1) * w.dim[1];
    for (int i = 0; i < window->spatial; i++)
        need.axis[i + 2] = window_reads(window, i, region.axis[i + 2]);
    return need;
}

int64_t conv_macs(const struct node *node, struct region region)
{
    struct shape w = node->input[weights_input(node)]->shape;
    return region_size(region) * (shape_size(w) / w.dim[0]);
}

/* ---- slices ---- */

static void couple_groups(const struct node *node, int64_t group, bool transposed, struct couples *couples)
{
    const struct tensor *x = node->input[0], *w = node->input[1], *b = node_input(node, 2),
                        *y = node->output[0];
    int64_t inputs = x->shape.dim[1] / group, outputs = y->shape.dim[1] / group;
    int64_t filters = transposed ? inputs : outputs;
    couple_pin_axis(couples, w, 1);
    for (int64_t g = 0; g < group; g++) {
        for (int64_t c = 0; c < inputs; c++)
            couple_slices(couples, x, 1, g * inputs + c, y, 1, g * outputs);
        for (int64_t m = 0; m < outputs; m++) {
            couple_slices(couples, y, 1, g * outputs + m, y, 1, g * outputs);
            if (b)
                couple_slices(couples, b, 0, g * outputs + m, y, 1, g * outputs);
        }
        for (int64_t f = 0; f < filters; f++)
            couple_slices(couples, w, 0, g * filters + f, y, 1, g * outputs);
    }
}

void couple_conv(const struct node *node, struct couples *couples)
{
    const struct tensor *x = node->input[0], *w = node->input[1], *b = node_input(node, 2),
                        *y = node->output[0];
    const int64_t group = node_int(node, "group", 1);
    const bool transposed = !strcmp(node->op->type, "ConvTranspose");
    couple_axes(couples, x, 0, y, 0);
    for (int a = 2; a < x->shape.rank; a++) {
        couple_pin_axis(couples, x, a);
        couple_pin_axis(couples, w, a);
        couple_pin_axis(couples, y, a);
    }
    if (group > 1) {
        couple_groups(node, group, transposed, couples);
        return;
    }
    couple_contracted(couples, node, 0, 1, 1, transposed ? 0 : 1);
    couple_axes(couples, w, transposed ? 1 : 0, y, 1);
    if (b)
        couple_axes(couples, b, 0, y, 1);
}

void cut_conv(struct graph *graph, struct node *node, const struct cut *cut)
{
    const struct tensor *x = node->input[0];
    int64_t group = node_int(node, "group", 1), channels = x->shape.dim[1];
    if (group > 1)
        node_set_attribute(graph, node,
                           (struct attribute){.name = "group",
                                              .kind = ATTRIBUTE_INT,
                                              .i = cut_count(cut, x, 1, 0, channels) / (channels / group)});
}

/* ---- the product ---- */

static bool linear(const struct node *node, struct linear *linear)
{
    const struct tensor *w = node->input[1], *b = node_input(node, 2), *y = node->output[0];
    if (!is_float_constant(w) || (b && !is_float_constant(b)))
        return false;
    struct window window = *conv_window(node);
    *linear = (struct linear){.data = 0,
                              .weights = 1,
                              .bias = 2,
                              .biased = b != NULL,
                              .depthwise = window.group > 1,
                              .group = window.group,
                              .taps = 1,
                              .columns = w->shape.dim[0] / window.group,
                              .tap_stride = 1,
                              .row_axis = 1,
                              .data_axis = 1,
                              .output_axis = 1,
                              .positions = y->shape.dim[0],
                              .inner = 1,
                              .scale = 1,
                              .bias_scale = 1};
    for (int i = 0; i < window.spatial; i++) {
        linear->taps *= window.kernel[i];
        linear->inner *= y->shape.dim[i + 2];
        linear->padded |= window.pad_begin[i] || window.pad_end[i];
    }
    linear->positions *= linear->inner;
    linear->row_stride = linear->taps;
    linear->rows = linear->column_stride = w->shape.dim[1] * linear->taps;
    linear->group_stride = linear->columns * linear->column_stride;
    return true;
}

static void unroll(const struct node *node, const struct linear *linear, int64_t group, int64_t position,
                   const float *data, float row[])
{
    struct window window = *conv_window(node);
    struct shape x = node->input[0]->shape, y = node->output[0]->shape, taps = {.rank = window.spatial};
    int64_t at[MAX_SPATIAL], channels = linear->rows / linear->taps, plane = 1;
    int64_t left = position % linear->inner;
    for (int i = window.spatial - 1; i >= 0; i--) {
        at[i] = left % y.dim[i + 2] * window.stride[i] - window.pad_begin[i];
        left /= y.dim[i + 2];
        plane *= x.dim[i + 2];
        taps.dim[i] = window.kernel[i];
    }
    data += (position / linear->inner * x.dim[1] + group * channels) * plane;
    int64_t tap[MAX_SPATIAL] = {0};
    for (int64_t t = 0; t < linear->taps; t++, shape_next(taps, tap)) {
        int64_t offset = 0;
        bool inside = true;
        for (int i = 0; i < window.spatial; i++) {
            int64_t from = at[i] + tap[i] * window.dilation[i];
            inside &= from >= 0 && from < x.dim[i + 2];
            offset = offset * x.dim[i + 2] + from;
        }
        for (int64_t c = 0; c < channels; c++)
            row[c * linear->taps + t] = inside ? data[c * plane + offset] : 0;
    }
}

const struct op conv_rows[] = {
    {.type = "Conv",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "auto_pad dilations group kernel_shape pads strides ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = conv_reads,
     .couple = couple_conv,
     .cut = cut_conv,
     .linear = linear,
     .constant = constant_linear,
     .unroll = unroll,
     .macs = conv_macs,
     .epilogue = true},
    {.type = NULL},
};
