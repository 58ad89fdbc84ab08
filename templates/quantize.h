/* quantize.h -- between numbers and the integers that stand for them.
 *
 * Rounding is to the nearest, ties to even; what does not fit becomes the nearest bound. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_QUANTIZE_H
#define MEDNN_QUANTIZE_H

#include "scalars.h"
#include "walk.h"

/* Strides in elements. Along `axis` scale and zero point move on by step for every `block` elements; `first` is where the
 * piece begins in its first block. */
struct quantize {
    int rank;
    int64_t count[8], x[8], y[8], scale[8];
    int axis;
    int64_t first, block, step;
    enum element_type x_type, y_type, scale_type, zero_type, precision;
    double least, most;
};

INLINE float quantize_in_precision(enum element_type type, float value)
{
    if (type == ELEMENT_FLOAT16)
        return half_to_float(half_from_float(value));
    return type == ELEMENT_BFLOAT16 ? float_of_bits((uint32_t)bfloat16_from_float(value) << 16) : value;
}

/* Rounded, and between the bounds. */
INLINE int64_t quantize_limit(double value, int64_t zero, double least, double most)
{
    const double y = real_whole(value) + (double)zero;
    return y != y ? 0 : (int64_t)(y < least ? least : y > most ? most : y);
}

INLINE int64_t quantize_scale_at(const struct quantize *s, const int64_t *at)
{
    return walk_at(s->rank, s->scale, at) + (s->rank ? (s->first + at[s->axis]) / s->block * s->step : 0);
}

/* zero may be NULL. */
INLINE void quantize(const struct quantize *s, void *y, const void *x, const void *scale, const void *zero)
{
    int64_t at[8] = {0};
    do {
        const int64_t k = quantize_scale_at(s, at);
        const float value =
            quantize_in_precision(s->precision, (float)load_real(x, s->x_type, walk_at(s->rank, s->x, at)));
        const float quotient = quantize_in_precision(s->precision, value / (float)load_real(scale, s->scale_type, k));
        store_integer(y, s->y_type, walk_at(s->rank, s->y, at),
                      quantize_limit((double)quotient, zero ? load_integer(zero, s->zero_type, k) : 0, s->least, s->most));
    } while (walk_next(s->rank, s->count, at));
}

INLINE void dequantize(const struct quantize *s, void *y, const void *x, const void *scale, const void *zero)
{
    int64_t at[8] = {0};
    do {
        const int64_t k = quantize_scale_at(s, at);
        const int64_t difference = load_integer(x, s->x_type, walk_at(s->rank, s->x, at)) -
                                   (zero ? load_integer(zero, s->zero_type, k) : 0);
        const float product = (float)difference * (float)load_real(scale, s->scale_type, k);
        store_real(y, s->y_type, walk_at(s->rank, s->y, at), (double)product);
    } while (walk_next(s->rank, s->count, at));
}

INLINE float quantize_limit_255(float x)
{
    return x < 0 ? 0 : x > 255 ? 255 : x;
}

/* Scale and zero point that spread the numbers, and 0, over 0 ... 255; either may be NULL. */
INLINE void quantize_dynamic(int64_t size, uint8_t *y, float *given_scale, uint8_t *given_zero, const float *x)
{
    float least = 0, most = 0;
    for (int64_t i = 0; i < size; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    const float scale = most > least ? (most - least) / 255 : 1;
    const int64_t zero = (int64_t)real_whole((double)quantize_limit_255(-least / scale));
    for (int64_t i = 0; i < size; i++)
        y[i] = (uint8_t)quantize_limit((double)(x[i] / scale), zero, 0, 255);
    if (given_scale)
        *given_scale = scale;
    if (given_zero)
        *given_zero = (uint8_t)zero;
}

#endif
