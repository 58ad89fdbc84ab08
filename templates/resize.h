/* resize.h -- interpolation along the axes of a tensor by tables of elements and weights.
 *
 * Output element i of an axis is the sum over its taps of weight[i * taps + t] times element index[i * taps + t], taps in
 * order; an index below 0 says that the output lies outside of what is resized and becomes `outside`. Without a table the
 * axis stays as it is. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RESIZE_H
#define MEDNN_RESIZE_H

#include "activation.h"
#include "lanes.h"
#include "view.h"

struct resize_axis {
    int64_t count, taps;
    const int32_t *index;
    const float *weight;
};

INLINE int resize_is_outside(const struct resize_axis *axis, int64_t at)
{
    return axis->index && axis->index[at * axis->taps] < 0;
}

INLINE int64_t resize_from(const struct resize_axis *axis, int64_t at, int64_t tap)
{
    return axis->index ? axis->index[at * axis->taps + tap] : at;
}

INLINE float resize_weight(const struct resize_axis *axis, int64_t at, int64_t tap)
{
    return axis->index ? axis->weight[at * axis->taps + tap] : 1;
}

/* A plain tensor: `rank` axes around the last one. */
struct resize {
    int rank;
    int64_t count[8], x_stride[8], y_stride[8], taps[8];
    struct resize_axis axis[8], last;
    int64_t x_step, y_step;
    float outside;
};

INLINE float resize_element(const struct resize_axis *axis, const float *x, int64_t step, int64_t at)
{
    float sum = resize_weight(axis, at, 0) * x[resize_from(axis, at, 0) * step];
    for (int64_t tap = 1; tap < axis->taps; tap++)
        sum += resize_weight(axis, at, tap) * x[resize_from(axis, at, tap) * step];
    return sum;
}

/* Adds one combination of taps of the outer axes to a line of the output, or begins the sum. */
INLINE void resize_line(const struct resize *s, float *y, const float *x, float weight, int begins)
{
    for (int64_t i = 0; i < s->last.count; i++) {
        if (resize_is_outside(&s->last, i)) {
            y[i * s->y_step] = s->outside;
            continue;
        }
        const float value = weight * resize_element(&s->last, x, s->x_step, i);
        y[i * s->y_step] = begins ? value : y[i * s->y_step] + value;
    }
}

INLINE void resize(const struct resize *s, float *restrict y, const float *restrict x)
{
    int64_t at[8] = {0};
    do {
        float *line = y + walk_at(s->rank, s->y_stride, at);
        int64_t tap[8] = {0};
        int outside = 0, begins = 1;
        for (int a = 0; a < s->rank; a++)
            outside |= resize_is_outside(&s->axis[a], at[a]);
        for (int64_t i = 0; i < s->last.count && outside; i++)
            line[i * s->y_step] = s->outside;
        if (outside)
            continue;
        do {
            const float *from = x;
            float weight = 1;
            for (int a = 0; a < s->rank; a++) {
                from += resize_from(&s->axis[a], at[a], tap[a]) * s->x_stride[a];
                weight *= resize_weight(&s->axis[a], at[a], tap[a]);
            }
            resize_line(s, line, from, weight, begins);
            begins = 0;
        } while (walk_next(s->rank, s->taps, tap));
    } while (walk_next(s->rank, s->count, at));
}

/* Rows and columns of a blocked tensor. */
struct resize_blocked {
    struct view x, y;
    int64_t batch, channels;
    struct resize_axis row, column;
    float outside;
};

INLINE vf resize_vector(const struct resize_blocked *s, const float *x, int64_t column)
{
    vf sum = resize_weight(&s->column, column, 0) * *(const vf *)(x + resize_from(&s->column, column, 0) * s->x.column);
    for (int64_t tap = 1; tap < s->column.taps; tap++)
        sum += resize_weight(&s->column, column, tap) *
               *(const vf *)(x + resize_from(&s->column, column, tap) * s->x.column);
    return sum;
}

INLINE void resize_blocked_row(const struct resize_blocked *s, float *restrict y, const float *restrict x, int64_t row)
{
    const int outside = resize_is_outside(&s->row, row);
    const float *first = x + (outside ? 0 : resize_from(&s->row, row, 0)) * s->x.row;
    for (int64_t column = 0; column < s->column.count; column++) {
        vf *to = (vf *)(y + column * s->y.column);
        if (outside || resize_is_outside(&s->column, column)) {
            *to = vector_of(s->outside);
        } else if (s->row.taps == 1 && s->column.taps == 1) {
            const vf value = *(const vf *)(first + resize_from(&s->column, column, 0) * s->x.column);
            *to = value * (resize_weight(&s->row, row, 0) * resize_weight(&s->column, column, 0));
        } else {
            vf sum = resize_weight(&s->row, row, 0) * resize_vector(s, first, column);
            for (int64_t tap = 1; tap < s->row.taps; tap++)
                sum += resize_weight(&s->row, row, tap) *
                       resize_vector(s, x + resize_from(&s->row, row, tap) * s->x.row, column);
            *to = sum;
        }
    }
}

INLINE void resize_blocked(const struct resize_blocked *s, float *restrict y, const float *restrict x)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < (s->channels + 15) / 16 * 16; c += W)
            for (int64_t row = 0; row < s->row.count; row++)
                resize_blocked_row(s, y + n * s->y.batch + c / W * s->y.block + row * s->y.row,
                                   x + n * s->x.batch + c / W * s->x.block, row);
}

#endif
