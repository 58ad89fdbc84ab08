/* plan.h -- who computes, holds and needs which part of every tensor. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PLAN_H
#define MEDNN_PLAN_H

#include "../ir/graph.h"

#define MAX_DEVICES 64

/* One device of the cluster, device 0 being the owner. */
struct device {
    const char *name;
    double speed;        /* relative; > 0 */
    const char *address; /* host or IPv4/IPv6 address; NULL: 127.0.0.1 */
    int port;            /* 0: chosen by the planner's default, 7700 + index */
    int64_t memory;      /* bytes it may use; 0: unknown */
    const char *target;  /* instruction set or NULL */
};

struct cluster {
    int count;
    struct device device[MAX_DEVICES];
};

enum partition { PARTITION_AUTO, PARTITION_GTDP, PARTITION_ROWS, PARTITION_STAR, PARTITION_SINGLE };
const char *partition_name(enum partition partition);

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
    /* [node index * devices + device]: divide what it computes of the node as phases.h says. NULL: where phases_pay() says so. */
    const bool *divide;
    bool no_overlap; /* as a baseline: every exchange is waited for where it begins, and no layer is divided */
};

struct region_list *plan_own(const struct plan *plan, const struct tensor *tensor, int device);
struct region_list *plan_need(const struct plan *plan, const struct tensor *tensor, int device);
/* MACs of a node on one device. */
int64_t plan_macs(const struct plan *plan, const struct node *node, int device);

void plan_print(struct text *text, const struct plan *plan);
/* assert()s: every element of every tensor is owned by somebody who holds what it needs; transfers cover need - own
 * exactly once. */
void plan_verify(const struct plan *plan);

#endif
