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

enum { RELINKS = 2, RELINK_STEPS = 96, EFFORT_OF_TRIAL = 100, EFFORT_OF_DIVISION = 4 };
enum { LARGE_GRAPH = 12, FEW_DEVICES = 4, MANY_DEVICES = 20 };
static const double MOST_EFFORT = 24e6, EFFORT_FOR_FEW = 1.5;
/* Parts of the effort: until the last start is planted; for polishing each of the best ones, and what they come to; until chance is over;
 * and the first runs' part of chance. */
static const double PLANTING = 0.1, POLISH_OF_START = 0.04, FIRST_POLISH = 0.25, ANNEALING = 0.8, FIRST_RUNS = 0.75;
/* Starts are polished that cost at most so many times what the best does. */
static const double NEAR_START = 1.25;
/* Temperatures, as parts of the best cost; a run ends at this part of the first one. */
static const double HOT = 0.006, COLD = 0.002;

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
        s->divisions++;
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

static void note(const struct search *s, struct found *found)
{
    if (s->now >= found->cost)
        return;
    found->cost = s->now;
    copy_cuts(s, found->cut, s->cut);
}

static void note_best(struct search *s)
{
    note(s, &s->best);
    note(s, &s->run);
}

/* A start is kept if it is better than all others of its kind and of as many devices; of too many the worst goes. */
static void note_start(struct search *s, int working)
{
    struct start *place = NULL, *worst = &s->start[0];
    if (working < 2 || s->kind < 0)
        return;
    for (int i = 0; i < STARTS; i++) {
        struct start *start = &s->start[i];
        if (start->working == working && start->kind == s->kind) {
            place = start;
            break;
        }
        if (!start->working && !place)
            place = start;
        if (start->found.cost > worst->found.cost)
            worst = start;
    }
    place = place ? place : worst;
    if (place->working && place->found.cost <= s->now)
        return;
    place->working = working;
    place->kind = s->kind;
    place->found.cost = s->now;
    copy_cuts(s, place->found.cut, s->trial);
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
static void reject(struct search *s)
{
    timeline_undo(s->timeline);
    for (int n = 0; n < s->graph->node_count; n++)
        if (s->moved[n])
            s->trial[n] = s->cut[n];
}

static void restart_from(struct search *s, const struct choice *cuts)
{
    copy_cuts(s, s->trial, cuts);
    take_all(s);
}

int64_t search_spent(const struct search *s)
{
    const int64_t devices = s->goal->devices, cells = (int64_t)s->graph->node_count * devices;
    return timeline_effort(s->timeline) + s->trials * (EFFORT_OF_TRIAL + cells) + s->divisions * EFFORT_OF_DIVISION * devices;
}

static double judge_trial(struct search *s)
{
    s->trials++;
    memcpy(s->moved, s->changed, (size_t)s->graph->node_count * sizeof *s->moved);
    return judge(s);
}

static void accept(struct search *s, double cost)
{
    timeline_keep(s->timeline);
    for (int n = 0; n < s->graph->node_count; n++)
        if (s->moved[n])
            s->cut[n] = s->trial[n];
    s->now = cost;
    note_best(s);
}

/* Judge the trial; keep it if it is better, or by chance at this temperature. */
static bool consider(struct search *s, double temperature)
{
    const double cost = judge_trial(s);
    if (cost >= s->now && !(temperature > 0 && draw_unit(s) < exp((s->now - cost) / temperature))) {
        reject(s);
        return false;
    }
    accept(s, cost);
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
                if (search_spent(s) >= limit)
                    return;
            }
    }
}

/* ---- what is good of several plans ---- */

static void begin_run(struct search *s, const struct choice *cuts)
{
    s->run.cost = INFINITY;
    restart_from(s, cuts);
}

static void end_run(struct search *s)
{
    struct found *elite = &s->elite[s->elites++];
    elite->cost = s->run.cost;
    copy_cuts(s, elite->cut, s->run.cut);
}

/* From one plan to another, node by node, or some at a time in large graphs, for better or worse: on the way are plans that begin like the
 * second and end like the first. */
static void relink(struct search *s, const struct choice *from, const struct choice *to)
{
    const int nodes = s->graph->node_count, step = 1 + nodes / RELINK_STEPS;
    restart_from(s, from);
    for (int first = 0; first < nodes; first += step) {
        const int last = first + step < nodes ? first + step : nodes;
        for (int n = first; n < last; n++) {
            s->trial[n] = to[n];
            s->changed[n] = true;
        }
        accept(s, judge_trial(s));
    }
}

/* What runs found after each other may be good in different parts of the graph: path relinking (Glover 1997) of the best with all of
 * them, both ways. */
static void relink_all(struct search *s)
{
    double before = INFINITY;
    for (int round = 0; round < RELINKS && s->best.cost < before; round++) {
        before = s->best.cost;
        for (int i = 0; i < s->elites; i++) {
            copy_cuts(s, s->base, s->best.cut);
            relink(s, s->base, s->elite[i].cut);
            copy_cuts(s, s->base, s->best.cut);
            relink(s, s->elite[i].cut, s->base);
        }
    }
}

/* ---- all of it ---- */

/* The best start that is not polished yet; others like it are forgotten. NULL: none is left that is near the best. */
static struct start *next_start(struct search *s, double limit)
{
    struct start *best = NULL;
    for (int i = 0; i < STARTS; i++)
        if (s->start[i].working && s->start[i].found.cost < limit && (!best || s->start[i].found.cost < best->found.cost))
            best = &s->start[i];
    for (int i = 0; best && i < STARTS; i++)
        if (s->start[i].found.cost <= best->found.cost)
            s->start[i].working = 0;
    return best;
}

static int64_t from_now(const struct search *s, double effort)
{
    return search_spent(s) + (int64_t)effort;
}

/* From one device alone no small step leads to a good division, nor from one of few devices to one of many: the search begins with
 * several starts that are not far behind. */
static void polish_starts(struct search *s, double effort)
{
    double limit = INFINITY;
    for (int i = 0; i < POLISHED_STARTS; i++) {
        const struct start *start = next_start(s, limit);
        if (!start)
            break;
        if (!i)
            limit = NEAR_START * start->found.cost;
        begin_run(s, start->found.cut);
        polish(s, from_now(s, POLISH_OF_START * effort));
        end_run(s);
    }
    relink_all(s);
    restart_from(s, s->best.cut);
    polish(s, from_now(s, FIRST_POLISH * effort));
}

/* Runs from the best plan so far, one after the other. */
static void anneal(struct search *s, int runs, int64_t limit)
{
    const int64_t begin = search_spent(s);
    for (int run = 0; run < runs; run++) {
        const int64_t from = search_spent(s), to = begin + (limit - begin) * (run + 1) / runs;
        const double hot = s->best.cost * HOT;
        begin_run(s, s->best.cut);
        for (int64_t now = from; now < to; now = search_spent(s)) {
            move_at_random(s);
            consider(s, hot * pow(COLD, (double)(now - from) / (double)(to - from)));
        }
        end_run(s);
    }
    relink_all(s);
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
    const double few = goal->cluster->count <= FEW_DEVICES ? EFFORT_FOR_FEW : 1;
    const double large = graph->node_count < LARGE_GRAPH ? (double)graph->node_count / LARGE_GRAPH : 1;
    return (int64_t)(MOST_EFFORT * many * few * large * goal->effort);
}

static struct found new_found(struct arena *arena, size_t nodes)
{
    return (struct found){INFINITY, arena_array(arena, nodes, sizeof(struct choice))};
}

static void make_search(struct arena *arena, const struct graph *graph, const struct cost_model *model, const struct search_goal *goal,
                        struct search *s)
{
    const size_t nodes = (size_t)graph->node_count + 1;
    *s = (struct search){.graph = graph,
                         .cluster = goal->cluster,
                         .goal = goal,
                         .timeline = timeline_new(arena, graph, model, goal->rules),
                         .place = arena_array(arena, nodes, sizeof *s->place),
                         .cut = arena_array(arena, nodes, sizeof *s->cut),
                         .trial = arena_array(arena, nodes, sizeof *s->trial),
                         .base = arena_array(arena, nodes, sizeof *s->base),
                         .changed = arena_array(arena, nodes, sizeof *s->changed),
                         .touched = arena_array(arena, nodes, sizeof *s->touched),
                         .moved = arena_array(arena, nodes, sizeof *s->moved),
                         .best = new_found(arena, nodes),
                         .run = new_found(arena, nodes),
                         .random = UINT64_C(88172645463325252)};
    for (int n = 0; n < graph->node_count; n++)
        s->place[n] = place_of(graph, graph->node[n]);
    for (int i = 0; i < STARTS; i++)
        s->start[i].found = new_found(arena, nodes);
    for (int i = 0; i < ELITES; i++)
        s->elite[i] = new_found(arena, nodes);
    sort_devices(s);
}

double partition_search(const struct graph *graph, const struct cost_model *model, const struct search_goal *goal,
                        struct division *found)
{
    struct arena arena = {0};
    struct search s;
    const double effort = (double)effort_for(graph, goal);
    make_search(&arena, graph, model, goal, &s);
    plant_all(&s, model, (int64_t)(PLANTING * effort));
    if (graph->node_count && goal->cluster->count > 1) {
        polish_starts(&s, effort);
        const int64_t now = search_spent(&s), limit = (int64_t)(ANNEALING * effort);
        anneal(&s, RUNS, now + (int64_t)(FIRST_RUNS * (double)(limit - now)));
        anneal(&s, LAST_RUNS, limit);
        restart_from(&s, s.best.cut);
        polish(&s, (int64_t)effort);
    }
    restart_from(&s, s.best.cut);
    for (int n = 0; n < graph->node_count; n++)
        for (int d = 0; d < goal->cluster->count; d++)
            found[n].piece[d] = timeline_piece(s.timeline, n, d);
    const double cost = s.best.cost;
    timeline_free(s.timeline);
    arena_free(&arena);
    return cost;
}
