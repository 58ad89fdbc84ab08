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

/* Comparisons with NaN are false, so that NaN stays. */
INLINE vf vector_clip(vf x, float low, float high)
{
    const vf l = vector_of(low), h = vector_of(high);
    x = vector_select(x < l, l, x);
    return vector_select(x > h, h, x);
}

INLINE vf activate(vf x, enum activation activation, float alpha, float beta)
{
    CONTRACT
    const vf zero = {0};
    switch (activation) {
    case ACTIVATION_RELU:
        return (vf)((vi)x & ~(x <= zero));
    case ACTIVATION_CLIP:
        return vector_clip(x, alpha, beta);
    case ACTIVATION_LEAKY_RELU:
        return vector_select(x < zero, x * alpha, x);
    case ACTIVATION_HARD_SIGMOID:
        return vector_clip(x * alpha + beta, 0, 1);
    case ACTIVATION_HARD_SWISH:
        return x * vector_clip(x * (1.0f / 6) + 0.5f, 0, 1);
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

/* Beta for a tile, which gcc may not know where it ends a Clip: it keeps a known one in a general register, from which each vector would
 * come by the units that compare and multiply. */
INLINE float activation_end(enum activation activation, float beta)
{
    if (activation != ACTIVATION_CLIP)
        return beta;
    const volatile float unknown = beta;
    return unknown;
}

/* One value, outside of micro-kernels: never fused. */
INLINE float activate_one(float x, enum activation activation, float alpha, float beta)
{
    float hard;
    switch (activation) {
    case ACTIVATION_RELU:
        return x <= 0 ? 0 : x;
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
