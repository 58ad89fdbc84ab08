/* gemm.h -- rows times a constant matrix: y[rows][outputs] = x[rows][depth] * weights + bias.
 *
 * x, residual and y are plain, with any strides between rows. Weights: panels of `panel` outputs (the last
 * one may be 16 wide), each [depth][panel], zero beyond the last output; bias rounded up in the same way. One
 * row is bound by memory: it reads several panels far apart from each other at once. Many rows are copied
 * first, tile by tile, so that a tile reads one stream whatever the stride between rows: rows a multiple of a
 * page apart crowd each other out of the cache. Of a large depth they are copied a chunk at a time, as much as
 * stays near while all panels go by, and sums wait in y meanwhile. Every sum runs over depth in order. */
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
    int64_t scratch; /* floats of it, at least for one tile of rows; 0: rows are read where they are */
    int64_t chunk;   /* depths that are copied together, whole sixteens or all; with scratch only */
    int adds_residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

/* A copied tile of rows: [depth / 16][GEMM_PACK][16], or, where they are multiplied by lane, [depth][GEMM_PACK] with
 * whole vectors. Floats from one depth of 16 to the next, and from one row to the next. */
enum { GEMM_PACK = TILE_BY_LANE ? (TILE_PIXELS + W - 1) / W * W : TILE_PIXELS };
enum { GEMM_DEPTH_STEP = TILE_BY_LANE ? GEMM_PACK : 1, GEMM_ROW_STEP = TILE_BY_LANE ? 1 : 16 };

/* Depths [begin, end) of all, or of those at hand. */
struct gemm_chunk {
    int64_t begin, end;
};

INLINE int gemm_in_chunks(const struct gemm *s)
{
    return s->scratch && s->chunk < s->depth;
}

/* Floats of a copied tile. */
INLINE int64_t gemm_tile_floats(const struct gemm *s)
{
    return (s->chunk + 15) / 16 * 16 * GEMM_PACK;
}

/* Lines of the next panel's weights that a tile fetches from far memory with every 16 depths: all tiles
 * together fetch the panel. */
INLINE int gemm_next_lines(const struct gemm *s)
{
    return (int)tile_count(s->panel, tile_count(s->rows, TILE_PIXELS));
}

/* Depths between what a tile uses and what is being fetched into the nearest cache; floats of each stream that one row
 * fetches ahead from far memory. */
enum { GEMM_AHEAD = 16, GEMM_STREAM_AHEAD = 128 };

/* Of the tile's outputs the first `outputs` are stored; a chunk that does not begin the depth begins with what was stored. */
typedef void gemm_tile_function(int64_t outputs, struct gemm_chunk chunk, const float *restrict x, const float *restrict w,
                                const float *next, const float *restrict bias, const float *restrict residual,
                                float *restrict y);

/* Many rows: tiles of rows, and those one smaller. One row: several panels, and one. Both for the half panel at
 * the end, if any, too. */
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

/* The rows' elements of one depth times `each` vectors of weights, added to a tile. */
INLINE void gemm_add(const struct gemm *s, int rows, int each, const vf *restrict k, const float *restrict x,
                     vf *restrict a)
{
    CONTRACT
    if (TILE_BY_LANE && s->scratch) {
        vf v[GEMM_PACK / W];
        UNROLL for (int i = 0; i < (rows + W - 1) / W; i++) v[i] = *(const vf *)(x + i * W);
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < each; i++) a[r * each + i] +=
            k[i] * v[r / W][r % W];
        return;
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        const float value = x[r * (s->scratch ? GEMM_ROW_STEP : s->x_row)];
        UNROLL for (int i = 0; i < each; i++) a[r * each + i] += k[i] * value;
    }
}

/* One depth of a tile: its weights are at `w` and, of further streams, each `distance` floats on. */
INLINE void gemm_depth(const struct gemm *s, int rows, int vectors, int each, int panel, int64_t distance,
                       const float *restrict x, const float *restrict w, vf *restrict a)
{
    vf k[GEMM_STREAMS * 32 / W];
    if (s->scratch) {
        UNROLL for (int i = 0; i < vectors; i++) if (i * W % 16 == 0) /* once per line of the cache */
            __builtin_prefetch(w + GEMM_AHEAD * panel + i * W);
        if (TILE_BY_LANE)
            __builtin_prefetch(x + GEMM_AHEAD * GEMM_PACK);
    } else if (s->rows == 1) {
        UNROLL for (int i = 0; i < each; i++) if (i % vectors * W % 16 == 0)
            __builtin_prefetch(w + i / vectors * distance + i % vectors * W + GEMM_STREAM_AHEAD, 0, 2);
    }
    UNROLL for (int i = 0; i < each; i++) k[i] = *(const vf *)(w + i / vectors * distance + i % vectors * W);
    gemm_add(s, rows, each, k, x, a);
    if (rows * each == 1)
        LONE_CHAIN(a[0]);
}

/* Sums of a chunk, to or from y. */
INLINE void gemm_hold(const struct gemm *s, int rows, int vectors, int64_t outputs, float *restrict y,
                      const vf *restrict a)
{
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < vectors; i++)
        gemm_store(y + r * s->y_row + i * W, a[r * vectors + i], outputs - i * W < W ? outputs - i * W : W);
}

INLINE void gemm_take(const struct gemm *s, int rows, int vectors, int64_t outputs, const float *restrict y,
                      vf *restrict a)
{
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < vectors; i++) a[r * vectors + i] =
        gemm_load(y + r * s->y_row + i * W, outputs - i * W < W ? outputs - i * W : W);
}

/* x, w and next at the first depth of the chunk. */
INLINE void gemm_tile(const struct gemm *s, int rows, int streams, int vectors, int panel, int64_t outputs,
                      struct gemm_chunk chunk, const float *restrict x, const float *restrict w, const float *next,
                      const float *restrict bias, const float *restrict residual, float *restrict y)
{
    const int64_t distance = streams > 1 ? gemm_distance(s) * panel : 0;
    const int64_t step = s->scratch ? GEMM_DEPTH_STEP : s->x_depth;
    const int64_t depth = gemm_in_chunks(s) ? chunk.end - chunk.begin : s->depth;
    const int each = streams * vectors;
    vf a[TILE_ACCUMULATORS];
    if (gemm_in_chunks(s) && chunk.begin)
        gemm_take(s, rows, vectors, outputs, y, a);
    else
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < each; i++) a[r * each + i] =
            *(const vf *)(bias + i / vectors * distance + i % vectors * W);
    for (int64_t first = 0; first < depth; first += 16) {
        if (s->scratch)
            for (int i = 0; i < gemm_next_lines(s); i++, next += 16)
                __builtin_prefetch(next, 0, 2);
        const int64_t count = first + 16 < depth ? 16 : depth - first;
        const float *block = x + first * (s->scratch ? GEMM_PACK : s->x_depth);
        UNROLL_4 for (int64_t d = 0; d < count; d++)
            gemm_depth(s, rows, vectors, each, panel, distance * s->depth, block + d * step, w + (first + d) * panel, a);
    }
    if (gemm_in_chunks(s) && chunk.end < s->depth) {
        gemm_hold(s, rows, vectors, outputs, y, a);
        return;
    }
    const float alpha = activation_low(s->activation, s->alpha), beta = activation_high(s->activation, s->beta);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < each; i++)
    {
        const int64_t output = i / vectors * distance + i % vectors * W;
        const int64_t lanes = outputs - output < W ? outputs - output : W;
        vf value = a[r * each + i];
        if (s->adds_residual)
            value += gemm_load(residual + r * s->residual_row + output, lanes);
        gemm_store(y + r * s->y_row + output, activate(value, s->activation, alpha, beta), lanes);
    }
    for (int64_t first = 0, width = vectors * W; s->finish && first < outputs && first <= (streams - 1) * distance;
         first += distance ? distance : width)
        s->finish(y + first, rows, s->y_row, outputs - first < width ? outputs - first : width, s->alpha);
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

#define GEMM_TILE(name, kind, narrow, streams, panel)                                                        \
    MICROKERNEL name##_##kind(int64_t outputs, struct gemm_chunk chunk, const float *restrict x,             \
                              const float *restrict w, const float *next, const float *restrict bias,        \
                              const float *restrict residual, float *restrict y)                             \
    {                                                                                                        \
        gemm_tile(&name##_shape, gemm_rows(&name##_shape, narrow), streams,                                  \
                  gemm_vectors(&name##_shape, panel), panel, outputs, chunk, x, w, next, bias, residual, y); \
    }

/* The micro-kernels of a layer whose shape is NAME_shape; panels: WHOLE_PANELS or HALF_PANEL. */
#define GEMM_TILES(name, panels)                                                                             \
    GEMM_TILE(name, wide, 0, gemm_streams(&name##_shape, 0), (int)name##_shape.panel)                        \
    GEMM_TILE(name, narrow, 1, 1, (int)name##_shape.panel)                                                   \
    TILE_IF_HALF_##panels(GEMM_TILE(name, half_wide, 0, 1, 16) GEMM_TILE(name, half_narrow, 1, 1, 16))       \
    static const struct gemm_tiles name##_tiles = {name##_wide, name##_narrow,                               \
                                                   TILE_HALF_OR_NULL_##panels(name##_half_wide),             \
                                                   TILE_HALF_OR_NULL_##panels(name##_half_narrow)};

/* Rows as tiles of TILE_PIXELS, or one less: from tile `tile` on. */
INLINE int64_t gemm_first_row(const struct gemm *s, int64_t tile)
{
    const int64_t tall = tile_wide_count(s->rows, TILE_PIXELS);
    return tile * gemm_rows(s, 0) - (tile > tall ? tile - tall : 0);
}

/* Up to 16 depths of a row. */
INLINE void gemm_pack_line(const struct gemm *s, int64_t count, const float *restrict x, float *restrict packed)
{
    if (count == 16 && s->x_depth == 1 && GEMM_DEPTH_STEP == 1)
        memcpy(packed, x, 16 * sizeof *x);
    else
        for (int64_t d = 0; d < count; d++)
            packed[d * GEMM_DEPTH_STEP] = x[d * s->x_depth];
}

/* A chunk of tiles [begin, end), line by line of the cache whatever the stride between rows. */
INLINE void gemm_pack(const struct gemm *s, int64_t begin, int64_t end, struct gemm_chunk chunk, const float *restrict x,
                      float *restrict packed)
{
    const int64_t depth = chunk.end - chunk.begin;
    x += chunk.begin * s->x_depth;
    for (int64_t tile = begin; tile < end; tile++, packed += gemm_tile_floats(s)) {
        const int64_t row = gemm_first_row(s, tile), rows = gemm_first_row(s, tile + 1) - row;
        for (int64_t first = 0; first < depth; first += 16)
            for (int64_t r = 0; r < rows; r++)
                gemm_pack_line(s, first + 16 < depth ? 16 : depth - first, x + (row + r) * s->x_row + first * s->x_depth,
                               packed + first * GEMM_PACK + r * GEMM_ROW_STEP);
    }
}

/* What all tiles of a layer read and write. */
struct gemm_data {
    const float *x, *weights, *bias, *residual;
    float *y, *packed;
};

/* Tiles [begin, end) of rows for the outputs of one tile, whose panel of so many begins at `w`. */
INLINE void gemm_column(const struct gemm *s, gemm_tile_function *wide, gemm_tile_function *narrow, int64_t panel,
                        int64_t begin, int64_t end, struct gemm_chunk chunk, int64_t output, const float *w,
                        const struct gemm_data *data)
{
    const int64_t depth = chunk.end - chunk.begin;
    const int64_t tall = tile_wide_count(s->rows, TILE_PIXELS), total = (s->outputs + 15) / 16 * 16 * s->depth;
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t row = gemm_first_row(s, tile);
        const int64_t next =
            w - data->weights + s->panel * (s->depth + chunk.begin) + tile * gemm_next_lines(s) * depth;
        (tile < tall ? wide : narrow)(
            s->outputs - output, chunk,
            s->scratch ? data->packed + (tile - begin) * gemm_tile_floats(s) : data->x + row * s->x_row,
            w + chunk.begin * panel,
            next < total ? data->weights + next : w, data->bias + output,
            s->adds_residual ? data->residual + row * s->residual_row + output : data->residual,
            data->y + row * s->y_row + output);
    }
}

/* A chunk of tiles [begin, end) of rows for all outputs. */
INLINE void gemm_block(const struct gemm *s, const struct gemm_tiles *tiles, int64_t begin, int64_t end,
                       struct gemm_chunk chunk, const struct gemm_data *data)
{
    const int64_t outputs = (s->outputs + 15) / 16 * 16, panels = gemm_panels(s);
    const int64_t distance = s->rows == 1 ? gemm_distance(s) : 0;
    for (int64_t i = 0; i < distance; i++)
        gemm_column(s, tiles->wide, tiles->wide, s->panel, begin, end, chunk, i * s->panel,
                    data->weights + i * s->panel * s->depth, data);
    for (int64_t i = GEMM_STREAMS * distance; i < panels; i++) {
        const int64_t width = (int64_t)gemm_vectors(s, (int)s->panel) * W;
        for (int64_t part = 0; part < s->panel; part += width)
            gemm_column(s, s->rows == 1 ? tiles->narrow : tiles->wide, tiles->narrow, s->panel, begin, end, chunk,
                        i * s->panel + part, data->weights + i * s->panel * s->depth + part, data);
    }
    const int64_t first = panels * s->panel, width = (int64_t)gemm_vectors(s, 16) * W;
    for (int64_t part = first; part < outputs; part += width)
        gemm_column(s, tiles->half_wide, tiles->half_narrow, 16, begin, end, chunk, part,
                    data->weights + first * s->depth + (part - first), data);
}

/* scratch: aligned to a vector. As many tiles as fit are copied together. */
INLINE void gemm(const struct gemm *s, const struct gemm_tiles *tiles, const float *restrict x,
                 const float *restrict weights, const float *restrict bias, const float *restrict residual,
                 float *restrict y, float *restrict scratch)
{
    const struct gemm_data data = {x, weights, bias, residual, y, scratch};
    const int64_t count = tile_count(s->rows, TILE_PIXELS);
    const int64_t step = s->scratch ? s->scratch / gemm_tile_floats(s) : count;
    const int64_t each = s->scratch ? s->chunk : s->depth;
    for (int64_t begin = 0; begin < count; begin += step) {
        const int64_t end = begin + step < count ? begin + step : count;
        for (int64_t first = 0; first < s->depth; first += each) {
            const struct gemm_chunk chunk = {first, first + each < s->depth ? first + each : s->depth};
            if (s->scratch)
                gemm_pack(s, begin, end, chunk, x, scratch);
            gemm_block(s, tiles, begin, end, chunk, &data);
        }
    }
}

/* All of a layer whose shape is NAME_shape. */
#define GEMM_LOOP(name)                                                                                      \
    static __attribute__((noinline)) void name##_loop(const float *restrict x, const float *restrict weights, \
                                                      const float *restrict bias, const float *restrict residual, \
                                                      float *restrict y, float *restrict scratch)            \
    {                                                                                                        \
        gemm(&name##_shape, &name##_tiles, x, weights, bias, residual, y, scratch);                          \
    }

#endif
