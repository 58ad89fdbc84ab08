/* activation.h -- what a layer does to its result before storing it, on vectors. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ACTIVATION_H
#define MEDNN_ACTIVATION_H

#include "float_mode.h"
#include "view.h"

enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_CLIP,         /* min(max(x, alpha), beta) */
    ACTIVATION_LEAKY_RELU,   /* x < 0 ? alpha x : x */
    ACTIVATION_HARD_SIGMOID, /* min(max(alpha x + beta, 0), 1) */
    ACTIVATION_HARD_SWISH    /* x min(max(x / 6 + 1 / 2, 0), 1) */
};

/* A smooth activation (finish.h): of `lines` lines of `count` floats each, `line` floats apart, where they lie. NULL: none. Kernels call
 * it after all else, for a tile at a time. */
typedef void finish_function(float *y, int64_t lines, int64_t line, int64_t count, float alpha);

/* A sum, in which there is nothing to carry: gcc makes three operations of the same with `|`, and of this one that moves some lanes. */
INLINE vf vector_select(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) + (~mask & (vi)no));
}

INLINE vf vector_of(float value)
{
    return value - (vf){0};
}

/* Lane by lane a > b ? a : b, and a < b ? a : b: b where one of them is NaN, or where they are zeros of either sign. One instruction on
 * x86, which gcc finds in a loop over the lanes only (that nothing unrolls before it becomes vectors), and clang in a selection only. */
#if defined __AVX__ && !defined __clang__
INLINE vf vector_greater(vf a, vf b)
{
    _Pragma("GCC unroll 1") for (int lane = 0; lane < W; lane++)
        b[lane] = a[lane] > b[lane] ? a[lane] : b[lane];
    return b;
}

INLINE vf vector_lesser(vf a, vf b)
{
    _Pragma("GCC unroll 1") for (int lane = 0; lane < W; lane++)
        b[lane] = a[lane] < b[lane] ? a[lane] : b[lane];
    return b;
}

/* A value that gcc does not know: of a comparison with a 0 that it knows it makes two instructions, and it keeps a known number in a general
 * register, from which each vector would come by the units that compare and multiply. */
INLINE float lane_unknown(float value)
{
    const volatile float unknown = value;
    return unknown;
}
#else
INLINE vf vector_greater(vf a, vf b)
{
    return vector_select(a > b, a, b);
}

INLINE vf vector_lesser(vf a, vf b)
{
    return vector_select(a < b, a, b);
}

INLINE float lane_unknown(float value)
{
    return value;
}
#endif

/* NaN stays. */
INLINE vf vector_clip(vf x, float low, float high)
{
    return vector_lesser(vector_of(high), vector_greater(vector_of(low), x));
}

/* Alpha comes from activation_low(), and beta from activation_high(), where speed matters; alpha is 0 for Relu and HardSwish. */
INLINE vf activate(vf x, enum activation activation, float alpha, float beta)
{
    CONTRACT
    switch (activation) {
    case ACTIVATION_RELU:
        return vector_greater(vector_of(alpha), x);
    case ACTIVATION_CLIP:
        return vector_clip(x, alpha, beta);
    case ACTIVATION_LEAKY_RELU:
        return vector_select(x < 0, x * alpha, x);
    case ACTIVATION_HARD_SIGMOID:
        return vector_clip(x * alpha + beta, 0, 1);
    case ACTIVATION_HARD_SWISH:
        return x * vector_clip(x * (1.0f / 6) + 0.5f, alpha, 1);
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

/* Alpha and beta for a tile, which gcc may not know on x86 where they are ends (lane_unknown()). */
INLINE float activation_low(enum activation activation, float alpha)
{
    if (activation == ACTIVATION_RELU || activation == ACTIVATION_HARD_SWISH)
        return lane_unknown(0);
    return activation == ACTIVATION_CLIP ? lane_unknown(alpha) : alpha;
}

INLINE float activation_high(enum activation activation, float beta)
{
    return activation == ACTIVATION_CLIP ? lane_unknown(beta) : beta;
}

/* One value, outside of micro-kernels: never fused. */
INLINE float activate_one(float x, enum activation activation, float alpha, float beta)
{
    float hard;
    switch (activation) {
    case ACTIVATION_RELU:
        return x < 0 ? 0 : x;
    case ACTIVATION_CLIP:
        x = x < alpha ? alpha : x;
        return x > beta ? beta : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? x * alpha : x;
    case ACTIVATION_HARD_SIGMOID:
        hard = x * alpha + beta;
        hard = hard < 0 ? 0 : hard;
        return hard > 1 ? 1 : hard;
    case ACTIVATION_HARD_SWISH:
        hard = x * (1.0f / 6) + 0.5f;
        hard = hard < 0 ? 0 : hard;
        return x * (hard > 1 ? 1 : hard);
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

#endif
