/* graph.h -- the ONNX graph as every pass sees it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GRAPH_H
#define MEDNN_GRAPH_H

#include "../support/arena.h"
#include "../support/name_map.h"
#include "../support/text.h"
#include "region.h"
#include "window.h"

#include <stdnoreturn.h>

struct op;
struct kernel;
struct node;
struct graph;

/* How a tensor's elements lie in memory. Plain: row-major, any type and rank. Blocked: float tensors of rank 3 and 4,
 * channels (axis 1) in blocks of W lanes, [N][C/W][H][columns][W]; W is each device's vector width, and lanes beyond
 * the last channel are zero after every step. */
enum layout { LAYOUT_PLAIN, LAYOUT_BLOCKED };

/* A list of tensors. A NULL item is there, but only run time knows its size. */
struct sequence {
    int count;
    struct tensor **item;
};

struct tensor {
    const char *name; /* unique in its graph */
    int id;           /* index in graph->tensor */
    enum type type;
    struct shape shape;
    bool shaped;              /* type and shape are known */
    const void *data;         /* a constant's elements, row-major; NULL for what is computed or fed */
    struct node *producer;    /* NULL for constants and graph inputs */
    int uses;                 /* by nodes and graph outputs; kept by graph_index() */
    enum layout layout;
    bool is_declared;         /* the model says which shape it has; what inference finds is what counts */
    struct shape declared;
    bool is_only_type;        /* a graph input of which nothing but the type counts: any shape will do, and its elements are not read */
    const struct sequence *sequence; /* while `infer_shapes` runs: what it stands for is no tensor but these */
};

enum attribute_kind {
    ATTRIBUTE_FLOAT = 1,
    ATTRIBUTE_INT = 2,
    ATTRIBUTE_STRING = 3,
    ATTRIBUTE_TENSOR = 4,
    ATTRIBUTE_GRAPH = 5,
    ATTRIBUTE_FLOATS = 6,
    ATTRIBUTE_INTS = 7,
    ATTRIBUTE_STRINGS = 8,
    ATTRIBUTE_TYPE = 13 /* of no consequence: what it says is not kept */
};

struct attribute {
    const char *name;
    enum attribute_kind kind;
    int64_t count; /* of ints, floats or strings */
    float f;
    int64_t i;
    const char *s;
    const float *floats;
    const int64_t *ints;
    const char *const *strings;
    struct tensor *tensor; /* a constant that belongs to no graph */
    struct graph *graph;
};

/* What a node does to its result before storing it: y = activation(result + residual). Set by the pass `fuse` only. */
enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_CLIP,         /* min(max(x, alpha), beta) */
    ACTIVATION_LEAKY_RELU,   /* x < 0 ? alpha x : x */
    ACTIVATION_HARD_SIGMOID, /* min(max(alpha x + beta, 0), 1) */
    ACTIVATION_HARD_SWISH,   /* x hard_sigmoid(x) with alpha = 1/6, beta = 1/2 */
    /* Smooth ones, for which kernels call functions. */
    ACTIVATION_SIGMOID,
    ACTIVATION_TANH,
    ACTIVATION_SILU,      /* x sigmoid(x) */
    ACTIVATION_SWISH,     /* x sigmoid(alpha x) */
    ACTIVATION_GELU,
    ACTIVATION_GELU_TANH, /* approximated by tanh */
    ACTIVATION_MISH
};
bool activation_is_smooth(enum activation activation);
const char *activation_name(enum activation activation); /* "leaky_relu"; "" of none */

struct epilogue {
    int bias;     /* index of the constant input that is added first, one number per position of the last axis; 0: none */
    int residual; /* index of the input that is added, of the output's shape; 0: none */
    enum activation activation;
    float alpha, beta;
};

struct node {
    const char *name; /* never NULL or empty, unique in its graph */
    const char *op_type, *domain; /* domain "" is ONNX's own; "mednn" is ours */
    const struct op *op;          /* set by the pass `upgrade`; NULL before */
    const struct kernel *kernel;  /* set by `choose_kernels`, as is `choice`, */
    const struct kernel_choice *choice; /* what it weighed; NULL: nothing */
    struct tensor **input;        /* NULL entries: optional inputs that are absent */
    struct tensor **output;       /* NULL entries: optional outputs that nobody asked for */
    int input_count, output_count;
    const struct attribute *attribute; /* the node's own array, made and changed by node_set_attribute() */
    int attribute_count;
    struct kept_window *kept_window; /* of operators/conv.c; copies of the node share it */
    struct epilogue epilogue;
    int home;    /* 1 + the device for which it was made, a first idea for the plan; 0: none */
    bool checks; /* may end the inference with an error: it stays even when nobody reads its outputs */
    /* While `infer_shapes` runs, for nodes that came out of a branch: their results matter only when this bool is true.
     * NULL: always. */
    struct tensor *when;
    void *settling; /* what an operator's hook `settle` keeps from one call to the next */
};

struct graph {
    struct arena *arena;
    const char *name;
    int opset; /* version of the default domain that the nodes follow; the newest after `upgrade` */
    struct node **node; /* in execution order */
    int node_count, node_capacity;
    struct tensor **tensor;
    int tensor_count, tensor_capacity;
    struct tensor **input, **output; /* as the user sees them */
    int input_count, output_count;
    struct name_map tensor_names, node_names; /* every name given so far, for making new ones unique */
};

/* ---- building and changing ---- */

/* A new tensor; the name is made unique by a suffix when it is taken. Type and shape are still to be set. */
struct tensor *graph_tensor(struct graph *graph, const char *name);
/* A new constant. `data` is not copied. */
struct tensor *graph_constant(struct graph *graph, const char *name, enum type type, struct shape shape,
                              const void *data);
/* A new node at position `at` of the execution order (node_count: at the end), with room for the inputs and outputs,
 * all NULL. The name is made unique. */
struct node *graph_node(struct graph *graph, int at, const char *name, const char *op_type, int input_count,
                        int output_count);
/* Let every reader of `old`, graph outputs and subgraphs included, read `new_tensor`; their `uses` follow. */
void graph_replace(struct graph *graph, struct tensor *old, struct tensor *new_tensor);
/* Drop nodes whose outputs nobody reads and that check nothing, and tensors that nothing mentions, in subgraphs too; graph inputs stay.
 * Recompute producer, uses and ids. */
void graph_sweep(struct graph *graph);
/* Recompute producer, uses and ids only, in subgraphs too. Reads by nodes of subgraphs count as uses. */
void graph_index(struct graph *graph);

/* Append an input or set an attribute of a node. */
void node_add_input(struct graph *graph, struct node *node, struct tensor *tensor);
void node_set_attribute(struct graph *graph, struct node *node, struct attribute attribute);
void node_remove_attribute(struct node *node, const char *name);

/* A graph inside of another, to be copied into that one, perhaps several times. */
struct inlining {
    const struct graph *inner; /* indexed by graph_index() */
    struct tensor **copy;      /* of the inner graph's tensors, by id; those of constants serve all calls. NULL at first */
};
/* Copy the nodes of the inner graph before node `before` of `graph`; they read `input[i]` for the inner graph's input i,
 * and their results matter while `when` is true (NULL: always). Sets output[k] to what stands for its output k. */
void graph_inline(struct graph *graph, const struct node *before, struct inlining *inlining,
                  struct tensor *const input[], struct tensor *when, struct tensor *output[]);
/* The whole graph again, with the same names and the same constants' data, in memory of `arena`; it must live while the copy
 * does. */
struct graph *graph_copy(struct arena *arena, const struct graph *graph);

/* Where the node stands. In the middle of a pass, nodes that were dropped may still stand in the list before it. */
int graph_position(const struct graph *graph, const struct node *node);

/* ---- reading ---- */

const struct attribute *node_attribute(const struct node *node, const char *name); /* NULL when absent */
int64_t node_int(const struct node *node, const char *name, int64_t otherwise);
float node_float(const struct node *node, const char *name, float otherwise);
const char *node_string(const struct node *node, const char *name, const char *otherwise);
/* Element i of an INTS attribute, or `otherwise` when the attribute is absent or shorter. */
int64_t node_ints(const struct node *node, const char *name, int i, int64_t otherwise);
/* Input i, or NULL when it is absent or out of range. */
struct tensor *node_input(const struct node *node, int i);
struct tensor *node_output(const struct node *node, int i);
bool tensor_is_constant(const struct tensor *tensor);
/* Element i of a constant of any held type, as int64: floats towards zero, what does not fit as the nearest bound
 * (NaN: 0). */
int64_t tensor_int(const struct tensor *tensor, int64_t i);
/* Element i of a constant of any held type, as double. */
double tensor_double(const struct tensor *tensor, int64_t i);
bool graph_is_output(const struct graph *graph, const struct tensor *tensor);
/* The only node that reads `tensor` (perhaps in several inputs), or NULL when several do, none does, a subgraph does,
 * or it is a graph output. Does not rely on graph_index(). */
struct node *graph_only_reader(const struct graph *graph, const struct tensor *tensor);

/* fail() with the node in front: "Conv 'conv1': ...". */
noreturn void node_fail(const struct node *node, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
