/* partition_start.c -- where the search begins: patterns, and what dynamic programming finds. */
/* SPDX-License-Identifier: MIT */
#include "partition_state.h"

#include "../operators/op.h"

#include <math.h>
#include <string.h>

/* A start: maps divided like `map` up to node `last`, other nodes with work along their first or last axis, or alone. */
struct seed {
    int count, map, last, pattern;
    bool divides_others, last_axis;
    bool equal; /* equal shares, whatever the speeds: what comes of slow devices that get as much as others */
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
        const int home = s->graph->node[n]->home;
        int option = seed->map;
        if (home) {
            give_alone(s, cut, seed->count > 1 ? (unsigned char)(home - 1) : 0);
            continue;
        }
        if (n >= seed->last)
            option = OPTION_SINGLE;
        else if (!place->is_map)
            option = seed->divides_others ? other_option(s, n, seed->last_axis) : OPTION_SINGLE;
        else if (!is_allowed(s, n, option))
            option = is_allowed(s, n, OPTION_AXIS + 2) ? OPTION_AXIS + 2 : OPTION_SINGLE;
        share_out(s, cut, option, seed->count);
        for (int i = 1; seed->equal && i < seed->count; i++)
            cut->shares.bound[i] = (float)i / (float)seed->count;
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

static void plant_chains(struct search *s, const struct cost_model *model)
{
    static const double exposed[] = {0.15, 0.5, 1};
    const int devices = s->goal->devices;
    for (int count = 2; count <= devices; count = next_count(count, devices))
        for (size_t i = 0; i < sizeof exposed / sizeof *exposed; i++) {
            plant_chain(s, model, count, exposed[i]);
            take_all(s);
        }
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

void plant_all(struct search *s, const struct cost_model *model)
{
    const int nodes = s->graph->node_count, devices = s->goal->devices;
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
    plant(s, &(struct seed){.count = devices, .map = OPTION_AXIS + 2, .last = nodes, .equal = true});
    plant_chains(s, model);
    for (int count = 2; s->goal->throughput && count <= devices; count = next_count(count, devices))
        plant_stages(s, model, count);
}
