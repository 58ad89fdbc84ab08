/* simplify.c -- nodes that do nothing, and patterns that mean one operator. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "passes.h"

#include <math.h>
#include <string.h>

/* Does the one piece of a data movement copy every element to its own place? */
static bool moves_nothing(struct graph *graph, const struct node *node)
{
    struct moves moves = node_moves(graph->arena, node);
    const struct tensor *input = node_input(node, 0), *output = node->output[0];
    if (moves.count != 1 || moves.item[0].input != 0 || !shape_equal(input->shape, output->shape))
        return false;
    const struct move *move = &moves.item[0];
    for (int a = 0; a < output->shape.rank; a++)
        if (move->count[a] != output->shape.dim[a] || move->output_start[a] || move->output_step[a] != 1 ||
            move->input_start[a] || (output->shape.dim[a] > 1 && (move->input_axis[a] != a || move->input_step[a] != 1)))
            return false;
    return true;
}

/* Operators that keep the elements in row-major order, whatever they do to the shape. */
static bool is_reshape(const struct node *node)
{
    static const char *const types[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (node_is(node, types[i]))
            return node->output_count < 2 || !node->output[1] || !node->output[1]->uses;
    return false;
}

static bool remove_idle(struct graph *graph, struct node *node)
{
    const struct tensor *input = node_input(node, 0);
    if (!input || tensor_is_constant(input) || !node->output[0]->uses)
        return false;
    bool same = shape_equal(input->shape, node->output[0]->shape) && input->type == node->output[0]->type;
    bool idle = (is_reshape(node) && same) || (node_is(node, "Cast") && same) ||
                (node->op->moves && same && moves_nothing(graph, node));
    return idle && node_bypass(graph, node, 0);
}

/* Reshape of a reshape: only the last shape counts. */
static bool join_reshapes(struct graph *graph, struct node *node)
{
    (void)graph;
    struct node *first = is_reshape(node) ? node->input[0]->producer : NULL;
    if (!first || !is_reshape(first) || first->output[0] != node->input[0] || !node->output[0]->uses)
        return false;
    node->input[0] = first->input[0];
    return true;
}

/* MatMul with a constant matrix and a constant row after it is a Gemm. */
static bool make_gemm(struct graph *graph, struct node *add)
{
    for (int i = 0; node_is(add, "Add") && i < 2; i++) {
        struct node *product = add->input[i]->producer;
        const struct tensor *row = add->input[1 - i];
        if (!node_is(product, "MatMul") || graph_only_reader(graph, add->input[i]) != add ||
            !tensor_is_constant(row) || row->type != TYPE_FLOAT || product->input[0]->shape.rank != 2 ||
            product->input[1]->shape.rank != 2 || !tensor_is_constant(product->input[1]) ||
            !shape_equal(add->output[0]->shape, product->output[0]->shape))
            continue;
        if (!tensor_per_channel(graph->arena, row, add->output[0]->shape))
            continue;
        struct node *gemm = node_insert(graph, add, "Gemm", 3, add->output[0]);
        gemm->input[0] = product->input[0];
        gemm->input[1] = product->input[1];
        gemm->input[2] = add->input[1 - i];
        struct tensor *result = add->output[0];
        add->output[0] = gemm->output[0];
        add->output[0]->producer = add;
        gemm->output[0] = result;
        result->producer = gemm;
        return true;
    }
    return false;
}

/* A Gemm adds one constant row; any other C is an Add of its own. */
static bool split_gemm(struct graph *graph, struct node *gemm)
{
    struct tensor *c = node_is(gemm, "Gemm") ? node_input(gemm, 2) : NULL;
    if (!c || c->type != TYPE_FLOAT || tensor_per_channel(graph->arena, c, gemm->output[0]->shape))
        return false;
    float beta = node_float(gemm, "beta", 1);
    struct tensor *result = gemm->output[0];
    if (beta != 1) {
        float *value = arena_copy(graph->arena, &beta, sizeof beta);
        struct node *scale = node_insert(graph, gemm, "Mul", 2, c);
        scale->input[0] = c;
        scale->input[1] = graph_constant(graph, "beta", TYPE_FLOAT, (struct shape){0}, value);
        c = scale->output[0];
        node_remove_attribute(gemm, "beta");
    }
    gemm->input_count = 2;
    struct node *product = node_insert(graph, gemm, "Gemm", 2, result);
    product->input[0] = gemm->input[0];
    product->input[1] = gemm->input[1];
    product->attribute = gemm->attribute;
    product->attribute_count = gemm->attribute_count;
    gemm->op_type = "Add";
    gemm->op = op_find("", "Add", graph->opset);
    gemm->attribute_count = 0;
    gemm->input[0] = product->output[0];
    gemm->input[1] = c;
    return true;
}

/* The other input of a two-input node, when `tensor` is one of them. */
static struct tensor *other_input(const struct node *node, const struct tensor *tensor)
{
    if (node->input_count != 2)
        return NULL;
    return node->input[0] == tensor ? node->input[1] : node->input[1] == tensor ? node->input[0] : NULL;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

/* A node of type `op_type` that reads `x` together with a uniform constant. */
static bool is_with_constant(const struct node *node, const char *op_type, const struct tensor *x, double value)
{
    float found;
    return node_is(node, op_type) && tensor_is_uniform(other_input(node, x), &found) && is_near((double)found, value);
}

/* Clip(x + 3, 0, 6), or NULL; returns x. */
static struct tensor *shifted_clip(const struct node *clip)
{
    double low, high;
    float three;
    if (!node_is(clip, "Clip") || !clip_bounds(clip, &low, &high) || low != 0 || high != 6)
        return NULL;
    const struct node *add = clip->input[0]->producer;
    for (int i = 0; node_is(add, "Add") && i < 2; i++)
        if (tensor_is_uniform(add->input[i], &three) && three == 3)
            return add->input[1 - i];
    return NULL;
}

/* x HardSigmoid(x, 1/6, 1/2), or x Clip(x + 3, 0, 6) / 6 with the division in either place. */
static struct tensor *hard_swish_of(const struct node *node)
{
    for (int i = 0; node_is(node, "Mul") && i < 2; i++) {
        const struct node *gate = node->input[i]->producer;
        struct tensor *x = node->input[1 - i];
        if (node_is(gate, "HardSigmoid") && gate->input[0] == x &&
            is_near((double)node_float(gate, "alpha", 0.2f), 1.0 / 6) && node_float(gate, "beta", 0.5f) == 0.5f)
            return x;
        if (gate && is_with_constant(gate, "Div", gate->input[0], 6) && shifted_clip(gate->input[0]->producer) == x)
            return x;
    }
    if (node_is(node, "Div") && is_with_constant(node, "Div", node->input[0], 6)) {
        const struct node *product = node->input[0]->producer;
        for (int i = 0; node_is(product, "Mul") && i < 2; i++)
            if (product->input[i]->producer && shifted_clip(product->input[i]->producer) == product->input[1 - i])
                return product->input[1 - i];
    }
    return NULL;
}

static bool make_hard_swish(struct graph *graph, struct node *node)
{
    struct tensor *x = hard_swish_of(node);
    if (!x || x->type != TYPE_FLOAT || !shape_equal(x->shape, node->output[0]->shape))
        return false;
    node->op_type = "HardSwish";
    node->op = op_find("", "HardSwish", graph->opset);
    node->input[0] = x;
    node->input_count = 1;
    node->attribute_count = 0;
    return true;
}

void simplify(struct graph *graph)
{
    static graph_rule *const rules[] = {remove_idle, join_reshapes, make_gemm, split_gemm, make_hard_swish};
    rules_apply(graph, rules, sizeof rules / sizeof *rules);
}
