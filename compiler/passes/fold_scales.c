/* fold_scales.c -- BatchNormalization and per-channel constants into the weights around them.
 *
 * Weights are folded in double precision. */
/* SPDX-License-Identifier: MIT */
#include "../operators/conv.h"
#include "edit.h"
#include "passes.h"

#include <math.h>

/* y = scale[c] x + shift[c]: what BatchNormalization, and Mul or Add with per-channel constants, do. */
struct affine {
    double *scale, *shift;
};

static struct affine affine_new(struct arena *arena, int64_t channels)
{
    struct affine affine = {arena_array(arena, (size_t)channels, sizeof(double)),
                            arena_array(arena, (size_t)channels, sizeof(double))};
    for (int64_t c = 0; c < channels; c++)
        affine.scale[c] = 1;
    return affine;
}

static bool batch_normalization_affine(struct arena *arena, const struct node *node, struct affine *affine)
{
    int64_t channels = node->input[1]->shape.dim[0];
    if (node_int(node, "training_mode", 0) || node->input[0]->type != TYPE_FLOAT)
        return false;
    for (int i = 1; i < 5; i++)
        if (!node_input(node, i) || !tensor_is_constant(node->input[i]))
            return false;
    double epsilon = (double)node_float(node, "epsilon", 1e-5f);
    *affine = affine_new(arena, channels);
    for (int64_t c = 0; c < channels; c++) {
        double scale = tensor_double(node->input[1], c), bias = tensor_double(node->input[2], c);
        double mean = tensor_double(node->input[3], c), variance = tensor_double(node->input[4], c);
        affine->scale[c] = scale / sqrt(variance + epsilon);
        affine->shift[c] = bias - mean * affine->scale[c];
    }
    return true;
}

/* *x: the input that the constants are applied to. */
static bool affine_of(struct graph *graph, const struct node *node, struct affine *affine, struct tensor **x)
{
    if (node_is(node, "BatchNormalization")) {
        *x = node->input[0];
        return batch_normalization_affine(graph->arena, node, affine);
    }
    bool add = node_is(node, "Add"), multiply = node_is(node, "Mul");
    struct shape shape = node->output[0]->shape;
    for (int i = 0; (add || multiply) && i < 2; i++) {
        const float *value = tensor_per_channel(graph->arena, node->input[i], shape);
        if (!value || !shape_equal(node->input[1 - i]->shape, shape))
            continue;
        *affine = affine_new(graph->arena, shape.dim[1]);
        for (int64_t c = 0; c < shape.dim[1]; c++)
            (add ? affine->shift : affine->scale)[c] = (double)value[c];
        *x = node->input[1 - i];
        return true;
    }
    return false;
}

/* Constants of a float32 Conv or Gemm that may be rewritten. */
static bool has_float_weights(const struct node *node)
{
    const struct tensor *bias = node_input(node, 2);
    return tensor_is_constant(node->input[1]) && node->input[1]->type == TYPE_FLOAT &&
           (!bias || (tensor_is_constant(bias) && bias->type == TYPE_FLOAT));
}

static struct tensor *constant_floats(struct graph *graph, const char *name, struct shape shape,
                                      const float *values)
{
    return graph_constant(graph, name, TYPE_FLOAT, shape, values);
}

/* What stands in the place of `old`: under its name, where nobody else reads it. */
static struct tensor *replace_floats(struct graph *graph, struct tensor *old, const float *values)
{
    if (old->uses != 1)
        return constant_floats(graph, old->name, old->shape, values);
    old->data = values;
    return old;
}

static void set_bias(struct graph *graph, struct node *node, int64_t channels, const float *values)
{
    struct tensor *old = node_input(node, 2);
    struct shape shape = shape_of(1, &channels);
    while (node->input_count < 3)
        node_add_input(graph, node, NULL);
    node->input[2] =
        old && shape_equal(old->shape, shape)
            ? replace_floats(graph, old, values)
            : constant_floats(graph, arena_printf(graph->arena, "%s.bias", node->name), shape, values);
}

static void fold_into_conv(struct graph *graph, struct node *conv, const struct affine *affine)
{
    struct tensor *w = conv->input[1];
    int64_t channels = w->shape.dim[0], each = shape_size(w->shape) / channels;
    bool scales = false;
    for (int64_t c = 0; c < channels; c++)
        scales |= affine->scale[c] != 1;
    if (scales) {
        float *weights = arena_array(graph->arena, (size_t)(channels * each), sizeof *weights);
        for (int64_t i = 0; i < channels * each; i++)
            weights[i] = (float)((double)((const float *)w->data)[i] * affine->scale[i / each]);
        conv->input[1] = replace_floats(graph, w, weights);
    }
    float *bias = arena_array(graph->arena, (size_t)channels, sizeof *bias);
    for (int64_t c = 0; c < channels; c++) {
        double old = node_input(conv, 2) ? (double)((const float *)conv->input[2]->data)[c] : 0;
        bias[c] = (float)(old * affine->scale[c] + affine->shift[c]);
    }
    set_bias(graph, conv, channels, bias);
}

static bool fold_into_gemm(struct graph *graph, struct node *gemm, const struct affine *affine)
{
    struct tensor *b = gemm->input[1];
    int64_t columns = gemm->output[0]->shape.dim[1], rows = shape_size(b->shape) / columns;
    bool transposed = node_int(gemm, "transB", 0);
    const float *row =
        node_input(gemm, 2) ? tensor_per_channel(graph->arena, gemm->input[2], gemm->output[0]->shape) : NULL;
    if (node_input(gemm, 2) && !row)
        return false;
    double beta = (double)node_float(gemm, "beta", 1);
    float *weights = arena_array(graph->arena, (size_t)(rows * columns), sizeof *weights);
    for (int64_t i = 0; i < rows * columns; i++)
        weights[i] =
            (float)((double)((const float *)b->data)[i] * affine->scale[transposed ? i / rows : i % columns]);
    float *bias = arena_array(graph->arena, (size_t)columns, sizeof *bias);
    for (int64_t c = 0; c < columns; c++)
        bias[c] = (float)((row ? beta * (double)row[c] : 0) * affine->scale[c] + affine->shift[c]);
    gemm->input[1] = replace_floats(graph, b, weights);
    node_remove_attribute(gemm, "beta");
    set_bias(graph, gemm, columns, bias);
    return true;
}

static bool fold_affine(struct graph *graph, struct node *node)
{
    struct affine affine;
    struct tensor *x;
    if (node->output[0]->type != TYPE_FLOAT || !affine_of(graph, node, &affine, &x))
        return false;
    struct node *producer = node_private_producer(graph, x, node);
    if (!producer || !(node_is(producer, "Conv") || node_is(producer, "Gemm")) ||
        !has_float_weights(producer))
        return false;
    if (node_is(producer, "Conv"))
        fold_into_conv(graph, producer, &affine);
    else if (!fold_into_gemm(graph, producer, &affine))
        return false;
    node_take_over(graph, producer, node);
    return true;
}

/* Element i of a Conv's weights belongs to which input channel? */
static int64_t input_channel(const struct node *conv, int64_t i)
{
    struct shape w = conv->input[1]->shape;
    int64_t filter = shape_size(w) / w.dim[0], taps = filter / w.dim[1];
    int64_t group = i / filter / (w.dim[0] / node_int(conv, "group", 1));
    return group * w.dim[1] + i % filter / taps;
}

static bool is_padded(const struct node *conv)
{
    struct window window = *conv_window(conv);
    for (int a = 0; a < window.spatial; a++)
        if (window.pad_begin[a] || window.pad_end[a])
            return true;
    return false;
}

/* A factor or a summand per channel in front of a Conv. Factors leave the zeros of the padding alone;
 * summands may go into the bias only where there is no padding. */
static bool fold_affine_in_front(struct graph *graph, struct node *conv)
{
    struct affine affine;
    struct tensor *x;
    if (!node_is(conv, "Conv") || !has_float_weights(conv))
        return false;
    struct node *before = node_private_producer(graph, conv->input[0], conv);
    if (!before || !(node_is(before, "Mul") || (node_is(before, "Add") && !is_padded(conv))) ||
        !affine_of(graph, before, &affine, &x))
        return false;
    struct tensor *w = conv->input[1];
    int64_t size = shape_size(w->shape), filters = w->shape.dim[0];
    double *shift = arena_array(graph->arena, (size_t)filters, sizeof *shift);
    float *weights = arena_array(graph->arena, (size_t)size, sizeof *weights);
    for (int64_t i = 0; i < size; i++) {
        double weight = (double)((const float *)w->data)[i];
        weights[i] = (float)(weight * affine.scale[input_channel(conv, i)]);
        shift[i / (size / filters)] += weight * affine.shift[input_channel(conv, i)];
    }
    conv->input[0] = x;
    if (node_is(before, "Mul")) {
        conv->input[1] = replace_floats(graph, w, weights);
    } else {
        struct affine result = affine_new(graph->arena, filters);
        result.shift = shift;
        fold_into_conv(graph, conv, &result);
    }
    return true;
}

/* y = x scale + shift as two element-wise nodes. */
static bool expand_batch_normalization(struct graph *graph, struct node *node)
{
    struct affine affine;
    struct tensor *x;
    if (!node_is(node, "BatchNormalization") || !affine_of(graph, node, &affine, &x))
        return false;
    int64_t channels = node->input[1]->shape.dim[0];
    struct shape shape = {.rank = x->shape.rank > 2 ? x->shape.rank - 1 : 1};
    for (int a = 0; a < shape.rank; a++)
        shape.dim[a] = a ? 1 : channels;
    float *scale = arena_array(graph->arena, (size_t)channels, sizeof *scale);
    float *shift = arena_array(graph->arena, (size_t)channels, sizeof *shift);
    for (int64_t c = 0; c < channels; c++) {
        scale[c] = (float)affine.scale[c];
        shift[c] = (float)affine.shift[c];
    }
    struct node *multiply = node_insert(graph, node, "Mul", 2, node->output[0]);
    multiply->input[0] = x;
    multiply->input[1] =
        constant_floats(graph, arena_printf(graph->arena, "%s.scale", node->name), shape, scale);
    node->op_type = "Add";
    node->op = op_find("", "Add", graph->opset);
    node->attribute_count = 0;
    node->input_count = 2;
    node->output_count = 1;
    node->input[0] = multiply->output[0];
    node->input[1] = constant_floats(graph, arena_printf(graph->arena, "%s.shift", node->name), shape, shift);
    return true;
}

void fold_scales(struct graph *graph)
{
    static graph_rule *const weights[] = {fold_affine};
    static graph_rule *const expanded[] = {expand_batch_normalization, fold_affine, fold_affine_in_front};
    rules_apply(graph, weights, 1);
    rules_apply(graph, expanded, 3);
}
