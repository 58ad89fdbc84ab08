/* simplify_normalization.c -- layer normalisation as exporters write it out. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "simplify.h"

#include <string.h>

/* The mean of x along its last axis, kept as an axis of 1, made `tensor`; returns x, or NULL. */
static struct tensor *mean_of(const struct tensor *tensor)
{
    const struct node *node = tensor->producer;
    bool reduced[MAX_RANK];
    if (node_is(node, "GlobalAveragePool"))
        return node->input[0]->shape.rank == 3 ? node->input[0] : NULL;
    if (!node_is(node, "ReduceMean") || !reduce_axes(node, reduced))
        return NULL;
    const int rank = node->input[0]->shape.rank;
    for (int axis = 0; axis < rank; axis++)
        if (reduced[axis] != (axis == rank - 1))
            return NULL;
    return tensor->shape.rank == rank ? node->input[0] : NULL;
}

/* The square of x made `tensor`; returns x, or NULL. */
static struct tensor *square_of(const struct tensor *tensor)
{
    const struct node *node = tensor->producer;
    float exponent;
    if (node_is(node, "Pow") && tensor_is_uniform(node->input[1], &exponent) && exponent == 2)
        return node->input[0];
    return node_is(node, "Mul") && node->input[0] == node->input[1] ? node->input[0] : NULL;
}

/* sqrt(mean(square of x) + epsilon) made `tensor`; returns x, or NULL. */
static struct tensor *deviation_of(const struct tensor *tensor, float *epsilon)
{
    const struct node *root = tensor->producer, *sum = node_is(root, "Sqrt") ? root->input[0]->producer : NULL;
    for (int i = 0; node_is(sum, "Add") && i < 2; i++) {
        const struct tensor *mean = sum->input[1 - i];
        const struct tensor *square = tensor_is_uniform(sum->input[i], epsilon) && mean->producer ? mean_of(mean) : NULL;
        if (square && square->producer)
            return square_of(square);
    }
    return NULL;
}

static float *repeated(struct arena *arena, int64_t count, float value)
{
    float *values = arena_array(arena, (size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = value;
    return values;
}

bool make_layer_normalization(struct graph *graph, struct node *node)
{
    float epsilon;
    if (!node_is(node, "Div") || node->output[0]->type != TYPE_FLOAT || !node->input[1]->producer)
        return false;
    struct tensor *shifted = node->input[0];
    if (!node_is(shifted->producer, "Sub") || deviation_of(node->input[1], &epsilon) != shifted)
        return false;
    struct tensor *x = shifted->producer->input[0], *mean = shifted->producer->input[1];
    const int64_t length = x->shape.rank ? x->shape.dim[x->shape.rank - 1] : 0;
    if (length < 1 || !mean->producer || mean_of(mean) != x)
        return false;
    struct tensor *scale = graph_constant(graph, arena_printf(graph->arena, "%s.scale", node->name), TYPE_FLOAT,
                                          shape_of(1, &length), repeated(graph->arena, length, 1));
    node_become(graph, node, "LayerNormalization", 2, (struct tensor *[]){x, scale});
    node_set_attribute(graph, node, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = -1});
    node_set_attribute(graph, node, (struct attribute){.name = "epsilon", .kind = ATTRIBUTE_FLOAT, .f = epsilon});
    return true;
}

/* A constant of one value per position of the last axis of `like`. */
static bool is_last_axis(const struct tensor *tensor, struct shape like)
{
    const int rank = tensor->shape.rank;
    return tensor_is_constant(tensor) && tensor->type == TYPE_FLOAT && rank > 0 && rank <= like.rank &&
           tensor->shape.dim[rank - 1] == like.dim[like.rank - 1] && shape_size(tensor->shape) == like.dim[like.rank - 1];
}

/* Factors and summands behind it go into its own scale and bias. */
bool extend_layer_normalization(struct graph *graph, struct node *node)
{
    const bool factor = node_is(node, "Mul");
    for (int i = 0; (factor || node_is(node, "Add")) && i < 2; i++) {
        const struct tensor *constant = node->input[i];
        struct node *norm = node->input[1 - i]->producer;
        if (!node_is(norm, "LayerNormalization") || graph_only_reader(graph, norm->output[0]) != node ||
            node_int(norm, "axis", -1) != -1 || node_input(norm, 2) || norm->output[0] != node->input[1 - i] ||
            node_output(norm, 1) || node_output(norm, 2) || !is_last_axis(norm->input[1], norm->output[0]->shape) ||
            !is_last_axis(constant, norm->output[0]->shape))
            continue;
        const int64_t length = shape_size(constant->shape);
        float *values = arena_array(graph->arena, (size_t)length, sizeof *values);
        for (int64_t k = 0; k < length; k++)
            values[k] = ((const float *)constant->data)[k] * (factor ? ((const float *)norm->input[1]->data)[k] : 1);
        struct tensor *folded =
            graph_constant(graph, constant->name, TYPE_FLOAT, shape_of(1, &length), values);
        const float epsilon = node_float(norm, "epsilon", 1e-5f);
        node_become(graph, node, "LayerNormalization", factor ? 2 : 3,
                    (struct tensor *[]){norm->input[0], factor ? folded : norm->input[1], folded});
        node_set_attribute(graph, node, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = -1});
        node_set_attribute(graph, node, (struct attribute){.name = "epsilon", .kind = ATTRIBUTE_FLOAT, .f = epsilon});
        return true;
    }
    return false;
}
