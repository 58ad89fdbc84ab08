/* grid_sample.h -- the attributes of GridSample, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GRID_SAMPLE_H
#define MEDNN_GRID_SAMPLE_H

#include "../ir/graph.h"

struct grid_sample {
    enum { SAMPLE_NEAREST, SAMPLE_LINEAR, SAMPLE_CUBIC } mode;
    enum { SAMPLE_ZEROS, SAMPLE_BORDER, SAMPLE_REFLECTION } padding;
    bool align_corners;
};
struct grid_sample grid_sample_of(const struct node *node);

#endif
