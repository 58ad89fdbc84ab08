/* einsum.h -- the equation of an Einsum node, read once and checked; for operators/einsum.c and the kernel that computes
 * it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EINSUM_H
#define MEDNN_EINSUM_H

#include "../ir/graph.h"

enum { MAX_LABELS = 32, MAX_TERMS = 8 };

/* Labels 0 .. kept - 1 are the output's axes in their order, the others are summed over. */
struct einsum {
    int labels, kept, terms;
    int64_t size[MAX_LABELS];
    int axis[MAX_TERMS][MAX_RANK]; /* label of each axis of each input; -1: of size 1, broadcast */
};
struct einsum einsum_of(const struct node *node);

#endif
