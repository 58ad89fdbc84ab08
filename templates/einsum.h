/* einsum.h -- sums of products over labelled axes of plain tensors.
 *
 * Labels of the result come first. The last summed label lies across the 16 lanes, the others are walked in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EINSUM_H
#define MEDNN_EINSUM_H

#include "lanes.h"

struct einsum {
    int rank, summed, terms;                     /* labels of the result; summed ones but for the last; inputs */
    int64_t count[8], y_stride[8], x_stride[8][8];      /* of the result: [label], [term][label] */
    int64_t summed_count[32], summed_stride[8][32];
    int64_t length, step[8];                     /* of the last summed label */
};

INLINE float einsum_element(const struct einsum *s, const float *const x[])
{
    struct lanes sum = lanes_of(0);
    int64_t index[32] = {0};
    do
        for (int64_t i = 0; i < s->length; i += LANES) {
            const int64_t left = s->length - i;
            struct lanes product = lanes_of(1);
            for (int t = 0; t < s->terms; t++) {
                const float *from = x[t] + walk_at(s->summed, s->summed_stride[t], index) + i * s->step[t];
                const struct lanes value = lanes_load(from, s->step[t], left, 0);
                for (int p = 0; p < LANES / W; p++)
                    product.part[p] *= value.part[p];
            }
            for (int p = 0; p < LANES / W; p++)
                sum.part[p] += product.part[p];
        }
    while (walk_next(s->summed, s->summed_count, index));
    return lanes_join(&sum, function_add);
}

INLINE void einsum(const struct einsum *s, float *y, const float *const *x)
{
    int64_t index[8] = {0};
    do {
        const float *from[8];
        for (int t = 0; t < s->terms; t++)
            from[t] = x[t] + walk_at(s->rank, s->x_stride[t], index);
        y[walk_at(s->rank, s->y_stride, index)] = einsum_element(s, from);
    } while (walk_next(s->rank, s->count, index));
}

#endif
