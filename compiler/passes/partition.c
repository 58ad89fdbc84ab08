/* partition.c -- who computes what. */
/* SPDX-License-Identifier: MIT */
#include "partition.h"

void partition(struct graph *graph, const struct cluster *cluster, enum partition mode, struct plan *plan)
{
    struct arena scratch = {0};
    struct division *division = arena_array(&scratch, (size_t)graph->node_count + 1, sizeof *division);
    divide_baseline(&scratch, graph, cluster, mode, division);
    plan_build(graph, cluster, division, mode == PARTITION_STAR, plan);
    plan->partition = mode;
    arena_free(&scratch);
}
