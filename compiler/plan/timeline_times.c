/* timeline_times.c -- how long a device takes for a node, urgent part and interior. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "timeline_state.h"

#include <string.h>

/* What dividing a layer hides must be worth so many times what it costs. */
static const double DIVIDING_ADVANTAGE = 1.2;

enum { LAST_BIT = 63 };

/* Does the node read on the device what comes from others, and is it the first to? */
static bool awaits(const struct timeline *t, const struct tensor *tensor, int n, int input, int device, bool *first)
{
    const struct region held = timeline_held(t, tensor, device);
    if (region_contains(held, pieces_of(t, n)->need[input * t->devices + device]))
        return false;
    *first = true;
    for (int r = t->first_reader[tensor->id]; t->reader[r].node < n; r++)
        if (!region_contains(held, pieces_of(t, t->reader[r].node)->need[t->reader[r].input * t->devices + device]))
            *first = false;
    return true;
}

static void append_box(struct arena *arena, struct region_list *list, struct region region)
{
    *arena_append(arena, list->item, list->count, list->capacity) = region;
}

static double seconds_of(const struct timeline *t, const struct node *node, int device, struct region box)
{
    const struct work work = kernel_work(node, box);
    return cost_seconds(t->model, device, &work);
}

/* What of the node's inputs comes from others, where this node is the first to read it; notes what the node waits for. */
static bool list_awaited(struct timeline *t, int n, int device, struct region_list *awaited, struct phase_times *times,
                         double *seconds)
{
    const struct node *node = t->graph->node[n];
    bool any = false;
    for (int i = 0; i < node->input_count; i++) {
        bool first = false;
        awaited[i].count = 0;
        if (!timeline_is_computed(node->input[i]) || !awaits(t, node->input[i], n, i, device, &first))
            continue;
        times->awaits |= UINT64_C(1) << (i < LAST_BIT ? i : LAST_BIT);
        const struct deliveries *list = deliveries_of(t, node->input[i]);
        for (int k = 0; first && k < list->count; k++)
            if (list->item[k].to == device) {
                append_box(&t->scratch, &awaited[i], list->item[k].region);
                *seconds += list->item[k].bytes / t->model->rate[list->item[k].from][device];
            }
        any |= awaited[i].count > 0;
    }
    return any;
}

static struct region_list list_sent(struct timeline *t, const struct tensor *tensor, int device, double *seconds)
{
    struct region_list sent = {0};
    const struct deliveries *list = deliveries_of(t, tensor);
    for (int k = 0; k < list->count; k++)
        if (list->item[k].from == device) {
            append_box(&t->scratch, &sent, list->item[k].region);
            *seconds += list->item[k].bytes / t->model->rate[device][list->item[k].to];
        }
    return sent;
}

/* Dividing pays where it can hide more than it costs: every box is a call, and reads the weights again. */
static void divide_phases(struct timeline *t, const struct node *node, int device, const struct phases *phases,
                          double exchange_seconds, struct phase_times *times)
{
    double urgent = 0, interior = 0;
    for (int i = 0; i < phases->urgent.count; i++)
        urgent += seconds_of(t, node, device, phases->urgent.item[i]);
    for (int i = 0; i < phases->interior.count; i++) {
        times->interior[i] = seconds_of(t, node, device, phases->interior.item[i]);
        interior += times->interior[i];
    }
    const double hidden = interior < exchange_seconds ? interior : exchange_seconds;
    if (hidden <= DIVIDING_ADVANTAGE * (urgent + interior - times->urgent))
        return;
    times->urgent = urgent;
    times->interior_count = phases->interior.count;
}

/* ---- what was found out before ---- */

/* Everything that the times of a node on a device follow from. */
static uint64_t mix(uint64_t key, uint64_t value)
{
    key = (key ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return key ^ key >> 29;
}

static uint64_t mix_regions(uint64_t key, const struct region_list *list)
{
    key = mix(key, (uint64_t)list->count);
    for (int i = 0; i < list->count; i++)
        for (int axis = 0; axis < list->item[i].rank; axis++) {
            key = mix(key, (uint64_t)list->item[i].axis[axis].begin);
            key = mix(key, (uint64_t)list->item[i].axis[axis].end);
        }
    return key;
}

static uint64_t key_of(const struct node *node, int n, int device, const struct region_list *own,
                       const struct region_list *awaited, const struct region_list *sent, double seconds)
{
    uint64_t bits, key = mix(mix(1, (uint64_t)n), (uint64_t)device);
    memcpy(&bits, &seconds, sizeof bits);
    key = mix_regions(mix_regions(mix(key, bits), own), sent);
    for (int i = 0; i < node->input_count; i++)
        key = mix_regions(key, &awaited[i]);
    return key ? key : 1;
}

struct phase_times timeline_time_phases(struct timeline *t, int n, int device)
{
    const struct node *node = t->graph->node[n];
    struct phase_times times = {0};
    struct region piece = timeline_piece(t, n, device);
    if (region_is_empty(piece))
        return times;
    const struct region_list own = {.count = 1, .capacity = 1, .item = &piece};
    struct region_list *awaited = arena_array(&t->scratch, (size_t)node->input_count + 1, sizeof *awaited);
    double seconds = t->model->latency[device ? 0 : t->devices - 1][device];
    const bool waits = list_awaited(t, n, device, awaited, &times, &seconds);
    const struct region_list sent = list_sent(t, node->output[0], device, &seconds);
    const uint64_t key = key_of(node, n, device, &own, awaited, &sent, seconds), awaits_of = times.awaits;
    struct known_times *known = &t->known[key % KNOWN_TIMES];
    if (known->key == key) {
        times = known->times;
        times.awaits = awaits_of;
        return times;
    }
    times.urgent = seconds_of(t, node, device, piece);
    if (!t->rules.no_overlap && !t->rules.undivided && (waits || sent.count)) {
        struct phases phases = {0};
        phases_divide(&t->scratch, node, &own, awaited, &sent, &phases);
        if (phases.interior.count)
            divide_phases(t, node, device, &phases, seconds, &times);
    }
    *known = (struct known_times){key, times};
    return times;
}
