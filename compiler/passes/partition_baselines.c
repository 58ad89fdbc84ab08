/* partition_baselines.c -- the named ways of dividing a whole graph: rows, gtdp and single. */
/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include "../operators/op.h"

struct baseline {
    const struct graph *graph;
    const struct cluster *cluster;
    enum partition mode;
    int *producer; /* by tensor id: the node's position, -1 */
    struct division *division;
};

/* What a device computes of a tensor, or has of a graph input. */
static struct region held(const struct baseline *b, const struct tensor *tensor, int device)
{
    const int producer = b->producer[tensor->id];
    if (producer < 0)
        return device ? (struct region){0} : region_whole(tensor->shape);
    const struct node *node = b->graph->node[producer];
    int k = 0;
    while (node->output[k] != tensor)
        k++;
    return piece_of_output(node, k, b->division[producer].piece[device]);
}

/* Elements that devices would have to receive before they can compute their pieces. */
static int64_t elements_moved(const struct baseline *b, const struct node *node, const struct division *division)
{
    int64_t moved = 0;
    for (int d = 0; d < b->cluster->count; d++)
        for (int i = 0; i < node->input_count; i++) {
            if (!node->input[i] || tensor_is_constant(node->input[i]))
                continue;
            const struct region reads = piece_reads(node, i, division->piece[d]);
            moved += region_size(reads) - region_size(region_intersect(reads, held(b, node->input[i], d)));
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

/* The candidates in order of preference: the way that the mode asks for, the other axes, the owner alone. */
static int list_divisions(const struct baseline *b, const struct node *node, struct division division[])
{
    static const int preference[] = {2, 3, 1, 0, 4, 5, 6, 7};
    const struct shares all = shares_of_all(b->cluster, false), sorted = shares_of_all(b->cluster, true);
    const struct shares owner = {.count = 1, .bound = {0, 1}};
    int count = 0;
    if (b->mode != PARTITION_SINGLE && b->cluster->count > 1) {
        if (b->mode == PARTITION_GTDP && node_allows(node, WAY_GREEDY, 0))
            divide_node(node, WAY_GREEDY, 0, &sorted, &division[count++]);
        for (int i = 0; i < MAX_RANK; i++)
            if (node_allows(node, WAY_AXIS, preference[i]))
                divide_node(node, WAY_AXIS, preference[i], &all, &division[count++]);
    }
    divide_node(node, WAY_SINGLE, 0, &owner, &division[count++]);
    return count;
}

/* Among the divisions that employ the most devices, the one that moves the least. */
static int busiest(const struct baseline *b, const struct node *node, const struct division division[], int count)
{
    int best = 0, best_employed = 0;
    int64_t best_moved = 0;
    for (int i = 0; i < count; i++) {
        int employed = devices_with_work(&division[i], b->cluster->count);
        int64_t moved = elements_moved(b, node, &division[i]);
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
static int nearest(const struct baseline *b, const struct node *node, const struct division division[], int count)
{
    int best = count - 1;
    int64_t least = elements_moved(b, node, &division[best]) / 2;
    for (int i = 0; i < count - 1; i++) {
        int64_t moved = elements_moved(b, node, &division[i]);
        if (moved < least || (moved == least && best == count - 1 && least > 0)) {
            best = i;
            least = moved;
        }
    }
    return best;
}

/* Feature maps with multiply-accumulates are divided as the mode asks, other nodes with work along the axis that employs
 * the most devices. */
static int choose(const struct baseline *b, const struct node *node, const struct division division[], int count)
{
    if (!node_macs(node, region_whole(node->output[0]->shape)))
        return nearest(b, node, division, count);
    return node_is_map(node) ? 0 : busiest(b, node, division, count);
}

int *producer_positions(struct arena *arena, const struct graph *graph)
{
    int *producer = arena_array(arena, (size_t)graph->tensor_count + 1, sizeof *producer);
    for (int t = 0; t < graph->tensor_count; t++)
        producer[t] = -1;
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->node[n]->output_count; k++)
            if (graph->node[n]->output[k])
                producer[graph->node[n]->output[k]->id] = n;
    return producer;
}

void divide_baseline(struct arena *arena, const struct graph *graph, const struct cluster *cluster,
                     enum partition mode, struct division *division)
{
    struct baseline b = {graph, cluster, mode, producer_positions(arena, graph), division};
    struct division *candidate = arena_array(arena, MAX_RANK + 2, sizeof *candidate);
    for (int n = 0; n < graph->node_count; n++) {
        const int count = list_divisions(&b, graph->node[n], candidate);
        division[n] = candidate[choose(&b, graph->node[n], candidate, count)];
    }
}
