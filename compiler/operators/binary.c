/* binary.c -- element-wise operators of several inputs, broadcasting. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <math.h>
#include <string.h>

static bool is_unsigned(const struct node *node)
{
    return TYPES_UNSIGNED & TYPE_BIT(node->input[0]->type);
}

/* ---- arithmetic ---- */

static double real_add(const struct node *node, const double x[])
{
    (void)node;
    return x[0] + x[1];
}

static int64_t integer_add(const struct node *node, const int64_t x[])
{
    (void)node;
    return (int64_t)((uint64_t)x[0] + (uint64_t)x[1]);
}

static double real_sub(const struct node *node, const double x[])
{
    (void)node;
    return x[0] - x[1];
}

static int64_t integer_sub(const struct node *node, const int64_t x[])
{
    (void)node;
    return (int64_t)((uint64_t)x[0] - (uint64_t)x[1]);
}

static double real_mul(const struct node *node, const double x[])
{
    (void)node;
    return x[0] * x[1];
}

static int64_t integer_mul(const struct node *node, const int64_t x[])
{
    (void)node;
    return (int64_t)((uint64_t)x[0] * (uint64_t)x[1]);
}

static double real_div(const struct node *node, const double x[])
{
    (void)node;
    return x[0] / x[1];
}

/* Division by zero has no meaning in ONNX; 0 here, so that no model makes the compiler trap. */
static int64_t integer_div(const struct node *node, const int64_t x[])
{
    if (!x[1])
        return 0;
    if (is_unsigned(node))
        return (int64_t)((uint64_t)x[0] / (uint64_t)x[1]);
    return x[1] == -1 ? (int64_t)(0 - (uint64_t)x[0]) : x[0] / x[1];
}

static double real_pow(const struct node *node, const double x[])
{
    (void)node;
    return pow(x[0], x[1]);
}

static int64_t integer_pow(const struct node *node, const int64_t x[])
{
    (void)node;
    if (x[1] < 0)
        return x[0] == 1 ? 1 : x[0] == -1 ? (x[1] % 2 ? -1 : 1) : 0;
    uint64_t power = 1, base = (uint64_t)x[0];
    for (uint64_t exponent = (uint64_t)x[1]; exponent; exponent >>= 1, base *= base)
        if (exponent & 1)
            power *= base;
    return (int64_t)power;
}

static double real_prelu(const struct node *node, const double x[])
{
    (void)node;
    return x[0] < 0 ? x[1] * x[0] : x[0];
}

static int64_t integer_prelu(const struct node *node, const int64_t x[])
{
    return x[0] < 0 && !is_unsigned(node) ? integer_mul(node, x) : x[0];
}

/* ---- bits, remainders ---- */

/* Shifts by more than a type has bits leave none; the result wraps around to the type. */
static int64_t integer_shift(const struct node *node, const int64_t x[])
{
    const uint64_t bits = (uint64_t)x[0], by = (uint64_t)x[1];
    if (by > 63)
        return 0;
    return (int64_t)(!strcmp(node_string(node, "direction", ""), "LEFT") ? bits << by : bits >> by);
}

static int64_t integer_bitwise_and(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] & x[1];
}

static int64_t integer_bitwise_or(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] | x[1];
}

static int64_t integer_bitwise_xor(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] ^ x[1];
}

/* Never called: the operators take integers only. */
static double real_none(const struct node *node, const double x[])
{
    (void)node;
    return x[0];
}

static double real_mod(const struct node *node, const double x[])
{
    (void)node;
    return fmod(x[0], x[1]);
}

/* The sign is that of the divisor, with fmod that of the dividend. By zero: 0, as for Div. */
static int64_t integer_mod(const struct node *node, const int64_t x[])
{
    if (!x[1] || x[1] == -1)
        return is_unsigned(node) && x[1] ? (int64_t)((uint64_t)x[0] % (uint64_t)x[1]) : 0;
    if (is_unsigned(node))
        return (int64_t)((uint64_t)x[0] % (uint64_t)x[1]);
    const int64_t rest = x[0] % x[1];
    return rest && (rest < 0) != (x[1] < 0) && !node_int(node, "fmod", 0) ? rest + x[1] : rest;
}

static void infer_shift(struct graph *graph, struct node *node)
{
    const char *direction = node_string(node, "direction", "");
    if (strcmp(direction, "LEFT") && strcmp(direction, "RIGHT"))
        node_fail(node, "direction is '%s', expected LEFT or RIGHT", direction);
    elementwise_infer(graph, node);
}

static void infer_mod(struct graph *graph, struct node *node)
{
    if (type_is_float(node->input[0]->type) && !node_int(node, "fmod", 0))
        node_fail(node, "floats need fmod=1");
    elementwise_infer(graph, node);
}

/* ---- any number of inputs ---- */

static double real_min(const struct node *node, const double x[])
{
    double least = x[0];
    for (int i = 1; i < node->input_count; i++)
        least = x[i] < least || isnan(x[i]) ? x[i] : least;
    return least;
}

static double real_max(const struct node *node, const double x[])
{
    double most = x[0];
    for (int i = 1; i < node->input_count; i++)
        most = x[i] > most || isnan(x[i]) ? x[i] : most;
    return most;
}

static bool integer_less(const struct node *node, int64_t a, int64_t b)
{
    return is_unsigned(node) ? (uint64_t)a < (uint64_t)b : a < b;
}

static int64_t integer_min(const struct node *node, const int64_t x[])
{
    int64_t least = x[0];
    for (int i = 1; i < node->input_count; i++)
        least = integer_less(node, x[i], least) ? x[i] : least;
    return least;
}

static int64_t integer_max(const struct node *node, const int64_t x[])
{
    int64_t most = x[0];
    for (int i = 1; i < node->input_count; i++)
        most = integer_less(node, most, x[i]) ? x[i] : most;
    return most;
}

static double real_sum(const struct node *node, const double x[])
{
    double sum = 0;
    for (int i = 0; i < node->input_count; i++)
        sum += x[i];
    return sum;
}

static double real_mean(const struct node *node, const double x[])
{
    return real_sum(node, x) / node->input_count;
}

/* ---- Clip ---- */

/* The bounds are scalars; X alone shapes the result. */
static void infer_clip(struct graph *graph, struct node *node)
{
    for (int i = 1; i < 3; i++) {
        input_same_type(node, i);
        const struct tensor *bound = node_input(node, i);
        if (bound && shape_size(bound->shape) != 1)
            node_fail(node, "%s has shape %s but must be a scalar", i == 1 ? "min" : "max",
                      shape_string(graph->arena, bound->shape));
    }
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static double real_clip(const struct node *node, const double x[])
{
    double y = x[0];
    if (node_input(node, 1) && y < x[1])
        y = x[1];
    return node_input(node, 2) && y > x[2] ? x[2] : y;
}

static int64_t integer_clip(const struct node *node, const int64_t x[])
{
    int64_t y = x[0];
    if (node_input(node, 1) && integer_less(node, y, x[1]))
        y = x[1];
    return node_input(node, 2) && integer_less(node, x[2], y) ? x[2] : y;
}

bool clip_bounds(const struct node *node, double *low, double *high)
{
    const struct tensor *min = node_input(node, 1), *max = node_input(node, 2);
    if ((min && !tensor_is_constant(min)) || (max && !tensor_is_constant(max)))
        return false;
    *low = min ? tensor_double(min, 0) : -INFINITY;
    *high = max ? tensor_double(max, 0) : INFINITY;
    return true;
}

/* ---- comparisons and logic ---- */

static void infer_compare(struct graph *graph, struct node *node)
{
    elementwise_infer(graph, node);
    output_set(node, 0, TYPE_BOOL, node->output[0]->shape);
}

static double real_equal(const struct node *node, const double x[])
{
    (void)node;
    return x[0] == x[1];
}

static int64_t integer_equal(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] == x[1];
}

static double real_less(const struct node *node, const double x[])
{
    (void)node;
    return x[0] < x[1];
}

static int64_t integer_less_than(const struct node *node, const int64_t x[])
{
    return integer_less(node, x[0], x[1]);
}

static double real_greater(const struct node *node, const double x[])
{
    (void)node;
    return x[0] > x[1];
}

static int64_t integer_greater_than(const struct node *node, const int64_t x[])
{
    return integer_less(node, x[1], x[0]);
}

static double real_less_or_equal(const struct node *node, const double x[])
{
    (void)node;
    return x[0] <= x[1];
}

static int64_t integer_less_or_equal(const struct node *node, const int64_t x[])
{
    return !integer_less(node, x[1], x[0]);
}

static double real_greater_or_equal(const struct node *node, const double x[])
{
    (void)node;
    return x[0] >= x[1];
}

static int64_t integer_greater_or_equal(const struct node *node, const int64_t x[])
{
    return !integer_less(node, x[0], x[1]);
}

static double real_and(const struct node *node, const double x[])
{
    (void)node;
    return x[0] != 0 && x[1] != 0;
}

static double real_or(const struct node *node, const double x[])
{
    (void)node;
    return x[0] != 0 || x[1] != 0;
}

static double real_xor(const struct node *node, const double x[])
{
    (void)node;
    return (x[0] != 0) != (x[1] != 0);
}

/* ---- inputs of several types ---- */

static void infer_where(struct graph *graph, struct node *node)
{
    struct tensor *yes = node->input[1], *no = node->input[2];
    struct shape shape;
    if (yes->type != no->type)
        node_fail(node, "'%s' has type %s but '%s' has type %s", yes->name, type_name(yes->type), no->name,
                  type_name(no->type));
    if (!shape_broadcast(node->input[0]->shape, yes->shape, &shape) ||
        !shape_broadcast(shape, no->shape, &shape))
        node_fail(node, "shapes %s, %s and %s do not broadcast",
                  shape_string(graph->arena, node->input[0]->shape), shape_string(graph->arena, yes->shape),
                  shape_string(graph->arena, no->shape));
    output_set(node, 0, yes->type, shape);
}

static double real_where(const struct node *node, const double x[])
{
    (void)node;
    return x[0] != 0 ? x[1] : x[2];
}

static int64_t integer_where(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] ? x[1] : x[2];
}

static void infer_pow(struct graph *graph, struct node *node)
{
    struct shape shape;
    if (!shape_broadcast(node->input[0]->shape, node->input[1]->shape, &shape))
        node_fail(node, "shapes %s and %s do not broadcast",
                  shape_string(graph->arena, node->input[0]->shape),
                  shape_string(graph->arena, node->input[1]->shape));
    output_set(node, 0, node->input[0]->type, shape);
}

static void infer_prelu(struct graph *graph, struct node *node)
{
    elementwise_infer(graph, node);
    if (!shape_equal(node->output[0]->shape, node->input[0]->shape))
        node_fail(node, "slope has shape %s, which does not broadcast to %s",
                  shape_string(graph->arena, node->input[1]->shape),
                  shape_string(graph->arena, node->input[0]->shape));
}

#define ROW(name, version, least, most, allowed, infers, f, ...)                                             \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = version, .min_inputs = least, .max_inputs = most,       \
        .max_outputs = 1, .types = allowed, .infer = infers, .evaluate = elementwise_evaluate,               \
        .reads = elementwise_reads, .couple = couple_reads, .constant = constant_elementwise, .real = f,     \
        __VA_ARGS__                                                                                          \
    }

const struct op binary_rows[] = {
    ROW("Add", 14, 2, 2, TYPES_NUMBER, elementwise_infer, real_add, .integer = integer_add,
        .keeps_zero = true, .epilogue = true),
    ROW("And", 7, 2, 2, TYPES_BOOL, infer_compare, real_and, .keeps_zero = true),
    ROW("BitShift", 11, 2, 2, TYPES_UNSIGNED, infer_shift, real_none, .integer = integer_shift,
        .attributes = "direction "),
    ROW("BitwiseAnd", 18, 2, 2, TYPES_INTEGER, elementwise_infer, real_none, .integer = integer_bitwise_and),
    ROW("BitwiseOr", 18, 2, 2, TYPES_INTEGER, elementwise_infer, real_none, .integer = integer_bitwise_or),
    ROW("BitwiseXor", 18, 2, 2, TYPES_INTEGER, elementwise_infer, real_none, .integer = integer_bitwise_xor),
    ROW("Clip", 13, 1, 3, TYPES_NUMBER, infer_clip, real_clip, .integer = integer_clip),
    ROW("Div", 14, 2, 2, TYPES_NUMBER, elementwise_infer, real_div, .integer = integer_div),
    ROW("Equal", 19, 2, 2, TYPES_NUMBER | TYPES_BOOL, infer_compare, real_equal, .integer = integer_equal),
    ROW("Greater", 13, 2, 2, TYPES_NUMBER, infer_compare, real_greater, .integer = integer_greater_than),
    ROW("GreaterOrEqual", 16, 2, 2, TYPES_NUMBER, infer_compare, real_greater_or_equal,
        .integer = integer_greater_or_equal),
    ROW("Less", 13, 2, 2, TYPES_NUMBER, infer_compare, real_less, .integer = integer_less_than),
    ROW("LessOrEqual", 16, 2, 2, TYPES_NUMBER, infer_compare, real_less_or_equal,
        .integer = integer_less_or_equal),
    ROW("Max", 13, 1, -1, TYPES_NUMBER, elementwise_infer, real_max, .integer = integer_max,
        .keeps_zero = true),
    ROW("Mean", 13, 1, -1, TYPES_FLOAT, elementwise_infer, real_mean, .keeps_zero = true),
    ROW("Min", 13, 1, -1, TYPES_NUMBER, elementwise_infer, real_min, .integer = integer_min,
        .keeps_zero = true),
    ROW("Mod", 13, 2, 2, TYPES_NUMBER, infer_mod, real_mod, .integer = integer_mod, .attributes = "fmod "),
    ROW("Mul", 14, 2, 2, TYPES_NUMBER, elementwise_infer, real_mul, .integer = integer_mul,
        .keeps_zero = true, .epilogue = true),
    ROW("Or", 7, 2, 2, TYPES_BOOL, infer_compare, real_or, .keeps_zero = true),
    ROW("PRelu", 16, 2, 2, TYPES_NUMBER, infer_prelu, real_prelu, .integer = integer_prelu,
        .keeps_zero = true),
    ROW("Pow", 15, 2, 2, TYPES_NUMBER, infer_pow, real_pow, .integer = integer_pow),
    ROW("Sub", 14, 2, 2, TYPES_NUMBER, elementwise_infer, real_sub, .integer = integer_sub,
        .keeps_zero = true, .epilogue = true),
    ROW("Sum", 13, 1, -1, TYPES_FLOAT, elementwise_infer, real_sum, .keeps_zero = true),
    ROW("Where", 16, 3, 3, TYPES_BOOL, infer_where, real_where, .integer = integer_where),
    ROW("Xor", 7, 2, 2, TYPES_BOOL, infer_compare, real_xor, .keeps_zero = true),
    {.type = NULL},
};
