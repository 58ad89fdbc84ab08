/* tape.h -- a network over one batch of samples with all values kept, and the gradients of a loss by its parameters. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TAPE_H
#define MEDNN_TAPE_H

#include "calibration.h"
#include "layers.h"

/* The loss is a function of the targets: the graph's outputs, or, where gradients do not come through the nodes at the end (and
 * for a Softmax at the very end), the tensors that those nodes read. */
struct tape {
    const struct graph *graph;
    const struct layers *layers;
    int64_t capacity, samples; /* that fit; of the batch at hand */
    int end;                   /* nodes before it are needed */
    const struct tensor **target;
    int target_count;
    bool *reached;    /* [tensor id]: depends on parameters, and gradients may come to it */
    void **value;     /* [tensor id] */
    float **gradient; /* [tensor id]: by the tensors that are reached; seed those of the targets */
    bool *given;      /* [tensor id]: tape_backward() knows its gradient */
    float **by_weights, **by_bias; /* [layer]: sums over the batch, laid out like the tensors; NULL: cannot change */
};

/* false, with nothing to end, when no layer's gradient can be had, or one batch would need too much memory. */
bool tape_begin(struct tape *tape, const struct graph *graph, const struct layers *layers);
void tape_end(struct tape *tape);

/* Run samples index[0 .. count) through the pruned network, or the dense one. count <= capacity. */
void tape_forward(struct tape *tape, const struct calibration *calibration, const int64_t index[], int64_t count,
                  bool dense);
/* From the targets' gradients to all others, for the network that ran forward last: `dense` must be the same. */
void tape_backward(struct tape *tape, bool dense);

#endif
