/* deform_conv.c -- DeformConv: a convolution that reads its input at computed positions. */
/* SPDX-License-Identifier: MIT */
#include "deform_conv.h"

#include "rows.h"

#include <inttypes.h>
#include <math.h>

struct deform_conv deform_conv_of(const struct node *node)
{
    const struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    if (x.rank != 4 || w.rank != 4)
        node_fail(node, "X has rank %d and W rank %d, expected 4 (two spatial axes)", x.rank, w.rank);
    struct deform_conv conv = {.window = *conv_window(node), .offset_group = node_int(node, "offset_group", 1)};
    if (conv.offset_group < 1 || x.dim[1] % conv.offset_group)
        node_fail(node, "offset_group is %" PRId64 ", which does not divide %" PRId64 " channels", conv.offset_group,
                  x.dim[1]);
    return conv;
}

static void check_positions(struct graph *graph, const struct node *node, int input, int64_t channels, struct shape y)
{
    const struct tensor *tensor = node_input(node, input);
    if (!tensor)
        return;
    input_same_type(node, input);
    y.dim[1] = channels;
    if (!shape_equal(tensor->shape, y))
        node_fail(node, "'%s' is %s, expected %s", tensor->name, shape_string(graph->arena, tensor->shape),
                  shape_string(graph->arena, y));
}

static void infer(struct graph *graph, struct node *node)
{
    const struct deform_conv conv = deform_conv_of(node);
    const struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    const struct tensor *bias = node_input(node, DEFORM_BIAS);
    const int64_t positions = conv.offset_group * w.dim[2] * w.dim[3];
    struct shape y = {.rank = 4, .dim = {x.dim[0], w.dim[0]}};
    input_same_type(node, 1);
    input_same_type(node, DEFORM_BIAS);
    for (int i = 0; i < 2; i++)
        y.dim[i + 2] = window_output(node, &conv.window, i, x.dim[i + 2], false);
    check_positions(graph, node, DEFORM_OFFSET, 2 * positions, y);
    check_positions(graph, node, DEFORM_MASK, positions, y);
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != w.dim[0]))
        node_fail(node, "B is %s, expected %" PRId64 " elements", shape_string(graph->arena, bias->shape), w.dim[0]);
    output_set(node, 0, node->input[0]->type, y);
}

/* Beyond the map lie zeros. */
static double interpolate(const struct tensor *x, const void *data, int64_t n, int64_t c, double row, double column)
{
    const double first_row = floor(row), first_column = floor(column);
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        const double r = first_row + i / 2, k = first_column + i % 2;
        if (!(r >= 0 && r < (double)x->shape.dim[2] && k >= 0 && k < (double)x->shape.dim[3]))
            continue;
        const int64_t at[] = {n, c, (int64_t)r, (int64_t)k};
        sum += element_real(x->type, data, shape_offset(x->shape, at)) * (1 - fabs(row - r)) * (1 - fabs(column - k));
    }
    return sum;
}

/* What channel c contributes at kernel position (i, j), before its weight. */
static double sample(const struct node *node, const void *const input[], const struct deform_conv *conv,
                     const int64_t at[4], int64_t c, int64_t i, int64_t j)
{
    const struct tensor *x = node->input[0], *offset = node->input[DEFORM_OFFSET], *mask = node_input(node, DEFORM_MASK);
    const struct window *w = &conv->window;
    const int64_t group = c / (x->shape.dim[1] / conv->offset_group);
    const int64_t position = (group * w->kernel[0] + i) * w->kernel[1] + j;
    int64_t where[] = {at[0], 2 * position, at[2], at[3]};
    const double down = element_real(offset->type, input[DEFORM_OFFSET], shape_offset(offset->shape, where));
    where[1]++;
    const double right = element_real(offset->type, input[DEFORM_OFFSET], shape_offset(offset->shape, where));
    where[1] = position;
    const double factor = mask ? element_real(mask->type, input[DEFORM_MASK], shape_offset(mask->shape, where)) : 1;
    return factor * interpolate(x, input[0], at[0], c,
                                (double)(at[2] * w->stride[0] - w->pad_begin[0] + i * w->dilation[0]) + down,
                                (double)(at[3] * w->stride[1] - w->pad_begin[1] + j * w->dilation[1]) + right);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct deform_conv conv = deform_conv_of(node);
    const struct tensor *w = node->input[1], *y = node->output[0];
    const struct shape k = w->shape;
    const int64_t size = shape_size(y->shape), per_group = k.dim[0] / conv.window.group;
    int64_t at[MAX_RANK] = {0};
    for (int64_t element = 0; element < size; element++, shape_next(y->shape, at)) {
        const int64_t first = at[1] / per_group * k.dim[1];
        double sum = node_input(node, DEFORM_BIAS) ? element_real(w->type, input[DEFORM_BIAS], at[1]) : 0;
        for (int64_t c = 0; c < k.dim[1]; c++)
            for (int64_t i = 0; i < k.dim[2]; i++)
                for (int64_t j = 0; j < k.dim[3]; j++)
                    sum += element_real(w->type, input[1], ((at[1] * k.dim[1] + c) * k.dim[2] + i) * k.dim[3] + j) *
                           sample(node, input, &conv, at, first + c, i, j);
        element_set_real(y->type, output[0], element, sum);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const struct window window = *conv_window(node);
    const struct shape shape = node->input[input]->shape, w = node->input[1]->shape;
    const int64_t per_group = w.dim[0] / window.group;
    const struct range outputs = region.axis[1], groups = {outputs.begin / per_group, (outputs.end - 1) / per_group + 1};
    struct region need = region_whole(shape);
    switch (input) {
    case 0: /* anywhere in the map */
        need.axis[0] = region.axis[0];
        need.axis[1] = (struct range){groups.begin * w.dim[1], groups.end * w.dim[1]};
        return need;
    case 1:
    case DEFORM_BIAS:
        need.axis[0] = outputs;
        return need;
    }
    region.axis[1] = need.axis[1];
    return region;
}

static int64_t macs(const struct node *node, struct region region)
{
    const struct shape w = node->input[1]->shape;
    return region_size(region) * w.dim[1] * w.dim[2] * w.dim[3];
}

const struct op deform_conv_rows[] = {
    {.type = "DeformConv",
     .domain = "",
     .since_version = 19,
     .min_inputs = 3,
     .max_inputs = 5,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "dilations group kernel_shape offset_group pads strides ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .macs = macs},
    {.type = NULL},
};
