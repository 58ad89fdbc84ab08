/* lines.h -- operators that look at the elements of a plain tensor along one axis, line by line, for every element type.
 *
 * x, y and z point to the beginnings of their first lines. NaN is greater than any number; among equals the first comes
 * first. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LINES_H
#define MEDNN_LINES_H

#include "scalars.h"
#include "walk.h"

/* Strides and steps in elements; `rank`: of the axes across. */
struct lines {
    int rank;
    int64_t count[8], x[8], y[8], z[8];
    int64_t length, x_step, y_step, z_step;
    int64_t kept; /* length of a line of y and z */
    enum element_type type;
    int least, last, reverse, exclusive;
};

INLINE int type_is_real(enum element_type type)
{
    return type == ELEMENT_FLOAT32 || type == ELEMENT_FLOAT64 || type == ELEMENT_FLOAT16 || type == ELEMENT_BFLOAT16;
}

INLINE int element_greater(const void *x, enum element_type type, int64_t i, int64_t k)
{
    if (type_is_real(type)) {
        const double a = load_real(x, type, i), b = load_real(x, type, k);
        return a > b || (a != a && b == b);
    }
    const int64_t a = load_integer(x, type, i), b = load_integer(x, type, k);
    return type == ELEMENT_UINT64 ? (uint64_t)a > (uint64_t)b : a > b;
}

/* Positions i and k of the line at x. */
INLINE int comes_before(const struct lines *s, const void *x, int64_t from, int64_t i, int64_t k)
{
    const int64_t a = from + i * s->x_step, b = from + k * s->x_step;
    return s->least ? element_greater(x, s->type, b, a) : element_greater(x, s->type, a, b);
}

INLINE int64_t best_of_line(const struct lines *s, const void *x, int64_t from)
{
    int64_t best = 0;
    for (int64_t i = 1; i < s->length; i++)
        if (comes_before(s, x, from, i, best) || (s->last && !comes_before(s, x, from, best, i)))
            best = i;
    return best;
}

INLINE void arg_best(const struct lines *s, int64_t *y, const void *x)
{
    int64_t at[8] = {0};
    do
        y[walk_at(s->rank, s->y, at)] = best_of_line(s, x, walk_at(s->rank, s->x, at));
    while (walk_next(s->rank, s->count, at));
}

INLINE void hardmax(const struct lines *s, void *y, const void *x)
{
    int64_t at[8] = {0};
    do {
        const int64_t best = best_of_line(s, x, walk_at(s->rank, s->x, at)), to = walk_at(s->rank, s->y, at);
        for (int64_t i = 0; i < s->length; i++)
            store_real(y, s->type, to + i * s->y_step, i == best);
    } while (walk_next(s->rank, s->count, at));
}

/* ---- the first of all in their order ---- */

/* Let what lies at `hole` sink in the heap of positions of which the last in order is on top. */
INLINE void heap_sink(const struct lines *s, const void *x, int64_t from, int64_t *heap, int64_t count, int64_t hole)
{
    const int64_t position = heap[hole * s->z_step];
    for (int64_t child; (child = 2 * hole + 1) < count; hole = child) {
        for (int64_t right = child + 1; right < count && right == child + 1;) {
            const int64_t a = heap[child * s->z_step], b = heap[right * s->z_step];
            if (comes_before(s, x, from, a, b) || (a < b && !comes_before(s, x, from, b, a)))
                child = right;
            break;
        }
        const int64_t below = heap[child * s->z_step];
        if (comes_before(s, x, from, below, position) ||
            (below < position && !comes_before(s, x, from, position, below)))
            break;
        heap[hole * s->z_step] = below;
    }
    heap[hole * s->z_step] = position;
}

INLINE void top_line(const struct lines *s, void *y, int64_t to, int64_t *heap, const void *x, int64_t from)
{
    for (int64_t i = 0; i < s->kept; i++)
        heap[i * s->z_step] = i;
    for (int64_t i = s->kept / 2; i-- > 0;)
        heap_sink(s, x, from, heap, s->kept, i);
    for (int64_t i = s->kept; i < s->length; i++)
        if (comes_before(s, x, from, i, heap[0])) {
            heap[0] = i;
            heap_sink(s, x, from, heap, s->kept, 0);
        }
    for (int64_t left = s->kept; left-- > 1;) {
        const int64_t last = heap[0];
        heap[0] = heap[left * s->z_step];
        heap[left * s->z_step] = last;
        heap_sink(s, x, from, heap, left, 0);
    }
    for (int64_t i = 0; i < s->kept; i++) {
        const int64_t at = from + heap[i * s->z_step] * s->x_step;
        if (type_is_real(s->type))
            store_real(y, s->type, to + i * s->y_step, load_real(x, s->type, at));
        else
            store_integer(y, s->type, to + i * s->y_step, load_integer(x, s->type, at));
    }
}

/* y: values, z: their positions. */
__attribute__((unused)) static void top(const struct lines *s, void *y, int64_t *z, const void *x)
{
    int64_t at[8] = {0};
    do
        top_line(s, y, walk_at(s->rank, s->y, at), z + walk_at(s->rank, s->z, at), x, walk_at(s->rank, s->x, at));
    while (walk_next(s->rank, s->count, at));
}

/* ---- sums and products of all before ---- */

/* One of `real` and `integer` is NULL. */
INLINE void cumulate(const struct lines *s, real_function *real, integer_function *integer, int64_t start, void *y,
                     const void *x)
{
    int64_t at[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x, at), to = walk_at(s->rank, s->y, at);
        double sum = (double)start;
        int64_t whole = start;
        for (int64_t k = 0; k < s->length; k++) {
            const int64_t i = s->reverse ? s->length - 1 - k : k;
            const double before = sum;
            const int64_t whole_before = whole;
            if (real) {
                sum = real(sum, load_real(x, s->type, from + i * s->x_step), 0);
                store_real(y, s->type, to + i * s->y_step, s->exclusive ? before : sum);
            } else {
                whole = integer(whole, load_integer(x, s->type, from + i * s->x_step), 0);
                store_integer(y, s->type, to + i * s->y_step, s->exclusive ? whole_before : whole);
            }
        }
    } while (walk_next(s->rank, s->count, at));
}

#endif
