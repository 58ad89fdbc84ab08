/* threads.h -- dividing what a device computes of a layer over its threads. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_THREADS_H
#define MEDNN_THREADS_H

#include "plan.h"

/* What threads compute at the same time of `box`, a box of output 0 of a node with a kernel: at most `threads` disjoint parts,
 * together the box, cut on the kernel's grid along the one axis that lets the busiest thread end first. One part where the node
 * cannot be divided, or where that saves less than handing the work over costs. The list lives in `arena`. */
struct region_list threads_divide(struct arena *arena, const struct node *node, struct region box, int threads);

/* Bytes of scratch memory that the first `count` of these parts need side by side, each a multiple of 64. */
int64_t threads_scratch(const struct node *node, const struct region_list *parts, int count);

#endif
