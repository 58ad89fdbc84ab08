/* partition_search.c -- the planner: local moves and annealing over how every node is divided, judged by the simulation.
 *
 * Two runs are the same: the random numbers are its own and the number of trials depends on the sizes of graph and cluster
 * alone. */
/* SPDX-License-Identifier: MIT */
#include "partition_search.h"

#include "../operators/op.h"
#include "../plan/timeline.h"
#include "partition.h"
#include "partition_state.h"

#include <math.h>
#include <string.h>

enum { RESTARTS = 4, EFFORT_OF_TRIAL = 100, LARGE_GRAPH = 12, MANY_DEVICES = 20 };
static const double MOST_EFFORT = 24e6;
/* Parts of the effort for each start, and after which the search goes over to chance, and back. Temperatures, as parts of the best cost. */
static const double NEAR_START = 1.25, POLISH_OF_START = 0.06, FIRST_POLISH = 0.3, LAST_POLISH = 0.8, HOT = 0.006, COLD = 0.002;

static uint64_t draw(struct search *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random >> 11;
}

int draw_below(struct search *s, int limit)
{
    return (int)(draw(s) % (uint64_t)limit);
}

double draw_unit(struct search *s)
{
    return (double)(draw(s) % 1000003) / 1000003.0;
}

enum way way_of(int option, int *axis)
{
    static const enum way way[] = {WAY_SINGLE, WAY_REPLICATED, WAY_GREEDY, WAY_BISECTION, WAY_HYBRID};
    *axis = option >= OPTION_AXIS ? option - OPTION_AXIS : 0;
    return option >= OPTION_AXIS ? WAY_AXIS : way[option];
}

bool is_allowed(const struct search *s, int n, int option)
{
    return s->place[n].allowed >> option & 1;
}

static struct place place_of(const struct graph *graph, const struct node *node)
{
    struct place place = {.is_map = node_is_map(node), .follows = node_allows(node, WAY_FOLLOW, 0)};
    place.works = node_macs(node, region_whole(node->output[0]->shape)) > 0;
    for (int option = 0; option < OPTIONS; option++) {
        int axis;
        const enum way way = way_of(option, &axis);
        if (node_allows(node, way, axis))
            place.allowed |= 1u << option;
    }
    if (graph_is_output(graph, node->output[0]) || !node->output[0]->uses)
        place.follows = false;
    return place;
}

/* ---- from cuts to divisions ---- */

/* On every device what its readers there need, in whole steps of the grid. */
static void follow_readers(struct search *s, int n)
{
    const struct node *node = s->graph->node[n];
    bool any = false;
    memset(&s->division, 0, sizeof s->division);
    for (int d = 0; d < s->cluster->count; d++) {
        s->division.piece[d] = piece_on_grid(node, timeline_wanted(s->timeline, n, d));
        any |= !region_is_empty(s->division.piece[d]);
    }
    if (!any)
        s->division.piece[0] = region_whole(node->output[0]->shape);
}

/* Divide what changed, readers before what they read. */
static void divide_changed(struct search *s)
{
    for (int n = s->graph->node_count - 1; n >= 0; n--) {
        const struct choice *cut = &s->trial[n];
        if (!s->changed[n] && !(s->touched[n] && cut->follows))
            continue;
        if (cut->follows) {
            follow_readers(s, n);
        } else {
            int axis;
            const enum way way = way_of(cut->option, &axis);
            divide_node(s->graph->node[n], way, axis, &cut->shares, &s->division);
        }
        if (!timeline_divide(s->timeline, n, &s->division))
            continue;
        const struct node *node = s->graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && s->goal->producer[node->input[i]->id] >= 0)
                s->touched[s->goal->producer[node->input[i]->id]] = true;
    }
    memset(s->changed, 0, (size_t)s->graph->node_count * sizeof *s->changed);
    memset(s->touched, 0, (size_t)s->graph->node_count * sizeof *s->touched);
}

/* Devices that would need more memory than they have count as so much slower. */
static double memory_penalty(const struct search *s)
{
    double penalty = 1;
    for (int d = 0; d < s->cluster->count; d++) {
        const double memory = (double)s->cluster->device[d].memory;
        if (!(memory > 0))
            continue;
        const double used = (double)(timeline_weights(s->timeline, d) + timeline_tensors(s->timeline, d)) * 1.1;
        if (used > memory)
            penalty += 10 * used / memory;
    }
    return penalty;
}

double judge(struct search *s)
{
    divide_changed(s);
    return timeline_run(s->timeline, s->goal->throughput, NULL, NULL) * memory_penalty(s);
}

static void copy_cuts(const struct search *s, struct choice *to, const struct choice *from)
{
    memcpy(to, from, (size_t)s->graph->node_count * sizeof *to);
}

static bool device_works(const struct search *s, int device)
{
    for (int n = 0; n < s->graph->node_count; n++)
        if (!region_is_empty(timeline_piece(s->timeline, n, device)))
            return true;
    return false;
}

/* Which devices are worth having? Returns how many work. */
static int note_devices(struct search *s)
{
    int working = 0;
    for (int d = 0; d < s->cluster->count; d++) {
        double *least = &s->goal->with_device[d];
        const bool works = device_works(s, d);
        working += works;
        if (works && (!(*least > 0) || s->now < *least))
            *least = s->now;
    }
    return working;
}

static void note_best(struct search *s)
{
    if (s->now >= s->best_cost)
        return;
    s->best_cost = s->now;
    copy_cuts(s, s->best, s->cut);
}

/* A start is kept if it is better than all others of as many devices, and, these aside, than the worst. */
static void note_start(struct search *s, int working)
{
    struct start *place = &s->start[0];
    for (int i = 0; i < STARTS; i++)
        if (s->start[i].working == working) {
            place = &s->start[i];
            break;
        } else if (!s->start[i].working || (place->working && s->start[i].cost > place->cost)) {
            place = &s->start[i];
        }
    if (working < 2 || (place->working && place->cost <= s->now))
        return;
    place->working = working;
    place->cost = s->now;
    copy_cuts(s, place->cut, s->trial);
}

/* Take all of `trial`, for better or worse. */
void take_all(struct search *s)
{
    memset(s->changed, 1, (size_t)s->graph->node_count * sizeof *s->changed);
    s->now = judge(s);
    timeline_keep(s->timeline);
    copy_cuts(s, s->cut, s->trial);
    note_start(s, note_devices(s));
    note_best(s);
}

void share_out(const struct search *s, struct choice *cut, int option, int count)
{
    cut->option = (unsigned char)option;
    shares_by_speed(&cut->shares, s->cluster, s->order, count);
}

void give_alone(const struct search *s, struct choice *cut, unsigned char device)
{
    share_out(s, cut, OPTION_SINGLE, 1);
    cut->shares.device[0] = device;
    cut->follows = false;
}

/* Take the trial's changes back. */
static void reject(struct search *s, const bool *moved)
{
    timeline_undo(s->timeline);
    for (int n = 0; n < s->graph->node_count; n++)
        if (moved[n])
            s->trial[n] = s->cut[n];
}

static void restart_from(struct search *s, const struct choice *cuts)
{
    copy_cuts(s, s->trial, cuts);
    take_all(s);
}

/* What the search has done so far: it ends where enough is done, so that every run does the same. */
static int64_t spent(const struct search *s)
{
    const int64_t cells = (int64_t)s->graph->node_count * s->goal->devices;
    return timeline_effort(s->timeline) + s->trials * (EFFORT_OF_TRIAL + cells);
}

/* Judge the trial; keep it if it is better, or by chance at this temperature. */
static bool consider(struct search *s, double temperature)
{
    const size_t nodes = (size_t)s->graph->node_count;
    s->trials++;
    memcpy(s->moved, s->changed, nodes * sizeof *s->moved);
    const double cost = judge(s);
    if (cost >= s->now && !(temperature > 0 && draw_unit(s) < exp((s->now - cost) / temperature))) {
        reject(s, s->moved);
        return false;
    }
    timeline_keep(s->timeline);
    for (size_t n = 0; n < nodes; n++)
        if (s->moved[n])
            s->cut[n] = s->trial[n];
    s->now = cost;
    note_best(s);
    return true;
}

/* Every single move in order, for nodes and runs of nodes, until none is better. */
static void polish(struct search *s, int64_t limit)
{
    static const int length[] = {1, 2, 3, 5, 8, 13};
    const int nodes = s->graph->node_count;
    for (bool better = true; better;) {
        better = false;
        for (size_t l = 0; l < sizeof length / sizeof *length; l++)
            for (int first = 0; first < nodes; first++) {
                bool done = false;
                for (int number = 0; !done; number++)
                    if (move_in_order(s, first, length[l], number, &done))
                        better |= consider(s, 0);
                if (spent(s) >= limit)
                    return;
            }
    }
}

/* From one device alone no small step leads to a good division, nor from one of few devices to one of many: the search begins with all
 * starts that are not far behind, and goes on where the best of them came to. */
static void polish_starts(struct search *s, double effort)
{
    const double begin = (double)spent(s);
    double least = INFINITY, given = 0;
    for (int i = 0; i < STARTS; i++)
        if (s->start[i].working && s->start[i].cost < least)
            least = s->start[i].cost;
    for (int i = 0; i < STARTS; i++)
        if (s->start[i].working && s->start[i].cost < NEAR_START * least) {
            given += POLISH_OF_START * effort;
            restart_from(s, s->start[i].cut);
            polish(s, (int64_t)(begin + given));
        }
    restart_from(s, s->best);
    polish(s, (int64_t)(FIRST_POLISH * effort));
}

static void anneal(struct search *s, int64_t limit)
{
    const double hot = s->best_cost * HOT;
    const int64_t begin = spent(s);
    int restarts = 0;
    while (spent(s) < limit) {
        const double done = (double)(spent(s) - begin) / (double)(limit - begin);
        if (done * RESTARTS >= restarts) {
            restarts++;
            restart_from(s, s->best);
        }
        move_at_random(s);
        consider(s, hot * pow(COLD, done));
    }
}

static void sort_devices(struct search *s)
{
    const struct shares sorted = shares_of_all(s->cluster, true);
    int at = 1;
    s->order[0] = 0;
    for (int i = 0; i < sorted.count; i++)
        if (sorted.device[i])
            s->order[at++] = sorted.device[i];
}

/* Many devices have more ways to share, small graphs fewer. */
static int64_t effort_for(const struct graph *graph, const struct search_goal *goal)
{
    const int many = goal->cluster->count > MANY_DEVICES ? goal->cluster->count / MANY_DEVICES : 1;
    const double large = graph->node_count < LARGE_GRAPH ? (double)graph->node_count / LARGE_GRAPH : 1;
    return (int64_t)(MOST_EFFORT * many * large * goal->effort);
}

double partition_search(const struct graph *graph, const struct cost_model *model, const struct search_goal *goal,
                        struct division *found)
{
    struct arena arena = {0};
    const size_t nodes = (size_t)graph->node_count + 1;
    const double effort = (double)effort_for(graph, goal);
    struct search s = {.graph = graph,
                       .cluster = goal->cluster,
                       .goal = goal,
                       .timeline = timeline_new(&arena, graph, model, goal->rules),
                       .place = arena_array(&arena, nodes, sizeof *s.place),
                       .cut = arena_array(&arena, nodes, sizeof *s.cut),
                       .trial = arena_array(&arena, nodes, sizeof *s.trial),
                       .best = arena_array(&arena, nodes, sizeof *s.best),
                       .changed = arena_array(&arena, nodes, sizeof *s.changed),
                       .touched = arena_array(&arena, nodes, sizeof *s.touched),
                       .moved = arena_array(&arena, nodes, sizeof *s.moved),
                       .best_cost = INFINITY,
                       .random = UINT64_C(88172645463325252)};
    for (int n = 0; n < graph->node_count; n++)
        s.place[n] = place_of(graph, graph->node[n]);
    for (int i = 0; i < STARTS; i++)
        s.start[i].cut = arena_array(&arena, nodes, sizeof *s.best);
    sort_devices(&s);
    plant_all(&s, model);
    if (graph->node_count && goal->cluster->count > 1) {
        polish_starts(&s, effort);
        anneal(&s, (int64_t)(effort * LAST_POLISH));
        restart_from(&s, s.best);
        polish(&s, (int64_t)effort);
    }
    restart_from(&s, s.best);
    for (int n = 0; n < graph->node_count; n++)
        for (int d = 0; d < goal->cluster->count; d++)
            found[n].piece[d] = timeline_piece(s.timeline, n, d);
    const double cost = s.best_cost;
    timeline_free(s.timeline);
    arena_free(&arena);
    return cost;
}
