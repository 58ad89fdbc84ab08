/* node_cases.h -- small graphs of one node, at least one for every operator, for laws that hold for all of
 * them.
 *
 * The lists are in cases_*.c, a line a case. The same graph and values come out on every machine. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NODE_CASES_H
#define MEDNN_NODE_CASES_H

#include "ir/graph.h"

int node_case_count(void);
/* The line of the list, for messages. */
const char *node_case_line(int index);

/* Build case `index`: one node of the newest opset, op set, shapes inferred, graph inputs "x0", "x1", ... in
 * the order of the node's inputs that are not constant, graph outputs "y0", "y1", ... */
struct graph *node_case_graph(struct arena *arena, int index);

/* Build any graph from text. Nodes are separated by "; ", each one is
 *     [%NAME] OPERATOR [/OUTPUTS] INPUT... ATTRIBUTE...
 * An input is %NAME, the output of a node before; or a shape (1x3x4, or "scalar"), after a type and a colon
 * unless it is float32: an input of the graph, or with = in front a constant of random values, with + behind
 * positive values;
 * @1,2 is a constant vector of int64, #0.5 a float constant scalar, #0.5,1 a vector, - an absent input. An attribute is
 * name=1, name=0.5, name=[1,2], name=[0.5,1.0], name=WORD or name=[WORD,WORD]. The outputs of the last node are those of the graph. */
struct graph *graph_from_text(struct arena *arena, const char *text, uint64_t seed);
/* The same as the importer would leave it, of any opset: no op set, only inputs and constants shaped. */
struct graph *graph_of_opset(struct arena *arena, const char *text, int opset, uint64_t seed);

/* Values for a graph input, the same for the same seed: floats in (-2, 2) without zeros, small integers,
 * bools. */
void *node_case_values(struct arena *arena, const struct tensor *tensor, uint64_t seed);

/* Next number of a fixed sequence: uniform 64 bits. */
uint64_t random_next(uint64_t *state);

#endif
