/* node_cases.c -- small graphs of one node, from lines of text. */
/* SPDX-License-Identifier: MIT */
#include "node_cases.h"

#include "ir/number.h"
#include "node_lists.h"
#include "operators/op.h"
#include "support/fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const *const lists[] = {
    elementwise_cases,
    layers_cases,
    images_cases,
    reductions_cases,
    movement_cases,
    quantized_cases,
    attention_cases,
    settled_cases,
    large_cases,
    doubles_cases,
};

int node_case_count(void)
{
    int count = 0;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const char *const *line = lists[l]; *line; line++)
            count++;
    return count;
}

const char *node_case_line(int index)
{
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const char *const *line = lists[l]; *line; line++)
            if (index-- == 0)
                return *line;
    fail("no case %d", index);
}

/* ---- values ---- */

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Smallest magnitude 2^-7: Div, Log and Reciprocal stay tame. */
static double random_real(uint64_t *state, bool positive)
{
    uint64_t bits = random_next(state);
    double size = (double)((bits >> 8 & 255) + 1) / 128 - (double)(bits >> 16 & 1) / 256;
    return bits & 1 && !positive ? -size : size;
}

static void *make_values(struct arena *arena, enum type type, struct shape shape, bool positive,
                         uint64_t seed)
{
    int64_t size = shape_size(shape);
    uint8_t *data = arena_array(arena, (size_t)size, type_size(type));
    for (int64_t i = 0; i < size; i++) {
        int64_t integer = (int64_t)(random_next(&seed) % 4) + 1;
        switch (type) {
        case TYPE_FLOAT:
            ((float *)(void *)data)[i] = (float)random_real(&seed, positive);
            break;
        case TYPE_DOUBLE:
            ((double *)(void *)data)[i] = random_real(&seed, positive);
            break;
        case TYPE_FLOAT16:
            ((uint16_t *)(void *)data)[i] = number_to_half((float)random_real(&seed, positive));
            break;
        case TYPE_BFLOAT16:
            ((uint16_t *)(void *)data)[i] = number_to_bfloat16((float)random_real(&seed, positive));
            break;
        case TYPE_INT16:
        case TYPE_UINT16:
            ((int16_t *)(void *)data)[i] = (int16_t)integer;
            break;
        case TYPE_UINT64:
        case TYPE_INT64:
            ((int64_t *)(void *)data)[i] = integer;
            break;
        case TYPE_UINT32:
        case TYPE_INT32:
            ((int32_t *)(void *)data)[i] = (int32_t)integer;
            break;
        case TYPE_BOOL:
            data[i] = positive || integer & 1;
            break;
        case TYPE_UINT4:
        case TYPE_INT4:
        case TYPE_UINT2:
        case TYPE_INT2:
            data[i] = (uint8_t)number_low_bits(integer, type_bits(type), type_is_signed(type));
            break;
        default: /* of one byte */
            data[i] = (uint8_t)integer;
        }
    }
    return data;
}

void *node_case_values(struct arena *arena, const struct tensor *tensor, uint64_t seed)
{
    bool positive = strchr(tensor->name, '+') != NULL;
    return make_values(arena, tensor->type, tensor->shape, positive, seed);
}

/* ---- the lines ---- */

static int64_t read_number(const char **at)
{
    char *end;
    int64_t value = strtoll(*at, &end, 10);
    if (end == *at)
        fail("a number is expected at '%s'", *at);
    *at = end;
    return value;
}

enum { MAX_LIST = 64 };

static int read_list(const char *at, char separator, int64_t values[], int most)
{
    int count = 0;
    while (count < most) {
        values[count++] = read_number(&at);
        if (*at != separator)
            break;
        at++;
    }
    return count;
}

static enum type read_type(const char **at)
{
    static const enum type types[] = {TYPE_INT8,   TYPE_UINT8, TYPE_INT16,   TYPE_UINT16,
                                      TYPE_INT32,  TYPE_UINT32, TYPE_INT64,  TYPE_UINT64,
                                      TYPE_BOOL,   TYPE_DOUBLE, TYPE_FLOAT16, TYPE_BFLOAT16,
                                      TYPE_UINT4,  TYPE_INT4,  TYPE_UINT2,   TYPE_INT2};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t length = strlen(type_name(types[i]));
        if (!strncmp(*at, type_name(types[i]), length) && (*at)[length] == ':') {
            *at += length + 1;
            return types[i];
        }
    }
    return TYPE_FLOAT;
}

static struct tensor *find_tensor(const struct graph *graph, const char *name)
{
    for (int t = 0; t < graph->tensor_count; t++)
        if (!strcmp(graph->tensor[t]->name, name))
            return graph->tensor[t];
    fail("no tensor '%s'", name);
}

/* A scalar, or with commas (a last one may stand alone) a vector. */
static struct tensor *read_floats(struct graph *graph, const char *at)
{
    enum { MOST = 64 };
    float *values = arena_array(graph->arena, MOST, sizeof *values);
    const int rank = strchr(at, ',') != NULL;
    int64_t count = 0;
    char *end;
    do
        values[count++] = strtof(at, &end);
    while (*end == ',' && *(at = end + 1) && count < MOST);
    return graph_constant(graph, "floats", TYPE_FLOAT, shape_of(rank, &count), values);
}

static struct tensor *read_input(struct graph *graph, const char *word, uint64_t seed)
{
    int64_t values[MAX_LIST];
    const char *name = arena_printf(graph->arena, "x%d%s", graph->input_count, strchr(word, '+') ? "+" : "");
    if (*word == '-')
        return NULL;
    if (*word == '%')
        return find_tensor(graph, word);
    if (*word == '@') {
        int64_t count = read_list(word + 1, ',', values, MAX_LIST);
        return graph_constant(graph, "list", TYPE_INT64, shape_of(1, &count),
                              arena_copy(graph->arena, values, (size_t)count * sizeof *values));
    }
    if (*word == '#')
        return read_floats(graph, word + 1);
    bool constant = *word == '=';
    word += constant;
    enum type type = read_type(&word);
    struct shape shape = {0};
    if (strcmp(word, "scalar"))
        shape.rank = read_list(word, 'x', shape.dim, MAX_RANK);
    if (constant)
        return graph_constant(graph, "constant", type, shape,
                              make_values(graph->arena, type, shape, strchr(word, '+') != NULL, seed));
    struct tensor *tensor = graph_tensor(graph, name);
    tensor->type = type;
    tensor->shape = shape;
    tensor->shaped = true;
    graph->input[graph->input_count++] = tensor;
    return tensor;
}

/* Words between commas up to the bracket. */
static void read_words(struct arena *arena, const char *text, struct attribute *attribute)
{
    const char **words = arena_array(arena, MAX_RANK, sizeof *words);
    attribute->kind = ATTRIBUTE_STRINGS;
    attribute->strings = words;
    for (size_t length; *text != ']' && attribute->count < MAX_RANK; text += length + (text[length] == ',')) {
        length = strcspn(text, ",]");
        words[attribute->count++] = arena_printf(arena, "%.*s", (int)length, text);
    }
}

static struct attribute read_attribute(struct arena *arena, const char *word)
{
    const char *equals = strchr(word, '='), *value = equals + 1;
    struct attribute attribute = {.name = arena_printf(arena, "%.*s", (int)(equals - word), word)};
    if (*value == '[' && isalpha((unsigned char)value[1])) {
        read_words(arena, value + 1, &attribute);
    } else if (*value == '[' && strchr(value, '.')) {
        float *values = arena_array(arena, MAX_RANK, sizeof *values);
        attribute.kind = ATTRIBUTE_FLOATS;
        for (const char *at = value; *at != ']' && attribute.count < MAX_RANK;) {
            char *end;
            values[attribute.count++] = strtof(at + 1, &end);
            at = end;
        }
        attribute.floats = values;
    } else if (*value == '[') {
        int64_t *values = arena_array(arena, MAX_RANK, sizeof *values);
        attribute.kind = ATTRIBUTE_INTS;
        attribute.count = read_list(value + 1, ',', values, MAX_RANK);
        attribute.ints = values;
    } else if (isalpha((unsigned char)*value)) {
        attribute.kind = ATTRIBUTE_STRING;
        attribute.s = arena_string(arena, value);
    } else if (strchr(value, '.')) {
        attribute.kind = ATTRIBUTE_FLOAT;
        attribute.f = strtof(value, NULL);
    } else {
        attribute.kind = ATTRIBUTE_INT;
        attribute.i = read_number(&value);
    }
    return attribute;
}

static void add_word(struct graph *graph, struct node *node, const char *word, uint64_t seed)
{
    const char *equals = strchr(word, '=');
    if (equals && equals != word)
        node_set_attribute(graph, node, read_attribute(graph->arena, word));
    else
        node_add_input(graph, node, read_input(graph, word, seed));
}

static void add_node(struct graph *graph, char *text, uint64_t seed)
{
    struct arena *arena = graph->arena;
    char *rest, *type = strtok_r(text, " ", &rest);
    const char *name = NULL, *domain = "";
    if (type && *type == '%') {
        name = type;
        type = strtok_r(NULL, " ", &rest);
    }
    if (type && strchr(type, '.')) {
        domain = "mednn";
        type = strchr(type, '.') + 1;
    }
    char *word = strtok_r(NULL, " ", &rest);
    int outputs = 1;
    if (word && *word == '/') {
        outputs = atoi(word + 1);
        word = strtok_r(NULL, " ", &rest);
    }
    struct node *node = graph_node(graph, graph->node_count, name ? name + 1 : "node", type, 0, outputs);
    node->domain = domain;
    node->op = graph->opset == NEWEST_OPSET ? op_find(domain, type, NEWEST_OPSET) : NULL;
    for (; word; word = strtok_r(NULL, " ", &rest))
        add_word(graph, node, word, ++seed);
    graph->output = node->output;
    graph->output_count = outputs;
    for (int k = 0; k < outputs; k++)
        node->output[k] = graph_tensor(graph, name ? name : arena_printf(arena, "y%d", k));
    if (node->op)
        node_infer(graph, node);
    else if (graph->opset == NEWEST_OPSET)
        fail("no operator '%s'", type);
}

struct graph *graph_of_opset(struct arena *arena, const char *text, int opset, uint64_t seed)
{
    struct graph *graph = arena_alloc(arena, sizeof *graph);
    *graph = (struct graph){.arena = arena, .name = "test", .opset = opset};
    graph->input = arena_array(arena, 64, sizeof *graph->input);
    char *rest, *nodes = arena_string(arena, text);
    for (char *node = strtok_r(nodes, ";", &rest); node; node = strtok_r(NULL, ";", &rest), seed += 100)
        add_node(graph, node, seed);
    /* The graph's list is its own: passes change the node's. */
    struct tensor **output = arena_array(arena, (size_t)graph->output_count, sizeof *output);
    for (int k = 0; k < graph->output_count; k++)
        output[k] = graph->output[k];
    graph->output = output;
    graph_index(graph);
    return graph;
}

struct graph *graph_from_text(struct arena *arena, const char *text, uint64_t seed)
{
    return graph_of_opset(arena, text, NEWEST_OPSET, seed);
}

struct graph *node_case_graph(struct arena *arena, int index)
{
    return graph_from_text(arena, node_case_line(index), (uint64_t)index * 100);
}
