/* reduce_log.h -- ReduceLogSumExp for every element type, in double; and what reduce_scalar.h needs for ReduceLogSum. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REDUCE_LOG_H
#define MEDNN_REDUCE_LOG_H

#include "reduce_scalar.h"
#include "scalars_of_doubles.h"

/* Exponents less the greatest, which comes back behind the logarithm. */
INLINE void reduce_log_sum_exp(const struct reduce_scalar *s, void *y, const void *x)
{
    int64_t index[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x_stride, index);
        int64_t walked[8] = {0};
        double greatest = -__builtin_inf(), sum = 0;
        do
            greatest = real_max(greatest, load_real(x, s->type, from + walk_at(s->walked, s->walked_stride, walked)), 0);
        while (walk_next(s->walked, s->walked_count, walked));
        const double shift = greatest - greatest == 0 ? greatest : 0;
        do
            sum += double_exp(load_real(x, s->type, from + walk_at(s->walked, s->walked_stride, walked)) - shift);
        while (walk_next(s->walked, s->walked_count, walked));
        store_real(y, s->type, walk_at(s->rank, s->y_stride, index), shift + double_log(sum));
    } while (walk_next(s->rank, s->count, index));
}

#endif
