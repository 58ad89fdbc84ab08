/* partition.c -- who computes what: makes the plan that was asked for, or for auto the best of all. */
/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include "../plan/timeline.h"
#include "partition_search.h"

/* Other devices are called in where they are foretold to make this of one device's time: the real world adds to it. */
static const double LEAST_GAIN = 0.96;

/* Where all devices make it less than this many times as fast, fewer are tried, with this part of the effort. */
static const double LITTLE_GAIN = 1.5, EFFORT_FOR_FEWER = 0.5;

struct partitioner {
    struct arena scratch;
    const struct graph *graph;
    struct cluster cluster; /* the user's, with relative speeds as the cost model sees them */
    struct cost_model model;
    struct partition_wish wish;
    struct comparison comparison;
};

static struct timeline_rules rules_of(const struct partitioner *p, bool relay)
{
    return (struct timeline_rules){
        .relay = relay, .no_overlap = p->wish.no_overlap, .wire_half = p->wish.wire_half, .undivided = p->wish.throughput};
}

static struct timeline *timeline_of(struct partitioner *p, const struct division *division, bool relay)
{
    struct timeline *timeline = timeline_new(&p->scratch, p->graph, &p->model, rules_of(p, relay));
    for (int n = 0; n < p->graph->node_count; n++)
        timeline_divide(timeline, n, &division[n]);
    return timeline;
}

/* Without what nobody reads, which is taken out of the divisions. */
static double foretell(struct partitioner *p, struct division *division, bool relay)
{
    divisions_drop_unused(p->graph, p->cluster.count, division);
    struct timeline *timeline = timeline_of(p, division, relay);
    const double seconds = timeline_run(timeline, p->wish.throughput, NULL, NULL);
    timeline_free(timeline);
    return seconds;
}

static struct division *new_divisions(struct partitioner *p)
{
    return arena_array(&p->scratch, (size_t)p->graph->node_count + 1, sizeof(struct division));
}

/* Does everything fit, as far as is known? */
static bool fits(struct partitioner *p, const struct division *division)
{
    struct timeline *timeline = timeline_of(p, division, false);
    bool fits = true;
    for (int d = 0; d < p->cluster.count; d++) {
        const int64_t memory = p->cluster.device[d].memory;
        fits &= !memory || timeline_weights(timeline, d) + timeline_tensors(timeline, d) <= memory;
    }
    timeline_free(timeline);
    return fits;
}

/* All baselines; returns the fastest that fits, or the one that was asked for. */
static struct division *compare_baselines(struct partitioner *p, enum partition *chosen)
{
    static const enum partition all[] = {PARTITION_SINGLE, PARTITION_ROWS, PARTITION_GTDP, PARTITION_STAR};
    struct division *best = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const enum partition mode = all[i];
        if (p->cluster.count == 1 && best && p->wish.mode != mode)
            continue;
        struct division *division = new_divisions(p);
        divide_baseline(&p->scratch, p->graph, &p->cluster, mode, division);
        p->comparison.seconds[mode] = foretell(p, division, mode == PARTITION_STAR);
        const bool wanted = p->wish.mode == PARTITION_AUTO
                                ? !best || (fits(p, division) && p->comparison.seconds[mode] < p->comparison.seconds[*chosen])
                                : p->wish.mode == mode;
        if (wanted) {
            best = division;
            *chosen = mode;
        }
    }
    return best;
}

/* Speeds that were measured come before relative ones. */
static void see_speeds(struct partitioner *p)
{
    bool known = false;
    for (int d = 0; d < p->cluster.count; d++)
        known |= p->cluster.device[d].measured || p->cluster.device[d].gmacs > 0;
    for (int d = 0; d < p->cluster.count && known; d++)
        p->cluster.device[d].speed = 1 / cost_graph_seconds(&p->model, d, p->graph);
}

static void build(struct partitioner *p, const struct cluster *cluster, struct division *division, bool relay,
                  struct plan *plan)
{
    struct arena *arena = p->graph->arena;
    const int devices = cluster->count;
    plan_build(p->graph, cluster, division, relay, plan);
    struct timeline *timeline = timeline_of(p, division, relay);
    timeline_run(timeline, p->wish.throughput, &plan->forecast, arena);
    const size_t cells = (size_t)(p->graph->node_count * devices) + 1;
    bool *divide = arena_array(arena, cells, sizeof *divide), *joined = arena_array(arena, cells, sizeof *joined);
    for (int n = 0; n < p->graph->node_count; n++)
        for (int d = 0; d < devices; d++) {
            divide[n * devices + d] = timeline_divides(timeline, n, d);
            joined[n * devices + d] = timeline_joined(timeline, n, d);
        }
    plan->divide = divide;
    plan->joined = joined;
    plan->partition = p->wish.mode;
    plan->no_overlap = p->wish.no_overlap;
    plan->wire_half = p->wish.wire_half;
    plan->throughput = p->wish.throughput;
    plan->comparison = p->comparison;
    timeline_free(timeline);
}

/* With all devices; where those gain little, with fewer again: each that has nothing to do is a message less to wait for. */
static struct division *search(struct partitioner *p, double *seconds)
{
    struct search_goal goal = {.cluster = &p->cluster,
                               .devices = p->cluster.count,
                               .producer = producer_positions(&p->scratch, p->graph),
                               .throughput = p->wish.throughput,
                               .rules = rules_of(p, false),
                               .effort = p->wish.effort > 0 ? p->wish.effort : 1,
                               .with_device = p->comparison.with_device};
    struct division *best = new_divisions(p);
    *seconds = partition_search(p->graph, &p->model, &goal, best);
    goal.effort *= EFFORT_FOR_FEWER;
    while (goal.devices > 2 && *seconds * LITTLE_GAIN > p->comparison.seconds[PARTITION_SINGLE]) {
        goal.devices = (goal.devices + 1) / 2;
        struct division *found = new_divisions(p);
        const double with_fewer = partition_search(p->graph, &p->model, &goal, found);
        if (with_fewer < *seconds) {
            *seconds = with_fewer;
            best = found;
        }
    }
    const double told = foretell(p, best, false);
    *seconds = fits(p, best) ? told : *seconds;
    return best;
}

void partition(struct graph *graph, const struct cluster *cluster, struct partition_wish wish, struct plan *plan)
{
    struct partitioner *p = arena_alloc(graph->arena, sizeof *p);
    *p = (struct partitioner){.graph = graph, .cluster = *cluster, .wish = wish};
    cost_model_make(&p->model, graph, cluster);
    see_speeds(p);
    enum partition chosen = PARTITION_SINGLE;
    struct division *division = compare_baselines(p, &chosen);
    if (wish.mode == PARTITION_AUTO) {
        p->comparison.seconds[PARTITION_AUTO] = p->comparison.seconds[chosen];
        if (cluster->count > 1 && graph->node_count) {
            double seconds;
            struct division *found = search(p, &seconds);
            const double single = p->comparison.seconds[PARTITION_SINGLE];
            const bool worth_it = chosen != PARTITION_SINGLE || seconds < LEAST_GAIN * single;
            if ((seconds < p->comparison.seconds[chosen] && worth_it) || !fits(p, division)) {
                division = found;
                chosen = PARTITION_AUTO;
                p->comparison.seconds[PARTITION_AUTO] = seconds;
            }
        }
    }
    build(p, cluster, division, chosen == PARTITION_STAR, plan);
    arena_free(&p->scratch);
}
