/* gemm.h -- rows times a constant matrix: y[rows][outputs] = x[rows][depth] * weights + bias.
 *
 * x, residual and y are plain, with any strides between rows. Weights: panels of `panel` outputs (the last one may be
 * 16 wide), each [depth][panel], zero beyond the last output; bias rounded up in the same way. One row is bound by
 * memory: it reads several panels far apart from each other at once. Every sum runs over depth in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GEMM_H
#define MEDNN_GEMM_H

#include "activation.h"
#include "float_mode.h"
#include "tile.h"
#include "view.h"

struct gemm {
    int64_t rows, depth, outputs; /* of the piece */
    int64_t panel;                /* 32, or 16 */
    int64_t x_row, x_depth, y_row, residual_row;
    int adds_residual;
    enum activation activation;
    float alpha, beta;
};

/* Of the tile's outputs the first `outputs` are stored. */
typedef void gemm_tile_function(int64_t outputs, const float *restrict x, const float *restrict w,
                                const float *restrict bias, const float *restrict residual, float *restrict y);

/* Many rows: tiles of rows, and those one smaller. One row: several panels, and one. Both for a half panel too. */
struct gemm_tiles {
    gemm_tile_function *wide, *narrow, *half_wide, *half_narrow;
};

/* How many panels one row reads at once. */
#if defined(__AVX512F__)
enum { GEMM_STREAMS = 4 };
#elif defined(__AVX2__) || defined(__aarch64__)
enum { GEMM_STREAMS = 2 };
#else
enum { GEMM_STREAMS = 1 };
#endif

INLINE int64_t gemm_panels(const struct gemm *s)
{
    return (s->outputs + 15) / 16 * 16 / s->panel;
}

/* Panels from the first of one stream to the first of the next. */
INLINE int64_t gemm_distance(const struct gemm *s)
{
    return gemm_panels(s) / GEMM_STREAMS;
}

/* The first `lanes` of a vector; none when that is not positive. */
INLINE vf gemm_load(const float *from, int64_t lanes)
{
    vf value = {0};
    if (lanes == W)
        return *(const vu *)from;
    if (lanes > 0)
        memcpy(&value, from, (size_t)lanes * sizeof(float));
    return value;
}

INLINE void gemm_store(float *to, vf value, int64_t lanes)
{
    if (lanes == W)
        *(vu *)to = value;
    else if (lanes > 0)
        memcpy(to, &value, (size_t)lanes * sizeof(float));
}

INLINE void gemm_tile(const struct gemm *s, int rows, int streams, int vectors, int panel, int64_t outputs,
                      const float *restrict x, const float *restrict w, const float *restrict bias,
                      const float *restrict residual, float *restrict y)
{
    CONTRACT
    const int64_t distance = streams > 1 ? gemm_distance(s) * panel : 0;
    const int each = streams * vectors;
    vf a[TILE_ACCUMULATORS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int i = 0; i < each; i++)
            a[r * each + i] = *(const vf *)(bias + i / vectors * distance + i % vectors * W);
    UNROLL_4 for (int64_t d = 0; d < s->depth; d++) {
        vf k[GEMM_STREAMS * 32 / W];
        UNROLL for (int i = 0; i < each; i++)
            k[i] = *(const vf *)(w + i / vectors * distance * s->depth + d * panel + i % vectors * W);
        UNROLL for (int r = 0; r < rows; r++) {
            const float value = x[r * s->x_row + d * s->x_depth];
            UNROLL for (int i = 0; i < each; i++)
                a[r * each + i] += k[i] * value;
        }
        if (rows * each == 1)
            LONE_CHAIN(a[0]);
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int i = 0; i < each; i++) {
            const int64_t output = i / vectors * distance + i % vectors * W;
            const int64_t lanes = outputs - output < W ? outputs - output : W;
            vf value = a[r * each + i];
            if (s->adds_residual)
                value += gemm_load(residual + r * s->residual_row + output, lanes);
            gemm_store(y + r * s->y_row + output, activate(value, s->activation, s->alpha, s->beta), lanes);
        }
}

/* One row takes whole panels; many rows two vectors of a panel at a time. */
INLINE int gemm_vectors(const struct gemm *s, int panel)
{
    return s->rows == 1 || panel / W < TILE_VECTORS ? panel / W : TILE_VECTORS;
}

INLINE int gemm_streams(const struct gemm *s, int narrow)
{
    return s->rows == 1 && !narrow && gemm_distance(s) > 0 ? GEMM_STREAMS : 1;
}

INLINE int gemm_rows(const struct gemm *s, int narrow)
{
    return tile_at_least_one(tile_wide(s->rows, TILE_PIXELS) - narrow);
}

#define GEMM_TILE(name, kind, narrow, streams, panel)                                                      \
    MICROKERNEL name##_##kind(int64_t outputs, const float *restrict x, const float *restrict w,           \
                              const float *restrict bias, const float *restrict residual, float *restrict y) \
    {                                                                                                      \
        gemm_tile(&name##_shape, gemm_rows(&name##_shape, narrow), streams,                                \
                  gemm_vectors(&name##_shape, panel), panel, outputs, x, w, bias, residual, y);            \
    }

/* The micro-kernels of a layer whose shape is NAME_shape. */
#define GEMM_TILES(name)                                                                                   \
    GEMM_TILE(name, wide, 0, gemm_streams(&name##_shape, 0), (int)name##_shape.panel)                      \
    GEMM_TILE(name, narrow, 1, 1, (int)name##_shape.panel)                                                 \
    GEMM_TILE(name, half_wide, 0, 1, 16)                                                                   \
    GEMM_TILE(name, half_narrow, 1, 1, 16)                                                                 \
    static const struct gemm_tiles name##_tiles = {name##_wide, name##_narrow, name##_half_wide,           \
                                                   name##_half_narrow};

/* The rows of the piece for the outputs of one tile. */
INLINE void gemm_column(const struct gemm *s, gemm_tile_function *wide, gemm_tile_function *narrow, int64_t output,
                        const float *x, const float *w, const float *bias, const float *residual, float *y)
{
    const int64_t tiles = tile_count(s->rows, TILE_PIXELS), tall = tile_wide_count(s->rows, TILE_PIXELS);
    int64_t row = 0;
    for (int64_t i = 0; i < tiles; i++) {
        (i < tall ? wide : narrow)(s->outputs - output, x + row * s->x_row, w, bias + output,
                                   s->adds_residual ? residual + row * s->residual_row + output : residual,
                                   y + row * s->y_row + output);
        row += gemm_rows(s, i >= tall);
    }
}

INLINE void gemm(const struct gemm *s, const struct gemm_tiles *tiles, const float *restrict x,
                 const float *restrict weights, const float *restrict bias, const float *restrict residual,
                 float *restrict y)
{
    const int64_t outputs = (s->outputs + 15) / 16 * 16, panels = gemm_panels(s);
    const int64_t distance = s->rows == 1 ? gemm_distance(s) : 0;
    for (int64_t i = 0; i < distance; i++)
        gemm_column(s, tiles->wide, tiles->wide, i * s->panel, x, weights + i * s->panel * s->depth, bias, residual,
                    y);
    for (int64_t i = GEMM_STREAMS * distance; i < panels; i++) {
        const int64_t width = (int64_t)gemm_vectors(s, (int)s->panel) * W;
        for (int64_t part = 0; part < s->panel; part += width)
            gemm_column(s, s->rows == 1 ? tiles->narrow : tiles->wide, tiles->narrow, i * s->panel + part, x,
                        weights + i * s->panel * s->depth + part, bias, residual, y);
    }
    const int64_t first = panels * s->panel, width = (int64_t)gemm_vectors(s, 16) * W;
    for (int64_t part = first; part < outputs; part += width)
        gemm_column(s, tiles->half_wide, tiles->half_narrow, part, x, weights + first * s->depth + (part - first),
                    bias, residual, y);
}

#endif
