/* move.h -- data movement: boxes from tensor to tensor, in either layout. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MOVE_H
#define MEDNN_MOVE_H

#include "region.h"
#include "view.h"

/* A box between plain storages; starts and strides count elements. input < 0: filled. */
struct move {
    int input;
    int64_t to, from;
    int64_t count[BOX_RANK], to_stride[BOX_RANK], from_stride[BOX_RANK];
};

/* `fill`: one element. */
__attribute__((unused)) static void move_boxes(const struct move *moves, int64_t count, int rank, size_t size,
                                               void *y, const void *const *inputs, const void *fill)
{
    for (int64_t i = 0; i < count; i++) {
        const struct move *move = &moves[i];
        char *to = (char *)y + move->to * (int64_t)size;
        if (move->input < 0)
            fill_box(to, move->to_stride, move->count, rank, size, fill);
        else
            copy_box(to, move->to_stride, (const char *)inputs[move->input] + move->from * (int64_t)size,
                     move->from_stride, move->count, rank, size);
    }
}

/* A box between storages with views, over N x C x rows x columns. */
struct move_view {
    int64_t count[4], to[4], to_step[4], from[4], from_step[4];
};

/* One row of W channels that are whole vectors on at least one side. */
INLINE void move_vectors(const struct move_view *m, float *restrict y, struct view to, const float *restrict x,
                         struct view from)
{
    const int64_t to_step = m->to_step[3] * to.column, from_step = m->from_step[3] * from.column;
    if (to.column == 1 && m->to_step[3] == 1 && m->from_step[3] == 1) {
        pack_lanes(y, to.lane, x, m->count[3]);
        return;
    }
    if (from.column == 1 && m->to_step[3] == 1 && m->from_step[3] == 1) {
        unpack_lanes(y, x, from.lane, m->count[3]);
        return;
    }
    for (int64_t column = 0; column < m->count[3]; column++)
        for (int lane = 0; lane < W; lane++)
            y[column * to_step + lane * to.lane] = x[column * from_step + lane * from.lane];
}

/* May channels [c, c + W) move as vectors? */
INLINE int move_is_whole(const struct move_view *m, struct view to, struct view from, int64_t c)
{
    return c + W <= m->count[1] && m->to_step[1] == 1 && m->from_step[1] == 1 &&
           (to.column == 1 || (m->to[1] + c) % W == 0) && (from.column == 1 || (m->from[1] + c) % W == 0);
}

/* Positions count from the storages' first elements; only the elements of the box are written. */
__attribute__((unused)) static void move_view(const struct move_view *m, float *restrict y, struct view to,
                                              const float *restrict x, struct view from)
{
    for (int64_t n = 0; n < m->count[0]; n++)
        for (int64_t c = 0; c < m->count[1];) {
            const int whole = move_is_whole(m, to, from, c);
            for (int64_t row = 0; row < m->count[2]; row++) {
                float *yr = y + view_at(to, m->to[0] + n * m->to_step[0], m->to[1] + c * m->to_step[1],
                                        m->to[2] + row * m->to_step[2], m->to[3]);
                const float *xr = x + view_at(from, m->from[0] + n * m->from_step[0], m->from[1] + c * m->from_step[1],
                                              m->from[2] + row * m->from_step[2], m->from[3]);
                if (whole)
                    move_vectors(m, yr, to, xr, from);
                else
                    for (int64_t column = 0; column < m->count[3]; column++)
                        yr[column * m->to_step[3] * to.column] = xr[column * m->from_step[3] * from.column];
            }
            c += whole ? W : 1;
        }
}

__attribute__((unused)) static void fill_view(const struct move_view *m, float *restrict y, struct view to, float value)
{
    for (int64_t n = 0; n < m->count[0]; n++)
        for (int64_t c = 0; c < m->count[1]; c++)
            for (int64_t row = 0; row < m->count[2]; row++)
                for (int64_t column = 0; column < m->count[3]; column++)
                    y[view_at(to, m->to[0] + n * m->to_step[0], m->to[1] + c * m->to_step[1],
                              m->to[2] + row * m->to_step[2], m->to[3] + column * m->to_step[3])] = value;
}

/* One side of a reshape: the tensor's sizes, where the storage begins in it, and the storage's strides. */
struct move_side {
    int rank;
    int64_t dim[BOX_RANK], begin[BOX_RANK], stride[BOX_RANK];
};

/* The box [first, first + count) of a reshaped tensor, element by element: each side holds any part of its tensor. */
__attribute__((unused)) static void move_reshaped(void *y, const struct move_side *to, const int64_t *first,
                                                  const int64_t *count, const void *x, const struct move_side *from,
                                                  size_t size)
{
    int64_t elements = 1;
    for (int axis = 0; axis < to->rank; axis++)
        elements *= count[axis];
    for (int64_t i = 0; i < elements; i++) {
        int64_t target = 0, source = 0, rest = i, flat = 0, step = 1;
        for (int axis = to->rank - 1; axis >= 0; rest /= count[axis], step *= to->dim[axis], axis--) {
            const int64_t at = first[axis] + rest % count[axis];
            target += (at - to->begin[axis]) * to->stride[axis];
            flat += at * step;
        }
        for (int axis = from->rank - 1; axis >= 0; flat /= from->dim[axis], axis--)
            source += (flat % from->dim[axis] - from->begin[axis]) * from->stride[axis];
        memcpy((char *)y + target * (int64_t)size, (const char *)x + source * (int64_t)size, size);
    }
}

#endif
