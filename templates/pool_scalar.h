/* pool_scalar.h -- what pool.h does on plain tensors, for every element type, and with the places of the maxima. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_POOL_SCALAR_H
#define MEDNN_POOL_SCALAR_H

#include "pool.h"
#include "scalars.h"

/* A piece of N x C x axis[0] x axis[1] x axis[2]; strides in elements. The place of the element at position p of x is
 * place + place_batch n + place_channel c + place_axis p. */
struct pool_scalar {
    int64_t batch, channels;
    int64_t x_batch, x_channel, x_axis[3], y_batch, y_channel, y_axis[3], z_batch, z_channel, z_axis[3];
    struct pool_axis axis[3];
    enum element_type type;
    int64_t place, place_batch, place_channel, place_axis[3];
    int average, counts_padding;
};

struct pool_best {
    double value;
    int64_t place; /* within the channel; -1: the window is empty */
};

/* NaN wins; among equals the first does. */
INLINE struct pool_best pool_scalar_window(const struct pool_scalar *s, const void *x, int64_t from,
                                           const struct pool_taps *taps)
{
    struct pool_best best = {s->average ? 0 : -__builtin_inf(), -1};
    int64_t inside = 1, padded = 1;
    for (int64_t i = taps[0].begin; i < taps[0].end; i++)
        for (int64_t j = taps[1].begin; j < taps[1].end; j++)
            for (int64_t k = taps[2].begin; k < taps[2].end; k++) {
                const int64_t p = taps[0].start + i * s->axis[0].dilation, q = taps[1].start + j * s->axis[1].dilation;
                const int64_t r = taps[2].start + k * s->axis[2].dilation;
                const double value = load_real(x, s->type, from + p * s->x_axis[0] + q * s->x_axis[1] + r * s->x_axis[2]);
                if (s->average) {
                    best.value += value;
                } else if (best.place < 0 || value > best.value || value != value) {
                    best.value = value;
                    best.place = s->place + p * s->place_axis[0] + q * s->place_axis[1] + r * s->place_axis[2];
                }
            }
    for (int i = 0; i < 3; i++) {
        inside *= taps[i].end - taps[i].begin;
        padded *= taps[i].padded;
    }
    const int64_t count = s->counts_padding ? padded : inside;
    if (s->average)
        best.value /= (double)(count > 0 ? count : 1);
    return best;
}

/* z may be NULL. */
INLINE void pool_scalar_map(const struct pool_scalar *s, const void *x, void *y, int64_t *z, int64_t n, int64_t c)
{
    for (int64_t i = 0; i < s->axis[0].outputs; i++)
        for (int64_t j = 0; j < s->axis[1].outputs; j++)
            for (int64_t k = 0; k < s->axis[2].outputs; k++) {
                const struct pool_taps taps[3] = {pool_taps(&s->axis[0], i), pool_taps(&s->axis[1], j),
                                                  pool_taps(&s->axis[2], k)};
                const struct pool_best best = pool_scalar_window(s, x, n * s->x_batch + c * s->x_channel, taps);
                store_real(y, s->type,
                           n * s->y_batch + c * s->y_channel + i * s->y_axis[0] + j * s->y_axis[1] + k * s->y_axis[2],
                           best.value);
                if (z)
                    z[n * s->z_batch + c * s->z_channel + i * s->z_axis[0] + j * s->z_axis[1] + k * s->z_axis[2]] =
                        best.place < 0 ? -1 : best.place + n * s->place_batch + c * s->place_channel;
            }
}

INLINE void pool_scalar(const struct pool_scalar *s, const void *x, void *y, int64_t *z)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < s->channels; c++)
            pool_scalar_map(s, x, y, z, n, c);
}

#endif
