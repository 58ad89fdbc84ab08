/* pool.h -- maxima and averages over windows, blocked, and plain (there norms too) with up to three spatial axes.
 *
 * Windows are cut off at the tensor's bounds: no border is read. Averages add rows in order, columns in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_POOL_H
#define MEDNN_POOL_H

#include "activation.h"
#include "functions.h"
#include "view.h"

/* One spatial axis of a piece. Positions count from the beginning of the input's storage: the first output's window
 * begins at `first` (which may be negative); elements of the tensor are in [low, high); padding ends at `padded`. */
struct pool_axis {
    int64_t outputs, kernel, stride, dilation, first, low, high, padded;
};

/* The taps [begin, end) of the window of output `at` that are inside of the tensor, and those inside of the padding. */
struct pool_taps {
    int64_t start, begin, end, padded;
};

INLINE struct pool_taps pool_taps(const struct pool_axis *axis, int64_t at)
{
    const int64_t start = axis->first + at * axis->stride, dilation = axis->dilation;
    struct pool_taps taps = {.start = start, .end = axis->kernel, .padded = axis->kernel};
    if (start < axis->low)
        taps.begin = (axis->low - start + dilation - 1) / dilation;
    if (start + (axis->kernel - 1) * dilation >= axis->high)
        taps.end = start < axis->high ? (axis->high - 1 - start) / dilation + 1 : 0;
    if (start + (axis->kernel - 1) * dilation >= axis->padded)
        taps.padded = start < axis->padded ? (axis->padded - 1 - start) / dilation + 1 : 0;
    return taps;
}

/* NaN wins. */
INLINE vf vector_max(vf a, vf b)
{
    return vector_select((b > a) | (b != b), b, a);
}

INLINE float scalar_max(float a, float b)
{
    return b > a || b != b ? b : a;
}

/* A piece of a blocked tensor: x points at its first channel in the storage's first row and column. */
struct pool {
    struct view x, y;
    int64_t batch, channels;
    struct pool_axis row, column;
    int average, counts_padding;
};

INLINE vf pool_add(int average, vf result, vf value)
{
    if (average)
        return result + value;
    return vector_max(result, value);
}

/* With `sum`, where maxima need not mind NaN: values are added to it as well, so that it shows whether there was one. */
INLINE vf pool_window(const struct pool *s, const float *restrict x, struct pool_taps row, struct pool_taps column, vf *sum)
{
    vf result = vector_of(s->average ? 0 : -__builtin_inff()), values = {0};
    for (int64_t i = row.begin; i < row.end; i++)
        for (int64_t j = column.begin; j < column.end; j++) {
            const vf value = *(const vf *)(x + (row.start + i * s->row.dilation) * s->x.row +
                                           (column.start + j * s->column.dilation) * s->x.column);
            result = sum ? vector_greater(result, value) : pool_add(s->average, result, value);
            values += value;
        }
    if (sum)
        *sum += values;
    return result;
}

INLINE void pool_row(const struct pool *s, const float *restrict x, float *restrict y, struct pool_taps row, vf *sum)
{
    for (int64_t c = 0; c < s->column.outputs; c++) {
        const struct pool_taps column = pool_taps(&s->column, c);
        const int whole = row.end - row.begin == s->row.kernel && column.end - column.begin == s->column.kernel;
        const struct pool_taps rows = {row.start, 0, s->row.kernel, 0}, columns = {column.start, 0, s->column.kernel, 0};
        vf value = whole ? pool_window(s, x, rows, columns, sum) : pool_window(s, x, row, column, sum);
        if (s->average) {
            const int64_t count = s->counts_padding ? row.padded * column.padded
                                                    : (row.end - row.begin) * (column.end - column.begin);
            value = value / (float)(count > 0 ? count : 1);
        }
        *(vf *)(y + c * s->y.column) = value;
    }
}

/* Maxima that do not mind NaN take half the instructions. Returns whether there was none in the row (infinities of both signs count as
 * one). */
INLINE int pool_row_without_nan(const struct pool *s, const float *restrict x, float *restrict y, struct pool_taps row)
{
    vf sum = {0};
    float total = 0;
    pool_row(s, x, y, row, &sum);
    for (int lane = 0; lane < W; lane++)
        total += sum[lane];
    return total == total;
}

INLINE void pool(const struct pool *s, const float *restrict x, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < (s->channels + 15) / 16 * 16; c += W)
            for (int64_t r = 0; r < s->row.outputs; r++) {
                const float *from = x + n * s->x.batch + c / W * s->x.block;
                float *to = y + n * s->y.batch + c / W * s->y.block + r * s->y.row;
                const struct pool_taps row = pool_taps(&s->row, r);
                if (s->average || !pool_row_without_nan(s, from, to, row))
                    pool_row(s, from, to, row, NULL);
            }
}

/* All columns of so many rows of each channel make one output, the next ones the output below it; x points at the first of them. Columns
 * are added in four interleaved sums. */
struct pool_lines {
    struct view x, y;
    int64_t batch, channels, outputs, rows, columns;
    int average;
};

INLINE vf pool_lines_window(const struct pool_lines *s, const float *restrict x)
{
    vf a[4];
    for (int i = 0; i < 4; i++)
        a[i] = vector_of(s->average ? 0 : -__builtin_inff());
    for (int64_t r = 0; r < s->rows; r++)
        for (int64_t c = 0; c < s->columns; c += 4)
            for (int i = 0; i < 4; i++)
                if (c + i < s->columns) {
                    const vf value = *(const vf *)(x + r * s->x.row + (c + i) * s->x.column);
                    a[i] = pool_add(s->average, a[i], value);
                }
    if (s->average)
        return ((a[0] + a[1]) + (a[2] + a[3])) / (float)(s->rows * s->columns);
    return vector_max(vector_max(a[0], a[1]), vector_max(a[2], a[3]));
}

INLINE void pool_lines(const struct pool_lines *s, const float *restrict x, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < (s->channels + 15) / 16 * 16; c += W)
            for (int64_t r = 0; r < s->outputs; r++)
                *(vf *)(y + n * s->y.batch + c / W * s->y.block + r * s->y.row) =
                    pool_lines_window(s, x + n * s->x.batch + c / W * s->x.block + r * s->rows * s->x.row);
}

/* A piece of a plain tensor of N x C x axis[0] x axis[1] x axis[2]; strides in elements. */
struct pool_plain {
    int64_t batch, channels;
    int64_t x_batch, x_channel, x_axis[3], y_batch, y_channel, y_axis[3];
    struct pool_axis axis[3];
    int average, counts_padding;
    int power; /* of the norm; 0: maximum or average */
};

INLINE float pool_power(float x, int power)
{
    const float a = __builtin_fabsf(x);
    return power == 1 ? a : power == 2 ? a * a : float_pow(a, (float)power);
}

INLINE float pool_root(float x, int power)
{
    return power == 1 ? x : power == 2 ? __builtin_sqrtf(x) : float_pow(x, 1 / (float)power);
}

INLINE float pool_plain_window(const struct pool_plain *s, const float *restrict x, const struct pool_taps *taps)
{
    float result = s->average || s->power ? 0 : -__builtin_inff();
    int64_t inside = 1, padded = 1;
    for (int64_t i = taps[0].begin; i < taps[0].end; i++)
        for (int64_t j = taps[1].begin; j < taps[1].end; j++)
            for (int64_t k = taps[2].begin; k < taps[2].end; k++) {
                const float value = x[(taps[0].start + i * s->axis[0].dilation) * s->x_axis[0] +
                                      (taps[1].start + j * s->axis[1].dilation) * s->x_axis[1] +
                                      (taps[2].start + k * s->axis[2].dilation) * s->x_axis[2]];
                result = s->average ? result + value
                         : s->power ? result + pool_power(value, s->power)
                                    : scalar_max(result, value);
            }
    if (s->power)
        return pool_root(result, s->power);
    for (int i = 0; i < 3; i++) {
        inside *= taps[i].end - taps[i].begin;
        padded *= taps[i].padded;
    }
    const int64_t count = s->counts_padding ? padded : inside;
    return s->average ? result / (float)(count > 0 ? count : 1) : result;
}

INLINE void pool_plain(const struct pool_plain *s, const float *restrict x, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < s->channels; c++)
            for (int64_t i = 0; i < s->axis[0].outputs; i++)
                for (int64_t j = 0; j < s->axis[1].outputs; j++)
                    for (int64_t k = 0; k < s->axis[2].outputs; k++) {
                        const struct pool_taps taps[3] = {pool_taps(&s->axis[0], i), pool_taps(&s->axis[1], j),
                                                          pool_taps(&s->axis[2], k)};
                        y[n * s->y_batch + c * s->y_channel + i * s->y_axis[0] + j * s->y_axis[1] + k * s->y_axis[2]] =
                            pool_plain_window(s, x + n * s->x_batch + c * s->x_channel, taps);
                    }
}

#endif
