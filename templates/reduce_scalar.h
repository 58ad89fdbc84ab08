/* reduce_scalar.h -- what reduce.h does, for every element type: sums in double, or in int64_t that wraps around. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REDUCE_SCALAR_H
#define MEDNN_REDUCE_SCALAR_H

#include "scalars.h"
#include "walk.h"

struct reduce_scalar {
    int rank; /* of the axes that stay */
    int64_t count[8], x_stride[8], y_stride[8];
    int walked; /* reduced axes */
    int64_t walked_count[8], walked_stride[8];
    enum element_type type;
    double start;          /* joined with anything, gives that */
    int64_t integer_start; /* the same of integers */
    int64_t divisor;       /* second operand of finish */
};

INLINE void reduce_real(const struct reduce_scalar *s, real_function *map, real_function *join, real_function *finish,
                        void *y, const void *x)
{
    int64_t index[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x_stride, index);
        int64_t walked[8] = {0};
        double result = s->start;
        do
            result = join(result, map(load_real(x, s->type, from + walk_at(s->walked, s->walked_stride, walked)), 0, 0), 0);
        while (walk_next(s->walked, s->walked_count, walked));
        store_real(y, s->type, walk_at(s->rank, s->y_stride, index), finish(result, (double)s->divisor, 0));
    } while (walk_next(s->rank, s->count, index));
}

INLINE void reduce_integer(const struct reduce_scalar *s, integer_function *map, integer_function *join,
                           integer_function *finish, void *y, const void *x)
{
    int64_t index[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x_stride, index);
        int64_t walked[8] = {0}, result = s->integer_start;
        do
            result =
                join(result, map(load_integer(x, s->type, from + walk_at(s->walked, s->walked_stride, walked)), 0, 0), 0);
        while (walk_next(s->walked, s->walked_count, walked));
        store_integer(y, s->type, walk_at(s->rank, s->y_stride, index), finish(result, s->divisor, 0));
    } while (walk_next(s->rank, s->count, index));
}

#endif
