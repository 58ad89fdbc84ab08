/* build.c -- what follows from divisions: owners, needs and transfers.
 *
 * Nothing here knows an operator: what has to move is what is needed and not owned. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "plan.h"

struct region piece_of_output(const struct node *node, int k, struct region piece)
{
    if (k == 0 || region_is_empty(piece))
        return piece;
    struct region whole = region_whole(node->output[0]->shape), region = region_whole(node->output[k]->shape);
    for (int a = 0; a < whole.rank; a++)
        if (piece.axis[a].begin != 0 || piece.axis[a].end != whole.axis[a].end)
            region.axis[a] = piece.axis[a];
    return region;
}

struct region piece_reads(const struct node *node, int i, struct region piece)
{
    struct region reads = {0};
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && !region_is_empty(piece))
            reads = region_cover(reads, node_reads(node, i, k, piece_of_output(node, k, piece)));
    return reads;
}

/* ---- what nobody uses ---- */

/* What the pieces of nodes read, by tensor id and device. */
struct readers {
    struct arena arena;
    struct region_list *read;
    int devices;
};

static struct region_list *read_of(const struct readers *readers, const struct tensor *tensor, int device)
{
    return &readers->read[(size_t)tensor->id * (size_t)readers->devices + (size_t)device];
}

static bool is_read(const struct readers *readers, const struct node *node, struct region piece, int device)
{
    for (int k = 0; k < node->output_count; k++) {
        const struct region_list *read = node->output[k] ? read_of(readers, node->output[k], device) : NULL;
        for (int i = 0; read && i < read->count; i++)
            if (!region_is_empty(region_intersect(read->item[i], piece_of_output(node, k, piece))))
                return true;
    }
    return false;
}

static bool others_have(struct readers *readers, const struct division *division, int device)
{
    struct region_list rest = {0};
    regions_add(&readers->arena, &rest, division->piece[device]);
    for (int d = 0; d < readers->devices; d++)
        if (d != device && !region_is_empty(division->piece[d]))
            regions_subtract(&readers->arena, &rest, division->piece[d]);
    return !rest.count;
}

void divisions_drop_unused(const struct graph *graph, int devices, struct division *division)
{
    struct readers readers = {.devices = devices};
    readers.read = arena_array(&readers.arena, (size_t)graph->tensor_count * (size_t)devices + 1, sizeof *readers.read);
    for (int i = 0; i < graph->output_count; i++)
        regions_add(&readers.arena, read_of(&readers, graph->output[i], 0), region_whole(graph->output[i]->shape));
    for (int n = graph->node_count; n-- > 0;)
        for (int d = devices; d-- > 0;) {
            const struct node *node = graph->node[n];
            struct region *piece = &division[n].piece[d];
            if (region_is_empty(*piece))
                continue;
            if (!is_read(&readers, node, *piece, d) && others_have(&readers, &division[n], d)) {
                *piece = (struct region){0};
                continue;
            }
            for (int i = 0; i < node->input_count; i++)
                if (node->input[i] && !tensor_is_constant(node->input[i]))
                    regions_add(&readers.arena, read_of(&readers, node->input[i], d), piece_reads(node, i, *piece));
        }
    arena_free(&readers.arena);
}

/* ---- plans ---- */

static void place_node(struct plan *plan, const struct node *node, const struct division *division)
{
    struct arena *arena = plan->graph->arena;
    for (int d = 0; d < plan->cluster->count; d++) {
        if (region_is_empty(division->piece[d]))
            continue;
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k])
                regions_add(arena, plan_own(plan, node->output[k], d), piece_of_output(node, k, division->piece[d]));
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && !tensor_is_constant(node->input[i]))
                regions_add(arena, plan_need(plan, node->input[i], d), piece_reads(node, i, division->piece[d]));
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

void plan_build(const struct graph *graph, const struct cluster *cluster, const struct division *division, bool relay,
                struct plan *plan)
{
    size_t cells = (size_t)graph->tensor_count * (size_t)cluster->count;
    *plan = (struct plan){.graph = graph,
                          .cluster = cluster,
                          .own = arena_array(graph->arena, cells, sizeof(struct region_list)),
                          .need = arena_array(graph->arena, cells, sizeof(struct region_list))};
    for (int i = 0; i < graph->input_count; i++)
        regions_add(graph->arena, plan_own(plan, graph->input[i], 0), region_whole(graph->input[i]->shape));
    for (int n = 0; n < graph->node_count; n++)
        place_node(plan, graph->node[n], &division[n]);
    for (int i = 0; i < graph->output_count; i++)
        if (!tensor_is_constant(graph->output[i]))
            regions_add(graph->arena, plan_need(plan, graph->output[i], 0), region_whole(graph->output[i]->shape));
    for (int t = 0; t < graph->tensor_count; t++) {
        if (tensor_is_constant(graph->tensor[t]))
            continue;
        if (relay)
            fetch_through_owner(plan, graph->tensor[t]);
        else
            for (int d = 0; d < cluster->count; d++)
                fetch(plan, graph->tensor[t], d);
    }
}
