/* divide.h -- ways of cutting the output of one node between some devices. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DIVIDE_H
#define MEDNN_DIVIDE_H

#include "plan.h"

enum way {
    WAY_SINGLE,     /* the first device alone */
    WAY_REPLICATED, /* each device all of it */
    WAY_AXIS,       /* strips along one axis */
    WAY_GREEDY,     /* GTDP: for one device after the other, its share of what is left across the longer side */
    WAY_BISECTION,  /* halves of the devices, halves of the map across its longer side, and so on */
    WAY_HYBRID,     /* strips of rows for pairs of devices that share the channels; of an odd number the first is alone */
    WAY_FOLLOW      /* on each device what its readers there need, computed twice where that overlaps; not by itself */
};

/* The devices that share, in order, and the bounds of their shares: device[i] gets [bound[i], bound[i + 1]) of 1. */
struct shares {
    int count;
    unsigned char device[MAX_DEVICES];
    float bound[MAX_DEVICES + 1];
};

/* Shares of some devices in proportion to their speeds. */
void shares_by_speed(struct shares *shares, const struct cluster *cluster, const unsigned char device[], int count);
/* All devices: in their order, or fastest first (equal ones in their order). */
struct shares shares_of_all(const struct cluster *cluster, bool fastest_first);

/* Does a part of the output along `axis` take less work, or where there is none, read less than the whole does? */
bool node_can_cut(const struct node *node, int axis);
/* Is output 0 a feature map, of rows and columns? */
bool node_is_map(const struct node *node);
/* Can the node be divided in this way? `axis` counts for WAY_AXIS only. */
bool node_allows(const struct node *node, enum way way, int axis);

/* WAY_HYBRID among `count` devices: does bound `at` lie within a pair? */
bool divide_is_pair(int count, int at);

/* Divide; cuts fall on the kernel's grid, and a device whose share is less than half a step may get nothing.
 * WAY_FOLLOW is not for this. The node allows the way. */
void divide_node(const struct node *node, enum way way, int axis, const struct shares *shares,
                 struct division *division);

/* `piece` widened to the grid of the node's kernel; the whole where the node cannot be split. */
struct region piece_on_grid(const struct node *node, struct region piece);

#endif
