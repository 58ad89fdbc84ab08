/* region.h -- boxes of tensors: copied between storages, to and from the wire, and cleared.
 *
 * The wire and the caller's arrays hold a box in canonical order: row-major, contiguous, no border, no pad lanes.
 *
 * Plain storages, any element size of 1, 2, 4 or 8 bytes, up to 8 axes; strides count elements, pointers point to the
 * box's first element:
 *     copy_box(to, to_stride, from, from_stride, count, rank, size)     strides may be 0 or negative
 *     fill_box(to, to_stride, count, rank, size, value)
 *     pack_plain(wire, storage, stride, count, rank, size)
 *     unpack_plain(storage, stride, wire, count, rank, size)
 *
 * Storages with a view (blocked, or plain with up to four axes), float; pointers point to the storage's first
 * element, `box` counts from there; channel ranges may begin and end anywhere:
 *     pack_region(wire, storage, view, box)
 *     unpack_region(storage, view, wire, box)         writes the elements of the box only
 *     clear_border(storage, view, batches, inner)     zeroes the cells whose row or column is outside of inner, in all
 *                                                     lanes of all the storage's blocks (planes); channels are ignored
 *     clear_lanes(storage, view, box)                 zeroes the lanes from the box's last channel to the next multiple
 *                                                     of 16, in the box's rows and columns; nothing for plain views */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REGION_TEMPLATE_H
#define MEDNN_REGION_TEMPLATE_H

#include "view.h"

enum { BOX_RANK = 8 };

/* Half-open ranges. */
struct box {
    int64_t n_begin, n_end, c_begin, c_end, row_begin, row_end, column_begin, column_end;
};

/* BOX(0, 1, 0, 32, 1, 57, 1, 57) */
#define BOX(...) ((struct box){__VA_ARGS__})

/* count elements of `size` bytes, one every to_stride and from_stride bytes. */
INLINE void copy_run(char *to, int64_t to_stride, const char *from, int64_t from_stride, int64_t count, size_t size)
{
    if (to_stride == (int64_t)size && from_stride == (int64_t)size) {
        memcpy(to, from, (size_t)count * size);
        return;
    }
    switch (size) {
    case 1:
        for (int64_t i = 0; i < count; i++)
            to[i * to_stride] = from[i * from_stride];
        break;
    case 2:
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * to_stride, from + i * from_stride, 2);
        break;
    case 4:
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * to_stride, from + i * from_stride, 4);
        break;
    default:
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * to_stride, from + i * from_stride, 8);
    }
}

/* Loops over up to 8 axes; the two innermost are plain loops, the others an odometer. */
__attribute__((unused)) static void copy_box(void *to, const int64_t *to_stride, const void *from,
                                             const int64_t *from_stride, const int64_t *count, int rank, size_t size)
{
    int64_t n[BOX_RANK + 2], t[BOX_RANK + 2], f[BOX_RANK + 2], at[BOX_RANK + 2] = {0};
    int axes = 0;
    for (int axis = 0; axis < rank; axis++) {
        if (count[axis] == 0)
            return;
        if (count[axis] == 1)
            continue;
        const int64_t to_bytes = to_stride[axis] * (int64_t)size, from_bytes = from_stride[axis] * (int64_t)size;
        const int last = axes - 1;
        if (axes > 0 && t[last] == to_bytes * count[axis] && f[last] == from_bytes * count[axis]) {
            n[last] *= count[axis];
            t[last] = to_bytes;
            f[last] = from_bytes;
        } else {
            n[axes] = count[axis];
            t[axes] = to_bytes;
            f[axes++] = from_bytes;
        }
    }
    while (axes < 2) {
        for (int axis = axes; axis > 0; axis--) {
            n[axis] = n[axis - 1];
            t[axis] = t[axis - 1];
            f[axis] = f[axis - 1];
        }
        n[0] = 1;
        t[0] = f[0] = (int64_t)size;
        axes++;
    }
    const int inner = axes - 1, outer = axes - 2;
    char *target = to;
    const char *source = from;
    for (;;) {
        for (int64_t i = 0; i < n[outer]; i++)
            copy_run(target + i * t[outer], t[inner], source + i * f[outer], f[inner], n[inner], size);
        int axis = outer - 1;
        for (; axis >= 0; axis--) {
            target += t[axis];
            source += f[axis];
            if (++at[axis] < n[axis])
                break;
            target -= t[axis] * n[axis];
            source -= f[axis] * n[axis];
            at[axis] = 0;
        }
        if (axis < 0)
            return;
    }
}

/* `value`: one element. */
__attribute__((unused)) static void fill_box(void *to, const int64_t *to_stride, const int64_t *count, int rank,
                                             size_t size, const void *value)
{
    const int64_t still[BOX_RANK] = {0};
    copy_box(to, to_stride, value, still, count, rank, size);
}

/* Strides of a contiguous array. */
INLINE void box_strides(int64_t *stride, const int64_t *count, int rank)
{
    int64_t elements = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        stride[axis] = elements;
        elements *= count[axis];
    }
}

__attribute__((unused)) static void pack_plain(void *wire, const void *storage, const int64_t *stride,
                                               const int64_t *count, int rank, size_t size)
{
    int64_t dense[BOX_RANK] = {0};
    box_strides(dense, count, rank);
    copy_box(wire, dense, storage, stride, count, rank, size);
}

__attribute__((unused)) static void unpack_plain(void *storage, const int64_t *stride, const void *wire,
                                                 const int64_t *count, int rank, size_t size)
{
    int64_t dense[BOX_RANK] = {0};
    box_strides(dense, count, rank);
    copy_box(storage, stride, wire, dense, count, rank, size);
}

/* A row of `columns` cells of W lanes to or from W rows that lie `distance` floats apart. */
INLINE void pack_lanes(float *restrict wire, int64_t distance, const float *restrict cells, int64_t columns)
{
    for (int64_t column = 0; column < columns; column++)
        for (int lane = 0; lane < W; lane++)
            wire[lane * distance + column] = cells[column * W + lane];
}

INLINE void unpack_lanes(float *restrict cells, const float *restrict wire, int64_t distance, int64_t columns)
{
    for (int64_t column = 0; column < columns; column++)
        for (int lane = 0; lane < W; lane++)
            cells[column * W + lane] = wire[lane * distance + column];
}

__attribute__((unused)) static void pack_region(float *restrict wire, const float *restrict storage,
                                                struct view view, struct box box)
{
    const int64_t rows = box.row_end - box.row_begin, columns = box.column_end - box.column_begin;
    for (int64_t n = box.n_begin; n < box.n_end; n++)
        for (int64_t c = box.c_begin; c < box.c_end;) {
            const int whole = view.column == W && c % W == 0 && c + W <= box.c_end;
            for (int64_t row = 0; row < rows; row++) {
                const float *from = storage + view_at(view, n, c, box.row_begin + row, box.column_begin);
                float *to = wire + row * columns;
                if (whole)
                    pack_lanes(to, rows * columns, from, columns);
                else
                    for (int64_t column = 0; column < columns; column++)
                        to[column] = from[column * view.column];
            }
            wire += (whole ? W : 1) * rows * columns;
            c += whole ? W : 1;
        }
}

__attribute__((unused)) static void unpack_region(float *restrict storage, struct view view,
                                                  const float *restrict wire, struct box box)
{
    const int64_t rows = box.row_end - box.row_begin, columns = box.column_end - box.column_begin;
    for (int64_t n = box.n_begin; n < box.n_end; n++)
        for (int64_t c = box.c_begin; c < box.c_end;) {
            const int whole = view.column == W && c % W == 0 && c + W <= box.c_end;
            for (int64_t row = 0; row < rows; row++) {
                float *to = storage + view_at(view, n, c, box.row_begin + row, box.column_begin);
                const float *from = wire + row * columns;
                if (whole)
                    unpack_lanes(to, from, rows * columns, columns);
                else
                    for (int64_t column = 0; column < columns; column++)
                        to[column * view.column] = from[column];
            }
            wire += (whole ? W : 1) * rows * columns;
            c += whole ? W : 1;
        }
}

INLINE void clear_floats(float *at, int64_t count)
{
    memset(at, 0, (size_t)count * sizeof(float));
}

/* A plane is a block of a blocked view, a channel of a plain one; view.column tells which: W >= 4, or 1. */
__attribute__((unused)) static void clear_border(float *storage, struct view view, int64_t batches,
                                                 struct box inner)
{
    const int64_t plane = view.column == 1 ? view.lane : view.block;
    if (plane == 0)
        return;
    const int64_t rows = plane / view.row, before = inner.column_begin * view.column;
    const int64_t after = inner.column_end * view.column;
    for (int64_t i = 0; i < batches * view.batch / plane; i++) {
        float *at = storage + i * plane;
        clear_floats(at, inner.row_begin * view.row);
        for (int64_t row = inner.row_begin; row < inner.row_end; row++) {
            clear_floats(at + row * view.row, before);
            clear_floats(at + row * view.row + after, view.row - after);
        }
        clear_floats(at + inner.row_end * view.row, (rows - inner.row_end) * view.row);
    }
}

__attribute__((unused)) static void clear_lanes(float *storage, struct view view, struct box box)
{
    if (view.column == 1)
        return;
    for (int64_t n = box.n_begin; n < box.n_end; n++)
        for (int64_t c = box.c_end; c % 16 != 0; c++)
            for (int64_t row = box.row_begin; row < box.row_end; row++)
                for (int64_t column = box.column_begin; column < box.column_end; column++)
                    storage[view_at(view, n, c, row, column)] = 0;
}

#endif
