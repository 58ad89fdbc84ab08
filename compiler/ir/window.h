/* window.h -- the window that convolutions and poolings move over their input. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_WINDOW_H
#define MEDNN_WINDOW_H

#include "shape.h"

#define MAX_SPATIAL (MAX_RANK - 2)

struct attribute;
struct node;

/* Sizes of a Conv or pooling node per spatial axis (axis 2 of X is spatial axis 0). pads are resolved:
 * auto_pad is already turned into numbers, and ceil_mode into the output's size. */
struct window {
    int spatial; /* number of spatial axes */
    int64_t kernel[MAX_SPATIAL], stride[MAX_SPATIAL], dilation[MAX_SPATIAL];
    int64_t pad_begin[MAX_SPATIAL], pad_end[MAX_SPATIAL];
    int64_t group; /* Conv, ConvTranspose */
};

/* What `read` has made of a node's attributes and the shapes of its input and weights, and all that it follows from: searching for a
 * plan asks for it millions of times. */
struct kept_window {
    struct window (*read)(const struct node *node); /* NULL: nothing is kept yet */
    const struct attribute *attribute;
    int attribute_count;
    struct shape x, w; /* w: of rank 0 where there are no weights */
    struct window window;
};

#endif
