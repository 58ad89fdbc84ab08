/* export.h -- a graph becomes an ONNX file. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EXPORT_H
#define MEDNN_EXPORT_H

#include "../ir/graph.h"

struct export_bytes {
    const void *bytes;
    size_t size;
};

/* The graph as an ONNX model in memory: upgraded and shaped, plain ONNX (no epilogues, no operators of our
 * own). Names of nodes and tensors are kept. The opset is the lowest from 13 on in which every node can say
 * what it means; shapes are fixed. Fails (status 2) on what ONNX has no words for, and on models beyond 2
 * GiB. */
struct export_bytes export_model(struct graph *graph);

/* The lowest opset from 13 on in which the node can be written. */
int export_opset(const struct node *node);

#endif
