/* integer.c -- MatMulInteger, QLinearMatMul, ConvInteger, QLinearConv: products of integers less their zero points. */
/* SPDX-License-Identifier: MIT */
#include "integer.h"

#include "conv.h"
#include "matmul.h"
#include "quantize.h"
#include "rows.h"

#include <math.h>
#include <string.h>

struct integer_product integer_product_of(const struct node *node)
{
    struct integer_product p = {.conv = strstr(node->op_type, "Conv") != NULL,
                                .requantizes = !strncmp(node->op_type, "QLinear", 7),
                                .a = node->input[0]};
    p.b_input = p.requantizes ? 3 : 1;
    p.b = node->input[p.b_input];
    p.a_zero = node_input(node, 2);
    p.b_zero = node_input(node, p.requantizes ? 5 : 3);
    if (p.requantizes) {
        p.a_scale = node->input[1];
        p.b_scale = node->input[4];
        p.y_scale = node->input[6];
        p.y_zero = node->input[7];
        p.bias = p.conv ? node_input(node, 8) : NULL;
    }
    return p;
}

int integer_axis(const struct node *node, int operand, const struct tensor *tensor, int axis)
{
    const struct integer_product p = integer_product_of(node);
    const int rank = tensor->shape.rank, y_rank = node->output[0]->shape.rank;
    const int has_rows = p.a->shape.rank > 1, has_columns = p.b->shape.rank > 1;
    const int batch = y_rank - has_rows - has_columns, own = operand ? y_rank - 1 : batch;
    if ((operand ? p.b : p.a)->shape.rank == 1 || tensor->shape.dim[axis] == 1)
        return -1;
    if (rank == 1 || axis == (operand ? rank - 1 : rank - 2))
        return own;
    return axis >= rank - 2 ? -1 : batch - (rank - 2) + axis;
}

static bool is_byte(const struct tensor *tensor)
{
    return tensor->type == TYPE_INT8 || tensor->type == TYPE_UINT8;
}

/* One element, or one for every row of A, column of B, output channel of W. */
static void check_parameter(struct graph *graph, const struct node *node, const struct tensor *operand, int lost,
                            const struct tensor *parameter, const char *what)
{
    const struct shape shape = parameter->shape, of = operand->shape;
    const bool conv = integer_product_of(node).conv;
    const int kept = conv ? 0 : lost == of.rank - 1 ? of.rank - 2 : of.rank - 1;
    bool fits = shape_size(shape) == 1 ||
                (lost >= 0 && of.rank > 1 && shape.rank == 1 && shape.dim[0] == of.dim[kept]);
    if (!fits && !conv && lost >= 0 && of.rank > 1 && shape.rank == of.rank) {
        fits = true;
        for (int a = 0; a < of.rank; a++)
            fits &= shape.dim[a] == (a == lost ? 1 : of.dim[a]);
    }
    if (!fits)
        node_fail(node, "%s '%s' has shape %s, which does not fit '%s' of shape %s", what, parameter->name,
                  shape_string(graph->arena, shape), operand->name, shape_string(graph->arena, of));
}

static void check_operand(struct graph *graph, const struct node *node, const struct tensor *operand, int lost,
                          const struct tensor *zero, const struct tensor *scale)
{
    if (!is_byte(operand))
        node_fail(node, "'%s' has type %s, expected int8 or uint8", operand->name, type_name(operand->type));
    if (zero && zero->type != operand->type)
        node_fail(node, "zero point '%s' has type %s but '%s' has type %s", zero->name, type_name(zero->type),
                  operand->name, type_name(operand->type));
    if (zero)
        check_parameter(graph, node, operand, lost, zero, "zero point");
    if (scale && (!type_is_float(scale->type) || scale->type == TYPE_DOUBLE))
        node_fail(node, "scale '%s' has type %s, expected float32, float16 or bfloat16", scale->name,
                  type_name(scale->type));
    if (scale)
        check_parameter(graph, node, operand, lost, scale, "scale");
}

static void infer(struct graph *graph, struct node *node)
{
    const struct integer_product p = integer_product_of(node);
    const int a_rank = p.a->shape.rank, b_rank = p.b->shape.rank;
    const struct shape y = p.conv ? conv_output(node) : matmul_output(graph, node);
    enum type type = TYPE_INT32;
    check_operand(graph, node, p.a, p.conv ? -1 : a_rank - 1, p.a_zero, p.a_scale);
    check_operand(graph, node, p.b, p.conv ? 1 : b_rank - 2, p.b_zero, p.b_scale);
    if (p.requantizes) {
        const struct tensor result = {.name = "y", .type = p.y_zero->type, .shape = y};
        check_operand(graph, node, &result, -1, p.y_zero, p.y_scale);
        type = p.y_zero->type;
    }
    if (p.bias && (p.bias->type != TYPE_INT32 || p.bias->shape.rank != 1 || p.bias->shape.dim[0] != p.b->shape.dim[0]))
        node_fail(node, "B has type %s and shape %s, expected one int32 per output channel", type_name(p.bias->type),
                  shape_string(graph->arena, p.bias->shape));
    output_set(node, 0, type, y);
}

static const void *value_of(const struct node *node, const void *const input[], const struct tensor *tensor)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] == tensor)
            return input[i];
    return NULL;
}

/* Element of a scale or zero point that belongs to index `at` of its operand. */
static int64_t operand_parameter(const struct integer_product *p, const struct tensor *parameter, bool second,
                                 const int64_t at[])
{
    const int rank = (second ? p->b : p->a)->shape.rank;
    if (shape_size(parameter->shape) == 1)
        return 0;
    if (p->conv)
        return at[0];
    return parameter->shape.rank == 1 ? at[second ? rank - 1 : rank - 2]
                                      : broadcast_offset(parameter->shape, rank, at);
}

/* The operand less its zero point, as doubles. */
static double *centred(struct arena *arena, const struct node *node, const void *const input[], bool second)
{
    const struct integer_product p = integer_product_of(node);
    const struct tensor *x = second ? p.b : p.a, *zero = second ? p.b_zero : p.a_zero;
    const void *values = value_of(node, input, x), *zeros = zero ? value_of(node, input, zero) : NULL;
    const int64_t size = shape_size(x->shape);
    double *result = arena_array(arena, (size_t)size + 1, sizeof *result);
    int64_t at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(x->shape, at)) {
        const int64_t offset = zero ? element_integer(zero->type, zeros, operand_parameter(&p, zero, second, at)) : 0;
        result[i] = (double)(element_integer(x->type, values, i) - offset);
    }
    return result;
}

/* Element of a scale that belongs to index `at` of the output. */
static float scale_at(const struct node *node, const void *const input[], int operand, const struct tensor *scale,
                      const int64_t at[])
{
    int64_t index[MAX_RANK] = {0};
    const struct integer_product p = integer_product_of(node);
    for (int a = 0; a < scale->shape.rank; a++) {
        const int axis = p.conv ? (scale->shape.dim[a] == 1 ? -1 : 1) : integer_axis(node, operand, scale, a);
        index[a] = axis < 0 ? 0 : at[axis];
    }
    return (float)element_real(scale->type, value_of(node, input, scale), shape_offset(scale->shape, index));
}

/* As Conv or MatMul of doubles, which hold every sum exactly. */
static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct arena arena = {0};
    const struct integer_product p = integer_product_of(node);
    struct tensor a = *p.a, b = *p.b, y = *node->output[0];
    struct node real = *node;
    const int64_t size = shape_size(y.shape);
    double *sum = arena_array(&arena, (size_t)size + 1, sizeof *sum);
    const void *values[2] = {centred(&arena, node, input, false), centred(&arena, node, input, true)};
    a.type = b.type = y.type = TYPE_DOUBLE;
    real.op_type = p.conv ? "Conv" : "MatMul";
    real.input = (struct tensor *[]){&a, &b};
    real.input_count = 2;
    real.output = (struct tensor *[]){&y};
    op_find("", real.op_type, NEWEST_OPSET)->evaluate(&real, values, (void *[]){sum});
    int64_t at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y.shape, at)) {
        int64_t total = (int64_t)sum[i];
        if (p.bias)
            total += element_integer(TYPE_INT32, value_of(node, input, p.bias), at[1]);
        if (p.requantizes) {
            const float scale = scale_at(node, input, 0, p.a_scale, at) * scale_at(node, input, 1, p.b_scale, at) /
                                scale_at(node, input, 0, p.y_scale, (int64_t[MAX_RANK]){0});
            const double rounded = nearbyint((double)((float)total * scale)) +
                                   (double)element_integer(p.y_zero->type, value_of(node, input, p.y_zero), 0);
            const double least = (double)type_least(p.y_zero->type), most = (double)type_most(p.y_zero->type);
            total = isnan(rounded) ? 0 : (int64_t)(rounded < least ? least : rounded > most ? most : rounded);
        }
        element_set_integer(node->output[0]->type, output[0], i, total);
    }
    arena_free(&arena);
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    const struct integer_product p = integer_product_of(node);
    if (p.conv)
        return conv_reads(node, input, output, region);
    if (input == 0 || input == p.b_input)
        return matmul_reads(node, input, output, region);
    const struct tensor *parameter = node->input[input];
    struct region need = region_whole(parameter->shape);
    for (int a = 0; a < need.rank; a++) {
        const int axis = integer_axis(node, parameter == p.b_zero || parameter == p.b_scale, parameter, a);
        if (axis >= 0)
            need.axis[a] = region.axis[axis];
    }
    return need;
}

static int64_t macs(const struct node *node, struct region region)
{
    return integer_product_of(node).conv ? conv_macs(node, region) : matmul_macs(node, region);
}

#define ROW(name, version, least, most, names)                                                               \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = version, .min_inputs = least, .max_inputs = most,       \
        .max_outputs = 1, .types = TYPE_BIT(TYPE_INT8) | TYPE_BIT(TYPE_UINT8), .attributes = names,          \
        .infer = infer, .evaluate = evaluate, .reads = reads, .macs = macs                                   \
    }
#define WINDOW "auto_pad dilations group kernel_shape pads strides "

const struct op integer_rows[] = {
    ROW("ConvInteger", 10, 2, 4, WINDOW),
    ROW("MatMulInteger", 10, 2, 4, NULL),
    ROW("QLinearConv", 10, 8, 9, WINDOW),
    ROW("QLinearMatMul", 21, 8, 8, NULL),
    {.type = NULL},
};
