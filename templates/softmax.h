/* softmax.h -- Softmax and LogSoftmax along one axis of a plain tensor.
 *
 * x points to the beginning of the axis, y to the first element of the piece, which may be a part of the axis. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SOFTMAX_H
#define MEDNN_SOFTMAX_H

#include "lanes.h"

struct softmax {
    int rank; /* of the other axes */
    int64_t count[8], x_stride[8], y_stride[8];
    int64_t length, x_step, y_step; /* of the whole axis, and along it */
    int64_t begin, end;             /* the piece's part of the axis */
    int logarithm;
};

INLINE float softmax_greatest(const struct softmax *s, const float *x)
{
    const float least = -__builtin_inff();
    struct lanes greatest = lanes_of(least);
    for (int64_t i = 0; i < s->length; i += LANES) {
        const struct lanes value = lanes_load(x + i * s->x_step, s->x_step, s->length - i, least);
        for (int p = 0; p < LANES / W; p++)
            greatest.part[p] = function_max(greatest.part[p], value.part[p], value.part[p]);
    }
    return lanes_join(&greatest, function_max);
}

/* exp() of one block of lanes, 0 for what is not there. */
INLINE struct lanes softmax_powers(const struct softmax *s, const float *x, int64_t i, int64_t end, float greatest)
{
    struct lanes value = lanes_load(x + i * s->x_step, s->x_step, end - i, -__builtin_inff());
    for (int p = 0; p < LANES / W; p++)
        value.part[p] = vector_exp_below_0(value.part[p] - greatest);
    return value;
}

/* Of the whole axis; where all of it is wanted, the powers are left in y. */
INLINE float softmax_sum(const struct softmax *s, float *y, const float *x, float greatest, int keeps)
{
    struct lanes sum = lanes_of(0);
    for (int64_t i = 0; i < s->length; i += LANES) {
        const struct lanes power = softmax_powers(s, x, i, s->length, greatest);
        for (int p = 0; p < LANES / W; p++)
            sum.part[p] += power.part[p];
        if (keeps)
            lanes_store(y + i * s->y_step, s->y_step, s->length - i, &power);
    }
    return lanes_join(&sum, function_add);
}

INLINE void softmax_line(const struct softmax *s, float *y, const float *x)
{
    const int keeps = !s->logarithm && s->begin == 0 && s->end == s->length;
    const float greatest = softmax_greatest(s, x), sum = softmax_sum(s, y, x, greatest, keeps), factor = 1 / sum;
    const vf logarithm = s->logarithm ? vector_log(vector_of(sum)) : (vf){0};
    for (int64_t i = s->begin; i < s->end; i += LANES) {
        float *to = y + (i - s->begin) * s->y_step;
        struct lanes value = keeps ? lanes_load(to, s->y_step, s->end - i, 0)
                             : s->logarithm ? lanes_load(x + i * s->x_step, s->x_step, s->end - i, 0)
                                            : softmax_powers(s, x, i, s->end, greatest);
        for (int p = 0; p < LANES / W; p++)
            value.part[p] = s->logarithm ? value.part[p] - greatest - logarithm : value.part[p] * factor;
        lanes_store(to, s->y_step, s->end - i, &value);
    }
}

INLINE void softmax(const struct softmax *s, float *y, const float *x)
{
    int64_t index[8] = {0};
    do
        softmax_line(s, y + walk_at(s->rank, s->y_stride, index), x + walk_at(s->rank, s->x_stride, index));
    while (walk_next(s->rank, s->count, index));
}

#endif
