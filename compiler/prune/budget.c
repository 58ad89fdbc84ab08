/* budget.c -- how many channels of every curve go. */
/* SPDX-License-Identifier: MIT */
#include "budget.h"

#include "parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a network costs ---- */

/* Slices of one axis, by group. */
static struct cost_factor factor_of(struct arena *arena, const struct channels *channels, const struct tensor *tensor,
                                    int axis)
{
    struct cost_factor factor = {.all = tensor->shape.dim[axis]};
    factor.part = arena_array(arena, (size_t)channels->group_count + 1, sizeof *factor.part);
    for (int g = 0; g < channels->group_count; g++)
        for (int p = 0; p < channels->group[g].place_count; p++) {
            const struct channel_place *place = &channels->group[g].place[p];
            if (place->tensor == tensor && place->axis == axis)
                factor.part[factor.part_count++] = (struct cost_part){g, place->count};
        }
    return factor;
}

static double item_value(const struct cost_item *item, const int removed[])
{
    double value = item->unit;
    for (int f = 0; f < 2; f++) {
        int64_t left = item->factor[f].all;
        for (int p = 0; removed && p < item->factor[f].part_count; p++)
            left -= item->factor[f].part[p].slices * removed[item->factor[f].part[p].group];
        value *= (double)left;
    }
    return value;
}

struct cost cost_of_macs(const struct channels *channels, double unit)
{
    struct cost cost = {.arena = channels->arena, .group_count = channels->group_count};
    for (int n = 0; unit > 0 && n < channels->graph->node_count; n++) {
        const struct node *node = channels->graph->node[n];
        struct linear linear;
        if (!node->op->linear || !node->op->linear(node, &linear))
            continue;
        const struct tensor *weights = node->input[linear.weights];
        struct cost_item item = {.unit = 1, .factor = {{.all = 1}, {.all = 1}}};
        if (!linear.depthwise)
            item.factor[0] = factor_of(cost.arena, channels, weights, linear.row_axis);
        item.factor[1] = factor_of(cost.arena, channels, weights, linear.column_axis);
        item.unit = unit * (double)channels_node_macs(channels, node, NULL) / item_value(&item, NULL);
        *arena_append(cost.arena, cost.item, cost.count, cost.capacity) = item;
    }
    return cost;
}

void cost_add_bytes(struct cost *cost, const struct channels *channels, const struct tensor *tensor, double unit)
{
    struct cost_item item = {.factor = {{.all = 1}, {.all = 1}}};
    for (int a = 0, f = 0; a < tensor->shape.rank && f < 2; a++) {
        struct cost_factor factor = factor_of(cost->arena, channels, tensor, a);
        if (factor.part_count)
            item.factor[f++] = factor;
    }
    item.unit = 1;
    item.unit = unit * (double)channels_bytes(channels, tensor, NULL) / item_value(&item, NULL);
    *arena_append(cost->arena, cost->item, cost->count, cost->capacity) = item;
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
    int *removed = memory_new((size_t)cost->group_count, sizeof *removed);
    memset(removed, 0, (size_t)cost->group_count * sizeof *removed);
    double before = group_value(cost, group, removed);
    removed[group] = 1;
    double after = group_value(cost, group, removed);
    free(removed);
    return before - after;
}

/* ---- choosing ---- */

struct choice {
    const struct cost *cost;
    const struct channels *channels;
    const struct curves *curves;
    int *count;   /* [curve] */
    int *removed; /* [group] */
    double total, target;
    int reach; /* steps are looked at so far ahead */
};

/* Change removed[] and return what the cost changes by when a curve goes from count to `to`. */
static double move_to(struct choice *choice, int curve, int to)
{
    const struct curve *c = &choice->curves->item[curve];
    int at = choice->count[curve], step = to > at ? 1 : -1;
    double change = 0;
    /* One group after the other: the sum telescopes, whatever items they share. */
    for (int i = 0; i < c->group_count; i++) {
        int group = c->group[i], classes = 0;
        for (int q = at < to ? at : to; q < (at < to ? to : at); q++)
            classes += c->group_count == 1 || channels_group(choice->channels, c->order[q]) ==
                                                  &choice->channels->group[group];
        if (!classes)
            continue;
        double before = group_value(choice->cost, group, choice->removed);
        choice->removed[group] += step * classes;
        change += group_value(choice->cost, group, choice->removed) - before;
    }
    choice->count[curve] = to;
    return change;
}

static int most_of(const struct curve *curve)
{
    int all = curve->count + curve->group_count, keep = (all + 9) / 10;
    int most = all - keep;
    return most < curve->count ? most : curve->count;
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
            double saved = -move_to(choice, j, q);
            move_to(choice, j, at);
            double price = (c->error[q] - c->error[at]) / fmax(saved, 1e-9);
            if (price < best) {
                best = price;
                *curve = j;
                *to = q;
            }
        }
    }
    return *curve >= 0;
}

/* The step back that regains most and still meets the target. */
static bool find_return(struct choice *choice, int *curve, int *to)
{
    double best = 0;
    *curve = -1;
    for (int j = 0; j < choice->curves->count; j++) {
        const struct curve *c = &choice->curves->item[j];
        int at = choice->count[j];
        for (int q = at - 1; q >= 0 && q >= at - choice->reach; q--) {
            if (!c->aligned[q])
                continue;
            double change = move_to(choice, j, q);
            move_to(choice, j, at);
            if (choice->total + change > choice->target)
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

double budget_choose(const struct cost *cost, const struct channels *channels, const struct curves *curves,
                     double fraction, int reach, int count[])
{
    struct choice choice = {.cost = cost,
                            .channels = channels,
                            .curves = curves,
                            .count = count,
                            .removed = memory_new((size_t)channels->group_count, sizeof(int)),
                            .reach = reach > 4 ? reach : 4};
    memset(choice.removed, 0, (size_t)channels->group_count * sizeof(int));
    memset(count, 0, (size_t)curves->count * sizeof *count);
    double all = cost_total(cost, choice.removed);
    choice.total = all;
    choice.target = all * (1 - fraction);
    int curve, to;
    while (choice.total > choice.target && find_step(&choice, &curve, &to))
        choice.total += move_to(&choice, curve, to);
    while (find_return(&choice, &curve, &to))
        choice.total += move_to(&choice, curve, to);
    free(choice.removed);
    return 1 - choice.total / all;
}
