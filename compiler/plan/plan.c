/* plan.c -- reading, printing and checking plans. */
/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "../operators/op.h"

#include <assert.h>
#include <inttypes.h>

const char *partition_name(enum partition partition)
{
    static const char *const name[] = {"auto", "gtdp", "rows", "star", "single"};
    return name[partition];
}

struct region_list *plan_own(const struct plan *plan, const struct tensor *tensor, int device)
{
    return &plan->own[tensor->id * plan->cluster->count + device];
}

struct region_list *plan_need(const struct plan *plan, const struct tensor *tensor, int device)
{
    return &plan->need[tensor->id * plan->cluster->count + device];
}

int64_t plan_wire_bytes(const struct plan *plan, const struct tensor *tensor, int64_t elements)
{
    if (plan->wire_half && tensor->type == TYPE_FLOAT)
        return (2 * elements + 3) / 4 * 4;
    return elements * (int64_t)type_size(tensor->type);
}

int64_t plan_macs(const struct plan *plan, const struct node *node, int device)
{
    int64_t macs = 0;
    const struct region_list *own = plan_own(plan, node->output[0], device);
    for (int i = 0; i < own->count; i++)
        macs += node_macs(node, own->item[i]);
    return macs;
}

static void print_list(struct text *text, const struct region_list *list)
{
    for (int i = 0; i < list->count; i++)
        text_printf(text, " %s", region_string(text->arena, list->item[i]));
}

/* Where an inference takes hardly longer than its busiest device does, that device is alone. */
static const double SLACK = 0.02;

int plan_in_flight(const struct plan *plan)
{
    const struct forecast *forecast = &plan->forecast;
    const double most = 16, count = forecast->interval > 0 ? forecast->seconds / forecast->interval : 1;
    if (!plan->throughput || count < 1 + SLACK)
        return 1;
    return 2 + (int)(count < most - 2 ? count : most - 2);
}

void plan_print(struct text *text, const struct plan *plan)
{
    const struct graph *graph = plan->graph;
    int devices = plan->cluster->count;
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = graph->tensor[t];
        if (tensor_is_constant(tensor))
            continue;
        text_printf(text, "%s %s", text_escape(text->arena, tensor->name), shape_string(text->arena, tensor->shape));
        if (tensor->producer)
            text_printf(text, " = %s", tensor->producer->op_type);
        text_add(text, "\n");
        for (int d = 0; d < devices; d++) {
            const struct region_list *own = plan_own(plan, tensor, d), *need = plan_need(plan, tensor, d);
            if (!own->count && !need->count)
                continue;
            text_printf(text, "    %d own", d);
            print_list(text, own);
            text_add(text, " need");
            print_list(text, need);
            text_add(text, "\n");
        }
        for (int i = 0; i < plan->transfer_count; i++) {
            const struct transfer *transfer = &plan->transfer[i];
            if (transfer->tensor == tensor)
                text_printf(text, "    %d -> %d %s %" PRId64 "%s\n", transfer->from, transfer->to,
                            region_string(text->arena, transfer->region), region_size(transfer->region),
                            transfer->relayed ? " relayed" : "");
        }
    }
}

/* What device `to` holds once all transfers are done. */
static struct region_list held_after(struct arena *arena, const struct plan *plan, const struct tensor *tensor, int to)
{
    struct region_list held = {0};
    const struct region_list *own = plan_own(plan, tensor, to);
    for (int i = 0; i < own->count; i++)
        regions_add(arena, &held, own->item[i]);
    for (int i = 0; i < plan->transfer_count; i++) {
        const struct transfer *transfer = &plan->transfer[i];
        if (transfer->tensor != tensor || transfer->to != to)
            continue;
        int64_t before = regions_size(&held);
        regions_add(arena, &held, transfer->region);
        assert(regions_size(&held) == before + region_size(transfer->region) && "moved twice or needlessly");
    }
    return held;
}

static void assert_covers(struct arena *arena, const struct region_list *list, struct region region)
{
    struct region_list missing = {0};
    regions_add(arena, &missing, region);
    for (int i = 0; i < list->count; i++)
        regions_subtract(arena, &missing, list->item[i]);
    assert(missing.count == 0);
    (void)missing;
}

void plan_verify(const struct plan *plan)
{
    struct arena scratch = {0};
    const struct graph *graph = plan->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = graph->tensor[t];
        if (tensor_is_constant(tensor))
            continue;
        for (int d = 0; d < plan->cluster->count; d++) {
            const struct region_list *need = plan_need(plan, tensor, d);
            struct region_list held = held_after(&scratch, plan, tensor, d);
            for (int i = 0; i < need->count; i++)
                assert_covers(&scratch, &held, need->item[i]);
        }
    }
    arena_free(&scratch);
}
