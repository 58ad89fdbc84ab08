/* smooth.h -- exp, log, tanh, erf and what is made of them, of one vector of floats, and the parts that they share.
 *
 * No libm, no branches: the same bits from every compiler, instruction set and vector width. Smooth functions are instances of
 * their own, SMOOTH, because multiply-adds may fuse in them alone; their parts are for them and finish.h only. Accuracy where it is not
 * exact: about 2 units in the last place. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SMOOTH_H
#define MEDNN_SMOOTH_H

#include "activation.h"
#include "view.h"

typedef uint32_t vector_bits __attribute__((vector_size(4 * W), aligned(4 * W), may_alias));

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

#endif
