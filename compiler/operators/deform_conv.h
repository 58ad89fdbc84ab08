/* deform_conv.h -- the attributes of DeformConv, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DEFORM_CONV_H
#define MEDNN_DEFORM_CONV_H

#include "conv.h"

enum { DEFORM_OFFSET = 2, DEFORM_BIAS, DEFORM_MASK };

struct deform_conv {
    struct window window;
    int64_t offset_group; /* groups of channels that share positions */
};
struct deform_conv deform_conv_of(const struct node *node);

#endif
