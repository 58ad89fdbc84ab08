/* quantize.c -- QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear. */
/* SPDX-License-Identifier: MIT */
#include "quantize.h"

#include "../ir/number.h"
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>

int64_t type_least(enum type type)
{
    return type_is_signed(type) ? -(INT64_C(1) << (type_bits(type) - 1)) : 0;
}

int64_t type_most(enum type type)
{
    return (INT64_C(1) << (type_bits(type) - type_is_signed(type))) - 1;
}

struct quantization quantization_of(const struct node *node)
{
    const struct shape x = node->input[0]->shape, scale = node->input[1]->shape;
    struct quantization q = {.axis = -1, .block = 1};
    if (scale.rank == 0 || (scale.rank == 1 && scale.dim[0] == 1 && !node_int(node, "block_size", 0)))
        return q;
    q.axis = node_axis(node, 1);
    q.blocked = scale.rank == x.rank && node_int(node, "block_size", 0) != 0;
    if (q.blocked)
        q.block = node_int(node, "block_size", 0);
    else if (scale.rank != 1 || scale.dim[0] != x.dim[q.axis])
        node_fail(node, "axis %d of x has %" PRId64 " elements, but there are %" PRId64 " scales", q.axis,
                  x.dim[q.axis], shape_size(scale));
    if (q.block < 1)
        node_fail(node, "block_size is %" PRId64, q.block);
    for (int a = 0; a < x.rank && q.blocked; a++) {
        const int64_t blocks = a == q.axis ? (x.dim[a] + q.block - 1) / q.block : x.dim[a];
        if (scale.dim[a] != blocks)
            node_fail(node, "axis %d of the scale has %" PRId64 " elements, expected %" PRId64, a, scale.dim[a], blocks);
    }
    return q;
}

static int64_t scale_offset(const struct node *node, const struct quantization *q, const int64_t at[])
{
    const struct shape scale = node->input[1]->shape;
    int64_t index[MAX_RANK];
    if (q->axis < 0)
        return 0;
    if (!q->blocked)
        return at[q->axis];
    for (int a = 0; a < scale.rank; a++)
        index[a] = a == q->axis ? at[a] / q->block : at[a];
    return shape_offset(scale, index);
}

static void check_operands(struct graph *graph, const struct node *node)
{
    const struct tensor *scale = node->input[1], *zero = node_input(node, 2);
    if (!(TYPE_BIT(scale->type) & TYPES_FLOAT) || scale->type == TYPE_DOUBLE)
        node_fail(node, "the scale has type %s, expected float32, float16 or bfloat16", type_name(scale->type));
    if (zero && !shape_equal(zero->shape, scale->shape))
        node_fail(node, "the zero point has shape %s but the scale has %s", shape_string(graph->arena, zero->shape),
                  shape_string(graph->arena, scale->shape));
    quantization_of(node);
}

static void infer_quantize(struct graph *graph, struct node *node)
{
    const struct tensor *zero = node_input(node, 2);
    const enum type given = (enum type)node_int(node, "output_dtype", TYPE_UNDEFINED);
    const enum type type = zero ? zero->type : given ? given : TYPE_UINT8;
    check_operands(graph, node);
    if (zero && given && given != type)
        node_fail(node, "output_dtype is %s but the zero point has type %s", type_name(given), type_name(type));
    if (!type_is_integer(type) || type_bits(type) > 16)
        node_fail(node, "quantising to %s is not supported; integers of 2 to 16 bits are", type_name(type));
    output_set(node, 0, type, node->input[0]->shape);
}

static void infer_dequantize(struct graph *graph, struct node *node)
{
    const enum type type = (enum type)node_int(node, "output_dtype", node->input[1]->type);
    check_operands(graph, node);
    input_same_type(node, 2);
    if (type != TYPE_FLOAT && type != TYPE_FLOAT16 && type != TYPE_BFLOAT16)
        node_fail(node, "output_dtype %s is not supported; float32, float16 and bfloat16 are", type_name(type));
    output_set(node, 0, type, node->input[0]->shape);
}

/* Divisions have the precision of the scale, unless `precision` says another. */
static float in_precision(enum type type, float value)
{
    if (type == TYPE_FLOAT16)
        return number_from_half(number_to_half(value));
    return type == TYPE_BFLOAT16 ? number_from_bfloat16(number_to_bfloat16(value)) : value;
}

static void evaluate_quantize(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *scale = node->input[1], *zero = node_input(node, 2), *y = node->output[0];
    const struct quantization q = quantization_of(node);
    const enum type precision = (enum type)node_int(node, "precision", scale->type);
    const double least = (double)type_least(y->type), most = (double)type_most(y->type);
    int64_t at[MAX_RANK] = {0}, size = shape_size(x->shape);
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        const int64_t k = scale_offset(node, &q, at);
        const float value = in_precision(precision, (float)element_real(x->type, input[0], i));
        const float quotient = in_precision(precision, value / (float)element_real(scale->type, input[1], k));
        double rounded = nearbyint((double)quotient) + (zero ? (double)element_integer(zero->type, input[2], k) : 0);
        rounded = rounded < least ? least : rounded > most ? most : rounded;
        element_set_integer(y->type, output[0], i, isnan(rounded) ? 0 : (int64_t)rounded);
    }
}

static void evaluate_dequantize(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *scale = node->input[1], *zero = node_input(node, 2), *y = node->output[0];
    const struct quantization q = quantization_of(node);
    int64_t at[MAX_RANK] = {0}, size = shape_size(x->shape);
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        const int64_t k = scale_offset(node, &q, at);
        const int64_t difference =
            element_integer(x->type, input[0], i) - (zero ? element_integer(zero->type, input[2], k) : 0);
        const float product = (float)difference * (float)element_real(scale->type, input[1], k);
        element_set_real(y->type, output[0], i, (double)product);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const struct quantization q = quantization_of(node);
    if (input == 0)
        return region;
    struct region need = region_whole(node->input[input]->shape);
    if (q.blocked) {
        need = region;
        need.axis[q.axis].begin /= q.block;
        need.axis[q.axis].end = (region.axis[q.axis].end - 1) / q.block + 1;
    } else if (q.axis >= 0) {
        need.axis[0] = region.axis[q.axis];
    }
    return need;
}

/* ---- DynamicQuantizeLinear ---- */

static void infer_dynamic(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, TYPE_UINT8, node->input[0]->shape);
    output_set(node, 1, TYPE_FLOAT, (struct shape){0});
    output_set(node, 2, TYPE_UINT8, (struct shape){0});
}

static float limit_255(float x)
{
    return x < 0 ? 0 : x > 255 ? 255 : x;
}

static void evaluate_dynamic(const struct node *node, const void *const input[], void *const output[])
{
    const float *x = input[0];
    const int64_t size = shape_size(node->input[0]->shape);
    float least = 0, most = 0;
    for (int64_t i = 0; i < size; i++) {
        least = fminf(least, x[i]);
        most = fmaxf(most, x[i]);
    }
    const float scale = most > least ? (most - least) / 255 : 1, zero = nearbyintf(limit_255(-least / scale));
    for (int64_t i = 0; i < size; i++)
        ((uint8_t *)output[0])[i] = (uint8_t)limit_255(nearbyintf(x[i] / scale) + zero);
    if (node_output(node, 1))
        *(float *)output[1] = scale;
    if (node_output(node, 2))
        *(uint8_t *)output[2] = (uint8_t)zero;
}

/* Blocks count elements of the axis. */
static void couple(const struct node *node, struct couples *couples)
{
    (node_int(node, "block_size", 0) ? couple_pin_node : couple_reads)(node, couples);
}

const struct op quantize_rows[] = {
    {.type = "DequantizeLinear",
     .domain = "",
     .since_version = 23,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_INT8) | TYPE_BIT(TYPE_UINT8) | TYPE_BIT(TYPE_INT16) | TYPE_BIT(TYPE_UINT16) |
              TYPE_BIT(TYPE_INT32) | TYPES_NARROW,
     .attributes = "axis block_size output_dtype ",
     .infer = infer_dequantize,
     .evaluate = evaluate_dequantize,
     .reads = reads,
     .couple = couple},
    {.type = "DynamicQuantizeLinear",
     .domain = "",
     .since_version = 11,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 3,
     .types = TYPE_BIT(TYPE_FLOAT),
     .infer = infer_dynamic,
     .evaluate = evaluate_dynamic},
    {.type = "QuantizeLinear",
     .domain = "",
     .since_version = 23,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_FLOAT16) | TYPE_BIT(TYPE_BFLOAT16) | TYPE_BIT(TYPE_INT32),
     .attributes = "axis block_size output_dtype precision saturate ",
     .infer = infer_quantize,
     .evaluate = evaluate_quantize,
     .reads = reads,
     .couple = couple},
    {.type = NULL},
};
