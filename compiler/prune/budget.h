/* budget.h -- how many channels of every curve go. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BUDGET_H
#define MEDNN_BUDGET_H

#include "curves.h"

/* What a network costs, as a sum of products: unit * (slices left of factor 0) * (slices left of factor 1). */
struct cost_factor {
    int64_t all; /* slices when nothing has gone */
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

/* Multiply-accumulates of all layers, `unit` each; 0 leaves them out. */
struct cost cost_of_macs(const struct channels *channels, double unit);
/* Add `unit` for every byte of a computed tensor. */
void cost_add_bytes(struct cost *cost, const struct channels *channels, const struct tensor *tensor, double unit);
/* Before the others; nothing may be added any more. */
void cost_finish(struct cost *cost, const struct channels *channels);
/* When removed[group] classes have gone. */
double cost_total(const struct cost *cost, const int removed[]);
/* What one class of `group` saves on its own. */
double cost_of_class(const struct cost *cost, int group);

/* How many classes of each curve's order go so that the cost falls by `fraction`, or as near as can be: greedily the steps
 * that cost least accuracy for what they save, then back whatever is not needed. A tenth of every curve's classes stays.
 * Steps of up to `reach` classes are tried. count[curve]. Returns the fraction reached. */
double budget_choose(const struct cost *cost, const struct channels *channels, const struct curves *curves,
                     double fraction, int reach, int count[]);

#endif
