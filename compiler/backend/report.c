/* report.c -- the figures of the report. */
/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "report_page.h"

#include <string.h>

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

int report_messages(const struct report *report, int device, bool sending)
{
    const struct program *program = report->program;
    int count = 0;
    for (int m = 0; m < program->message_count[device]; m++)
        count += program->message[device][m].sending == sending;
    return count;
}

int64_t report_exchange_bytes(const struct report *report, int exchange, int *messages)
{
    const struct program *program = report->program;
    int64_t bytes = 0;
    *messages = 0;
    for (int d = 0; d < program->plan->cluster->count; d++)
        for (int m = 0; m < program->message_count[d]; m++) {
            const struct message *message = &program->message[d][m];
            if (message->exchange != exchange || !message->sending)
                continue;
            bytes += message->bytes;
            *messages += 1;
        }
    return bytes;
}

static void collect_layers(struct report *report)
{
    const struct plan *plan = report->program->plan;
    report->layer = arena_array(report->arena, (size_t)plan->graph->node_count, sizeof *report->layer);
    report->device_macs = arena_array(report->arena, (size_t)plan->cluster->count, sizeof *report->device_macs);
    for (int n = 0; n < plan->graph->node_count; n++) {
        struct report_layer *layer = &report->layer[n];
        *layer = layer_of(report->arena, plan, plan->graph->node[n]);
        report->totals.macs += layer->macs;
        if (layer->workers > 1)
            report->totals.divided_macs += layer->macs;
        for (int d = 0; d < plan->cluster->count; d++)
            report->device_macs[d] += layer->part[d].macs;
    }
}

static void collect_totals(struct report *report)
{
    struct report_totals *totals = &report->totals;
    const struct cluster *cluster = report->program->plan->cluster;
    for (int d = 0; d < cluster->count; d++) {
        totals->computed += report->device_macs[d];
        totals->bytes += program_bytes_sent(report->program, d);
        totals->messages += report_messages(report, d, true);
        totals->speed += cluster->device[d].speed;
        if (report->facts[d].weights_bytes > totals->weights_bytes)
            totals->weights_bytes = report->facts[d].weights_bytes;
    }
}

const char *report_epilogue(struct arena *arena, const struct node *node)
{
    char *then = arena_string(arena, activation_name(node->epilogue.activation));
    for (char *at = then; *at; at++)
        if (*at == '_')
            *at = ' ';
    if (!node->epilogue.residual)
        return then;
    return *then ? arena_printf(arena, "add %s", then) : "add";
}

void report_write(struct folder *folder, const struct program *program, const struct emit_options *options,
                  const struct device_facts *facts)
{
    const char *slash = strrchr(options->model_path, '/');
    struct report report = {.arena = program->plan->graph->arena,
                            .program = program,
                            .options = options,
                            .facts = facts,
                            .model = slash ? slash + 1 : options->model_path};
    collect_layers(&report);
    collect_totals(&report);

    struct text file = {.arena = report.arena}, page = {.arena = report.arena};
    report_xml(&file, &report);
    folder_write(folder, "report.xml", file.bytes, file.length);
    report_page(&page, &report);
    folder_write(folder, "report.html", page.bytes, page.length);
}
