/* replay.h -- the dense network and the pruned one side by side, over the calibration samples.
 *
 * The two share their graph and differ in the weights of layers. Layers are changed in order of execution, and each
 * must see what the changed ones before it compute. So all samples are kept at a cut of the graph, the frontier, and
 * what lies between the frontier and the layer at hand is computed again, batch by batch. Where the two networks do
 * not differ yet, both values are one. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REPLAY_H
#define MEDNN_REPLAY_H

#include "calibration.h"
#include "layers.h"

/* Values of one tensor in both networks; the same pointer while they are equal. */
struct twin {
    char *dense, *pruned;
};

struct replay {
    const struct graph *graph;
    const struct calibration *calibration;
    const struct layers *layers;
    int frontier;        /* nodes before this one are done */
    struct twin *stored; /* [tensor id]: all samples, of tensors alive at the frontier */
    int *last_reader;    /* [tensor id]: position; node_count for graph outputs, -1 for nobody */
    bool *differs;       /* [tensor id]: between the networks, as they are now; see replay_compare() */
    int64_t batch;       /* samples at a time */
};

/* Samples first .. first + count of what was computed so far and is still read. */
struct batch {
    const struct replay *replay;
    int64_t first, count;
    struct twin *value; /* [tensor id] */
    bool *owned;        /* [tensor id]: on the heap */
};

struct replay replay_begin(const struct graph *graph, const struct calibration *calibration,
                           const struct layers *layers);
void replay_end(struct replay *replay);

/* Compute which tensors differ, after layers were changed. */
void replay_compare(struct replay *replay);

/* Run the nodes [frontier, end) on every batch. After each node `node_done` is called, its inputs still being there, and after
 * the last one `batch_done`; either may be NULL. */
struct replay_visitor {
    void (*node_done)(void *data, int position, const struct batch *batch);
    void (*batch_done)(void *data, const struct batch *batch);
    void *data;
};
void replay_run(struct replay *replay, int end, struct replay_visitor visitor);

/* Make `end` the frontier when all that lives there takes at most `limit` bytes. */
void replay_advance(struct replay *replay, int end, size_t limit);

/* A tensor's values in a batch, constants included. */
struct stack batch_dense(const struct batch *batch, const struct tensor *tensor);
struct stack batch_pruned(const struct batch *batch, const struct tensor *tensor);

#endif
