/* conv_grouped.h -- convolution of any groups over up to three spatial axes, plain; weights may be computed.
 *
 * Weights as in the model: [M][C / group][axis 0][axis 1][axis 2]. Taps outside of the tensor are left out. Each output
 * element is bias + products in the order of blocks of 16 input channels, kernel positions, channels in the block. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_GROUPED_H
#define MEDNN_CONV_GROUPED_H

#include "activation.h"
#include "float_mode.h"
#include "view.h"

/* One spatial axis of a piece. Positions count from the beginning of the input's storage: the first output's window
 * begins at `first` (which may be negative); elements of the tensor are in [low, high). */
struct conv_axis {
    int64_t outputs, kernel, stride, dilation, first, low, high;
};

struct conv_grouped {
    int64_t batch, outputs, first_output;   /* of the piece */
    int64_t group_outputs, group_channels;  /* M / group, C / group */
    int64_t x_first_channel, w_first, bias_first; /* of the storages */
    int64_t x_batch, x_channel, x_axis[3], y_batch, y_channel, y_axis[3];
    int64_t residual_batch, residual_channel, residual_axis[3];
    struct conv_axis axis[3];
    int adds_residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

/* y[i] += w x[i stride] */
INLINE void conv_grouped_row(int64_t count, float w, const float *restrict x, int64_t stride, float *restrict y)
{
    if (stride == 1)
        for (int64_t i = 0; i < count; i++)
            y[i] = multiply_add(w, x[i], y[i]);
    else
        for (int64_t i = 0; i < count; i++)
            y[i] = multiply_add(w, x[i * stride], y[i]);
}

/* Where tap `tap` of output `at` reads; -1 outside of the tensor. */
INLINE int64_t conv_axis_at(const struct conv_axis *axis, int64_t at, int64_t tap)
{
    const int64_t position = axis->first + at * axis->stride + tap * axis->dilation;
    return position >= axis->low && position < axis->high ? position : -1;
}

/* Adds tap `tap` of the last axis to a row of outputs. */
INLINE void conv_grouped_tap(const struct conv_grouped *s, const float *restrict x, float w, int64_t tap,
                             float *restrict y)
{
    const struct conv_axis *axis = &s->axis[2];
    const int64_t start = axis->first + tap * axis->dilation, stride = axis->stride;
    const int64_t begin = start < axis->low ? (axis->low - start + stride - 1) / stride : 0;
    int64_t end = start < axis->high ? (axis->high - 1 - start) / stride + 1 : 0;
    end = end < axis->outputs ? end : axis->outputs;
    if (begin < end)
        conv_grouped_row(end - begin, w, x + (start + begin * stride) * s->x_axis[2], stride * s->x_axis[2], y + begin);
}

/* All products of one row of one output channel; x and w at the first channel of its group. */
INLINE void conv_grouped_sum(const struct conv_grouped *s, const float *restrict x, const float *restrict w,
                             int64_t depth, int64_t row, float *restrict y)
{
    const int64_t taps = s->axis[0].kernel * s->axis[1].kernel * s->axis[2].kernel;
    for (int64_t block = 0; block < s->group_channels; block += 16)
        for (int64_t tap = 0; tap < taps; tap++) {
            const int64_t k = tap % s->axis[2].kernel, j = tap / s->axis[2].kernel % s->axis[1].kernel;
            const int64_t d = conv_axis_at(&s->axis[0], depth, tap / s->axis[2].kernel / s->axis[1].kernel);
            const int64_t r = conv_axis_at(&s->axis[1], row, j);
            if (d < 0 || r < 0)
                continue;
            for (int64_t c = block; c < block + 16 && c < s->group_channels; c++)
                conv_grouped_tap(s, x + c * s->x_channel + d * s->x_axis[0] + r * s->x_axis[1], w[c * taps + tap], k,
                                 y);
        }
}

/* y's last axis is contiguous. `bias` may be NULL. */
INLINE void conv_grouped_line(const struct conv_grouped *s, const float *restrict x, const float *restrict w,
                              const float *restrict bias, const float *restrict residual, int64_t output,
                              int64_t depth, int64_t row, float *restrict y)
{
    const int64_t group = (s->first_output + output) / s->group_outputs;
    const int64_t taps = s->axis[0].kernel * s->axis[1].kernel * s->axis[2].kernel;
    for (int64_t i = 0; i < s->axis[2].outputs; i++)
        y[i] = bias ? bias[s->first_output + output - s->bias_first] : 0;
    conv_grouped_sum(s, x + (group * s->group_channels - s->x_first_channel) * s->x_channel,
                     w + (s->first_output + output - s->w_first) * s->group_channels * taps, depth, row, y);
    for (int64_t i = 0; i < s->axis[2].outputs; i++) {
        const float value = s->adds_residual ? y[i] + residual[i * s->residual_axis[2]] : y[i];
        y[i] = activate_one(value, s->activation, s->alpha, s->beta);
    }
    if (s->finish)
        s->finish(y, 1, 0, s->axis[2].outputs, s->alpha);
}

INLINE void conv_grouped(const struct conv_grouped *s, const float *restrict x, const float *restrict w,
                         const float *restrict bias, const float *restrict residual, float *restrict y)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < s->outputs; o++)
            for (int64_t d = 0; d < s->axis[0].outputs; d++)
                for (int64_t r = 0; r < s->axis[1].outputs; r++)
                    conv_grouped_line(s, x + n * s->x_batch, w, bias,
                                      s->adds_residual ? residual + n * s->residual_batch + o * s->residual_channel +
                                                             d * s->residual_axis[0] + r * s->residual_axis[1]
                                                       : residual,
                                      o, d, r,
                                      y + n * s->y_batch + o * s->y_channel + d * s->y_axis[0] + r * s->y_axis[1]);
}

#endif
