/* compact_channels.c -- the pass that removes channels that say nothing. */
/* SPDX-License-Identifier: MIT */
#include "../prune/compact.h"
#include "../support/fail.h"
#include "passes.h"

#include <inttypes.h>

void compact_channels(struct graph *graph, double zero_threshold, struct graph_change *change)
{
    channels_prepare(graph);
    graph_change_begin(graph, change);
    int count = compact(graph, zero_threshold);
    graph_change_end(graph, change);
    if (count)
        note("%" PRId64 " of %" PRId64
             " channels are empty: %.4g of %.4g million multiplications and %" PRId64 " of %" PRId64
             " parameters are left",
             change->channels[0] - change->channels[1], change->channels[0], (double)change->macs[1] / 1e6,
             (double)change->macs[0] / 1e6, change->parameters[1], change->parameters[0]);
}
