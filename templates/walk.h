/* walk.h -- steps through boxes of up to eight axes. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_WALK_H
#define MEDNN_WALK_H

#include "view.h"

/* Steps `index` through a box of `count` in row-major order; 0 after the last. */
INLINE int walk_next(int rank, const int64_t *count, int64_t *index)
{
    for (int axis = rank - 1; axis >= 0; axis--) {
        if (++index[axis] < count[axis])
            return 1;
        index[axis] = 0;
    }
    return 0;
}

INLINE int64_t walk_at(int rank, const int64_t *stride, const int64_t *index)
{
    int64_t at = 0;
    for (int axis = 0; axis < rank; axis++)
        at += stride[axis] * index[axis];
    return at;
}

#endif
