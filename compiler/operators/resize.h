/* resize.h -- Resize as weighted sums along each axis; for operators/resize.c and the kernels that compute it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RESIZE_H
#define MEDNN_RESIZE_H

#include "../ir/graph.h"

enum resize_mode { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC };

struct resize_axis {
    int64_t size, outputs;
    float scale;           /* as ONNX Runtime has it: coordinates are computed in float */
    float length;          /* of the output before it was rounded to `outputs` */
    float roi_begin, roi_end;
    bool resized;          /* false: output element i is input element i */
};

/* The attributes and inputs of a Resize node, read and checked. */
struct resize {
    enum resize_mode mode;
    const char *coordinate, *nearest; /* names of the modes */
    bool antialias, exclude_outside;
    double cubic_a;
    float extrapolation;
    int rank;
    struct resize_axis axis[MAX_RANK];
};
struct resize resize_of(const struct node *node);

/* What output element `at` of an axis is made of: input elements first .. first + count - 1, which repeat the first and
 * the last one outside of the input. count 0: it lies outside of the region of interest. */
struct resize_taps {
    int64_t first, count;
    double centre, total;
};
struct resize_taps resize_taps(const struct resize *resize, int axis, int64_t at);

/* Tap number `tap`: its weight, and the input element that it takes. */
double resize_weight(const struct resize *resize, int axis, const struct resize_taps *taps, int64_t tap);
int64_t resize_index(const struct resize *resize, int axis, const struct resize_taps *taps, int64_t tap);

#endif
