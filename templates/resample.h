/* resample.h -- which elements of an axis, with which weights, make up an element of a resized one. The compiler makes tables with
 * the same functions where scales are constant. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RESAMPLE_H
#define MEDNN_RESAMPLE_H

#include "view.h"

enum resample_mode { RESAMPLE_NEAREST, RESAMPLE_LINEAR, RESAMPLE_CUBIC };
/* tf_half_pixel_for_nn and simple come from older opsets. */
enum resample_coordinate {
    RESAMPLE_HALF_PIXEL,
    RESAMPLE_HALF_PIXEL_SYMMETRIC,
    RESAMPLE_PYTORCH_HALF_PIXEL,
    RESAMPLE_ALIGN_CORNERS,
    RESAMPLE_ASYMMETRIC,
    RESAMPLE_TF_CROP_AND_RESIZE,
    RESAMPLE_TF_HALF_PIXEL_FOR_NN
};
enum resample_rounding {
    RESAMPLE_ROUND_PREFER_FLOOR,
    RESAMPLE_ROUND_PREFER_CEIL,
    RESAMPLE_FLOOR,
    RESAMPLE_CEIL,
    RESAMPLE_SIMPLE
};

struct resample {
    enum resample_mode mode;
    enum resample_coordinate coordinate;
    enum resample_rounding rounding;
    int antialias, exclude_outside;
    double cubic_a;
    int64_t size, outputs;
    float scale;  /* as ONNX Runtime has it: coordinates are computed in float */
    float length; /* of the output before it was rounded to `outputs` */
    float roi_begin, roi_end;
};

/* What output element `at` of an axis is made of: input elements first .. first + count - 1, which repeat the first and
 * the last one outside of the input. count 0: it lies outside of the region of interest. */
struct resample_taps {
    int64_t first, count;
    double centre, total;
};

/* Of numbers that int64_t holds. */
INLINE int64_t resample_floor(double x)
{
    const int64_t whole = (int64_t)x;
    return whole - (x < (double)whole);
}

INLINE int64_t resample_ceil(double x)
{
    const int64_t whole = (int64_t)x;
    return whole + (x > (double)whole);
}

/* The elements that `scale` makes of an axis; -1 when that is no size. */
INLINE int64_t resample_outputs(const struct resample *s)
{
    const int crops = s->coordinate == RESAMPLE_TF_CROP_AND_RESIZE;
    const float outputs = (crops ? s->roi_end - s->roi_begin : 1) * s->scale * (float)s->size;
    return s->scale > 0 && outputs >= 0 && outputs <= (float)INT32_MAX ? resample_floor((double)outputs) : -1;
}

/* Where an output element lies in the input. */
INLINE float resample_at(const struct resample *s, int64_t at)
{
    const float x = (float)at, last = (float)(s->size - 1), steps = (float)(s->outputs - 1);
    const float half_pixel = (x + 0.5f) / s->scale - 0.5f, adjustment = (float)s->outputs / s->length;
    switch (s->coordinate) {
    case RESAMPLE_ASYMMETRIC:
        return x / s->scale;
    case RESAMPLE_TF_HALF_PIXEL_FOR_NN:
        return (x + 0.5f) / s->scale;
    case RESAMPLE_PYTORCH_HALF_PIXEL:
        return s->outputs > 1 ? half_pixel : 0;
    case RESAMPLE_ALIGN_CORNERS:
        return s->outputs > 1 ? x * last / (s->length - 1) : 0;
    case RESAMPLE_HALF_PIXEL_SYMMETRIC:
        return (float)s->size / 2 * (1 - adjustment) + (x + 0.5f) / s->scale - 0.5f;
    case RESAMPLE_TF_CROP_AND_RESIZE:
        return s->outputs > 1 ? s->roi_begin * last + x * (s->roi_end - s->roi_begin) * last / steps
                              : 0.5f * (s->roi_begin + s->roi_end) * last;
    default:
        return half_pixel;
    }
}

INLINE int64_t resample_round(const struct resample *s, float x)
{
    const int64_t down = resample_floor((double)x);
    switch (s->rounding) {
    case RESAMPLE_FLOOR:
        return down;
    case RESAMPLE_CEIL:
        return resample_ceil((double)x);
    case RESAMPLE_SIMPLE:
        return s->scale < 1 ? resample_ceil((double)x) : (int64_t)x;
    case RESAMPLE_ROUND_PREFER_CEIL:
        return resample_floor((double)(x + 0.5f));
    default:
        return x - (float)down <= 0.5f ? down : down + 1;
    }
}

INLINE double resample_squeeze(const struct resample *s)
{
    return s->antialias && s->scale < 1 ? (double)s->scale : 1;
}

INLINE double resample_filter(const struct resample *s, double distance)
{
    const double x = distance < 0 ? -distance : distance, a = s->cubic_a;
    if (s->mode == RESAMPLE_LINEAR)
        return x < 1 ? 1 - x : 0;
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

INLINE double resample_raw_weight(const struct resample *s, const struct resample_taps *taps, int64_t tap)
{
    const int64_t index = taps->first + tap;
    if (s->mode == RESAMPLE_NEAREST)
        return 1;
    if (s->exclude_outside && (index < 0 || index >= s->size))
        return 0;
    return resample_filter(s, ((double)index - taps->centre) * resample_squeeze(s));
}

__attribute__((unused)) static struct resample_taps resample_taps(const struct resample *s, int64_t at)
{
    struct resample_taps taps = {.first = at, .count = 1, .centre = (double)at, .total = 1};
    const float x = resample_at(s, at), last = (float)(s->size - 1);
    if (s->coordinate == RESAMPLE_TF_CROP_AND_RESIZE && !(x >= 0 && x <= last)) {
        taps.count = 0;
        return taps;
    }
    /* Far outside every element is the border's. */
    const float bound = 4 * (float)s->size + 8;
    const float near = x >= -bound ? x > bound ? bound : x : -bound;
    taps.centre = (double)near;
    if (s->mode == RESAMPLE_NEAREST) {
        taps.first = resample_round(s, near);
        return taps;
    }
    const double reach = (s->mode == RESAMPLE_LINEAR ? 1 : 2) / resample_squeeze(s);
    taps.first = resample_floor(taps.centre - reach) + 1;
    taps.count = resample_ceil(taps.centre + reach) - taps.first;
    if (!s->antialias && !s->exclude_outside)
        return taps;
    double total = 0;
    for (int64_t tap = 0; tap < taps.count; tap++)
        total += resample_raw_weight(s, &taps, tap);
    taps.total = total < 0 || total > 0 ? total : 1;
    return taps;
}

/* Tap number `tap`: its weight, and the input element that it takes. */
INLINE double resample_weight(const struct resample *s, const struct resample_taps *taps, int64_t tap)
{
    return resample_raw_weight(s, taps, tap) / taps->total;
}

INLINE int64_t resample_index(const struct resample *s, const struct resample_taps *taps, int64_t tap)
{
    const int64_t index = taps->first + tap, last = s->size - 1;
    return index < 0 ? 0 : index > last ? last : index;
}

/* Whether the scale gives `outputs` elements, or these are given. Fills tables of `taps` input elements, -1 for what lies outside of the region
 * of interest, and weights for each of them; elements that exist in any case. */
__attribute__((unused)) static int resample_table(const struct resample *s, int given, int64_t taps, int32_t *index,
                                                  double *weight)
{
    const int crops = s->coordinate == RESAMPLE_TF_CROP_AND_RESIZE, fits = given || resample_outputs(s) == s->outputs;
    const int same = s->outputs == s->size && s->scale >= 1 && s->scale <= 1 &&
                     (!crops || (s->roi_begin >= 0 && s->roi_begin <= 0 && s->roi_end >= 1 && s->roi_end <= 1));
    for (int64_t i = 0; i < s->outputs; i++) {
        struct resample_taps own = {.first = i, .count = 1, .centre = (double)i, .total = 1};
        if (fits && !same)
            own = resample_taps(s, i);
        for (int64_t tap = 0; tap < taps; tap++) {
            const int64_t real = tap < own.count ? tap : own.count - 1;
            index[i * taps + tap] = own.count ? (int32_t)resample_index(s, &own, real) : -1;
            weight[i * taps + tap] = tap < own.count ? resample_weight(s, &own, tap) : 0;
        }
    }
    return fits;
}

#endif
