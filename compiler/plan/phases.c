/* phases.c -- dividing a device's boxes into what is urgent and what can wait. */
/* SPDX-License-Identifier: MIT */
#include "phases.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"

/* Kernels that read a layer's weights from far memory do so once for every so many steps of the grid, and that takes as
 * long as computing FAR_PASS steps; NEAR_PASS where the weights stay in a cache. Measured. */
enum { CELLS_OF_A_PASS = 56, FAR_PASS = 5, NEAR_PASS = 3, NEAR_BYTES = 256 << 10 };

/* Dividing costs some time that the model of it does not know, and calls that small layers do not hide. */
static const double ADVANTAGE = 1.5, LEAST_HIDDEN_MACS = 1e5;

/* The multiply-accumulates that 10 GMAC/s do while 200 Mbit/s carry a byte. */
static const double MACS_PER_BYTE = 400;

/* Something that keeps elements from being interior: a part of an input (>= 0) that arrives, or of the output (-1) that is
 * sent. */
struct conflict {
    int input;
    struct region region;
};

static bool conflicts(const struct node *node, struct region piece, struct conflict conflict)
{
    const struct region touched = conflict.input < 0 ? piece : node_reads(node, conflict.input, 0, piece);
    return regions_meet(&touched, &conflict.region);
}

/* What is free of the conflict before (or behind) it along `axis`, in whole grid steps, where the whole box is not: a box of input is
 * read by output indices that follow each other, so what is free is found by halving. Mostly nothing is, or nearly all: that is tried first. */
static struct region free_side(const struct node *node, struct region box, int axis, bool before,
                               struct conflict conflict)
{
    const int64_t grid = kernel_grid(node, axis), first = box.axis[axis].begin / grid;
    const int64_t steps = (box.axis[axis].end + grid - 1) / grid - first;
    int64_t free_steps = 0, too_many = steps;
    struct region best = {0};
    for (int tries = 0; too_many - free_steps > 1; tries++) {
        const int64_t guess = tries == 0 ? 1 : tries < 3 ? too_many - 1 : free_steps + (too_many - free_steps) / 2;
        struct region side = box;
        if (before)
            side.axis[axis].end = (first + guess) * grid;
        else
            side.axis[axis].begin = (first + steps - guess) * grid;
        if (conflicts(node, side, conflict)) {
            too_many = guess;
        } else {
            free_steps = guess;
            best = side;
        }
    }
    return best;
}

/* The longest run of whole grid steps of `box` along `axis` that are free of the conflict. */
static struct region longest_run(const struct node *node, struct region box, int axis, struct conflict conflict)
{
    const struct region before = free_side(node, box, axis, true, conflict);
    const struct region behind = free_side(node, box, axis, false, conflict);
    return region_size(behind) > region_size(before) ? behind : before;
}

/* What is left of `box` without what conflicts, cut along the axis that leaves most. */
static struct region avoid(const struct node *node, struct region box, struct conflict conflict)
{
    struct region best = {0};
    if (region_is_empty(box) || !conflicts(node, box, conflict))
        return box;
    for (int axis = 2; axis < box.rank; axis++) {
        if (kernel_grid(node, axis) <= 0)
            continue;
        const struct region left = longest_run(node, box, axis, conflict);
        if (region_size(left) > region_size(best))
            best = left;
    }
    return best;
}

static int64_t steps_along(const struct node *node, struct region box, int axis)
{
    const int64_t grid = kernel_grid(node, axis);
    if (axis < 2 || grid <= 0)
        return 1;
    return (box.axis[axis].end - 1) / grid - box.axis[axis].begin / grid + 1;
}

static int64_t cells_of(const struct node *node, struct region box)
{
    int64_t cells = 1;
    for (int axis = 2; axis < box.rank; axis++)
        cells *= steps_along(node, box, axis);
    return cells;
}

static int64_t passes_of(const struct node *node, struct region box)
{
    return (cells_of(node, box) + CELLS_OF_A_PASS - 1) / CELLS_OF_A_PASS;
}

static int64_t passes_of_list(const struct node *node, const struct region_list *list)
{
    int64_t passes = 0;
    for (int i = 0; i < list->count; i++)
        passes += passes_of(node, list->item[i]);
    return passes;
}

/* The box cut along its rows into `count` parts of about equal numbers of grid steps. */
static struct region part_of(const struct node *node, struct region box, int64_t part, int64_t count)
{
    const int64_t steps = steps_along(node, box, 2), grid = kernel_grid(node, 2) > 0 ? kernel_grid(node, 2) : 1;
    const int64_t first = box.axis[2].begin / grid;
    struct region result = box;
    if (part)
        result.axis[2].begin = (first + steps * part / count) * grid;
    if (part + 1 < count)
        result.axis[2].end = (first + steps * (part + 1) / count) * grid;
    return result;
}

/* As many boxes as can be had without reading the weights more often. */
static void add_interior(struct arena *arena, const struct node *node, struct region box, struct region_list *list)
{
    int64_t count = steps_along(node, box, 2);
    count = count > PHASES_MOST_BOXES ? PHASES_MOST_BOXES : count;
    for (; count > 1; count--) {
        int64_t passes = 0;
        for (int64_t i = 0; i < count; i++)
            passes += passes_of(node, part_of(node, box, i, count));
        if (passes <= passes_of(node, box))
            break;
    }
    for (int64_t i = 0; i < count; i++)
        *arena_append(arena, list->item, list->count, list->capacity) = part_of(node, box, i, count);
}

/* What is left of `own` without `inner`, which lies in it, as regions_subtract() has it: passes over the weights for that and for
 * inner. */
static int64_t passes_of_division(const struct node *node, struct region own, struct region inner)
{
    int64_t passes = passes_of(node, inner);
    for (int axis = 0; axis < own.rank; axis++) {
        const struct range all = own.axis[axis], within = inner.axis[axis];
        for (int side = 0; side < 2; side++) {
            own.axis[axis] = side ? (struct range){within.end, all.end} : (struct range){all.begin, within.begin};
            if (own.axis[axis].begin < own.axis[axis].end)
                passes += passes_of(node, own);
        }
        own.axis[axis] = within;
    }
    return passes;
}

/* Weights are read once for every CELLS_OF_A_PASS steps anyway: make what is urgent so large that the division costs no
 * pass, if at least a third is still interior then. */
static struct region save_passes(const struct node *node, struct region own, struct region inner)
{
    const int64_t grid = kernel_grid(node, 2), third = cells_of(node, own) / 3;
    struct region best = inner;
    int64_t fewest = grid > 0 ? passes_of_division(node, own, inner) : 0;
    for (int side = 0; side < 2; side++) {
        struct region smaller = inner;
        while (fewest > passes_of(node, own)) {
            if (side)
                smaller.axis[2].end = (smaller.axis[2].end - 1) / grid * grid;
            else
                smaller.axis[2].begin = (smaller.axis[2].begin / grid + 1) * grid;
            if (region_is_empty(smaller) || cells_of(node, smaller) < third)
                break;
            const int64_t passes = passes_of_division(node, own, smaller);
            if (passes < fewest) {
                fewest = passes;
                best = smaller;
            }
        }
    }
    return best;
}

static bool can_divide(const struct node *node)
{
    return node->output_count == 1 && node->output[0]->shape.rank > 2 && node_can_split(node) && !node->kernel->fails;
}

void phases_divide(struct arena *arena, const struct node *node, const struct region_list *own,
                   const struct region_list awaited[], const struct region_list *sent, struct phases *phases)
{
    *phases = (struct phases){0};
    bool exchanges = sent->count > 0;
    for (int i = 0; i < node->input_count; i++)
        exchanges |= awaited[i].count > 0;
    const bool divides = exchanges && can_divide(node);
    for (int k = 0; k < own->count; k++) {
        struct region inner = divides ? own->item[k] : (struct region){0};
        for (int i = 0; i < node->input_count; i++)
            for (int r = 0; r < awaited[i].count; r++)
                inner = avoid(node, inner, (struct conflict){i, awaited[i].item[r]});
        for (int r = 0; r < sent->count; r++)
            inner = avoid(node, inner, (struct conflict){-1, sent->item[r]});
        struct region_list rest = {0};
        regions_add(arena, &rest, own->item[k]);
        if (!region_is_empty(inner)) {
            inner = save_passes(node, own->item[k], inner);
            add_interior(arena, node, inner, &phases->interior);
            regions_subtract(arena, &rest, inner);
        }
        for (int r = 0; r < rest.count; r++)
            *arena_append(arena, phases->urgent.item, phases->urgent.count, phases->urgent.capacity) = rest.item[r];
    }
}

static int64_t weights_of(const struct node *node)
{
    int64_t weights = 0;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && tensor_is_constant(node->input[i]) && node->input[i]->shape.rank > 1)
            weights += shape_size(node->input[i]->shape);
    return weights;
}

/* Multiply-accumulates; where there are none, something like it. */
static double work_of(const struct node *node, const struct region_list *list)
{
    double work = 0;
    for (int i = 0; i < list->count; i++) {
        const int64_t macs = node_macs(node, list->item[i]);
        work += macs ? (double)macs : 4 * (double)region_size(list->item[i]);
    }
    return work;
}

/* What reading the weights once more costs, in multiply-accumulates. */
static double pass_macs(const struct node *node)
{
    double weights = (double)weights_of(node), bytes = weights * sizeof(float);
    if (node->kernel->added_weights)
        bytes += (double)node->kernel->added_weights(node);
    weights *= bytes > NEAR_BYTES ? FAR_PASS : NEAR_PASS;
    for (int axis = 2; axis < node->output[0]->shape.rank; axis++)
        weights *= kernel_grid(node, axis) > 0 ? (double)kernel_grid(node, axis) : 1;
    return weights;
}

bool phases_pay(const struct node *node, const struct region_list *own, const struct phases *phases,
                double exchange_macs)
{
    const double hidden = work_of(node, &phases->interior);
    const int64_t passes =
        passes_of_list(node, &phases->urgent) + passes_of_list(node, &phases->interior) - passes_of_list(node, own);
    return hidden >= LEAST_HIDDEN_MACS &&
           (hidden < exchange_macs ? hidden : exchange_macs) > ADVANTAGE * (double)passes * pass_macs(node);
}

/* Does the device's part of the node read any of `list` of its input? */
static bool reads_any(const struct plan *plan, const struct node *node, int device, int input,
                      const struct region_list *list)
{
    for (int k = 0; k < node->output_count; k++) {
        if (!node->output[k])
            continue;
        const struct region_list *own = plan_own(plan, node->output[k], device);
        for (int i = 0; i < own->count; i++)
            for (int r = 0; r < list->count; r++)
                if (!region_is_empty(region_intersect(node_reads(node, input, k, own->item[i]), list->item[r])))
                    return true;
    }
    return false;
}

static struct region_list received_at(struct arena *arena, const struct plan *plan, const struct tensor *tensor, int device)
{
    struct region_list received = {0};
    for (int t = 0; t < plan->transfer_count; t++)
        if (plan->transfer[t].tensor == tensor && plan->transfer[t].to == device)
            regions_add(arena, &received, plan->transfer[t].region);
    return received;
}

/* The first node that reads some of what the device receives of a tensor, or -1. */
static int first_reader(const struct plan *plan, const struct tensor *tensor, int device,
                        const struct region_list *received)
{
    const struct graph *graph = plan->graph;
    for (int n = 0; received->count && n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == tensor && reads_any(plan, graph->node[n], device, i, received))
                return n;
    return -1;
}

struct region_list phases_awaited(struct arena *arena, const struct plan *plan, int index, int device, int input)
{
    const struct tensor *tensor = plan->graph->node[index]->input[input];
    struct region_list received = {0};
    if (!tensor || tensor_is_constant(tensor))
        return received;
    received = received_at(arena, plan, tensor, device);
    return first_reader(plan, tensor, device, &received) == index ? received : (struct region_list){0};
}

struct region_list phases_sent(struct arena *arena, const struct plan *plan, int index, int device, int output)
{
    const struct tensor *tensor = plan->graph->node[index]->output[output];
    struct region_list sent = {0};
    for (int t = 0; tensor && t < plan->transfer_count; t++)
        if (plan->transfer[t].tensor == tensor && plan->transfer[t].from == device && !plan->transfer[t].relayed)
            regions_add(arena, &sent, plan->transfer[t].region);
    return sent;
}

static bool wants_division(const struct plan *plan, int index, int device, const struct region_list *own,
                           double bytes, const struct phases *phases)
{
    const double exchange_macs =
        plan->exchange_macs ? plan->exchange_macs[device] : PHASES_EXCHANGE_MACS + bytes * MACS_PER_BYTE;
    if (plan->no_overlap)
        return false;
    if (plan->divide)
        return plan->divide[index * plan->cluster->count + device];
    return phases_pay(plan->graph->node[index], own, phases, exchange_macs);
}

bool phases_follows(const struct graph *graph, int index)
{
    if (index + 1 >= graph->node_count)
        return false;
    const struct node *node = graph->node[index], *next = graph->node[index + 1];
    if (!can_divide(node) || !can_divide(next))
        return false;
    for (int i = 0; i < next->input_count; i++)
        if (next->input[i] == node->output[0])
            return true;
    return false;
}

/* Does some of what the device's part of the node reads of its input come from others? It is all that the device does not own. */
static bool receives_any(const struct plan *plan, const struct node *node, int device, int input)
{
    const struct region_list *held = plan_own(plan, node->input[input], device);
    for (int k = 0; k < node->output_count; k++) {
        if (!node->output[k])
            continue;
        const struct region_list *own = plan_own(plan, node->output[k], device);
        for (int i = 0; i < own->count; i++) {
            const struct region read = node_reads(node, input, k, own->item[i]);
            int64_t missing = region_size(read);
            for (int h = 0; h < held->count; h++)
                missing -= region_size(region_intersect(read, held->item[h]));
            if (missing > 0)
                return true;
        }
    }
    return false;
}

bool phases_joined(const struct plan *plan, int index, int device)
{
    if (!plan->joined || !plan->joined[index * plan->cluster->count + device] || !phases_follows(plan->graph, index))
        return false;
    const struct node *next = plan->graph->node[index + 1];
    for (int i = 0; i < next->input_count; i++)
        if (next->input[i] && !tensor_is_constant(next->input[i]) && receives_any(plan, next, device, i))
            return false;
    return true;
}

/* What the urgent boxes of a node read of a tensor that an earlier node of the same chain computes. */
static void add_reads(struct arena *arena, const struct node *node, const struct tensor *tensor, const struct phases *phases,
                      struct region_list *list)
{
    for (int i = 0; i < node->input_count; i++)
        for (int k = 0; node->input[i] == tensor && k < phases->urgent.count; k++)
            regions_add(arena, list, node_reads(node, i, 0, phases->urgent.item[k]));
}

/* ahead: what of output 0 the nodes joined to this one need for their urgent boxes. */
static void phases_before(struct arena *arena, const struct plan *plan, int index, int device, const struct region_list *ahead,
                          struct phases *phases)
{
    const struct node *node = plan->graph->node[index];
    const struct region_list *own = plan_own(plan, node->output[0], device);
    struct region_list *awaited = arena_array(arena, (size_t)node->input_count + 1, sizeof *awaited);
    struct region_list sent = phases_sent(arena, plan, index, device, 0);
    double bytes = (double)plan_wire_bytes(plan, node->output[0], regions_size(&sent)), arriving = 0;
    for (int i = 0; i < node->input_count; i++) {
        awaited[i] = phases_awaited(arena, plan, index, device, i);
        if (awaited[i].count)
            arriving += (double)plan_wire_bytes(plan, node->input[i], regions_size(&awaited[i]));
    }
    bytes = bytes > arriving ? bytes : arriving;
    for (int i = 0; i < ahead->count; i++)
        regions_add(arena, &sent, ahead->item[i]);
    phases_divide(arena, node, own, awaited, &sent, phases);
    if (phases->interior.count && wants_division(plan, index, device, own, bytes, phases))
        return;
    *phases = (struct phases){0};
    for (int i = 0; i < own->count; i++) /* box by box as the plan has them: those of several outputs go together */
        *arena_append(arena, phases->urgent.item, phases->urgent.count, phases->urgent.capacity) = own->item[i];
}

void phases_of(struct arena *arena, const struct plan *plan, int index, int device, struct phases *phases)
{
    int last = index;
    while (phases_joined(plan, last, device))
        last++;
    struct phases *chain = arena_array(arena, (size_t)(last - index) + 1, sizeof *chain);
    for (int n = last; n >= index; n--) {
        struct region_list ahead = {0};
        for (int later = n + 1; later <= last; later++)
            add_reads(arena, plan->graph->node[later], plan->graph->node[n]->output[0], &chain[later - index], &ahead);
        phases_before(arena, plan, n, device, &ahead, &chain[n - index]);
    }
    *phases = chain[0];
}

/* How many parts the largest transfer is worth; its bytes. */
static int64_t worthwhile_parts(const struct plan *plan, const struct tensor *tensor, int64_t *bytes)
{
    struct region largest = {0};
    for (int t = 0; t < plan->transfer_count; t++)
        if (plan->transfer[t].tensor == tensor && region_size(plan->transfer[t].region) > region_size(largest))
            largest = plan->transfer[t].region;
    if (largest.rank < 3)
        return 1;
    *bytes = plan_wire_bytes(plan, tensor, region_size(largest));
    const int64_t rows = (largest.axis[2].end - largest.axis[2].begin) / PHASES_PART_ROWS;
    int64_t parts = *bytes / PHASES_PART_BYTES;
    parts = parts > rows ? rows : parts;
    return parts > PHASES_MOST_PARTS ? PHASES_MOST_PARTS : parts;
}

bool phases_takes_parts(const struct node *reader, int64_t parts, double bytes)
{
    return can_divide(reader) && (double)parts * pass_macs(reader) <= MACS_PER_BYTE / 4 * bytes;
}

int phases_parts(const struct plan *plan, const struct tensor *tensor)
{
    int64_t bytes, parts = worthwhile_parts(plan, tensor, &bytes);
    if (plan->no_overlap || parts < 2)
        return 1;
    struct arena scratch = {0};
    for (int d = 0; d < plan->cluster->count && parts > 1; d++) {
        const struct region_list received = received_at(&scratch, plan, tensor, d);
        if (!received.count)
            continue;
        const int reader = first_reader(plan, tensor, d, &received);
        const struct node *node = reader < 0 ? NULL : plan->graph->node[reader];
        if (!node || !phases_takes_parts(node, parts, (double)bytes))
            parts = 1;
    }
    arena_free(&scratch);
    return (int)parts;
}

struct region phases_part(struct region region, int part, int parts)
{
    const struct range rows = region.axis[2];
    const int64_t count = rows.end - rows.begin;
    if (parts == 1)
        return region;
    region.axis[2] = (struct range){rows.begin + count * part / parts, rows.begin + count * (part + 1) / parts};
    return region_is_empty(region) ? (struct region){0} : region;
}

static struct region parts_after(struct region region, int part, int parts)
{
    region.axis[2].begin += (region.axis[2].end - region.axis[2].begin) * (part + 1) / parts;
    return region;
}

void phases_arrivals(struct arena *arena, const struct plan *plan, int index, int device, int input, int parts,
                     const struct region_list *urgent, struct region_list box[])
{
    const struct node *node = plan->graph->node[index];
    struct region_list rest = {0};
    for (int i = 0; i < urgent->count; i++)
        regions_add(arena, &rest, urgent->item[i]);
    for (int part = 0; part < parts; part++) {
        box[part] = (struct region_list){0};
        if (part + 1 == parts) {
            box[part] = rest;
            return;
        }
        const struct region_list before = rest;
        for (int i = 0; i < before.count; i++) {
            struct region now = before.item[i];
            for (int t = 0; t < plan->transfer_count; t++)
                if (plan->transfer[t].tensor == node->input[input] && plan->transfer[t].to == device)
                    now = avoid(node, now, (struct conflict){input, parts_after(plan->transfer[t].region, part, parts)});
            if (region_is_empty(now))
                continue;
            regions_add(arena, &box[part], now);
            regions_subtract(arena, &rest, now);
        }
    }
}
