/* report_page.c -- report.html: tables and pictures. */
/* SPDX-License-Identifier: MIT */
#include "report_page.h"

#include "../kernels/kernel.h"
#include "template.h"

#include "config.h"

#include <inttypes.h>
#include <string.h>

/* "1.23 M" with the given steps between units. */
static const char *scaled(struct arena *arena, double value, double step, const char *const unit[])
{
    int i = 0;
    while (value >= 999.5 && unit[i + 1]) {
        value /= step;
        i++;
    }
    int digits = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return arena_printf(arena, "%.*f%s", digits, value, unit[i]);
}

static const char *count_string(struct arena *arena, int64_t count)
{
    static const char *const unit[] = {"", " k", " M", " G", " T", NULL};
    return scaled(arena, (double)count, 1000, unit);
}

static const char *bytes_string(struct arena *arena, int64_t bytes)
{
    static const char *const unit[] = {" B", " KiB", " MiB", " GiB", NULL};
    return scaled(arena, (double)bytes, 1024, unit);
}

static const char *percent(struct arena *arena, double part, double whole)
{
    return arena_printf(arena, "%.1f %%", whole > 0 ? 100 * part / whole : 0.0);
}

static const char *plural(struct arena *arena, int64_t count, const char *noun)
{
    return arena_printf(arena, "%" PRId64 " %s%s", count, noun, count == 1 ? "" : "s");
}

static const char *begun(struct arena *arena, const struct text *text)
{
    return text->bytes ? text->bytes : arena_string(arena, "");
}

static int busiest_device(const struct report *report)
{
    int busiest = 0;
    for (int d = 1; d < report->program->plan->cluster->count; d++)
        if (report->device_macs[d] > report->device_macs[busiest])
            busiest = d;
    return busiest;
}

static int64_t largest_memory(const struct report *report)
{
    int64_t largest = 0;
    for (int d = 0; d < report->program->plan->cluster->count; d++)
        if (report->program->arena_bytes[d] + report->facts[d].weights_bytes > largest)
            largest = report->program->arena_bytes[d] + report->facts[d].weights_bytes;
    return largest;
}

static const char *summary(struct arena *arena, const struct report *report)
{
    const struct plan *plan = report->program->plan;
    if (plan->cluster->count == 1)
        return arena_printf(arena, "One device does all the work: %s multiply-accumulates (MACs) per inference.",
                            count_string(arena, report->totals.macs));
    return arena_printf(arena,
                        "An inference takes %s multiply-accumulates (MACs). %s of them are in layers that several devices "
                        "share (partition %s). The devices exchange %s in %s.",
                        count_string(arena, report->totals.macs), percent(arena, (double)report->totals.divided_macs, (double)report->totals.macs),
                        partition_name(plan->partition),
                        bytes_string(arena, report->totals.bytes), plural(arena, report->totals.messages, "message"));
}

static void add_tile(struct text *text, const char *value, const char *label)
{
    text_printf(text, "<div class=\"tile\"><b>%s</b>%s</div>\n", value, label);
}

static const char *tiles(struct arena *arena, const struct report *report)
{
    struct text text = {.arena = arena};
    int busiest = busiest_device(report);
    add_tile(&text, count_string(arena, report->totals.macs), "MACs per inference");
    add_tile(&text, percent(arena, (double)report->totals.divided_macs, (double)report->totals.macs), "of them divided among devices");
    add_tile(&text, percent(arena, (double)report->device_macs[busiest], (double)report->totals.macs),
             arena_printf(arena, "of them on the busiest device, %d", busiest));
    add_tile(&text, bytes_string(arena, report->totals.bytes), "exchanged per inference");
    add_tile(&text, arena_printf(arena, "%.3g ms", report->program->plan->forecast.seconds * 1e3),
             "predicted for an inference");
    add_tile(&text, bytes_string(arena, largest_memory(report)), "weights and memory of the largest device");
    return text.bytes;
}

static const char *device_rows(struct arena *arena, const struct report *report)
{
    struct text text = {.arena = arena};
    for (int d = 0; d < report->program->plan->cluster->count; d++) {
        const struct device *device = &report->program->plan->cluster->device[d];
        text_printf(&text, "<tr><td><span class=\"key c%d\"></span>%d <small>%s</small></td><td class=\"n\">%g</td>",
                    report_colour(d), d, text_escape(arena, device->name ? device->name : ""), device->speed);
        text_printf(&text, "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
                    count_string(arena, report->device_macs[d]),
                    percent(arena, (double)report->device_macs[d], (double)report->totals.computed),
                    percent(arena, device->speed, report->totals.speed));
        text_printf(&text, "<td class=\"n\">%s</td><td class=\"n\">%s<small>%s activations, %s scratch</small></td>",
                    bytes_string(arena, report->facts[d].weights_bytes),
                    bytes_string(arena, report->program->arena_bytes[d]),
                    bytes_string(arena, program_activation_bytes(report->program, d)),
                    bytes_string(arena, program_scratch_bytes(report->program, d)));
        text_printf(&text, "<td class=\"n\">%s<small>%s</small></td>",
                    bytes_string(arena, program_bytes_sent(report->program, d)),
                    plural(arena, report_messages(report, d, true), "message"));
        text_printf(&text, "<td class=\"n\">%s<small>%s</small></td></tr>\n",
                    bytes_string(arena, program_bytes_received(report->program, d)),
                    plural(arena, report_messages(report, d, false), "message"));
    }
    return text.bytes;
}

static const char *cut_string(struct arena *arena, const struct report_layer *layer)
{
    static const char *const image_axis[] = {"samples", "channels", "rows", "columns"};
    if (layer->workers < 2)
        return "undivided";
    struct shape shape = layer->node->output[0]->shape;
    const char *result = "";
    for (int a = 0; a < shape.rank; a++) {
        if (!layer->axis_cut[a])
            continue;
        const char *name = shape.rank == 4 ? image_axis[a] : arena_printf(arena, "axis %d", a);
        result = arena_printf(arena, "%s%s%s", result, *result ? ", " : "", name);
    }
    return result;
}

static void add_shares(struct text *text, const struct report_layer *layer, int devices)
{
    text_add(text, "<div class=\"bar\">");
    for (int d = 0; d < devices; d++)
        if (layer->part[d].elements)
            text_printf(text, "<i class=\"c%d\" style=\"flex:%.4f\" title=\"device %d: %.1f %%\"></i>", report_colour(d),
                        layer->part[d].share, d, 100 * layer->part[d].share);
    text_add(text, "</div>");
}

static const char *layer_rows(struct arena *arena, const struct report *report)
{
    const struct plan *plan = report->program->plan;
    struct text text = {.arena = arena};
    for (int n = 0; n < plan->graph->node_count; n++) {
        const struct report_layer *layer = &report->layer[n];
        const struct node *node = layer->node;
        const char *epilogue = report_epilogue(arena, node);
        text_printf(&text, "<tr><td class=\"n\">%d</td><td class=\"name\">%s<small>%s%s%s, %s</small></td>", n,
                    text_escape(arena, node->name), text_escape(arena, node->op_type), *epilogue ? ", " : "", epilogue,
                    node->kernel->name);
        text_printf(&text, "<td class=\"s\">%s<small>%s</small></td><td class=\"n\">%s</td><td class=\"s\">%s</td><td>",
                    shape_string(arena, node->output[0]->shape),
                    node->output[0]->layout == LAYOUT_BLOCKED ? "blocked" : "plain",
                    layer->macs ? count_string(arena, layer->macs) : "–", cut_string(arena, layer));
        report_picture(&text, plan, layer);
        text_add(&text, "</td><td>");
        add_shares(&text, layer, plan->cluster->count);
        text_add(&text, "</td></tr>\n");
    }
    return begun(arena, &text);
}

static void add_messages(struct text *text, const struct program *program, int exchange, int from)
{
    for (int m = 0; m < program->message_count[from]; m++) {
        const struct message *message = &program->message[from][m];
        if (message->exchange == exchange && message->sending)
            text_printf(text, "<span class=\"key c%d\"></span>%d → %d&nbsp;%s &ensp;", report_colour(from), from,
                        message->peer, bytes_string(text->arena, message->bytes));
    }
}

static const char *exchange_rows(struct arena *arena, const struct report *report)
{
    const struct program *program = report->program;
    struct text text = {.arena = arena};
    for (int i = 0; i < program->exchange_count; i++) {
        int messages;
        int64_t bytes = report_exchange_bytes(report, i, &messages);
        text_printf(&text, "<tr><td class=\"n\">%d</td><td class=\"name\">%s</td><td class=\"n\">%s</td><td>", i,
                    program_exchange_name(arena, program, i), bytes_string(arena, bytes));
        for (int d = 0; d < report->program->plan->cluster->count; d++)
            add_messages(&text, program, i, d);
        text_add(&text, "</td></tr>\n");
    }
    return begun(arena, &text);
}

static const char *option_rows(struct arena *arena, const struct report *report)
{
    const struct graph *graph = report->program->plan->graph;
    struct text text = {.arena = arena};
    text_printf(&text, "<tr><th>model</th><td>%s</td></tr>\n", text_escape(arena, report->model));
    for (int i = 0; i < graph->input_count + graph->output_count; i++) {
        bool is_input = i < graph->input_count;
        const struct tensor *tensor = is_input ? graph->input[i] : graph->output[i - graph->input_count];
        text_printf(&text, "<tr><th>%s</th><td>%s, %s, %s</td></tr>\n", is_input ? "input" : "output",
                    text_escape(arena, tensor->name), type_name(tensor->type), shape_string(arena, tensor->shape));
    }
    text_printf(&text, "<tr><th>options</th><td>%s</td></tr>\n", report->options->options_text);
    text_add(&text, "<tr><th>made by</th><td>" PACKAGE_STRING "</td></tr>\n");
    return text.bytes;
}

/* What the cost model knows of the cluster. */
static const char *assumed(const struct cluster *cluster)
{
    bool measured = true, known = true;
    for (int d = 0; d < cluster->count; d++) {
        measured &= cluster->device[d].measured;
        known &= cluster->device[d].measured || cluster->device[d].gmacs > 0;
    }
    if (measured)
        return "The devices' speeds and links are as the cluster file says.";
    if (known)
        return "The devices' speeds are whole-model figures from the cluster file, in the proportions of a table of costs for their targets.";
    return "The devices were not measured: the fastest is taken for a phone of 10 GMAC/s, and the links are those of the "
           "cluster file or else 200 Mbit/s, 2 ms. mednn-probe measures the real ones.";
}

void report_page(struct text *page, const struct report *report)
{
    struct arena *arena = page->arena;
    bool exchanges = report->program->exchange_count > 0;
    const char *channels = report_changes(arena, report), *kernels = report_kernels(arena, report);
    const struct substitution list[] = {
        {"MODEL", text_escape(arena, report->model)},
        {"DEVICES", plural(arena, report->program->plan->cluster->count, "device")},
        {"SUMMARY", summary(arena, report)},
        {"TILES", tiles(arena, report)},
        {"DEVICE_ROWS", device_rows(arena, report)},
        {"ALTERNATIVES", report_alternatives(arena, report->program->plan)},
        {"TIMES", report_times(arena, report->program->plan)},
        {"TIME_LINE", report_time_line(arena, report->program->plan)},
        {"ASSUMED", assumed(report->program->plan->cluster)},
        {"LAYER_ROWS", layer_rows(arena, report)},
        {"KERNEL_ROWS", kernels},
        {"KERNELS_HIDDEN", *kernels ? "" : " hidden"},
        {"EXCHANGES", exchanges ? "What devices send to each other, in the order of execution, once per inference."
                                : "None: one device does it all."},
        {"EXCHANGES_HIDDEN", exchanges ? "" : " hidden"},
        {"EXCHANGE_ROWS", exchange_rows(arena, report)},
        {"CHANNELS_HIDDEN", *channels ? "" : " hidden"},
        {"CHANNEL_ROWS", channels},
        {"CHANNEL_TOTALS", report_change_totals(arena, report)},
        {"OPTION_ROWS", option_rows(arena, report)},
        {NULL, NULL}};
    template_expand(page, "report.html.in", list);
}
