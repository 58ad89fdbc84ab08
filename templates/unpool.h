/* unpool.h -- MaxUnpool: elements of a plain tensor of any type to places that another tensor names. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_UNPOOL_H
#define MEDNN_UNPOOL_H

#include "walk.h"

/* Strides in elements. */
struct unpool {
    int rank;
    int64_t count[8], x[8], index[8];
    int64_t dim[8];                /* of the shape that indices count through */
    int64_t begin[8], end[8], y[8]; /* the piece */
    size_t size;                   /* bytes of an element */
};

/* y is zero before. Indices that leave the shape or the piece are left out; of equal ones the last counts. */
__attribute__((unused)) static void unpool(const struct unpool *s, void *y, const void *x, const int64_t *indices)
{
    int64_t at[8] = {0};
    do {
        int64_t index = indices[walk_at(s->rank, s->index, at)], to = 0;
        int inside = index >= 0;
        for (int axis = s->rank - 1; axis >= 0; axis--) {
            const int64_t place = index % s->dim[axis];
            index /= s->dim[axis];
            inside = inside && place >= s->begin[axis] && place < s->end[axis];
            to += (place - s->begin[axis]) * s->y[axis];
        }
        if (inside && index == 0)
            memcpy((char *)y + to * (int64_t)s->size,
                   (const char *)x + walk_at(s->rank, s->x, at) * (int64_t)s->size, s->size);
    } while (walk_next(s->rank, s->count, at));
}

#endif
