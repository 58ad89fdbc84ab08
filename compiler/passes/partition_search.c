/* partition_search.c -- the planner: local moves and annealing over how every node is divided, judged by the simulation.
 *
 * Two runs are the same: the random numbers are its own and the number of trials depends on the sizes of graph and cluster
 * alone. */
/* SPDX-License-Identifier: MIT */
#include "partition_search.h"

#include "../operators/op.h"
#include "../plan/timeline.h"
#include "partition.h"

#include <math.h>
#include <string.h>

/* Ways of dividing, as numbers: OPTION_AXIS + axis is WAY_AXIS. */
enum { OPTION_SINGLE, OPTION_REPLICATED, OPTION_GREEDY, OPTION_BISECTION, OPTION_HYBRID, OPTION_AXIS, OPTIONS = OPTION_AXIS + MAX_RANK };

/* How one node is divided. */
struct choice {
    unsigned char option;
    bool follows; /* WAY_FOLLOW; the rest waits for the day when it does not */
    struct shares shares;
};

/* What the search knows of a node. */
struct place {
    unsigned allowed; /* bits of options */
    bool follows;     /* may follow */
    bool is_map, works;
};

enum { RESTARTS = 4, EFFORT_OF_TRIAL = 100 };
static const double MOST_EFFORT = 8e6;

struct search {
    const struct graph *graph;
    const struct cluster *cluster;
    const struct search_goal *goal;
    struct timeline *timeline;
    struct place *place;
    struct choice *cut, *trial, *best; /* per node: kept, tried, found so far */
    bool *changed, *touched;        /* per node, of this trial: its cut; what a reader needs of it */
    double now, best_cost;
    uint64_t random;
    unsigned char order[MAX_DEVICES]; /* owner first, then by speed */
    struct division division;
};

static uint64_t draw(struct search *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random >> 11;
}

static int draw_below(struct search *s, int limit)
{
    return (int)(draw(s) % (uint64_t)limit);
}

static double draw_unit(struct search *s)
{
    return (double)(draw(s) % 1000003) / 1000003.0;
}

static enum way way_of(int option, int *axis)
{
    static const enum way way[] = {WAY_SINGLE, WAY_REPLICATED, WAY_GREEDY, WAY_BISECTION, WAY_HYBRID};
    *axis = option >= OPTION_AXIS ? option - OPTION_AXIS : 0;
    return option >= OPTION_AXIS ? WAY_AXIS : way[option];
}

static bool is_allowed(const struct search *s, int n, int option)
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

static double judge(struct search *s)
{
    divide_changed(s);
    return timeline_run(s->timeline, s->goal->throughput, NULL, NULL) * memory_penalty(s);
}

static void copy_cuts(const struct search *s, struct choice *to, const struct choice *from)
{
    memcpy(to, from, (size_t)s->graph->node_count * sizeof *to);
}

/* Which devices are worth having? */
static void note_devices(struct search *s)
{
    for (int d = 0; d < s->cluster->count; d++) {
        double *least = &s->goal->with_device[d];
        bool works = false;
        for (int n = 0; n < s->graph->node_count && !works; n++)
            works = !region_is_empty(timeline_piece(s->timeline, n, d));
        if (works && (!(*least > 0) || s->now < *least))
            *least = s->now;
    }
}

static void note_best(struct search *s)
{
    if (s->now >= s->best_cost)
        return;
    s->best_cost = s->now;
    copy_cuts(s, s->best, s->cut);
}

/* Take all of `trial`, for better or worse. */
static void take_all(struct search *s)
{
    memset(s->changed, 1, (size_t)s->graph->node_count * sizeof *s->changed);
    s->now = judge(s);
    timeline_keep(s->timeline);
    copy_cuts(s, s->cut, s->trial);
    note_devices(s);
    note_best(s);
}

/* ---- where to begin ---- */

static void share_out(struct search *s, struct choice *cut, int option, int count)
{
    cut->option = (unsigned char)option;
    shares_by_speed(&cut->shares, s->cluster, s->order, count);
}

/* A start: maps divided like `map` up to node `last`, other nodes with work along their first or last axis, or alone. */
struct seed {
    int count, map, last, pattern;
    bool divides_others, last_axis;
};

static int other_option(const struct search *s, int n, bool last_axis)
{
    for (int i = 0; i < MAX_RANK; i++) {
        const int axis = last_axis ? MAX_RANK - 1 - i : i;
        if (is_allowed(s, n, OPTION_AXIS + axis))
            return OPTION_AXIS + axis;
    }
    return OPTION_SINGLE;
}

static void plant(struct search *s, const struct seed *seed)
{
    for (int n = 0; n < s->graph->node_count; n++) {
        const struct place *place = &s->place[n];
        struct choice *cut = &s->trial[n];
        int option = seed->map;
        if (n >= seed->last)
            option = OPTION_SINGLE;
        else if (!place->is_map)
            option = seed->divides_others ? other_option(s, n, seed->last_axis) : OPTION_SINGLE;
        else if (!is_allowed(s, n, option))
            option = is_allowed(s, n, OPTION_AXIS + 2) ? OPTION_AXIS + 2 : OPTION_SINGLE;
        share_out(s, cut, option, seed->count);
        cut->follows = place->follows && option != OPTION_SINGLE &&
                       (seed->pattern == 1 ? !place->works : seed->pattern == 2 ? n % 2 == 0 : seed->pattern == 3);
    }
    take_all(s);
}

/* Counts of devices worth a start: all small ones, then steps of about a quarter. */
static int next_count(int count, int devices)
{
    const int next = count < 4 ? count + 1 : count + (count + 3) / 4;
    return count < devices && next > devices ? devices : next;
}

static void plant_all(struct search *s)
{
    const int nodes = s->graph->node_count, devices = s->cluster->count;
    struct seed best = {0};
    double least = INFINITY;
    for (int count = 1; count <= devices; count = next_count(count, devices))
        for (int others = 0; others < 3; others++) {
            const struct seed seed = {.count = count, .map = OPTION_AXIS + 2, .last = nodes,
                                      .divides_others = others > 0, .last_axis = others == 2};
            plant(s, &seed);
            if (s->now < least) {
                least = s->now;
                best = seed;
            }
        }
    static const int maps[] = {OPTION_AXIS + 3, OPTION_GREEDY, OPTION_BISECTION, OPTION_AXIS + 1, OPTION_HYBRID};
    const struct seed rows = best;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        struct seed seed = rows;
        seed.map = maps[i];
        plant(s, &seed);
    }
    for (int pattern = 1; pattern < 4; pattern++)
        for (int part = 1; part <= 4; part++) {
            struct seed seed = rows;
            seed.pattern = pattern;
            seed.last = nodes * part / 4;
            plant(s, &seed);
        }
}

/* ---- moves ---- */

static void touch(struct search *s, int n)
{
    s->changed[n] = true;
}

static int draw_option(struct search *s, int n)
{
    for (;;) {
        const int option = draw_below(s, OPTIONS);
        if (is_allowed(s, n, option))
            return option;
    }
}

/* Another way, or another number of devices, for some nodes in a row. */
static void move_way(struct search *s, int first, int last)
{
    const int option = draw_option(s, first), devices = s->cluster->count;
    const int count = draw_below(s, 2) ? devices : 1 + draw_below(s, devices);
    struct choice cut = {0};
    share_out(s, &cut, option, option == OPTION_SINGLE ? 1 : count);
    if (option == OPTION_SINGLE && draw_below(s, 4) == 0)
        cut.shares.device[0] = (unsigned char)draw_below(s, devices);
    for (int n = first; n < last; n++) {
        if (!is_allowed(s, n, option))
            continue;
        cut.follows = s->trial[n].follows && option != OPTION_SINGLE;
        s->trial[n] = cut;
        touch(s, n);
    }
}

/* As the node before. */
static void move_copy(struct search *s, int first, int last)
{
    if (!first)
        return;
    const struct choice from = s->trial[first - 1];
    for (int n = first; n < last; n++) {
        if (!is_allowed(s, n, from.option))
            continue;
        const bool follows = s->trial[n].follows;
        s->trial[n] = from;
        s->trial[n].follows = follows;
        touch(s, n);
    }
}

static void move_follow(struct search *s, int first, int last)
{
    const int what = draw_below(s, 4);
    if (what == 0 && first + 1 < s->graph->node_count && s->place[first].follows && s->place[first + 1].follows) {
        const bool follows = s->trial[first].follows;
        s->trial[first].follows = s->trial[first + 1].follows;
        s->trial[first + 1].follows = follows;
        touch(s, first);
        touch(s, first + 1);
        return;
    }
    for (int n = first; n < last; n++)
        if (s->place[n].follows) {
            s->trial[n].follows = what == 1 ? true : what == 2 ? false : !s->trial[n].follows;
            touch(s, n);
        }
}

/* One step of the grid, as a share of the axis that the node is cut along. */
static double step_of(const struct search *s, int n, int option)
{
    const struct node *node = s->graph->node[n];
    const int axis = option >= OPTION_AXIS ? option - OPTION_AXIS : 2;
    const int64_t length = axis < node->output[0]->shape.rank ? node->output[0]->shape.dim[axis] : 1;
    const int64_t grid = axis < node->output[0]->shape.rank ? kernel_grid(node, axis) : 1;
    return length > 0 ? (double)(grid > 0 ? grid : length) / (double)length : 1;
}

static void shift_bound(struct shares *shares, int at, double by, bool drags)
{
    const int count = shares->count;
    for (int i = at; i < (drags ? count : at + 1); i++)
        shares->bound[i] += (float)(by * (double)(count - i) / (double)(count - at));
    for (int i = 1; i < count; i++) {
        if (shares->bound[i] < shares->bound[i - 1])
            shares->bound[i] = shares->bound[i - 1];
        if (shares->bound[i] > 1)
            shares->bound[i] = 1;
    }
}

/* A bound between two shares moves, perhaps with all beyond it. */
static void move_bound(struct search *s, int first, int last)
{
    const struct choice *like = &s->trial[first];
    if (like->shares.count < 2)
        return;
    const int count = like->shares.count, at = 1 + draw_below(s, count - 1);
    double step = step_of(s, first, like->option);
    if (draw_below(s, 3) == 0)
        step *= 2 * draw_unit(s);
    const double by = draw_below(s, 2) ? step : -step;
    const bool drags = draw_below(s, 3) == 0;
    for (int n = first; n < last; n++)
        if (s->trial[n].shares.count == count && !s->trial[n].follows) {
            shift_bound(&s->trial[n].shares, at, by, drags);
            touch(s, n);
        }
}

/* Two devices change places. */
static void move_devices(struct search *s, int first, int last)
{
    const int count = s->trial[first].shares.count;
    if (s->cluster->count < 2)
        return;
    const int a = draw_below(s, count), b = draw_below(s, s->cluster->count);
    for (int n = first; n < last; n++) {
        struct shares *shares = &s->trial[n].shares;
        if (shares->count != count)
            continue;
        const unsigned char was = shares->device[a];
        int other = -1;
        for (int i = 0; i < count; i++)
            if (shares->device[i] == b)
                other = i;
        shares->device[a] = (unsigned char)b;
        if (other >= 0)
            shares->device[other] = was;
        touch(s, n);
    }
}

static void move(struct search *s)
{
    const int nodes = s->graph->node_count, first = draw_below(s, nodes);
    const double wide = draw_unit(s);
    int last = first + (wide < 0.35 ? 1 : wide < 0.85 ? 1 + draw_below(s, 8) : 1 + draw_below(s, nodes));
    last = last < nodes ? last : nodes;
    switch (draw_below(s, 12)) {
    case 0:
    case 1:
        move_way(s, first, last);
        break;
    case 2:
        move_copy(s, first, last);
        break;
    case 3:
    case 4:
        move_follow(s, first, last);
        break;
    case 5:
        move_devices(s, first, last);
        break;
    default:
        move_bound(s, first, last);
    }
}

/* Take the trial's changes back. */
static void reject(struct search *s, const bool *moved)
{
    timeline_undo(s->timeline);
    for (int n = 0; n < s->graph->node_count; n++)
        if (moved[n])
            s->trial[n] = s->cut[n];
}

static void restart_from_best(struct search *s)
{
    copy_cuts(s, s->trial, s->best);
    take_all(s);
}

/* Effort is what stops the search, so that every run does the same. */
static void anneal(struct search *s, struct arena *arena, int64_t effort)
{
    const double hot = s->best_cost * 0.006;
    const size_t nodes = (size_t)s->graph->node_count;
    const int64_t begin = timeline_effort(s->timeline);
    bool *moved = arena_array(arena, nodes, sizeof *moved);
    int restarts = 0;
    for (int64_t trials = 0;; trials++) {
        const int64_t cells = (int64_t)s->graph->node_count * s->cluster->count;
        const double done = (double)(timeline_effort(s->timeline) - begin + trials * (EFFORT_OF_TRIAL + cells)) / (double)effort;
        if (done >= 1)
            return;
        if (done * RESTARTS >= restarts) {
            restarts++;
            restart_from_best(s);
        }
        const double temperature = hot * pow(0.002, done);
        move(s);
        memcpy(moved, s->changed, nodes * sizeof *moved);
        const double cost = judge(s);
        if (cost >= s->now && draw_unit(s) >= exp((s->now - cost) / temperature)) {
            reject(s, moved);
            continue;
        }
        timeline_keep(s->timeline);
        for (size_t n = 0; n < nodes; n++)
            if (moved[n])
                s->cut[n] = s->trial[n];
        s->now = cost;
        note_best(s);
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

/* Many devices have more ways to share. */
static int64_t effort_for(const struct search_goal *goal)
{
    const int many = goal->cluster->count > 8 ? goal->cluster->count / 4 : 1;
    return (int64_t)(MOST_EFFORT * many * goal->effort);
}

double partition_search(const struct graph *graph, const struct cost_model *model, const struct search_goal *goal,
                        struct division *found)
{
    struct arena arena = {0};
    const size_t nodes = (size_t)graph->node_count + 1;
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
                       .best_cost = INFINITY,
                       .random = UINT64_C(88172645463325252)};
    for (int n = 0; n < graph->node_count; n++)
        s.place[n] = place_of(graph, graph->node[n]);
    sort_devices(&s);
    plant_all(&s);
    if (graph->node_count && goal->cluster->count > 1)
        anneal(&s, &arena, effort_for(goal));
    restart_from_best(&s);
    for (int n = 0; n < graph->node_count; n++)
        for (int d = 0; d < goal->cluster->count; d++)
            found[n].piece[d] = timeline_piece(s.timeline, n, d);
    const double cost = s.best_cost;
    timeline_free(s.timeline);
    arena_free(&arena);
    return cost;
}
