/* graph.c -- building, changing and reading graphs. */
/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include "../support/fail.h"
#include "number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- building and changing ---- */

/* A copy of `name` that is not in the map yet, with a suffix if need be; it is put there. The entry counts
 * the suffixes, so that many tensors of one name do not try the same ones again. */
static const char *unique_name(struct arena *arena, struct name_map *names, const char *name)
{
    struct name_entry *base = name_add(arena, names, name);
    if (!base->value) {
        base->value = arena_string(arena, name);
        return base->name = base->value;
    }
    for (unsigned suffix = base->number + 1;; suffix++) {
        char *candidate = arena_printf(arena, "%s_%u", name, suffix);
        if (name_find(names, candidate))
            continue;
        base->number = suffix;
        return name_add(arena, names, candidate)->value = candidate;
    }
}

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
    assert(data && type_size(type));
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
    assert(at >= 0 && at <= graph->node_count && input_count >= 0 && output_count >= 0);
    struct node *node = arena_alloc(graph->arena, sizeof *node);
    *node = (struct node){
        .name = unique_name(graph->arena, &graph->node_names, *name ? name : op_type),
        .op_type = arena_string(graph->arena, op_type),
        .domain = "",
        .input = arena_array(graph->arena, (size_t)input_count, sizeof *node->input),
        .output = arena_array(graph->arena, (size_t)output_count, sizeof *node->output),
        .input_count = input_count,
        .output_count = output_count,
        .kept_window = arena_alloc(graph->arena, sizeof *node->kept_window),
    };
    (void)arena_append(graph->arena, graph->node, graph->node_count, graph->node_capacity);
    memmove(&graph->node[at + 1], &graph->node[at],
            (size_t)(graph->node_count - 1 - at) * sizeof *graph->node);
    graph->node[at] = node;
    return node;
}

int graph_position(const struct graph *graph, const struct node *node)
{
    int n = graph->node_count - 1;
    while (graph->node[n] != node)
        n--;
    return n;
}

void graph_replace(struct graph *graph, struct tensor *old, struct tensor *new_tensor)
{
    if (old == new_tensor)
        return;
    int moved = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] == old)
                node->input[i] = new_tensor, moved++;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                graph_replace(node->attribute[a].graph, old, new_tensor);
    }
    for (int i = 0; i < graph->output_count; i++)
        if (graph->output[i] == old)
            graph->output[i] = new_tensor, moved++;
    old->uses -= moved;
    new_tensor->uses += moved;
}

static bool belongs(const struct graph *graph, const struct tensor *tensor)
{
    return tensor->id >= 0 && tensor->id < graph->tensor_count && graph->tensor[tensor->id] == tensor;
}

static void set_ids(struct graph *graph)
{
    for (int i = 0; i < graph->tensor_count; i++)
        graph->tensor[i]->id = i;
}

/* Count the reads of tensors of `graph` in `part`, which is the graph itself or a graph inside. */
static void count_uses(const struct graph *graph, const struct graph *part)
{
    for (int n = 0; n < part->node_count; n++) {
        const struct node *node = part->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && belongs(graph, node->input[i]))
                node->input[i]->uses++;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                count_uses(graph, node->attribute[a].graph);
    }
    for (int i = 0; i < part->output_count; i++)
        if (belongs(graph, part->output[i]))
            part->output[i]->uses++;
}

void graph_index(struct graph *graph)
{
    set_ids(graph);
    for (int i = 0; i < graph->tensor_count; i++) {
        graph->tensor[i]->producer = NULL;
        graph->tensor[i]->uses = 0;
    }
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        for (int i = 0; i < node->output_count; i++)
            if (node->output[i])
                node->output[i]->producer = node;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                graph_index(node->attribute[a].graph);
    }
    count_uses(graph, graph);
}

/* ---- sweeping ---- */

static void mark(const struct graph *graph, bool *alive, const struct tensor *tensor)
{
    if (tensor && belongs(graph, tensor))
        alive[tensor->id] = true;
}

/* Everything of `graph` that a graph inside it mentions. */
static void mark_mentioned(const struct graph *graph, bool *alive, const struct graph *inner)
{
    for (int n = 0; n < inner->node_count; n++) {
        const struct node *node = inner->node[n];
        for (int i = 0; i < node->input_count; i++)
            mark(graph, alive, node->input[i]);
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                mark_mentioned(graph, alive, node->attribute[a].graph);
    }
    for (int i = 0; i < inner->output_count; i++)
        mark(graph, alive, inner->output[i]);
}

/* Does anybody read an output, or does the node check something? Then all that the node mentions is alive. */
static bool mark_node(const struct graph *graph, bool *alive, struct node *node)
{
    bool wanted = node->checks;
    for (int i = 0; i < node->output_count; i++)
        wanted |= node->output[i] && alive[node->output[i]->id];
    if (!wanted)
        return false;
    for (int i = 0; i < node->output_count; i++)
        mark(graph, alive, node->output[i]);
    for (int i = 0; i < node->input_count; i++)
        mark(graph, alive, node->input[i]);
    for (int a = 0; a < node->attribute_count; a++)
        if (node->attribute[a].graph) {
            graph_sweep(node->attribute[a].graph);
            mark_mentioned(graph, alive, node->attribute[a].graph);
        }
    return true;
}

void graph_sweep(struct graph *graph)
{
    set_ids(graph);
    struct arena scratch = {0};
    bool *alive = arena_array(&scratch, (size_t)graph->tensor_count, sizeof *alive);
    bool *stays = arena_array(&scratch, (size_t)graph->node_count, sizeof *stays);
    for (int i = 0; i < graph->input_count; i++)
        mark(graph, alive, graph->input[i]);
    for (int i = 0; i < graph->output_count; i++)
        mark(graph, alive, graph->output[i]);
    for (int n = graph->node_count; n--;)
        stays[n] = mark_node(graph, alive, graph->node[n]);

    int nodes = 0, tensors = 0;
    for (int n = 0; n < graph->node_count; n++)
        if (stays[n])
            graph->node[nodes++] = graph->node[n];
    for (int i = 0; i < graph->tensor_count; i++)
        if (alive[i])
            graph->tensor[tensors++] = graph->tensor[i];
    graph->node_count = nodes;
    graph->tensor_count = tensors;
    arena_free(&scratch);
    graph_index(graph);
}

/* ---- nodes ---- */

void node_add_input(struct graph *graph, struct node *node, struct tensor *tensor)
{
    size_t count = (size_t)node->input_count;
    node->input = arena_grow(graph->arena, node->input, count, count + 1, sizeof *node->input);
    node->input[node->input_count++] = tensor;
    if (tensor)
        tensor->uses++;
}

void node_set_attribute(struct graph *graph, struct node *node, struct attribute attribute)
{
    int at = 0;
    while (at < node->attribute_count && strcmp(node->attribute[at].name, attribute.name))
        at++;
    size_t count = (size_t)node->attribute_count;
    struct attribute *copy = arena_grow(graph->arena, node->attribute, count, count + 1, sizeof *copy);
    copy[at] = attribute;
    if (at == node->attribute_count)
        node->attribute_count++;
    node->attribute = copy;
}

void node_remove_attribute(struct node *node, const char *name)
{
    struct attribute *attribute = (struct attribute *)(uintptr_t)node->attribute;
    int count = 0;
    for (int i = 0; i < node->attribute_count; i++)
        if (strcmp(attribute[i].name, name))
            attribute[count++] = attribute[i];
    node->attribute_count = count;
}

const struct attribute *node_attribute(const struct node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++)
        if (!strcmp(node->attribute[i].name, name))
            return &node->attribute[i];
    return NULL;
}

/* The attribute, which must be of this kind; NULL when it is absent. */
static const struct attribute *attribute_of_kind(const struct node *node, const char *name,
                                                 enum attribute_kind kind)
{
    static const char *const kinds[] = {"?",     "float",  "int",  "string", "tensor",
                                        "graph", "floats", "ints", "strings", [ATTRIBUTE_TYPE] = "type"};
    const struct attribute *attribute = node_attribute(node, name);
    if (attribute && attribute->kind != kind)
        node_fail(node, "attribute '%s' is of kind %s but %s is expected", name, kinds[attribute->kind],
                  kinds[kind]);
    return attribute;
}

int64_t node_int(const struct node *node, const char *name, int64_t otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_INT);
    return attribute ? attribute->i : otherwise;
}

float node_float(const struct node *node, const char *name, float otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_FLOAT);
    return attribute ? attribute->f : otherwise;
}

const char *node_string(const struct node *node, const char *name, const char *otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_STRING);
    return attribute ? attribute->s : otherwise;
}

int64_t node_ints(const struct node *node, const char *name, int i, int64_t otherwise)
{
    const struct attribute *attribute = attribute_of_kind(node, name, ATTRIBUTE_INTS);
    return attribute && i >= 0 && i < attribute->count ? attribute->ints[i] : otherwise;
}

struct tensor *node_input(const struct node *node, int i)
{
    return i >= 0 && i < node->input_count ? node->input[i] : NULL;
}

struct tensor *node_output(const struct node *node, int i)
{
    return i >= 0 && i < node->output_count ? node->output[i] : NULL;
}

/* ---- tensors ---- */

bool tensor_is_constant(const struct tensor *tensor)
{
    return tensor->data != NULL;
}

int64_t tensor_int(const struct tensor *tensor, int64_t i)
{
    assert(tensor->data && i >= 0);
    switch (tensor->type) {
    case TYPE_UINT8:
    case TYPE_UINT4:
    case TYPE_UINT2:
    case TYPE_BOOL:
        return ((const uint8_t *)tensor->data)[i];
    case TYPE_INT8:
    case TYPE_INT4:
    case TYPE_INT2:
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
        return ((const int64_t *)tensor->data)[i];
    case TYPE_UINT64: {
        uint64_t value = ((const uint64_t *)tensor->data)[i];
        return value > INT64_MAX ? INT64_MAX : (int64_t)value;
    }
    default:
        return number_to_int(tensor_double(tensor, i));
    }
}

double tensor_double(const struct tensor *tensor, int64_t i)
{
    assert(tensor->data && i >= 0);
    switch (tensor->type) {
    case TYPE_FLOAT:
        return ((const float *)tensor->data)[i];
    case TYPE_DOUBLE:
        return ((const double *)tensor->data)[i];
    case TYPE_FLOAT16:
        return number_from_half(((const uint16_t *)tensor->data)[i]);
    case TYPE_BFLOAT16:
        return number_from_bfloat16(((const uint16_t *)tensor->data)[i]);
    case TYPE_UINT64:
        return (double)((const uint64_t *)tensor->data)[i];
    default:
        assert(type_is_integer(tensor->type) || tensor->type == TYPE_BOOL);
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

/* Does a graph inside mention the tensor? */
static bool is_mentioned(const struct graph *inner, const struct tensor *tensor)
{
    if (graph_is_output(inner, tensor))
        return true;
    for (int n = 0; n < inner->node_count; n++) {
        const struct node *node = inner->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] == tensor)
                return true;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph && is_mentioned(node->attribute[a].graph, tensor))
                return true;
    }
    return false;
}

struct node *graph_only_reader(const struct graph *graph, const struct tensor *tensor)
{
    if (graph_is_output(graph, tensor))
        return NULL;
    struct node *reader = NULL;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] == tensor) {
                if (reader && reader != node)
                    return NULL;
                reader = node;
            }
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph && is_mentioned(node->attribute[a].graph, tensor))
                return NULL;
    }
    return reader;
}

noreturn void node_fail(const struct node *node, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    /* Names are cut: the message must still fit behind them. */
    fail("%.80s%s%.80s '%.200s': %s", node->domain, *node->domain ? "." : "", node->op_type, node->name,
         message);
}

/* ---- activations ---- */

bool activation_is_smooth(enum activation activation)
{
    return activation >= ACTIVATION_SIGMOID;
}

const char *activation_name(enum activation activation)
{
    static const char *const name[] = {"",        "relu", "clip", "leaky_relu", "hard_sigmoid", "hard_swish", "sigmoid",
                                       "tanh",    "silu", "swish", "gelu",      "gelu_tanh",    "mish"};
    return name[activation];
}
