/* edit.h -- small steps on a graph that passes share. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EDIT_H
#define MEDNN_EDIT_H

#include "../ir/graph.h"

/* Looks at one node; true when it changed the graph. */
typedef bool graph_rule(struct graph *graph, struct node *node);

/* Apply rules to nodes, front to back, until none changes anything; sweeps the graph in between. */
void rules_apply(struct graph *graph, graph_rule *const rule[], int count);

/* Compute a node whose inputs are constant (or whose operator looks at shapes only) and turn its outputs into
 * constants; the caller drops the node. false when it cannot be folded, or when a result is larger than
 * `limit` bytes and than all inputs together. */
bool node_fold(struct graph *graph, struct node *node, int64_t limit);

/* Let the readers of the node's output 0 read its input `i` instead, keeping the names of graph outputs.
 * false when that is impossible (a graph output that is fed or constant, or of another shape). The node is
 * then dead; graph_sweep() drops it. */
bool node_bypass(struct graph *graph, struct node *node, int i);

/* The node whose result 0 is `tensor`, when only `reader` reads that; else NULL. */
struct node *node_private_producer(const struct graph *graph, const struct tensor *tensor, const struct node *reader);

/* `producer` delivers what `node` delivered, which is dead afterwards. */
void node_take_over(struct graph *graph, struct node *producer, struct node *node);

/* A new node with one output, placed before `before`, of the newest opset's operator `op_type`; its output is
 * shaped like `like` and has a name made from it. */
struct node *node_insert(struct graph *graph, const struct node *before, const char *op_type, int input_count,
                         const struct tensor *like);

/* Let the node compute something else: the newest `op_type` of these inputs, without attributes. */
void node_become(struct graph *graph, struct node *node, const char *op_type, int input_count,
                 struct tensor *const input[]);

/* A new constant vector of int64. */
struct tensor *new_integers(struct graph *graph, const char *name, int count, const int64_t *values);

/* A new constant of these values, which it may keep, as float64 or rounded to float32. */
struct tensor *wide_reals(struct graph *graph, const char *name, enum type type, struct shape shape, const double *values);

/* Is the operator `op_type` of the default domain? */
bool node_is(const struct node *node, const char *op_type);

/* The value of a constant whose elements are all equal, as a float. */
bool tensor_is_uniform(const struct tensor *tensor, float *value);

/* The values of a float constant that broadcasts to `like` along axis 1 only, one per channel (a uniform one
 * counts); NULL when it is anything else. */
const float *tensor_per_channel(struct arena *arena, const struct tensor *tensor, struct shape like);

#endif
