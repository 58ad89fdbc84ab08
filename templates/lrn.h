/* lrn.h -- local response normalisation across the channels of a plain tensor: N x C x the rest.
 *
 * y = x / (bias + alpha * sum of the squares of channels c - below to c + above)^beta, channels added in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LRN_H
#define MEDNN_LRN_H

#include "lanes.h"

struct lrn {
    int rank; /* of the axes but for the channels */
    int64_t count[8], x_stride[8], y_stride[8];
    int64_t channels, x_channel, y_channel; /* of the piece */
    int64_t low, high;                      /* channels of the tensor, as the piece counts */
    int64_t below, above;
    float alpha, beta, bias;
};

INLINE void lrn_line(const struct lrn *s, float *y, const float *x)
{
    for (int64_t c = 0; c < s->channels; c++) {
        const int64_t begin = c - s->below < s->low ? s->low : c - s->below;
        const int64_t end = c + s->above + 1 > s->high ? s->high : c + s->above + 1;
        float sum = 0;
        for (int64_t k = begin; k < end; k++)
            sum += x[k * s->x_channel] * x[k * s->x_channel];
        y[c * s->y_channel] = x[c * s->x_channel] / float_pow(s->bias + s->alpha * sum, s->beta);
    }
}

INLINE void lrn(const struct lrn *s, float *y, const float *x)
{
    int64_t index[8] = {0};
    do
        lrn_line(s, y + walk_at(s->rank, s->y_stride, index), x + walk_at(s->rank, s->x_stride, index));
    while (walk_next(s->rank, s->count, index));
}

#endif
