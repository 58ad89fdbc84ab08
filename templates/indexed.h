/* indexed.h -- elements of plain tensors whose places are computed: gathered, or scattered.
 *
 * A walk over a box; every element of the walk has an index of a few components, each counted along one axis of the
 * indexed tensor, from its end where it is negative. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INDEXED_H
#define MEDNN_INDEXED_H

#include "scalars.h"
#include "walk.h"

/* Strides in elements. Walked: y of a gather, the updates of a scatter; indexed: its x, or the result. */
struct indexed {
    int rank;
    int64_t count[8], walked[8], indexed[8], index[8];
    int components;
    int64_t component; /* between the numbers of an index */
    int64_t dim[8], stride[8], begin[8], end[8]; /* of the indexed axes: whole, and the piece */
    enum element_type index_type, type;
    size_t size; /* bytes of an element */
};

/* What is out of range becomes the nearest that is not. */
INLINE int64_t index_clamped(int64_t index, int64_t dim)
{
    index += index < 0 ? dim : 0;
    return index < 0 ? 0 : index >= dim ? dim - 1 : index;
}

__attribute__((unused)) static void gather(const struct indexed *s, void *y, const void *x, const void *indices)
{
    const int64_t size = (int64_t)s->size;
    const int last = s->rank - 1;
    /* Neighbours that share an index and lie side by side are copied at once. */
    const int runs = s->rank > 0 && s->index[last] == 0 && s->walked[last] == 1 && s->indexed[last] == 1;
    const int rank = s->rank - runs;
    const size_t bytes = s->size * (size_t)(runs ? s->count[last] : 1);
    int64_t at[8] = {0};
    do {
        const int64_t index = walk_at(rank, s->index, at);
        int64_t from = walk_at(rank, s->indexed, at);
        for (int i = 0; i < s->components; i++)
            from += s->stride[i] *
                    (index_clamped(load_integer(indices, s->index_type, index + i * s->component), s->dim[i]) -
                     s->begin[i]);
        memcpy((char *)y + walk_at(rank, s->walked, at) * size, (const char *)x + from * size, bytes);
    } while (walk_next(rank, s->count, at));
}

/* y[to] = y[to] joined with x[from]; copied where there is no function. */
INLINE void scatter_element(const struct indexed *s, real_function *real, integer_function *integer, void *y,
                            int64_t to, const void *x, int64_t from)
{
    if (real)
        store_real(y, s->type, to, real(load_real(y, s->type, to), load_real(x, s->type, from), 0));
    else if (integer)
        store_integer(y, s->type, to, integer(load_integer(y, s->type, to), load_integer(x, s->type, from), 0));
    else
        memcpy((char *)y + to * (int64_t)s->size, (const char *)x + from * (int64_t)s->size, s->size);
}

/* Updates that go elsewhere, or nowhere, are left out. */
INLINE void scatter(const struct indexed *s, real_function *real, integer_function *integer, void *y,
                    const void *updates, const void *indices)
{
    int64_t at[8] = {0};
    do {
        const int64_t index = walk_at(s->rank, s->index, at);
        int64_t to = walk_at(s->rank, s->indexed, at);
        int inside = 1;
        for (int i = 0; i < s->components; i++) {
            int64_t component = load_integer(indices, s->index_type, index + i * s->component);
            component += component < 0 ? s->dim[i] : 0;
            inside = inside && component >= s->begin[i] && component < s->end[i];
            to += inside ? s->stride[i] * (component - s->begin[i]) : 0;
        }
        if (inside)
            scatter_element(s, real, integer, y, to, updates, walk_at(s->rank, s->walked, at));
    } while (walk_next(s->rank, s->count, at));
}

#endif
