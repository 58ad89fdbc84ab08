/* graph_change.c -- widths of layers before and after channels went. */
/* SPDX-License-Identifier: MIT */
#include "compact.h"

static int64_t parameters_of(const struct node *node)
{
    int64_t count = 0;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && tensor_is_constant(node->input[i]) && type_is_float(node->input[i]->type))
            count += shape_size(node->input[i]->shape);
    return count;
}

static void measure(const struct node *node, struct layer_change *layer, int when)
{
    const struct tensor *y = node->output[0];
    struct linear linear;
    if (node->op->linear && node->op->linear(node, &linear)) {
        layer->inputs[when] = linear.group * (linear.rows / linear.taps);
        layer->outputs[when] = linear.group * linear.columns;
    } else {
        const struct shape x = node->input[0]->shape;
        layer->inputs[when] = x.rank > 1 ? x.dim[1] : 1;
        layer->outputs[when] = y->shape.rank > 1 ? y->shape.dim[1] : 1;
    }
    layer->macs[when] = node_macs(node, region_whole(y->shape));
    layer->parameters[when] = parameters_of(node);
    layer->bytes[when] = shape_size(y->shape) * (int64_t)type_size(y->type);
}

static void total(const struct graph *graph, struct graph_change *change, int when)
{
    for (int i = 0; i < change->layer_count; i++) {
        change->channels[when] += change->layer[i].outputs[when];
        change->macs[when] += change->layer[i].macs[when];
    }
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]) && type_is_float(graph->tensor[t]->type))
            change->parameters[when] += shape_size(graph->tensor[t]->shape);
}

void graph_change_begin(struct graph *graph, struct graph_change *change)
{
    int capacity = 0;
    *change = (struct graph_change){0};
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        if (!node->op->macs)
            continue;
        struct layer_change *layer = arena_append(graph->arena, change->layer, change->layer_count, capacity);
        *layer = (struct layer_change){.name = node->name, .op_type = node->op_type};
        measure(node, layer, 0);
    }
    total(graph, change, 0);
}

void graph_change_end(struct graph *graph, struct graph_change *change)
{
    struct name_map map = {0};
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++)
        name_add(graph->arena, &map, graph->node[n]->name)->value = graph->node[n];
    for (int i = 0; i < change->layer_count; i++) {
        struct layer_change layer = change->layer[i];
        const struct name_entry *entry = name_find(&map, layer.name);
        if (!entry)
            continue;
        measure(entry->value, &layer, 1);
        change->layer[kept++] = layer;
    }
    change->layer_count = kept;
    change->macs[1] = change->channels[1] = change->parameters[1] = 0;
    total(graph, change, 1);
}
