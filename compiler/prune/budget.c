/* budget.c -- how many channels of every curve go. */
/* SPDX-License-Identifier: MIT */
#include "budget.h"

#include "parallel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a network costs ---- */

/* Slices of one axis, by group. */
static struct cost_factor factor_of(struct arena *arena, const struct channels *channels, struct cost_axis axis)
{
    struct cost_factor factor = {.all = 1, .step = axis.step > 1 ? axis.step : 1};
    if (!axis.tensor)
        return factor;
    factor.all = axis.tensor->shape.dim[axis.axis];
    factor.part = arena_array(arena, (size_t)channels->group_count + 1, sizeof *factor.part);
    for (int g = 0; g < channels->group_count; g++)
        for (int p = 0; p < channels->group[g].place_count; p++) {
            const struct channel_place *place = &channels->group[g].place[p];
            if (place->tensor == axis.tensor && place->axis == axis.axis)
                factor.part[factor.part_count++] = (struct cost_part){g, place->count};
        }
    return factor;
}

static double item_value(const struct cost_item *item, const int removed[])
{
    double value = item->unit;
    for (int f = 0; f < 2; f++) {
        const struct cost_factor *factor = &item->factor[f];
        int64_t left = factor->all;
        for (int p = 0; removed && p < factor->part_count; p++)
            left -= factor->part[p].slices * removed[factor->part[p].group];
        value *= (double)((left + factor->step - 1) / factor->step * factor->step);
    }
    return value;
}

struct cost cost_begin(const struct channels *channels)
{
    return (struct cost){.arena = channels->arena, .group_count = channels->group_count};
}

static void add_item(struct cost *cost, double amount, struct cost_item item)
{
    item.unit = 1;
    item.unit = amount / item_value(&item, NULL);
    *arena_append(cost->arena, cost->item, cost->count, cost->capacity) = item;
}

void cost_add(struct cost *cost, const struct channels *channels, double amount, struct cost_axis a, struct cost_axis b)
{
    add_item(cost, amount,
             (struct cost_item){.factor = {factor_of(cost->arena, channels, a), factor_of(cost->arena, channels, b)}});
}

void cost_add_macs(struct cost *cost, const struct channels *channels, double unit)
{
    for (int n = 0; n < channels->graph->node_count; n++) {
        const struct node *node = channels->graph->node[n];
        struct linear linear;
        if (!node->op->linear || !node->op->linear(node, &linear))
            continue;
        const struct tensor *weights = node->input[linear.weights];
        cost_add(cost, channels, unit * (double)channels_node_macs(channels, node, NULL),
                 (struct cost_axis){linear.depthwise ? NULL : weights, linear.row_axis, 1},
                 (struct cost_axis){weights, linear.column_axis, 1});
    }
}

void cost_add_tensor(struct cost *cost, const struct channels *channels, const struct tensor *tensor, double amount,
                     int64_t step)
{
    struct cost_item item = {.factor = {{.all = 1, .step = 1}, {.all = 1, .step = 1}}};
    for (int a = 0, f = 0; a < tensor->shape.rank && f < 2; a++) {
        struct cost_factor factor = factor_of(cost->arena, channels, (struct cost_axis){tensor, a, step});
        if (factor.part_count)
            item.factor[f++] = factor;
    }
    add_item(cost, amount, item);
}

void cost_add_all(struct cost *cost, const struct cost *other, double factor)
{
    for (int i = 0; i < other->count; i++) {
        struct cost_item item = other->item[i];
        item.unit *= factor;
        *arena_append(cost->arena, cost->item, cost->count, cost->capacity) = item;
    }
}

void cost_finish(struct cost *cost, const struct channels *channels)
{
    size_t groups = (size_t)channels->group_count;
    cost->item_of = arena_array(cost->arena, groups, sizeof *cost->item_of);
    cost->item_count = arena_array(cost->arena, groups, sizeof *cost->item_count);
    int *capacity = arena_array(cost->arena, groups, sizeof *capacity);
    for (int i = 0; i < cost->count; i++)
        for (int f = 0; f < 2; f++)
            for (int p = 0; p < cost->item[i].factor[f].part_count; p++) {
                int g = cost->item[i].factor[f].part[p].group, *list = cost->item_of[g];
                if (cost->item_count[g] && list[cost->item_count[g] - 1] == i)
                    continue; /* both factors have the group */
                *arena_append(cost->arena, cost->item_of[g], cost->item_count[g], capacity[g]) = i;
            }
}

double cost_total(const struct cost *cost, const int removed[])
{
    double total = 0;
    for (int i = 0; i < cost->count; i++)
        total += item_value(&cost->item[i], removed);
    return total;
}

/* Items of one group alone. */
static double group_value(const struct cost *cost, int group, const int removed[])
{
    double value = 0;
    for (int i = 0; i < cost->item_count[group]; i++)
        value += item_value(&cost->item[cost->item_of[group][i]], removed);
    return value;
}

double cost_of_class(const struct cost *cost, int group)
{
    /* As many as fill whole steps, unless that would be all. */
    enum { MANY = 32 };
    int *removed = memory_new((size_t)cost->group_count, sizeof *removed);
    memset(removed, 0, (size_t)cost->group_count * sizeof *removed);
    double before = group_value(cost, group, removed);
    removed[group] = MANY;
    for (int i = 0; i < cost->item_count[group]; i++)
        for (int f = 0; f < 2; f++) {
            const struct cost_factor *factor = &cost->item[cost->item_of[group][i]].factor[f];
            for (int p = 0; p < factor->part_count; p++)
                if (factor->part[p].group == group && factor->part[p].slices * removed[group] * 2 > factor->all)
                    removed[group] = 1;
        }
    double after = group_value(cost, group, removed), classes = removed[group];
    free(removed);
    return (before - after) / classes;
}

/* ---- choosing ---- */

enum { MOST_GOALS = 4 };

struct choice {
    const struct cost *value;
    struct weights weights;
    const struct channels *channels;
    const struct curves *curves;
    const struct goal *goal;
    int goals;
    int *count;   /* [curve] */
    int *removed; /* [group] */
    double all[MOST_GOALS], total[MOST_GOALS], target[MOST_GOALS]; /* the goals' costs: at first, now, wanted */
    int reach; /* steps are looked at so far ahead */
};

/* Change removed[] and return what the value changes by when a curve goes from count to `to`; change[goal], unless it is
 * NULL: what the goals' costs change by. */
static double move_to(struct choice *choice, int curve, int to, double change[])
{
    const struct curve *c = &choice->curves->item[curve];
    int at = choice->count[curve], step = to > at ? 1 : -1;
    double value = 0;
    for (int k = 0; change && k < choice->goals; k++)
        change[k] = 0;
    /* One group after the other: the sum telescopes, whatever items they share. */
    for (int i = 0; i < c->group_count; i++) {
        int group = c->group[i], classes = 0;
        for (int q = at < to ? at : to; q < (at < to ? to : at); q++)
            classes += c->group_count == 1 || channels_group(choice->channels, c->order[q]) ==
                                                  &choice->channels->group[group];
        if (!classes)
            continue;
        value -= group_value(choice->value, group, choice->removed);
        for (int k = 0; change && k < choice->goals; k++)
            change[k] -= group_value(&choice->goal[k].cost, group, choice->removed);
        choice->removed[group] += step * classes;
        value += group_value(choice->value, group, choice->removed);
        for (int k = 0; change && k < choice->goals; k++)
            change[k] += group_value(&choice->goal[k].cost, group, choice->removed);
    }
    choice->count[curve] = to;
    return value;
}

static void move_for_good(struct choice *choice, int curve, int to)
{
    double change[MOST_GOALS];
    move_to(choice, curve, to, change);
    for (int k = 0; k < choice->goals; k++)
        choice->total[k] += change[k];
}

static int most_of(const struct curve *curve)
{
    int all = curve->count + curve->group_count, keep = (all + 9) / 10;
    int most = all - keep;
    return most < curve->count ? most : curve->count;
}

/* What a step saves: of the value, by its weight, and of the goals that are not reached, as shares of all. */
static double step_saves(struct choice *choice, int curve, int to)
{
    int at = choice->count[curve];
    double change[MOST_GOALS], saved = -choice->weights.value * move_to(choice, curve, to, change);
    move_to(choice, curve, at, NULL);
    for (int k = 0; k < choice->goals; k++)
        if (choice->total[k] > choice->target[k])
            saved -= choice->weights.goals * change[k] / choice->all[k];
    return saved;
}

/* The best next step forward; false when there is none. */
static bool find_step(struct choice *choice, int *curve, int *to)
{
    double best = INFINITY;
    *curve = -1;
    for (int j = 0; j < choice->curves->count; j++) {
        const struct curve *c = &choice->curves->item[j];
        int at = choice->count[j], end = most_of(c);
        for (int q = at + 1; q <= end && q <= at + choice->reach; q++) {
            if (!c->aligned[q])
                continue;
            double saved = step_saves(choice, j, q), price = (c->error[q] - c->error[at]) / saved;
            if (!(saved > 0))
                continue;
            if (price < best) {
                best = price;
                *curve = j;
                *to = q;
            }
        }
    }
    return *curve >= 0;
}

/* Nothing that was to be reached is lost. */
static bool is_affordable(const struct choice *choice, const double change[])
{
    for (int k = 0; k < choice->goals; k++)
        if (choice->total[k] + change[k] > choice->target[k])
            return false;
    return true;
}

/* The step back that regains most and still meets the targets. */
static bool find_return(struct choice *choice, int *curve, int *to)
{
    double best = 0, change[MOST_GOALS];
    *curve = -1;
    for (int j = 0; j < choice->curves->count; j++) {
        const struct curve *c = &choice->curves->item[j];
        int at = choice->count[j];
        for (int q = at - 1; q >= 0 && q >= at - choice->reach; q--) {
            if (!c->aligned[q])
                continue;
            move_to(choice, j, q, change);
            move_to(choice, j, at, NULL);
            if (!is_affordable(choice, change))
                break;
            double gain = c->error[at] - c->error[q];
            if (gain > best) {
                best = gain;
                *curve = j;
                *to = q;
            }
        }
    }
    return *curve >= 0;
}

static bool is_reached(const struct choice *choice)
{
    for (int k = 0; k < choice->goals; k++)
        if (choice->total[k] > choice->target[k])
            return false;
    return true;
}

struct balance budget_choose(const struct cost *value, struct weights weights, const struct channels *channels,
                             const struct curves *curves, struct goal goal[], int goals, int reach, int count[])
{
    struct choice choice = {.value = value,
                            .weights = weights,
                            .channels = channels,
                            .curves = curves,
                            .goal = goal,
                            .goals = goals,
                            .count = count,
                            .removed = memory_new((size_t)channels->group_count, sizeof(int)),
                            .reach = reach > 4 ? reach : 4};
    assert(goals <= MOST_GOALS);
    memset(choice.removed, 0, (size_t)channels->group_count * sizeof(int));
    memset(count, 0, (size_t)curves->count * sizeof *count);
    for (int k = 0; k < goals; k++) {
        choice.all[k] = choice.total[k] = cost_total(&goal[k].cost, NULL);
        choice.target[k] = choice.all[k] * (1 - goal[k].fraction);
    }
    int curve, to;
    while (!is_reached(&choice) && find_step(&choice, &curve, &to))
        move_for_good(&choice, curve, to);
    while (find_return(&choice, &curve, &to))
        move_for_good(&choice, curve, to);
    for (int k = 0; k < goals; k++)
        goal[k].reached = 1 - choice.total[k] / choice.all[k];
    struct balance balance = {.saved = cost_total(value, NULL) - cost_total(value, choice.removed)};
    for (int j = 0; j < curves->count; j++)
        balance.error += curves->item[j].error[count[j]];
    free(choice.removed);
    return balance;
}
