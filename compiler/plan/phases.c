/* phases.c -- dividing a device's boxes into what is urgent and what can wait. */
/* SPDX-License-Identifier: MIT */
#include "phases.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"

/* Kernels that read a layer's weights from far memory do so once for every so many steps of the grid, and that takes as
 * long as computing FAR_PASS steps; NEAR_PASS where the weights stay in a cache. Measured. */
enum { CELLS_OF_A_PASS = 56, FAR_PASS = 12, NEAR_PASS = 3, NEAR_BYTES = 1 << 20 };

/* Dividing costs some time that the model of it does not know, and calls that small layers do not hide. */
static const double ADVANTAGE = 1.5, LEAST_HIDDEN_MACS = 1e5;

/* Something that keeps elements from being interior: a part of an input (>= 0) that arrives, or of the output (-1) that is sent. */
struct conflict {
    int input;
    struct region region;
};

static bool conflicts(const struct node *node, struct region piece, struct conflict conflict)
{
    const struct region touched = conflict.input < 0 ? piece : node_reads(node, conflict.input, 0, piece);
    return !region_is_empty(region_intersect(touched, conflict.region));
}

/* The longest run of whole grid steps of `box` along `axis` that are free of the conflict. */
static struct region longest_run(const struct node *node, struct region box, int axis, struct conflict conflict)
{
    const int64_t grid = kernel_grid(node, axis), end = box.axis[axis].end;
    struct region best = {0}, run = box;
    run.axis[axis].end = run.axis[axis].begin;
    for (int64_t at = box.axis[axis].begin; at < end;) {
        struct region slab = box;
        const int64_t next = (at / grid + 1) * grid;
        slab.axis[axis] = (struct range){at, next < end ? next : end};
        if (conflicts(node, slab, conflict))
            run.axis[axis].begin = slab.axis[axis].end;
        run.axis[axis].end = slab.axis[axis].end;
        if (region_size(run) > region_size(best))
            best = run;
        at = slab.axis[axis].end;
    }
    return best;
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

/* Boxes of about equal numbers of grid steps along the rows, each worth a pass over the weights. */
static void add_interior(struct arena *arena, const struct node *node, struct region box, struct region_list *list)
{
    const int64_t steps = steps_along(node, box, 2), grid = kernel_grid(node, 2) > 0 ? kernel_grid(node, 2) : 1;
    int64_t count = cells_of(node, box) / CELLS_OF_A_PASS;
    count = count < 1 ? 1 : count > PHASES_MOST_BOXES ? PHASES_MOST_BOXES : count;
    count = count > steps ? steps : count;
    const int64_t first = box.axis[2].begin / grid;
    for (int64_t i = 0; i < count; i++) {
        struct region part = box;
        if (i)
            part.axis[2].begin = (first + steps * i / count) * grid;
        if (i + 1 < count)
            part.axis[2].end = (first + steps * (i + 1) / count) * grid;
        *arena_append(arena, list->item, list->count, list->capacity) = part;
    }
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

static int64_t passes_of(const struct node *node, const struct region_list *list)
{
    int64_t passes = 0;
    for (int i = 0; i < list->count; i++)
        passes += (cells_of(node, list->item[i]) + CELLS_OF_A_PASS - 1) / CELLS_OF_A_PASS;
    return passes;
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

bool phases_pay(const struct node *node, const struct region_list *own, const struct phases *phases,
                double exchange_macs)
{
    const double hidden = work_of(node, &phases->interior);
    const int64_t passes =
        passes_of(node, &phases->urgent) + passes_of(node, &phases->interior) - passes_of(node, own);
    double weights = (double)weights_of(node);
    weights *= weights * sizeof(float) > NEAR_BYTES ? FAR_PASS : NEAR_PASS;
    for (int axis = 2; axis < node->output[0]->shape.rank; axis++)
        weights *= kernel_grid(node, axis) > 0 ? (double)kernel_grid(node, axis) : 1;
    return hidden >= LEAST_HIDDEN_MACS &&
           (hidden < exchange_macs ? hidden : exchange_macs) > ADVANTAGE * (double)passes * weights;
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

struct region_list phases_awaited(struct arena *arena, const struct plan *plan, int index, int device, int input)
{
    const struct graph *graph = plan->graph;
    const struct tensor *tensor = graph->node[index]->input[input];
    struct region_list received = {0};
    if (!tensor || tensor_is_constant(tensor))
        return received;
    for (int t = 0; t < plan->transfer_count; t++)
        if (plan->transfer[t].tensor == tensor && plan->transfer[t].to == device)
            regions_add(arena, &received, plan->transfer[t].region);
    if (!received.count)
        return received;
    for (int n = 0; n <= index; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == tensor && reads_any(plan, graph->node[n], device, i, &received))
                return n == index ? received : (struct region_list){0};
    return (struct region_list){0};
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
                           const struct phases *phases)
{
    const double exchange_macs = plan->exchange_macs ? plan->exchange_macs[device] : PHASES_EXCHANGE_MACS;
    if (plan->no_overlap)
        return false;
    if (plan->divide)
        return plan->divide[index * plan->cluster->count + device];
    return phases_pay(plan->graph->node[index], own, phases, exchange_macs);
}

void phases_of(struct arena *arena, const struct plan *plan, int index, int device, struct phases *phases)
{
    const struct node *node = plan->graph->node[index];
    const struct region_list *own = plan_own(plan, node->output[0], device);
    struct region_list *awaited = arena_array(arena, (size_t)node->input_count + 1, sizeof *awaited);
    for (int i = 0; i < node->input_count; i++)
        awaited[i] = phases_awaited(arena, plan, index, device, i);
    const struct region_list sent = phases_sent(arena, plan, index, device, 0);
    phases_divide(arena, node, own, awaited, &sent, phases);
    if (phases->interior.count && wants_division(plan, index, device, own, phases))
        return;
    *phases = (struct phases){0};
    for (int i = 0; i < own->count; i++) /* box by box as the plan has them: those of several outputs go together */
        *arena_append(arena, phases->urgent.item, phases->urgent.count, phases->urgent.capacity) = own->item[i];
}
