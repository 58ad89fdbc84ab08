/* partition_state.h -- what the files of the search share: how every node is divided, tried and found. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PARTITION_STATE_H
#define MEDNN_PARTITION_STATE_H

#include "partition_search.h"

/* Ways of dividing, as numbers: OPTION_AXIS + axis is WAY_AXIS. */
enum { OPTION_SINGLE, OPTION_REPLICATED, OPTION_GREEDY, OPTION_BISECTION, OPTION_HYBRID, OPTION_AXIS, OPTIONS = OPTION_AXIS + MAX_RANK };

/* How one node is divided. */
struct choice {
    unsigned char option;
    bool follows; /* WAY_FOLLOW; the rest waits for the day when it does not */
    struct shares shares;
};

/* What the search knows of a node. */
struct place {
    unsigned allowed; /* bits of options */
    bool follows;     /* may follow */
    bool is_map, works;
};

/* How all nodes are divided, and what that costs. */
struct found {
    double cost;
    struct choice *cut; /* per node */
};

/* Where the search begins. */
struct start {
    int working; /* devices; 0: there is none */
    int kind;    /* a number for what it is made like */
    struct found found;
};
enum { STARTS = 24, POLISHED_STARTS = 4, RUNS = 4, LAST_RUNS = 1, ELITES = POLISHED_STARTS + RUNS + LAST_RUNS };

struct search {
    const struct graph *graph;
    const struct cluster *cluster;
    const struct search_goal *goal;
    struct timeline *timeline;
    struct place *place;
    struct choice *cut, *trial, *base; /* per node: kept, tried, where a way to another plan begins */
    struct found best, run;            /* of all, of this run */
    struct start start[STARTS];        /* the best of each kind and number of devices that work; one device alone is none of them */
    int kind;                          /* of the start that is planted now; -1: nothing is planted */
    struct found elite[ELITES];        /* what runs ended with */
    int elites;
    bool *changed, *touched, *moved; /* per node, of this trial: its cut, what a reader needs of it; its cut, once judged */
    int64_t trials, divisions; /* of nodes */
    double now;
    uint64_t random;
    unsigned char order[MAX_DEVICES]; /* owner first, then by speed */
    struct division division;
};

/* The search's own random numbers: the same on every machine. */
int draw_below(struct search *search, int limit);
double draw_unit(struct search *search); /* from 0 to 1 */

enum way way_of(int option, int *axis);
bool is_allowed(const struct search *search, int n, int option);
void share_out(const struct search *search, struct choice *cut, int option, int count);
/* One device computes the node. */
void give_alone(const struct search *search, struct choice *cut, unsigned char device);

/* All of `trial` becomes the kept cuts, for better or worse. */
void take_all(struct search *search);
/* What the search has done so far: it ends where enough is done, so that every run does the same. */
int64_t search_spent(const struct search *search);
/* Seconds of the trial, whose changed nodes are marked. */
double judge(struct search *search);

/* partition_start.c: take one start after the other until so much is spent; the best are noted. */
void plant_all(struct search *search, const struct cost_model *model, int64_t limit);

/* partition_moves.c: change the trial at random, and mark what changed. */
void move_at_random(struct search *search);
/* Move number `number` of those that try every way, every step of a cut, and following or not, for node `first` and the
 * `length` - 1 behind it. Returns false where it changes nothing, and sets `done` when there are no more. */
bool move_in_order(struct search *search, int first, int length, int number, bool *done);

/* partition_chain.c: starts by dynamic programming over the ways to divide every node between the first `count` devices of the order, in
 * their shares. A node costs what its slowest device takes; a tensor, what has to be moved between two divisions takes, times
 * `exposed`, the part of it that is not hidden behind computing: a start for each of `times` such parts. Exact on chains and trees; where
 * branches join, the others are taken as they were in the round before. */
void plant_chain(struct search *search, const struct cost_model *model, int count, const double exposed[], int times);

#endif
