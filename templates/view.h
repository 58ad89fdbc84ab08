/* view.h -- vectors of the target, and how tensors of up to four axes lie in memory. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_VIEW_H
#define MEDNN_VIEW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* W: lanes of a vector of float. The generated text is the same for every target; only this block looks at it. */
#if defined(__AVX512F__)
enum { W = 16 };
#elif defined(__AVX2__)
enum { W = 8 };
#else
enum { W = 4 };
#endif

typedef float vf __attribute__((vector_size(4 * W), aligned(4 * W), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * W), aligned(4 * W), may_alias));
typedef float vu __attribute__((vector_size(4 * W), aligned(4), may_alias)); /* in plain storages: not aligned */

#define INLINE static inline __attribute__((always_inline, unused))

/* Element (n, c, row, column) of a tensor is at
 *     n * batch + (c / W) * block + row * row_stride + column * column_stride + (c % W) * lane        floats. */
struct view {
    int64_t batch, block, row, column, lane;
};

/* Blocked: [N][C/W][rows][columns][W], with memory for whole blocks of 16 channels whatever W is. */
#define BLOCKED(blocks16, rows, columns)                                                                   \
    {(int64_t)(blocks16) * 16 * (rows) * (columns), (int64_t)(rows) * (columns) * W, (int64_t)(columns) * W, W, 1}
/* Plain: [N][C][rows][columns]. */
#define PLAIN(channels, rows, columns)                                                                     \
    {(int64_t)(channels) * (rows) * (columns), (int64_t)(rows) * (columns) * W, (columns), 1, (int64_t)(rows) * (columns)}

INLINE int64_t view_at(struct view v, int64_t n, int64_t c, int64_t row, int64_t column)
{
    return n * v.batch + c / W * v.block + c % W * v.lane + row * v.row + column * v.column;
}

#define AT(initialiser, n, c, row, column) view_at((struct view)initialiser, n, c, row, column)

#endif
