/* normalize.h -- a group of elements of a plain tensor, less their mean and divided by their spread.
 *
 * Axes outside of the groups are walked; of those inside, the last lies across the 16 lanes and the others are walked in
 * row-major order, always whole: the same statistic whatever part of the group the piece holds. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NORMALIZE_H
#define MEDNN_NORMALIZE_H

#include "lanes.h"

enum norm { NORM_VARIANCE, NORM_SQUARE, NORM_L1, NORM_L2 };

struct normalize {
    int rank; /* of the axes outside */
    int64_t count[8], x_stride[8], y_stride[8], scale_stride[8], bias_stride[8];
    int walked; /* axes inside but for the last: whole, and the piece's part of them */
    int64_t walked_count[8], walked_stride[8], part_count[8], part_x[8], part_y[8], part_scale[8], part_bias[8];
    int64_t length, step;                            /* of the last axis inside */
    int64_t part, part_step, scale_step, bias_step;  /* the piece's part of it */
    int64_t first;                                   /* element of the group where the piece begins */
    enum norm norm;
    float elements, epsilon; /* of a group */
    int epsilon_outside;
    int64_t mean_stride[8];
};

struct normalize_statistic {
    float mean, factor;
};

/* Sums x - mean (power 0), its magnitude (1) or its square (2). */
INLINE float normalize_sum(const struct normalize *s, const float *x, float mean, int power)
{
    struct lanes sum = lanes_of(0);
    int64_t index[8] = {0};
    do {
        const float *line = x + walk_at(s->walked, s->walked_stride, index);
        for (int64_t i = 0; i < s->length; i += LANES) {
            const struct lanes value = lanes_load(line + i * s->step, s->step, s->length - i, mean);
            for (int p = 0; p < LANES / W; p++) {
                vf term = value.part[p] - mean;
                if (power == 1)
                    term = vector_abs(term);
                else if (power == 2)
                    term = term * term;
                sum.part[p] += term;
            }
        }
    } while (walk_next(s->walked, s->walked_count, index));
    return lanes_join(&sum, function_add);
}

INLINE struct normalize_statistic normalize_measure(const struct normalize *s, const float *x)
{
    struct normalize_statistic statistic = {0, 0};
    float spread;
    switch (s->norm) {
    case NORM_VARIANCE:
    case NORM_SQUARE:
        if (s->norm == NORM_VARIANCE)
            statistic.mean = normalize_sum(s, x, 0, 0) / s->elements;
        spread = normalize_sum(s, x, statistic.mean, 2) / s->elements;
        spread = s->epsilon_outside ? __builtin_sqrtf(spread) + s->epsilon : __builtin_sqrtf(spread + s->epsilon);
        break;
    case NORM_L1:
        spread = normalize_sum(s, x, 0, 1);
        break;
    default:
        spread = __builtin_sqrtf(normalize_sum(s, x, 0, 2));
    }
    statistic.factor = spread == 0 ? 0 : 1 / spread;
    return statistic;
}

INLINE struct lanes normalize_operand(const float *operand, int64_t step, int64_t i, int64_t count, float otherwise)
{
    if (!operand)
        return lanes_of(otherwise);
    return step ? lanes_load(operand + i * step, step, count, 0) : lanes_of(*operand);
}

INLINE void normalize_line(const struct normalize *s, float *y, const float *x, const float *scale, const float *bias,
                           struct normalize_statistic statistic)
{
    for (int64_t i = 0; i < s->part; i += LANES) {
        struct lanes value = lanes_load(x + i * s->step, s->step, s->part - i, 0);
        const struct lanes a = normalize_operand(scale, s->scale_step, i, s->part - i, 1);
        const struct lanes b = normalize_operand(bias, s->bias_step, i, s->part - i, 0);
        for (int p = 0; p < LANES / W; p++)
            value.part[p] = (value.part[p] - statistic.mean) * statistic.factor * a.part[p] + b.part[p];
        lanes_store(y + i * s->part_step, s->part_step, s->part - i, &value);
    }
}

INLINE void normalize(const struct normalize *s, float *y, const float *x, const float *scale, const float *bias)
{
    int64_t outside[8] = {0};
    do {
        const float *group = x + walk_at(s->rank, s->x_stride, outside);
        const struct normalize_statistic statistic = normalize_measure(s, group);
        int64_t inside[8] = {0};
        do
            normalize_line(
                s, y + walk_at(s->rank, s->y_stride, outside) + walk_at(s->walked, s->part_y, inside),
                group + s->first + walk_at(s->walked, s->part_x, inside),
                scale ? scale + walk_at(s->rank, s->scale_stride, outside) + walk_at(s->walked, s->part_scale, inside)
                      : scale,
                bias ? bias + walk_at(s->rank, s->bias_stride, outside) + walk_at(s->walked, s->part_bias, inside)
                     : bias,
                statistic);
        while (walk_next(s->walked, s->part_count, inside));
    } while (walk_next(s->rank, s->count, outside));
}

/* The statistics themselves: means, or factors. */
INLINE void normalize_statistics(const struct normalize *s, float *y, const float *x, int factors)
{
    int64_t outside[8] = {0};
    do {
        const struct normalize_statistic statistic = normalize_measure(s, x + walk_at(s->rank, s->x_stride, outside));
        y[walk_at(s->rank, s->mean_stride, outside)] = factors ? statistic.factor : statistic.mean;
    } while (walk_next(s->rank, s->count, outside));
}

#endif
