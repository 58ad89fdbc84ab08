/* einsum_scalar.h -- what einsum.h does, for every element type: sums in double, or in int64_t that wraps around.
 *
 * `start` and `step` count elements. Products are added in the order of the summed labels. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EINSUM_SCALAR_H
#define MEDNN_EINSUM_SCALAR_H

#include "einsum.h"
#include "scalars.h"

INLINE void einsum_scalar_element(const struct einsum *s, enum element_type type, int integers, void *y, int64_t to,
                                  const void *const x[], const int64_t start[])
{
    int64_t index[32] = {0};
    double sum = 0;
    uint64_t whole = 0;
    do
        for (int64_t i = 0; i < s->length; i++) {
            double product = 1;
            uint64_t integer = 1;
            for (int t = 0; t < s->terms; t++) {
                const int64_t at = start[t] + walk_at(s->summed, s->summed_stride[t], index) + i * s->step[t];
                if (integers)
                    integer *= (uint64_t)load_integer(x[t], type, at);
                else
                    product *= load_real(x[t], type, at);
            }
            sum += product;
            whole += integer;
        }
    while (walk_next(s->summed, s->summed_count, index));
    if (integers)
        store_integer(y, type, to, (int64_t)whole);
    else
        store_real(y, type, to, sum);
}

INLINE void einsum_scalar(const struct einsum *s, enum element_type type, int integers, void *y, const void *const x[])
{
    int64_t index[8] = {0};
    do {
        int64_t start[8];
        for (int t = 0; t < s->terms; t++)
            start[t] = walk_at(s->rank, s->x_stride[t], index);
        einsum_scalar_element(s, type, integers, y, walk_at(s->rank, s->y_stride, index), x, start);
    } while (walk_next(s->rank, s->count, index));
}

#endif
