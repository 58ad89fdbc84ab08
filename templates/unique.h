/* unique.h -- slices of a plain tensor without repetition, in room for a fixed number; any element type.
 *
 * Slices are sorted by value and place (merging runs), so equal ones are neighbours and the first of them comes first. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_UNIQUE_H
#define MEDNN_UNIQUE_H

#include "lines.h"

/* Slice i has outer x inner elements, at (o * count + i) * inner + k. */
struct unique {
    int64_t outer, count, inner, capacity;
    int sorted;
    enum element_type type;
    size_t size; /* bytes of an element */
};

/* Where results go; each has room for `capacity`, kind for all slices. */
struct unique_results {
    void *slices;
    int64_t *first, *kind, *members;
};

INLINE int unique_less(const struct unique *s, const void *x, int64_t i, int64_t k)
{
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t n = 0; n < s->inner; n++) {
            const int64_t a = (o * s->count + i) * s->inner + n, b = (o * s->count + k) * s->inner + n;
            if (element_greater(x, s->type, b, a))
                return 1;
            if (element_greater(x, s->type, a, b))
                return 0;
        }
    return 0;
}

/* Merges neighbouring runs of `length` from one list into the other. */
INLINE void unique_merge(const struct unique *s, const void *x, int64_t length, const int64_t *from, int64_t *to)
{
    for (int64_t first = 0; first < s->count; first += 2 * length) {
        const int64_t middle = first + length < s->count ? first + length : s->count;
        const int64_t end = middle + length < s->count ? middle + length : s->count;
        int64_t a = first, b = middle;
        for (int64_t i = first; i < end; i++)
            to[i] = b >= end || (a < middle && !unique_less(s, x, from[b], from[a])) ? from[a++] : from[b++];
    }
}

INLINE void unique_keep(const struct unique *s, const struct unique_results *results, const void *x, int64_t kind,
                        int64_t slice)
{
    if (kind >= s->capacity)
        return;
    results->first[kind] = slice;
    for (int64_t o = 0; o < s->outer; o++)
        memcpy((char *)results->slices + (o * s->capacity + kind) * s->inner * (int64_t)s->size,
               (const char *)x + (o * s->count + slice) * s->inner * (int64_t)s->size, (size_t)s->inner * s->size);
}

/* scratch: two numbers per slice. Returns how many kinds there are. */
__attribute__((unused)) static int64_t unique(const struct unique *s, const struct unique_results *results, const void *x,
                                              int64_t *scratch)
{
    int64_t *order = scratch, *other = scratch + s->count, count = 0;
    for (int64_t i = 0; i < s->count; i++)
        order[i] = i;
    for (int64_t length = 1; length < s->count; length *= 2) {
        unique_merge(s, x, length, order, other);
        int64_t *held = order;
        order = other;
        other = held;
    }
    for (int64_t i = 0, first = 0; i < s->count; i++) { /* the first equal slice of every slice, then its kind */
        first = i == 0 || unique_less(s, x, order[i - 1], order[i]) ? order[i] : first;
        other[order[i]] = first;
        if (s->sorted && first == order[i])
            unique_keep(s, results, x, count, first);
        count += first == order[i];
        results->kind[order[i]] = count - 1;
    }
    if (!s->sorted)
        for (int64_t i = 0, kinds = 0; i < s->count; i++) {
            if (other[i] == i)
                unique_keep(s, results, x, kinds, i);
            results->kind[i] = other[i] == i ? kinds++ : results->kind[other[i]];
        }
    for (int64_t i = 0; i < s->capacity; i++)
        results->members[i] = 0;
    for (int64_t i = 0; i < s->count; i++)
        if (results->kind[i] < s->capacity)
            results->members[results->kind[i]]++;
    for (int64_t k = count; k < s->capacity; k++) {
        results->first[k] = 0;
        for (int64_t o = 0; o < s->outer; o++)
            memset((char *)results->slices + (o * s->capacity + k) * s->inner * (int64_t)s->size, 0,
                   (size_t)s->inner * s->size);
    }
    return count;
}

#endif
