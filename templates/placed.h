/* placed.h -- plain tensors of any type whose elements are chosen by where they lie: OneHot, Trilu, ReverseSequence.
 *
 * Pointers point to the first elements that belong to the piece. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PLACED_H
#define MEDNN_PLACED_H

#include "scalars.h"
#include "walk.h"

/* Strides in elements. */
struct placed {
    int rank;
    int64_t count[8], y[8], x[8];
    size_t size;     /* bytes of an element */
    int axis, other; /* where the piece begins along two axes: begin, other_begin */
    int64_t begin, other_begin;
    int64_t length, step; /* of `axis` in the whole tensor, in the storage of x */
    enum element_type type; /* of the indices */
    int upper;
};

INLINE void placed_copy(const struct placed *s, void *y, int64_t to, const void *x, int64_t from)
{
    memcpy((char *)y + to * (int64_t)s->size, (const char *)x + from * (int64_t)s->size, s->size);
}

/* x: indices; values: off, on. */
INLINE void one_hot(const struct placed *s, void *y, const void *x, const void *values)
{
    int64_t at[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x, at);
        const int is_real = s->type <= ELEMENT_BFLOAT16;
        int64_t index = is_real ? real_to_integer(load_real(x, s->type, from)) : load_integer(x, s->type, from);
        index += index < 0 && index >= -s->length ? s->length : 0;
        placed_copy(s, y, walk_at(s->rank, s->y, at), values, index == s->begin + at[s->axis]);
    } while (walk_next(s->rank, s->count, at));
}

/* axis: of the columns, other: of the rows. k may be NULL. */
INLINE void trilu(const struct placed *s, void *y, const void *x, const int64_t *k)
{
    int64_t at[8] = {0};
    do {
        const int64_t diagonal = s->begin + at[s->axis] - s->other_begin - at[s->other], bound = k ? *k : 0;
        const int64_t to = walk_at(s->rank, s->y, at);
        if (s->upper ? diagonal >= bound : diagonal <= bound)
            placed_copy(s, y, to, x, walk_at(s->rank, s->x, at));
        else
            memset((char *)y + to * (int64_t)s->size, 0, s->size);
    } while (walk_next(s->rank, s->count, at));
}

/* axis: of time, other: of the batch; x points to the beginning of time. s->x[axis] is 0. */
INLINE void reverse_sequence(const struct placed *s, void *y, const void *x, const int64_t *lengths)
{
    int64_t at[8] = {0};
    do {
        const int64_t time = s->begin + at[s->axis], given = lengths[at[s->other]];
        const int64_t length = given > s->length ? s->length : given;
        placed_copy(s, y, walk_at(s->rank, s->y, at), x,
                    walk_at(s->rank, s->x, at) + s->step * (time < length ? length - 1 - time : time));
    } while (walk_next(s->rank, s->count, at));
}

#endif
