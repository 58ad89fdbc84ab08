/* prune_print.c -- what pruning did, on the terminal. */
/* SPDX-License-Identifier: MIT */
#include "prune.h"

#include "../support/fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *widths(struct arena *arena, const int64_t pair[2])
{
    return arena_printf(arena, "%" PRId64 " -> %" PRId64, pair[0], pair[1]);
}

static const char *amount(struct arena *arena, double value)
{
    return value < 0 ? "-" : arena_printf(arena, "%.5f", value);
}

static void print_layers(struct arena *arena, const struct prune_result *result)
{
    const struct graph_change *change = &result->change;
    struct text text = {.arena = arena};
    text_printf(&text, "%-32s %14s %14s %24s %20s %18s %8s %8s\n", "layer", "inputs", "outputs", "MACs", "bytes out",
                "on the wire", "score", "error");
    for (int i = 0; i < change->layer_count; i++) {
        const struct layer_change *layer = &change->layer[i];
        text_printf(&text, "%-32.60s %14s %14s %24s %20s %18s %8s %8s\n", text_escape(arena, layer->name),
                    widths(arena, layer->inputs), widths(arena, layer->outputs), widths(arena, layer->macs),
                    widths(arena, layer->bytes), widths(arena, result->layer[i].wire),
                    amount(arena, result->layer[i].score), amount(arena, result->layer[i].error));
    }
    text_printf(&text, "%-32s %14s %14s\n", "channels of", "", "score");
    for (int g = 0; g < result->group_count; g++) {
        const struct prune_group *group = &result->group[g];
        text_printf(&text, "%-32.60s %14s %14.6f\n", text_escape(arena, group->name),
                    widths(arena, (const int64_t[]){group->before, group->after}), group->score);
    }
    fputs(text.bytes, stderr);
}

/* What could not be had; the guard says itself what it forbids. */
static void print_missed(const struct prune_result *result)
{
    enum { TOLERANCE = 200 }; /* parts */
    for (int i = 0; !result->limited && i < result->goal_count; i++) {
        const struct prune_goal *goal = &result->goal[i];
        if (goal->reached < goal->wanted - 1.0 / TOLERANCE)
            note("--prune: %.3g %% of the %s were to go, but no more than %.3g %% can", 100 * goal->wanted,
                 !strcmp(goal->name, "macs") ? "multiply-accumulates" : goal->name, 100 * goal->reached);
    }
}

/* Of an inference. */
static void print_foretold(const struct prune_result *result)
{
    if (result->seconds[0] > 0)
        note("--prune: foretold to take %.4g of %.4g ms", 1e3 * result->seconds[1], 1e3 * result->seconds[0]);
    if (result->bytes[0] > 0)
        note("--prune: foretold to send %.0f of %.0f bytes, %.2f %% less", result->bytes[1], result->bytes[0],
             100 * (1 - result->bytes[1] / result->bytes[0]));
    if (result->measured[0] > 0)
        note("--prune: measured on this machine, %.4g of %.4g ms, %.1f %% less", 1e3 * result->measured[1],
             1e3 * result->measured[0], 100 * (1 - result->measured[1] / result->measured[0]));
}

void prune_print(struct arena *arena, const struct prune_result *result, bool table)
{
    const struct graph_change *change = &result->change;
    const char *judged = "";
    if (table)
        print_layers(arena, result);
    if (result->drop >= 0)
        judged = arena_printf(arena, "; on samples kept apart %.3g %s", result->drop,
                              result->drop_of_labels    ? "points of accuracy were lost"
                              : result->drop_of_classes ? "% of the answers differed"
                                                        : "% of the outputs' variance was error");
    note("--prune: %" PRId64 " of %" PRId64 " MACs and %" PRId64 " of %" PRId64 " parameters are left, %.2f %% of the MACs "
         "removed, %s %s%s",
         change->macs[1], change->macs[0], change->parameters[1], change->parameters[0],
         change->macs[0] ? 100 * (1 - (double)change->macs[1] / (double)change->macs[0]) : 0,
         result->tuned ? "repaired and tuned with" : result->repaired ? "repaired with" : "not repaired, chosen with",
         result->samples ? arena_printf(arena, "%" PRId64 " samples", result->samples) : "noise", judged);
    print_missed(result);
    print_foretold(result);
}
