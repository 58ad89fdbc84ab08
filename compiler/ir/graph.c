/* graph.c -- building, changing and reading graphs. */
/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include "../support/fail.h"
#include "number.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- names: a hash set per graph, so that large graphs stay cheap ---- */

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static bool set_insert(const char **slot, int capacity, const char *name)
{
    for (uint64_t i = hash_name(name);; i++) {
        const char **at = &slot[i & (uint64_t)(capacity - 1)];
        if (!*at) {
            *at = name;
            return true;
        }
        if (!strcmp(*at, name))
            return false;
    }
}

/* true when the name was not taken; takes it. */
static bool name_claim(struct arena *arena, struct name_set *set, const char *name)
{
    if (2 * (set->count + 1) > set->capacity) {
        int capacity = set->capacity ? 2 * set->capacity : 64;
        const char **slot = arena_array(arena, (size_t)capacity, sizeof *slot);
        for (int i = 0; i < set->capacity; i++)
            if (set->slot[i])
                set_insert(slot, capacity, set->slot[i]);
        set->slot = slot;
        set->capacity = capacity;
    }
    bool fresh = set_insert(set->slot, set->capacity, name);
    set->count += fresh;
    return fresh;
}

static const char *unique_name(struct arena *arena, struct name_set *set, const char *name)
{
    const char *candidate = arena_string(arena, name);
    for (int i = 1; !name_claim(arena, set, candidate); i++)
        candidate = arena_printf(arena, "%s_%d", name, i);
    return candidate;
}

/* ---- building ---- */

struct tensor *graph_tensor(struct graph *graph, const char *name)
{
    struct tensor *tensor = arena_alloc(graph->arena, sizeof *tensor);
    tensor->name = unique_name(graph->arena, &graph->tensor_names, name);
    tensor->id = graph->tensor_count;
    *arena_append(graph->arena, graph->tensor, graph->tensor_count, graph->tensor_capacity) = tensor;
    return tensor;
}

struct tensor *graph_constant(struct graph *graph, const char *name, enum type type, struct shape shape,
                              const void *data)
{
    struct tensor *tensor = graph_tensor(graph, name);
    tensor->type = type;
    tensor->shape = shape;
    tensor->shaped = true;
    tensor->data = data;
    return tensor;
}

struct node *graph_node(struct graph *graph, int at, const char *name, const char *op_type, int input_count,
                        int output_count)
{
    struct arena *arena = graph->arena;
    struct node *node = arena_alloc(arena, sizeof *node);
    *node = (struct node){.name = unique_name(arena, &graph->node_names, name),
                          .op_type = op_type,
                          .domain = "",
                          .input = arena_array(arena, (size_t)input_count, sizeof(struct tensor *)),
                          .output = arena_array(arena, (size_t)output_count, sizeof(struct tensor *)),
                          .input_count = input_count,
                          .output_count = output_count};
    *arena_append(arena, graph->node, graph->node_count, graph->node_capacity) = node;
    for (int i = graph->node_count - 1; i > at; i--)
        graph->node[i] = graph->node[i - 1];
    graph->node[at] = node;
    return node;
}

void graph_replace(struct graph *graph, struct tensor *old, struct tensor *new_tensor)
{
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == old)
                graph->node[n]->input[i] = new_tensor;
    for (int i = 0; i < graph->output_count; i++)
        if (graph->output[i] == old)
            graph->output[i] = new_tensor;
}

/* Walks nested graphs too: their nodes read tensors of the outer one. */
static void count_uses(const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i])
                node->input[i]->uses++;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                count_uses(node->attribute[a].graph);
    }
    for (int i = 0; i < graph->output_count; i++)
        graph->output[i]->uses++;
}

void graph_index(struct graph *graph)
{
    for (int t = 0; t < graph->tensor_count; t++) {
        graph->tensor[t]->id = t;
        graph->tensor[t]->uses = 0;
        graph->tensor[t]->producer = NULL;
    }
    count_uses(graph);
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->node[n]->output_count; k++)
            if (graph->node[n]->output[k])
                graph->node[n]->output[k]->producer = graph->node[n];
}

static bool is_dead(const struct node *node)
{
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && node->output[k]->uses)
            return false;
    return true;
}

static void release_inputs(const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i])
            node->input[i]->uses--;
}

void graph_sweep(struct graph *graph)
{
    graph_index(graph);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        struct node *node = graph->node[n];
        if (!is_dead(node))
            continue;
        release_inputs(node);
        memmove(&graph->node[n], &graph->node[n + 1], (size_t)(graph->node_count - n - 1) * sizeof *graph->node);
        graph->node_count--;
    }
    graph_index(graph);
    int kept = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = graph->tensor[t];
        bool stays = tensor->uses || tensor->producer;
        for (int i = 0; i < graph->input_count; i++)
            stays |= graph->input[i] == tensor;
        if (stays)
            graph->tensor[kept++] = tensor;
    }
    graph->tensor_count = kept;
    graph_index(graph);
}

void node_add_input(struct graph *graph, struct node *node, struct tensor *tensor)
{
    size_t count = (size_t)node->input_count;
    node->input = arena_grow(graph->arena, node->input, count, count + 1, sizeof *node->input);
    node->input[node->input_count++] = tensor;
}

void node_set_attribute(struct graph *graph, struct node *node, struct attribute attribute)
{
    node_remove_attribute(node, attribute.name);
    size_t count = (size_t)node->attribute_count;
    struct attribute *list = arena_grow(graph->arena, node->attribute, count, count + 1, sizeof *list);
    list[node->attribute_count++] = attribute;
    node->attribute = list;
}

void node_remove_attribute(struct node *node, const char *name)
{
    struct attribute *list = (struct attribute *)node->attribute;
    int kept = 0;
    for (int i = 0; i < node->attribute_count; i++)
        if (strcmp(list[i].name, name))
            list[kept++] = list[i];
    node->attribute_count = kept;
}

/* ---- reading ---- */

const struct attribute *node_attribute(const struct node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++)
        if (!strcmp(node->attribute[i].name, name))
            return &node->attribute[i];
    return NULL;
}

static const struct attribute *attribute_of_kind(const struct node *node, const char *name, enum attribute_kind kind,
                                                 const char *expected)
{
    const struct attribute *attribute = node_attribute(node, name);
    if (attribute && attribute->kind != kind)
        node_fail(node, "attribute %s is not %s", name, expected);
    return attribute;
}

int64_t node_int(const struct node *node, const char *name, int64_t otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_INT, "an integer");
    return attribute ? attribute->i : otherwise;
}

float node_float(const struct node *node, const char *name, float otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_FLOAT, "a float");
    return attribute ? attribute->f : otherwise;
}

const char *node_string(const struct node *node, const char *name, const char *otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_STRING, "a string");
    return attribute ? attribute->s : otherwise;
}

int64_t node_ints(const struct node *node, const char *name, int i, int64_t otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_INTS, "a list of integers");
    return attribute && i < attribute->count ? attribute->ints[i] : otherwise;
}

struct tensor *node_input(const struct node *node, int i)
{
    return i >= 0 && i < node->input_count ? node->input[i] : NULL;
}

struct tensor *node_output(const struct node *node, int i)
{
    return i >= 0 && i < node->output_count ? node->output[i] : NULL;
}

bool tensor_is_constant(const struct tensor *tensor)
{
    return tensor->data != NULL;
}

int64_t tensor_int(const struct tensor *tensor, int64_t i)
{
    switch (tensor->type) {
    case TYPE_UINT8:
    case TYPE_BOOL:
        return ((const uint8_t *)tensor->data)[i];
    case TYPE_INT8:
        return ((const int8_t *)tensor->data)[i];
    case TYPE_UINT16:
        return ((const uint16_t *)tensor->data)[i];
    case TYPE_INT16:
        return ((const int16_t *)tensor->data)[i];
    case TYPE_INT32:
        return ((const int32_t *)tensor->data)[i];
    case TYPE_UINT32:
        return ((const uint32_t *)tensor->data)[i];
    case TYPE_INT64:
    case TYPE_UINT64:
        return ((const int64_t *)tensor->data)[i];
    default:
        return number_to_int(tensor_double(tensor, i));
    }
}

double tensor_double(const struct tensor *tensor, int64_t i)
{
    switch (tensor->type) {
    case TYPE_FLOAT:
        return (double)((const float *)tensor->data)[i];
    case TYPE_DOUBLE:
        return ((const double *)tensor->data)[i];
    case TYPE_FLOAT16:
        return (double)number_from_half(((const uint16_t *)tensor->data)[i]);
    case TYPE_BFLOAT16:
        return (double)number_from_bfloat16(((const uint16_t *)tensor->data)[i]);
    case TYPE_UINT64:
        return (double)((const uint64_t *)tensor->data)[i];
    case TYPE_UNDEFINED:
    case TYPE_STRING:
        return 0;
    default:
        return (double)tensor_int(tensor, i);
    }
}

bool graph_is_output(const struct graph *graph, const struct tensor *tensor)
{
    for (int i = 0; i < graph->output_count; i++)
        if (graph->output[i] == tensor)
            return true;
    return false;
}

struct node *graph_only_reader(const struct graph *graph, const struct tensor *tensor)
{
    struct node *reader = NULL;
    if (graph_is_output(graph, tensor))
        return NULL;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == tensor) {
                if (reader)
                    return NULL;
                reader = graph->node[n];
            }
    return reader;
}

noreturn void node_fail(const struct node *node, const char *format, ...)
{
    char line[1536];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fail("%.100s '%.300s': %s", node->op_type, node->name, line);
}
