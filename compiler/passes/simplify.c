/* simplify.c -- the same graph in fewer words. One rule is one function. */
/* SPDX-License-Identifier: MIT */
#include "simplify.h"

#include "../operators/conv.h"
#include "../operators/op.h"
#include "edit.h"
#include "passes.h"

#include <math.h>
#include <string.h>

/* ---- nodes that do nothing ---- */

/* Operators that keep the elements in row-major order, whatever they do to the shape. */
static bool is_reshape(const struct node *node)
{
    static const char *const types[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (node_is(node, types[i]))
            return !node_output(node, 1) || !node->output[1]->uses;
    return false;
}

/* Combines any number of inputs, but has only one. */
static bool is_single(const struct node *node)
{
    static const char *const types[] = {"Sum", "Mean", "Min", "Max"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (node_is(node, types[i]))
            return node->input_count == 1;
    return node_is(node, "Clip") && !node_input(node, 1) && !node_input(node, 2);
}

/* A pooling window of one element, over every element: adaptive pooling of a map that has its final size already. */
static bool is_pool_of_one(const struct node *node)
{
    if (!(node_is(node, "AveragePool") || node_is(node, "MaxPool")) || (node_output(node, 1) && node->output[1]->uses))
        return false;
    struct window window = *pool_window(node);
    for (int a = 0; a < window.spatial; a++)
        if (window.kernel[a] != 1 || window.stride[a] != 1 || window.pad_begin[a] || window.pad_end[a])
            return false;
    return true;
}

/* The input that the one piece of a data movement copies, every element to its own place; -1 for other nodes.
 */
static int copied_input(const struct node *node)
{
    struct arena scratch = {0};
    struct moves moves = node_moves(&scratch, node);
    int input = moves.count == 1 ? moves.item[0].input : -1;
    struct shape y = node->output[0]->shape;
    if (input >= 0 && !shape_equal(node->input[input]->shape, y))
        input = -1;
    for (int a = 0; input >= 0 && a < y.rank; a++) {
        const struct move *move = &moves.item[0];
        bool still = y.dim[a] == 1 || (move->input_axis[a] == a && move->input_step[a] == 1);
        if (!still || move->output_start[a] || move->input_start[a] || move->count[a] != y.dim[a])
            input = -1;
    }
    arena_free(&scratch);
    return input;
}

static bool remove_idle(struct graph *graph, struct node *node)
{
    const struct tensor *x = node_input(node, 0), *y = node->output[0];
    if (!x || !y || !y->uses)
        return false;
    if (x->type == y->type && shape_equal(x->shape, y->shape) &&
        (is_reshape(node) || is_single(node) || is_pool_of_one(node) || node_is(node, "Cast")))
        return node_bypass(graph, node, 0);
    int input = node->op->moves ? copied_input(node) : -1;
    return input >= 0 && node_bypass(graph, node, input);
}

static bool remove_unit_factor(struct graph *graph, struct node *node)
{
    float value;
    for (int i = node_is(node, "Mul") ? 0 : 1; (node_is(node, "Mul") || node_is(node, "Div")) && i < 2; i++)
        if (tensor_is_uniform(node->input[i], &value) && value == 1 &&
            shape_equal(node->input[1 - i]->shape, node->output[0]->shape))
            return node_bypass(graph, node, 1 - i);
    return false;
}

/* ---- moving data ---- */

static void become_reshape(struct graph *graph, struct node *node, struct tensor *x)
{
    struct shape y = node->output[0]->shape;
    const char *name = arena_printf(graph->arena, "%s.shape", node->name);
    node_become(graph, node, "Reshape", 2, (struct tensor *[]){x, new_integers(graph, name, y.rank, y.dim)});
    node_set_attribute(graph, node, (struct attribute){.name = "allowzero", .kind = ATTRIBUTE_INT, .i = 1});
}

/* Reshape of a reshape: only the last shape counts. */
static bool join_reshapes(struct graph *graph, struct node *node)
{
    struct node *first = is_reshape(node) && node->output[0] ? node->input[0]->producer : NULL;
    if (!first || !is_reshape(first) || first->output[0] != node->input[0])
        return false;
    become_reshape(graph, node, first->input[0]);
    return true;
}

static bool join_transposes(struct graph *graph, struct node *node)
{
    struct node *first = node_is(node, "Transpose") ? node->input[0]->producer : NULL;
    if (!first || !node_is(first, "Transpose"))
        return false;
    int rank = node->output[0]->shape.rank;
    int64_t *perm = arena_array(graph->arena, (size_t)rank, sizeof *perm);
    for (int i = 0; i < rank; i++) {
        int64_t axis = node_ints(node, "perm", i, rank - 1 - i);
        perm[i] = node_ints(first, "perm", (int)axis, rank - 1 - axis);
    }
    node->input[0] = first->input[0];
    node_set_attribute(
        graph, node, (struct attribute){.name = "perm", .kind = ATTRIBUTE_INTS, .count = rank, .ints = perm});
    return true;
}

/* A Transpose that keeps the order of the axes longer than 1 moves nothing. */
static bool transpose_to_reshape(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Transpose"))
        return false;
    struct shape x = node->input[0]->shape;
    int64_t last = -1;
    for (int i = 0; i < x.rank; i++) {
        int64_t axis = node_ints(node, "perm", i, x.rank - 1 - i);
        if (x.dim[axis] == 1)
            continue;
        if (axis < last)
            return false;
        last = axis;
    }
    become_reshape(graph, node, node->input[0]);
    return true;
}

/* A Slice for every part of a Split that somebody reads. */
static bool split_to_slices(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Split"))
        return false;
    int64_t axis = node_axis(node, 0), begin = 0, length = node->input[0]->shape.dim[axis];
    int64_t equal = (length + node->output_count - 1) / node->output_count;
    int at = graph_position(graph, node);
    for (int k = 0; k < node->output_count; k++) {
        struct tensor *part = node->output[k];
        int64_t end = begin + (node_input(node, 1) ? tensor_int(node->input[1], k) : equal);
        end = end < length ? end : length;
        if (part) {
            struct node *slice =
                graph_node(graph, ++at, arena_printf(graph->arena, "%s.%d", node->name, k), "Slice", 4, 1);
            slice->op = op_find("", "Slice", graph->opset);
            slice->input[0] = node->input[0];
            slice->input[1] = new_integers(graph, "starts", 1, &begin);
            slice->input[2] = new_integers(graph, "ends", 1, &end);
            slice->input[3] = new_integers(graph, "axes", 1, &axis);
            slice->output[0] = part;
            node->output[k] = NULL;
        }
        begin = end;
    }
    return true;
}

/* ---- arithmetic ---- */

/* MatMul of two matrices and a constant row after it are a Gemm. */
static bool make_gemm(struct graph *graph, struct node *add)
{
    for (int i = 0; node_is(add, "Add") && i < 2; i++) {
        struct node *product = add->input[i]->producer;
        struct tensor *row = add->input[1 - i];
        if (node_is(product, "MatMul") && graph_only_reader(graph, add->input[i]) == add &&
            product->input[0]->shape.rank == 2 && product->input[1]->shape.rank == 2 &&
            shape_equal(add->output[0]->shape, product->output[0]->shape) &&
            tensor_per_channel(graph->arena, row, add->output[0]->shape)) {
            node_become(graph, add, "Gemm", 3,
                        (struct tensor *[]){product->input[0], product->input[1], row});
            return true;
        }
    }
    return false;
}

/* A constant C of a Gemm becomes a vector of all columns, beta taken in. */
static bool make_gemm_bias(struct graph *graph, struct node *gemm)
{
    struct tensor *c = node_is(gemm, "Gemm") ? node_input(gemm, 2) : NULL;
    float beta = c ? node_float(gemm, "beta", 1) : 1;
    int64_t columns = gemm->output[0] ? gemm->output[0]->shape.dim[gemm->output[0]->shape.rank > 1] : 0;
    if (!c || (beta == 1 && c->shape.rank == 1 && c->shape.dim[0] == columns))
        return false;
    float *values = (float *)tensor_per_channel(graph->arena, c, gemm->output[0]->shape);
    if (!values)
        return false;
    for (int64_t i = 0; i < columns; i++)
        values[i] *= beta;
    node_remove_attribute(gemm, "beta");
    gemm->input[2] = graph_constant(graph, c->name, TYPE_FLOAT, shape_of(1, &columns), values);
    return true;
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

/* Only where the reciprocal is exact: powers of two. */
static bool division_to_product(struct graph *graph, struct node *node)
{
    const struct tensor *divisor = node_is(node, "Div") ? node->input[1] : NULL;
    if (!divisor || !tensor_is_constant(divisor) || divisor->type != TYPE_FLOAT)
        return false;
    int64_t size = shape_size(divisor->shape);
    float *reciprocal = arena_array(graph->arena, (size_t)size, sizeof *reciprocal);
    for (int64_t i = 0; i < size; i++) {
        int exponent;
        float value = ((const float *)divisor->data)[i];
        if (!isfinite(value) || fabsf(frexpf(value, &exponent)) != 0.5f || exponent < -100 || exponent > 100)
            return false;
        reciprocal[i] = 1 / value;
    }
    struct tensor *factor = graph_constant(graph, divisor->name, TYPE_FLOAT, divisor->shape, reciprocal);
    node_become(graph, node, "Mul", 2, (struct tensor *[]){node->input[0], factor});
    return true;
}

static bool sum_to_add(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Sum") || node->input_count != 2)
        return false;
    node_become(graph, node, "Add", 2, (struct tensor *[]){node->input[0], node->input[1]});
    return true;
}

/* The mean over all spatial axes is a global pooling, and then perhaps a Reshape. */
static bool mean_to_pooling(struct graph *graph, struct node *node)
{
    bool reduced[MAX_RANK];
    if (!node_is(node, "ReduceMean") || node->input[0]->type != TYPE_FLOAT || !reduce_axes(node, reduced))
        return false;
    struct tensor *x = node->input[0];
    struct shape y = x->shape;
    for (int i = 0; i < y.rank; i++) {
        if (reduced[i] != (i >= 2))
            return false;
        y.dim[i] = i < 2 ? y.dim[i] : 1;
    }
    if (y.rank < 3 || !shape_size(x->shape))
        return false;
    if (shape_equal(y, node->output[0]->shape)) {
        node_become(graph, node, "GlobalAveragePool", 1, &x);
        return true;
    }
    struct node *pool = node_insert(graph, node, "GlobalAveragePool", 1, node->output[0]);
    pool->input[0] = x;
    pool->output[0]->shape = y;
    become_reshape(graph, node, pool->output[0]);
    return true;
}

/* CastLike becomes Cast, which does not read what it is like. */
static bool name_cast_type(struct graph *graph, struct node *node)
{
    if (!node_is(node, "CastLike"))
        return false;
    const int64_t type = node->input[1]->type;
    node_become(graph, node, "Cast", 1, (struct tensor *[]){node->input[0]});
    node_set_attribute(graph, node, (struct attribute){.name = "to", .kind = ATTRIBUTE_INT, .i = type});
    return true;
}

void simplify(struct graph *graph)
{
    static graph_rule *const rules[] = {
        split_to_slices,      remove_idle,     remove_unit_factor,  join_reshapes, join_transposes,
        transpose_to_reshape, make_gemm,       make_gemm_bias,      split_gemm,    division_to_product,
        sum_to_add,           mean_to_pooling, make_hard_activation, make_layer_normalization,
        extend_layer_normalization, join_attention_cache, split_cross_entropy, fold_mask, name_cast_type,
        affine_grid_to_product, matmul_to_einsum, gemm_to_einsum,
        nearest_to_gather};
    rules_apply(graph, rules, sizeof rules / sizeof *rules);
    fold_constants(graph);
}
