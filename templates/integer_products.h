/* integer_products.h -- MatMul and Conv of bytes less their zero points, into int32 or requantised.
 *
 * Sums are exact modulo 2^32, in any order. Requantised: to the nearest of sum * (a_scale b_scale / y_scale), ties to even,
 * plus the zero point, between the type's bounds. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INTEGER_PRODUCTS_H
#define MEDNN_INTEGER_PRODUCTS_H

#include "conv_grouped.h"
#include "quantize.h"

struct integer_types {
    enum element_type a, b, y, scale;
    int requantizes;
    double least, most;
};

/* NULL: absent. */
struct integer_parameters {
    const void *a_zero, *b_zero, *a_scale, *b_scale, *y_scale, *y_zero;
};

INLINE int32_t integer_zero(const void *zero, enum element_type type, int64_t at)
{
    return zero ? (int32_t)load_integer(zero, type, at) : 0;
}

INLINE uint32_t integer_term(const void *a, enum element_type a_type, int64_t a_at, int32_t a_zero, const void *b,
                             enum element_type b_type, int64_t b_at, int32_t b_zero)
{
    return (uint32_t)(((int32_t)load_integer(a, a_type, a_at) - a_zero) *
                      ((int32_t)load_integer(b, b_type, b_at) - b_zero));
}

INLINE void integer_store(const struct integer_types *t, const struct integer_parameters *p, void *y, int64_t at,
                          uint32_t sum, int64_t a_scale, int64_t b_scale)
{
    const int32_t whole = (int32_t)sum;
    if (!t->requantizes) {
        store_integer(y, t->y, at, whole);
        return;
    }
    const float scale = (float)load_real(p->a_scale, t->scale, a_scale) * (float)load_real(p->b_scale, t->scale, b_scale) /
                        (float)load_real(p->y_scale, t->scale, 0);
    store_integer(y, t->y, at,
                  quantize_limit((double)((float)whole * scale), load_integer(p->y_zero, t->y, 0), t->least, t->most));
}

/* ---- matrices ---- */

/* Strides in elements, per axis of the output. */
struct matmul_integer {
    int rank;
    int64_t count[8], y[8], a[8], b[8], a_zero[8], b_zero[8], a_scale[8], b_scale[8];
    int64_t depth, a_step, b_step;
};

INLINE void matmul_integer(const struct matmul_integer *s, const struct integer_types *t,
                           const struct integer_parameters *p, void *y, const void *a, const void *b)
{
    int64_t at[8] = {0};
    do {
        const int64_t from_a = walk_at(s->rank, s->a, at), from_b = walk_at(s->rank, s->b, at);
        const int32_t a_zero = integer_zero(p->a_zero, t->a, walk_at(s->rank, s->a_zero, at));
        const int32_t b_zero = integer_zero(p->b_zero, t->b, walk_at(s->rank, s->b_zero, at));
        uint32_t sum = 0;
        for (int64_t k = 0; k < s->depth; k++)
            sum += integer_term(a, t->a, from_a + k * s->a_step, a_zero, b, t->b, from_b + k * s->b_step, b_zero);
        integer_store(t, p, y, walk_at(s->rank, s->y, at), sum, walk_at(s->rank, s->a_scale, at),
                      walk_at(s->rank, s->b_scale, at));
    } while (walk_next(s->rank, s->count, at));
}

/* ---- windows ---- */

enum { CONV_INTEGER_COLUMNS = 64 };

/* Zero points and scales of W: one, or one for every output channel of the piece. */
struct conv_integer {
    int64_t zero_step, scale_step;
};

/* Adds a tap of the last axis to outputs [begin, begin + count) of a row; x at the tap's row. */
INLINE void conv_integer_tap(const struct conv_grouped *s, const struct integer_types *t, const void *x, int64_t from,
                             int32_t x_zero, int32_t weight, int64_t tap, int64_t begin, int64_t count, uint32_t *sum)
{
    const struct conv_axis *axis = &s->axis[2];
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = axis->first + (begin + i) * axis->stride + tap * axis->dilation;
        if (at >= axis->low && at < axis->high)
            sum[i] += (uint32_t)(((int32_t)load_integer(x, t->a, from + at * s->x_axis[2]) - x_zero) * weight);
    }
}

/* All products of some outputs of a row; x and w from the first channel of the group. */
INLINE void conv_integer_sum(const struct conv_grouped *s, const struct integer_types *t, const void *x, int64_t x_from,
                             int32_t x_zero, const void *w, int64_t w_from, int32_t w_zero, int64_t depth, int64_t row,
                             int64_t begin, int64_t count, uint32_t *sum)
{
    const int64_t taps = s->axis[0].kernel * s->axis[1].kernel * s->axis[2].kernel;
    for (int64_t c = 0; c < s->group_channels; c++)
        for (int64_t tap = 0; tap < taps; tap++) {
            const int64_t k = tap % s->axis[2].kernel, j = tap / s->axis[2].kernel % s->axis[1].kernel;
            const int64_t d = conv_axis_at(&s->axis[0], depth, tap / s->axis[2].kernel / s->axis[1].kernel);
            const int64_t r = conv_axis_at(&s->axis[1], row, j);
            if (d >= 0 && r >= 0)
                conv_integer_tap(s, t, x, x_from + c * s->x_channel + d * s->x_axis[0] + r * s->x_axis[1], x_zero,
                                 (int32_t)load_integer(w, t->b, w_from + c * taps + tap) - w_zero, k, begin, count, sum);
        }
}

INLINE void conv_integer_row(const struct conv_grouped *s, const struct conv_integer *i, const struct integer_types *t,
                             const struct integer_parameters *p, void *y, int64_t to, const void *x, int64_t x_batch,
                             const void *w, const int32_t *bias, int64_t o, int64_t depth, int64_t row)
{
    const int64_t taps = s->axis[0].kernel * s->axis[1].kernel * s->axis[2].kernel, output = s->first_output + o;
    const int64_t x_from = x_batch + (output / s->group_outputs * s->group_channels - s->x_first_channel) * s->x_channel;
    const int32_t x_zero = integer_zero(p->a_zero, t->a, 0), w_zero = integer_zero(p->b_zero, t->b, o * i->zero_step);
    for (int64_t begin = 0; begin < s->axis[2].outputs; begin += CONV_INTEGER_COLUMNS) {
        const int64_t left = s->axis[2].outputs - begin, count = left < CONV_INTEGER_COLUMNS ? left : CONV_INTEGER_COLUMNS;
        uint32_t sum[CONV_INTEGER_COLUMNS];
        for (int64_t k = 0; k < count; k++)
            sum[k] = bias ? (uint32_t)bias[output - s->bias_first] : 0;
        conv_integer_sum(s, t, x, x_from, x_zero, w, (output - s->w_first) * s->group_channels * taps, w_zero, depth, row,
                         begin, count, sum);
        for (int64_t k = 0; k < count; k++)
            integer_store(t, p, y, to + (begin + k) * s->y_axis[2], sum[k], 0, o * i->scale_step);
    }
}

/* bias may be NULL. */
INLINE void conv_integer(const struct conv_grouped *s, const struct conv_integer *i, const struct integer_types *t,
                         const struct integer_parameters *p, void *y, const void *x, const void *w, const int32_t *bias)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < s->outputs; o++)
            for (int64_t d = 0; d < s->axis[0].outputs; d++)
                for (int64_t r = 0; r < s->axis[1].outputs; r++)
                    conv_integer_row(s, i, t, p, y,
                                     n * s->y_batch + o * s->y_channel + d * s->y_axis[0] + r * s->y_axis[1], x,
                                     n * s->x_batch, w, bias, o, d, r);
}

#endif
