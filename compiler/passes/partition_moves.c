/* partition_moves.c -- changes of how some nodes in a row are divided: at random, or one after the other. */
/* SPDX-License-Identifier: MIT */
#include "partition_state.h"

#include "../operators/op.h"

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
    const int option = draw_option(s, first), devices = s->goal->devices;
    const int count = draw_below(s, 2) ? devices : 1 + draw_below(s, devices);
    struct choice cut = {0};
    share_out(s, &cut, option, option == OPTION_SINGLE ? 1 : count);
    if (option == OPTION_SINGLE && draw_below(s, 4) == 0)
        cut.shares.device[0] = s->order[draw_below(s, devices)];
    for (int n = first; n < last; n++) {
        if (!is_allowed(s, n, option))
            continue;
        cut.follows = s->trial[n].follows && option != OPTION_SINGLE;
        s->trial[n] = cut;
        touch(s, n);
    }
}

/* As the node before, or behind. */
static void move_copy(struct search *s, int first, int last)
{
    const bool behind = last < s->graph->node_count && draw_below(s, 2);
    if (!behind && !first)
        return;
    const struct choice from = s->trial[behind ? last : first - 1];
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

/* What the bound divides of the map, of 1: the rest of it, halves of halves, what a pair shares. */
static double width_at(const struct choice *cut, int at)
{
    const struct shares *shares = &cut->shares;
    int first = 0, last = shares->count;
    if (cut->option == OPTION_GREEDY)
        first = at - 1;
    if (cut->option == OPTION_HYBRID && divide_is_pair(shares->count, at))
        first = at - 1, last = at + 1;
    while (cut->option == OPTION_BISECTION && (first + last) / 2 != at)
        *(at < (first + last) / 2 ? &last : &first) = (first + last) / 2;
    return (double)(shares->bound[last] - shares->bound[first]);
}

/* One step of the grid at the bound, as a share of what the node is cut along there. */
static double step_of(const struct search *s, int n, const struct choice *cut, int at)
{
    const struct node *node = s->graph->node[n];
    const bool pair = cut->option == OPTION_HYBRID && divide_is_pair(cut->shares.count, at);
    const int axis = cut->option >= OPTION_AXIS ? cut->option - OPTION_AXIS : pair ? 1 : 2;
    const int64_t length = axis < node->output[0]->shape.rank ? node->output[0]->shape.dim[axis] : 1;
    const int64_t grid = axis < node->output[0]->shape.rank ? kernel_grid(node, axis) : 1;
    return width_at(cut, at) * (length > 0 ? (double)(grid > 0 ? grid : length) / (double)length : 1);
}

static void order_bounds(struct shares *shares)
{
    for (int i = 1; i < shares->count; i++) {
        if (shares->bound[i] < shares->bound[i - 1])
            shares->bound[i] = shares->bound[i - 1];
        if (shares->bound[i] > 1)
            shares->bound[i] = 1;
    }
}

/* drags: those beyond it share what is left as before. */
static void shift_bound(struct shares *shares, int at, double by, bool drags)
{
    const int count = shares->count;
    const double was = 1 - (double)shares->bound[at], scale = drags && was > 0 ? 1 - by / was : 1;
    shares->bound[at] += (float)by;
    for (int i = at + 1; i < count; i++)
        shares->bound[i] = (float)(1 - (1 - (double)shares->bound[i]) * scale);
    order_bounds(shares);
}

/* One device passes a step on to another one; what lies between them shifts. */
static void move_between(struct search *s, int first, int last)
{
    const int count = s->trial[first].shares.count;
    if (count < 3)
        return;
    const int at = 1 + draw_below(s, count - 2), end = at + 1 + draw_below(s, count - 1 - at);
    const double step = step_of(s, first, &s->trial[first], at), by = draw_below(s, 2) ? step : -step;
    for (int n = first; n < last; n++) {
        if (s->trial[n].shares.count != count || s->trial[n].follows)
            continue;
        for (int i = at; i <= end; i++)
            s->trial[n].shares.bound[i] += (float)by;
        order_bounds(&s->trial[n].shares);
        touch(s, n);
    }
}

/* A bound between two shares moves, perhaps with all beyond it. */
static void move_bound(struct search *s, int first, int last)
{
    const struct choice *like = &s->trial[first];
    if (like->shares.count < 2)
        return;
    const int count = like->shares.count, at = 1 + draw_below(s, count - 1);
    double step = step_of(s, first, like, at);
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
    if (s->goal->devices < 2)
        return;
    const int a = draw_below(s, count), b = s->order[draw_below(s, s->goal->devices)];
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

void move_at_random(struct search *s)
{
    const int nodes = s->graph->node_count, first = draw_below(s, nodes);
    const double wide = draw_unit(s);
    int last = first + (wide < 0.35 ? 1 : wide < 0.85 ? 1 + draw_below(s, 8) : 1 + draw_below(s, nodes));
    last = last < nodes ? last : nodes;
    switch (draw_below(s, 14)) {
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
    case 6:
    case 7:
        move_between(s, first, last);
        break;
    default:
        move_bound(s, first, last);
    }
}


/* ---- one after the other ---- */

enum { FOLLOW_MOVES = 2, ALL_BOUNDS = 8 };

/* The same way for all of them, by all devices that may be used. */
static bool order_way(struct search *s, int first, int last, int option)
{
    if (!is_allowed(s, first, option) || (s->trial[first].option == option && last - first < 2))
        return false;
    for (int n = first; n < last; n++) {
        if (!is_allowed(s, n, option))
            continue;
        share_out(s, &s->trial[n], option, option == OPTION_SINGLE ? 1 : s->goal->devices);
        s->trial[n].follows &= option != OPTION_SINGLE;
        touch(s, n);
    }
    return true;
}

/* One of the devices computes them alone: stages of a pipeline grow and shrink so. */
static bool order_alone(struct search *s, int first, int last, int device)
{
    bool any = false;
    for (int n = first; n < last; n++) {
        if (s->trial[n].option == OPTION_SINGLE && s->trial[n].shares.device[0] == s->order[device])
            continue;
        give_alone(s, &s->trial[n], s->order[device]);
        touch(s, n);
        any = true;
    }
    return any;
}

static bool order_follow(struct search *s, int first, int last, bool follows)
{
    bool any = false;
    for (int n = first; n < last; n++)
        if (s->place[n].follows && s->trial[n].follows != follows) {
            s->trial[n].follows = follows;
            touch(s, n);
            any = true;
        }
    return any;
}

/* number: bound, up or down, alone or with all beyond it. */
static bool order_bound(struct search *s, int first, int last, int number)
{
    const int count = s->trial[first].shares.count, at = 1 + number / 4;
    const double step = at < count ? step_of(s, first, &s->trial[first], at) : 0;
    bool any = false;
    for (int n = first; n < last && at < count; n++)
        if (s->trial[n].shares.count == count && !s->trial[n].follows) {
            shift_bound(&s->trial[n].shares, at, number & 1 ? step : -step, number & 2);
            touch(s, n);
            any = true;
        }
    return any;
}

bool move_in_order(struct search *s, int first, int length, int number, bool *done)
{
    const int last = first + length < s->graph->node_count ? first + length : s->graph->node_count;
    const int bounds = s->goal->devices <= ALL_BOUNDS ? s->goal->devices - 1 : 0;
    const int alone = s->goal->throughput && bounds ? s->goal->devices : 0;
    *done = number >= alone + OPTIONS + FOLLOW_MOVES + 4 * bounds;
    if (*done)
        return false;
    if (number < alone)
        return order_alone(s, first, last, number);
    number -= alone;
    if (number < OPTIONS)
        return order_way(s, first, last, number);
    number -= OPTIONS;
    if (number < FOLLOW_MOVES)
        return order_follow(s, first, last, number);
    return order_bound(s, first, last, number - FOLLOW_MOVES);
}
