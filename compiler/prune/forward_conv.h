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
/* The convolution with that window from maps of x to maps of y; the node's input 1 is the weights. */
struct conv conv_between(const struct job *job, struct window window, struct shape x, struct shape y);

/* The windows of output elements [begin, end) of a map: a row per channel and tap. */
void conv_gather(const struct conv *conv, const float *x, int64_t begin, int64_t end, float *block);

/* The way back of one group: what elements [begin, end) of all maps of y, by the weights, add to the maps of x. */
void conv_spread(const struct conv *conv, const float *w, const float *y, int64_t begin, int64_t end, float *x, float *block);

/* The columns of the result in which a tap sees the map: result column c reads input column c * stride + *shift. */
struct range conv_columns(const struct conv *conv, int64_t tap, int64_t *shift);

/* to[i to_step] += factor from[i from_step] for i in [0, count). */
void conv_add_line(float *restrict to, int64_t to_step, const float *restrict from, int64_t from_step, float factor, int64_t count);

/* A stretch of `count` columns of one row of the result, as a tap sees it: columns [first, last) in the map, the others in its padding. */
struct conv_line {
    int64_t count, first, last, step; /* column i is element i step */
};

/* Visit output elements [begin, end) of all channels' maps as all taps see them: where in x column 0 of the line is, or would be, and
 * its place in a block as conv_gather() makes it. `visit` should be a constant, and becomes part of the loop. */
static inline __attribute__((always_inline)) void conv_walk(const struct conv *conv, float *x, int64_t begin, int64_t end,
                                                            float *block,
                                                            void (*visit)(struct conv_line line, float *map, float *block))
{
    const int64_t width = conv->result[1];
    for (int64_t c = 0; c < conv->channels; c++)
        for (int64_t tap = 0; tap < conv->taps; tap++) {
            int64_t shift, column = begin % width;
            int64_t row = begin / width * conv->stride[0] - conv->pad[0] + tap / conv->kernel[1] * conv->dilation[0];
            const struct range columns = conv_columns(conv, tap, &shift);
            for (int64_t left = end - begin; left > 0; row += conv->stride[0], column = 0) {
                struct conv_line line = {.count = width - column < left ? width - column : left, .step = conv->stride[1]};
                line.first = columns.begin > column ? columns.begin - column : 0;
                line.last = columns.end - column < line.count ? columns.end - column : line.count;
                if (row < 0 || row >= conv->size[0] || line.last < line.first)
                    line.first = line.last = 0;
                visit(line, x + (c * conv->size[0] + row) * conv->size[1] + shift + column * line.step, block);
                block += line.count;
                left -= line.count;
            }
        }
}

#endif
