/* simplify_activations.c -- hard-sigmoid, hard-swish, swish and gelu as exporters write them out. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "simplify.h"

#include <math.h>

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

/* Clip(x + 3, 0, 6) made `tensor`; returns x, or NULL. */
static struct tensor *shifted_clip(const struct tensor *tensor)
{
    const struct node *clip = tensor->producer;
    double low, high;
    float three;
    if (!node_is(clip, "Clip") || !clip_bounds(clip, &low, &high) || low != 0 || high != 6)
        return NULL;
    const struct node *add = clip->input[0]->producer;
    for (int i = 0; node_is(add, "Add") && i < 2; i++)
        if (tensor_is_uniform(add->input[i], &three) && three == 3 &&
            shape_equal(add->input[1 - i]->shape, tensor->shape))
            return add->input[1 - i];
    return NULL;
}

/* tensor / 6 or tensor * (1/6) at `node`; returns tensor, or NULL. */
static struct tensor *sixth_of(const struct node *node)
{
    float value;
    if (node_is(node, "Div"))
        return tensor_is_uniform(node->input[1], &value) && value == 6 ? node->input[0] : NULL;
    for (int i = 0; node_is(node, "Mul") && i < 2; i++)
        if (tensor_is_uniform(node->input[i], &value) && is_near((double)value, 1.0 / 6))
            return node->input[1 - i];
    return NULL;
}

/* HardSigmoid(x, 1/6, 1/2) made `tensor`; returns x, or NULL. */
static struct tensor *hard_sigmoid(const struct tensor *tensor)
{
    const struct node *node = tensor->producer;
    if (!node_is(node, "HardSigmoid") || !is_near((double)node_float(node, "alpha", 0.2f), 1.0 / 6) ||
        node_float(node, "beta", 0.5f) != 0.5f)
        return NULL;
    return node->input[0];
}

/* Mul(x, gate(x)) in either order; returns x, or NULL. */
static struct tensor *gated(const struct node *product, struct tensor *(*gate)(const struct tensor *tensor))
{
    for (int i = 0; node_is(product, "Mul") && i < 2; i++)
        if (gate(product->input[i]) && gate(product->input[i]) == product->input[1 - i])
            return product->input[1 - i];
    return NULL;
}

static void set_float(struct graph *graph, struct node *node, const char *name, float value)
{
    node_set_attribute(graph, node, (struct attribute){.name = name, .kind = ATTRIBUTE_FLOAT, .f = value});
}

bool make_hard_activation(struct graph *graph, struct node *node)
{
    struct tensor *result = node_output(node, 0);
    if (!result || result->type != TYPE_FLOAT)
        return false;
    struct tensor *sixfold = sixth_of(node), *x = NULL;
    if (sixfold && shape_equal(sixfold->shape, result->shape)) {
        x = sixfold->producer ? gated(sixfold->producer, shifted_clip) : NULL;
        struct tensor *gate = shifted_clip(sixfold);
        if (!x && gate) {
            node_become(graph, node, "HardSigmoid", 1, &gate);
            set_float(graph, node, "alpha", 1.0f / 6);
            set_float(graph, node, "beta", 0.5f);
            return true;
        }
    }
    if (!x)
        x = gated(node, hard_sigmoid);
    if (!x)
        return false;
    node_become(graph, node, "HardSwish", 1, &x);
    return true;
}

/* Sigmoid(x) made `tensor`; returns x, or NULL. */
static struct tensor *sigmoid(const struct tensor *tensor)
{
    return node_is(tensor->producer, "Sigmoid") ? tensor->producer->input[0] : NULL;
}

/* x Sigmoid(alpha x) at `node`; returns x, or NULL. */
static struct tensor *scaled_swish(const struct node *node, float *alpha)
{
    struct tensor *x = gated(node, sigmoid);
    *alpha = 1;
    for (int i = 0; !x && node_is(node, "Mul") && i < 2; i++) {
        const struct tensor *t = sigmoid(node->input[i]);
        for (int k = 0; t && node_is(t->producer, "Mul") && k < 2; k++)
            if (tensor_is_uniform(t->producer->input[k], alpha) && t->producer->input[1 - k] == node->input[1 - i] &&
                shape_equal(node->input[1 - i]->shape, t->shape))
                return node->input[1 - i];
    }
    return x;
}

/* `tensor` times or plus `value` at `node` of type `op_type`; returns tensor, or NULL. */
static struct tensor *other_operand(const struct node *node, const char *op_type, double value)
{
    float constant;
    for (int i = 0; node_is(node, op_type) && i < 2; i++)
        if (tensor_is_uniform(node->input[i], &constant) && is_near((double)constant, value) &&
            shape_equal(node->input[1 - i]->shape, node->output[0]->shape))
            return node->input[1 - i];
    return NULL;
}

/* x / sqrt(2) made `tensor`; returns x, or NULL. */
static struct tensor *gelu_argument(const struct tensor *tensor)
{
    const double root = 1.4142135623730951;
    float value;
    const struct node *scaled = tensor->producer;
    if (node_is(scaled, "Div") && tensor_is_uniform(scaled->input[1], &value) && is_near((double)value, root))
        return scaled->input[0];
    return other_operand(scaled, "Mul", 1 / root);
}

/* Is `tensor` x^power? */
static bool is_power(const struct tensor *tensor, const struct tensor *x, int power)
{
    const struct node *node = tensor->producer;
    float exponent;
    if (power == 1)
        return tensor == x;
    if (node_is(node, "Pow"))
        return node->input[0] == x && tensor_is_uniform(node->input[1], &exponent) && exponent == (float)power;
    for (int i = 0; node_is(node, "Mul") && i < 2; i++)
        if (node->input[i] == x && is_power(node->input[1 - i], x, power - 1))
            return true;
    return false;
}

/* sqrt(2 / pi) (x + 0.044715 x^3) made `tensor`; returns x, or NULL. */
static struct tensor *gelu_tanh_argument(const struct tensor *tensor)
{
    const struct tensor *sum = other_operand(tensor->producer, "Mul", 0.79788456080286536);
    const struct node *add = sum ? sum->producer : NULL;
    for (int i = 0; node_is(add, "Add") && i < 2; i++) {
        const struct tensor *cube = other_operand(add->input[i]->producer, "Mul", 0.044715);
        if (cube && is_power(cube, add->input[1 - i], 3))
            return add->input[1 - i];
    }
    return NULL;
}

/* 1 + Erf(x / sqrt(2)), or 1 + what approximates it by Tanh, made `tensor`; returns x, or NULL. */
static struct tensor *gelu_gate(const struct tensor *tensor, bool *by_tanh)
{
    const struct tensor *gate = other_operand(tensor->producer, "Add", 1);
    if (!gate || !gate->producer)
        return NULL;
    *by_tanh = node_is(gate->producer, "Tanh");
    if (*by_tanh)
        return gelu_tanh_argument(gate->producer->input[0]);
    return node_is(gate->producer, "Erf") ? gelu_argument(gate->producer->input[0]) : NULL;
}

/* The other factor of a product with the gate of y, where that factor is y (*half = 1) or y / 2 (*half = 0.5). */
static struct tensor *gelu_product(const struct node *node, double *half, bool *by_tanh)
{
    for (int i = 0; node_is(node, "Mul") && i < 2; i++) {
        struct tensor *x = gelu_gate(node->input[i], by_tanh), *factor = node->input[1 - i];
        *half = x == factor ? 1 : 0.5;
        if (x && (x == factor || other_operand(factor->producer, "Mul", 0.5) == x))
            return x;
    }
    return NULL;
}

/* x times its gate / 2 with the half at any place; returns x, or NULL. */
static struct tensor *gelu(const struct node *node, bool *by_tanh)
{
    double half;
    struct tensor *x = gelu_product(node, &half, by_tanh), *product = other_operand(node, "Mul", 0.5);
    if (x && half == 0.5)
        return x;
    x = product ? gelu_product(product->producer, &half, by_tanh) : NULL;
    if (x && half == 1)
        return x;
    for (int i = 0; node_is(node, "Mul") && i < 2; i++) { /* x times half of the gate */
        const struct tensor *gate = other_operand(node->input[i]->producer, "Mul", 0.5);
        if (gate && gelu_gate(gate, by_tanh) == node->input[1 - i])
            return node->input[1 - i];
    }
    return NULL;
}

bool make_smooth_activation(struct graph *graph, struct node *node)
{
    const struct tensor *result = node_output(node, 0);
    if (!result || result->type != TYPE_FLOAT)
        return false;
    float alpha;
    bool by_tanh;
    struct tensor *x = scaled_swish(node, &alpha);
    if (x) {
        node_become(graph, node, "Swish", 1, &x);
        if (alpha != 1)
            set_float(graph, node, "alpha", alpha);
        return true;
    }
    x = gelu(node, &by_tanh);
    if (!x)
        return false;
    node_become(graph, node, "Gelu", 1, &x);
    if (by_tanh)
        node_set_attribute(graph, node, (struct attribute){.name = "approximate", .kind = ATTRIBUTE_STRING, .s = "tanh"});
    return true;
}
