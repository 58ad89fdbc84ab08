/* report_xml.c -- report.xml: see report.h. What is written here is in docs/report.rng, too. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../support/fail.h"
#include "report_page.h"

#include "config.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>

struct xml {
    struct arena *arena;
    xmlTextWriterPtr writer;
};

/* libxml2 fails here only when memory runs out. */
static void check(int result)
{
    if (result < 0)
        fail_machine("out of memory while writing report.xml");
}

static void begin(struct xml *xml, const char *element)
{
    check(xmlTextWriterStartElement(xml->writer, BAD_CAST element));
}

static void end(struct xml *xml)
{
    check(xmlTextWriterEndElement(xml->writer));
}

static void put(struct xml *xml, const char *name, const char *value)
{
    check(xmlTextWriterWriteAttribute(xml->writer, BAD_CAST name, BAD_CAST value));
}

static void put_name(struct xml *xml, const char *name, const char *value)
{
    put(xml, name, text_escape(xml->arena, value));
}

static void put_int(struct xml *xml, const char *name, int64_t value)
{
    put(xml, name, arena_printf(xml->arena, "%" PRId64, value));
}

static void put_share(struct xml *xml, const char *name, double value)
{
    put(xml, name, arena_printf(xml->arena, "%.6f", value));
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void put_box(struct xml *xml, struct region region)
{
    struct text from = {.arena = xml->arena}, to = {.arena = xml->arena};
    text_add(&from, "");
    text_add(&to, "");
    for (int a = 0; a < region.rank; a++) {
        text_printf(&from, "%s%" PRId64, a ? " " : "", region.axis[a].begin);
        text_printf(&to, "%s%" PRId64, a ? " " : "", region.axis[a].end);
    }
    put(xml, "begin", from.bytes);
    put(xml, "end", to.bytes);
}

static void write_tensor(struct xml *xml, const char *element, const struct tensor *tensor)
{
    begin(xml, element);
    put_name(xml, "name", tensor->name);
    put(xml, "type", type_name(tensor->type));
    put(xml, "shape", shape_string(xml->arena, tensor->shape));
    end(xml);
}

static void write_model(struct xml *xml, const struct report *report)
{
    const struct graph *graph = report->program->plan->graph;
    begin(xml, "model");
    put_name(xml, "file", report->model);
    for (int i = 0; i < graph->input_count; i++)
        write_tensor(xml, "input", graph->input[i]);
    for (int i = 0; i < graph->output_count; i++)
        write_tensor(xml, "output", graph->output[i]);
    end(xml);
    begin(xml, "options");
    put(xml, "text", report->options->options_text);
    end(xml);
}

static void write_totals(struct xml *xml, const struct report *report)
{
    const struct program *program = report->program;
    const struct report_totals *totals = &report->totals;
    begin(xml, "totals");
    put_int(xml, "layers", program->plan->graph->node_count);
    put_int(xml, "macs", totals->macs);
    put_int(xml, "divided_macs", totals->divided_macs);
    put_share(xml, "divided_share", ratio((double)totals->divided_macs, (double)totals->macs));
    put_int(xml, "weights_bytes", totals->weights_bytes);
    put_int(xml, "exchanges", program->exchange_count);
    put_int(xml, "messages", totals->messages);
    put_int(xml, "bytes", totals->bytes);
    end(xml);
}

/* NAME_before and NAME_after, where they are known. */
static void write_totals_pair(struct xml *xml, const char *name, double unit, const double pair[2])
{
    if (!(pair[0] > 0))
        return;
    put(xml, arena_printf(xml->arena, "%s_before", name), arena_printf(xml->arena, "%.9g", unit * pair[0]));
    put(xml, arena_printf(xml->arena, "%s_after", name), arena_printf(xml->arena, "%.9g", unit * pair[1]));
}

/* <channels> for one change of widths: only layers that changed. */
static void write_change(struct xml *xml, const char *element, const struct graph_change *change,
                         const struct prune_result *pruning)
{
    if (!change || change->macs[0] == change->macs[1])
        return;
    begin(xml, element);
    put_int(xml, "macs_before", change->macs[0]);
    put_int(xml, "macs_after", change->macs[1]);
    put_int(xml, "parameters_before", change->parameters[0]);
    put_int(xml, "parameters_after", change->parameters[1]);
    if (pruning) {
        put_int(xml, "samples", pruning->samples);
        write_totals_pair(xml, "foretold_ms", 1e3, pruning->seconds);
        write_totals_pair(xml, "wire_bytes", 1, pruning->bytes);
        write_totals_pair(xml, "measured_ms", 1e3, pruning->measured);
        if (pruning->drop >= 0)
            put_share(xml, pruning->drop_of_labels    ? "accuracy_lost"
                           : pruning->drop_of_classes ? "answers_changed"
                                                      : "error",
                      pruning->drop / 100);
    }
    for (int i = 0; i < change->layer_count; i++) {
        const struct layer_change *layer = &change->layer[i];
        const struct prune_layer *pruned = pruning ? &pruning->layer[i] : NULL;
        bool repaired = pruned && pruned->error >= 0;
        if (layer->macs[0] == layer->macs[1] && layer->parameters[0] == layer->parameters[1] && !repaired)
            continue;
        begin(xml, "change");
        put_name(xml, "name", layer->name);
        put_int(xml, "inputs_before", layer->inputs[0]);
        put_int(xml, "inputs_after", layer->inputs[1]);
        put_int(xml, "outputs_before", layer->outputs[0]);
        put_int(xml, "outputs_after", layer->outputs[1]);
        put_int(xml, "macs_before", layer->macs[0]);
        put_int(xml, "macs_after", layer->macs[1]);
        put_int(xml, "bytes_before", layer->bytes[0]);
        put_int(xml, "bytes_after", layer->bytes[1]);
        if (pruned) {
            put_int(xml, "wire_bytes_before", pruned->wire[0]);
            put_int(xml, "wire_bytes_after", pruned->wire[1]);
        }
        if (pruned && pruned->score >= 0)
            put_share(xml, "score", pruned->score);
        if (repaired)
            put_share(xml, "error", pruned->error);
        end(xml);
    }
    for (int i = 0; pruning && i < pruning->goal_count; i++) {
        begin(xml, "goal");
        put_name(xml, "name", pruning->goal[i].name);
        put_share(xml, "wanted", pruning->goal[i].wanted);
        put_share(xml, "reached", pruning->goal[i].reached);
        end(xml);
    }
    for (int g = 0; pruning && g < pruning->group_count; g++) {
        begin(xml, "group");
        put_name(xml, "name", pruning->group[g].name);
        put_int(xml, "before", pruning->group[g].before);
        put_int(xml, "after", pruning->group[g].after);
        put_share(xml, "score", pruning->group[g].score);
        end(xml);
    }
    end(xml);
}

static void write_device(struct xml *xml, const struct report *report, int d)
{
    const struct program *program = report->program;
    const struct device *device = &program->plan->cluster->device[d];
    begin(xml, "device");
    put_int(xml, "index", d);
    put_name(xml, "name", device->name);
    put(xml, "speed", arena_printf(xml->arena, "%g", device->speed));
    put_share(xml, "fair_share", ratio(device->speed, report->totals.speed));
    put_int(xml, "macs", report->device_macs[d]);
    put_share(xml, "share", ratio((double)report->device_macs[d], (double)report->totals.computed));
    put_int(xml, "weights_bytes", report->facts[d].weights_bytes);
    put_int(xml, "arena_bytes", program->arena_bytes[d]);
    put_int(xml, "activation_bytes", program_activation_bytes(program, d));
    put_int(xml, "scratch_bytes", program_scratch_bytes(program, d));
    put_int(xml, "messages_sent", report_messages(report, d, true));
    put_int(xml, "bytes_sent", program_bytes_sent(program, d));
    put_int(xml, "messages_received", report_messages(report, d, false));
    put_int(xml, "bytes_received", program_bytes_received(program, d));
    end(xml);
}

static void put_milliseconds(struct xml *xml, const char *name, double value)
{
    put(xml, name, arena_printf(xml->arena, "%.6f", value * 1e3));
}

static void write_span(struct xml *xml, const struct span *span)
{
    static const char *const what[] = {"compute", "wait", "message"};
    begin(xml, "span");
    put_int(xml, "device", span->device);
    put(xml, "does", what[span->kind]);
    put_name(xml, "layer", span->node ? span->node->name : "");
    put_milliseconds(xml, "begin_ms", span->begin);
    put_milliseconds(xml, "end_ms", span->end);
    end(xml);
}

static void write_plan(struct xml *xml, const struct plan *plan)
{
    const struct forecast *forecast = &plan->forecast;
    begin(xml, "plan");
    put(xml, "partition", partition_name(plan->partition));
    put(xml, "objective", plan->throughput ? "throughput" : "latency");
    put_milliseconds(xml, "predicted_ms", forecast->seconds);
    put_milliseconds(xml, "interval_ms", forecast->interval);
    for (int i = 0; i < PARTITIONS; i++) {
        if (!(plan->comparison.seconds[i] > 0))
            continue;
        begin(xml, "alternative");
        put(xml, "partition", partition_name((enum partition)i));
        put_milliseconds(xml, "predicted_ms", plan->comparison.seconds[i]);
        end(xml);
    }
    for (int d = 0; d < plan->cluster->count; d++) {
        begin(xml, "time");
        put_int(xml, "device", d);
        put_milliseconds(xml, "compute_ms", forecast->compute[d]);
        put_milliseconds(xml, "message_ms", forecast->message[d]);
        put_milliseconds(xml, "wait_ms", forecast->wait[d]);
        put(xml, "idle", report_reason(xml->arena, plan, d));
        end(xml);
    }
    for (int i = 0; i < forecast->span_count; i++)
        write_span(xml, &forecast->span[i]);
    end(xml);
}

static void write_part(struct xml *xml, const struct region_list *own, const struct report_part *part, int device)
{
    begin(xml, "part");
    put_int(xml, "device", device);
    put_int(xml, "elements", part->elements);
    put_int(xml, "macs", part->macs);
    put_share(xml, "share", part->share);
    for (int i = 0; i < own->count; i++) {
        begin(xml, "box");
        put_box(xml, own->item[i]);
        end(xml);
    }
    end(xml);
}

/* What the kernels that may be taken take, the taken one among them. */
static void write_choice(struct xml *xml, const struct kernel_choice *choice)
{
    for (int i = 0; choice && i < choice->count; i++) {
        begin(xml, "candidate");
        put(xml, "kernel", choice->price[i].kernel->name);
        put_milliseconds(xml, "ms", choice->price[i].seconds);
        put(xml, "by", choice->price[i].measured ? "measured" : "foretold");
        end(xml);
    }
}

static void write_layer(struct xml *xml, const struct plan *plan, const struct report_layer *layer, int index)
{
    const struct node *node = layer->node;
    const struct tensor *output = node->output[0];
    struct text axes = {.arena = xml->arena}, grid = {.arena = xml->arena};
    text_add(&axes, "");
    text_add(&grid, "");
    for (int a = 0; a < output->shape.rank; a++) {
        if (layer->axis_cut[a])
            text_printf(&axes, "%s%d", axes.length ? " " : "", a);
        text_printf(&grid, "%s%" PRId64, a ? " " : "", kernel_grid(node, a));
    }
    begin(xml, "layer");
    put_int(xml, "index", index);
    put_name(xml, "name", node->name);
    put_name(xml, "op", node->op_type);
    put(xml, "epilogue", report_epilogue(xml->arena, node));
    put(xml, "kernel", node->kernel->name);
    put_name(xml, "output", output->name);
    put(xml, "type", type_name(output->type));
    put(xml, "shape", shape_string(xml->arena, output->shape));
    put(xml, "layout", output->layout == LAYOUT_BLOCKED ? "blocked" : "plain");
    put_int(xml, "macs", layer->macs);
    put(xml, "divided", layer->workers > 1 ? "yes" : "no");
    put(xml, "axes", axes.bytes);
    put(xml, "grid", grid.bytes);
    write_choice(xml, node->choice);
    for (int d = 0; d < plan->cluster->count; d++)
        if (layer->part[d].elements)
            write_part(xml, plan_own(plan, output, d), &layer->part[d], d);
    end(xml);
}

static int step_of(const struct program *program, enum step_kind kind, int exchange)
{
    for (int s = 0; s < program->step_count; s++)
        if (program->step[s].kind == kind && program->step[s].exchange == exchange)
            return s;
    return -1;
}

static void write_exchange(struct xml *xml, const struct report *report, int index)
{
    const struct program *program = report->program;
    const struct exchange *exchange = &program->exchange[index];
    int messages;
    int64_t bytes = report_exchange_bytes(report, index, &messages);
    begin(xml, "exchange");
    put_int(xml, "index", index);
    put(xml, "tensor", program_exchange_name(report->arena, program, index));
    put_int(xml, "bytes", bytes);
    put_int(xml, "messages", messages);
    put_int(xml, "send_step", step_of(program, STEP_SEND, index));
    put_int(xml, "receive_step", step_of(program, STEP_RECEIVE, index));
    for (int i = exchange->first_transfer; i < exchange->first_transfer + exchange->transfer_count; i++) {
        const struct transfer *transfer = &program->transfer[i];
        begin(xml, "transfer");
        put_int(xml, "from", transfer->from);
        put_int(xml, "to", transfer->to);
        put_int(xml, "bytes", plan_wire_bytes(program->plan, transfer->tensor, region_size(transfer->region)));
        put_box(xml, transfer->region);
        end(xml);
    }
    end(xml);
}

static void write_xml(struct xml *xml, const struct report *report)
{
    const struct plan *plan = report->program->plan;
    check(xmlTextWriterSetIndent(xml->writer, 1));
    check(xmlTextWriterStartDocument(xml->writer, NULL, "UTF-8", NULL));
    begin(xml, "report");
    put(xml, "version", "1");
    put(xml, "program", PACKAGE_STRING);
    write_model(xml, report);
    write_totals(xml, report);
    write_change(xml, "compaction", report->options->compaction, NULL);
    if (report->options->pruning && report->options->pruning->done)
        write_change(xml, "pruning", &report->options->pruning->change, report->options->pruning);
    begin(xml, "devices");
    for (int d = 0; d < plan->cluster->count; d++)
        write_device(xml, report, d);
    end(xml);
    write_plan(xml, plan);
    begin(xml, "layers");
    for (int n = 0; n < plan->graph->node_count; n++)
        write_layer(xml, plan, &report->layer[n], n);
    end(xml);
    begin(xml, "exchanges");
    for (int i = 0; i < report->program->exchange_count; i++)
        write_exchange(xml, report, i);
    end(xml);
    check(xmlTextWriterEndDocument(xml->writer));
}

void report_xml(struct text *file, const struct report *report)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    struct xml xml = {report->arena, buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL};
    if (!xml.writer)
        fail_machine("out of memory while writing report.xml");
    write_xml(&xml, report);
    xmlFreeTextWriter(xml.writer);
    text_add_bytes(file, (const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);
}
