/* fuse.c -- biases, residual sums and activations into the node that produces them. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "passes.h"
#include "simplify.h"

#include <math.h>
#include <string.h>

static bool has_epilogue(const struct node *node)
{
    return node->epilogue.residual || node->epilogue.activation;
}

/* A constant row is added to a product with a constant matrix; of two matrices `simplify` has made a Gemm. */
static bool fuse_bias(struct graph *graph, struct node *add)
{
    const struct tensor *y = add->output[0];
    for (int i = 0; node_is(add, "Add") && !has_epilogue(add) && y->type == TYPE_FLOAT && i < 2; i++) {
        struct node *product = node_private_producer(graph, add->input[i], add);
        struct tensor *row = add->input[1 - i];
        if (!product || !node_is(product, "MatMul") || has_epilogue(product) || product->epilogue.bias ||
            product->input_count != 2 || tensor_is_constant(product->input[0]) ||
            !tensor_is_constant(product->input[1]) || product->input[1]->shape.rank != 2 ||
            product->input[0]->shape.rank < 2 || !shape_equal(product->output[0]->shape, y->shape) ||
            !tensor_is_constant(row) || row->type != TYPE_FLOAT ||
            shape_size(row->shape) != y->shape.dim[y->shape.rank - 1] ||
            row->shape.rank < 1 || row->shape.dim[row->shape.rank - 1] != shape_size(row->shape))
            continue;
        product->epilogue.bias = product->input_count;
        node_add_input(graph, product, row);
        node_take_over(graph, product, add);
        return true;
    }
    return false;
}

/* Input `i` is added to what `producer` computes: its position moves down to the sum, where both are known.
 */
static bool fuse_residual(struct graph *graph, struct node *add)
{
    if (!node_is(add, "Add") || has_epilogue(add) || add->output[0]->type != TYPE_FLOAT)
        return false;
    struct node *best = NULL;
    struct tensor *other = NULL;
    for (int i = 0; i < 2; i++) {
        struct node *producer = node_private_producer(graph, add->input[i], add);
        if (!producer || !producer->op->epilogue || !producer->op->macs || has_epilogue(producer) ||
            tensor_is_constant(add->input[1 - i]) ||
            !shape_equal(add->input[0]->shape, add->input[1]->shape) || add->input[0] == add->input[1])
            continue;
        if (!best || graph_position(graph, producer) > graph_position(graph, best)) {
            best = producer;
            other = add->input[1 - i];
        }
    }
    if (!best)
        return false;
    int from = graph_position(graph, best), to = graph_position(graph, add);
    memmove(&graph->node[from], &graph->node[from + 1], (size_t)(to - from) * sizeof *graph->node);
    graph->node[to] = best; /* the sum is at to - 1 now, and goes */
    while (best->input_count < best->op->max_inputs)
        node_add_input(graph, best, NULL); /* an absent bias stays absent */
    best->epilogue.residual = best->input_count;
    node_add_input(graph, best, other);
    node_take_over(graph, best, add);
    return true;
}

static struct epilogue smooth_activation_of(const struct node *node)
{
    const float alpha = node_is(node, "Swish") ? node_float(node, "alpha", 1) : 1;
    const bool by_tanh = node_is(node, "Gelu") && !strcmp(node_string(node, "approximate", "none"), "tanh");
    const struct {
        const char *op_type;
        enum activation activation;
    } smooth[] = {{"Sigmoid", ACTIVATION_SIGMOID},
                  {"Tanh", ACTIVATION_TANH},
                  {"Swish", alpha == 1 ? ACTIVATION_SILU : ACTIVATION_SWISH},
                  {"Gelu", by_tanh ? ACTIVATION_GELU_TANH : ACTIVATION_GELU},
                  {"Mish", ACTIVATION_MISH}};
    for (size_t i = 0; i < sizeof smooth / sizeof *smooth; i++)
        if (node_is(node, smooth[i].op_type))
            return (struct epilogue){.activation = smooth[i].activation, .alpha = alpha};
    return (struct epilogue){0};
}

static bool activation_of(const struct node *node, struct epilogue *epilogue)
{
    double low, high;
    if (node_is(node, "Relu"))
        *epilogue = (struct epilogue){.activation = ACTIVATION_RELU};
    else if (node_is(node, "Clip") && clip_bounds(node, &low, &high) && low == 0 && high >= (double)INFINITY)
        *epilogue = (struct epilogue){.activation = ACTIVATION_RELU};
    else if (node_is(node, "Clip") && clip_bounds(node, &low, &high) && isfinite(low) && isfinite(high) &&
             low <= high)
        *epilogue =
            (struct epilogue){.activation = ACTIVATION_CLIP, .alpha = (float)low, .beta = (float)high};
    else if (node_is(node, "LeakyRelu"))
        *epilogue =
            (struct epilogue){.activation = ACTIVATION_LEAKY_RELU, .alpha = node_float(node, "alpha", 0.01f)};
    else if (node_is(node, "HardSigmoid"))
        *epilogue = (struct epilogue){.activation = ACTIVATION_HARD_SIGMOID,
                                      .alpha = node_float(node, "alpha", 0.2f),
                                      .beta = node_float(node, "beta", 0.5f)};
    else if (node_is(node, "HardSwish"))
        *epilogue = (struct epilogue){.activation = ACTIVATION_HARD_SWISH, .alpha = 1.0f / 6, .beta = 0.5f};
    else
        *epilogue = smooth_activation_of(node);
    return epilogue->activation != ACTIVATION_NONE;
}

static bool fuse_activation(struct graph *graph, struct node *node)
{
    struct epilogue activation;
    if (node->output[0]->type != TYPE_FLOAT || has_epilogue(node) || !activation_of(node, &activation))
        return false;
    struct node *producer = node_private_producer(graph, node->input[0], node);
    if (!producer || !producer->op->epilogue || producer->epilogue.activation)
        return false;
    activation.residual = producer->epilogue.residual;
    activation.bias = producer->epilogue.bias;
    producer->epilogue = activation;
    node_take_over(graph, producer, node);
    return true;
}

void fuse(struct graph *graph)
{
    /* Not in `simplify`: the ONNX that --emit-onnx writes should not need operators as new as these. */
    static graph_rule *const newest[] = {make_smooth_activation};
    static graph_rule *const epilogues[] = {fuse_bias, fuse_residual, fuse_activation};
    rules_apply(graph, newest, 1);
    rules_apply(graph, epilogues, 3);
}
