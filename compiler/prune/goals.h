/* goals.h -- what pruning is to reduce, and what a channel is worth. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GOALS_H
#define MEDNN_GOALS_H

#include "budget.h"
#include "prospect.h"
#include "prune.h"

struct goals {
    const struct graph *graph;
    const struct channels *channels;
    /* Where `wish` is false, nobody knows the devices, and multiply-accumulates are all that counts. */
    bool has_wish;
    struct prospect_wish wish;
    struct prospect dense;            /* with `wish` */
    struct cost seconds;              /* foretold, as shares of all: what else counts beside the goals, if time_counts */
    bool time_counts;
    struct goal item[PRUNE_GOALS];
    struct prune_goal *result;        /* [count]: item's */
    int count;
};

/* Sets the result's goals. */
void goals_begin(struct goals *goals, const struct graph *graph, const struct channels *channels,
                 const struct prune_options *options, struct prune_result *result);
void goals_end(struct goals *goals);

/* What goes with one class of a group, on average: shares of the goals' costs, summed up. */
double goals_of_class(const struct goals *goals, int group);

/* Choose how many classes of each curve go so that `part` of every goal is reached; what depends on the plan is planned again
 * until it fits. Sets count[curve], removed[class] and the result's `reached`. */
void goals_choose(struct goals *goals, const struct curves *curves, double part, int reach, int count[], bool removed[]);

/* What is foretold of the network without those classes: sets the result's seconds and bytes. */
void goals_foretell(const struct goals *goals, const bool removed[], struct prune_result *result);

#endif
