/* couple.h -- what the hooks `couple` and `cut` of operators say: which slices go together, and what is left.
 *
 * A slice is one index along one axis of one tensor. NULL tensors and axes of length 1 that are broadcast are the
 * caller's business; ties to an axis that does not exist are bugs. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COUPLE_H
#define MEDNN_COUPLE_H

#include "op.h"

struct couples;
struct cut;

/* Two slices can only go together. */
void couple_slices(struct couples *couples, const struct tensor *a, int axis_a, int64_t index_a,
                   const struct tensor *b, int axis_b, int64_t index_b);
/* Two axes of one length, index by index. */
void couple_axes(struct couples *couples, const struct tensor *a, int axis_a, const struct tensor *b, int axis_b);
/* Axis `axis_b` of b is summed away against axis `axis_a` of a: coupled index by index; slices that are zero on
 * either side contribute nothing. */
void couple_contracted(struct couples *couples, const struct node *node, int input_a, int axis_a, int input_b,
                       int axis_b);
/* Axis `packed` of a runs over axes [first, last) of b in row-major order. One of those axes is coupled with blocks of
 * the packed one: the first that nothing else pins; the others are pinned. */
void couple_packed(struct couples *couples, const struct tensor *a, int packed, const struct tensor *b, int first,
                   int last);
/* A slice, an axis, all axes of a tensor stay. */
void couple_pin_slice(struct couples *couples, const struct tensor *tensor, int axis, int64_t index);
void couple_pin_axis(struct couples *couples, const struct tensor *tensor, int axis);
void couple_pin(struct couples *couples, const struct tensor *tensor);

/* Does the slice stay? */
bool cut_keeps(const struct cut *cut, const struct tensor *tensor, int axis, int64_t index);
/* How many slices with index in [begin, end) stay. */
int64_t cut_count(const struct cut *cut, const struct tensor *tensor, int axis, int64_t begin, int64_t end);

#endif
