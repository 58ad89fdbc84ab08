/* timeline_times.c -- how long a device takes for a node, urgent part and interior. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "timeline_state.h"

#include <string.h>

/* What dividing a layer hides must be worth so many times what it costs. */
static const double DIVIDING_ADVANTAGE = 1.2;

enum { LAST_BIT = 63 };

/* Chains of joined nodes are at most so long. */
enum { MOST_JOINED = 5 };

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
static bool list_awaited(struct timeline *t, int n, int device, struct region_list *awaited, struct phase_times *times)
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
            if (list->item[k].to == device)
                append_box(&t->scratch, &awaited[i], list->item[k].region);
        any |= awaited[i].count > 0;
    }
    return any;
}

/* seconds: until the last of it has arrived. */
static struct region_list list_sent(struct timeline *t, const struct tensor *tensor, int device, double *seconds)
{
    struct region_list sent = {0};
    double bytes = 0, travel = 0, latency = 0;
    const struct deliveries *list = deliveries_of(t, tensor);
    for (int k = 0; k < list->count; k++)
        if (list->item[k].from == device) {
            const int to = list->item[k].to;
            append_box(&t->scratch, &sent, list->item[k].region);
            travel += list->item[k].bytes / t->model->rate[device][to];
            bytes += list->item[k].bytes;
            latency = latency > t->model->latency[device][to] ? latency : t->model->latency[device][to];
        }
    *seconds = sent.count ? latency + travel + t->model->tell_seconds[device] + 2 * t->model->message_seconds[device] +
                                bytes * (t->model->pack_seconds[device] + 2 * t->model->byte_seconds[device])
                          : 0;
    return sent;
}

/* What the nodes joined to node number `n` read of its output for their urgent boxes. */
static void list_ahead(struct timeline *t, int n, int device, int joined, struct region_list *list)
{
    const struct tensor *tensor = t->graph->node[n]->output[0];
    for (int later = n + 1; later <= n + joined; later++) {
        const struct node *node = t->graph->node[later];
        const struct phase_times *times = times_of(t, later, device);
        for (int i = 0; i < node->input_count; i++)
            for (int k = 0; node->input[i] == tensor && k < times->urgent_boxes; k++)
                append_box(&t->scratch, list, piece_reads(node, i, times->urgent_box[k]));
    }
}

bool timeline_dividing_pays(const struct phase_times *times, double seconds)
{
    double interior = 0;
    for (int i = 0; i < times->interior_count; i++)
        interior += times->interior[i];
    const double hidden = interior < seconds ? interior : seconds;
    return hidden > DIVIDING_ADVANTAGE * (times->urgent + interior - times->whole);
}

static void keep_boxes(struct phase_times *times, const struct region_list *urgent)
{
    times->urgent_boxes = 0;
    for (int i = 0; i < urgent->count; i++)
        if (i < KNOWN_BOXES)
            times->urgent_box[times->urgent_boxes++] = urgent->item[i];
        else
            times->urgent_box[KNOWN_BOXES - 1] = region_cover(times->urgent_box[KNOWN_BOXES - 1], urgent->item[i]);
}

/* Every box is a call, and reads the weights again. */
static void divide_phases(struct timeline *t, const struct node *node, int device, const struct phases *phases, double hides,
                          struct phase_times *times)
{
    double interior = 0;
    times->urgent = 0;
    times->interior_count = phases->interior.count;
    for (int i = 0; i < phases->urgent.count; i++)
        times->urgent += seconds_of(t, node, device, phases->urgent.item[i]);
    for (int i = 0; i < phases->interior.count; i++) {
        times->interior[i] = seconds_of(t, node, device, phases->interior.item[i]);
        interior += times->interior[i];
    }
    keep_boxes(times, &phases->urgent);
    times->divided = hides > 0 && timeline_dividing_pays(times, hides);
    times->hides = times->divided && hides > interior ? hides - interior : 0;
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
                       const struct region_list *awaited, const struct region_list *sent, double hides)
{
    uint64_t bits, key = mix(mix(1, (uint64_t)n), (uint64_t)device);
    memcpy(&bits, &hides, sizeof bits);
    key = mix_regions(mix_regions(mix(key, bits), own), sent);
    for (int i = 0; i < node->input_count; i++)
        key = mix_regions(key, &awaited[i]);
    return key ? key : 1;
}

/* How many nodes follow that are joined on the device. */
static int joined_after(const struct timeline *t, int n, int device)
{
    if (!t->follows[n])
        return 0;
    const struct phase_times *next = times_of(t, n + 1, device);
    return next->divided && !next->awaits && next->joined < MOST_JOINED ? next->joined + 1 : 0;
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
    double hides;
    const bool waits = list_awaited(t, n, device, awaited, &times);
    struct region_list sent = list_sent(t, node->output[0], device, &hides);
    const uint64_t awaits_of = times.awaits;
    const int joined = joined_after(t, n, device);
    if (joined) {
        list_ahead(t, n, device, joined, &sent);
        const double later = times_of(t, n + 1, device)->hides;
        hides = hides > later ? hides : later;
    }
    const uint64_t key = key_of(node, n, device, &own, awaited, &sent, hides);
    struct known_times *known = &t->known[key % KNOWN_TIMES];
    if (known->key == key) {
        times = known->times;
        times.awaits = awaits_of;
        times.joined = joined;
        return times;
    }
    times.whole = seconds_of(t, node, device, piece);
    times.urgent_box[0] = piece;
    times.urgent_boxes = 1;
    if (!t->rules.no_overlap && !t->rules.undivided && (waits || sent.count)) {
        struct phases phases = {0};
        phases_divide(&t->scratch, node, &own, awaited, &sent, &phases);
        if (phases.interior.count)
            divide_phases(t, node, device, &phases, hides, &times);
    }
    *known = (struct known_times){key, times};
    times.joined = joined;
    return times;
}
