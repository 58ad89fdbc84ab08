/* budget.h -- how many channels of every curve go. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BUDGET_H
#define MEDNN_BUDGET_H

#include "curves.h"

/* What a network costs, as a sum of products: unit * (slices left of factor 0) * (slices left of factor 1). */
struct cost_factor {
    int64_t all;  /* slices when nothing has gone */
    int64_t step; /* only whole steps of it count: lanes of vectors that are computed in any case */
    int part_count;
    struct cost_part {
        int group;
        int64_t slices; /* of each of its classes */
    } *part;
};

struct cost_item {
    double unit;
    struct cost_factor factor[2]; /* one without parts is the constant `all` */
};

struct cost {
    struct arena *arena;
    int count, capacity;
    struct cost_item *item;
    int **item_of, *item_count; /* [group]: items with parts of it; see cost_finish() */
    int group_count;
};

/* An axis of a tensor whose slices a cost is in proportion to, whole steps of them; tensor NULL: nothing. */
struct cost_axis {
    const struct tensor *tensor;
    int axis;
    int64_t step;
};

struct cost cost_begin(const struct channels *channels);
/* Add `unit` for every multiply-accumulate of every layer. */
void cost_add_macs(struct cost *cost, const struct channels *channels, double unit);
/* Add `amount`, which falls with the slices of up to two axes. */
void cost_add(struct cost *cost, const struct channels *channels, double amount, struct cost_axis a, struct cost_axis b);
/* Add `amount` for a computed tensor, in proportion to its size; lanes in steps of `step`. */
void cost_add_tensor(struct cost *cost, const struct channels *channels, const struct tensor *tensor, double amount,
                     int64_t step);
/* Add `factor` times all that another cost has. */
void cost_add_all(struct cost *cost, const struct cost *other, double factor);
/* Before the others; nothing may be added any more. */
void cost_finish(struct cost *cost, const struct channels *channels);
/* When removed[group] classes have gone; NULL: none. */
double cost_total(const struct cost *cost, const int removed[]);
/* What one class of `group` saves on its own, on average over many. */
double cost_of_class(const struct cost *cost, int group);

/* What is to fall, and by which fraction. */
struct goal {
    const char *name;
    struct cost cost;
    double fraction, reached;
};

/* What is worth how much when channels are chosen: shares of the goals that are not reached yet, and of `value`. Where `goals` is
 * negative, they are reached by what saves much more of the value. */
struct weights {
    double goals, value;
};

/* How many classes of each curve's order go so that every goal is reached, or as near as can be: greedily the steps that
 * cost least accuracy for what they save by weight, then back whatever is not needed. `value` has a total of 1. A tenth of every
 * curve's classes stays. Steps of up to `reach` classes are tried. Sets count[curve] and goal[].reached. */
struct balance {
    double saved; /* of `value` */
    double error; /* summed over the curves */
};
struct balance budget_choose(const struct cost *value, struct weights weights, const struct channels *channels,
                             const struct curves *curves, struct goal goal[], int goals, int reach, int count[]);

#endif
