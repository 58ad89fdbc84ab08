/* forward_conv.h -- convolutions of one or two spatial axes as products with gathered windows; for the files forward*.c
 * and backward*.c only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FORWARD_CONV_H
#define MEDNN_FORWARD_CONV_H

#include "forward_inner.h"

/* Axis 0 is rows, axis 1 columns; a single spatial axis is a map of one row. */
struct conv {
    const struct job *job;
    int64_t images;            /* of a sample */
    int64_t channels, outputs; /* of a group */
    int64_t groups, taps, columns_at_once;
    int64_t size[2], result[2];
    int64_t kernel[2], stride[2], dilation[2], pad[2];
    bool plain;    /* the input's maps are the windows */
    float **block; /* per worker */
};

struct conv conv_of(const struct job *job);

/* The windows of output elements [begin, end) of a map: a row per channel and tap. */
void conv_gather(const struct conv *conv, const float *x, int64_t begin, int64_t end, float *block);

/* The columns of the result in which a tap sees the map: result column c reads input column c * stride + *shift. */
struct range conv_columns(const struct conv *conv, int64_t tap, int64_t *shift);

/* to[i to_step] += factor from[i from_step] for i in [0, count). */
void conv_add_line(float *restrict to, int64_t to_step, const float *restrict from, int64_t from_step, float factor, int64_t count);

#endif
