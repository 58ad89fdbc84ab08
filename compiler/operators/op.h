/* op.h -- everything the compiler knows about the meaning of an ONNX operator.
 *
 * One operator is one row of the table in op.c; a file holds a family of rows. An absent hook has a safe
 * meaning: without `reads` a node is never split, without `evaluate` it is never folded. How an operator is
 * computed by generated code is not said here: that is kernels/. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_OP_H
#define MEDNN_OP_H

#include "../ir/graph.h"

struct couples;
struct cut;
struct known;

/* One piece of pure data movement. A loop over counts k[a] < count[a] copies
 *     output[ output_start[b] + output_step[b] * k[b] for each axis b ]  <-
 *     input[ input_start[a] + input_step[a] * k[input_axis[a]] for each axis a of the input ]
 * where loop axis b drives output axis b. input < 0: the output elements are set to the node's fill value
 * (`fill`). */
struct move {
    int input, input_rank;
    int64_t count[MAX_RANK];                               /* of the output's rank */
    int64_t output_start[MAX_RANK], output_step[MAX_RANK]; /* steps > 0 */
    int64_t input_start[MAX_RANK], input_step[MAX_RANK]; /* of the input's rank; steps may be 0 or negative */
    int input_axis[MAX_RANK]; /* loop axis that drives input axis a; ignored for step 0 */
};

/* Multiplication with constant weights: for every group g, position i, output m
 *     Y[i][g * columns + m] = scale * sum over p of X_g[i][p] * W_g[p][m]  +  bias_scale * B[g * columns + m]
 * where row X_g[i] of the unrolled input comes from the hook `unroll`. Everything is float. */
struct linear {
    int data, weights; /* inputs of the node */
    int bias;          /* input that holds B, one number per output, or where it may be put; -1: there is no place for one */
    bool biased;       /* B is there, constant, with one number per output (any rank) */
    bool depthwise;    /* group > 1: inputs belong to single groups, and only whole groups can be removed */
    int64_t group, rows, columns;                    /* rows and columns of one group's matrix */
    int64_t group_stride, row_stride, tap_stride, column_stride; /* where W_g[p][m] lies in the weights: linear_at() */
    int row_axis, column_axis; /* of the weights tensor: row p is slice p / taps of row_axis, output g * columns + m
                                  slice of column_axis */
    int data_axis, output_axis; /* of the data input and of output 0: where inputs and outputs lie */
    int64_t taps;
    int64_t positions; /* rows of X */
    int64_t inner;     /* Y[i][k] is element i / inner * (group * columns * inner) + k * inner + i % inner of output 0 */
    double scale, bias_scale; /* Gemm's alpha and beta */
    bool padded; /* X may hold zeros of padding: a constant input is not a constant column of X */
};

static inline int64_t linear_at(const struct linear *linear, int64_t group, int64_t row, int64_t column)
{
    return group * linear->group_stride + row / linear->taps * linear->row_stride + row % linear->taps * linear->tap_stride +
           column * linear->column_stride;
}

struct moves {
    struct arena *arena;
    int count, capacity;
    struct move *item;
    double fill; /* used by pieces with input < 0 */
};

struct op {
    const char *type;   /* ONNX op_type */
    const char *domain; /* "" or "mednn" */
    int since_version;  /* opset whose meaning this row has: the newest that changed the meaning */
    int min_inputs, max_inputs, max_outputs; /* max_inputs < 0: any number */
    unsigned types;                          /* of input 0: TYPES_ masks; 0: any that is held */
    const char
        *attributes; /* names of all attributes of this version, each followed by a blank; NULL: none */

    /* Set type and shape of every output that is not NULL (node->output[i]->type, ->shape). Inputs are
     * shaped. Fails through node_fail on wrong attributes, types and shapes. Required, unless `settle` leaves no node of
     * this operator. */
    void (*infer)(struct graph *graph, struct node *node);

    /* Called before `infer` and again after every change: where the shape of a result follows from inputs that are
     * computed, put constants that the declared shape implies in their place, and checks of what the values turn out to be
     * (settle.h). May put nodes before the node, whose inputs are shaped, and make the node another one. NULL: nothing
     * to do. */
    void (*settle)(struct graph *graph, struct node *node);

    /* Compute all outputs in plain loops: the independent oracle, and constant folding. input[i] and
     * output[i] are row-major arrays of the tensors' types (NULL where absent). Ignores the epilogue. */
    void (*evaluate)(const struct node *node, const void *const input[], void *const output[]);

    /* The part of input `input` that computing `region` of output `output` reads. May reach outside of the
     * input's bounds where the operator pads (Conv, pooling): the caller clips. NULL: reads everything, never
     * split. */
    struct region (*reads)(const struct node *node, int input, int output, struct region region);

    /* Pure data movement: append the pieces that make up the whole output 0, disjoint. Gives `reads` and a
     * kernel for nothing; `evaluate` stays the independent oracle. Appends nothing where the movement depends
     * on computed values: then `reads` says what is read. */
    void (*moves)(const struct node *node, struct moves *moves);

    /* The box of input `input` that the pieces of `moves` copy into `region` of output 0, where that is known without listing all
     * pieces: plans ask for it often. NULL: it is found in the list. */
    struct region (*moves_read)(const struct node *node, int input, struct region region);

    /* Multiply-accumulates for computing `region` of output 0. NULL: none. */
    int64_t (*macs)(const struct node *node, struct region region);

    /* Tie slices of inputs and outputs that can only be removed together, through the functions of
     * couple.h. The law: where all slices of a class are zero, removing them from the node leaves
     * the other slices of its outputs as they are. NULL: all axes of all its tensors are pinned. */
    void (*couple)(const struct node *node, struct couples *couples);

    /* Slices are about to be removed: rewrite what the node says about indices and sizes (group, pads, target of
     * Reshape, ...). Shapes of tensors are still the old ones, constants not yet cut. Nodes whose inputs and
     * outputs lose nothing are not asked. NULL: it says nothing of the kind. */
    void (*cut)(struct graph *graph, struct node *node, const struct cut *cut);

    /* Where all elements of a slice along `axis` of output `output` have one value that follows from what is known of
     * the inputs (known.h), set value[index]; others are NAN. NULL: nothing follows. */
    void (*constant)(const struct node *node, const struct known *known, int output, int axis, double value[]);

    /* Multiplication with constant weights: how the product is laid out. false: the weights are computed, or something
     * else than one constant per output is added. */
    bool (*linear)(const struct node *node, struct linear *linear);

    /* One row of the unrolled input matrix of a `linear` node: what output position `position` multiplies with the
     * weights of group `group`. `data` holds the whole data input (float); row[linear.rows]. Padding is zero. */
    void (*unroll)(const struct node *node, const struct linear *linear, int64_t group, int64_t position,
                   const float *data, float row[]);

    /* Element-wise operators: one output element from one element of every input (0 for absent inputs;
     * whether one is there, node_input() says). `integer` serves when all inputs are integers or bools, and
     * wraps around. */
    double (*real)(const struct node *node, const double x[]);
    int64_t (*integer)(const struct node *node, const int64_t x[]);

    /* f(0) is 0 and defined in every lane: pad lanes of blocked tensors need no masking. Element-wise
     * operators. */
    bool keeps_zero;

    /* Its kernels take an epilogue: the pass `fuse` may set one. */
    bool epilogue;

    /* Inputs may be sequences: `settle` takes them. A node whose output 0 it makes a sequence is done with. */
    bool sequences;

    /* The outputs depend on the shapes of the inputs only, not on their elements. */
    bool shape_only;
};

/* Sets of types, for `types`. */
#define TYPE_BIT(type) (1u << (type))
#define TYPES_FLOAT                                                                                          \
    (TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_DOUBLE) | TYPE_BIT(TYPE_FLOAT16) | TYPE_BIT(TYPE_BFLOAT16))
#define TYPES_SIGNED                                                                                         \
    (TYPE_BIT(TYPE_INT8) | TYPE_BIT(TYPE_INT16) | TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64))
#define TYPES_UNSIGNED                                                                                       \
    (TYPE_BIT(TYPE_UINT8) | TYPE_BIT(TYPE_UINT16) | TYPE_BIT(TYPE_UINT32) | TYPE_BIT(TYPE_UINT64))
#define TYPES_INTEGER (TYPES_SIGNED | TYPES_UNSIGNED)
#define TYPES_NUMBER (TYPES_FLOAT | TYPES_INTEGER)
/* Integers of less than 8 bits, which are moved, cast and quantised alone: not in TYPES_INTEGER. */
#define TYPES_NARROW (TYPE_BIT(TYPE_UINT4) | TYPE_BIT(TYPE_INT4) | TYPE_BIT(TYPE_UINT2) | TYPE_BIT(TYPE_INT2))
#define TYPES_BOOL TYPE_BIT(TYPE_BOOL)

/* The newest opset whose changes the table knows. */
enum { NEWEST_OPSET = 26 };

/* NULL when the operator is not known. The row returned has since_version <= opset. */
const struct op *op_find(const char *domain, const char *type, int opset);
/* The table, for --list-operators and the law tests: count rows. */
const struct op *const *op_table(int *count);

/* ---- the hooks with the epilogue and the defaults taken in ---- */

/* Clipped to the input's bounds; whole for operators without `reads` and without `moves`. */
struct region node_reads(const struct node *node, int input, int output, struct region region);
/* Not clipped: what the node touches when its input is stored with a border of padding. */
struct region node_touches(const struct node *node, int input, int output, struct region region);
bool node_can_split(const struct node *node); /* has `reads` or `moves` */
int64_t node_macs(const struct node *node, struct region region);
/* op->evaluate, then residual and activation. */
void node_evaluate(struct arena *arena, const struct node *node, const void *const input[],
                   void *const output[]);
/* The pieces of a data-movement node; count 0 for others. */
struct moves node_moves(struct arena *arena, const struct node *node);
/* The box of input `input` that the pieces copy into `region` of the output; empty when none does. */
struct region moves_reads(const struct moves *moves, int input, struct region region);

/* Fails when inputs are missing, or when there are too many inputs or outputs. */
void node_check_counts(const struct node *node);

/* Type and number of inputs, number of outputs, names of attributes as the row says; then op->infer. Sets
 * `shaped`. */
void node_infer(struct graph *graph, struct node *node);

/* ---- attributes that several parts of the compiler read ---- */

/* Attribute `axis` within the rank of input 0 (or `otherwise` when absent); fails when it is out of range. */
int node_axis(const struct node *node, int64_t otherwise);
/* MaxUnpool: the output's shape without output_shape, through which indices count. */
struct shape unpool_natural_shape(const struct node *node);
/* OneHot: the axis of the result that depth runs along. */
int one_hot_axis(const struct node *node);
/* CumSum, CumProd: the axis that input 1 says; -1 when that is computed. */
int cumulated_axis(const struct node *node);
/* Reduce*: which axes go (input 1, or all). Returns false when none does (noop_with_empty_axes): every element is then reduced
 * alone. */
bool reduce_axes(const struct node *node, bool reduced[MAX_RANK]);
/* Clip: the bounds when they are constant (infinite when absent); false when they are computed. */
bool clip_bounds(const struct node *node, double *low, double *high);

/* One of the smooth activations (activation_is_smooth()) by its definition; alpha counts for ACTIVATION_SWISH only. */
double smooth_activation(enum activation activation, double alpha, double x);
/* y = activation(x) for one value, in plain C: the oracle of the epilogue. */
float activation_evaluate(const struct epilogue *epilogue, float x);

#endif
