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

INLINE float softmax_sum(const struct softmax *s, const float *x, float greatest)
{
    struct lanes sum = lanes_of(0);
    for (int64_t i = 0; i < s->length; i += LANES) {
        /* exp() of what is not there is 0. */
        const struct lanes value =
            lanes_load(x + i * s->x_step, s->x_step, s->length - i, -__builtin_inff());
        for (int p = 0; p < LANES / W; p++)
            sum.part[p] += vector_exp(value.part[p] - greatest);
    }
    return lanes_join(&sum, function_add);
}

INLINE void softmax_line(const struct softmax *s, float *y, const float *x)
{
    const float greatest = softmax_greatest(s, x), sum = softmax_sum(s, x, greatest);
    const vf logarithm = vector_log(vector_of(sum));
    for (int64_t i = s->begin; i < s->end; i += LANES) {
        struct lanes value = lanes_load(x + i * s->x_step, s->x_step, s->end - i, 0);
        for (int p = 0; p < LANES / W; p++) {
            const vf shifted = value.part[p] - greatest;
            value.part[p] = s->logarithm ? shifted - logarithm : vector_exp(shifted) / sum;
        }
        lanes_store(y + (i - s->begin) * s->y_step, s->y_step, s->end - i, &value);
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
