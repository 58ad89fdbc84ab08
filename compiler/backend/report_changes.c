/* report_changes.c -- report.html on channels that were removed. */
/* SPDX-License-Identifier: MIT */
#include "report_page.h"

#include "../prune/prune.h"

#include <inttypes.h>

static void add_pair(struct text *text, int64_t before, int64_t after)
{
    text_printf(text, "<td class=\"n\">%" PRId64 " → %" PRId64 "</td>", before, after);
}

static void add_number(struct text *text, const char *format, double value)
{
    text_add(text, "<td class=\"n\">");
    if (value >= 0)
        text_printf(text, format, value);
    text_add(text, "</td>");
}

static void add_changes(struct text *text, const struct graph_change *change, const struct prune_result *pruning)
{
    for (int i = 0; change && i < change->layer_count; i++) {
        const struct layer_change *layer = &change->layer[i];
        const struct prune_layer *pruned = pruning ? &pruning->layer[i] : NULL;
        if (layer->macs[0] == layer->macs[1] && layer->parameters[0] == layer->parameters[1] &&
            !(pruned && pruned->error >= 0))
            continue;
        text_printf(text, "<tr><td class=\"name\">%s</td>", text_escape(text->arena, layer->name));
        add_pair(text, layer->inputs[0], layer->inputs[1]);
        add_pair(text, layer->outputs[0], layer->outputs[1]);
        add_pair(text, layer->macs[0], layer->macs[1]);
        add_pair(text, layer->bytes[0], layer->bytes[1]);
        if (pruned)
            add_pair(text, pruned->wire[0], pruned->wire[1]);
        else
            text_add(text, "<td></td>");
        add_number(text, "%.4f", pruned ? pruned->score : -1);
        add_number(text, "%.4f", pruned ? pruned->error : -1);
        text_add(text, "</tr>\n");
    }
}

const char *report_changes(struct arena *arena, const struct report *report)
{
    const struct prune_result *pruning = report->options->pruning;
    struct text text = {.arena = arena};
    add_changes(&text, report->options->compaction, NULL);
    if (pruning && pruning->done)
        add_changes(&text, &pruning->change, pruning);
    return text.bytes ? text.bytes : "";
}

static void add_total(struct text *text, const char *what, const char *format, double unit, const double pair[2])
{
    if (!(pair[0] > 0))
        return;
    text_printf(text, "<tr><th>%s</th><td class=\"n\">", what);
    text_printf(text, format, unit * pair[0]);
    text_add(text, "</td><td class=\"n\">");
    text_printf(text, format, unit * pair[1]);
    text_printf(text, "</td><td class=\"n\">%+.1f %%</td></tr>\n", 100 * (pair[1] / pair[0] - 1));
}

const char *report_change_totals(struct arena *arena, const struct report *report)
{
    const struct prune_result *pruning = report->options->pruning;
    const bool pruned = pruning && pruning->done;
    const struct graph_change *first = report->options->compaction, *last = pruned ? &pruning->change : first;
    struct text text = {.arena = arena};
    if (!last)
        return "";
    if (!first || !first->macs[0])
        first = last;
    const double macs[2] = {(double)first->macs[0], (double)last->macs[1]};
    const double parameters[2] = {(double)first->parameters[0], (double)last->parameters[1]};
    add_total(&text, "MACs", "%.0f", 1, macs);
    add_total(&text, "parameters", "%.0f", 1, parameters);
    if (pruned) {
        add_total(&text, "bytes on the wire, foretold", "%.0f", 1, pruning->bytes);
        add_total(&text, "ms, foretold", "%.3f", 1e3, pruning->seconds);
        add_total(&text, "ms, measured on this machine", "%.3f", 1e3, pruning->measured);
    }
    return text.bytes ? text.bytes : "";
}
