/* functions.h -- functions of one, two or three vectors of floats, lane by lane.
 *
 * Every one has the same signature, so that one loop serves them all; what a function does not need it ignores.
 * No libm, no branches: the same bits from every compiler, instruction set and vector width. Smooth functions are instances of
 * their own, SMOOTH, because multiply-adds may fuse in them alone; their parts are for them only. Accuracy where it is not
 * exact: about 2 units in the last place. Integer and double-precision relatives: scalars.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FUNCTIONS_H
#define MEDNN_FUNCTIONS_H

#include "activation.h"
#include "double_bits.h"
#include "view.h"

typedef vf element_function(vf x, vf y, vf z);
typedef uint32_t vector_bits __attribute__((vector_size(4 * W), aligned(4 * W), may_alias));

#define UNUSED __attribute__((unused))
#define FUNCTION(name) INLINE vf name(UNUSED vf x, UNUSED vf y, UNUSED vf z)

/* ---- parts ---- */

INLINE vi vector_of_int(int32_t value)
{
    return value - (vi){0};
}

INLINE vf vector_abs(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

/* The magnitude of `x` with the sign of `sign`. */
INLINE vf vector_sign_of(vf x, vf sign)
{
    return (vf)(((vi)x & 0x7fffffff) | ((vi)sign & ~0x7fffffff));
}

/* 2 to the power n, for n from -126 to 127. */
INLINE vf vector_power_of_2(vi n)
{
    return (vf)((vector_bits)(n + 127) << 23);
}

/* -|x| */
INLINE vf vector_below_0(vf x)
{
    return (vf)((vi)x | ~0x7fffffff);
}

/* All bits of a lane where the sign is set. */
INLINE vi vector_negative(vf x)
{
    return (vi)x >> 31;
}

/* Never inlined: fused or not, a function has the same bits wherever it is used. */
#define SMOOTH(name) static __attribute__((noinline, unused SMOOTH_OPTIONS)) vf name(vf x)

/* c[0] x^(count - 1) + ... + c[count - 1]. */
INLINE vf vector_polynomial(vf x, int count, const float *c)
{
    CONTRACT
    vf y = vector_of(c[0]);
    UNROLL for (int i = 1; i < count; i++)
        y = y * x + c[i];
    return y;
}
#define POLYNOMIAL(x, ...) vector_polynomial(x, (int)(sizeof(float[]){__VA_ARGS__} / sizeof(float)), (const float[]){__VA_ARGS__})

/* x = n ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to an integer, and leaves n + `offset` in the low bits of
 * `shifted`. */
INLINE vf vector_reduce(vf x, int offset, vf *shifted)
{
    CONTRACT
    const float shift = 12582912.0f + (float)offset;
    *shifted = x * 1.44269504f + shift;
    const vf whole = *shifted - shift, r = whole * -0.693359375f + x;
    return whole * 2.12194440e-4f + r;
}

/* (exp(r) - 1) / r for |r| <= ln 2 / 2. */
INLINE vf vector_exp_slope_near_0(vf r)
{
    return POLYNOMIAL(r, 1.39515626e-3f, 8.36953055e-3f, 4.16661911e-2f, 1.66665137e-1f, 0.5f, 1);
}

/* exp(r) for |r| <= ln 2 / 2. */
INLINE vf vector_exp_near_0(vf r)
{
    CONTRACT
    return r * vector_exp_slope_near_0(r) + 1;
}

SMOOTH(vector_exp)
{
    vf shifted;
    const vf r = vector_reduce(vector_clip(x, -104, 89), 0, &shifted);
    const vi n = (vi)shifted - (vi)vector_of(12582912.0f), half = n >> 1;
    return vector_exp_near_0(r) * vector_power_of_2(half) * vector_power_of_2(n - half);
}

/* 2^(n + 32) for n from -159 to 95, the integer in the low bits of `shifted` being n + 32 + 127. The rest of 2^n is one more
 * product, which rounds where the result is denormal. */
enum { EXP_OFFSET = 159 };

INLINE vf vector_scale(vf power, vf shifted)
{
    return power * (vf)((vector_bits)shifted << 23) * 0x1p-32f;
}

/* exp(x) for x <= 0: less work. */
INLINE vf vector_exp_below_0_part(vf x)
{
    vf shifted;
    const vf r = vector_reduce(vector_select(x < -104, vector_of(-104), x), EXP_OFFSET, &shifted);
    return vector_scale(vector_exp_near_0(r), shifted);
}

SMOOTH(vector_exp_below_0)
{
    return vector_exp_below_0_part(x);
}

/* exp(x) - 1 for x <= 0. */
SMOOTH(vector_exp_minus_1)
{
    CONTRACT
    vf shifted;
    const vf r = vector_reduce(vector_clip(x, -40, 0), 127, &shifted), scale = (vf)((vector_bits)shifted << 23);
    return scale * (r * vector_exp_slope_near_0(r)) + (scale - 1);
}

INLINE vf vector_log(vf x)
{
    const vf infinity = vector_of(__builtin_inff());
    const vi tiny = x < 1.17549435e-38f;
    const vi bits =
        (vi)((vector_bits)vector_select(tiny, x * 8388608.0f, x) + (0x3f800000 - 0x3f3504f3));
    const vf exponent = __builtin_convertvector((bits >> 23) - 127 - (tiny & 23), vf);
    const vf f = (vf)((bits & 0x7fffff) + 0x3f3504f3) - 1, s = f / (f + 2), s2 = s * s, half = 0.5f * f * f;
    const vf rest = s2 * (((0.235937461f * s2 + 0.285367668f) * s2 + 0.400003433f) * s2 + 0.666666627f);
    vf y = s * (half + rest) + exponent * 9.0580006145e-6f - half + f + exponent * 6.9313812256e-1f;
    y = vector_select(x < infinity, y, x);
    y = vector_select(x == 0, -infinity, y);
    return vector_select(x < 0, (vf)vector_of_int(0x7fc00000), y);
}

/* log(1 + x) for x >= 0: what 1 + x rounds away comes back by the derivative. */
INLINE vf vector_log_of_1_plus(vf x)
{
    const vf sum = 1 + x;
    return vector_log(sum) + (x - (sum - 1)) / sum;
}

/* 1 / (1 + exp(-x)) without overflow. */
INLINE vf vector_sigmoid_part(vf x)
{
    const vf e = vector_exp_below_0_part(vector_below_0(x));
    return vector_select(vector_negative(x), e, vector_of(1)) / (1 + e);
}

SMOOTH(vector_sigmoid)
{
    return vector_sigmoid_part(x);
}

/* x / (1 + exp(-t)); 0 where t is below -87, so that exp(-t) is finite. */
INLINE vf vector_gate(vf x, vf t)
{
    CONTRACT
    const float most = 87;
    vf shifted;
    const vf r = vector_reduce(-vector_clip(t, -most, most), 127, &shifted);
    const vf above = (vf)((vi)x & ~(t < -most)), scale = (vf)((vector_bits)shifted << 23);
    return above / (vector_exp_near_0(r) * scale + 1);
}

SMOOTH(vector_silu)
{
    return vector_gate(x, x);
}

/* Swish with its alpha. */
static __attribute__((noinline, unused SMOOTH_OPTIONS)) vf vector_swish(vf x, vf alpha)
{
    return vector_gate(x, x * alpha);
}

/* 1/2 (1 + tanh(u)) is sigmoid(2 u). */
INLINE vf vector_gelu_tanh_part(vf x)
{
    CONTRACT
    const vf s = x * x, slope = s * 0.0713548163f + 1.59576912f;
    return vector_gate(x, x * slope);
}

SMOOTH(vector_gelu_tanh)
{
    return vector_gelu_tanh_part(x);
}

INLINE vf vector_tanh_part(vf x)
{
    CONTRACT
    const vf a = vector_abs(x), s = x * x, e = vector_exp_below_0_part(-(a + a));
    const vf p = POLYNOMIAL(s, -5.72163006e-3f, 2.06552185e-2f, -5.37451431e-2f, 1.33315146e-1f, -3.33332837e-1f);
    const vf small = (a * s) * p + a, large = 1 - (e + e) / (1 + e);
    return vector_sign_of(vector_select(a < 0.625f, small, large), x);
}

SMOOTH(vector_tanh)
{
    return vector_tanh_part(x);
}

/* Near 0 a polynomial; else 1 - exp of a polynomial: log(erfc(x)) is smooth. From 4 on the result is 1. */
SMOOTH(vector_erf)
{
    CONTRACT
    const vf a = vector_abs(x), s = a * a, t = vector_clip(a, 0, 4);
    const vf p = POLYNOMIAL(s, -5.97689359e-4f, 4.99098003e-3f, -2.67655663e-2f, 1.12818025e-1f, -3.76124948e-1f,
                            1.28379151e-1f);
    const vf q = POLYNOMIAL(t, 1.9494677e-4f, -3.03369248e-3f, 2.21897773e-2f, -1.03856377e-1f, -6.37265742e-1f,
                            -1.27627403e-1f, -2.07008488e-4f);
    const vf large = 1 - vector_exp_below_0_part(q - t);
    return vector_sign_of(vector_select(a < 0.927734375f, a * p + a, large), x);
}

/* x times the normal distribution's probability of less than x: max(x, 0) - |x| P(-|x|). The binary logarithm of P is smooth,
 * a polynomial within 2e-8 of the result up to 6, from where on P counts as 0. */
INLINE vf vector_gelu_part(vf x)
{
    CONTRACT
    const vf a = vector_abs(x), shift = vector_of(12582912.0f + 127);
    const vi far = a > 6;
    const vf t = vector_select(far, vector_of(6), a);
    const vf log = POLYNOMIAL(t, -1.99190413e-6f, 2.92720779e-5f, -1.38088653e-4f, -2.53435370e-4f, 7.21638789e-3f,
                              -5.26030473e-2f, -4.59172219e-1f, -1.15110970f, -0.999999881f);
    const vf shifted = log + shift, r = log - (shifted - shift);
    const vf power = POLYNOMIAL(r, 1.32647261e-3f, 9.67151299e-3f, 5.55073358e-2f, 2.40222424e-1f, 6.93147004e-1f, 1);
    const vf p = (vf)((vi)(power * (vf)((vector_bits)shifted << 23)) & ~far);
    return p * -t + vector_select(vector_negative(x), vector_of(0), x);
}

SMOOTH(vector_gelu)
{
    return vector_gelu_part(x);
}

/* To the nearest integer, ties to even. */
INLINE vf vector_round(vf x)
{
    const vf a = vector_abs(x), rounded = (a + 8388608.0f) - 8388608.0f;
    return vector_select(a < 8388608.0f, vector_sign_of(rounded, x), x);
}

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
    const vf low = vector_select(x < y, y, x);
    return vector_select(low > z, z, low);
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
