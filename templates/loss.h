/* loss.h -- NegativeLogLikelihoodLoss: the scores of the classes that targets name, weighted, summed up or not.
 *
 * Pointers point to the first elements that belong to the piece, x to class 0. A target that names no class adds nothing,
 * as one that is ignored. Sums run in double over the targets in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LOSS_H
#define MEDNN_LOSS_H

#include "scalars.h"
#include "walk.h"

/* Strides in elements, per axis of the target. */
struct loss {
    int rank;
    int64_t count[8], x[8], target[8], y[8];
    int64_t classes, class_step;
    enum element_type type, target_type;
    int ignores, reduced, mean;
    int64_t ignored;
};

/* *factor: the weight. */
INLINE double loss_term(const struct loss *s, const void *x, const void *target, const void *weight, const int64_t *at,
                        double *factor)
{
    const int64_t class = load_integer(target, s->target_type, walk_at(s->rank, s->target, at));
    *factor = 0;
    if (class < 0 || class >= s->classes || (s->ignores && class == s->ignored))
        return 0;
    *factor = weight ? load_real(weight, s->type, class) : 1;
    return -load_real(x, s->type, walk_at(s->rank, s->x, at) + class * s->class_step) * *factor;
}

/* weight may be NULL. */
INLINE void loss(const struct loss *s, void *y, const void *x, const void *target, const void *weight)
{
    int64_t at[8] = {0};
    double sum = 0, weights = 0, factor;
    do {
        const double term = loss_term(s, x, target, weight, at, &factor);
        if (!s->reduced)
            store_real(y, s->type, walk_at(s->rank, s->y, at), term);
        sum += term;
        weights += factor;
    } while (walk_next(s->rank, s->count, at));
    if (s->reduced)
        store_real(y, s->type, 0, s->mean ? sum / weights : sum);
}

#endif
