/* report.c -- the figures of the report, and report.xml. */
/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "../support/fail.h"
#include "report_page.h"

#include "config.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>

static bool is_cut(const struct region_list *own, struct shape shape, int axis)
{
    for (int i = 0; i < own->count; i++)
        if (own->item[i].axis[axis].begin != 0 || own->item[i].axis[axis].end != shape.dim[axis])
            return true;
    return false;
}

static struct report_layer layer_of(struct arena *arena, const struct plan *plan, const struct node *node)
{
    int devices = plan->cluster->count;
    struct report_layer layer = {.node = node, .part = arena_array(arena, (size_t)devices, sizeof *layer.part)};
    const struct tensor *output = node->output[0];
    layer.macs = node_macs(node, region_whole(output->shape));
    int64_t elements = shape_size(output->shape);
    for (int d = 0; d < devices; d++) {
        const struct region_list *own = plan_own(plan, output, d);
        struct report_part *part = &layer.part[d];
        part->elements = regions_size(own);
        part->macs = plan_macs(plan, node, d);
        if (layer.macs)
            part->share = (double)part->macs / (double)layer.macs;
        else if (elements)
            part->share = (double)part->elements / (double)elements;
        layer.workers += part->elements > 0;
        for (int a = 0; a < output->shape.rank; a++)
            layer.axis_cut[a] |= is_cut(own, output->shape, a);
    }
    return layer;
}

struct report_layer *report_layers(struct arena *arena, const struct plan *plan)
{
    const struct graph *graph = plan->graph;
    struct report_layer *layers = arena_array(arena, (size_t)graph->node_count, sizeof *layers);
    for (int n = 0; n < graph->node_count; n++)
        layers[n] = layer_of(arena, plan, graph->node[n]);
    return layers;
}

int report_messages(const struct program *program, int device, bool sending)
{
    int count = 0;
    for (int m = 0; m < program->message_count[device]; m++)
        count += program->message[device][m].sending == sending;
    return count;
}

struct report_totals report_totals(struct arena *arena, const struct program *program, const struct report_facts *facts,
                                   const struct report_layer *layers)
{
    const struct plan *plan = program->plan;
    int devices = plan->cluster->count;
    struct report_totals totals = {.device_macs = arena_array(arena, (size_t)devices, sizeof *totals.device_macs)};
    for (int n = 0; n < plan->graph->node_count; n++) {
        totals.macs += layers[n].macs;
        if (layers[n].workers > 1)
            totals.divided_macs += layers[n].macs;
        for (int d = 0; d < devices; d++)
            totals.device_macs[d] += layers[n].part[d].macs;
    }
    for (int d = 0; d < devices; d++) {
        totals.computed += totals.device_macs[d];
        totals.bytes += program_bytes_sent(program, d);
        totals.messages += report_messages(program, d, true);
        totals.speed += plan->cluster->device[d].speed;
        if (facts->weights_bytes[d] > totals.weights_bytes)
            totals.weights_bytes = facts->weights_bytes[d];
    }
    return totals;
}

const char *report_epilogue(struct arena *arena, const struct node *node)
{
    static const char *const activation[] = {"", "relu", "clip", "leaky relu", "hard sigmoid", "hard swish"};
    const char *then = activation[node->epilogue.activation];
    if (!node->epilogue.residual)
        return then;
    return *then ? arena_printf(arena, "add %s", then) : "add";
}

/* ---- report.xml ---- */

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

static void write_model(struct xml *xml, const struct graph *graph, const struct report_facts *facts)
{
    begin(xml, "model");
    put_name(xml, "file", facts->model);
    for (int i = 0; i < graph->input_count; i++)
        write_tensor(xml, "input", graph->input[i]);
    for (int i = 0; i < graph->output_count; i++)
        write_tensor(xml, "output", graph->output[i]);
    end(xml);
    begin(xml, "options");
    for (int i = 0; i < facts->option_count; i++) {
        begin(xml, "option");
        put_name(xml, "name", facts->option[i].name);
        put_name(xml, "value", facts->option[i].value);
        end(xml);
    }
    end(xml);
}

static void write_totals(struct xml *xml, const struct program *program, const struct report_totals *totals)
{
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

static void write_device(struct xml *xml, const struct program *program, const struct report_facts *facts,
                         const struct report_totals *totals, int d)
{
    const struct device *device = &program->plan->cluster->device[d];
    begin(xml, "device");
    put_int(xml, "index", d);
    put_name(xml, "name", device->name);
    put(xml, "speed", arena_printf(xml->arena, "%g", device->speed));
    put_share(xml, "fair_share", ratio(device->speed, totals->speed));
    put_int(xml, "macs", totals->device_macs[d]);
    put_share(xml, "share", ratio((double)totals->device_macs[d], (double)totals->computed));
    put_int(xml, "weights_bytes", facts->weights_bytes[d]);
    put_int(xml, "arena_bytes", program->arena_bytes[d]);
    put_int(xml, "messages_sent", report_messages(program, d, true));
    put_int(xml, "bytes_sent", program_bytes_sent(program, d));
    put_int(xml, "messages_received", report_messages(program, d, false));
    put_int(xml, "bytes_received", program_bytes_received(program, d));
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

static void write_exchange(struct xml *xml, const struct program *program, int index)
{
    const struct exchange *exchange = &program->exchange[index];
    int64_t bytes = 0;
    int messages = 0;
    for (int d = 0; d < program->plan->cluster->count; d++)
        for (int m = 0; m < program->message_count[d]; m++) {
            const struct message *message = &program->message[d][m];
            if (message->exchange == index && message->sending) {
                bytes += message->bytes;
                messages++;
            }
        }
    begin(xml, "exchange");
    put_int(xml, "index", index);
    put_name(xml, "tensor", exchange->tensor->name);
    put_int(xml, "bytes", bytes);
    put_int(xml, "messages", messages);
    put_int(xml, "send_step", step_of(program, STEP_SEND, index));
    put_int(xml, "receive_step", step_of(program, STEP_RECEIVE, index));
    for (int i = 0; i < program->plan->transfer_count; i++) {
        const struct transfer *transfer = &program->plan->transfer[i];
        if (transfer->tensor != exchange->tensor || transfer->relayed != exchange->relayed)
            continue;
        begin(xml, "transfer");
        put_int(xml, "from", transfer->from);
        put_int(xml, "to", transfer->to);
        put_int(xml, "bytes", region_size(transfer->region) * (int64_t)type_size(transfer->tensor->type));
        put_box(xml, transfer->region);
        end(xml);
    }
    end(xml);
}

static void write_xml(struct xml *xml, const struct program *program, const struct report_facts *facts,
                      const struct report_totals *totals, const struct report_layer *layers)
{
    const struct plan *plan = program->plan;
    check(xmlTextWriterSetIndent(xml->writer, 1));
    check(xmlTextWriterStartDocument(xml->writer, NULL, "UTF-8", NULL));
    begin(xml, "report");
    put(xml, "version", "1");
    put(xml, "program", PACKAGE_STRING);
    write_model(xml, plan->graph, facts);
    write_totals(xml, program, totals);
    begin(xml, "devices");
    for (int d = 0; d < plan->cluster->count; d++)
        write_device(xml, program, facts, totals, d);
    end(xml);
    begin(xml, "layers");
    for (int n = 0; n < plan->graph->node_count; n++)
        write_layer(xml, plan, &layers[n], n);
    end(xml);
    begin(xml, "exchanges");
    for (int i = 0; i < program->exchange_count; i++)
        write_exchange(xml, program, i);
    end(xml);
    check(xmlTextWriterEndDocument(xml->writer));
}

void report_write(struct folder *folder, const struct program *program, const struct report_facts *facts)
{
    struct arena *arena = program->plan->graph->arena;
    struct report_layer *layers = report_layers(arena, program->plan);
    struct report_totals totals = report_totals(arena, program, facts, layers);

    xmlBufferPtr buffer = xmlBufferCreate();
    struct xml xml = {arena, buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL};
    if (!xml.writer)
        fail_machine("out of memory while writing report.xml");
    write_xml(&xml, program, facts, &totals, layers);
    xmlFreeTextWriter(xml.writer);
    folder_write(folder, "report.xml", xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);

    struct text page = {.arena = arena};
    report_page(&page, program, facts, &totals, layers);
    folder_write(folder, "report.html", page.bytes, page.length);
}
