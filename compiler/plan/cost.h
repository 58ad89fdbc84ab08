/* cost.h -- seconds of work on each device and of messages between them, for one graph. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COST_H
#define MEDNN_COST_H

#include "plan.h"

struct cost_model {
    const struct cluster *cluster;
    double seconds[MAX_DEVICES][WORK_KINDS];     /* per unit */
    double message_seconds[MAX_DEVICES];         /* for each message that a device sends or receives, of a thread beside the program */
    double byte_seconds[MAX_DEVICES];            /* and for each byte of one */
    double pack_seconds[MAX_DEVICES];            /* the program's, for each byte that it packs or unpacks */
    double tell_seconds[MAX_DEVICES];            /* and for telling that thread that there is something to send */
    double latency[MAX_DEVICES][MAX_DEVICES];    /* from, to; seconds */
    double rate[MAX_DEVICES][MAX_DEVICES];       /* bytes per second */
};

/* Devices that were not measured get the proportions of their target's table (rates.h), scaled so that the graph alone takes its
 * multiply-accumulates / gmacs on them; without gmacs, the fastest device has ASSUMED_GMACS and the others as their relative
 * speeds say. What was measured is scaled in this way where gmacs is said as well. Nodes have their kernels. */
void cost_model_make(struct cost_model *model, const struct graph *graph, const struct cluster *cluster);

/* 1e9 multiply-accumulates a second that a device reaches alone over a whole model: as the cluster says, or what is assumed. */
double cost_gmacs(const struct cluster *cluster, const struct device *device);

double cost_seconds(const struct cost_model *model, int device, const struct work *work);
/* The work of one inference on one device, copies of inputs and outputs included: the sum over its layers. */
struct work cost_graph_work(const struct graph *graph);
/* One inference on one device alone. */
double cost_graph_seconds(const struct cost_model *model, int device, const struct graph *graph);
/* Copying a tensor from or to the caller. */
double cost_copy_seconds(const struct cost_model *model, int device, const struct tensor *tensor);

#endif
