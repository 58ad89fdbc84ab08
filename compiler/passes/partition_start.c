/* partition_start.c -- where the search begins: patterns, and what dynamic programming finds. */
/* SPDX-License-Identifier: MIT */
#include "partition_state.h"

#include "../operators/op.h"

#include <math.h>
#include <string.h>

/* Starts that divide only the first of so many parts of the nodes, the first two, ... */
enum { PARTS = 8 };

/* How nodes that compute no maps are divided. */
enum others {
    OTHERS_ALONE,
    OTHERS_FIRST_AXIS,
    OTHERS_LAST_AXIS,
    OTHERS_FOLLOW, /* computed wherever maps behind them need them (squeeze and excitation), alone behind all maps */
    OTHERS_COUNT
};

/* A start: maps divided like `map` among `count` devices up to node `last`, and from there on like `map_behind` among `behind`; 0: not
 * at all. The first `fused` nodes are computed wherever those behind them need them; all devices but the first have the part `skew` of their
 * shares there. */
struct seed {
    int count, behind, map, map_behind, last, pattern, fused;
    double skew;
    enum others others;
    bool equal; /* equal shares, whatever the speeds: what comes of slow devices that get as much as others */
};

static int other_option(const struct search *s, int n, enum others others)
{
    if (others == OTHERS_FOLLOW && s->place[n].follows)
        return OPTION_REPLICATED;
    for (int i = 0; i < MAX_RANK && (others == OTHERS_FIRST_AXIS || others == OTHERS_LAST_AXIS); i++) {
        const int axis = others == OTHERS_LAST_AXIS ? MAX_RANK - 1 - i : i;
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
        const int home = s->graph->node[n]->home, count = n >= seed->last && seed->behind ? seed->behind : seed->count;
        int option = n >= seed->last ? seed->map_behind : seed->map;
        if (home) {
            give_alone(s, cut, seed->count > 1 ? (unsigned char)(home - 1) : 0);
            continue;
        }
        if (n >= seed->last && !seed->behind)
            option = OPTION_SINGLE;
        else if (!place->is_map)
            option = other_option(s, n, seed->others);
        else if (!is_allowed(s, n, option))
            option = is_allowed(s, n, OPTION_AXIS + 2) ? OPTION_AXIS + 2 : OPTION_SINGLE;
        share_out(s, cut, option, count);
        for (int i = 1; seed->equal && i < seed->count; i++)
            cut->shares.bound[i] = (float)i / (float)seed->count;
        for (int i = 1; n < seed->fused && i < cut->shares.count; i++)
            cut->shares.bound[i] = (float)(1 - (1 - (double)cut->shares.bound[i]) * seed->skew);
        cut->follows = place->follows && option != OPTION_SINGLE &&
                       (option == OPTION_REPLICATED || (seed->pattern == 1   ? !place->works
                                                        : seed->pattern == 2 ? n % 2 == 0
                                                                             : seed->pattern == 3 || n + 1 < seed->fused));
    }
    take_all(s);
}

/* Counts of devices worth a start: all small ones, then steps of about a quarter. */
static int next_count(int count, int devices)
{
    const int next = count < 4 ? count + 1 : count + (count + 3) / 4;
    return count < devices && next > devices ? devices : next;
}

static void plant_chains(struct search *s, const struct cost_model *model)
{
    static const double exposed[] = {0.15, 0.5, 1};
    const int devices = s->goal->devices;
    for (int count = 2; count <= devices; count = next_count(count, devices))
        plant_chain(s, model, count, exposed, (int)(sizeof exposed / sizeof *exposed));
}

/* A stage of the graph for each of the first `count` devices, with shares of the work in proportion to their speeds. */
static void plant_stages(struct search *s, const struct cost_model *model, int count)
{
    struct choice all;
    double total = 0, done = 0;
    share_out(s, &all, OPTION_SINGLE, count);
    for (int n = 0; n < s->graph->node_count; n++) {
        const struct work work = kernel_work(s->graph->node[n], region_whole(s->graph->node[n]->output[0]->shape));
        total += cost_seconds(model, 0, &work);
    }
    for (int n = 0; n < s->graph->node_count; n++) {
        const struct work work = kernel_work(s->graph->node[n], region_whole(s->graph->node[n]->output[0]->shape));
        const double seconds = cost_seconds(model, 0, &work);
        int stage = 0;
        while (stage + 1 < count && done + seconds / 2 > total * (double)all.shares.bound[stage + 1])
            stage++;
        done += seconds;
        give_alone(s, &s->trial[n], all.shares.device[stage]);
    }
    take_all(s);
}

/* Up to each of the first `parts` parts of the nodes like the seed. */
static void plant_parts(struct search *s, struct seed seed, int parts)
{
    for (int part = 1; part <= parts; part++) {
        seed.last = s->graph->node_count * part / PARTS;
        plant(s, &seed);
    }
}

/* The first parts for all of the seed's devices, the others for fewer: behind are most of the weights, which a slow device takes long to
 * read. */
static void plant_fewer(struct search *s, struct seed seed)
{
    seed.map_behind = seed.map;
    for (seed.behind = 2; seed.behind < seed.count; seed.behind = next_count(seed.behind, seed.count))
        plant_parts(s, seed, PARTS - 1);
    seed.behind = seed.count;
    seed.map_behind = OPTION_HYBRID;
    plant_parts(s, seed, PARTS - 1);
}

/* The best of the strips of rows for `count` devices. Lowers *least. */
static struct seed plant_rows(struct search *s, int count, double *least)
{
    struct seed best = {0};
    for (int others = 0; others < OTHERS_COUNT; others++) {
        const struct seed seed = {.count = count, .map = OPTION_AXIS + 2, .last = s->graph->node_count, .others = (enum others)others};
        plant(s, &seed);
        if (s->now < *least || !best.count) {
            *least = s->now;
            best = seed;
        }
    }
    return best;
}

/* The first nodes fused: computed wherever those behind them need them, so that a device that has waited for its part of the input does
 * not wait for the others once more. Meanwhile the owner gets on, and may take more of them. */
static void plant_fused(struct search *s, struct seed seed)
{
    static const double skew[] = {1, 0.75, 0.5};
    for (size_t i = 0; i < sizeof skew / sizeof *skew; i++)
        for (int part = 1; part < PARTS; part++) {
            seed.fused = s->graph->node_count * part / PARTS;
            seed.skew = skew[i];
            plant(s, &seed);
        }
}

void plant_all(struct search *s, const struct cost_model *model)
{
    const int nodes = s->graph->node_count, devices = s->goal->devices;
    double least = INFINITY;
    struct seed rows = plant_rows(s, 1, &least);
    least = INFINITY; /* of those that share */
    for (int count = 2; count <= devices; count = next_count(count, devices)) {
        double seconds = INFINITY;
        const struct seed seed = plant_rows(s, count, &seconds);
        plant_parts(s, seed, PARTS);
        plant_fewer(s, seed);
        plant_fused(s, seed);
        if (seconds < least) {
            least = seconds;
            rows = seed;
        }
    }
    static const int maps[] = {OPTION_AXIS + 3, OPTION_GREEDY, OPTION_BISECTION, OPTION_AXIS + 1, OPTION_HYBRID};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        struct seed seed = rows;
        seed.map = maps[i];
        plant(s, &seed);
    }
    for (rows.pattern = 1; rows.pattern < 4; rows.pattern++)
        plant_parts(s, rows, PARTS);
    plant(s, &(struct seed){.count = devices, .map = OPTION_AXIS + 2, .last = nodes, .equal = true});
    plant_chains(s, model);
    for (int count = 2; s->goal->throughput && count <= devices; count = next_count(count, devices))
        plant_stages(s, model, count);
}
