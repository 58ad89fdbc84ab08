/* graph_verify.c -- the promises of graph.h as assertions. */
/* SPDX-License-Identifier: MIT */
#include "graph_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Graphs around the one that is looked at: its nodes may read their tensors. */
struct scope {
    const struct graph *graph;
    const struct scope *outer;
    bool *ready; /* [tensor id]: computed before the node that is looked at */
    int *uses;   /* [tensor id]: counted */
};

static void require(bool holds, const char *what, const char *name)
{
    if (!holds) {
        fprintf(stderr, "mednnc: internal error: '%s': %s\n", name, what);
        abort();
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void verify_unique(const char **name, int count, const char *what)
{
    for (int i = 0; i < count; i++)
        require(name[i] && *name[i], "it has no name", "?");
    qsort(name, (size_t)count, sizeof *name, compare_names);
    for (int i = 1; i < count; i++)
        require(strcmp(name[i - 1], name[i]), what, name[i]);
}

static void verify_names(struct arena *arena, const struct graph *graph)
{
    const char **name = arena_array(arena, (size_t)(graph->tensor_count + graph->node_count), sizeof *name);
    for (int i = 0; i < graph->tensor_count; i++)
        name[i] = graph->tensor[i]->name;
    verify_unique(name, graph->tensor_count, "two tensors have this name");
    for (int i = 0; i < graph->node_count; i++)
        name[i] = graph->node[i]->name;
    verify_unique(name, graph->node_count, "two nodes have this name");
}

static void verify_tensor(const struct graph *graph, int i)
{
    const struct tensor *tensor = graph->tensor[i];
    require(tensor->id == i, "its id is not its index", tensor->name);
    if (tensor->data) {
        require(tensor->shaped && type_size(tensor->type), "it is a constant without type and shape",
                tensor->name);
        require(!tensor->producer, "it is a constant but has a producer", tensor->name);
    }
    if (tensor->shaped) {
        require(tensor->shape.rank >= 0 && tensor->shape.rank <= MAX_RANK, "its rank is out of range",
                tensor->name);
        for (int a = 0; a < tensor->shape.rank; a++)
            require(tensor->shape.dim[a] >= 0, "it has a negative dimension", tensor->name);
    }
    if (tensor->layout == LAYOUT_BLOCKED)
        require(tensor->shaped && tensor->type == TYPE_FLOAT &&
                    (tensor->shape.rank == 3 || tensor->shape.rank == 4),
                "it is blocked but not float of rank 3 or 4", tensor->name);
}

/* The scope that the tensor belongs to, or NULL. */
static const struct scope *scope_of(const struct scope *scope, const struct tensor *tensor)
{
    for (; scope; scope = scope->outer)
        if (tensor->id >= 0 && tensor->id < scope->graph->tensor_count &&
            scope->graph->tensor[tensor->id] == tensor)
            return scope;
    return NULL;
}

static void verify_read(const struct scope *scope, const struct tensor *tensor, const char *reader)
{
    const struct scope *home = scope_of(scope, tensor);
    require(home != NULL, "it reads a tensor of no graph around it", reader);
    require(home->ready[tensor->id], "it reads a tensor before that is computed", reader);
    home->uses[tensor->id]++;
}

static void verify_graph(struct arena *arena, const struct graph *graph, const struct scope *outer);

static void verify_node(struct arena *arena, const struct scope *scope, const struct node *node)
{
    require(node->op_type && *node->op_type && node->domain, "it has no operator", node->name);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i])
            verify_read(scope, node->input[i], node->name);
    for (int a = 0; a < node->attribute_count; a++) {
        const struct attribute *attribute = &node->attribute[a];
        require(attribute->name && *attribute->name, "it has an attribute without a name", node->name);
        require((attribute->kind == ATTRIBUTE_GRAPH) == (attribute->graph != NULL) &&
                    (attribute->kind == ATTRIBUTE_TENSOR) == (attribute->tensor != NULL),
                "it has an attribute of the wrong kind", node->name);
        if (attribute->graph)
            verify_graph(arena, attribute->graph, scope);
    }
    for (int i = 0; i < node->output_count; i++) {
        const struct tensor *tensor = node->output[i];
        if (!tensor)
            continue;
        require(scope_of(scope, tensor) == scope, "its output belongs to another graph", node->name);
        require(tensor->producer == node, "its output names another producer", node->name);
        require(!scope->ready[tensor->id], "its output has another source", node->name);
        scope->ready[tensor->id] = true;
    }
    const struct epilogue *epilogue = &node->epilogue;
    require(epilogue->residual >= 0 && epilogue->residual < (node->input_count ? node->input_count : 1),
            "its residual is no input", node->name);
    require(!epilogue->residual || node->input[epilogue->residual], "its residual is absent", node->name);
    require(epilogue->bias >= 0 && epilogue->bias < (node->input_count ? node->input_count : 1) &&
                (!epilogue->bias || (node->input[epilogue->bias] && tensor_is_constant(node->input[epilogue->bias]))),
            "its bias is no constant input", node->name);
    require(epilogue->activation <= ACTIVATION_MISH, "its activation is unknown", node->name);
}

static void verify_graph(struct arena *arena, const struct graph *graph, const struct scope *outer)
{
    verify_names(arena, graph);
    for (int i = 0; i < graph->tensor_count; i++)
        verify_tensor(graph, i);
    struct scope scope = {.graph = graph, .outer = outer};
    scope.ready = arena_array(arena, (size_t)graph->tensor_count, sizeof *scope.ready);
    scope.uses = arena_array(arena, (size_t)graph->tensor_count, sizeof *scope.uses);
    for (int i = 0; i < graph->tensor_count; i++)
        scope.ready[i] = graph->tensor[i]->data != NULL;
    for (int i = 0; i < graph->input_count; i++) {
        const struct tensor *input = graph->input[i];
        require(scope_of(&scope, input) == &scope && !input->data && !input->producer,
                "it is a graph input but has another source", input->name);
        scope.ready[input->id] = true;
    }
    for (int n = 0; n < graph->node_count; n++)
        verify_node(arena, &scope, graph->node[n]);
    for (int i = 0; i < graph->output_count; i++)
        verify_read(&scope, graph->output[i], graph->output[i]->name);
    for (int i = 0; i < graph->tensor_count; i++)
        require(graph->tensor[i]->uses == scope.uses[i], "its uses are counted wrongly",
                graph->tensor[i]->name);
}

void graph_verify(const struct graph *graph)
{
    struct arena arena = {0};
    verify_graph(&arena, graph, NULL);
    arena_free(&arena);
}
