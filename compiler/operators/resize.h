/* resize.h -- Resize as weighted sums along each axis; for operators/resize.c and the kernels that compute it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RESIZE_H
#define MEDNN_RESIZE_H

#include "../../templates/resample.h"
#include "../ir/graph.h"

struct resize_axis {
    int64_t size, outputs;
    float scale;           /* as ONNX Runtime has it: coordinates are computed in float */
    float length;          /* of the output before it was rounded to `outputs` */
    float roi_begin, roi_end;
    bool resized;          /* false: output element i is input element i */
};

/* The attributes and inputs of a Resize node, read and checked. */
struct resize {
    struct resample common; /* modes */
    float extrapolation;
    int rank;
    struct resize_axis axis[MAX_RANK];
};
struct resize resize_of(const struct node *node);

/* Its modes alone; the axes that entries of scales, sizes and roi speak of, and how many they are. */
void resize_modes(const struct node *node, struct resize *resize);
int resize_list_axes(const struct node *node, int rank, int axes[MAX_RANK]);

/* The hook `settle` of Resize: nodes mednn.ResizeTable and mednn.Interpolate where scales or roi are computed. */
void resize_settle(struct graph *graph, struct node *node);

/* What output element `at` of an axis is made of; where the axis is not resized, itself. */
struct resample_taps resize_taps(const struct resize *resize, int axis, int64_t at);

/* mednn.ResizeTable: what is constant of its axis. */
struct resample resize_table_axis(const struct node *node);

/* Tap number `tap`: its weight, and the input element that it takes. */
double resize_weight(const struct resize *resize, int axis, const struct resample_taps *taps, int64_t tap);
int64_t resize_index(const struct resize *resize, int axis, const struct resample_taps *taps, int64_t tap);

#endif
