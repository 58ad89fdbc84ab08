/* import_order.c -- nodes in the order in which they can run. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"

#include "../support/fail.h"

/* Depth-first from every node in the order of the file, on a stack of its own: chains may be long. */
struct ordering {
    struct graph *graph;
    struct arena scratch;
    struct name_map position; /* node name -> its number */
    struct node **sorted;
    int sorted_count;
    unsigned char *state; /* [node]: 0 not seen, 1 begun, 2 done */
};

struct needs {
    struct arena *arena;
    const struct graph *graph;
    struct node **node;
    int count, capacity;
};

static void add_need(struct needs *needs, const struct tensor *tensor)
{
    const struct graph *graph = needs->graph;
    if (tensor && tensor->producer && tensor->id < graph->tensor_count && graph->tensor[tensor->id] == tensor)
        *arena_append(needs->arena, needs->node, needs->count, needs->capacity) = tensor->producer;
}

/* Nodes of the graph whose outputs `node`, or a graph inside it, reads. */
static void add_needs(struct needs *needs, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        add_need(needs, node->input[i]);
    for (int a = 0; a < node->attribute_count; a++) {
        const struct graph *inner = node->attribute[a].graph;
        for (int n = 0; inner && n < inner->node_count; n++)
            add_needs(needs, inner->node[n]);
        for (int i = 0; inner && i < inner->output_count; i++)
            add_need(needs, inner->output[i]);
    }
}

static int position_of(const struct ordering *ordering, const struct node *node)
{
    return (int)name_find(&ordering->position, node->name)->number;
}

static bool is_ordered(struct ordering *ordering)
{
    for (int n = 0; n < ordering->graph->node_count; n++) {
        struct needs needs = {.arena = &ordering->scratch, .graph = ordering->graph};
        add_needs(&needs, ordering->graph->node[n]);
        for (int i = 0; i < needs.count; i++)
            if (position_of(ordering, needs.node[i]) >= n)
                return false;
    }
    return true;
}

struct visit {
    int node;
    struct needs needs;
    int next;
};

static struct visit begin_visit(struct ordering *ordering, int node)
{
    struct visit visit = {.node = node, .needs = {.arena = &ordering->scratch, .graph = ordering->graph}};
    add_needs(&visit.needs, ordering->graph->node[node]);
    ordering->state[node] = 1;
    return visit;
}

static void visit_from(struct ordering *ordering, struct visit *stack, int root)
{
    int depth = 0;
    stack[depth++] = begin_visit(ordering, root);
    while (depth) {
        struct visit *visit = &stack[depth - 1];
        if (visit->next == visit->needs.count) {
            ordering->state[visit->node] = 2;
            ordering->sorted[ordering->sorted_count++] = ordering->graph->node[visit->node];
            depth--;
            continue;
        }
        int need = position_of(ordering, visit->needs.node[visit->next++]);
        if (ordering->state[need] == 1) {
            const struct node *reader = ordering->graph->node[visit->node];
            const struct node *source = ordering->graph->node[need];
            arena_free(&ordering->scratch);
            node_fail(reader, "it needs " SHOWN " '" SHOWN "', which needs it: the graph has a cycle",
                      source->op_type, source->name);
        }
        if (!ordering->state[need])
            stack[depth++] = begin_visit(ordering, need);
    }
}

void import_order(struct graph *graph)
{
    struct ordering ordering = {.graph = graph};
    for (int n = 0; n < graph->node_count; n++)
        name_add(&ordering.scratch, &ordering.position, graph->node[n]->name)->number = (unsigned)n;
    if (!is_ordered(&ordering)) {
        size_t count = (size_t)graph->node_count;
        ordering.sorted = arena_array(graph->arena, count, sizeof *ordering.sorted);
        ordering.state = arena_array(&ordering.scratch, count, sizeof *ordering.state);
        struct visit *stack = arena_array(&ordering.scratch, count + 1, sizeof *stack);
        for (int n = 0; n < graph->node_count; n++)
            if (!ordering.state[n])
                visit_from(&ordering, stack, n);
        graph->node = ordering.sorted;
        graph->node_capacity = graph->node_count;
    }
    arena_free(&ordering.scratch);
}
