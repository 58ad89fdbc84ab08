/* reduce.h -- one number from all elements along some axes of a plain tensor: finish(join of map(x)).
 *
 * map, join and finish are functions of functions.h. The last reduced axis lies across the 16 lanes, the others are
 * walked in row-major order: one order of additions whatever the piece. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REDUCE_H
#define MEDNN_REDUCE_H

#include "lanes.h"

struct reduce {
    int rank; /* of the axes that stay */
    int64_t count[8], x_stride[8], y_stride[8];
    int walked; /* reduced axes but for the last */
    int64_t walked_count[8], walked_stride[8];
    int64_t length, step; /* of the last reduced axis */
    float start;          /* joined with anything, gives that */
    float divisor;        /* second operand of finish */
    int shifts;           /* the greatest element is subtracted first, and added at the end */
};

INLINE float reduce_lines(const struct reduce *s, const float *x, element_function *map, element_function *join,
                          float start, float shift)
{
    struct lanes result = lanes_of(start);
    int64_t index[8] = {0};
    do {
        const float *line = x + walk_at(s->walked, s->walked_stride, index);
        for (int64_t i = 0; i < s->length; i += LANES) {
            struct lanes value = lanes_load(line + i * s->step, s->step, s->length - i, 0);
            for (int p = 0; p < LANES / W; p++)
                value.part[p] = map(value.part[p] - shift, value.part[p], value.part[p]);
            if (s->length - i < LANES)
                for (int lane = (int)(s->length - i); lane < LANES; lane++)
                    value.part[lane / W][lane % W] = start;
            for (int p = 0; p < LANES / W; p++)
                result.part[p] = join(result.part[p], value.part[p], value.part[p]);
        }
    } while (walk_next(s->walked, s->walked_count, index));
    return lanes_join(&result, join);
}

INLINE void reduce(const struct reduce *s, element_function *map, element_function *join, element_function *finish,
                   float *y, const float *x)
{
    int64_t index[8] = {0};
    do {
        const float *from = x + walk_at(s->rank, s->x_stride, index);
        float shift = 0;
        if (s->shifts) {
            shift = reduce_lines(s, from, function_identity, function_max, -__builtin_inff(), 0);
            shift = shift - shift == 0 ? shift : 0;
        }
        const vf joined = vector_of(reduce_lines(s, from, map, join, s->start, shift));
        const vf result = finish(joined, vector_of(s->divisor), joined) + shift;
        y[walk_at(s->rank, s->y_stride, index)] = result[0];
    } while (walk_next(s->rank, s->count, index));
}

#endif
