/* tensor_scatter.h -- rows of an update written into a cache at places that are computed, per batch; any element type.
 *
 * y points to the first element of the piece, the update and the places to what belongs to its first batch. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TENSOR_SCATTER_H
#define MEDNN_TENSOR_SCATTER_H

#include "walk.h"

/* Strides in elements; `count` of the update. The last axis is contiguous in both. */
struct tensor_scatter {
    int rank, axis;
    int64_t count[8], y[8], update[8]; /* y[axis] is 0 */
    int64_t step, begin, end, length;  /* along the axis: y's step, the piece, the whole cache */
    int circular;
    size_t size;                       /* bytes of an element */
};

/* What falls outside of the piece is left out. */
INLINE void tensor_scatter(const struct tensor_scatter *s, void *y, const void *update, const int64_t *places)
{
    const int runs = s->axis != s->rank - 1, rank = s->rank - runs;
    const size_t bytes = s->size * (size_t)(runs ? s->count[rank] : 1);
    int64_t at[8] = {0};
    do {
        int64_t to = (int64_t)((uint64_t)(places ? places[at[0]] : 0) + (uint64_t)at[s->axis]);
        if (s->circular)
            to = (to % s->length + s->length) % s->length;
        if (to >= s->begin && to < s->end)
            memcpy((char *)y + (walk_at(rank, s->y, at) + (to - s->begin) * s->step) * (int64_t)s->size,
                   (const char *)update + walk_at(rank, s->update, at) * (int64_t)s->size, bytes);
    } while (walk_next(rank, s->count, at));
}

#endif
