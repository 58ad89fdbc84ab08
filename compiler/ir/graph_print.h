/* graph_print.h -- a graph as text, and a check of what graph.h promises. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GRAPH_PRINT_H
#define MEDNN_GRAPH_PRINT_H

#include "graph.h"

/* One line per input, constant, output and node:
 *     y: float32 1x8x28x28 blocked = Conv 'conv1' (x, W, -) {group=1, pads=[1, 1, 1, 1]} + input 3, relu, by conv_direct
 * Names are escaped, subgraphs are indented below their node, values are shown of constants with up to 8 elements. The
 * text depends on the graph alone. `more` adds to the line of a node; NULL: nothing does. */
typedef void graph_print_more(struct text *text, const struct node *node);
void graph_print(struct text *text, const struct graph *graph, graph_print_more *more);

/* What the time that a node takes depends on: operator, types and shapes of inputs and outputs, which of them are constant,
 * attributes in alphabetical order, epilogue. No names, no layouts. */
void node_describe(struct text *text, const struct node *node);

/* assert()s: ids and names are unique; every tensor has one producer, which stands before its readers; producers and
 * uses are right; constants, layouts and epilogues make sense; for subgraphs too. */
void graph_verify(const struct graph *graph);

#endif
