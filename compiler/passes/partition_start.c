/* partition_start.c -- where the search begins: patterns, and what dynamic programming finds. */
/* SPDX-License-Identifier: MIT */
#include "partition_state.h"

#include "../operators/op.h"

#include <math.h>
#include <string.h>

/* Where something changes on the way through the graph: behind so many parts of the nodes. */
enum { PARTS = 16 };

/* How nodes that compute no maps are divided. */
enum others {
    OTHERS_ALONE,
    OTHERS_FIRST_AXIS,
    OTHERS_LAST_AXIS,
    OTHERS_FOLLOW, /* computed wherever maps behind them need them (squeeze and excitation), alone behind all maps */
    OTHERS_COUNT
};

/* A start: maps divided like `map` among `count` devices up to node `last`, and from there on like `map_behind` among `behind`; 0: not
 * at all. The first `fused` nodes are computed wherever those behind them need them: a device that has waited for its part of the input
 * does not wait for the others once more. Up to node `skewed` all devices but the first have the part `skew` of their shares: the owner
 * gets on while they wait. */
struct seed {
    int count, behind, map, map_behind, last, pattern, fused, skewed;
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
        for (int i = 1; n < seed->skewed && i < cut->shares.count; i++)
            cut->shares.bound[i] = (float)(1 - (1 - (double)cut->shares.bound[i]) * seed->skew);
        cut->follows = place->follows && option != OPTION_SINGLE &&
                       (option == OPTION_REPLICATED || (seed->pattern == 1   ? !place->works
                                                        : seed->pattern == 2 ? n % 2 == 0
                                                                             : seed->pattern == 3 || n + 1 < seed->fused));
    }
    take_all(s);
}

/* The best of the strips of rows for `count` devices. */
static struct seed plant_rows(struct search *s, int count)
{
    struct seed best = {0};
    double least = INFINITY;
    for (int others = 0; others < OTHERS_COUNT; others++) {
        const struct seed seed = {.count = count,
                                  .map = OPTION_AXIS + 2,
                                  .map_behind = OPTION_AXIS + 2,
                                  .last = s->graph->node_count,
                                  .skew = 1,
                                  .others = (enum others)others};
        plant(s, &seed);
        if (!best.count || s->now < least) {
            least = s->now;
            best = seed;
        }
    }
    return best;
}

/* ---- better seeds ---- */

enum trait {
    TRAIT_FUSED,
    TRAIT_SKEWED,
    TRAIT_SKEW,
    TRAIT_LAST,
    TRAIT_BEHIND,
    TRAIT_MAP,
    TRAIT_MAP_BEHIND,
    TRAIT_PATTERN,
    TRAIT_OTHERS,
    TRAITS
};

static const int maps[] = {OPTION_AXIS + 2, OPTION_AXIS + 3, OPTION_GREEDY, OPTION_BISECTION, OPTION_AXIS + 1, OPTION_HYBRID};
static const double skews[] = {1.15, 1, 0.93, 0.85, 0.78, 0.7, 0.6, 0.5, 0.35};
enum { MAPS = sizeof maps / sizeof *maps, SKEWS = sizeof skews / sizeof *skews, PATTERNS = 4 };

/* How many values a trait can have. */
static int values_of(const struct seed *seed, enum trait trait)
{
    static const int values[TRAITS] = {[TRAIT_FUSED] = PARTS + 1,   [TRAIT_SKEWED] = PARTS + 1, [TRAIT_SKEW] = SKEWS,
                                       [TRAIT_LAST] = PARTS,        [TRAIT_MAP] = MAPS,         [TRAIT_MAP_BEHIND] = MAPS,
                                       [TRAIT_PATTERN] = PATTERNS, [TRAIT_OTHERS] = OTHERS_COUNT};
    return trait == TRAIT_BEHIND ? seed->count + 1 : values[trait];
}

static void set_trait(const struct search *s, struct seed *seed, enum trait trait, int value)
{
    const int nodes = s->graph->node_count;
    switch (trait) {
    case TRAIT_FUSED:
        seed->fused = nodes * value / PARTS;
        break;
    case TRAIT_SKEWED:
        seed->skewed = nodes * value / PARTS;
        break;
    case TRAIT_SKEW:
        seed->skew = skews[value];
        seed->skewed = seed->skewed ? seed->skewed : nodes;
        break;
    case TRAIT_LAST:
        seed->last = nodes * (value + 1) / PARTS;
        break;
    case TRAIT_BEHIND:
        seed->behind = value;
        break;
    case TRAIT_MAP:
        seed->map = maps[value];
        break;
    case TRAIT_MAP_BEHIND:
        seed->map_behind = maps[value];
        seed->behind = seed->behind ? seed->behind : seed->count;
        break;
    case TRAIT_PATTERN:
        seed->pattern = value;
        break;
    default:
        seed->others = (enum others)value;
    }
}

/* Seeds of one kind lead to plans that are like each other. */
static int kind_of(const struct search *s, const struct seed *seed)
{
    const bool changes = seed->last < s->graph->node_count;
    return 1 + (seed->fused > 0) + 2 * (changes && seed->behind) + 4 * (changes && !seed->behind) +
           8 * (seed->map != OPTION_AXIS + 2) + 16 * (seed->pattern > 0);
}

static double plant_seed(struct search *s, const struct seed *seed)
{
    s->kind = kind_of(s, seed);
    plant(s, seed);
    return s->now;
}

/* Give the seed the best value of one trait after the other, as long as that helps. */
static void plant_better(struct search *s, struct seed seed, int64_t limit)
{
    double least = plant_seed(s, &seed);
    for (int idle = 0, trait = 0; idle < TRAITS && search_spent(s) < limit; trait = (trait + 1) % TRAITS) {
        struct seed best = seed;
        idle++;
        for (int value = 0; value < values_of(&seed, (enum trait)trait); value++) {
            struct seed tried = seed;
            set_trait(s, &tried, (enum trait)trait, value);
            if (plant_seed(s, &tried) < least) {
                least = s->now;
                best = tried;
                idle = 0;
            }
        }
        seed = best;
    }
}

/* Counts of devices worth a start: all small ones, then steps of about a quarter. */
static int next_count(int count, int devices)
{
    const int next = count < 4 ? count + 1 : count + (count + 3) / 4;
    return count < devices && next > devices ? devices : next;
}

/* From strips of rows for every count of devices, plain ones first, then with so many parts fused and such a skew. */
static void plant_seeds(struct search *s, int64_t limit)
{
    static const struct {
        int fused;
        double skew;
    } first[] = {{0, 1},    {4, 0.85}, {8, 0.7},  {0, 0.85}, {12, 0.85}, {4, 0.5},  {8, 1},  {12, 0.5},
                 {0, 0.7}, {4, 0.7},  {8, 0.85}, {12, 0.7}, {4, 1},     {8, 0.5}, {12, 1}, {0, 0.5}};
    const int nodes = s->graph->node_count;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        for (int count = 2; count <= s->goal->devices && (!i || search_spent(s) < limit); count = next_count(count, s->goal->devices)) {
            struct seed seed = plant_rows(s, count);
            seed.fused = nodes * first[i].fused / PARTS;
            seed.skew = first[i].skew;
            seed.skewed = seed.fused ? seed.fused : nodes;
            plant_better(s, seed, limit);
        }
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

/* Starts that no seed describes. */
enum { KIND_CHAIN = 1000, KIND_STAGES };

void plant_all(struct search *s, const struct cost_model *model, int64_t limit)
{
    const int devices = s->goal->devices;
    plant_rows(s, 1);
    plant(s, &(struct seed){.count = devices, .map = OPTION_AXIS + 2, .last = s->graph->node_count, .equal = true});
    s->kind = KIND_CHAIN;
    plant_chains(s, model);
    s->kind = KIND_STAGES;
    for (int count = 2; s->goal->throughput && count <= devices; count = next_count(count, devices))
        plant_stages(s, model, count);
    plant_seeds(s, limit);
    s->kind = -1;
}
