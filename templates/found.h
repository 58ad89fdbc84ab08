/* found.h -- Compress and NonZero with room for a number of results that is fixed before they are counted. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FOUND_H
#define MEDNN_FOUND_H

#include "scalars.h"
#include "walk.h"

/* Strides in elements. y is stored whole and without gaps. */
struct found {
    int rank;
    int64_t count[8], x[8]; /* whole x */
    int64_t capacity;
    int axis; /* of Compress; -1: of all elements in row-major order */
    int64_t given; /* elements of the condition */
    enum element_type type;
    size_t size; /* bytes of an element */
};

/* y: a row of `capacity` places per axis, -1 behind those that are found. Returns how many are. */
__attribute__((unused)) static int64_t non_zero(const struct found *s, int64_t *y, const void *x)
{
    int64_t at[8] = {0}, found = 0;
    for (int64_t i = 0; i < s->capacity * s->rank; i++)
        y[i] = -1;
    do {
        const int64_t from = walk_at(s->rank, s->x, at);
        const double real = s->type <= ELEMENT_BFLOAT16 ? load_real(x, s->type, from) : 0;
        if (s->type <= ELEMENT_BFLOAT16 ? real >= 0 && real <= 0 : !load_integer(x, s->type, from))
            continue;
        for (int axis = 0; axis < s->rank && found < s->capacity; axis++)
            y[axis * s->capacity + found] = at[axis];
        found++;
    } while (walk_next(s->rank, s->count, at));
    return found;
}

/* y: slices along the axis, 0 behind those that are kept. Returns how many are. */
__attribute__((unused)) static int64_t compress(const struct found *s, void *y, const void *x, const uint8_t *condition)
{
    int64_t at[8] = {0}, element = 0, kept = 0, slices = 1, slice = 1;
    const int64_t length = s->axis < 0 ? s->given : s->count[s->axis] < s->given ? s->count[s->axis] : s->given;
    for (int axis = 0; axis < s->rank && s->axis >= 0; axis++)
        *(axis <= s->axis ? &slices : &slice) *= axis == s->axis ? 1 : s->count[axis];
    if (s->capacity)
        memset(y, 0, (size_t)(slices * s->capacity * slice) * s->size);
    do {
        const int64_t position = s->axis < 0 ? element : at[s->axis];
        int64_t place = 0, outer = 0, inner = 0;
        if (position >= length || !condition[position])
            continue;
        if (s->axis < 0)
            place = kept++;
        else
            for (int64_t i = 0; i < position; i++)
                place += condition[i] != 0;
        for (int axis = 0; axis < s->rank && s->axis >= 0; axis++)
            if (axis < s->axis)
                outer = outer * s->count[axis] + at[axis];
            else if (axis > s->axis)
                inner = inner * s->count[axis] + at[axis];
        if (place < s->capacity)
            memcpy((char *)y + ((outer * s->capacity + place) * slice + inner) * (int64_t)s->size,
                   (const char *)x + walk_at(s->rank, s->x, at) * (int64_t)s->size, s->size);
    } while (element++, walk_next(s->rank, s->count, at));
    for (int64_t i = 0; i < length && s->axis >= 0; i++)
        kept += condition[i] != 0;
    return kept;
}

#endif
