/* couple.h -- which slices go together: what the hooks `couple` and `cut` of operators speak through.
 *
 * A slice is one index along one axis of one tensor. Slices are tied by union and find; one set is special:
 * the pinned slices, which stay. Axes of length 1 are pinned, so operands that are broadcast need no care. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COUPLE_H
#define MEDNN_COUPLE_H

#include "op.h"

/* Axis `axis_a` of input `input_a` is summed away against axis `axis_b` of input `input_b`, index by index.
 */
struct contraction {
    const struct node *node;
    int input_a, axis_a, input_b, axis_b;
};

struct couples {
    struct arena *arena;
    const struct graph *graph;
    int tensor_count;          /* tensors that are younger are not followed */
    int64_t (*base)[MAX_RANK]; /* per tensor id: number of the first slice of each axis; -1: not followed */
    int64_t slice_count;
    int *parent; /* slice 0 is the root of all that is pinned */
    struct contraction *contraction;
    int contraction_count, contraction_capacity;
    struct packed {
        const struct tensor *a, *b;
        int axis, first, last;
    } * packed; /* choices that are still to be made */
    int packed_count, packed_capacity;
};

/* Ask all nodes of a shaped graph. Memory of `arena`. */
void couples_find(struct arena *arena, const struct graph *graph, struct couples *couples);
/* The slice's representative; 0: pinned, or a tensor that came after couples_find(). */
int couples_root(const struct couples *couples, const struct tensor *tensor, int axis, int64_t index);

/* The slice's number; 0: not followed (and pinned). */
int64_t couples_slice(const struct couples *couples, const struct tensor *tensor, int axis, int64_t index);
/* Are slices of this axis followed? */
bool couples_follows(const struct couples *couples, const struct tensor *tensor, int axis);

/* ---- for hooks `couple` ---- */

/* Two slices can only go together. */
void couple_slices(struct couples *couples, const struct tensor *a, int axis_a, int64_t index_a,
                   const struct tensor *b, int axis_b, int64_t index_b);
/* Two axes of one length, index by index. */
void couple_axes(struct couples *couples, const struct tensor *a, int axis_a, const struct tensor *b,
                 int axis_b);
/* Two axes that are summed away against each other: coupled index by index; slices that are zero on either
 * side contribute nothing. */
void couple_contracted(struct couples *couples, const struct node *node, int input_a, int axis_a, int input_b,
                       int axis_b);
/* Axis `axis` of a runs over axes [first, last) of b in row-major order. One of those is coupled with blocks
 * of the packed one: the first that nothing else pins; the others are pinned. */
void couple_packed(struct couples *couples, const struct tensor *a, int axis, const struct tensor *b,
                   int first, int last);
void couple_pin_slice(struct couples *couples, const struct tensor *tensor, int axis, int64_t index);
void couple_pin_axis(struct couples *couples, const struct tensor *tensor, int axis);
void couple_pin(struct couples *couples, const struct tensor *tensor);  /* all axes */
/* Inputs from `first` on: lists of axes and sizes. */
void couple_pin_inputs(const struct node *node, int first, struct couples *couples);
void couple_pin_node(const struct node *node, struct couples *couples); /* all tensors: an absent hook */

/* Hooks. couple_reads: by `reads`: axes of inputs and outputs of one length whose indices need each other one
 * to one; everything else is pinned. For operators that do not care where along an axis an element lies. */
void couple_reads(const struct node *node, struct couples *couples);
/* couple_moves: by `moves`. */
void couple_moves(const struct node *node, struct couples *couples);

/* ---- for hooks `cut` ---- */

struct cut {
    const struct couples *couples;
    const bool *goes; /* per slice number */
};

bool cut_keeps(const struct cut *cut, const struct tensor *tensor, int axis, int64_t index);
/* How many slices with index in [begin, end) stay. */
int64_t cut_count(const struct cut *cut, const struct tensor *tensor, int axis, int64_t begin, int64_t end);
/* The shape that stays. */
struct shape cut_shape(const struct cut *cut, const struct tensor *tensor);
/* Let input `input` (absent or not) be a new constant vector of int64. */
void cut_integers(struct graph *graph, struct node *node, int input, int count, const int64_t *values);

#endif
