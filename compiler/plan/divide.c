/* divide.c -- ways of cutting the output of one node.
 *
 * Nothing here knows an operator. A node can be cut along an axis when a part of its output reads a part of some
 * input. */
/* SPDX-License-Identifier: MIT */
#include "divide.h"

#include "../operators/op.h"

#include <string.h>

bool node_can_cut(const struct node *node, int axis)
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

bool node_is_map(const struct node *node)
{
    struct shape shape = node->output[0]->shape;
    return shape.rank == 4 && (shape.dim[2] > 1 || shape.dim[3] > 1);
}

bool node_allows(const struct node *node, enum way way, int axis)
{
    switch (way) {
    case WAY_SINGLE:
    case WAY_REPLICATED:
        return true;
    case WAY_AXIS:
        return axis < node->output[0]->shape.rank && node_can_cut(node, axis);
    case WAY_GREEDY:
    case WAY_BISECTION:
        return node_is_map(node) && node_can_cut(node, 2) && node_can_cut(node, 3);
    case WAY_HYBRID:
        return node_is_map(node) && node_can_cut(node, 1) && node_can_cut(node, 2);
    case WAY_FOLLOW:
        return node->output_count == 1;
    }
    return false;
}

void shares_by_speed(struct shares *shares, const struct cluster *cluster, const unsigned char device[], int count)
{
    double total = 0, served = 0;
    for (int i = 0; i < count; i++)
        total += cluster->device[device[i]].speed;
    *shares = (struct shares){.count = count};
    for (int i = 0; i < count; i++) {
        shares->device[i] = device[i];
        served += cluster->device[device[i]].speed;
        shares->bound[i + 1] = i + 1 == count ? 1 : (float)(served / total);
    }
}

struct shares shares_of_all(const struct cluster *cluster, bool fastest_first)
{
    unsigned char order[MAX_DEVICES];
    for (int i = 0; i < cluster->count; i++) {
        int at = i;
        for (; fastest_first && at > 0 && cluster->device[order[at - 1]].speed < cluster->device[i].speed; at--)
            order[at] = order[at - 1];
        order[at] = (unsigned char)i;
    }
    struct shares shares;
    shares_by_speed(&shares, cluster, order, cluster->count);
    return shares;
}

/* The grid line nearest to `part` of a range that begins on the grid. */
static int64_t nearest_line(int64_t grid, struct range range, double part)
{
    const int64_t length = range.end - range.begin, steps = (length + grid - 1) / grid;
    const int64_t taken = grid * (int64_t)((double)steps * part + 0.5);
    return range.begin + (taken < length ? taken : length);
}

static void give(struct division *division, int device, struct region piece)
{
    division->piece[device] = region_is_empty(piece) ? (struct region){0} : piece;
}

static void divide_axis(const struct node *node, int axis, const struct shares *shares, struct division *division)
{
    const struct region whole = region_whole(node->output[0]->shape);
    const int64_t grid = kernel_grid(node, axis);
    int64_t begin = 0;
    for (int i = 0; i < shares->count; i++) {
        struct region piece = whole;
        const double bound = i + 1 < shares->count ? (double)shares->bound[i + 1] : 1;
        piece.axis[axis] = (struct range){begin, nearest_line(grid, whole.axis[axis], bound)};
        if (piece.axis[axis].end > begin)
            begin = piece.axis[axis].end;
        give(division, shares->device[i], piece);
    }
}

/* Shares [first, last) of `rest`, cut across its longer side. */
static void divide_map(const struct node *node, bool greedy, const struct shares *shares, int first, int last,
                       struct region rest, struct division *division)
{
    while (last - first > 1) {
        const int middle = greedy ? first + 1 : (first + last) / 2;
        const int64_t rows = rest.axis[2].end - rest.axis[2].begin, columns = rest.axis[3].end - rest.axis[3].begin;
        const int axis = rows >= columns ? 2 : 3;
        const double all = (double)(shares->bound[last] - shares->bound[first]);
        const double part = all > 0 ? (double)(shares->bound[middle] - shares->bound[first]) / all : 0;
        struct region piece = rest;
        piece.axis[axis].end = nearest_line(kernel_grid(node, axis), rest.axis[axis], part);
        rest.axis[axis].begin = piece.axis[axis].end;
        divide_map(node, greedy, shares, first, middle, piece, division);
        first = middle;
    }
    give(division, shares->device[first], rest);
}

bool divide_is_pair(int count, int at)
{
    return (count + at) % 2 != 0;
}

static void divide_hybrid(const struct node *node, const struct shares *shares, struct division *division)
{
    const struct region whole = region_whole(node->output[0]->shape);
    int64_t begin = 0;
    for (int i = 0, next; i < shares->count; i = next) {
        next = i + (i || shares->count % 2 == 0 ? 2 : 1);
        const double low = (double)shares->bound[i], high = (double)shares->bound[next];
        const double part = high > low ? ((double)shares->bound[i + 1] - low) / (high - low) : 0;
        struct region strip = whole;
        strip.axis[2].begin = begin;
        strip.axis[2].end = nearest_line(kernel_grid(node, 2), whole.axis[2], next == shares->count ? 1 : high);
        if (strip.axis[2].end > begin)
            begin = strip.axis[2].end;
        const int64_t channel = nearest_line(kernel_grid(node, 1), whole.axis[1], next == i + 2 ? part : 1);
        struct region piece = strip;
        piece.axis[1].end = channel;
        give(division, shares->device[i], piece);
        if (next < i + 2)
            continue;
        strip.axis[1].begin = channel;
        give(division, shares->device[i + 1], strip);
    }
}

void divide_node(const struct node *node, enum way way, int axis, const struct shares *shares,
                 struct division *division)
{
    const struct region whole = region_whole(node->output[0]->shape);
    memset(division, 0, sizeof *division);
    switch (way) {
    case WAY_AXIS:
        divide_axis(node, axis, shares, division);
        break;
    case WAY_GREEDY:
    case WAY_BISECTION:
        divide_map(node, way == WAY_GREEDY, shares, 0, shares->count, whole, division);
        break;
    case WAY_HYBRID:
        divide_hybrid(node, shares, division);
        break;
    case WAY_REPLICATED:
        for (int i = 0; i < shares->count; i++)
            division->piece[shares->device[i]] = whole;
        break;
    case WAY_SINGLE:
    case WAY_FOLLOW:
        division->piece[shares->device[0]] = whole;
    }
}

struct region piece_on_grid(const struct node *node, struct region piece)
{
    const struct shape shape = node->output[0]->shape;
    if (region_is_empty(piece))
        return (struct region){0};
    for (int axis = 0; axis < shape.rank; axis++) {
        const int64_t grid = kernel_grid(node, axis), length = shape.dim[axis];
        struct range *range = &piece.axis[axis];
        if (grid <= 0 || !node_can_split(node)) {
            *range = (struct range){0, length};
            continue;
        }
        range->begin = range->begin / grid * grid;
        range->end = (range->end + grid - 1) / grid * grid;
        if (range->end > length)
            range->end = length;
    }
    return piece;
}
