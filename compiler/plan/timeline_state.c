/* timeline_state.c -- divisions of a graph, and what follows from them, kept up to date piece by piece. */
/* SPDX-License-Identifier: MIT */
#include "timeline_state.h"

#include "../operators/op.h"

#include <string.h>

enum { SCRATCH_LIMIT = 3 << 16 };

const struct pieces *pieces_of(const struct timeline *timeline, int node)
{
    return &timeline->pieces[timeline->pieces_at[node]][node];
}

const struct deliveries *deliveries_of(const struct timeline *timeline, const struct tensor *tensor)
{
    return &timeline->deliveries[timeline->deliveries_at[tensor->id]][tensor->id];
}

const struct phase_times *times_of(const struct timeline *timeline, int node, int device)
{
    return &timeline->times[timeline->times_at[node]][node * timeline->devices + device];
}

struct region timeline_piece(const struct timeline *timeline, int n, int device)
{
    return pieces_of(timeline, n)->piece[device];
}

int64_t timeline_effort(const struct timeline *timeline)
{
    return timeline->effort;
}

bool timeline_divides(const struct timeline *timeline, int n, int device)
{
    return timeline->divides[n * timeline->devices + device];
}

bool timeline_joined(const struct timeline *timeline, int n, int device)
{
    return times_of(timeline, n, device)->joined > 0;
}

static int output_of(const struct node *node, const struct tensor *tensor)
{
    int k = 0;
    while (node->output[k] != tensor)
        k++;
    return k;
}

struct region timeline_held(const struct timeline *timeline, const struct tensor *tensor, int device)
{
    const int producer = timeline->producer[tensor->id];
    if (producer < 0)
        return device ? (struct region){0} : region_whole(tensor->shape);
    const struct node *node = timeline->graph->node[producer];
    return piece_of_output(node, output_of(node, tensor), timeline_piece(timeline, producer, device));
}

bool timeline_is_computed(const struct tensor *tensor)
{
    return tensor && !tensor_is_constant(tensor);
}

/* ---- making one ---- */

static void index_readers(struct timeline *t)
{
    const struct graph *graph = t->graph;
    int count = 0;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (timeline_is_computed(graph->node[n]->input[i])) {
                t->first_reader[graph->node[n]->input[i]->id + 1]++;
                count++;
            }
    for (int i = 0; i < graph->tensor_count; i++)
        t->first_reader[i + 1] += t->first_reader[i];
    t->reader = arena_array(t->arena, (size_t)count + 1, sizeof *t->reader);
    int *next = arena_array(t->arena, (size_t)graph->tensor_count + 1, sizeof *next);
    memcpy(next, t->first_reader, (size_t)graph->tensor_count * sizeof *next);
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (timeline_is_computed(graph->node[n]->input[i]))
                t->reader[next[graph->node[n]->input[i]->id]++] = (struct reader){n, i};
}

static void index_graph(struct timeline *t)
{
    const struct graph *graph = t->graph;
    const size_t tensors = (size_t)graph->tensor_count + 1;
    t->producer = arena_array(t->arena, tensors, sizeof *t->producer);
    t->first_reader = arena_array(t->arena, tensors + 1, sizeof *t->first_reader);
    t->delivered = arena_array(t->arena, tensors, sizeof *t->delivered);
    for (int i = 0; i < graph->tensor_count; i++)
        t->producer[i] = -1;
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->node[n]->output_count; k++)
            if (graph->node[n]->output[k])
                t->producer[graph->node[n]->output[k]->id] = n;
    for (int i = 0; i < graph->output_count; i++)
        t->delivered[graph->output[i]->id] = true;
    index_readers(t);
}

static void make_slots(struct timeline *t)
{
    const struct graph *graph = t->graph;
    const size_t tensors = (size_t)graph->tensor_count + 1, nodes = (size_t)graph->node_count + 1;
    const size_t devices = (size_t)t->devices;
    for (int slot = 0; slot < 2; slot++) {
        t->pieces[slot] = arena_array(t->arena, nodes, sizeof *t->pieces[slot]);
        t->deliveries[slot] = arena_array(t->arena, tensors, sizeof *t->deliveries[slot]);
        t->times[slot] = arena_array(t->arena, nodes * devices, sizeof *t->times[slot]);
        for (int n = 0; n < graph->node_count; n++) {
            struct pieces *pieces = &t->pieces[slot][n];
            pieces->piece = arena_array(t->arena, devices, sizeof *pieces->piece);
            pieces->need =
                arena_array(t->arena, devices * (size_t)graph->node[n]->input_count + 1, sizeof *pieces->need);
        }
    }
    t->first = arena_array(t->arena, tensors * devices, sizeof *t->first);
    t->arrival = arena_array(t->arena, tensors * devices, sizeof *t->arrival);
    t->unpack = arena_array(t->arena, tensors * devices, sizeof *t->unpack);
    t->frame = arena_array(t->arena, devices * devices, sizeof *t->frame);
    t->frame_of = arena_array(t->arena, devices * devices, sizeof *t->frame_of);
    t->pieces_at = arena_array(t->arena, nodes, 1);
    t->deliveries_at = arena_array(t->arena, tensors, 1);
    t->times_at = arena_array(t->arena, nodes, 1);
    t->pieces_new = arena_array(t->arena, nodes, sizeof *t->pieces_new);
    t->deliveries_new = arena_array(t->arena, tensors, sizeof *t->deliveries_new);
    t->times_new = arena_array(t->arena, nodes, sizeof *t->times_new);
    t->tensor_stale = arena_array(t->arena, tensors, sizeof *t->tensor_stale);
    t->node_stale = arena_array(t->arena, nodes, sizeof *t->node_stale);
    t->stale_tensor = arena_array(t->arena, tensors, sizeof *t->stale_tensor);
    t->stale_node = arena_array(t->arena, nodes, sizeof *t->stale_node);
    t->follows = arena_array(t->arena, nodes, sizeof *t->follows);
    t->divides = arena_array(t->arena, nodes * devices, sizeof *t->divides);
    t->new_pieces = arena_array(t->arena, nodes, sizeof *t->new_pieces);
    t->new_deliveries = arena_array(t->arena, tensors, sizeof *t->new_deliveries);
    t->new_times = arena_array(t->arena, nodes, sizeof *t->new_times);
    t->known = arena_array(t->arena, KNOWN_TIMES, sizeof *t->known);
}

static void mark_tensor(struct timeline *t, const struct tensor *tensor)
{
    if (!timeline_is_computed(tensor) || t->tensor_stale[tensor->id])
        return;
    t->tensor_stale[tensor->id] = true;
    t->stale_tensor[t->stale_tensor_count++] = tensor->id;
}

static void mark_node(struct timeline *t, int n)
{
    if (n < 0 || t->node_stale[n])
        return;
    t->node_stale[n] = true;
    t->stale_node[t->stale_node_count++] = n;
}

struct timeline *timeline_new(struct arena *arena, const struct graph *graph, const struct cost_model *model,
                              struct timeline_rules rules)
{
    struct timeline *t = arena_alloc(arena, sizeof *t);
    *t = (struct timeline){
        .arena = arena, .graph = graph, .model = model, .devices = model->cluster->count, .rules = rules};
    index_graph(t);
    make_slots(t);
    for (int i = 0; i < graph->tensor_count; i++)
        mark_tensor(t, graph->tensor[i]);
    for (int n = 0; n < graph->node_count; n++) {
        t->follows[n] = !rules.relay && !rules.no_overlap && !rules.undivided && phases_follows(graph, n);
        mark_node(t, n);
    }
    return t;
}

void timeline_free(struct timeline *timeline)
{
    arena_free(&timeline->scratch);
}

/* ---- changing and taking back ---- */

/* The slot to write a new state into: the first change since the last keep leaves the old one where it is. */
static int fresh_slot(unsigned char *at, bool *is_new, int *list, int *count, int i)
{
    if (!is_new[i]) {
        is_new[i] = true;
        list[(*count)++] = i;
        at[i] ^= 1;
    }
    return at[i];
}

bool timeline_divide(struct timeline *t, int n, const struct division *division)
{
    const struct node *node = t->graph->node[n];
    const struct pieces *old = pieces_of(t, n);
    bool same = true;
    for (int d = 0; same && d < t->devices; d++)
        same = region_equal(old->piece[d], division->piece[d]);
    if (same)
        return false;
    struct pieces *now = &t->pieces[fresh_slot(t->pieces_at, t->pieces_new, t->new_pieces, &t->new_pieces_count, n)][n];
    for (int d = 0; d < t->devices; d++) {
        const struct region piece = division->piece[d];
        const bool unchanged = region_equal(old->piece[d], piece);
        for (int i = 0; i < node->input_count; i++) {
            struct region *need = &now->need[i * t->devices + d];
            if (unchanged)
                *need = old->need[i * t->devices + d];
            else
                *need = timeline_is_computed(node->input[i]) ? piece_reads(node, i, piece) : (struct region){0};
        }
        now->piece[d] = piece;
    }
    for (int i = 0; i < node->input_count; i++)
        mark_tensor(t, node->input[i]);
    for (int k = 0; k < node->output_count; k++)
        mark_tensor(t, node->output[k]);
    mark_node(t, n);
    return true;
}

struct region timeline_wanted(const struct timeline *t, int n, int device)
{
    const struct tensor *tensor = t->graph->node[n]->output[0];
    struct region wanted = {0};
    for (int r = t->first_reader[tensor->id]; r < t->first_reader[tensor->id + 1]; r++)
        wanted = region_cover(
            wanted, pieces_of(t, t->reader[r].node)->need[t->reader[r].input * t->devices + device]);
    if (device == 0 && t->delivered[tensor->id])
        wanted = region_whole(tensor->shape);
    return wanted;
}

static void forget(bool *is_new, const int *list, int *count, unsigned char *at, bool back)
{
    for (int i = 0; i < *count; i++) {
        is_new[list[i]] = false;
        if (back)
            at[list[i]] ^= 1;
    }
    *count = 0;
}

static void end_trial(struct timeline *t, bool back)
{
    forget(t->pieces_new, t->new_pieces, &t->new_pieces_count, t->pieces_at, back);
    forget(t->deliveries_new, t->new_deliveries, &t->new_deliveries_count, t->deliveries_at, back);
    forget(t->times_new, t->new_times, &t->new_times_count, t->times_at, back);
}

void timeline_keep(struct timeline *timeline)
{
    timeline_settle(timeline);
    end_trial(timeline, false);
}

void timeline_undo(struct timeline *timeline)
{
    timeline_settle(timeline);
    end_trial(timeline, true);
}

/* ---- deliveries ---- */

/* What the device reads of a tensor, as few boxes that are not inside each other. */
static int needs_of(const struct timeline *t, const struct tensor *tensor, int device, struct region box[], int most)
{
    int count = 0;
    for (int r = t->first_reader[tensor->id]; r <= t->first_reader[tensor->id + 1]; r++) {
        struct region need = {0};
        if (r < t->first_reader[tensor->id + 1])
            need = pieces_of(t, t->reader[r].node)->need[t->reader[r].input * t->devices + device];
        else if (device == 0 && t->delivered[tensor->id])
            need = region_whole(tensor->shape);
        bool covered = region_is_empty(need);
        for (int i = 0; i < count && !covered; i++) {
            covered = region_contains(box[i], need);
            if (!covered && region_contains(need, box[i])) {
                box[i--] = box[--count];
            }
        }
        if (covered)
            continue;
        if (count < most)
            box[count++] = need;
        else
            box[0] = region_cover(box[0], need);
    }
    return count;
}

static void deliver(struct timeline *t, struct deliveries *list, const struct tensor *tensor, int from, int to,
                    struct region region)
{
    const bool half = t->rules.wire_half && tensor->type == TYPE_FLOAT;
    const double bytes = (double)(region_size(region) * (half ? 2 : (int64_t)type_size(tensor->type)));
    *arena_append(t->arena, list->item, list->count, list->capacity) = (struct delivery){from, to, bytes, region};
}

/* From each owner in device order what it has of `missing`. */
static void deliver_from_owners(struct timeline *t, struct deliveries *list, const struct tensor *tensor, int to,
                                struct region_list *missing)
{
    for (int from = 0; from < t->devices && missing->count; from++) {
        const struct region held = timeline_held(t, tensor, from);
        if (from == to || region_is_empty(held))
            continue;
        const struct region_list part = regions_within(&t->scratch, missing, held);
        for (int i = 0; i < part.count; i++)
            deliver(t, list, tensor, from, to, part.item[i]);
        regions_subtract(&t->scratch, missing, held);
    }
}

static void deliver_to(struct timeline *t, struct deliveries *list, const struct tensor *tensor, int to, bool disjoint)
{
    enum { MOST = 4 };
    struct region need[MOST];
    const struct region held = timeline_held(t, tensor, to);
    const int count = needs_of(t, tensor, to, need, MOST);
    if (count == 0 || (count == 1 && region_contains(held, need[0])))
        return;
    if (count == 1 && disjoint) {
        for (int from = 0; from < t->devices; from++) {
            const struct region part = region_intersect(need[0], timeline_held(t, tensor, from));
            if (from != to && !region_is_empty(part))
                deliver(t, list, tensor, from, to, part);
        }
        return;
    }
    struct region_list missing = {0};
    for (int i = 0; i < count; i++)
        regions_add(&t->scratch, &missing, need[i]);
    regions_subtract(&t->scratch, &missing, held);
    deliver_from_owners(t, list, tensor, to, &missing);
}

/* How many parts the largest delivery is worth; as phases_parts() says, but for all readers. */
static int parts_of(const struct timeline *t, int id, const struct deliveries *list)
{
    const struct delivery *largest = NULL;
    for (int i = 0; i < list->count; i++)
        if (!largest || list->item[i].bytes > largest->bytes)
            largest = &list->item[i];
    if (!largest || t->rules.no_overlap || largest->region.rank < 3)
        return 1;
    const int64_t rows = (largest->region.axis[2].end - largest->region.axis[2].begin) / PHASES_PART_ROWS;
    int64_t parts = (int64_t)largest->bytes / PHASES_PART_BYTES;
    parts = parts > rows ? rows : parts;
    parts = parts > PHASES_MOST_PARTS ? PHASES_MOST_PARTS : parts;
    for (int r = t->first_reader[id]; parts > 1 && r < t->first_reader[id + 1]; r++)
        if (!phases_takes_parts(t->graph->node[t->reader[r].node], parts, (double)largest->bytes))
            parts = 1;
    return parts < 1 ? 1 : (int)parts;
}

static void settle_tensor(struct timeline *t, int id)
{
    t->effort += t->devices * (1 + t->first_reader[id + 1] - t->first_reader[id]);
    const struct tensor *tensor = t->graph->tensor[id];
    struct deliveries *list =
        &t->deliveries[fresh_slot(t->deliveries_at, t->deliveries_new, t->new_deliveries, &t->new_deliveries_count, id)][id];
    int64_t computed = 0;
    for (int d = 0; d < t->devices; d++)
        computed += region_size(timeline_held(t, tensor, d));
    list->count = 0;
    for (int to = 0; to < t->devices; to++)
        deliver_to(t, list, tensor, to, computed == shape_size(tensor->shape));
    list->parts = parts_of(t, id, list);
    mark_node(t, t->producer[id]);
    for (int r = t->first_reader[id]; r < t->first_reader[id + 1]; r++)
        mark_node(t, t->reader[r].node);
}

/* For the node before, which may be joined to it. */
static bool same_to_others(const struct phase_times *a, const struct phase_times *b)
{
    bool same = a->divided == b->divided && !a->awaits == !b->awaits && a->joined == b->joined && a->urgent_boxes == b->urgent_boxes &&
                !(a->hides < b->hides) && !(b->hides < a->hides);
    for (int i = 0; same && i < a->urgent_boxes; i++)
        same = region_equal(a->urgent_box[i], b->urgent_box[i]);
    return same;
}

/* From the last node to the first: what one does may follow from the next one. */
static void settle_node(struct timeline *t, int n)
{
    const struct node *node = t->graph->node[n];
    const struct phase_times *old = &t->times[t->times_at[n]][n * t->devices];
    const int slot = fresh_slot(t->times_at, t->times_new, t->new_times, &t->new_times_count, n);
    bool same = true;
    t->effort += t->devices * (2 + node->input_count);
    for (int d = 0; d < t->devices; d++) {
        const struct phase_times now = timeline_time_phases(t, n, d);
        same &= same_to_others(&old[d], &now);
        t->times[slot][n * t->devices + d] = now;
    }
    if (!same && n > 0 && t->follows[n - 1])
        mark_node(t, n - 1);
}

void timeline_settle(struct timeline *t)
{
    for (int i = 0; i < t->stale_tensor_count; i++) {
        settle_tensor(t, t->stale_tensor[i]);
        t->tensor_stale[t->stale_tensor[i]] = false;
    }
    t->stale_tensor_count = 0;
    int last = -1;
    for (int i = 0; i < t->stale_node_count; i++)
        last = t->stale_node[i] > last ? t->stale_node[i] : last;
    for (int n = last; n >= 0; n--)
        if (t->node_stale[n]) {
            settle_node(t, n);
            t->node_stale[n] = false;
        }
    t->stale_node_count = 0;
    if (t->scratch.total > SCRATCH_LIMIT)
        arena_reset(&t->scratch);
}

/* ---- memory ---- */

int64_t timeline_weights(const struct timeline *t, int device)
{
    int64_t bytes = 0;
    for (int n = 0; n < t->graph->node_count; n++) {
        const struct node *node = t->graph->node[n];
        const struct region piece = timeline_piece(t, n, device);
        if (region_is_empty(piece))
            continue;
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && tensor_is_constant(node->input[i]))
                bytes += region_size(piece_reads(node, i, piece)) * (int64_t)type_size(node->input[i]->type);
        if (node->kernel->added_weights) {
            const struct shape y = node->output[0]->shape;
            bytes += (int64_t)((double)node->kernel->added_weights(node) *
                               (double)(piece.axis[1].end - piece.axis[1].begin) / (double)y.dim[1]);
        }
    }
    return bytes;
}

/* What a device stores of a tensor. */
static int64_t stored_bytes(const struct timeline *t, const struct tensor *tensor, int device)
{
    struct region need[1], storage = timeline_held(t, tensor, device);
    if (needs_of(t, tensor, device, need, 1))
        storage = region_cover(storage, need[0]);
    return region_size(storage) * (int64_t)type_size(tensor->type);
}

int64_t timeline_tensors(const struct timeline *t, int device)
{
    const struct graph *graph = t->graph;
    int64_t now = 0, most = 0;
    struct arena arena = {0};
    int64_t *change = arena_array(&arena, (size_t)graph->node_count + 2, sizeof *change);
    for (int i = 0; i < graph->tensor_count; i++) {
        const struct tensor *tensor = graph->tensor[i];
        if (!timeline_is_computed(tensor))
            continue;
        const int64_t bytes = stored_bytes(t, tensor, device);
        const int last = t->first_reader[i + 1] - 1;
        const int begin = t->producer[i] < 0 ? 0 : t->producer[i];
        const int end = t->delivered[i] ? graph->node_count : last >= t->first_reader[i] ? t->reader[last].node : begin;
        change[begin] += bytes;
        change[end + 1] -= bytes;
    }
    for (int n = 0; n <= graph->node_count; n++) {
        now += change[n];
        most = now > most ? now : most;
    }
    arena_free(&arena);
    return most;
}
