/* edit.c -- small steps on a graph. */
/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include "../operators/op.h"

#include <assert.h>
#include <string.h>

void rules_apply(struct graph *graph, graph_rule *const rule[], int count)
{
    graph_sweep(graph);
    for (bool changed = true; changed;) {
        changed = false;
        for (int n = 0; n < graph->node_count; n++)
            for (int r = 0; r < count && n < graph->node_count; r++)
                if (rule[r](graph, graph->node[n])) {
                    graph_sweep(graph);
                    changed = true;
                }
    }
}

/* Nothing has to be computed for outputs without elements, whatever the inputs are. */
static bool fold_empty(struct graph *graph, const struct node *node)
{
    for (int k = 0; k < node->output_count; k++)
        if (node->checks || (node->output[k] && shape_size(node->output[k]->shape)))
            return false;
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k]) {
            node->output[k]->data = arena_alloc(graph->arena, 1);
            node->output[k]->producer = NULL;
        }
    return true;
}

bool node_fold(struct graph *graph, struct node *node, int64_t limit)
{
    struct arena *arena = graph->arena;
    if (!node->op->evaluate || !node->output_count)
        return false;
    if (fold_empty(graph, node))
        return true;
    int64_t given = 0;
    const void **input = arena_array(arena, (size_t)node->input_count + 1, sizeof *input);
    for (int i = 0; i < node->input_count; i++) {
        if (node->input[i] && !tensor_is_constant(node->input[i]) && !node->op->shape_only)
            return false;
        input[i] = node->input[i] ? node->input[i]->data : NULL;
        if (input[i])
            given += shape_size(node->input[i]->shape) * (int64_t)type_size(node->input[i]->type);
    }
    void **output = arena_array(arena, (size_t)node->output_count, sizeof *output);
    for (int k = 0; k < node->output_count; k++) {
        const struct tensor *tensor = node->output[k];
        if (!tensor)
            continue;
        int64_t bytes = shape_size(tensor->shape) * (int64_t)type_size(tensor->type);
        if ((bytes > limit && bytes > given) || !type_size(tensor->type))
            return false;
        output[k] = arena_alloc(arena, (size_t)bytes);
    }
    node_evaluate(arena, node, input, output);
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k]) {
            node->output[k]->data = output[k];
            node->output[k]->producer = NULL;
        }
    return true;
}

bool node_bypass(struct graph *graph, struct node *node, int i)
{
    struct tensor *from = node->input[i], *to = node->output[0];
    if (!graph_is_output(graph, to)) {
        graph_replace(graph, to, from);
        return true;
    }
    struct node *producer = from->producer;
    if (!producer || graph_is_output(graph, from) || from->type != to->type ||
        !shape_equal(from->shape, to->shape))
        return false;
    for (int k = 0; k < producer->output_count; k++)
        if (producer->output[k] == from)
            producer->output[k] = to;
    graph_replace(graph, from, to);
    to->producer = producer;
    node->output[0] = graph_tensor(graph, to->name); /* read by nobody */
    node->output[0]->type = to->type;
    node->output[0]->shape = to->shape;
    node->output[0]->shaped = true;
    return true;
}

struct node *node_private_producer(const struct graph *graph, const struct tensor *tensor,
                                     const struct node *reader)
{
    struct node *producer = tensor ? tensor->producer : NULL;
    return producer && producer->output[0] == tensor && graph_only_reader(graph, tensor) == reader ? producer
                                                                                                   : NULL;
}

void node_take_over(struct graph *graph, struct node *producer, struct node *node)
{
    struct tensor *between = producer->output[0];
    producer->output[0] = node->output[0];
    producer->output[0]->producer = producer;
    node->output[0] = between;
    between->producer = node;
    between->uses = 0;
    for (int n = 0, kept = 0; n < graph->node_count; n++)
        if (graph->node[n] != node)
            graph->node[kept++] = graph->node[n];
    graph->node_count--;
}

void node_become(struct graph *graph, struct node *node, const char *op_type, int input_count,
                 struct tensor *const input[])
{
    struct tensor **list = arena_array(graph->arena, (size_t)input_count, sizeof *list);
    for (int i = 0; i < input_count; i++)
        list[i] = input[i];
    node->op_type = op_type;
    node->op = op_find("", op_type, graph->opset);
    assert(node->op);
    node->input = list;
    node->input_count = input_count;
    node->output_count = 1;
    node->attribute_count = 0;
}

struct tensor *new_integers(struct graph *graph, const char *name, int count, const int64_t *values)
{
    return graph_constant(graph, name, TYPE_INT64, (struct shape){.rank = 1, .dim = {count}},
                          arena_copy(graph->arena, values, (size_t)count * sizeof *values));
}

struct node *node_insert(struct graph *graph, const struct node *before, const char *op_type, int input_count,
                         const struct tensor *like)
{
    struct node *node =
        graph_node(graph, graph_position(graph, before),
                   arena_printf(graph->arena, "%s.%s", before->name, op_type), op_type, input_count, 1);
    node->op = op_find("", op_type, graph->opset);
    assert(node->op);
    struct tensor *tensor = graph_tensor(graph, arena_printf(graph->arena, "%s.%s", like->name, op_type));
    tensor->type = like->type;
    tensor->shape = like->shape;
    tensor->shaped = true;
    tensor->producer = node;
    node->output[0] = tensor;
    return node;
}

struct tensor *wide_reals(struct graph *graph, const char *name, enum type type, struct shape shape, const double *values)
{
    const int64_t size = shape_size(shape);
    if (type == TYPE_DOUBLE)
        return graph_constant(graph, name, type, shape, values);
    float *rounded = arena_array(graph->arena, (size_t)size + 1, sizeof *rounded);
    for (int64_t i = 0; i < size; i++)
        rounded[i] = (float)values[i];
    return graph_constant(graph, name, TYPE_FLOAT, shape, rounded);
}

bool node_is(const struct node *node, const char *op_type)
{
    return node && !*node->domain && !strcmp(node->op_type, op_type);
}

bool tensor_is_uniform(const struct tensor *tensor, float *value)
{
    if (!tensor || !tensor_is_constant(tensor) || tensor->type != TYPE_FLOAT)
        return false;
    int64_t size = shape_size(tensor->shape);
    const float *data = tensor->data;
    for (int64_t i = 1; i < size; i++)
        if (data[i] != data[0])
            return false;
    *value = size ? data[0] : 0;
    return size > 0;
}

const float *tensor_per_channel(struct arena *arena, const struct tensor *tensor, struct shape like)
{
    if (!tensor || !tensor_is_constant(tensor) || tensor->type != TYPE_FLOAT || like.rank < 2 ||
        tensor->shape.rank > like.rank)
        return NULL;
    int64_t channels = like.dim[1], size = shape_size(tensor->shape);
    for (int a = 0; a < tensor->shape.rank; a++)
        if (tensor->shape.dim[a] != 1 && a + like.rank - tensor->shape.rank != 1)
            return NULL;
    if (size != 1 && size != channels)
        return NULL;
    float *values = arena_array(arena, (size_t)channels, sizeof *values);
    for (int64_t c = 0; c < channels; c++)
        values[c] = ((const float *)tensor->data)[size == 1 ? 0 : c];
    return values;
}
