/* move.h -- one piece of data movement between blocked storages (plain ones: copy_box of region.h).
 *
 * A loop over counts k copies y[y_start + y_step k] <- x[x_start + x_step k], axis by axis: N, C, rows, columns, counted
 * from the storages' first elements. A constant is a piece whose x has the view {0}. Pad lanes are written only where
 * whole_blocks says that input and output end in the same lane of their last blocks of 16. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MOVE_H
#define MEDNN_MOVE_H

#include "activation.h"
#include "view.h"

struct move_blocked {
    struct view x, y;
    int64_t count[4], x_start[4], x_step[4], y_start[4], y_step[4];
    int whole_blocks;
};

/* Whole vectors of one row. */
INLINE void move_vectors(float *y, int64_t y_step, const float *x, int64_t x_step, int64_t lane, int64_t columns)
{
    if (lane && y_step == W && x_step == W)
        memcpy(y, x, (size_t)(columns * W) * sizeof(float));
    else
        for (int64_t column = 0; column < columns; column++)
            *(vf *)(y + column * y_step) = lane ? *(const vf *)(x + column * x_step) : vector_of(*x);
}

INLINE void move_lane(float *y, int64_t y_step, const float *x, int64_t x_step, int64_t columns)
{
    for (int64_t column = 0; column < columns; column++)
        y[column * y_step] = x[column * x_step];
}

INLINE void move_blocked(const struct move_blocked *s, float *y, const float *x)
{
    const int64_t y_column = s->y_step[3] * s->y.column, x_column = s->x_step[3] * s->x.column;
    const int64_t end = s->y_start[1] + s->count[1];
    const int64_t channels = s->whole_blocks ? (end + 15) / 16 * 16 - s->y_start[1] : s->count[1];
    const int vectors = s->y_step[1] == 1 && (s->x.lane == 0 || s->x_step[1] == 1);
    for (int64_t n = 0; n < s->count[0]; n++)
        for (int64_t c = 0; c < channels;) {
            const int64_t y_c = s->y_start[1] + s->y_step[1] * c, x_c = s->x_start[1] + s->x_step[1] * c;
            const int whole = vectors && y_c % W == 0 && (s->x.lane == 0 || x_c % W == 0) && c + W <= channels;
            for (int64_t row = 0; row < s->count[2]; row++) {
                float *to = y + view_at(s->y, s->y_start[0] + s->y_step[0] * n, y_c,
                                        s->y_start[2] + s->y_step[2] * row, s->y_start[3]);
                const float *from = x + view_at(s->x, s->x_start[0] + s->x_step[0] * n, x_c,
                                                s->x_start[2] + s->x_step[2] * row, s->x_start[3]);
                if (whole)
                    move_vectors(to, y_column, from, x_column, s->x.lane, s->count[3]);
                else
                    move_lane(to, y_column, from, x_column, s->count[3]);
            }
            c += whole ? W : 1;
        }
}

#endif
