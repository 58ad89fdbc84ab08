/* unary.c -- functions of one element. Adding one is a function and a row. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <math.h>

static double real_relu(const struct node *node, const double x[])
{
    (void)node;
    return x[0] > 0 || isnan(x[0]) ? x[0] : 0;
}

static int64_t integer_relu(const struct node *node, const int64_t x[])
{
    (void)node;
    return x[0] > 0 ? x[0] : 0;
}

static double real_abs(const struct node *node, const double x[])
{
    (void)node;
    return fabs(x[0]);
}

static int64_t integer_abs(const struct node *node, const int64_t x[])
{
    return x[0] < 0 && !(TYPES_UNSIGNED & TYPE_BIT(node->input[0]->type)) ? (int64_t)(0 - (uint64_t)x[0])
                                                                          : x[0];
}

static double real_neg(const struct node *node, const double x[])
{
    (void)node;
    return -x[0];
}

static int64_t integer_neg(const struct node *node, const int64_t x[])
{
    (void)node;
    return (int64_t)(0 - (uint64_t)x[0]);
}

static double real_floor(const struct node *node, const double x[])
{
    (void)node;
    return floor(x[0]);
}

static double real_ceil(const struct node *node, const double x[])
{
    (void)node;
    return ceil(x[0]);
}

static double real_round(const struct node *node, const double x[])
{
    (void)node;
    return nearbyint(x[0]);
}

static double real_sign(const struct node *node, const double x[])
{
    (void)node;
    return (double)((x[0] > 0) - (x[0] < 0));
}

static int64_t integer_sign(const struct node *node, const int64_t x[])
{
    bool negative = x[0] < 0 && !(TYPES_UNSIGNED & TYPE_BIT(node->input[0]->type));
    return negative ? -1 : x[0] != 0;
}

static double real_reciprocal(const struct node *node, const double x[])
{
    (void)node;
    return 1 / x[0];
}

static double real_exp(const struct node *node, const double x[])
{
    (void)node;
    return exp(x[0]);
}

static double real_log(const struct node *node, const double x[])
{
    (void)node;
    return log(x[0]);
}

static double real_sqrt(const struct node *node, const double x[])
{
    (void)node;
    return sqrt(x[0]);
}

static double real_erf(const struct node *node, const double x[])
{
    (void)node;
    return erf(x[0]);
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

double smooth_activation(enum activation activation, double alpha, double x)
{
    switch (activation) {
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_SILU:
        return x / (1 + exp(-x));
    case ACTIVATION_SWISH:
        return x / (1 + exp(-alpha * x));
    case ACTIVATION_GELU:
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    case ACTIVATION_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case ACTIVATION_MISH:
        return x * tanh(softplus(x));
    default:
        return NAN;
    }
}

static double real_tanh(const struct node *node, const double x[])
{
    (void)node;
    return smooth_activation(ACTIVATION_TANH, 1, x[0]);
}

static double real_sigmoid(const struct node *node, const double x[])
{
    (void)node;
    return smooth_activation(ACTIVATION_SIGMOID, 1, x[0]);
}

static double real_sin(const struct node *node, const double x[])
{
    (void)node;
    return sin(x[0]);
}

static double real_cos(const struct node *node, const double x[])
{
    (void)node;
    return cos(x[0]);
}

static double real_tan(const struct node *node, const double x[])
{
    (void)node;
    return tan(x[0]);
}

static double real_acos(const struct node *node, const double x[])
{
    (void)node;
    return acos(x[0]);
}

static double real_asin(const struct node *node, const double x[])
{
    (void)node;
    return asin(x[0]);
}

static double real_atan(const struct node *node, const double x[])
{
    (void)node;
    return atan(x[0]);
}

static double real_cosh(const struct node *node, const double x[])
{
    (void)node;
    return cosh(x[0]);
}

static double real_sinh(const struct node *node, const double x[])
{
    (void)node;
    return sinh(x[0]);
}

static double real_acosh(const struct node *node, const double x[])
{
    (void)node;
    return acosh(x[0]);
}

static double real_asinh(const struct node *node, const double x[])
{
    (void)node;
    return asinh(x[0]);
}

static double real_atanh(const struct node *node, const double x[])
{
    (void)node;
    return atanh(x[0]);
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double real_hard_sigmoid(const struct node *node, const double x[])
{
    double alpha = (double)node_float(node, "alpha", 0.2f), beta = (double)node_float(node, "beta", 0.5f);
    return clamp(alpha * x[0] + beta, 0, 1);
}

static double real_hard_swish(const struct node *node, const double x[])
{
    (void)node;
    return x[0] * clamp(x[0] / 6 + 0.5, 0, 1);
}

static double real_gelu(const struct node *node, const double x[])
{
    const char *approximate = node_string(node, "approximate", "none");
    return smooth_activation(approximate[0] == 't' ? ACTIVATION_GELU_TANH : ACTIVATION_GELU, 1, x[0]);
}

static double real_softplus(const struct node *node, const double x[])
{
    (void)node;
    return softplus(x[0]);
}

static double real_mish(const struct node *node, const double x[])
{
    (void)node;
    return smooth_activation(ACTIVATION_MISH, 1, x[0]);
}

static double real_softsign(const struct node *node, const double x[])
{
    (void)node;
    return x[0] / (1 + fabs(x[0]));
}

static double real_swish(const struct node *node, const double x[])
{
    return smooth_activation(ACTIVATION_SWISH, (double)node_float(node, "alpha", 1), x[0]);
}

static double real_leaky_relu(const struct node *node, const double x[])
{
    return x[0] < 0 ? (double)node_float(node, "alpha", 0.01f) * x[0] : x[0];
}

static double real_elu(const struct node *node, const double x[])
{
    return x[0] < 0 ? (double)node_float(node, "alpha", 1) * expm1(x[0]) : x[0];
}

static double real_selu(const struct node *node, const double x[])
{
    double alpha = (double)node_float(node, "alpha", 1.67326319217681884765625f);
    double gamma = (double)node_float(node, "gamma", 1.05070102214813232421875f);
    return gamma * (x[0] > 0 ? x[0] : alpha * expm1(x[0]));
}

static double real_celu(const struct node *node, const double x[])
{
    double alpha = (double)node_float(node, "alpha", 1);
    return x[0] > 0 ? x[0] : alpha * expm1(x[0] / alpha);
}

static double real_thresholded_relu(const struct node *node, const double x[])
{
    return x[0] > (double)node_float(node, "alpha", 1) ? x[0] : 0;
}

static double real_shrink(const struct node *node, const double x[])
{
    double bias = (double)node_float(node, "bias", 0), limit = (double)node_float(node, "lambd", 0.5f);
    return x[0] < -limit ? x[0] + bias : x[0] > limit ? x[0] - bias : 0;
}

static double real_not(const struct node *node, const double x[])
{
    (void)node;
    return x[0] == 0;
}

static int64_t integer_bitwise_not(const struct node *node, const int64_t x[])
{
    (void)node;
    return ~x[0];
}

/* Never called: the operator takes integers only. */
static double real_none(const struct node *node, const double x[])
{
    (void)node;
    return x[0];
}

static double real_is_nan(const struct node *node, const double x[])
{
    (void)node;
    return isnan(x[0]);
}

static double real_is_inf(const struct node *node, const double x[])
{
    return isinf(x[0]) && node_int(node, x[0] > 0 ? "detect_positive" : "detect_negative", 1);
}

static void infer_test(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, TYPE_BOOL, node->input[0]->shape);
}

#define TEST(name, f, ...)                                                                                   \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 20, .min_inputs = 1, .max_inputs = 1, .max_outputs = 1, \
        .types = TYPES_FLOAT, .infer = infer_test, .evaluate = elementwise_evaluate,                         \
        .reads = elementwise_reads, .couple = couple_reads, .constant = constant_elementwise, .real = f,     \
        .keeps_zero = true, __VA_ARGS__                                                                      \
    }

#define ROW(name, version, allowed, f, ...)                                                                  \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = version, .min_inputs = 1, .max_inputs = 1,              \
        .max_outputs = 1, .types = allowed, .infer = elementwise_infer, .evaluate = elementwise_evaluate,    \
        .reads = elementwise_reads, .couple = couple_reads, .constant = constant_elementwise, .real = f,     \
        __VA_ARGS__                                                                                          \
    }
#define KEEPS_ZERO .keeps_zero = true

const struct op unary_rows[] = {
    ROW("Abs", 13, TYPES_NUMBER, real_abs, .integer = integer_abs, KEEPS_ZERO),
    ROW("Acos", 22, TYPES_FLOAT, real_acos, .keeps_zero = false),
    ROW("Acosh", 22, TYPES_FLOAT, real_acosh, .keeps_zero = false),
    ROW("Asin", 22, TYPES_FLOAT, real_asin, KEEPS_ZERO),
    ROW("Asinh", 22, TYPES_FLOAT, real_asinh, KEEPS_ZERO),
    ROW("Atan", 22, TYPES_FLOAT, real_atan, KEEPS_ZERO),
    ROW("Atanh", 22, TYPES_FLOAT, real_atanh, KEEPS_ZERO),
    ROW("BitwiseNot", 18, TYPES_INTEGER, real_none, .integer = integer_bitwise_not),
    ROW("Ceil", 13, TYPES_FLOAT, real_ceil, KEEPS_ZERO),
    ROW("Celu", 12, TYPES_FLOAT, real_celu, .attributes = "alpha ", KEEPS_ZERO),
    ROW("Cos", 7, TYPES_FLOAT, real_cos, .keeps_zero = false),
    ROW("Cosh", 22, TYPES_FLOAT, real_cosh, .keeps_zero = false),
    ROW("Elu", 6, TYPES_FLOAT, real_elu, .attributes = "alpha ", KEEPS_ZERO),
    ROW("Erf", 13, TYPES_NUMBER, real_erf, KEEPS_ZERO),
    ROW("Exp", 13, TYPES_FLOAT, real_exp, .keeps_zero = false),
    ROW("Floor", 13, TYPES_FLOAT, real_floor, KEEPS_ZERO),
    ROW("Gelu", 20, TYPES_FLOAT, real_gelu, .attributes = "approximate ", KEEPS_ZERO),
    ROW("HardSigmoid", 6, TYPES_FLOAT, real_hard_sigmoid, .attributes = "alpha beta ", .keeps_zero = false),
    ROW("HardSwish", 14, TYPES_FLOAT, real_hard_swish, KEEPS_ZERO),
    TEST("IsInf", real_is_inf, .attributes = "detect_negative detect_positive "),
    TEST("IsNaN", real_is_nan, .attributes = NULL),
    ROW("LeakyRelu", 16, TYPES_FLOAT, real_leaky_relu, .attributes = "alpha ", KEEPS_ZERO),
    ROW("Log", 13, TYPES_FLOAT, real_log, .keeps_zero = false),
    ROW("Mish", 18, TYPES_FLOAT, real_mish, KEEPS_ZERO),
    ROW("Neg", 13, TYPES_FLOAT | TYPES_SIGNED, real_neg, .integer = integer_neg, KEEPS_ZERO),
    ROW("Not", 1, TYPES_BOOL, real_not, .keeps_zero = false),
    ROW("Reciprocal", 13, TYPES_FLOAT, real_reciprocal, .keeps_zero = false),
    ROW("Relu", 14, TYPES_FLOAT | TYPES_SIGNED, real_relu, .integer = integer_relu, KEEPS_ZERO),
    ROW("Round", 11, TYPES_FLOAT, real_round, KEEPS_ZERO),
    ROW("Selu", 6, TYPES_FLOAT, real_selu, .attributes = "alpha gamma ", KEEPS_ZERO),
    ROW("Shrink", 9, TYPES_NUMBER, real_shrink, .attributes = "bias lambd ", .keeps_zero = false),
    ROW("Sigmoid", 13, TYPES_FLOAT, real_sigmoid, .keeps_zero = false),
    ROW("Sign", 13, TYPES_NUMBER, real_sign, .integer = integer_sign, KEEPS_ZERO),
    ROW("Sin", 7, TYPES_FLOAT, real_sin, KEEPS_ZERO),
    ROW("Sinh", 22, TYPES_FLOAT, real_sinh, KEEPS_ZERO),
    ROW("Softplus", 1, TYPES_FLOAT, real_softplus, .keeps_zero = false),
    ROW("Softsign", 1, TYPES_FLOAT, real_softsign, KEEPS_ZERO),
    ROW("Sqrt", 13, TYPES_FLOAT, real_sqrt, KEEPS_ZERO),
    ROW("Swish", 24, TYPES_FLOAT, real_swish, .attributes = "alpha ", KEEPS_ZERO),
    ROW("Tan", 22, TYPES_FLOAT, real_tan, KEEPS_ZERO),
    ROW("Tanh", 13, TYPES_FLOAT, real_tanh, KEEPS_ZERO),
    ROW("ThresholdedRelu", 10, TYPES_FLOAT, real_thresholded_relu, .attributes = "alpha ",
        .keeps_zero = false),
    {.type = NULL},
};
