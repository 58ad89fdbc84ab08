/* threads.c -- dividing what a device computes of a layer over its threads. */
/* SPDX-License-Identifier: MIT */
#include "threads.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"

/* Waking a thread that spins and waiting for it takes a few microseconds, in which a core does this many
 * multiply-accumulates. */
static const double LEAST_PART = 1.5e5;
/* What an element that is read or written costs, in multiply-accumulates. */
static const double ELEMENT = 4;
/* Of the time on one thread, what the division must not exceed. */
static const double LARGEST_SHARE = 0.8;

/* A kernel that finds nothing but padding in its input clears that, which several threads must not. */
static bool can_divide(const struct node *node, struct region box)
{
    return node->output_count == 1 && node_can_split(node) && !node->kernel->fails && !region_is_empty(box) &&
           !(node->kernel->zero_border && region_is_empty(node_reads(node, 0, 0, box)));
}

/* How long one thread takes for a box, weights included, in multiply-accumulates. */
static double load_of(const struct node *node, struct region box)
{
    double elements = (double)region_size(box);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i])
            elements += (double)region_size(node_reads(node, i, 0, box));
    return (double)node_macs(node, box) + ELEMENT * elements;
}

static int64_t steps_along(const struct node *node, struct region box, int axis)
{
    const int64_t grid = kernel_grid(node, axis);
    if (grid <= 0)
        return 1;
    return (box.axis[axis].end - 1) / grid - box.axis[axis].begin / grid + 1;
}

static struct region part_of(const struct node *node, struct region box, int axis, int64_t part, int64_t count)
{
    const int64_t steps = steps_along(node, box, axis), grid = kernel_grid(node, axis);
    const int64_t first = box.axis[axis].begin / grid;
    struct region result = box;
    if (part)
        result.axis[axis].begin = (first + steps * part / count) * grid;
    if (part + 1 < count)
        result.axis[axis].end = (first + steps * (part + 1) / count) * grid;
    return result;
}

static double busiest(const struct node *node, struct region box, int axis, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        const double load = load_of(node, part_of(node, box, axis, i, count));
        most = load > most ? load : most;
    }
    return most;
}

struct region_list threads_divide(struct arena *arena, const struct node *node, struct region box, int threads)
{
    struct region_list parts = {0};
    const double whole = threads > 1 && can_divide(node, box) ? load_of(node, box) : 0;
    const int64_t worth = (int64_t)(whole / LEAST_PART), most = worth < threads ? worth : threads;
    double best = LARGEST_SHARE * whole;
    int best_axis = 0;
    int64_t best_count = 1;
    for (int i = 0; i < box.rank && most > 1; i++) {
        const int axis = (i + 2) % box.rank; /* of equals: rows, columns, then images and channels */
        const int64_t steps = steps_along(node, box, axis), count = steps < most ? steps : most;
        const double load = count > 1 ? busiest(node, box, axis, count) : whole;
        if (load < best) {
            best = load;
            best_axis = axis;
            best_count = count;
        }
    }
    for (int64_t i = 0; i < best_count; i++)
        *arena_append(arena, parts.item, parts.count, parts.capacity) =
            best_count > 1 ? part_of(node, box, best_axis, i, best_count) : box;
    return parts;
}

int64_t threads_scratch(const struct node *node, const struct region_list *parts, int count)
{
    int64_t bytes = 0;
    for (int i = 0; i < count && node->kernel->scratch; i++)
        bytes += (node->kernel->scratch(node, parts->item[i]) + 63) / 64 * 64;
    return bytes;
}
