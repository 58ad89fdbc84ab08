/* phases.h -- which parts of a layer a device computes first, and which it can compute while messages travel.
 *
 * A device that exchanges anything around a node computes its boxes in this order:
 *
 *     interior, box after box, as long as what it waits for has not arrived
 *     wait for what arrives for this node
 *     urgent                 everything that reads what arrived, or that peers wait for
 *     send what peers need of the outputs
 *     what is left of interior
 *
 * Layers that wait for nothing can be joined to the one before: then what is left of that one's interior waits until they have
 * sent too, and its urgent boxes hold what theirs read as well. So the rows that peers wait for pass through several layers
 * (a bottleneck's 1x1 convolutions) before the rest does, and all of the rest is computed while they travel.
 *
 * Large transfers travel in parts, bands of their rows from the first to the last; a device then computes what each part makes
 * possible before it waits for the next one, and sends when it has computed all of that.
 *
 * Every element is computed once, by the same kernel on the kernel's grid, so that the order makes no difference to the
 * results. A node is divided only where that pays: weights are read once more for every box. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PHASES_H
#define MEDNN_PHASES_H

#include "plan.h"

/* Together the boxes of output 0 that a device computes, all disjoint and on the kernel's grid. */
struct phases {
    struct region_list urgent;
    struct region_list interior; /* in this order; empty where the node is not divided: then `urgent` is all there is */
};

/* How many boxes an interior is cut into at most. A device looks for messages between two boxes. */
enum { PHASES_MOST_BOXES = 4 };

/* Where plan->exchange_macs does not say: what 10 GMAC/s compute in 2 ms. */
#define PHASES_EXCHANGE_MACS 20e6

/* Divide `own`, boxes of output 0 of a node with a kernel.
 * awaited: one list per input: what of it arrives for this node. sent: what of output 0 peers wait for.
 * All is urgent where nothing is awaited or sent, and where the kernel cannot divide the node. Whether dividing pays is
 * not asked here. Lists live in `arena`. */
void phases_divide(struct arena *arena, const struct node *node, const struct region_list *own,
                   const struct region_list awaited[], const struct region_list *sent, struct phases *phases);

/* Does it pay? What is hidden, the shorter one of the interior and of an exchange (in multiply-accumulates that the device
 * could do meanwhile), must be worth more than reading the weights for every box instead of once. */
bool phases_pay(const struct node *node, const struct region_list *own, const struct phases *phases,
                double exchange_macs);

/* What of input `input` arrives at `device` for node number `index`: everything that the device receives of the tensor if
 * this is the first node in the graph's order that reads some of it there; otherwise the empty list. */
struct region_list phases_awaited(struct arena *arena, const struct plan *plan, int index, int device, int input);

/* What peers wait for of output `output` of node number `index`, computed by `device` (what it only relays is not in it). */
struct region_list phases_sent(struct arena *arena, const struct plan *plan, int index, int device, int output);

/* Can the interior of node number `index` wait for the next one's urgent boxes, for all the graph says? The next one reads it. */
bool phases_follows(const struct graph *graph, int index);

/* Does it on the device? The plan says so, and the next node waits for nothing there. */
bool phases_joined(const struct plan *plan, int index, int device);

/* The phases of node number `index` on a device that computes some of it: divided where the plan says so, or if it says
 * nothing, where that pays. */
void phases_of(struct arena *arena, const struct plan *plan, int index, int device, struct phases *phases);

/* In how many parts the plan's transfers of a tensor travel: up to PHASES_MOST_PARTS where they are large and all devices that
 * receive it begin with a node that can be computed box by box, reading its weights so often. */
enum { PHASES_MOST_PARTS = 8, PHASES_PART_BYTES = 16 << 10, PHASES_PART_ROWS = 4 }; /* at least so large */
int phases_parts(const struct plan *plan, const struct tensor *tensor);
/* Is it worth it for the node that reads them first? bytes: of the largest transfer. */
bool phases_takes_parts(const struct node *reader, int64_t parts, double bytes);

/* Part `part` of `parts` of a transfer's region; may be empty. */
struct region phases_part(struct region region, int part, int parts);

/* Where input `input` of node number `index` arrives at `device` in parts: box[part] becomes the boxes of `urgent` that can
 * be computed when that part has come, on the kernel's grid; together they are `urgent`. */
void phases_arrivals(struct arena *arena, const struct plan *plan, int index, int device, int input, int parts,
                     const struct region_list *urgent, struct region_list box[]);

#endif
