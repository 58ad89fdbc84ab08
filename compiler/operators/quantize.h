/* quantize.h -- scales and zero points, as their kernels ask. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_QUANTIZE_H
#define MEDNN_QUANTIZE_H

#include "../ir/graph.h"

/* How QuantizeLinear and DequantizeLinear spread the scale over x: one for all (axis -1), one for every index of `axis`
 * (block 1), or, with a scale of x's rank, one for every `block` indices (blocked). */
struct quantization {
    int axis;
    int64_t block;
    bool blocked;
};
struct quantization quantization_of(const struct node *node);

/* Bounds of an integer type of at most 32 bits. */
int64_t type_least(enum type type);
int64_t type_most(enum type type);

#endif
