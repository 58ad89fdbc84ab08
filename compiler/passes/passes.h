/* passes.h -- what each pass promises. The order is the table in pipeline.c. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PASSES_H
#define MEDNN_PASSES_H

#include "../ir/graph.h"
#include "../plan/program.h"
#include "../prune/compact.h"

/* Bring nodes of older opsets to the newest meaning and set node->op. Where a version turned an attribute into an input
 * (axes, pads, bounds of Clip, ...), the node has the input afterwards. Marks graph inputs whose elements and shape nothing reads.
 * Fails on operators that are not known. */
void upgrade(struct graph *graph);

/* Give every tensor its type and shape, in one forward pass. Nodes whose inputs are all constant are folded on the way,
 * because shapes may depend on them (Shape, Gather, Concat, Reshape). Nodes that hold graphs (If, Loop, Scan) are replaced by what
 * they compute, and shapes that follow from computed values are settled by declared ones (op->settle). */
void infer_shapes(struct graph *graph);

/* Replace nodes whose inputs are all constant by their results, unless a result is larger than 64 MiB, and nodes whose results have no
 * elements. */
void fold_constants(struct graph *graph);

/* Remove nodes that do nothing, and write patterns as the one operator that they mean. */
void simplify(struct graph *graph);

/* Fold BatchNormalization and per-channel constants into the weights before them, or, where there is no padding, behind
 * them. What is left of BatchNormalization becomes Mul and Add. */
void fold_scales(struct graph *graph);

/* Remove channels that cannot change the outputs (prune/compact.h); says what went in a note and in `change`. */
void compact_channels(struct graph *graph, double zero_threshold, struct graph_change *change);

/* Let nodes on float16, bfloat16 and integers of 8 and 16 bits that have no kernel, but would have one on float32, compute
 * on float32 between Casts: results are rounded once. Nodes that have float64 too compute on that. */
void widen(struct graph *graph);

/* Write pooling of whole maps (GlobalAveragePool, GlobalMaxPool, AveragePool and MaxPool with one window for all) of float32 and float64
 * as pooling within rows, of whatever is behind axis 2, and then over the rows. */
void split_pools(struct graph *graph);

/* Write RNN, GRU and LSTM as a product of all inputs with W and the time steps of the recurrence (operators/recurrent.h). The steps of
 * a direction are one node, or, where the devices of a cluster are to share the hidden units, up to 256 of them. */
bool recurrent_expands(const struct node *node); /* in float32 or float64 */
void expand_recurrent(struct graph *graph, const struct cluster *cluster, enum partition mode);

/* Write fully connected layers behind other ones as sums of products with parts of their inputs, a part in proportion to its speed for each
 * device of the cluster: results then depend on the devices in their last bits. Returns whether there was one. */
bool split_sums(struct graph *graph, const struct cluster *cluster);

/* Let a node add a residual and apply an activation before it stores its result. */
void fuse(struct graph *graph);

/* What decides which kernels are taken. */
struct kernel_wish {
    const double *seconds; /* per unit of each kind of work (plan/rates.h); NULL: of any target */
    bool no_winograd;      /* no kernel may use Winograd's algorithm */
    const struct tuning *tuning; /* what was measured on some machine goes before what is foretold; NULL: nothing was */
    /* For mednn-tune: > 0 takes that one of each node's kernels that are worth a try, round and round, whatever weights they add. */
    int turn;
};

/* Give every node a kernel: the one that takes the least time, conversions of layout counted in; and what was weighed, as
 * node->choice. `wish` NULL: as usual. Fails with the node's name when no kernel accepts it. Winograd's algorithm must be foretold to
 * save a quarter, and may add half of the model's weights, or 64 MiB; beyond that the nodes that gain least for their bytes do
 * without. */
void choose_kernels(struct graph *graph, const struct kernel_wish *wish);
/* Kernels that are worth a try: those that want the layouts of the cheapest one and are foretold to take at most three times as
 * long. How many the node with most of them has; and is the choice of one node open? */
int choose_kernels_turns(const struct graph *graph);
bool choose_kernels_is_open(const struct node *node);

/* Set every tensor's layout to what its producer writes, and insert "mednn.Layout" nodes where a reader wants the
 * other one. Graph inputs take the layout of their first reader. */
void choose_layouts(struct graph *graph);

/* What the user asks of a plan. */
struct partition_wish {
    enum partition mode;
    bool throughput; /* auto: the shortest time between inferences, not of one */
    bool no_overlap; /* a baseline: exchanges are waited for where they begin */
    bool wire_half;  /* floats travel as float16 */
    double effort;   /* how long to search, as a part of what is usual; 0: as usual */
};

/* Say which device computes which part of every tensor, and what must move between them, and foretell how long it takes.
 * rows: every divided node is cut along one axis in proportion to the devices' speeds (axis 2 of feature maps).
 * gtdp: feature maps are cut into one rectangle per device, greedily across the longer side (Mao et al., MeDNN, ICCAD
 * 2017). star: as rows, but every tensor passes through device 0. single: device 0 does everything. auto: the
 * fastest plan that a search finds by simulation, never slower by it than the others. The named ones leave nodes without
 * multiply-accumulates where the fewest elements have to be moved. */
void partition(struct graph *graph, const struct cluster *cluster, struct partition_wish wish, struct plan *plan);

/* One order of steps for all devices. What peers need of a node's outputs is computed and sent first (see plan/phases.h); each
 * device waits for what it receives where it first reads it, and computes meanwhile what does not depend on it. What one
 * device sends to another at one point of the order is one frame. */
void schedule(const struct plan *plan, struct program *program);

/* Let each device compute layers that follow each other a band of rows at a time where that saves time (plan/bands.h). */
struct band_wish {
    int64_t bytes;   /* what the layers touch in a band takes at most; 0: about half of a server core's cache, all of a phone's */
    bool everywhere; /* also where it saves nothing */
};
void band(struct program *program, struct band_wish wish);

/* Decide what each device stores of each tensor, and where: one arena per device, memory shared by buffers that are
 * never alive at the same time, largest first. */
void place_buffers(struct program *program);

#endif
