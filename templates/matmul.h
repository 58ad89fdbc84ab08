/* matmul.h -- product of two computed matrices: y[rows][columns] = scale a[rows][depth] b[depth][columns], then
 * + c_scale c, + residual, activation.
 *
 * All are plain with any strides; columns of y and residual are contiguous. Every sum runs over depth in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MATMUL_H
#define MEDNN_MATMUL_H

#include "activation.h"
#include "float_mode.h"
#include "tile.h"
#include "view.h"

struct matmul {
    int64_t rows, depth, columns; /* of the piece */
    int64_t a_row, a_depth, b_depth, b_column, y_row;
    float scale;
    int adds_c, adds_residual;
    int64_t c_row, c_column, residual_row;
    float c_scale;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

typedef void matmul_tile_function(const float *restrict a, const float *restrict b, float *restrict y);

/* Tiles of two vectors of columns, of one, and of a single column; wide, and one row less. */
struct matmul_tiles {
    matmul_tile_function *wide, *narrow, *thin_wide, *thin_narrow, *single_wide, *single_narrow;
};

INLINE void matmul_tile(const struct matmul *s, int rows, int vectors, const float *restrict a,
                        const float *restrict b, float *restrict y)
{
    CONTRACT
    vf sum[TILE_ACCUMULATORS];
    UNROLL for (int i = 0; i < rows * vectors; i++)
        sum[i] = (vf){0};
    UNROLL_4 for (int64_t d = 0; d < s->depth; d++) {
        vf k[TILE_VECTORS];
        UNROLL for (int o = 0; o < vectors; o++)
            k[o] = *(const vu *)(b + d * s->b_depth + o * W);
        UNROLL for (int r = 0; r < rows; r++) {
            const float value = a[r * s->a_row + d * s->a_depth];
            UNROLL for (int o = 0; o < vectors; o++)
                sum[r * vectors + o] += k[o] * value;
        }
        if (rows * vectors == 1)
            LONE_CHAIN(sum[0]);
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int o = 0; o < vectors; o++)
            *(vu *)(y + r * s->y_row + o * W) = sum[r * vectors + o] * s->scale;
}

INLINE void matmul_single(const struct matmul *s, int rows, const float *restrict a, const float *restrict b,
                          float *restrict y)
{
    float sum[TILE_ACCUMULATORS];
    UNROLL for (int r = 0; r < rows; r++)
        sum[r] = 0;
    for (int64_t d = 0; d < s->depth; d++) {
        const float k = b[d * s->b_depth];
        UNROLL for (int r = 0; r < rows; r++)
            sum[r] = multiply_add(k, a[r * s->a_row + d * s->a_depth], sum[r]);
    }
    UNROLL for (int r = 0; r < rows; r++)
        y[r * s->y_row] = sum[r] * s->scale;
}

INLINE int matmul_rows(const struct matmul *s, int narrow)
{
    return tile_at_least_one(tile_wide(s->rows, TILE_PIXELS) - narrow);
}

#define MATMUL_TILE(name, kind, narrow, vectors)                                                           \
    MICROKERNEL name##_##kind(const float *restrict a, const float *restrict b, float *restrict y)         \
    {                                                                                                      \
        matmul_tile(&name##_shape, matmul_rows(&name##_shape, narrow), vectors, a, b, y);                  \
    }

#define MATMUL_SINGLE(name, kind, narrow)                                                                  \
    MICROKERNEL name##_##kind(const float *restrict a, const float *restrict b, float *restrict y)         \
    {                                                                                                      \
        matmul_single(&name##_shape, matmul_rows(&name##_shape, narrow), a, b, y);                         \
    }

/* The micro-kernels of a layer whose shape is NAME_shape. */
#define MATMUL_TILES(name)                                                                                 \
    MATMUL_TILE(name, wide, 0, TILE_VECTORS)                                                               \
    MATMUL_TILE(name, narrow, 1, TILE_VECTORS)                                                             \
    MATMUL_TILE(name, thin_wide, 0, 1)                                                                     \
    MATMUL_TILE(name, thin_narrow, 1, 1)                                                                   \
    MATMUL_SINGLE(name, single_wide, 0)                                                                    \
    MATMUL_SINGLE(name, single_narrow, 1)                                                                  \
    static const struct matmul_tiles name##_tiles = {name##_wide,       name##_narrow,      name##_thin_wide, \
                                                     name##_thin_narrow, name##_single_wide, name##_single_narrow};

INLINE void matmul_down(const struct matmul *s, matmul_tile_function *wide, matmul_tile_function *narrow,
                        const float *a, const float *b, float *y)
{
    const int64_t tiles = tile_count(s->rows, TILE_PIXELS), tall = tile_wide_count(s->rows, TILE_PIXELS);
    int64_t row = 0;
    for (int64_t i = 0; i < tiles; i++) {
        (i < tall ? wide : narrow)(a + row * s->a_row, b, y + row * s->y_row);
        row += matmul_rows(s, i >= tall);
    }
}

INLINE void matmul_end(const struct matmul *s, const float *restrict c, const float *restrict residual,
                       float *restrict y)
{
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t column = 0; column < s->columns; column++) {
            float value = y[row * s->y_row + column];
            if (s->adds_c)
                value += c[row * s->c_row + column * s->c_column] * s->c_scale;
            if (s->adds_residual)
                value += residual[row * s->residual_row + column];
            y[row * s->y_row + column] = activate_one(value, s->activation, s->alpha, s->beta);
        }
}

/* The last vector of columns may overlap the one before it: it computes the same values again. */
INLINE void matmul(const struct matmul *s, const struct matmul_tiles *tiles, const float *restrict a,
                   const float *restrict b, const float *restrict c, const float *restrict residual, float *restrict y)
{
    int64_t column = 0;
    if (s->b_column == 1 && s->columns >= W) {
        for (; column + TILE_VECTORS * W <= s->columns; column += TILE_VECTORS * W)
            matmul_down(s, tiles->wide, tiles->narrow, a, b + column, y + column);
        for (; column < s->columns; column += W) {
            const int64_t at = column + W <= s->columns ? column : s->columns - W;
            matmul_down(s, tiles->thin_wide, tiles->thin_narrow, a, b + at, y + at);
        }
    }
    for (; column < s->columns; column++)
        matmul_down(s, tiles->single_wide, tiles->single_narrow, a, b + column * s->b_column, y + column);
    if (s->adds_c || s->adds_residual || s->activation != ACTIVATION_NONE)
        matmul_end(s, c, residual, y);
    if (s->finish)
        s->finish(y, s->rows, s->y_row, s->columns, s->alpha);
}

/* All of a layer whose shape is NAME_shape. */
#define MATMUL_LOOP(name)                                                                                  \
    static __attribute__((noinline)) void name##_loop(const float *restrict a, const float *restrict b, const float *restrict c, \
                                                      const float *restrict residual, float *restrict y)   \
    {                                                                                                      \
        matmul(&name##_shape, &name##_tiles, a, b, c, residual, y);                                        \
    }

#endif
