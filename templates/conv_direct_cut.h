/* conv_direct_cut.h -- a direct convolution's shape: the tiles that its map is cut into, its chunks of channels, and the lines of weights
 * and pixels that its tiles fetch ahead. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_DIRECT_CUT_H
#define MEDNN_CONV_DIRECT_CUT_H

#include "activation.h"
#include "tile.h"
#include "view.h"

/* A piece: pointers given to conv_direct() point at its first output element and the input that its first tap reads. */
struct conv_direct {
    struct view x, y, residual;
    int64_t batch, channels, outputs; /* outputs: of the piece */
    int64_t panel;                    /* 32, or 16 */
    int64_t rows, columns;            /* of the piece */
    int64_t kernel_rows, kernel_columns, stride_rows, stride_columns, dilation_rows, dilation_columns;
    int without_bias; /* sums start from zero; `bias` is not read */
    /* Where the weights are near: lines of the cache that all tiles fetch with 16 channels at a position, and positions of all blocks of
     * channels with which they fetch; 0: as many as they use. */
    int64_t next_lines, next_positions;
    int adds_residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

INLINE int conv_direct_vectors(int panel)
{
    return panel / W < TILE_VECTORS ? panel / W : TILE_VECTORS;
}

/* Tiles run on from the end of a row into the next where rows are cut badly and the pixels of a 1x1 kernel lie side by side: to find
 * where results go takes as long as some channels (and registers, which are scarce where channels are lanes). Rows of 64 pixels or
 * more are cut well (and their tiles shared by pieces of any number of rows). */
enum { CONV_DIRECT_LONG_ROW = 64, CONV_DIRECT_TURNS = TILE_BY_LANE ? 32 : 8 };

INLINE int64_t conv_direct_rows_at_once(int64_t columns, int64_t most)
{
    return columns <= most ? most / columns : 1;
}

INLINE int conv_direct_runs_on(const struct conv_direct *s, int64_t most)
{
    const int64_t by_rows = tile_count(s->rows, conv_direct_rows_at_once(s->columns, most)) * tile_count(s->columns, most);
    return s->rows > 1 && s->columns < CONV_DIRECT_LONG_ROW && s->x.row == s->columns * s->x.column &&
           s->kernel_rows * s->kernel_columns * s->stride_rows * s->stride_columns == 1 &&
           tile_count(s->rows * s->columns, most) * (s->channels + CONV_DIRECT_TURNS) < by_rows * s->channels;
}

/* Weights of a panel that are many times what the nearest cache holds are taken a chunk of channels at a time for a group of tiles,
 * which leave their sums in memory meanwhile: the order of additions stays. 1x1 kernels gain nothing by it. */
enum { CONV_DIRECT_NEAREST = 6 << 10 /* floats of weights */, CONV_DIRECT_GROUP = 7 /* tiles */ };

/* Blocks of 16 channels in a chunk; all of them where one tile makes up the map. */
INLINE int64_t conv_direct_chunk_blocks(const struct conv_direct *s, int64_t all, int64_t tiles)
{
    const int64_t taps = s->kernel_rows * s->kernel_columns, each = 16 * taps * s->panel;
    const int64_t most = tile_at_least_one((int)(CONV_DIRECT_NEAREST / each));
    return all * each <= CONV_DIRECT_NEAREST * 8 || taps == 1 || tiles == 1 ? all : tile_count(all, tile_count(all, most));
}

/* How a shape is cut. Computed once for a tile, or for all: compilers copy what they inline before they see that it is constant. */
struct conv_direct_cut {
    int runs_on;
    int64_t rows, columns;   /* the map as tiles see it */
    int64_t most, most_rows; /* of a tile: pixels, and rows; several only where one row is narrower than a tile */
    int64_t across, tiles;   /* tiles of a row, and of the map */
    int64_t blocks, chunk;   /* of 16 channels: all, and those of a chunk */
};

INLINE struct conv_direct_cut conv_direct_cut(const struct conv_direct *s)
{
    struct conv_direct_cut cut = {.most = conv_direct_vectors((int)s->panel) == 1 ? TILE_PIXELS_SINGLE : TILE_PIXELS};
    cut.runs_on = conv_direct_runs_on(s, cut.most);
    cut.rows = cut.runs_on ? 1 : s->rows;
    cut.columns = cut.runs_on ? s->rows * s->columns : s->columns;
    cut.most_rows = conv_direct_rows_at_once(cut.columns, cut.most);
    cut.across = tile_count(cut.columns, cut.most);
    cut.tiles = tile_count(cut.rows, cut.most_rows) * cut.across;
    cut.blocks = (s->channels + 15) / 16;
    cut.chunk = conv_direct_chunk_blocks(s, cut.blocks, cut.tiles);
    return cut;
}

INLINE int conv_direct_columns(const struct conv_direct_cut *cut, int narrow)
{
    return cut->columns <= cut->most ? (int)cut->columns : tile_at_least_one(tile_wide(cut->columns, cut->most) - narrow);
}

INLINE int conv_direct_rows(const struct conv_direct_cut *cut, int narrow)
{
    return cut->columns <= cut->most ? tile_at_least_one(tile_wide(cut->rows, cut->most_rows) - narrow) : 1;
}

/* While a panel is in use what follows it is fetched from far memory, be it the next panel or, in a file of weights, the next
 * layer's first: lines of it that a tile fetches with every 16 channels at each position of the kernel, so that all tiles together
 * fetch all of it; a few, or a power of two. What one tile fetches is fetched in several places at the same time: hardware goes on
 * by itself where lines follow each other, but a limited number of lines for each place, and memory can give more. */
enum { CONV_DIRECT_FEW_LINES = 4, CONV_DIRECT_LINE = 64, CONV_DIRECT_PLACES = 8 };

INLINE int conv_direct_next_lines(const struct conv_direct *s, const struct conv_direct_cut *cut)
{
    const int64_t least = tile_count(s->next_lines ? s->next_lines : s->panel, cut->tiles);
    return least <= CONV_DIRECT_FEW_LINES ? (int)least : least <= 8 ? 8 : least <= 16 ? 16 : 32;
}

/* How that is done. */
struct conv_direct_fetch {
    int lines, places;
    int channels;       /* with as many of 16 a few lines are fetched; 16: all lines with the first */
    uintptr_t share;    /* bytes of one place with 16 channels at a position of the kernel */
    uintptr_t distance; /* bytes between places */
};

/* A core waits for some lines at a time only: a few are asked for together with the first of 16 channels; many by fours, with so many
 * channels, of some of the places. */
INLINE struct conv_direct_fetch conv_direct_fetch(const struct conv_direct *s, const struct conv_direct_cut *cut)
{
    const int64_t positions = s->next_lines ? s->next_positions : cut->blocks * s->kernel_rows * s->kernel_columns;
    const int lines = conv_direct_next_lines(s, cut), places = lines < CONV_DIRECT_PLACES ? lines : CONV_DIRECT_PLACES;
    const struct conv_direct_fetch fetch = {
        .lines = lines,
        .places = places,
        .channels = lines <= CONV_DIRECT_FEW_LINES ? 16 : 16 * CONV_DIRECT_FEW_LINES / lines,
        .share = (uintptr_t)(lines / places * CONV_DIRECT_LINE),
        .distance = (uintptr_t)(positions * (s->next_lines ? s->next_lines : lines) * CONV_DIRECT_LINE) / (uintptr_t)places,
    };
    return fetch;
}

INLINE void conv_direct_fetch_lines(const struct conv_direct_fetch *fetch, int places, int lines, uintptr_t next)
{
    UNROLL for (int i = 0; i < lines; i++)
        __builtin_prefetch((const void *)(next + (uintptr_t)(i % places) * fetch->distance +
                                          (uintptr_t)(i / places * CONV_DIRECT_LINE)),
                           0, 2);
}

INLINE void conv_direct_fetch_few(const struct conv_direct_fetch *fetch, uintptr_t next)
{
    if (fetch->channels == 16)
        conv_direct_fetch_lines(fetch, fetch->places, fetch->lines, next);
}

/* Nothing is computed for each of the channels: it would take turns from their multiply-adds. */
INLINE void conv_direct_fetch_many(const struct conv_direct_fetch *fetch, int channel, uintptr_t next)
{
    const int turns = 16 / fetch->channels, places = fetch->places > turns ? fetch->places / turns : 1;
    if (fetch->channels < 16 && channel % fetch->channels == 0)
        conv_direct_fetch_lines(fetch, places, CONV_DIRECT_FEW_LINES,
                                next + (uintptr_t)(channel / fetch->channels) *
                                           (fetch->places == 1 ? CONV_DIRECT_FEW_LINES * CONV_DIRECT_LINE
                                                               : (uintptr_t)places * fetch->distance));
}

/* What few panels read of a large map comes from a far cache: of 1x1 kernels, tiles fetch their pixels some blocks of 16 channels before
 * these are used, at the end those of the next tile. Not where channels are lanes and registers scarce: clang would spill some. */
enum { CONV_DIRECT_FAR_MAP = 96 << 10 /* floats */, CONV_DIRECT_FEW_PANELS = 8, CONV_DIRECT_BLOCKS_AHEAD = 4 };

INLINE int conv_direct_fetches_pixels(const struct conv_direct *s)
{
    return !TILE_BY_LANE && s->x.column == W && s->kernel_rows * s->kernel_columns * s->stride_rows * s->stride_columns == 1 &&
           s->outputs <= CONV_DIRECT_FEW_PANELS * s->panel && s->channels * s->rows * s->columns >= CONV_DIRECT_FAR_MAP;
}

/* Bytes from a tile's pixels in a block of 16 channels to those that are fetched with it. */
INLINE uintptr_t conv_direct_pixels_ahead(const struct conv_direct *s, int64_t blocks, int pixels, int64_t block)
{
    const int64_t ahead = blocks < CONV_DIRECT_BLOCKS_AHEAD ? blocks : CONV_DIRECT_BLOCKS_AHEAD;
    const int64_t over = block + ahead - blocks;
    return (uintptr_t)((over < 0 ? ahead : ahead - blocks) * (16 / W) * s->x.block + (over < 0 ? 0 : pixels * s->x.column)) *
           sizeof(float);
}

/* What a tile's pixels have in `parts` vectors of channels, once per line of the cache. */
INLINE void conv_direct_fetch_tile(const struct view *view, int parts, int columns, int pixels, uintptr_t from)
{
    UNROLL for (int part = 0; part < parts; part++)
        UNROLL for (int t = 0; t < pixels; t += 16 / W)
            __builtin_prefetch((const void *)(from + (uintptr_t)(part * view->block + t / columns * view->row +
                                                                 t % columns * view->column) * sizeof(float)));
}

INLINE void conv_direct_fetch_pixels(const struct conv_direct *s, int64_t blocks, int columns, int pixels, int64_t block,
                                     const float *x)
{
    if (conv_direct_fetches_pixels(s))
        conv_direct_fetch_tile(&s->x, 16 / W, columns, pixels, (uintptr_t)x + conv_direct_pixels_ahead(s, blocks, pixels, block));
}

#endif
