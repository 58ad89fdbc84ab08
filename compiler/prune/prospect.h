/* prospect.h -- what the rest of the compilation would make of a graph: kernels, a plan, its seconds and bytes. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROSPECT_H
#define MEDNN_PROSPECT_H

#include "../plan/cost.h"
#include "../plan/plan.h"
#include "channels.h"

struct cost;

/* For whom a network is pruned, and the passes behind pruning, which it does not know. */
struct prospect_wish {
    const struct cluster *cluster;
    void (*choose_kernels)(const void *data, struct graph *graph); /* and layouts */
    /* Divide it. `effort`: how long to search, as a part of what is usual; 0: as usual. */
    void (*divide)(const void *data, struct graph *graph, const struct cluster *cluster, double effort, struct plan *plan);
    const void *data;
    double effort;
};

struct prospect {
    struct arena arena;
    struct graph *graph; /* a copy, with kernels and layouts */
    struct cluster cluster; /* devices that were not measured are as fast as with the dense network */
    struct cost_model model;
    struct plan plan;
};

/* Compile a copy of the graph as far as a plan. With `like`, devices are as fast as there. `removed` [class of `channels`] goes
 * first; NULL: nothing does. The graph and its constants must live while the prospect does. */
void prospect_begin(struct prospect *prospect, const struct graph *graph, const struct prospect_wish *wish,
                    const struct prospect *like, const struct channels *channels, const bool removed[]);
void prospect_end(struct prospect *prospect);

/* What is foretold: seconds of an inference (between inferences, if that is what the plan is for), bytes on the wire. */
double prospect_seconds(const struct prospect *prospect);
double prospect_bytes(const struct prospect *prospect);

/* Bytes of one node's output on the wire. */
int64_t prospect_wire(const struct prospect *prospect, const char *node);

/* Add to *cost, whose `channels` are those of the graph that the prospect is of, the seconds foretold, by what they are spent on:
 * each layer as the sum of a constant, a part for its inputs, one for its outputs, and one for their product; the slowest
 * device counts. What is left of the time is waited for messages, in proportion to their bytes. */
void prospect_add_seconds(const struct prospect *prospect, struct cost *cost, const struct channels *channels);
/* The same for bytes on the wire. */
void prospect_add_bytes(const struct prospect *prospect, struct cost *cost, const struct channels *channels);

#endif
