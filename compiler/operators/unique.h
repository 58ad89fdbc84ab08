/* unique.h -- what Unique compares: slices along an axis, or single elements. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_UNIQUE_H
#define MEDNN_UNIQUE_H

#include "../ir/graph.h"

/* Slice i has outer x inner elements, at ((o * count) + i) * inner + k. Without an axis: elements in row-major order. */
struct slices {
    int axis; /* -1: none */
    int64_t outer, count, inner;
};
struct slices slices_of(const struct node *node);

#endif
