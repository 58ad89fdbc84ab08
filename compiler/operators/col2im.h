/* col2im.h -- the attributes of Col2Im, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COL2IM_H
#define MEDNN_COL2IM_H

#include "conv.h"

struct col2im {
    struct window window;
    int64_t image[MAX_SPATIAL], blocks[MAX_SPATIAL]; /* sizes of the image; how many blocks lie along it */
    int64_t positions, columns;                      /* products of the kernel's sizes, of the numbers of blocks */
};
struct col2im col2im_of(const struct node *node);

#endif
