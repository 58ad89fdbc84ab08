/* conv_transpose.c -- ConvTranspose: every input element adds a scaled window to the output. */
/* SPDX-License-Identifier: MIT */
#include "conv.h"
#include "known.h"
#include "rows.h"

#include <inttypes.h>
#include <string.h>

/* Output size without pads. */
static int64_t full_size(const struct window *window, int axis, int64_t size, int64_t extra)
{
    return (size - 1) * window->stride[axis] + extra + (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

struct window conv_transpose_window(const struct node *node, int64_t outputs[MAX_SPATIAL])
{
    struct window window = weights_window(node);
    struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    const char *mode = node_string(node, "auto_pad", "NOTSET");
    const bool same = !strncmp(mode, "SAME_", 5), given = node_attribute(node, "output_shape") != NULL;
    int64_t extra[MAX_SPATIAL];
    window_list(node, "output_padding", window.spatial, 0, 0, extra);
    if (given)
        window_list(node, "output_shape", window.spatial, 1, 1, outputs);
    if (w.dim[0] != x.dim[1] || w.dim[0] % window.group)
        node_fail(node,
                  "X has %" PRId64 " channels but W has %" PRId64 " with group %" PRId64
                  " (expected the same number, a multiple of group)",
                  x.dim[1], w.dim[0], window.group);
    for (int i = 0; i < window.spatial; i++) {
        int64_t full = full_size(&window, i, x.dim[i + 2], extra[i]);
        if (x.dim[i + 2] < 1)
            node_fail(node, "X is empty");
        if (same && !given)
            outputs[i] = x.dim[i + 2] * window.stride[i];
        if (same || given) {
            int64_t total = full > outputs[i] ? full - outputs[i] : 0;
            window.pad_begin[i] = !strcmp(mode, "SAME_UPPER") ? total / 2 : total - total / 2;
            window.pad_end[i] = total - window.pad_begin[i];
        } else {
            outputs[i] = full - window.pad_begin[i] - window.pad_end[i];
        }
        if (outputs[i] < 1)
            node_fail(node, "pads of %" PRId64 " and %" PRId64 " leave nothing of %" PRId64 " elements on axis %d",
                      window.pad_begin[i], window.pad_end[i], full, i + 2);
    }
    return window;
}

static void infer(struct graph *graph, struct node *node)
{
    int64_t outputs[MAX_SPATIAL];
    struct window window = conv_transpose_window(node, outputs);
    struct shape x = node->input[0]->shape, w = node->input[1]->shape, y = {.rank = x.rank};
    const struct tensor *bias = node_input(node, 2);
    input_same_type(node, 1);
    input_same_type(node, 2);
    y.dim[0] = x.dim[0];
    y.dim[1] = w.dim[1] * window.group;
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != y.dim[1]))
        node_fail(node, "B is %s but there are %" PRId64 " output channels", shape_string(graph->arena, bias->shape),
                  y.dim[1]);
    for (int i = 0; i < window.spatial; i++)
        y.dim[i + 2] = outputs[i];
    output_set(node, 0, node->input[0]->type, y);
}

/* The input element that tap `tap` carries to output element `at`; -1 when there is none. */
static int64_t source_of(const struct window *window, int axis, int64_t size, int64_t at, int64_t tap)
{
    int64_t from = at + window->pad_begin[axis] - tap * window->dilation[axis];
    if (from < 0 || from % window->stride[axis] || from / window->stride[axis] >= size)
        return -1;
    return from / window->stride[axis];
}

static double gather(const struct node *node, const struct window *window, const void *const input[],
                     const int64_t at[])
{
    const struct tensor *x = node->input[0], *w = node->input[1];
    int64_t channels = w->shape.dim[0] / window->group, group = at[1] / w->shape.dim[1], from[MAX_RANK] = {at[0]};
    int64_t tap[MAX_RANK] = {0};
    struct shape taps = w->shape; /* walks the channels of the group and the window; axis 1 stands still */
    taps.dim[0] = channels;
    taps.dim[1] = 1;
    double sum = 0;
    do {
        int64_t weight[MAX_RANK];
        bool inside = true;
        memcpy(weight, tap, sizeof weight);
        weight[0] = from[1] = group * channels + tap[0];
        weight[1] = at[1] % w->shape.dim[1];
        for (int a = 0; a < window->spatial; a++) {
            from[a + 2] = source_of(window, a, x->shape.dim[a + 2], at[a + 2], tap[a + 2]);
            inside &= from[a + 2] >= 0;
        }
        if (inside)
            sum += element_real(x->type, input[0], shape_offset(x->shape, from)) *
                   element_real(w->type, input[1], shape_offset(w->shape, weight));
    } while (shape_next(taps, tap));
    return sum;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    int64_t outputs[MAX_SPATIAL], at[MAX_RANK] = {0}, size = shape_size(node->output[0]->shape);
    struct window window = conv_transpose_window(node, outputs);
    const struct tensor *y = node->output[0];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double sum = gather(node, &window, input, at);
        if (node_input(node, 2))
            sum += element_real(y->type, input[2], at[1]);
        element_set_real(y->type, output[0], i, sum);
    }
}

/* Input elements whose windows touch `output`. An output that none touches counts as touched by the one before it, so that
 * a part reads no more than what it is a part of. */
static struct range touching(const struct window *window, int axis, int64_t size, struct range output)
{
    const int64_t stride = window->stride[axis], begin = output.begin + window->pad_begin[axis],
                  last = output.end - 1 + window->pad_begin[axis];
    const int64_t reach = begin - (window->kernel[axis] - 1) * window->dilation[axis];
    int64_t from = reach > 0 ? (reach + stride - 1) / stride : 0, to = last > 0 ? last / stride : 0;
    if (begin / stride < from)
        from = begin / stride;
    from = from < size ? from : size - 1;
    to = to < size ? to : size - 1;
    return (struct range){from, to + 1};
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    int64_t outputs[MAX_SPATIAL];
    struct window window = conv_transpose_window(node, outputs);
    struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    int64_t channels = w.dim[0] / window.group, first = region.axis[1].begin / w.dim[1],
            last = (region.axis[1].end - 1) / w.dim[1];
    struct range group = {first * channels, (last + 1) * channels};
    struct region need = region_whole(node->input[input]->shape);
    if (input == 2) {
        need.axis[0] = region.axis[1];
        return need;
    }
    if (input == 1) {
        need.axis[0] = group;
        if (first == last)
            need.axis[1] = (struct range){region.axis[1].begin - first * w.dim[1], region.axis[1].end - first * w.dim[1]};
        return need;
    }
    need.axis[0] = region.axis[0];
    need.axis[1] = group;
    for (int i = 0; i < window.spatial; i++)
        need.axis[i + 2] = touching(&window, i, x.dim[i + 2], region.axis[i + 2]);
    return need;
}

/* Every input element meets every tap; outputs share them evenly. */
static int64_t macs(const struct node *node, struct region region)
{
    struct shape w = node->input[1]->shape;
    return region_size(region) * (shape_size(w) / w.dim[1] / node_int(node, "group", 1));
}

/* A filter of zeros leaves the bias. */
static void constant(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    const struct tensor *w = node->input[1], *b = node_input(node, 2), *y = node->output[0];
    (void)output;
    if (axis != 1 || node_int(node, "group", 1) != 1 || (b && !is_float_constant(b)))
        return;
    for (int64_t m = 0; m < y->shape.dim[1]; m++)
        if (known_slice(known, w, 1, m) == 0)
            value[m] = b ? tensor_double(b, m) : 0;
}

/* ---- the product ---- */

static bool linear(const struct node *node, struct linear *linear)
{
    const struct tensor *w = node->input[1], *b = node_input(node, 2), *y = node->output[0];
    int64_t outputs[MAX_SPATIAL];
    struct window window = conv_transpose_window(node, outputs);
    if (!is_float_constant(w) || (b && !is_float_constant(b)) || window.group != 1)
        return false;
    *linear = (struct linear){.data = 0,
                              .weights = 1,
                              .bias = 2,
                              .biased = b != NULL,
                              .group = 1,
                              .taps = 1,
                              .columns = w->shape.dim[1],
                              .tap_stride = 1,
                              .row_axis = 0,
                              .column_axis = 1,
                              .data_axis = 1,
                              .output_axis = 1,
                              .inner = 1,
                              .scale = 1,
                              .bias_scale = 1,
                              .padded = true};
    for (int i = 0; i < window.spatial; i++) {
        linear->taps *= window.kernel[i];
        linear->inner *= y->shape.dim[i + 2];
    }
    linear->positions = y->shape.dim[0] * linear->inner;
    linear->column_stride = linear->taps;
    linear->row_stride = linear->columns * linear->taps;
    linear->group_stride = shape_size(w->shape);
    linear->rows = w->shape.dim[0] * linear->taps;
    return true;
}

static void unroll(const struct node *node, const struct linear *linear, int64_t group, int64_t position,
                   const float *data, float row[])
{
    (void)group;
    int64_t outputs[MAX_SPATIAL], at[MAX_SPATIAL], tap[MAX_SPATIAL] = {0};
    struct window window = conv_transpose_window(node, outputs);
    struct shape x = node->input[0]->shape, y = node->output[0]->shape, taps = {.rank = window.spatial};
    int64_t channels = x.dim[1], plane = 1, left = position % linear->inner;
    for (int i = window.spatial - 1; i >= 0; i--) {
        at[i] = left % y.dim[i + 2];
        left /= y.dim[i + 2];
        plane *= x.dim[i + 2];
        taps.dim[i] = window.kernel[i];
    }
    data += position / linear->inner * channels * plane;
    for (int64_t t = 0; t < linear->taps; t++, shape_next(taps, tap)) {
        int64_t offset = 0;
        bool inside = true;
        for (int i = 0; i < window.spatial; i++) {
            int64_t from = source_of(&window, i, x.dim[i + 2], at[i], tap[i]);
            inside &= from >= 0;
            offset = offset * x.dim[i + 2] + from;
        }
        for (int64_t c = 0; c < channels; c++)
            row[c * linear->taps + t] = inside ? data[c * plane + offset] : 0;
    }
}

const struct op conv_transpose_rows[] = {
    {.type = "ConvTranspose",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "auto_pad dilations group kernel_shape output_padding output_shape pads strides ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_conv,
     .cut = cut_conv,
     .constant = constant,
     .macs = macs,
     .linear = linear,
     .unroll = unroll},
    {.type = NULL},
};
