/* non_max_suppression.h -- boxes by score, without those that overlap a better one, in room for a fixed number. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NON_MAX_SUPPRESSION_H
#define MEDNN_NON_MAX_SUPPRESSION_H

#include "view.h"

struct non_max_suppression {
    int64_t batches, classes, boxes, capacity;
    int center; /* boxes are centre and size, else two corners */
};

/* Low and high ends along axis 0 or 1. */
INLINE void suppression_side(const struct non_max_suppression *s, const float *box, int axis, float side[2])
{
    const float a = box[axis], b = box[axis + 2];
    side[0] = s->center ? a - b / 2 : a > b ? b : a;
    side[1] = s->center ? a + b / 2 : a > b ? a : b;
}

INLINE int suppression_overlap(const struct non_max_suppression *s, const float *a, const float *b, float most)
{
    float size_a = 1, size_b = 1, both = 1;
    for (int axis = 0; axis < 2; axis++) {
        float x[2], y[2];
        suppression_side(s, a, axis, x);
        suppression_side(s, b, axis, y);
        const float low = x[0] > y[0] ? x[0] : y[0], high = x[1] < y[1] ? x[1] : y[1];
        size_a *= x[1] - x[0];
        size_b *= y[1] - y[0];
        both *= high > low ? high - low : 0;
    }
    return size_a > 0 && size_b > 0 && both > 0 && both / (size_a + size_b - both) > most;
}

/* The best box that is left; -1: none. */
INLINE int64_t suppression_best(const struct non_max_suppression *s, const float *score, const unsigned char *gone)
{
    int64_t best = -1;
    for (int64_t i = 0; i < s->boxes; i++)
        best = !gone[i] && (best < 0 || score[i] > score[best]) ? i : best;
    return best;
}

/* y: triples of batch, class and box, -1 behind those that are found; gone: a byte per box. The numbers may be NULL.
 * Returns how many are found. */
__attribute__((unused)) static int64_t non_max_suppression(const struct non_max_suppression *s, int64_t *y,
                                                           const float *boxes, const float *scores, const int64_t *most,
                                                           const float *overlap, const float *least, unsigned char *gone)
{
    int64_t count = 0;
    for (int64_t i = 0; i < 3 * s->capacity; i++)
        y[i] = -1;
    for (int64_t group = 0; group < s->batches * s->classes; group++) {
        const float *score = scores + group * s->boxes, *box = boxes + group / s->classes * s->boxes * 4;
        for (int64_t i = 0; i < s->boxes; i++)
            gone[i] = !(score[i] > (least ? *least : -__builtin_inff()));
        for (int64_t taken = 0; taken < (most ? *most : 0); taken++) {
            const int64_t best = suppression_best(s, score, gone);
            if (best < 0)
                break;
            for (int64_t i = 0; i < s->boxes; i++)
                gone[i] = gone[i] || i == best ||
                          suppression_overlap(s, box + best * 4, box + i * 4, overlap ? *overlap : 0);
            if (count < s->capacity) {
                y[count * 3] = group / s->classes;
                y[count * 3 + 1] = group % s->classes;
                y[count * 3 + 2] = best;
            }
            count++;
        }
    }
    return count;
}

#endif
