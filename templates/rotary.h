/* rotary.h -- pairs of elements of a head turn by an angle of their position, for every type of floats.
 *
 * x and y point to the piece's first head and row; without positions cosines and sines point to the row's, with them to the
 * first position's. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ROTARY_H
#define MEDNN_ROTARY_H

#include "indexed.h"

struct rotary {
    int64_t batches, heads, rows, width; /* of the piece; of a head */
    int64_t pairs;                       /* that turn; the rest is copied */
    int64_t x[3], y[3];                  /* strides of batch, head, row */
    int64_t cosine[2], sine[2], position[2]; /* strides of batch and row; with positions: 0 and of a position */
    int64_t positions;
    int interleaved;
    enum element_type type;
};

INLINE void rotary_row(const struct rotary *s, void *y, int64_t to, const void *x, int64_t from, const void *cosines,
                       int64_t cosine, const void *sines, int64_t sine)
{
    const int64_t step = s->interleaved ? 2 : 1, apart = s->interleaved ? 1 : s->pairs;
    for (int64_t i = 0; i < s->pairs; i++) {
        const double a = load_real(x, s->type, from + i * step), b = load_real(x, s->type, from + i * step + apart);
        const double c = load_real(cosines, s->type, cosine + i), d = load_real(sines, s->type, sine + i);
        store_real(y, s->type, to + i * step, c * a - d * b);
        store_real(y, s->type, to + i * step + apart, d * a + c * b);
    }
    for (int64_t i = 2 * s->pairs; i < s->width; i++)
        store_real(y, s->type, to + i, load_real(x, s->type, from + i));
}

INLINE void rotary(const struct rotary *s, void *y, const void *x, const void *cosines, const void *sines,
                   const int64_t *positions)
{
    for (int64_t b = 0; b < s->batches; b++)
        for (int64_t h = 0; h < s->heads; h++)
            for (int64_t i = 0; i < s->rows; i++) {
                const int64_t at =
                    positions ? index_clamped(positions[b * s->position[0] + i * s->position[1]], s->positions) : i;
                rotary_row(s, y, b * s->y[0] + h * s->y[1] + i * s->y[2], x, b * s->x[0] + h * s->x[1] + i * s->x[2],
                           cosines, b * s->cosine[0] + at * s->cosine[1], sines, b * s->sine[0] + at * s->sine[1]);
            }
}

#endif
