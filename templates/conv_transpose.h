/* conv_transpose.h -- ConvTranspose of any groups and up to three spatial axes, plain;
 * weights may be computed.
 *
 * The output begins as the bias; then each input channel of the group, tap by tap, adds its elements where they fall.
 * Per output element: channels in order, taps in order, whatever the piece. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_TRANSPOSE_H
#define MEDNN_CONV_TRANSPOSE_H

#include "view.h"

/* Input element i (of the storage) and tap k meet output i * stride + k * dilation - shift of the piece; elements of the
 * tensor are in [low, high). */
struct conv_transpose_axis {
    int64_t outputs, kernel, stride, dilation, shift, low, high;
};

struct conv_transpose {
    int64_t batch, outputs, first_output, group_outputs, group_channels, x_first_channel;
    int64_t x_batch, x_channel, x_axis[3], y_batch, y_channel, y_axis[3];
    int64_t w_first_channel, w_first_output, w_channel, w_output; /* begin and strides of the storage of the weights */
    int64_t bias_first;
    struct conv_transpose_axis axis[3];
};

struct conv_transpose_span {
    int64_t begin, end, shift; /* input elements; they fall on i * stride - shift */
};

INLINE struct conv_transpose_span conv_transpose_span(const struct conv_transpose_axis *axis, int64_t tap)
{
    const int64_t shift = axis->shift - tap * axis->dilation, most = axis->outputs - 1 + shift;
    struct conv_transpose_span span = {axis->low, axis->high, shift};
    if (shift > 0 && (shift + axis->stride - 1) / axis->stride > span.begin)
        span.begin = (shift + axis->stride - 1) / axis->stride;
    if (most < 0)
        span.end = span.begin;
    else if (most / axis->stride + 1 < span.end)
        span.end = most / axis->stride + 1;
    return span;
}

/* One channel and one tap of all axes. */
INLINE void conv_transpose_add(const struct conv_transpose *s, float *restrict y, const float *restrict x, float weight,
                               const struct conv_transpose_span *span)
{
    const int64_t step = s->axis[2].stride * s->y_axis[2], x_step = s->x_axis[2];
    for (int64_t i = span[0].begin; i < span[0].end; i++)
        for (int64_t j = span[1].begin; j < span[1].end; j++) {
            const float *from = x + i * s->x_axis[0] + j * s->x_axis[1];
            float *to = y + (i * s->axis[0].stride - span[0].shift) * s->y_axis[0] +
                        (j * s->axis[1].stride - span[1].shift) * s->y_axis[1] - span[2].shift * s->y_axis[2];
            for (int64_t k = span[2].begin; k < span[2].end; k++)
                to[k * step] += weight * from[k * x_step];
        }
}

INLINE void conv_transpose_fill(const struct conv_transpose *s, float *y, float value)
{
    for (int64_t i = 0; i < s->axis[0].outputs; i++)
        for (int64_t j = 0; j < s->axis[1].outputs; j++)
            for (int64_t k = 0; k < s->axis[2].outputs; k++)
                y[i * s->y_axis[0] + j * s->y_axis[1] + k * s->y_axis[2]] = value;
}

/* `w` are the weights of one input and one output channel. */
INLINE void conv_transpose_channel(const struct conv_transpose *s, float *restrict y, const float *restrict x,
                                   const float *w)
{
    for (int64_t i = 0; i < s->axis[0].kernel; i++)
        for (int64_t j = 0; j < s->axis[1].kernel; j++)
            for (int64_t k = 0; k < s->axis[2].kernel; k++) {
                const struct conv_transpose_span span[3] = {conv_transpose_span(&s->axis[0], i),
                                                            conv_transpose_span(&s->axis[1], j),
                                                            conv_transpose_span(&s->axis[2], k)};
                conv_transpose_add(s, y, x, *w++, span);
            }
}

INLINE void conv_transpose(const struct conv_transpose *s, const float *restrict x, const float *restrict weights,
                           const float *bias, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < s->outputs; o++) {
            const int64_t output = s->first_output + o, first = output / s->group_outputs * s->group_channels;
            float *to = y + n * s->y_batch + o * s->y_channel;
            conv_transpose_fill(s, to, bias ? bias[output - s->bias_first] : 0);
            for (int64_t c = first; c < first + s->group_channels; c++)
                conv_transpose_channel(s, to, x + n * s->x_batch + (c - s->x_first_channel) * s->x_channel,
                                       weights + (c - s->w_first_channel) * s->w_channel +
                                           (output % s->group_outputs - s->w_first_output) * s->w_output);
        }
}

#endif
