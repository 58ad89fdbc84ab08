/* random_graphs.h -- random networks with channels of zeros, for tests of compaction and pruning. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RANDOM_GRAPHS_H
#define MEDNN_RANDOM_GRAPHS_H

#include "ir/graph.h"

/* The text (node_cases.h) of a random network: convolutions with and without padding, bias, groups and
 * strides, residual sums, concatenations, channel shuffles, squeeze-and-excitation, pooling, padding and
 * slicing of channels, activations with f(0) != 0, or (one in five) attention and perceptrons on sequences.
 */
const char *random_graph_text(struct arena *arena, uint64_t seed);

/* The graph of the text, weights scaled so that values stay moderate, and random filters (often the same ones
 * in all layers of one width) and input channels set to zero, their biases sometimes. */
struct graph *random_graph(struct arena *arena, const char *text, uint64_t seed);

#endif
