/* tile.h -- sizes of register tiles: how many vectors of outputs times how many pixels each target holds. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TILE_H
#define MEDNN_TILE_H

#include "float_mode.h"
#include "view.h"

/* Two vectors of outputs times TILE_PIXELS pixels, or one vector of 16 lanes times TILE_PIXELS_SINGLE. 32 registers
 * take 28 accumulators; 16 take 12. By lane: aarch64 multiplies by a lane of a register, so pixels are loaded as
 * vectors and take a register each. TILE_MIXES: as many tiles of a map, or fewer, rather compute weights that do not lie in memory as
 * such than find them in a cache; where registers are left for that. Half as many with F(2x2, 3x3), of whose points half are such. */
#if defined(__AVX512F__)
enum { TILE_PIXELS = 14, TILE_PIXELS_SINGLE = 28, TILE_BY_LANE = 0, TILE_MIXES = 4 };
#elif defined(__aarch64__)
enum { TILE_PIXELS = 10, TILE_PIXELS_SINGLE = 10, TILE_BY_LANE = 1, TILE_MIXES = 0 };
#else
enum { TILE_PIXELS = 6, TILE_PIXELS_SINGLE = 6, TILE_BY_LANE = 0, TILE_MIXES = 2 };
#endif
enum { TILE_VECTORS = 2, TILE_ACCUMULATORS = 28 };

/* Of a layer's macro that defines micro-kernels, how many outputs it has: WHOLE_PANELS, or a HALF_PANEL at the end as well. Half of
 * what a layer takes to compile would be for the half panel. */
#define TILE_IF_HALF_WHOLE_PANELS(...)
#define TILE_IF_HALF_HALF_PANEL(...) __VA_ARGS__
#define TILE_HALF_OR_NULL_WHOLE_PANELS(kernel) NULL
#define TILE_HALF_OR_NULL_HALF_PANEL(kernel) kernel

/* All of a convolution whose shape is NAME_shape, by the function `kind` with the micro-kernels of the layer `owner`. */
#define CONV_LOOP(kind, name, owner)                                                                       \
    static __attribute__((noinline)) void name##_loop(const float *restrict x, const float *restrict weights, \
                                                      const float *restrict bias, const float *restrict residual, \
                                                      float *restrict y)                                   \
    {                                                                                                      \
        kind(&name##_shape, &owner##_tiles, x, weights, bias, residual, y);                                \
    }

/* Cut `size` into as few tiles of at most `most` as possible, all of one size or one less. */
INLINE int64_t tile_count(int64_t size, int64_t most)
{
    return (size + most - 1) / most;
}

INLINE int tile_wide(int64_t size, int64_t most)
{
    return (int)((size + tile_count(size, most) - 1) / tile_count(size, most));
}

/* How many of the tiles are wide; they come first, the others are one smaller. */
INLINE int64_t tile_wide_count(int64_t size, int64_t most)
{
    return size - tile_count(size, most) * (tile_wide(size, most) - 1);
}

INLINE int tile_at_least_one(int size)
{
    return size > 1 ? size : 1;
}

#endif
