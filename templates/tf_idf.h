/* tf_idf.h -- how often the n-grams of a pool occur in rows of integers.
 *
 * x points to the first row, y to the piece. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TF_IDF_H
#define MEDNN_TF_IDF_H

#include "scalars.h"

struct gram {
    int64_t first, length, output; /* in the pool; the element that counts it */
    float weight;
};

struct tf_idf {
    int64_t rows, length, x_row, y_row;
    int64_t begin, end;                 /* of the outputs in the piece */
    int64_t grams, most_skipped;
    int presence;                       /* whether it occurs, not how often */
    enum element_type type;
};

INLINE int64_t tf_idf_occurrences(const struct tf_idf *s, const struct gram *gram, const int64_t *pool, const void *x,
                                  int64_t row)
{
    const int64_t steps = gram->length > 1 ? s->most_skipped + 1 : 1;
    int64_t found = 0;
    for (int64_t step = 1; step <= steps; step++)
        for (int64_t i = row; i + (gram->length - 1) * step < row + s->length; i++) {
            int64_t same = 0;
            while (same < gram->length && load_integer(x, s->type, i + same * step) == pool[gram->first + same])
                same++;
            found += same == gram->length;
        }
    return found;
}

__attribute__((unused)) static void tf_idf(const struct tf_idf *s, float *y, const void *x, const struct gram *gram,
                                           const int64_t *pool)
{
    for (int64_t row = 0; row < s->rows; row++) {
        memset(y + row * s->y_row, 0, (size_t)(s->end - s->begin) * sizeof *y);
        for (int64_t i = 0; i < s->grams; i++) {
            if (gram[i].output < s->begin || gram[i].output >= s->end)
                continue;
            const int64_t found = tf_idf_occurrences(s, &gram[i], pool, x, row * s->x_row);
            const float count = s->presence ? (float)(found > 0) : (float)found;
            y[row * s->y_row + gram[i].output - s->begin] += count * gram[i].weight;
        }
    }
}

#endif
