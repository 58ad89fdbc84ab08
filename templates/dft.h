/* dft.h -- discrete Fourier transforms along one axis of a plain tensor, by the definition. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DFT_H
#define MEDNN_DFT_H

#include "lanes.h"

struct dft {
    int rank; /* of the axes but for the transformed one and that of complex numbers */
    int64_t count[8], x_stride[8], y_stride[8];
    int64_t length, elements;                     /* of the transform; of the input that count */
    int64_t begin, end, x_step, y_step;           /* the piece's outputs, and steps along the axis */
    int64_t part_begin, part_end, y_part;         /* 0: real parts, 1: imaginary parts */
    int complex, inverse;
};

/* turn: cos(2 pi i / length), then sin. window: factors of the input; NULL: none. */
INLINE float dft_element(const struct dft *s, const float *x, const float *turn, const float *window, int64_t output,
                         int64_t part)
{
    const float *cosine = turn, *sine = turn + s->length;
    float sum = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < s->elements; i++) {
        const float c = cosine[at], d = s->inverse ? sine[at] : -sine[at];
        const float factor = window ? window[i] : 1;
        const float real = factor * x[i * s->x_step], imaginary = s->complex ? factor * x[i * s->x_step + 1] : 0;
        sum += part ? real * d + imaginary * c : real * c - imaginary * d;
        at += output;
        at -= at >= s->length ? s->length : 0;
    }
    return s->inverse ? sum / (float)s->length : sum;
}

INLINE void dft(const struct dft *s, float *y, const float *x, const float *turn, const float *window)
{
    int64_t index[8] = {0};
    do {
        const float *from = x + walk_at(s->rank, s->x_stride, index);
        float *to = y + walk_at(s->rank, s->y_stride, index);
        for (int64_t i = s->begin; i < s->end; i++)
            for (int64_t part = s->part_begin; part < s->part_end; part++)
                to[(i - s->begin) * s->y_step + (part - s->part_begin) * s->y_part] =
                    dft_element(s, from, turn, window, i, part);
    } while (walk_next(s->rank, s->count, index));
}

#endif
