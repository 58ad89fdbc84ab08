/* det.h -- determinants of plain matrices, by Gauss with pivots; any type of floats. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DET_H
#define MEDNN_DET_H

#include "scalars.h"
#include "walk.h"

struct det {
    int rank; /* of the axes before the matrices */
    int64_t count[8], x[8], y[8], size, x_row;
    enum element_type type;
};

/* Swaps rows so that the greatest of column k from row k on lies in row k; -1 when it did, else 1. */
INLINE double det_pivot(const struct det *s, double *m, int64_t k)
{
    int64_t best = k;
    for (int64_t i = k + 1; i < s->size; i++)
        best = __builtin_fabs(m[i * s->size + k]) > __builtin_fabs(m[best * s->size + k]) ? i : best;
    if (best == k)
        return 1;
    for (int64_t j = k; j < s->size; j++) {
        const double held = m[k * s->size + j];
        m[k * s->size + j] = m[best * s->size + j];
        m[best * s->size + j] = held;
    }
    return -1;
}

/* m has room for a matrix. */
__attribute__((unused)) static void det(const struct det *s, void *y, const void *x, double *m)
{
    int64_t at[8] = {0};
    do {
        const int64_t from = walk_at(s->rank, s->x, at);
        double result = 1;
        for (int64_t i = 0; i < s->size * s->size; i++)
            m[i] = load_real(x, s->type, from + i / s->size * s->x_row + i % s->size);
        for (int64_t k = 0; k < s->size; k++) {
            result *= det_pivot(s, m, k);
            const double pivot = m[k * s->size + k];
            result *= pivot;
            for (int64_t i = k + 1; i < s->size && pivot != 0; i++) {
                const double factor = m[i * s->size + k] / pivot;
                for (int64_t j = k + 1; j < s->size; j++)
                    m[i * s->size + j] -= factor * m[k * s->size + j];
            }
        }
        store_real(y, s->type, walk_at(s->rank, s->y, at), result);
    } while (walk_next(s->rank, s->count, at));
}

#endif
