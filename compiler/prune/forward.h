/* forward.h -- a graph over many samples at a time, fast enough for calibration. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FORWARD_H
#define MEDNN_FORWARD_H

#include "../ir/graph.h"

/* The samples of one tensor: sample s begins `stride` bytes after sample s - 1. Constants have stride 0. */
struct stack {
    const void *data;
    size_t stride;
};

/* Fails (node_fail) when a node of the graph cannot be computed here: no `evaluate`, or a subgraph. */
void forward_check(const struct graph *graph);

/* Compute the outputs of a node for `samples` samples (no epilogue); output[k] holds `samples` dense arrays in
 * a row, NULL where nobody wants it. Float convolutions, products, element-wise operators and pools have fast forms,
 * everything else goes through the operator's `evaluate`. The result does not depend on the number of processors. */
void forward_node(const struct node *node, int64_t samples, const struct stack input[], void *const output[]);

size_t tensor_bytes(const struct tensor *tensor);

#endif
