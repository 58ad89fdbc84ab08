/* settle.h -- shapes that follow from values which only run time knows: compiled from what the model declares, and checked
 * when the value is there.
 *
 * An operator's hook `settle` uses them before its node is inferred. Two operators of our own do the work at run time:
 * mednn.Holds (value...) -> bool says whether a value means what was compiled for, and mednn.Require (bool) ends the
 * inference with an error when it does not. All other nodes stay free of errors: whatever they compute is harmless. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SETTLE_H
#define MEDNN_SETTLE_H

#include "../ir/graph.h"

/* Input i is there and its value is not known at compile time. */
bool input_is_computed(const struct node *node, int i);

/* The shape that the model declares for output k, or for what element-wise operators make of it: a guess that is checked. */
bool declared_shape(const struct graph *graph, const struct node *node, int k, struct shape *shape);

/* Fail: input i is computed and nothing declares the shape that follows from it. `what` names the input: "starts". */
noreturn void fail_undeclared(const struct node *node, int i, const char *what);

/* declared_shape() of output 0, which must have rank `rank` (-1: any); fails as fail_undeclared() does. */
struct shape settled_shape(const struct graph *graph, const struct node *node, int i, const char *what, int rank);

/* What mednn.Holds asks; `expected` and `from` are its attributes.
 * EQUAL: the elements are `expected`. AT_MOST: none is greater.
 * RESHAPE: as `shape` of Reshape (with allowzero, or not) they make `expected` of a tensor of shape `from`.
 * EXPAND: as `shape` of Expand, likewise. SQUEEZE: as `axes` of Squeeze, likewise.
 * AXES: as axes of a tensor of rank `from[0]` they are the set `expected`, none twice.
 * RANGE: three inputs start, limit and delta give `expected[0]` numbers. */
enum holds_kind {
    HOLDS_EQUAL,
    HOLDS_AT_MOST,
    HOLDS_RESHAPE,
    HOLDS_RESHAPE_ZERO, /* allowzero */
    HOLDS_EXPAND,
    HOLDS_SQUEEZE,
    HOLDS_AXES,
    HOLDS_RANGE
};
enum { HOLDS_KINDS = HOLDS_RANGE + 1 };

/* The bool scalar that says whether `value` holds, computed before `node`. */
struct tensor *value_holds(struct graph *graph, const struct node *node, struct tensor *value, enum holds_kind kind,
                           int count, const int64_t *expected, struct shape from);

/* The same for the inputs start, limit and delta of a Range. */
struct tensor *range_holds(struct graph *graph, const struct node *node, int64_t count);

/* Let the inference end with an error unless `truth`, a bool scalar, is true; checked before `node`, and only where the
 * node's results matter. `what` begins the message after the node's name, shapes[] of `node` follow: "starts, ends and
 * steps do not give". */
void require(struct graph *graph, const struct node *node, struct tensor *truth, const char *what, struct shape shape);

/* Input i becomes the constant `expected` of its type and must be as value_holds() says. */
void settle_input(struct graph *graph, struct node *node, int i, const char *what, enum holds_kind kind, int count,
                  const int64_t *expected, struct shape from);

/* A node before `node`, with one output (of a name of its own, type and shape open) that is returned. */
struct tensor *node_before(struct graph *graph, const struct node *node, const char *domain, const char *op_type,
                           int input_count, struct tensor *const input[]);
/* The same of the default domain with one or two inputs (b NULL: one). */
struct tensor *combined(struct graph *graph, const struct node *node, const char *op_type, struct tensor *a, struct tensor *b);
/* A constant scalar of a floating-point type. */
struct tensor *real_constant(struct graph *graph, const struct node *node, enum type type, double value);
void set_ints(struct graph *graph, struct node *node, const char *name, int count, const int64_t *values);
void set_int(struct graph *graph, struct node *node, const char *name, int64_t value);
/* A constant of integers in any type, of rank 1 with `count` elements, or scalar when count < 0. */
struct tensor *integers_constant(struct graph *graph, const struct node *node, const char *what, enum type type, int count,
                                 const int64_t *values);

/* The node, of the default domain so far, becomes mednn.`op_type`, whose output 0 counts the elements along an axis of
 * output 1 that has `capacity` of them. More are an error; fewer, too, where other nodes read the result. */
void settle_count(struct graph *graph, struct node *node, const char *op_type, int64_t capacity);

/* The same check alone, for a node whose output 0 has room for `capacity` results: `count` says how many there are. */
void require_count(struct graph *graph, const struct node *node, struct tensor *count, int64_t capacity);

/* Input 0 of the node becomes a Gather of it along `axis`, of the `count` elements that mednn.`op_type` says from the node's
 * other inputs; what its other output says is required. Returns the indices. */
struct tensor *settle_axis(struct graph *graph, struct node *node, const char *op_type, int axis, int64_t count,
                           const char *what, struct shape y);

/* The node does nothing but hand `result` on. */
void settle_as_identity(struct graph *graph, struct node *node, struct tensor *result);
/* Let new nodes hand result[k] on as output k, and the node itself result[0]. Results of outputs that are NULL are not looked at. */
void settle_outputs(struct graph *graph, struct node *node, struct tensor *const result[]);
/* As settle_as_identity(), of a constant without elements where `y`, the shape of the result, has none. */
void settle_result(struct graph *graph, struct node *node, struct tensor *result, struct shape y);

/* The graph in attribute `name`, which must have so many inputs. */
const struct graph *body_of(const struct node *node, const char *name, int inputs);
/* Fails where so many iterations are too many to write out. */
void check_iterations(const struct node *node, const struct graph *body, int64_t iterations);

/* An element of a sequence, whose size must be known. */
struct tensor *item_of(const struct node *node, const struct sequence *sequence, int i);

/* The attributes of mednn.Holds. */
struct holds {
    enum holds_kind kind;
    int64_t count; /* of expected */
    const int64_t *expected;
    int from_count;
    const int64_t *from;
};
struct holds holds_of(const struct node *node);

#endif
