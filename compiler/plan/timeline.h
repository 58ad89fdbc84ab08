/* timeline.h -- what each device does when: an event simulation of divisions of a graph.
 *
 * Every device has its own time line; nothing waits for all. It computes the nodes in the graph's order and each node's boxes
 * in the order of phases.h; messages occupy the sender's way up and the receiver's way down, or the one medium that all
 * share, and arrive a latency later; either end spends processor time on them.
 *
 * Divisions can be changed one node at a time and taken back, so that a search pays for what it changes only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TIMELINE_H
#define MEDNN_TIMELINE_H

#include "cost.h"
#include "divide.h"

struct timeline;

/* How the programs exchange. */
struct timeline_rules {
    bool relay;      /* everything passes through device 0 */
    bool no_overlap; /* every exchange is waited for where it begins */
    bool wire_half;  /* floats travel as float16 */
    bool undivided;  /* no layer is divided to compute while messages travel: other inferences are computed then */
};

/* With nothing divided yet: set every node before it is run. The model and the graph must outlive it; memory comes from
 * `arena`. */
struct timeline *timeline_new(struct arena *arena, const struct graph *graph, const struct cost_model *model,
                              struct timeline_rules rules);
void timeline_free(struct timeline *timeline); /* what does not lie in the arena */

/* Divide node number `n`; returns whether that changed anything. */
bool timeline_divide(struct timeline *timeline, int n, const struct division *division);
/* On `device`, what the readers there need of output 0 of node number `n`; empty when none does. */
struct region timeline_wanted(const struct timeline *timeline, int n, int device);
/* Does the device compute the interior of its piece apart, as phases.h says? Known after a run. */
bool timeline_divides(const struct timeline *timeline, int n, int device);
/* Does its interior wait there until the next node has sent? */
bool timeline_joined(const struct timeline *timeline, int n, int device);
struct region timeline_piece(const struct timeline *timeline, int n, int device);

/* Keep the changes since the last keep or undo, or take them back. */
void timeline_keep(struct timeline *timeline);
void timeline_undo(struct timeline *timeline);

/* Seconds of one inference, or with `throughput` between two. Fills `forecast` unless it is NULL; spans too if `arena` is not. */
double timeline_run(struct timeline *timeline, bool throughput, struct forecast *forecast, struct arena *arena);

/* Grows with the work that changes have made: the same on every machine. */
int64_t timeline_effort(const struct timeline *timeline);

/* About how many bytes of weights, and of tensors at most at any time, a device needs. */
int64_t timeline_weights(const struct timeline *timeline, int device);
int64_t timeline_tensors(const struct timeline *timeline, int device);

#endif
