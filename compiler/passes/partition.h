/* partition.h -- what the files of the pass `partition` share. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PARTITION_H
#define MEDNN_PARTITION_H

#include "../plan/divide.h"
#include "passes.h"

/* By tensor id: the position of the node that computes it, -1 for others. */
int *producer_positions(struct arena *arena, const struct graph *graph);

/* The divisions of rows, gtdp, star (as rows) or single. */
void divide_baseline(struct arena *arena, const struct graph *graph, const struct cluster *cluster,
                     enum partition mode, struct division *division);

#endif
