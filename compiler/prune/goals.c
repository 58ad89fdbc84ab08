/* goals.c -- what pruning is to reduce, and what a channel is worth. */
/* SPDX-License-Identifier: MIT */
#include "goals.h"

#include "../operators/op.h"
#include "../support/fail.h"

#include <math.h>
#include <string.h>

/* Multiply-accumulates that go should take as much of the time with them, or nearly. Where they do not, time is given more weight, as
 * long as the estimated errors, summed over all layers, stay below SMALL_ERROR of the variance or grow by a tenth at most. */
static const double TIME_SHARE = 0.96, SMALL_ERROR = 0.015, LEAST_GROWTH = 1.1;
enum { WEIGHTINGS = 9 };

/* How long `auto` searches, as a part of what is usual, where a plan only says what channels are worth. */
static const double EFFORT = 0.3;

/* Plans are made again until what is asked for is reached up to NEAR, TRIES times at most. */
enum { TRIES = 6 };
static const double NEAR = 0.003, MOST = 0.9;

static bool is_planned(const struct goals *goals, int i)
{
    const char *name = goals->result[i].name;
    return goals->has_wish && (!strcmp(name, "seconds") || (!strcmp(name, "bytes") && goals->wish.cluster->count > 1));
}

static void add_goal(struct goals *goals, const char *name, double wanted, struct cost cost)
{
    cost_finish(&cost, goals->channels);
    goals->result[goals->count] = (struct prune_goal){.name = name, .wanted = wanted};
    goals->item[goals->count++] = (struct goal){.name = name, .cost = cost};
}

/* Bytes that devices send each other; of one device, those of the feature maps behind its layers. */
static struct cost cost_of_bytes(const struct goals *goals)
{
    struct cost cost = cost_begin(goals->channels);
    if (goals->has_wish && goals->wish.cluster->count > 1 && prospect_bytes(&goals->dense) > 0) {
        prospect_add_bytes(&goals->dense, &cost, goals->channels);
        return cost;
    }
    for (int n = 0; n < goals->graph->node_count; n++)
        for (int k = 0; k < goals->graph->node[n]->output_count; k++) {
            const struct tensor *tensor = goals->graph->node[n]->output[k];
            if (tensor && goals->graph->node[n]->op->macs)
                cost_add_tensor(&cost, goals->channels, tensor, (double)channels_bytes(goals->channels, tensor, NULL), 1);
        }
    return cost;
}

static double latency_to_remove(const struct goals *goals, const struct prune_options *options)
{
    double seconds = prospect_seconds(&goals->dense);
    double left = options->latency > 0 ? options->latency : options->latency_ms / 1e3 / seconds;
    if (left >= 1)
        note("--prune-to-latency: the whole network is foretold to take %.4g ms: nothing has to go", seconds * 1e3);
    return fmin(fmax(1 - left, 0), MOST);
}

void goals_begin(struct goals *goals, const struct graph *graph, const struct channels *channels,
                 const struct prune_options *options, struct prune_result *result)
{
    *goals = (struct goals){.graph = graph, .channels = channels, .has_wish = options->wish, .time_counts = true, .result = result->goal};
    if (options->wish) {
        goals->wish = *options->wish;
        /* The plan itself is asked about only where bytes or time are goals. */
        goals->wish.effort = options->bytes > 0 || options->latency > 0 || options->latency_ms > 0 ? 0 : EFFORT;
    }
    struct cost seconds = cost_begin(channels);
    goals->seconds = cost_begin(channels);
    if (goals->has_wish) {
        prospect_begin(&goals->dense, graph, &goals->wish, NULL, channels, NULL);
        prospect_add_seconds(&goals->dense, &seconds, channels);
        double all = cost_total(&seconds, NULL);
        cost_add_all(&goals->seconds, &seconds, all > 0 ? 1 / all : 0);
    }
    cost_finish(&goals->seconds, channels);
    if (options->macs > 0) {
        struct cost macs = cost_begin(channels);
        cost_add_macs(&macs, channels, 1);
        add_goal(goals, "macs", options->macs, macs);
    }
    if (options->bytes > 0)
        add_goal(goals, "bytes", options->bytes, cost_of_bytes(goals));
    if (goals->has_wish && (options->latency > 0 || options->latency_ms > 0))
        add_goal(goals, "seconds", latency_to_remove(goals, options), seconds);
    result->goal_count = goals->count;
}

void goals_end(struct goals *goals)
{
    if (goals->has_wish)
        prospect_end(&goals->dense);
}

double goals_of_class(const struct goals *goals, int group)
{
    double sum = cost_of_class(&goals->seconds, group);
    for (int i = 0; i < goals->count; i++) {
        double all = cost_total(&goals->item[i].cost, NULL);
        sum += all > 0 ? cost_of_class(&goals->item[i].cost, group) / all : 0;
    }
    return sum;
}

static void mark(const struct goals *goals, const struct curves *curves, const int count[], bool removed[])
{
    memset(removed, 0, (size_t)goals->channels->class_count * sizeof *removed);
    for (int j = 0; j < curves->count; j++)
        for (int q = 0; q < count[j]; q++)
            removed[curves->item[j].order[q]] = true;
    channels_keep_one(goals->channels, removed);
}

/* Fractions of a goal's cost that were tried: what did not reach it when planned again, and the least that did (> 1: none). */
struct bracket {
    double little, enough;
};

/* How much of the goal's cost to ask for next; `reached` and `wanted` are as planned. Returns false when it is near enough. */
static bool correct(struct goal *goal, struct bracket *bracket, double reached, double wanted)
{
    if (reached < wanted)
        bracket->little = fmax(bracket->little, goal->fraction);
    else
        bracket->enough = fmin(bracket->enough, goal->fraction);
    if (reached >= wanted && reached <= wanted + 2 * NEAR)
        return false;
    double next = bracket->enough <= 1 ? (bracket->little + bracket->enough) / 2
                                       : fmin(goal->fraction + fmax(wanted - reached, 2 * NEAR) * 1.2, MOST);
    bool moves = fabs(next - goal->fraction) > NEAR;
    goal->fraction = next;
    return moves;
}

/* Plan what is left, and ask for more or less of what misses its goal; false when all is near enough. */
static bool correct_all(struct goals *goals, struct bracket bracket[], double part, const bool removed[])
{
    bool again = false, planned = false;
    for (int i = 0; i < goals->count; i++)
        planned |= is_planned(goals, i);
    if (!planned)
        return false;
    struct prune_result foretold = {0};
    goals_foretell(goals, removed, &foretold);
    for (int i = 0; i < goals->count; i++) {
        struct prune_goal *result = &goals->result[i];
        if (!is_planned(goals, i))
            continue;
        const double *pair = !strcmp(result->name, "seconds") ? foretold.seconds : foretold.bytes;
        result->reached = pair[0] > 0 ? 1 - pair[1] / pair[0] : 1;
        again |= correct(&goals->item[i], &bracket[i], result->reached, part * result->wanted);
    }
    return again;
}

static struct balance choose(struct goals *goals, double weight, const struct curves *curves, int reach, int count[])
{
    const struct weights weights = {.goals = weight, .value = goals->time_counts};
    return budget_choose(&goals->seconds, weights, goals->channels, curves, goals->item, goals->count, reach, count);
}

/* The less the goal itself weighs, the more time goes with it, and the larger is the error: halve the interval in which that becomes
 * too large. */
static void choose_weighted(struct goals *goals, const struct curves *curves, int reach, int count[])
{
    const struct goal *goal = &goals->item[0];
    struct balance first = choose(goals, 1, curves, reach, count);
    if (goals->count > 1 || !goals->has_wish || !goals->time_counts || strcmp(goal->name, "macs"))
        return;
    double wanted = TIME_SHARE * goal->fraction, bearable = fmax(LEAST_GROWTH * first.error, SMALL_ERROR);
    double most = first.saved, best = 1, good = 1, bad = -1;
    for (int i = 0; most < wanted && i < WEIGHTINGS; i++) {
        double weight = (good + bad) / 2;
        struct balance next = choose(goals, weight, curves, reach, count);
        bool fine = next.error <= bearable && goal->reached >= goal->fraction;
        *(fine ? &good : &bad) = weight;
        if (fine && next.saved > most) {
            most = next.saved;
            best = weight;
        }
    }
    choose(goals, best, curves, reach, count);
}

static void choose_once(struct goals *goals, const struct curves *curves, int reach, int count[], bool removed[])
{
    choose_weighted(goals, curves, reach, count);
    mark(goals, curves, count, removed);
    for (int i = 0; i < goals->count; i++)
        if (!is_planned(goals, i))
            goals->result[i].reached = goals->item[i].reached;
}

/* Was enough asked for, of all that is planned? */
static bool all_reached(const struct goals *goals, double part)
{
    bool reached = true;
    for (int i = 0; i < goals->count; i++)
        reached &= !is_planned(goals, i) || goals->result[i].reached >= part * goals->result[i].wanted;
    return reached;
}

void goals_choose(struct goals *goals, const struct curves *curves, double part, int reach, int count[], bool removed[])
{
    struct bracket bracket[PRUNE_GOALS];
    for (int i = 0; i < goals->count; i++) {
        bracket[i] = (struct bracket){.enough = 2};
        goals->item[i].fraction = part * goals->result[i].wanted;
    }
    for (int try = 0; try < TRIES; try++) {
        choose_once(goals, curves, reach, count, removed);
        if (correct_all(goals, bracket, part, removed))
            continue;
        if (all_reached(goals, part))
            return;
        break;
    }
    /* The least of each that was enough, or the most that was tried. */
    for (int i = 0; i < goals->count; i++)
        if (is_planned(goals, i))
            goals->item[i].fraction = bracket[i].enough <= 1 ? bracket[i].enough : bracket[i].little;
    choose_once(goals, curves, reach, count, removed);
    correct_all(goals, bracket, part, removed);
}

void goals_foretell(const struct goals *goals, const bool removed[], struct prune_result *result)
{
    if (!goals->has_wish)
        return;
    struct prospect pruned;
    prospect_begin(&pruned, goals->graph, &goals->wish, &goals->dense, goals->channels, removed);
    result->rates = arena_copy(goals->graph->arena, &goals->dense.cluster, sizeof goals->dense.cluster);
    result->seconds[0] = prospect_seconds(&goals->dense);
    result->seconds[1] = prospect_seconds(&pruned);
    result->bytes[0] = prospect_bytes(&goals->dense);
    result->bytes[1] = prospect_bytes(&pruned);
    for (int i = 0; result->layer && i < result->change.layer_count; i++) {
        result->layer[i].wire[0] = prospect_wire(&goals->dense, result->change.layer[i].name);
        result->layer[i].wire[1] = prospect_wire(&pruned, result->change.layer[i].name);
    }
    prospect_end(&pruned);
}
