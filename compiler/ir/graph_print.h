/* graph_print.h -- a graph as text, and the checks between passes. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GRAPH_PRINT_H
#define MEDNN_GRAPH_PRINT_H

#include "graph.h"

/* One line per input and node: name shape [blocked] = Op(inputs) {attributes} + epilogue. */
void graph_print(struct text *text, const struct graph *graph);

/* assert()s on what graph.h promises: tensors in the list under their id, one producer each, inputs produced before
 * they are read. */
void graph_verify(const struct graph *graph);

#endif
