/* conv_direct.h -- convolution of one group by register tiles, without any copy of the input.
 *
 * The input is blocked, or plain with fewer than 16 channels; it is read through a border of zeros wherever the
 * kernel reaches beyond it. The output is blocked. Weights: panels of `panel` outputs (the last one may be 16 wide),
 * each [channels / 16][kernel_rows][kernel_columns][16][panel]; the last block of channels holds only what there is.
 * Each output element is bias + products in exactly this order, whatever the tile and the vector width. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_DIRECT_H
#define MEDNN_CONV_DIRECT_H

#include "activation.h"
#include "conv_direct_cut.h"
#include "float_mode.h"
#include "tile.h"
#include "view.h"

/* Floats between the weights in use and those being fetched: on maps of few pixels weights come from far memory, and
 * hardware fetches ahead within a page only. */
enum { CONV_DIRECT_AHEAD = 512 };

/* What a tile adds: blocks [begin, end) of 16 channels. Where these are not all, `sums` holds what the tile has so far. Of tiles that
 * run on from row to row: the column of the first pixel. */
struct conv_direct_chunk {
    int64_t begin, end;
    float *sums;
    int64_t column;
};

/* A pointer, which most layers' tiles do not follow: a structure of this size would be copied for every tile, by loads that wait for
 * the stores of all elements before. */
typedef void conv_direct_tile_function(const struct conv_direct_chunk *chunk, const float *restrict x, const float *restrict w,
                                       uintptr_t next, const float *restrict bias, const float *restrict residual,
                                       float *restrict y);

/* Instances for one layer: whole panels, and the half panel at the end, if any; wide tiles, and those one smaller. */
struct conv_direct_tiles {
    conv_direct_tile_function *wide, *narrow, *half_wide, *half_narrow;
};

/* How weights come out of what lies in memory `step` floats apart, where mix is not NULL: (w[0] + outer * w[2]) + inner * w[1]. */
struct conv_direct_mix {
    int64_t step;
    float outer, inner;
};

INLINE vf conv_direct_weight(const struct conv_direct_mix *mix, const float *restrict w)
{
    CONTRACT
    const vf first = *(const vf *)w;
    if (!mix)
        return first;
    return (first + mix->outer * *(const vf *)(w + 2 * mix->step)) + mix->inner * *(const vf *)(w + mix->step);
}

/* One channel at one position of the kernel, added to a tile. */
INLINE void conv_direct_channel(const struct conv_direct *s, const struct conv_direct_mix *mix, int vectors, int columns,
                                int pixels, const float *restrict x, const float *restrict w, vf *restrict a)
{
    CONTRACT
    const int64_t row = s->stride_rows * s->x.row, column = s->stride_columns * s->x.column;
    vf k[TILE_VECTORS];
    UNROLL for (int o = 0; o < vectors; o++)
        if (!s->next_lines && o * W % 16 == 0) /* once per line of the cache */
            __builtin_prefetch(w + o * W + CONV_DIRECT_AHEAD);
    UNROLL for (int o = 0; o < vectors; o++)
        k[o] = conv_direct_weight(mix, w + o * W);
    UNROLL for (int t = 0; t < pixels; t++) {
        const float value = x[t / columns * row + t % columns * column];
        UNROLL for (int o = 0; o < vectors; o++)
            a[t * vectors + o] += k[o] * value;
    }
    if (pixels * vectors == 1)
        LONE_CHAIN(a[0]);
}

/* The same for a vector of channels, where the target multiplies by lanes. */
INLINE void conv_direct_by_lane(const struct conv_direct *s, const struct conv_direct_fetch *fetch, const struct conv_direct_mix *mix,
                                int vectors, int columns, int pixels, int lanes, int panel, int first, const float *restrict x,
                                const float *restrict w, uintptr_t next, vf *restrict a)
{
    CONTRACT
    const int64_t row = s->stride_rows * s->x.row, column = s->stride_columns * s->x.column;
    vf v[TILE_ACCUMULATORS];
    UNROLL for (int t = 0; t < pixels; t++)
        v[t] = *(const vf *)(x + t / columns * row + t % columns * column);
    UNROLL for (int lane = 0; lane < W; lane++)
        if (lane < lanes) {
            conv_direct_fetch_many(fetch, first + lane, next);
            vf k[TILE_VECTORS];
            UNROLL for (int o = 0; o < vectors; o++)
                k[o] = conv_direct_weight(mix, w + lane * panel + o * W);
            UNROLL for (int t = 0; t < pixels; t++)
                UNROLL for (int o = 0; o < vectors; o++)
                    a[t * vectors + o] += k[o] * v[t][lane];
        }
    if (pixels * vectors == 1)
        LONE_CHAIN(a[0]);
}

/* One block of channels at one position of the kernel, added to a tile: `lanes` channels of one vector of lanes, the first of
 * which is number `first` of its 16. The weights of two channels are `panel` floats apart. */
INLINE void conv_direct_lanes(const struct conv_direct *s, const struct conv_direct_fetch *fetch, const struct conv_direct_mix *mix,
                              int vectors, int columns, int pixels, int lanes, int panel, int first, const float *restrict x,
                              const float *restrict w, uintptr_t next, vf *restrict a)
{
    if (TILE_BY_LANE && s->x.column == W) {
        conv_direct_by_lane(s, fetch, mix, vectors, columns, pixels, lanes, panel, first, x, w, next, a);
        return;
    }
    for (int begin = 0; begin < lanes; begin += fetch->channels) {
        const int end = begin + fetch->channels < lanes ? begin + fetch->channels : lanes;
        conv_direct_fetch_many(fetch, first + begin, next);
        UNROLL_4 for (int lane = begin; lane < end; lane++)
            conv_direct_channel(s, mix, vectors, columns, pixels, x + lane * s->x.lane, w + lane * panel, a);
    }
}

/* All positions of the kernel for one block of at most 16 channels; returns the weights that follow. Lines of the cache
 * from `next` on are fetched from far memory. */
INLINE const float *conv_direct_block(const struct conv_direct *s, const struct conv_direct_fetch *fetch, int vectors, int columns,
                                      int pixels, int channels, int panel, const float *restrict x, const float *restrict w,
                                      uintptr_t next, vf *restrict a)
{
    for (int64_t i = 0; i < s->kernel_rows; i++)
        for (int64_t j = 0; j < s->kernel_columns; j++, next += fetch->share) {
            conv_direct_fetch_few(fetch, next);
            const float *tap = x + i * s->dilation_rows * s->x.row + j * s->dilation_columns * s->x.column;
            for (int block = 0; block < channels / W; block++, tap += s->x.block, w += W * panel)
                conv_direct_lanes(s, fetch, NULL, vectors, columns, pixels, W, panel, block * W, tap, w, next, a);
            if (channels % W) {
                conv_direct_lanes(s, fetch, NULL, vectors, columns, pixels, channels % W, panel, channels / W * W, tap, w, next,
                                  a);
                w += channels % W * panel;
            }
        }
    return w;
}

INLINE vf *conv_direct_sum(const struct conv_direct_chunk *chunk, int number)
{
    return (vf *)(void *)(chunk->sums + number * W);
}

/* What sums start with. */
INLINE void conv_direct_begin(const struct conv_direct *s, const struct conv_direct_cut *cut, const struct conv_direct_chunk *chunk,
                              int vectors, int pixels, const float *restrict bias, vf *restrict a)
{
    if (cut->chunk < cut->blocks && chunk->begin) {
        UNROLL for (int t = 0; t < pixels * vectors; t++)
            a[t] = *conv_direct_sum(chunk, t);
        return;
    }
    UNROLL for (int t = 0; t < pixels; t++)
        UNROLL for (int o = 0; o < vectors; o++)
            a[t * vectors + o] = s->without_bias ? (vf){0} : *(const vf *)(bias + o * W);
}

INLINE void conv_direct_store(const struct conv_direct *s, int vectors, float alpha, float beta,
                              const float *restrict residual, float *restrict y, const vf *restrict a)
{
    UNROLL for (int o = 0; o < vectors; o++) {
        vf value = a[o];
        if (s->adds_residual)
            value += *(const vf *)(residual + o * s->residual.block);
        *(vf *)(y + o * s->y.block) = activate(value, s->activation, alpha, beta);
    }
}

/* The smooth activation of a tile, a vector of outputs at a time; `column` as in conv_direct_end(). */
INLINE void conv_direct_finish(const struct conv_direct *s, int runs_on, int vectors, int columns, int pixels, int64_t column,
                               float *y)
{
    for (int o = 0; o < vectors; o++, y += s->y.block) {
        if (!runs_on) {
            s->finish(y, pixels / columns, s->y.row, columns * W, s->alpha);
            continue;
        }
        float *line = y - column * s->y.column;
        for (int64_t at = column, end = column + pixels; at < end; line += s->y.row, at = 0, end -= s->columns)
            s->finish(line + at * s->y.column, 1, 0, ((end < s->columns ? end : s->columns) - at) * W, s->alpha);
    }
}

INLINE void conv_direct_end(const struct conv_direct *s, int runs_on, int vectors, int columns, int pixels, int64_t column,
                            const float *restrict residual, float *restrict y, const vf *restrict a)
{
    const float alpha = activation_low(s->activation, s->alpha), beta = activation_high(s->activation, s->beta);
    if (runs_on) {
        UNROLL for (int t = 0; t < pixels; t++) {
            const int64_t line = (column + t) / s->columns, from = (column + t) % s->columns - column;
            conv_direct_store(s, vectors, alpha, beta,
                              s->adds_residual ? residual + line * s->residual.row + from * s->residual.column : residual,
                              y + line * s->y.row + from * s->y.column, a + t * vectors);
        }
        if (s->finish)
            conv_direct_finish(s, runs_on, vectors, columns, pixels, column, y);
        return;
    }
    UNROLL for (int t = 0; t < pixels; t++)
        conv_direct_store(s, vectors, alpha, beta,
                          s->adds_residual
                              ? residual + t / columns * s->residual.row + t % columns * s->residual.column
                              : residual,
                          y + t / columns * s->y.row + t % columns * s->y.column, a + t * vectors);
    if (s->finish)
        conv_direct_finish(s, runs_on, vectors, columns, pixels, column, y);
}

/* The sums that a tile is added to come from afar more often than not. */
INLINE void conv_direct_fetch_residual(const struct conv_direct *s, int runs_on, int vectors, int columns, int pixels,
                                       const float *residual)
{
    if (s->adds_residual && !runs_on)
        conv_direct_fetch_tile(&s->residual, vectors, columns, pixels, (uintptr_t)residual);
}

/* `vectors` of outputs for the pixels of a wide or narrow tile. */
INLINE void conv_direct_tile(const struct conv_direct *s, const struct conv_direct_chunk *chunk, int vectors, int narrow, int panel,
                             const float *restrict x, const float *restrict w, uintptr_t next, const float *restrict bias,
                             const float *restrict residual, float *restrict y)
{
    const struct conv_direct_cut cut = conv_direct_cut(s);
    const struct conv_direct_fetch fetch = conv_direct_fetch(s, &cut);
    const int columns = conv_direct_columns(&cut, narrow), pixels = conv_direct_rows(&cut, narrow) * columns;
    const int64_t taps = s->kernel_rows * s->kernel_columns, blocks = cut.blocks;
    const int in_chunks = cut.chunk < blocks;
    const int64_t begin = in_chunks ? chunk->begin : 0, end = in_chunks ? chunk->end : blocks;
    const uintptr_t share = (uintptr_t)taps * fetch.share;
    vf a[TILE_ACCUMULATORS];
    conv_direct_begin(s, &cut, chunk, vectors, pixels, bias, a);
    if (end == blocks)
        conv_direct_fetch_residual(s, cut.runs_on, vectors, columns, pixels, residual);
    x += begin * (16 / W) * s->x.block;
    w += begin * 16 * taps * panel;
    next += (uintptr_t)begin * share;
    for (int64_t block = begin; block < end - (s->channels % 16 && end == blocks); block++, x += 16 / W * s->x.block, next += share) {
        conv_direct_fetch_pixels(s, blocks, columns, pixels, block, x);
        w = conv_direct_block(s, &fetch, vectors, columns, pixels, 16, panel, x, w, next, a);
    }
    if (s->channels % 16 && end == blocks) {
        conv_direct_fetch_pixels(s, blocks, columns, pixels, blocks - 1, x);
        conv_direct_block(s, &fetch, vectors, columns, pixels, (int)(s->channels % 16), panel, x, w, next, a);
    }
    if (end < blocks) {
        UNROLL for (int t = 0; t < pixels * vectors; t++)
            *conv_direct_sum(chunk, t) = a[t];
        return;
    }
    conv_direct_end(s, cut.runs_on, vectors, columns, pixels, cut.runs_on ? chunk->column : 0, residual, y, a);
}

#define CONV_DIRECT_TILE(name, kind, narrow, panel)                                                        \
    MICROKERNEL name##_##kind(const struct conv_direct_chunk *chunk, const float *restrict x,              \
                              const float *restrict w, uintptr_t next, const float *restrict bias,         \
                              const float *restrict residual, float *restrict y)                           \
    {                                                                                                      \
        conv_direct_tile(&name##_shape, chunk, conv_direct_vectors(panel), narrow, panel, x, w, next,      \
                         bias, residual, y);                                                               \
    }

/* The micro-kernels of a layer whose shape is NAME_shape; panels: WHOLE_PANELS or HALF_PANEL. */
#define CONV_DIRECT_TILES(name, panels)                                                                    \
    CONV_DIRECT_TILE(name, wide, 0, (int)name##_shape.panel)                                               \
    CONV_DIRECT_TILE(name, narrow, 1, (int)name##_shape.panel)                                             \
    TILE_IF_HALF_##panels(CONV_DIRECT_TILE(name, half_wide, 0, 16)                                         \
                          CONV_DIRECT_TILE(name, half_narrow, 1, 16))                                      \
    static const struct conv_direct_tiles name##_tiles = {                                                 \
        name##_wide, name##_narrow, TILE_HALF_OR_NULL_##panels(name##_half_wide),                          \
        TILE_HALF_OR_NULL_##panels(name##_half_narrow)};

/* Tiles of the map are counted row by row. Weights that stay in a near cache pass over a part of a large map before the
 * next part: how many tiles make up such a part. */
enum { CONV_DIRECT_NEAR = 1 << 17 /* floats of input; of weights, twice that */ };

INLINE int64_t conv_direct_part(const struct conv_direct *s, int64_t tiles)
{
    const int64_t taps = s->channels * s->kernel_rows * s->kernel_columns;
    const int64_t map = s->channels * s->rows * s->stride_rows * s->columns * s->stride_columns;
    if (map <= 2 * CONV_DIRECT_NEAR || taps * s->outputs > 2 * CONV_DIRECT_NEAR)
        return tiles;
    return tile_wide(tiles, tile_count(tiles, tile_count(map, CONV_DIRECT_NEAR)));
}

/* Tiles [begin, end) of the piece's map for the outputs of one tile; `chunk` has the sums of the first one. */
INLINE void conv_direct_map(const struct conv_direct *s, const struct conv_direct_cut *cut, struct conv_direct_chunk chunk,
                            conv_direct_tile_function *wide, conv_direct_tile_function *narrow, int64_t begin, int64_t end,
                            const float *x, const float *w, const float *bias, const float *residual, float *y)
{
    const int64_t tall = tile_wide_count(cut->rows, cut->most_rows), broad = tile_wide_count(cut->columns, cut->most);
    const int64_t taps = s->kernel_rows * s->kernel_columns;
    const uintptr_t share = (uintptr_t)(cut->blocks * taps * conv_direct_next_lines(s, cut) * CONV_DIRECT_LINE);
    const uintptr_t all = (uintptr_t)(cut->blocks * 16 * taps * s->panel) * sizeof *w;
    for (int64_t tile = begin; tile < end; tile++, chunk.sums += TILE_ACCUMULATORS * W) {
        const int64_t i = tile / cut->across, j = tile % cut->across;
        int64_t row = i * conv_direct_rows(cut, 0) - (i > tall ? i - tall : 0);
        int64_t column = j * conv_direct_columns(cut, 0) - (j > broad ? j - broad : 0);
        if (cut->runs_on) {
            row = column / s->columns;
            column %= s->columns;
        }
        chunk.column = column;
        (i >= tall || j >= broad ? narrow : wide)(
            &chunk, x + row * s->stride_rows * s->x.row + column * s->stride_columns * s->x.column, w,
            (uintptr_t)w + ((uintptr_t)tile * share < all ? all + (uintptr_t)tile * share : 0), bias,
            s->adds_residual ? residual + row * s->residual.row + column * s->residual.column : residual,
            y + row * s->y.row + column * s->y.column);
    }
}

/* The same for all channels, in chunks where a panel has several. */
INLINE void conv_direct_chunks(const struct conv_direct *s, const struct conv_direct_cut *cut, conv_direct_tile_function *wide,
                               conv_direct_tile_function *narrow, int64_t begin, int64_t end, const float *x, const float *w,
                               const float *bias, const float *residual, float *y)
{
    const int64_t blocks = cut->blocks, each = cut->chunk;
    _Alignas(64) float sums[CONV_DIRECT_GROUP * TILE_ACCUMULATORS * W];
    const int64_t group = each == blocks ? end - begin : CONV_DIRECT_GROUP;
    for (int64_t tile = begin; tile < end; tile += group)
        for (int64_t first = 0; first < blocks; first += each)
            conv_direct_map(s, cut, (struct conv_direct_chunk){first, first + each < blocks ? first + each : blocks, sums, 0}, wide,
                            narrow, tile, tile + group < end ? tile + group : end, x, w, bias, residual, y);
}

/* Tiles [begin, end) of one map for the outputs of one panel, which begin at `first`. */
INLINE void conv_direct_panel(const struct conv_direct *s, const struct conv_direct_cut *cut, conv_direct_tile_function *wide,
                              conv_direct_tile_function *narrow, int64_t first, int64_t panel, int64_t begin, int64_t end,
                              const float *x, const float *w, const float *bias, const float *residual, float *y)
{
    const int64_t width = (int64_t)conv_direct_vectors((int)panel) * W;
    for (int64_t part = 0; part < panel; part += width) {
        const int64_t block = (first + part) / W;
        conv_direct_chunks(s, cut, wide, narrow, begin, end, x, w + part, s->without_bias ? bias : bias + first + part,
                           s->adds_residual ? residual + block * s->residual.block : residual, y + block * s->y.block);
    }
}

/* Tiles [begin, end) of one map for all outputs. */
INLINE void conv_direct_outputs(const struct conv_direct *s, const struct conv_direct_cut *cut, const struct conv_direct_tiles *tiles,
                                int64_t begin, int64_t end, const float *x, const float *w, const float *bias,
                                const float *residual, float *y)
{
    const int64_t outputs = (s->outputs + 15) / 16 * 16, whole = outputs / s->panel * s->panel;
    const int64_t taps = s->channels * s->kernel_rows * s->kernel_columns;
    for (int64_t first = 0; first < whole; first += s->panel)
        conv_direct_panel(s, cut, tiles->wide, tiles->narrow, first, s->panel, begin, end, x, w + first * taps, bias, residual, y);
    if (whole < outputs)
        conv_direct_panel(s, cut, tiles->half_wide, tiles->half_narrow, whole, 16, begin, end, x, w + whole * taps, bias, residual,
                          y);
}

INLINE void conv_direct(const struct conv_direct *s, const struct conv_direct_tiles *tiles, const float *restrict x,
                        const float *restrict weights, const float *restrict bias, const float *restrict residual,
                        float *restrict y)
{
    const struct conv_direct_cut cut = conv_direct_cut(s);
    const int64_t part = conv_direct_part(s, cut.tiles);
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t begin = 0; begin < cut.tiles; begin += part)
            conv_direct_outputs(s, &cut, tiles, begin, begin + part < cut.tiles ? begin + part : cut.tiles, x + n * s->x.batch,
                                weights, bias, s->adds_residual ? residual + n * s->residual.batch : residual,
                                y + n * s->y.batch);
}

/* The pixels that a 1x1 kernel of stride > 1 reads, side by side: otherwise every panel of outputs would come by the others, too. */
struct conv_direct_sample {
    struct view x, y;
    int64_t batch, channels, rows, columns, stride_rows, stride_columns;
};

INLINE void conv_direct_sample(const struct conv_direct_sample *s, const float *restrict x, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t block = 0; block < (s->channels + 15) / 16 * (16 / W); block++)
            for (int64_t row = 0; row < s->rows; row++)
                for (int64_t column = 0; column < s->columns; column++)
                    *(vf *)(y + n * s->y.batch + block * s->y.block + row * s->y.row + column * s->y.column) =
                        *(const vf *)(x + n * s->x.batch + block * s->x.block + row * s->stride_rows * s->x.row +
                                      column * s->stride_columns * s->x.column);
}

#endif
