/* roi_align.h -- averages or maxima of interpolated samples in boxes of a plain N x C x H x W tensor. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ROI_ALIGN_H
#define MEDNN_ROI_ALIGN_H

#include "functions.h"
#include "view.h"

/* Of a piece: boxes, channels, and bins from `first` on. */
struct roi_align {
    int64_t boxes, channels, first[2], count[2], bins[2], size[2], last_batch, samples;
    int64_t x_batch, x_channel, x_axis[2], y_box, y_channel, y_axis[2];
    double scale;
    int half_pixel, greatest;
};

struct roi_axis {
    double start, size;
    int64_t samples;
};

struct roi_tap {
    int64_t low, high;
    double part;
    int inside;
};

INLINE struct roi_axis roi_axis(const struct roi_align *s, int axis, float begin, float end)
{
    const double offset = s->half_pixel ? 0.5 : 0, start = (double)begin * s->scale - offset;
    double length = (double)end * s->scale - offset - start;
    if (!s->half_pixel && !(length > 1))
        length = 1;
    struct roi_axis result = {start, length / (double)s->bins[axis], s->samples};
    if (!s->samples && result.size > 0 && result.size <= 32767) {
        result.samples = (int64_t)result.size;
        result.samples += (double)result.samples < result.size;
    }
    return result;
}

INLINE struct roi_tap roi_tap(const struct roi_align *s, int axis, const struct roi_axis *box, int64_t bin,
                              int64_t sample)
{
    double at = box->start + (double)bin * box->size + ((double)sample + 0.5) * box->size / (double)box->samples;
    struct roi_tap tap = {0, 0, 0, at >= -1 && at <= (double)s->size[axis]};
    if (!tap.inside)
        return tap;
    at = at > 0 ? at : 0;
    tap.low = (int64_t)at;
    tap.high = tap.low + 1;
    tap.part = at - (double)tap.low;
    if (tap.low >= s->size[axis] - 1) {
        tap.low = tap.high = s->size[axis] - 1;
        tap.part = 0;
    }
    tap.low *= s->x_axis[axis];
    tap.high *= s->x_axis[axis];
    return tap;
}

INLINE double roi_greater(double a, double b)
{
    return a > b ? a : b;
}

INLINE float roi_bin(const struct roi_align *s, const float *x, const struct roi_axis box[2], int64_t row,
                     int64_t column)
{
    const int64_t count = box[0].samples * box[1].samples;
    double result = 0;
    for (int64_t i = 0; i < box[0].samples; i++)
        for (int64_t j = 0; j < box[1].samples; j++) {
            const struct roi_tap r = roi_tap(s, 0, &box[0], row, i), c = roi_tap(s, 1, &box[1], column, j);
            double a = 0, b = 0, d = 0, e = 0;
            if (r.inside && c.inside) {
                a = (1 - r.part) * (1 - c.part) * (double)x[r.low + c.low];
                b = (1 - r.part) * c.part * (double)x[r.low + c.high];
                d = r.part * (1 - c.part) * (double)x[r.high + c.low];
                e = r.part * c.part * (double)x[r.high + c.high];
            }
            const double most = roi_greater(roi_greater(a, b), roi_greater(d, e));
            if (s->greatest)
                result = i + j == 0 ? most : roi_greater(result, most);
            else
                result += a + b + d + e;
        }
    return (float)(s->greatest ? result : result / (double)(count > 1 ? count : 1));
}

INLINE void roi_align(const struct roi_align *s, float *restrict y, const float *restrict x,
                      const float *restrict rois, const int64_t *restrict batch)
{
    for (int64_t k = 0; k < s->boxes; k++) {
        const int64_t n = batch[k] < 0 ? 0 : batch[k] > s->last_batch ? s->last_batch : batch[k];
        const struct roi_axis box[2] = {roi_axis(s, 0, rois[k * 4 + 1], rois[k * 4 + 3]),
                                        roi_axis(s, 1, rois[k * 4], rois[k * 4 + 2])};
        for (int64_t c = 0; c < s->channels; c++)
            for (int64_t i = 0; i < s->count[0]; i++)
                for (int64_t j = 0; j < s->count[1]; j++)
                    y[k * s->y_box + c * s->y_channel + i * s->y_axis[0] + j * s->y_axis[1]] =
                        roi_bin(s, x + n * s->x_batch + c * s->x_channel, box, s->first[0] + i, s->first[1] + j);
    }
}

#endif
