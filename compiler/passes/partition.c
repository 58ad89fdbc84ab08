/* partition.c -- who computes what: cuts of output maps, and what follows from them.
 *
 * Nothing here knows an operator. A node can be cut along an axis when a part of its output reads a part of some
 * input; what has to move follows from intersecting what is needed with what is owned. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "passes.h"

#include <stdlib.h>

/* One way of dividing a node: a box of output 0 per device. */
struct division {
    struct region piece[MAX_DEVICES];
};

static struct division on_owner(const struct node *node)
{
    struct division division = {0};
    division.piece[0] = region_whole(node->output[0]->shape);
    return division;
}

/* Does a part of the output along `axis` take less work, or where there is none, read less than the whole does? */
static bool can_cut(const struct node *node, int axis)
{
    struct shape shape = node->output[0]->shape;
    int64_t grid = kernel_grid(node, axis);
    if (!node_can_split(node) || grid <= 0 || shape.dim[axis] <= grid)
        return false;
    for (int i = 1; i < node->output_count; i++)
        if (node->output[i] && (node->output[i]->shape.rank != shape.rank ||
                                node->output[i]->shape.dim[axis] != shape.dim[axis]))
            return false;
    struct region whole = region_whole(shape), part = whole;
    part.axis[axis].end = grid;
    if (node_macs(node, whole))
        return node_macs(node, part) < node_macs(node, whole);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] &&
            region_size(node_reads(node, i, 0, part)) < region_size(node_reads(node, i, 0, whole)))
            return true;
    return false;
}

/* Shares in proportion to the speeds, each within one grid step of what is fair. */
static struct division cut_axis(const struct node *node, int axis, const struct cluster *cluster)
{
    struct region whole = region_whole(node->output[0]->shape);
    int64_t grid = kernel_grid(node, axis), length = whole.axis[axis].end, steps = (length + grid - 1) / grid;
    double total = 0, served = 0;
    for (int d = 0; d < cluster->count; d++)
        total += cluster->device[d].speed;
    struct division division = {0};
    int64_t begin = 0;
    for (int d = 0; d < cluster->count; d++) {
        served += cluster->device[d].speed;
        int64_t end = d + 1 == cluster->count ? steps : (int64_t)((double)steps * served / total + 0.5);
        division.piece[d] = whole;
        division.piece[d].axis[axis] =
            (struct range){begin * grid, end * grid < length ? end * grid : length};
        begin = end;
    }
    return division;
}

/* Device indices by speed, fastest first; equal ones in their order. */
static void sort_by_speed(const struct cluster *cluster, int order[])
{
    for (int i = 0; i < cluster->count; i++) {
        int at = i;
        for (; at > 0 && cluster->device[order[at - 1]].speed < cluster->device[i].speed; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* GTDP: for each device, fastest first, cut its share of what is left across the longer side. */
static struct division cut_greedily(const struct node *node, const struct cluster *cluster)
{
    int order[MAX_DEVICES];
    sort_by_speed(cluster, order);
    double left = 0;
    for (int d = 0; d < cluster->count; d++)
        left += cluster->device[d].speed;
    struct region rest = region_whole(node->output[0]->shape);
    struct division division = {0};
    for (int i = 0; i < cluster->count; i++) {
        int device = order[i];
        double speed = cluster->device[device].speed;
        struct region piece = rest;
        if (i + 1 < cluster->count) {
            int64_t rows = rest.axis[2].end - rest.axis[2].begin, columns = rest.axis[3].end - rest.axis[3].begin;
            int axis = rows >= columns ? 2 : 3;
            int64_t grid = kernel_grid(node, axis), length = axis == 2 ? rows : columns;
            int64_t steps = (length + grid - 1) / grid;
            int64_t taken = grid * (int64_t)((double)steps * speed / left + 0.5);
            piece.axis[axis].end = rest.axis[axis].begin + (taken < length ? taken : length);
            rest.axis[axis].begin = piece.axis[axis].end;
        }
        division.piece[device] = region_is_empty(piece) ? (struct region){0} : piece;
        left -= speed;
    }
    return division;
}

/* Output k's part that goes with `piece` of output 0. */
static struct region piece_of_output(const struct node *node, int k, struct region piece)
{
    if (k == 0 || region_is_empty(piece))
        return piece;
    struct region whole = region_whole(node->output[0]->shape), region = region_whole(node->output[k]->shape);
    for (int a = 0; a < whole.rank; a++)
        if (piece.axis[a].begin != 0 || piece.axis[a].end != whole.axis[a].end)
            region.axis[a] = piece.axis[a];
    return region;
}

/* The part of input i that computing `piece` (of output 0, and what goes with it) reads. */
static struct region reads_for(const struct node *node, int i, struct region piece)
{
    struct region reads = {0};
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && !region_is_empty(piece))
            reads = region_cover(reads, node_reads(node, i, k, piece_of_output(node, k, piece)));
    return reads;
}

/* Elements that devices would have to receive before they can compute their pieces. */
static int64_t elements_moved(struct arena *scratch, const struct plan *plan, const struct node *node,
                              const struct division *division)
{
    int64_t moved = 0;
    for (int d = 0; d < plan->cluster->count; d++)
        for (int i = 0; i < node->input_count; i++) {
            if (!node->input[i] || tensor_is_constant(node->input[i]))
                continue;
            struct region_list missing = {0};
            regions_add(scratch, &missing, reads_for(node, i, division->piece[d]));
            const struct region_list *own = plan_own(plan, node->input[i], d);
            for (int k = 0; k < own->count; k++)
                regions_subtract(scratch, &missing, own->item[k]);
            moved += regions_size(&missing);
        }
    return moved;
}

static int devices_with_work(const struct division *division, int devices)
{
    int count = 0;
    for (int d = 0; d < devices; d++)
        count += !region_is_empty(division->piece[d]);
    return count;
}

static bool is_map(const struct node *node)
{
    struct shape shape = node->output[0]->shape;
    return shape.rank == 4 && (shape.dim[2] > 1 || shape.dim[3] > 1);
}

/* The candidates in order of preference: the way that the mode asks for, the other axes, the owner alone. */
static int list_divisions(const struct plan *plan, const struct node *node, struct division division[])
{
    static const int preference[] = {2, 3, 1, 0, 4, 5, 6, 7};
    const struct cluster *cluster = plan->cluster;
    int count = 0;
    if (plan->partition == PARTITION_SINGLE || cluster->count == 1)
        goto owner;
    if (plan->partition == PARTITION_GTDP && is_map(node) && can_cut(node, 2) && can_cut(node, 3))
        division[count++] = cut_greedily(node, cluster);
    for (int i = 0; i < MAX_RANK; i++)
        if (preference[i] < node->output[0]->shape.rank && can_cut(node, preference[i]))
            division[count++] = cut_axis(node, preference[i], cluster);
owner:
    division[count++] = on_owner(node);
    return count;
}

/* Among the divisions that employ the most devices, the one that moves the least. */
static int busiest(struct arena *scratch, const struct plan *plan, const struct node *node,
                   const struct division division[], int count)
{
    int best = 0, best_employed = 0;
    int64_t best_moved = 0;
    for (int i = 0; i < count; i++) {
        int employed = devices_with_work(&division[i], plan->cluster->count);
        int64_t moved = elements_moved(scratch, plan, node, &division[i]);
        if (i == 0 || employed > best_employed || (employed == best_employed && moved < best_moved)) {
            best = i;
            best_employed = employed;
            best_moved = moved;
        }
    }
    return best;
}

/* A node without work follows its data, unless that moves more than half of what the owner would have to fetch: what is cut
 * against the grain is gathered soon after anyway. The owner is last in the list. */
static int nearest(struct arena *scratch, const struct plan *plan, const struct node *node,
                   const struct division division[], int count)
{
    int best = count - 1;
    int64_t least = elements_moved(scratch, plan, node, &division[best]) / 2;
    for (int i = 0; i < count - 1; i++) {
        int64_t moved = elements_moved(scratch, plan, node, &division[i]);
        if (moved < least || (moved == least && best == count - 1 && least > 0)) {
            best = i;
            least = moved;
        }
    }
    return best;
}

/* Feature maps with multiply-accumulates are divided as the mode asks, other nodes with work along the axis that employs
 * the most devices. */
static struct division divide(struct arena *scratch, const struct plan *plan, const struct node *node)
{
    struct division division[MAX_RANK + 2];
    int count = list_divisions(plan, node, division);
    if (!node_macs(node, region_whole(node->output[0]->shape)))
        return division[nearest(scratch, plan, node, division, count)];
    return division[is_map(node) ? 0 : busiest(scratch, plan, node, division, count)];
}

static void place_node(struct arena *scratch, struct plan *plan, struct node *node)
{
    struct arena *arena = plan->graph->arena;
    struct division division = divide(scratch, plan, node);
    for (int d = 0; d < plan->cluster->count; d++) {
        if (region_is_empty(division.piece[d]))
            continue;
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k])
                regions_add(arena, plan_own(plan, node->output[k], d), piece_of_output(node, k, division.piece[d]));
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && !tensor_is_constant(node->input[i]))
                regions_add(arena, plan_need(plan, node->input[i], d), reads_for(node, i, division.piece[d]));
    }
}

static void add_transfer(struct plan *plan, struct transfer transfer)
{
    *arena_append(plan->graph->arena, plan->transfer, plan->transfer_count, plan->transfer_capacity) = transfer;
}

/* What a device needs of a tensor and does not compute. */
static struct region_list missing_at(struct plan *plan, const struct tensor *tensor, int device)
{
    struct arena *arena = plan->graph->arena;
    struct region_list missing = {0};
    const struct region_list *need = plan_need(plan, tensor, device), *own = plan_own(plan, tensor, device);
    for (int i = 0; i < need->count; i++)
        regions_add(arena, &missing, need->item[i]);
    for (int i = 0; i < own->count; i++)
        regions_subtract(arena, &missing, own->item[i]);
    return missing;
}

/* Fetch what `missing` holds of what `from` computes. */
static void fetch_from(struct plan *plan, struct tensor *tensor, int from, int to, struct region_list *missing)
{
    struct arena *arena = plan->graph->arena;
    const struct region_list *source = plan_own(plan, tensor, from);
    for (int i = 0; i < source->count; i++) {
        struct region_list part = regions_within(arena, missing, source->item[i]);
        for (int k = 0; k < part.count; k++)
            add_transfer(plan, (struct transfer){tensor, from, to, part.item[k], false});
        regions_subtract(arena, missing, source->item[i]);
    }
}

/* Fetch what `to` needs and does not own, from those who own it in device order. */
static void fetch(struct plan *plan, struct tensor *tensor, int to)
{
    struct region_list missing = missing_at(plan, tensor, to);
    for (int from = 0; from < plan->cluster->count; from++)
        if (from != to)
            fetch_from(plan, tensor, from, to, &missing);
}

/* Star: device 0 gathers whatever anyone needs, and hands it out. */
static void fetch_through_owner(struct plan *plan, struct tensor *tensor)
{
    int devices = plan->cluster->count;
    for (int d = 1; d < devices; d++) {
        struct region_list missing = missing_at(plan, tensor, d);
        for (int i = 0; i < missing.count; i++)
            regions_add(plan->graph->arena, plan_need(plan, tensor, 0), missing.item[i]);
    }
    fetch(plan, tensor, 0);
    for (int d = 1; d < devices; d++) {
        struct region_list missing = missing_at(plan, tensor, d);
        fetch_from(plan, tensor, 0, d, &missing);
        for (int i = 0; i < missing.count; i++)
            add_transfer(plan, (struct transfer){tensor, 0, d, missing.item[i], true});
    }
}

void partition(struct graph *graph, const struct cluster *cluster, enum partition mode, struct plan *plan)
{
    size_t cells = (size_t)graph->tensor_count * (size_t)cluster->count;
    *plan = (struct plan){.graph = graph,
                          .cluster = cluster,
                          .partition = mode,
                          .own = arena_array(graph->arena, cells, sizeof(struct region_list)),
                          .need = arena_array(graph->arena, cells, sizeof(struct region_list))};
    for (int i = 0; i < graph->input_count; i++)
        regions_add(graph->arena, plan_own(plan, graph->input[i], 0), region_whole(graph->input[i]->shape));
    struct arena scratch = {0};
    for (int n = 0; n < graph->node_count; n++) {
        place_node(&scratch, plan, graph->node[n]);
        arena_free(&scratch);
    }
    for (int i = 0; i < graph->output_count; i++)
        if (!tensor_is_constant(graph->output[i]))
            regions_add(graph->arena, plan_need(plan, graph->output[i], 0), region_whole(graph->output[i]->shape));
    for (int t = 0; t < graph->tensor_count; t++) {
        if (tensor_is_constant(graph->tensor[t]))
            continue;
        if (mode == PARTITION_STAR)
            fetch_through_owner(plan, graph->tensor[t]);
        else
            for (int d = 0; d < cluster->count; d++)
                fetch(plan, graph->tensor[t], d);
    }
}
