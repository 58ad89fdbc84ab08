/* report_plan.c -- what was foretold: the plans compared, every device's time, and the time line as a picture. */
/* SPDX-License-Identifier: MIT */
#include "report_page.h"

#include <string.h>

enum { LINE_WIDTH = 960, LINE_HEIGHT = 18, LABEL_WIDTH = 24, AXIS_HEIGHT = 18 };

bool report_is_idle(const struct plan *plan, int device)
{
    for (int t = 0; t < plan->graph->tensor_count; t++)
        if (plan->graph->tensor[t]->producer && plan_own(plan, plan->graph->tensor[t], device)->count)
            return false;
    return true;
}

const char *report_reason(struct arena *arena, const struct plan *plan, int device)
{
    const double best = plan->comparison.seconds[plan->partition], with = plan->comparison.with_device[device];
    if (!report_is_idle(plan, device))
        return "";
    if (plan->partition == PARTITION_SINGLE)
        return "one device was asked for";
    if (with > 0 && best > 0)
        return arena_printf(arena, "it does not help: the best plan found that uses it takes %.3g ms instead of %.3g ms",
                            with * 1e3, best * 1e3);
    return "the layers have too few parts for it";
}

const char *report_alternatives(struct arena *arena, const struct plan *plan)
{
    struct text text = {.arena = arena};
    for (int i = 0; i < PARTITIONS; i++)
        if (plan->comparison.seconds[i] > 0)
            text_printf(&text, "<tr%s><td>%s</td><td class=\"n\">%.3f ms</td><td class=\"n\">%.2f ×</td></tr>\n",
                        i == (int)plan->partition ? " class=\"chosen\"" : "", partition_name((enum partition)i),
                        plan->comparison.seconds[i] * 1e3,
                        plan->comparison.seconds[PARTITION_SINGLE] / plan->comparison.seconds[i]);
    return text.bytes ? text.bytes : "";
}

const char *report_times(struct arena *arena, const struct plan *plan)
{
    struct text text = {.arena = arena};
    const struct forecast *forecast = &plan->forecast;
    for (int d = 0; d < plan->cluster->count; d++)
        text_printf(&text,
                    "<tr><td><span class=\"key c%d\"></span>%d</td><td class=\"n\">%.3f ms</td><td class=\"n\">%.3f ms</td>"
                    "<td class=\"n\">%.3f ms</td><td>%s</td></tr>\n",
                    report_colour(d), d, forecast->compute[d] * 1e3, forecast->message[d] * 1e3, forecast->wait[d] * 1e3,
                    report_reason(arena, plan, d));
    return text.bytes;
}

static void draw_span(struct text *text, const struct span *span, double scale)
{
    static const char *const what[] = {"computes", "waits for", "sends or receives for"};
    static const char *const opacity[] = {"1", ".15", ".5"};
    const double x = LABEL_WIDTH + span->begin * scale, width = (span->end - span->begin) * scale;
    text_printf(text,
                "<rect class=\"c%d\" stroke=\"none\" opacity=\"%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\">"
                "<title>device %d %s %s: %.3f to %.3f ms</title></rect>\n",
                report_colour(span->device), opacity[span->kind], x, span->device * LINE_HEIGHT + 1, width > .1 ? width : .1,
                LINE_HEIGHT - 2, span->device, what[span->kind],
                span->node ? text_escape(text->arena, span->node->name) : "inputs or outputs", span->begin * 1e3,
                span->end * 1e3);
}

const char *report_time_line(struct arena *arena, const struct plan *plan)
{
    struct text text = {.arena = arena};
    const struct forecast *forecast = &plan->forecast;
    const int height = plan->cluster->count * LINE_HEIGHT;
    const double scale = forecast->seconds > 0 ? (LINE_WIDTH - LABEL_WIDTH) / forecast->seconds : 0;
    text_printf(&text, "<svg role=\"img\" aria-label=\"predicted time line\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n",
                LINE_WIDTH, height + AXIS_HEIGHT, LINE_WIDTH, height + AXIS_HEIGHT);
    for (int i = 0; i < forecast->span_count; i++)
        draw_span(&text, &forecast->span[i], scale);
    for (int d = 0; d < plan->cluster->count; d++)
        text_printf(&text, "<text x=\"8\" y=\"%d\">%d</text>\n", d * LINE_HEIGHT + LINE_HEIGHT / 2, d);
    text_printf(&text, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3f ms</text></svg>\n", LINE_WIDTH, height + 8,
                forecast->seconds * 1e3);
    return text.bytes;
}
