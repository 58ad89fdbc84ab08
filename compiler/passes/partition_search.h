/* partition_search.h -- the search behind --partition auto. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PARTITION_SEARCH_H
#define MEDNN_PARTITION_SEARCH_H

#include "../plan/timeline.h"

struct search_goal {
    const struct cluster *cluster; /* as the model's, with speeds as it sees them */
    int devices;                   /* how many of them may be used: the owner and the fastest others */
    const int *producer;           /* by tensor id: position of the node that computes it, -1 */
    bool throughput;               /* seconds between inferences rather than of one */
    struct timeline_rules rules;
    double effort;                 /* 1: as usual */
    double *with_device;           /* per device, lowered or, where 0, set: seconds of the best plan seen that gives it work */
};

/* Write the best divisions found, one per node, in `found`; returns their seconds by the simulation, more where a device lacks memory. */
double partition_search(const struct graph *graph, const struct cost_model *model, const struct search_goal *goal,
                        struct division *found);

#endif
