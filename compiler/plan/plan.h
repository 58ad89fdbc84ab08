/* plan.h -- who computes, holds and needs which part of every tensor. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PLAN_H
#define MEDNN_PLAN_H

#include "forecast.h"

enum partition { PARTITION_AUTO, PARTITION_GTDP, PARTITION_ROWS, PARTITION_STAR, PARTITION_SINGLE };
const char *partition_name(enum partition partition);

/* How one node is divided: a box of output 0 for each device, empty for those without work. Together they cover the output;
 * where they overlap, the same is computed more than once. */
struct division {
    struct region piece[MAX_DEVICES];
};

/* Move `region` of `tensor` from one device to another. */
struct transfer {
    struct tensor *tensor;
    int from, to;
    struct region region;
    bool relayed; /* `from` did not compute it, but received it by transfers that are not relayed */
};

struct plan {
    const struct graph *graph;
    const struct cluster *cluster;
    enum partition partition; /* the one asked for */
    /* [tensor id * devices + device] */
    struct region_list *own;  /* computed there, or fed there (graph inputs on device 0) */
    struct region_list *need; /* read there by nodes it computes, or delivered there (graph outputs on device 0) */
    struct transfer *transfer;
    int transfer_count, transfer_capacity;
    /* [device], or NULL where nobody knows: the multiply-accumulates that it does while a frame travels */
    const double *exchange_macs;
    /* [node index * devices + device]: divide what it computes of the node as phases.h says. NULL: where that pays. */
    const bool *divide;
    /* The same: on that device the rest of the node waits until the next one has sent, see phases.h. NULL: never. */
    const bool *joined;
    struct forecast forecast;
    struct comparison comparison; /* of what was foretold for this plan and others: seconds, or between inferences */
    bool throughput;              /* the plan was made for the shortest time between inferences */
    bool wire_half;  /* floats travel as float16, rounded */
    bool no_overlap; /* as a baseline: every exchange is waited for where it begins, and no layer is divided */
};

/* Take away what a device would compute for nobody: pieces that nothing there reads and that others compute as well. Divisions of
 * all nodes, one each in execution order. */
void divisions_drop_unused(const struct graph *graph, int devices, struct division *division);

/* What follows from the divisions of all nodes, one each in execution order: who owns and needs what, and what moves. With
 * `relay` everything passes through device 0. `partition` is left for the caller to say. */
void plan_build(const struct graph *graph, const struct cluster *cluster, const struct division *division, bool relay,
                struct plan *plan);
/* Output k's part that goes with `piece` of output 0. */
struct region piece_of_output(const struct node *node, int k, struct region piece);
/* The part of input i that computing `piece` (of output 0, and what goes with it) reads. */
struct region piece_reads(const struct node *node, int i, struct region piece);

struct region_list *plan_own(const struct plan *plan, const struct tensor *tensor, int device);
struct region_list *plan_need(const struct plan *plan, const struct tensor *tensor, int device);
/* Bytes that elements of a tensor take in a frame: multiples of 4 where floats travel as float16. */
int64_t plan_wire_bytes(const struct plan *plan, const struct tensor *tensor, int64_t elements);
/* MACs of a node on one device. */
int64_t plan_macs(const struct plan *plan, const struct node *node, int device);

/* Inferences that should be on their way at the same time: where the plan is for throughput, so many that the busiest device always
 * has one to go on with, while one waits for its turn to deliver outputs. */
int plan_in_flight(const struct plan *plan);

void plan_print(struct text *text, const struct plan *plan);
/* assert()s: every device holds what it needs, of graph outputs device 0 all; transfers cover need - own
 * exactly once. */
void plan_verify(const struct plan *plan);

#endif
