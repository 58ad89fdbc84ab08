/* functions.h -- functions of one, two or three vectors of floats, lane by lane.
 *
 * Every one has the same signature, so that one loop serves them all; what a function does not need it ignores.
 * No libm, no branches: the same bits from every compiler, instruction set and vector width. What they are made of: smooth.h. Integer and
 * double-precision relatives: scalars.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FUNCTIONS_H
#define MEDNN_FUNCTIONS_H

#include "activation.h"
#include "double_bits.h"
#include "smooth.h"
#include "view.h"

typedef vf element_function(vf x, vf y, vf z);

#define UNUSED __attribute__((unused))
#define FUNCTION(name) INLINE vf name(UNUSED vf x, UNUSED vf y, UNUSED vf z)

/* ---- one operand ---- */

FUNCTION(function_identity)
{
    return x;
}

FUNCTION(function_relu)
{
    return activate(x, ACTIVATION_RELU, 0, 0);
}

FUNCTION(function_leaky_relu)
{
    return vector_select(x < 0, x * y, x);
}

FUNCTION(function_thresholded_relu)
{
    return (vf)((vi)x & (x > y));
}

FUNCTION(function_elu)
{
    return vector_select(x < 0, y * vector_exp_minus_1(x), x);
}

/* alpha y, gamma z */
FUNCTION(function_selu)
{
    return z * vector_select(x > 0, x, y * vector_exp_minus_1(x));
}

FUNCTION(function_celu)
{
    return vector_select(x > 0, x, y * vector_exp_minus_1(x / y));
}

FUNCTION(function_clip)
{
    return vector_lesser(z, vector_greater(y, x));
}

FUNCTION(function_sigmoid)
{
    return vector_sigmoid(x);
}

FUNCTION(function_silu)
{
    return vector_silu(x);
}

FUNCTION(function_swish)
{
    return vector_swish(x, y);
}

FUNCTION(function_hard_sigmoid)
{
    return vector_clip(x * y + z, 0, 1);
}

FUNCTION(function_hard_swish)
{
    return x * vector_clip(x * (1.0f / 6) + 0.5f, 0, 1);
}

/* x tanh(log(1 + e)) with e = exp(x) is x n / (n + 2) with n = e (e + 2); from 20 on it is x. */
FUNCTION(function_mish)
{
    const vf e = vector_exp(vector_clip(x, -104, 20)), n = e * (e + 2);
    return x * (n / (n + 2));
}

FUNCTION(function_softplus)
{
    return vector_select(x < 0, vector_of(0), x) + vector_log_of_1_plus(vector_exp_below_0(vector_below_0(x)));
}

FUNCTION(function_softsign)
{
    return x / (1 + vector_abs(x));
}

FUNCTION(function_tanh)
{
    return vector_tanh(x);
}

FUNCTION(function_exp)
{
    return vector_exp(x);
}

FUNCTION(function_log)
{
    return vector_log(x);
}

/* bias y, lambd z */
FUNCTION(function_shrink)
{
    return vector_select(x < -z, x + y, vector_select(x > z, x - y, vector_of(0)));
}

FUNCTION(function_sqrt)
{
    vf root;
    for (int lane = 0; lane < W; lane++)
        root[lane] = __builtin_sqrtf(x[lane]);
    return root;
}

FUNCTION(function_reciprocal)
{
    return 1 / x;
}

FUNCTION(function_abs)
{
    return vector_abs(x);
}

FUNCTION(function_neg)
{
    return -x;
}

FUNCTION(function_round)
{
    return vector_round(x);
}

FUNCTION(function_floor)
{
    const vf rounded = vector_round(x);
    return vector_select(rounded > x, rounded - 1, rounded);
}

FUNCTION(function_ceil)
{
    const vf rounded = vector_round(x);
    return vector_sign_of(vector_select(rounded < x, rounded + 1, rounded), x);
}

FUNCTION(function_sign)
{
    const vf one = vector_of(1);
    return (vf)(((vi)one & (x > 0)) | ((vi)-one & (x < 0)));
}

FUNCTION(function_erf)
{
    return vector_erf(x);
}

FUNCTION(function_gelu)
{
    return vector_gelu(x);
}

FUNCTION(function_gelu_tanh)
{
    return vector_gelu_tanh(x);
}

FUNCTION(function_square)
{
    return x * x;
}

/* ---- two operands ---- */

FUNCTION(function_add)
{
    return x + y;
}

FUNCTION(function_sub)
{
    return x - y;
}

FUNCTION(function_mul)
{
    return x * y;
}

FUNCTION(function_div)
{
    return x / y;
}

FUNCTION(function_min)
{
    return vector_select((y < x) | (y != y), y, x);
}

FUNCTION(function_max)
{
    return vector_select((y > x) | (y != y), y, x);
}

FUNCTION(function_prelu)
{
    return vector_select(x < 0, x * y, x);
}

/* ---- through double precision, where float would need tricks ---- */

/* For finite x > 0 that are floats; relative error 1e-12. */
INLINE double double_log2(double x)
{
    const int64_t offset = 0x3ff0000000000000 - 0x3fe6a09e667f3bcd, bits = double_bits(x) + offset;
    const double exponent = (double)(int32_t)((bits >> 52) - 1023);
    const double m = double_of_bits((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd), s = (m - 1) / (m + 1), z = s * s;
    const double series =
        ((((((z / 15 + 1.0 / 13) * z + 1.0 / 11) * z + 1.0 / 9) * z + 1.0 / 7) * z + 1.0 / 5) * z + 1.0 / 3) * z + 1;
    return exponent + 2.885390081777926815 * s * series;
}

/* For |x| <= 1000; relative error 1e-11. */
INLINE double double_exp2(double x)
{
    const double whole = double_round(x), r = (x - whole) * 0.693147180559945309;
    const double p = ((((((((r / 362880 + 1.0 / 40320) * r + 1.0 / 5040) * r + 1.0 / 720) * r + 1.0 / 120) * r +
                         1.0 / 24) * r + 1.0 / 6) * r + 0.5) * r + 1) * r + 1;
    return p * double_of_bits((int64_t)((int32_t)whole + 1023) << 52);
}

INLINE float float_pow(float x, float y)
{
    const float size = __builtin_fabsf(x), exponent = __builtin_fabsf(y), infinity = __builtin_inff();
    const double log = size == 0          ? (double)-infinity
                       : size == infinity ? (double)infinity
                       : size > 0         ? double_log2((double)size)
                                          : (double)size;
    double t = (double)y * log;
    t = y == 0 || x == 1 || (size == 1 && y == y) ? 0 : t;
    const double limited = t < -200 ? -200 : t > 200 ? 200 : t == t ? t : 0;
    const double power = t == t ? double_exp2(limited) : t;
    const int32_t integer = exponent < 16777216.0f ? (int32_t)exponent : 0;
    const int whole = exponent >= 8388608.0f || (float)integer == exponent;
    const int odd = whole && (integer & 1);
    const int negative = double_bits((double)x) < 0;
    if (x < 0 && x > -infinity && y == y && !whole)
        return __builtin_nanf("");
    return (float)(negative && odd ? -power : power);
}

FUNCTION(function_pow)
{
    vf power;
    for (int lane = 0; lane < W; lane++)
        power[lane] = float_pow(x[lane], y[lane]);
    return power;
}

/* sin(x + quarter pi / 2). Angles above 2^20 lose accuracy. */
INLINE float float_sin(float x, int quarter)
{
    const double angle = (double)x, limit = 1073741824.0;
    if (!(angle > -limit && angle < limit))
        return x - x == 0 ? 0 : __builtin_nanf("");
    const double whole = double_round(angle * 0.636619772367581343);
    const double r = (angle - whole * 1.57079632673412561) - whole * 6.07710050650619224e-11, z = r * r;
    const int64_t turn = (int64_t)whole + quarter;
    const double sine =
        ((((((-z / 39916800 + 1.0 / 362880) * z - 1.0 / 5040) * z + 1.0 / 120) * z - 1.0 / 6) * z) + 1) * r;
    const double cosine =
        (((((z / 479001600 - 1.0 / 3628800) * z + 1.0 / 40320) * z - 1.0 / 720) * z + 1.0 / 24) * z - 0.5) * z + 1;
    const double result = turn & 1 ? cosine : sine;
    return (float)(turn & 2 ? -result : result);
}

FUNCTION(function_sin)
{
    vf result;
    for (int lane = 0; lane < W; lane++)
        result[lane] = float_sin(x[lane], 0);
    return result;
}

FUNCTION(function_cos)
{
    vf result;
    for (int lane = 0; lane < W; lane++)
        result[lane] = float_sin(x[lane], 1);
    return result;
}

#endif
