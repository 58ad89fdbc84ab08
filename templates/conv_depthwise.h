/* conv_depthwise.h -- convolution with one input channel per output channel, blocked.
 *
 * The input is read through a border of zeros. Weights: [C / 16][kernel_rows][kernel_columns][16], bias: C rounded up
 * to 16. Each output element is bias + products in the order of kernel rows, then columns. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_DEPTHWISE_H
#define MEDNN_CONV_DEPTHWISE_H

#include "activation.h"
#include "float_mode.h"
#include "tile.h"
#include "view.h"

struct conv_depthwise {
    struct view x, y, residual;
    int64_t batch, channels; /* of the piece */
    int64_t rows, columns;   /* of the piece */
    int64_t kernel_rows, kernel_columns, stride_rows, stride_columns, dilation_rows, dilation_columns;
    int adds_residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

/* `count` tiles side by side. */
typedef void conv_depthwise_tile_function(int64_t count, const float *restrict x, const float *restrict w,
                                          const float *restrict bias, const float *restrict residual,
                                          float *restrict y);

/* Tiles of two rows where that pays, and of one row; wide, and one column less. */
struct conv_depthwise_tiles {
    conv_depthwise_tile_function *wide, *narrow, *flat_wide, *flat_narrow;
};

enum { DEPTHWISE_TAPS = 9, DEPTHWISE_PIXELS = 16 };

/* Small kernels keep their weights in registers and use a loaded input vector in every output that it reaches. */
INLINE int conv_depthwise_is_small(const struct conv_depthwise *s)
{
    return s->kernel_rows * s->kernel_columns <= DEPTHWISE_TAPS && s->kernel_rows <= 3 && s->kernel_columns <= 5 &&
           s->dilation_rows == 1 && s->dilation_columns == 1;
}

INLINE int conv_depthwise_rows(const struct conv_depthwise *s)
{
    return conv_depthwise_is_small(s) && s->stride_rows == 1 && s->rows > 1 ? 2 : 1;
}

INLINE int64_t conv_depthwise_most(const struct conv_depthwise *s)
{
    if (conv_depthwise_rows(s) == 2)
        return s->columns <= 7 && W == 16 ? 7 : 4;
    return conv_depthwise_is_small(s) ? 7 : 8;
}

INLINE int conv_depthwise_columns(const struct conv_depthwise *s, int narrow)
{
    return tile_at_least_one(tile_wide(s->columns, conv_depthwise_most(s)) - narrow);
}

/* Adds the window of a tile: input vectors outermost. The order of additions of one output is that of the kernel. */
INLINE void conv_depthwise_small(const struct conv_depthwise *s, int rows, int columns, const float *restrict x,
                                 const vf *restrict k, vf *restrict a)
{
    CONTRACT
    const int kernel_rows = (int)s->kernel_rows, kernel_columns = (int)s->kernel_columns;
    const int stride_rows = (int)s->stride_rows, stride_columns = (int)s->stride_columns;
    UNROLL for (int i = 0; i < (rows - 1) * stride_rows + kernel_rows; i++)
        UNROLL for (int j = 0; j < (columns - 1) * stride_columns + kernel_columns; j++) {
            const vf value = *(const vf *)(x + i * s->x.row + j * s->x.column);
            UNROLL for (int r = 0; r < rows; r++)
                UNROLL for (int c = 0; c < columns; c++) {
                    const int tap_row = i - r * stride_rows, tap_column = j - c * stride_columns;
                    if (tap_row >= 0 && tap_row < kernel_rows && tap_column >= 0 && tap_column < kernel_columns) {
                        a[r * columns + c] += k[tap_row * kernel_columns + tap_column] * value;
                        LONE_CHAIN(a[r * columns + c]);
                    }
                }
        }
}

INLINE void conv_depthwise_large(const struct conv_depthwise *s, int columns, const float *restrict x,
                                 const float *restrict w, vf *restrict a)
{
    CONTRACT
    for (int64_t i = 0; i < s->kernel_rows; i++)
        for (int64_t j = 0; j < s->kernel_columns; j++, w += 16) {
            const float *tap = x + i * s->dilation_rows * s->x.row + j * s->dilation_columns * s->x.column;
            const vf k = *(const vf *)w;
            UNROLL for (int c = 0; c < columns; c++)
                a[c] += k * *(const vf *)(tap + c * s->stride_columns * s->x.column);
            if (columns == 1)
                LONE_CHAIN(a[0]);
        }
}

INLINE void conv_depthwise_tile(const struct conv_depthwise *s, int rows, int columns, int64_t count,
                                const float *restrict x, const float *restrict w, const float *restrict bias,
                                const float *restrict residual, float *restrict y)
{
    const int small = conv_depthwise_is_small(s);
    vf k[DEPTHWISE_TAPS];
    if (small)
        UNROLL for (int tap = 0; tap < (int)(s->kernel_rows * s->kernel_columns); tap++)
            k[tap] = *(const vf *)(w + tap * 16);
    const vf start = *(const vf *)bias;
    const float alpha = activation_low(s->activation, s->alpha), beta = activation_high(s->activation, s->beta);
    float *first = y;
    for (int64_t i = 0; i < count; i++) {
        vf a[DEPTHWISE_PIXELS];
        UNROLL for (int t = 0; t < rows * columns; t++)
            a[t] = start;
        if (small)
            conv_depthwise_small(s, rows, columns, x, k, a);
        else
            conv_depthwise_large(s, columns, x, w, a);
        UNROLL for (int t = 0; t < rows * columns; t++) {
            if (s->adds_residual)
                a[t] += *(const vf *)(residual + t / columns * s->residual.row + t % columns * s->residual.column);
            *(vf *)(y + t / columns * s->y.row + t % columns * s->y.column) =
                activate(a[t], s->activation, alpha, beta);
        }
        x += columns * s->stride_columns * s->x.column;
        y += columns * s->y.column;
        if (s->adds_residual)
            residual += columns * s->residual.column;
    }
    if (s->finish)
        s->finish(first, rows, s->y.row, count * columns * W, s->alpha);
}

#define CONV_DEPTHWISE_TILE(name, kind, rows, narrow)                                                      \
    MICROKERNEL name##_##kind(int64_t count, const float *restrict x, const float *restrict w,             \
                              const float *restrict bias, const float *restrict residual, float *restrict y) \
    {                                                                                                      \
        conv_depthwise_tile(&name##_shape, rows, conv_depthwise_columns(&name##_shape, narrow), count, x, w, \
                            bias, residual, y);                                                            \
    }

/* The micro-kernels of a layer whose shape is NAME_shape. */
#define CONV_DEPTHWISE_TILES(name)                                                                         \
    CONV_DEPTHWISE_TILE(name, wide, conv_depthwise_rows(&name##_shape), 0)                                 \
    CONV_DEPTHWISE_TILE(name, narrow, conv_depthwise_rows(&name##_shape), 1)                               \
    CONV_DEPTHWISE_TILE(name, flat_wide, 1, 0)                                                             \
    CONV_DEPTHWISE_TILE(name, flat_narrow, 1, 1)                                                           \
    static const struct conv_depthwise_tiles name##_tiles = {name##_wide, name##_narrow, name##_flat_wide, \
                                                             name##_flat_narrow};

INLINE void conv_depthwise(const struct conv_depthwise *s, const struct conv_depthwise_tiles *tiles,
                           const float *restrict x, const float *restrict weights, const float *restrict bias,
                           const float *restrict residual, float *restrict y)
{
    const int64_t taps = s->kernel_rows * s->kernel_columns, most = conv_depthwise_most(s);
    const int64_t wide = tile_wide_count(s->columns, most), narrow = tile_count(s->columns, most) - wide;
    const int64_t column = wide * conv_depthwise_columns(s, 0);
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < (s->channels + 15) / 16 * 16; c += W) {
            const float *w = weights + c / 16 * taps * 16 + c % 16;
            const float *xc = x + n * s->x.batch + c / W * s->x.block;
            float *yc = y + n * s->y.batch + c / W * s->y.block;
            for (int64_t row = 0; row < s->rows;) {
                const int tall = conv_depthwise_rows(s) == 2 && row + 1 < s->rows;
                const float *xr = xc + row * s->stride_rows * s->x.row;
                const float *r = s->adds_residual ? residual + n * s->residual.batch + c / W * s->residual.block +
                                                        row * s->residual.row
                                                  : residual;
                (tall ? tiles->wide : tiles->flat_wide)(wide, xr, w, bias + c, r, yc + row * s->y.row);
                if (narrow > 0)
                    (tall ? tiles->narrow : tiles->flat_narrow)(
                        narrow, xr + column * s->stride_columns * s->x.column, w, bias + c,
                        s->adds_residual ? r + column * s->residual.column : r,
                        yc + row * s->y.row + column * s->y.column);
                row += tall ? 2 : 1;
            }
        }
}

#endif
