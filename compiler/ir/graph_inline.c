/* graph_inline.c -- copies of graphs: the nodes of a graph inside become nodes of the graph around it, or of a new one. */
/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include <string.h>

/* What stands for the tensors of a graph that is copied, and of those around it that are copied too. */
struct mapping {
    const struct mapping *outer;
    const struct graph *from;
    struct tensor **copy;
};

static struct tensor *copy_of(const struct mapping *mapping, struct tensor *tensor)
{
    for (; mapping && tensor; mapping = mapping->outer)
        if (tensor->id >= 0 && tensor->id < mapping->from->tensor_count &&
            mapping->from->tensor[tensor->id] == tensor)
            return mapping->copy[tensor->id];
    return tensor;
}

/* Copies of all tensors that have none yet. */
static void copy_tensors(struct graph *to, struct mapping *mapping)
{
    for (int t = 0; t < mapping->from->tensor_count; t++) {
        const struct tensor *from = mapping->from->tensor[t];
        if (mapping->copy[t])
            continue;
        struct tensor *copy = graph_tensor(to, from->name), made = *from;
        made.name = copy->name;
        made.id = copy->id;
        made.producer = NULL;
        *copy = made;
        mapping->copy[t] = copy;
    }
}

static struct graph *copy_graph(struct graph *top, const struct graph *from, const struct mapping *outer);

static struct node *copy_node(struct graph *to, int at, const struct node *from, const struct mapping *mapping)
{
    struct node *node = graph_node(to, at, from->name, from->op_type, from->input_count, from->output_count);
    struct node made = *from;
    made.name = node->name;
    made.input = node->input;
    made.output = node->output;
    made.kept_window = node->kept_window;
    for (int i = 0; i < from->input_count; i++)
        made.input[i] = copy_of(mapping, from->input[i]);
    for (int i = 0; i < from->output_count; i++)
        if (from->output[i]) {
            made.output[i] = copy_of(mapping, from->output[i]);
            made.output[i]->producer = node;
        }
    struct attribute *attribute =
        arena_copy(to->arena, from->attribute, (size_t)from->attribute_count * sizeof *attribute);
    for (int a = 0; a < from->attribute_count; a++)
        if (attribute[a].graph)
            attribute[a].graph = copy_graph(to, attribute[a].graph, mapping);
    made.attribute = attribute;
    *node = made;
    return node;
}

static struct graph *copy_graph(struct graph *top, const struct graph *from, const struct mapping *outer)
{
    struct graph *graph = arena_alloc(top->arena, sizeof *graph);
    *graph = (struct graph){
        .arena = top->arena, .name = from->name, .opset = from->opset};
    struct mapping mapping = {.outer = outer, .from = from};
    mapping.copy = arena_array(top->arena, (size_t)from->tensor_count, sizeof *mapping.copy);
    copy_tensors(graph, &mapping);
    for (int n = 0; n < from->node_count; n++)
        copy_node(graph, n, from->node[n], &mapping);
    graph->input = arena_array(top->arena, (size_t)from->input_count, sizeof *graph->input);
    graph->output = arena_array(top->arena, (size_t)from->output_count, sizeof *graph->output);
    for (graph->input_count = 0; graph->input_count < from->input_count; graph->input_count++)
        graph->input[graph->input_count] = copy_of(&mapping, from->input[graph->input_count]);
    for (graph->output_count = 0; graph->output_count < from->output_count; graph->output_count++)
        graph->output[graph->output_count] = copy_of(&mapping, from->output[graph->output_count]);
    return graph;
}

void graph_inline(struct graph *graph, const struct node *before, struct inlining *inlining,
                  struct tensor *const input[], struct tensor *when, struct tensor *output[])
{
    const struct graph *inner = inlining->inner;
    struct mapping mapping = {.from = inner, .copy = inlining->copy};
    if (!mapping.copy)
        mapping.copy = inlining->copy = arena_array(graph->arena, (size_t)inner->tensor_count, sizeof *mapping.copy);
    for (int t = 0; t < inner->tensor_count; t++)
        if (!inner->tensor[t]->data)
            mapping.copy[t] = NULL;
    for (int i = 0; i < inner->input_count; i++)
        mapping.copy[inner->input[i]->id] = input[i];
    copy_tensors(graph, &mapping);
    for (int n = 0; n < inner->node_count; n++)
        copy_node(graph, graph_position(graph, before), inner->node[n], &mapping)->when = when;
    for (int i = 0; i < inner->output_count; i++)
        output[i] = copy_of(&mapping, inner->output[i]);
}

struct graph *graph_copy(struct arena *arena, const struct graph *graph)
{
    struct graph top = {.arena = arena};
    struct graph *copy = copy_graph(&top, graph, NULL);
    graph_index(copy);
    return copy;
}
