/* indexed.h -- Gather, GatherElements, GatherND, ScatterElements and ScatterND in the same words.
 *
 * All of them walk over one tensor whose axes run along axes of `data`, along axes of the indices, or both: the result of
 * a Gather, the updates of a Scatter. What the indices say goes along the other axes of `data`. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INDEXED_H
#define MEDNN_INDEXED_H

#include "op.h"

struct indexed {
    int rank;                      /* of what is walked over */
    int data_axis[MAX_RANK];       /* of input 0, that a walked axis runs along; -1: none */
    int index_axis[MAX_RANK];      /* of the indices; -1: none */
    int components;                /* numbers that make up one index */
    int component_axis[MAX_RANK];  /* of input 0, that each of them counts along */
    bool last_axis_is_components;  /* the indices have an axis more, of one index each */
};

struct indexed node_indexed(const struct node *node);
bool node_is_scatter(const struct node *node); /* ScatterElements, ScatterND */

/* The part of input 0 or 1 that `region` of what is walked over is made of (not clipped). */
struct region indexed_data(const struct node *node, struct region region);
struct region indexed_indices(const struct node *node, struct region region);
/* The part of the updates that may change `region` of the result of a Scatter (not clipped). */
struct region indexed_updates(const struct node *node, struct region region);

/* What infer() checks: types, ranks, and constant indices. */
void indexed_check_elements(struct graph *graph, const struct node *node); /* GatherElements, ScatterElements */
void indexed_check_slices(const struct node *node);                        /* GatherND, ScatterND */
/* The shape of the result of GatherND, of the updates of ScatterND. */
struct shape indexed_shape(const struct node *node);

struct region gather_reads(const struct node *node, int input, int output, struct region region);

#endif
