/* inspect.c -- what is in a model file, for people. */
/* SPDX-License-Identifier: MIT */
#include "inspect.h"

#include "frontend/import.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "prune/shuffles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What open dimensions count as, so that a model can be looked at without pinning them. */
enum { OPEN_DIM = 224 };

static void print_tensors(struct arena *arena, const char *kind, struct tensor *const *tensor, int count)
{
    for (int i = 0; i < count; i++)
        if (tensor[i]->shaped)
            printf("%-10s %s %s %s\n", kind, text_escape(arena, tensor[i]->name), type_name(tensor[i]->type),
                   shape_string(arena, tensor[i]->shape));
        else
            printf("%-10s %s\n", kind, text_escape(arena, tensor[i]->name));
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Operators with their counts, sorted; returns how many nodes are not supported. */
static int print_operators(struct arena *arena, const struct graph *graph)
{
    const char **line = arena_array(arena, (size_t)graph->node_count + 1, sizeof *line);
    int unsupported = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        bool known = op_find(node->domain, node->op_type, NEWEST_OPSET) != NULL;
        unsupported += !known;
        line[n] = arena_printf(arena, "%s%s%s%s", text_escape(arena, node->domain), *node->domain ? "." : "",
                               text_escape(arena, node->op_type), known ? "" : " (not supported)");
    }
    qsort(line, (size_t)graph->node_count, sizeof *line, compare_strings);
    for (int n = 0, count; n < graph->node_count; n += count) {
        for (count = 1; n + count < graph->node_count && !strcmp(line[n], line[n + count]);)
            count++;
        printf("operator   %d %s\n", count, line[n]);
    }
    return unsupported;
}

static void print_facts(struct arena *arena, const struct model_facts *facts)
{
    printf("ir         %" PRId64 "\n", facts->ir_version);
    for (int i = 0; i < facts->opset_count; i++)
        printf("opset      %s %" PRId64 "\n",
               *facts->opset[i].domain ? text_escape(arena, facts->opset[i].domain) : "ai.onnx",
               facts->opset[i].version);
    if (*facts->producer_name)
        printf("producer   %s %s\n", text_escape(arena, facts->producer_name),
               text_escape(arena, facts->producer_version));
    for (int i = 0; i < facts->dynamic_dim_count; i++) {
        const struct dynamic_dim *dim = &facts->dynamic_dim[i];
        printf("dynamic    %s axis %d%s%s, taken as %" PRId64 " here: --dim %s=N pins it\n",
               text_escape(arena, dim->input), dim->axis, *dim->name ? " " : "", text_escape(arena, dim->name),
               dim->value,
               *dim->name ? text_escape(arena, dim->name)
                          : arena_printf(arena, "%s.%d", text_escape(arena, dim->input), dim->axis));
    }
}

/* What compaction would leave. */
static void print_compaction(struct graph *graph)
{
    struct graph_change change;
    fold_constants(graph);
    simplify(graph);
    fold_scales(graph);
    shuffles_gather(graph);
    channels_prepare(graph);
    graph_change_begin(graph, &change);
    if (!compact(graph, 0))
        return;
    graph_change_end(graph, &change);
    printf("empty      %" PRId64 " of %" PRId64 " channels; without them %" PRId64 " macs of %" PRId64 ", %" PRId64
           " parameters of %" PRId64 "\n",
           change.channels[0] - change.channels[1], change.channels[0], change.macs[1], change.macs[0],
           change.parameters[1], change.parameters[0]);
    for (int i = 0; i < change.layer_count; i++) {
        const struct layer_change *layer = &change.layer[i];
        if (layer->inputs[0] != layer->inputs[1] || layer->outputs[0] != layer->outputs[1])
            printf("layer      %s %s: %" PRId64 " of %" PRId64 " inputs, %" PRId64 " of %" PRId64 " outputs\n",
                   layer->op_type, text_escape(graph->arena, layer->name), layer->inputs[1], layer->inputs[0],
                   layer->outputs[1], layer->outputs[0]);
    }
}

static void print_work(struct graph *graph)
{
    int64_t macs = 0, weights = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]))
            weights += shape_size(graph->tensor[t]->shape) * (int64_t)type_size(graph->tensor[t]->type);
    printf("weights    %" PRId64 " bytes\n", weights);
    for (int n = 0; n < graph->node_count; n++)
        if (!graph->node[n]->op)
            return;
    infer_shapes(graph);
    for (int n = 0; n < graph->node_count; n++)
        macs += node_macs(graph->node[n], region_whole(graph->node[n]->output[0]->shape));
    printf("macs       %" PRId64 "\n", macs);
    print_compaction(graph);
}

void inspect(struct arena *arena, const char *model_path)
{
    struct model_facts facts = {0};
    struct graph *graph = import_model(arena, model_path,
                                       &(struct import_options){.open_dim = OPEN_DIM, .facts = &facts});
    print_facts(arena, &facts);
    print_tensors(arena, "input", graph->input, graph->input_count);
    print_tensors(arena, "output", graph->output, graph->output_count);
    if (!print_operators(arena, graph))
        upgrade(graph);
    print_work(graph);
}
