/* max_roi_pool.h -- maxima of the whole elements of boxes of a plain N x C x H x W tensor, bin by bin; any type of floats.
 *
 * A bin without elements is 0. Boxes of all types but float64 are computed in float. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MAX_ROI_POOL_H
#define MEDNN_MAX_ROI_POOL_H

#include "scalars.h"

/* Of a piece: boxes, channels, and bins from `first` on. */
struct max_roi_pool {
    int64_t boxes, channels, first[2], count[2], bins[2], size[2], last_batch;
    int64_t x_batch, x_channel, x_axis[2], y_box, y_channel, y_axis[2], roi;
    double scale;
    enum element_type type;
};

struct max_roi_range {
    int64_t begin, end;
};

INLINE double max_roi_rounded(const struct max_roi_pool *s, double value)
{
    return s->type == ELEMENT_FLOAT64 ? value : (double)(float)value;
}

INLINE double max_roi_limit(double x, double low, double high)
{
    x = x > low ? x : low;
    return x < high ? x : high;
}

INLINE int64_t max_roi_index(double x, double size)
{
    return (int64_t)max_roi_limit(x, 0, size);
}

INLINE struct max_roi_range max_roi_range(const struct max_roi_pool *s, int axis, double first, double last, int64_t bin)
{
    const double most = 1e9, size = (double)s->size[axis];
    const double start = real_round_away(max_roi_limit(max_roi_rounded(s, first * s->scale), -most, most));
    const double end = real_round_away(max_roi_limit(max_roi_rounded(s, last * s->scale), -most, most));
    const double length = end - start + 1, each = max_roi_rounded(s, (length > 1 ? length : 1) / (double)s->bins[axis]);
    const double from = max_roi_rounded(s, (double)bin * each), to = max_roi_rounded(s, (double)(bin + 1) * each);
    return (struct max_roi_range){max_roi_index(real_floor(from, 0, 0) + start, size),
                                  max_roi_index(real_ceil(to, 0, 0) + start, size)};
}

/* The box that starts at element `roi`: its batch, first and last column and row. */
INLINE double max_roi_bin(const struct max_roi_pool *s, const void *x, int64_t channel, const void *rois, int64_t roi,
                          int64_t row, int64_t column)
{
    double box[5];
    for (int i = 0; i < 5; i++)
        box[i] = load_real(rois, s->type, roi + i);
    const struct max_roi_range r = max_roi_range(s, 0, box[2], box[4], row), c = max_roi_range(s, 1, box[1], box[3], column);
    const int64_t map = max_roi_index(box[0], (double)s->last_batch) * s->x_batch + channel * s->x_channel;
    double most = r.begin < r.end && c.begin < c.end ? -__builtin_inf() : 0;
    for (int64_t i = r.begin; i < r.end; i++)
        for (int64_t j = c.begin; j < c.end; j++) {
            const double value = load_real(x, s->type, map + i * s->x_axis[0] + j * s->x_axis[1]);
            most = value > most ? value : most;
        }
    return most;
}

INLINE void max_roi_pool(const struct max_roi_pool *s, void *y, const void *x, const void *rois)
{
    for (int64_t k = 0; k < s->boxes; k++)
        for (int64_t c = 0; c < s->channels; c++)
            for (int64_t i = 0; i < s->count[0]; i++)
                for (int64_t j = 0; j < s->count[1]; j++)
                    store_real(y, s->type, k * s->y_box + c * s->y_channel + i * s->y_axis[0] + j * s->y_axis[1],
                               max_roi_bin(s, x, c, rois, k * s->roi, s->first[0] + i, s->first[1] + j));
}

#endif
