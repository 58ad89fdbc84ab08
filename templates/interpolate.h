/* interpolate.h -- Resize along one axis by tables that are made when the scale is known. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INTERPOLATE_H
#define MEDNN_INTERPOLATE_H

#include "resample.h"
#include "scalars.h"
#include "walk.h"

struct resize_table {
    struct resample axis; /* as far as it is constant */
    int64_t taps;
    int64_t entry, entries; /* of scales, and of each half of roi */
    enum element_type scales_type, roi_type;
};

/* scales and roi may be NULL: then the number of outputs is right. Returns whether it is. */
__attribute__((unused)) static int resize_table(const struct resize_table *s, int32_t *index, double *weight,
                                                const void *scales, const void *roi)
{
    struct resample axis = s->axis;
    if (roi) {
        axis.roi_begin = (float)load_real(roi, s->roi_type, s->entry);
        axis.roi_end = (float)load_real(roi, s->roi_type, s->entries + s->entry);
    }
    if (scales) {
        axis.scale = (float)load_real(scales, s->scales_type, s->entry);
        axis.length = axis.scale * (float)axis.size;
    }
    return resample_table(&axis, !scales, s->taps, index, weight);
}

/* Strides in elements; x begins with the axis, y and the counts are those of the piece. */
struct interpolate {
    int rank, axis;
    int64_t count[8], x[8], y[8];
    int64_t begin, taps; /* of the piece along the axis */
    enum element_type type;
    double outside;
};

__attribute__((unused)) static void interpolate(const struct interpolate *s, void *y, const void *x,
                                                const int32_t *index, const double *weight)
{
    int64_t at[8] = {0};
    do {
        const int64_t entry = (s->begin + at[s->axis]) * s->taps;
        const int64_t from = walk_at(s->rank, s->x, at) - s->x[s->axis] * at[s->axis];
        double sum = s->outside;
        if (index[entry] >= 0) {
            sum = 0;
            for (int64_t tap = 0; tap < s->taps; tap++) {
                const double factor = weight[entry + tap];
                if (factor < 0 || factor > 0)
                    sum += factor * load_real(x, s->type, from + index[entry + tap] * s->x[s->axis]);
            }
        }
        store_real(y, s->type, walk_at(s->rank, s->y, at), sum);
    } while (walk_next(s->rank, s->count, at));
}

#endif
