/* region.h -- boxes inside tensors: the currency of partitioning.
 *
 * A region is an axis-aligned box of indices. Sets of indices that are no box are short lists of disjoint boxes. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REGION_H
#define MEDNN_REGION_H

#include "shape.h"

/* Half open. */
struct range {
    int64_t begin, end;
};

/* {0} is the empty region; a scalar's region has rank 0 and `some`, and is not empty. */
struct region {
    bool some;
    int rank;
    struct range axis[MAX_RANK];
};

struct region region_whole(struct shape shape);
struct region region_intersect(struct region a, struct region b);
struct region region_cover(struct region a, struct region b); /* smallest box that holds both */
bool region_is_empty(struct region region);
bool regions_meet(const struct region *a, const struct region *b); /* is any element in both? */
bool region_equal(struct region a, struct region b);
bool region_contains(struct region outer, struct region inner); /* every region contains the empty one */
int64_t region_size(struct region region);                      /* number of elements */
struct shape region_shape(struct region region);
const char *region_string(struct arena *arena, struct region region); /* "[0:1, 0:32, 10:20, 0:56]" */

/* Disjoint boxes, none of them empty. {0} is the empty set. */
struct region_list {
    int count, capacity;
    struct region *item;
};

/* Add the part of `region` that the list does not hold yet. */
void regions_add(struct arena *arena, struct region_list *list, struct region region);
/* Take `region` out of the list. */
void regions_subtract(struct arena *arena, struct region_list *list, struct region region);
/* The boxes of `list` inside `region`, as a new list. */
struct region_list regions_within(struct arena *arena, const struct region_list *list, struct region region);
struct region regions_cover(const struct region_list *list);
int64_t regions_size(const struct region_list *list);

#endif
