/* loss.c -- NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. */
/* SPDX-License-Identifier: MIT */
#include "loss.h"

#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum reduction loss_reduction(const struct node *node)
{
    static const char *const names[] = {"none", "sum", "mean"};
    const char *name = node_string(node, "reduction", "mean");
    for (int i = 0; i < 3; i++)
        if (!strcmp(name, names[i]))
            return (enum reduction)i;
    node_fail(node, "reduction is '%.40s', expected none, sum or mean", name);
}

/* x: N x C x D1 x ..., target: N x D1 x ..., weight: C. */
static void infer(struct graph *graph, struct node *node)
{
    const struct tensor *x = node->input[0], *target = node->input[1], *weight = node_input(node, 2);
    struct shape expected = {.rank = x->shape.rank - 1};
    if (x->shape.rank < 2)
        node_fail(node, "'%s' has rank %d, expected at least 2 (N x C)", x->name, x->shape.rank);
    for (int a = 0; a < expected.rank; a++)
        expected.dim[a] = x->shape.dim[a ? a + 1 : 0];
    if (!shape_equal(target->shape, expected))
        node_fail(node, "target '%s' has shape %s, expected %s", target->name,
                  shape_string(graph->arena, target->shape), shape_string(graph->arena, expected));
    if (target->type != TYPE_INT32 && target->type != TYPE_INT64)
        node_fail(node, "target '%s' has type %s, expected int32 or int64", target->name, type_name(target->type));
    input_same_type(node, 2);
    if (weight && (weight->shape.rank != 1 || weight->shape.dim[0] != x->shape.dim[1]))
        node_fail(node, "weight '%s' has shape %s but there are %" PRId64 " classes", weight->name,
                  shape_string(graph->arena, weight->shape), x->shape.dim[1]);
    const bool whole = loss_reduction(node) == REDUCTION_NONE;
    output_set(node, 0, x->type, whole ? expected : (struct shape){0});
    output_set(node, 1, x->type, x->shape);
}

/* Where class `class` of target element `at` lies in x. */
static int64_t score_offset(const struct node *node, const int64_t at[], int64_t class)
{
    const struct shape x = node->input[0]->shape;
    int64_t index[MAX_RANK];
    for (int a = 0; a < x.rank; a++)
        index[a] = a == 1 ? class : at[a ? a - 1 : 0];
    return shape_offset(x, index);
}

static double log_sum_exp(const struct node *node, const double *score, const int64_t at[])
{
    double most = -INFINITY, sum = 0;
    const int64_t classes = node->input[0]->shape.dim[1];
    for (int64_t c = 0; c < classes; c++)
        most = fmax(most, score[score_offset(node, at, c)]);
    for (int64_t c = 0; c < classes; c++)
        sum += exp(score[score_offset(node, at, c)] - most);
    return most + log(sum);
}

/* A target that names no class adds nothing, as one that is ignored. */
static void evaluate_loss(const struct node *node, const double *score, const void *const input[], void *loss)
{
    const struct tensor *target = node->input[1], *weight = node_input(node, 2), *y = node->output[0];
    const enum reduction reduction = loss_reduction(node);
    const int64_t size = shape_size(target->shape), classes = node->input[0]->shape.dim[1];
    const bool ignores = node_attribute(node, "ignore_index") != NULL;
    const int64_t ignored = node_int(node, "ignore_index", 0);
    int64_t at[MAX_RANK] = {0};
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < size; i++, shape_next(target->shape, at)) {
        const int64_t class = element_integer(target->type, input[1], i);
        const bool counts = class >= 0 && class < classes && !(ignores && class == ignored);
        const double factor = !counts ? 0 : weight ? element_real(weight->type, input[2], class) : 1;
        const double term = counts ? -score[score_offset(node, at, class)] * factor : 0;
        if (reduction == REDUCTION_NONE)
            element_set_real(y->type, loss, i, term);
        sum += term;
        weights += factor;
    }
    if (reduction != REDUCTION_NONE)
        element_set_real(y->type, loss, 0, reduction == REDUCTION_MEAN ? sum / weights : sum);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct arena arena = {0};
    const struct tensor *x = node->input[0], *target = node->input[1];
    const int64_t size = shape_size(x->shape), lines = shape_size(target->shape);
    double *score = arena_array(&arena, (size_t)size, sizeof *score);
    for (int64_t i = 0; i < size; i++)
        score[i] = element_real(x->type, input[0], i);
    int64_t at[MAX_RANK] = {0};
    for (int64_t i = 0; i < lines && *node->op->type == 'S'; i++, shape_next(target->shape, at)) {
        const double shift = log_sum_exp(node, score, at);
        for (int64_t c = 0; c < x->shape.dim[1]; c++)
            score[score_offset(node, at, c)] -= shift;
    }
    evaluate_loss(node, score, input, output[0]);
    for (int64_t i = 0; i < size && node_output(node, 1); i++)
        element_set_real(x->type, output[1], i, score[i]);
    arena_free(&arena);
}

/* A reduced loss reads everything. */
static struct region reads(const struct node *node, int input, int output, struct region region)
{
    struct region need = region_whole(node->input[input]->shape);
    if (output == 1) {
        for (int a = 0; a < need.rank && input == 0; a++)
            if (a != 1)
                need.axis[a] = region.axis[a];
        return need;
    }
    if (input == 2 || loss_reduction(node) != REDUCTION_NONE)
        return need;
    for (int a = 0; a < region.rank; a++)
        need.axis[input == 0 && a ? a + 1 : a] = region.axis[a];
    return need;
}

#define ROW(name, outputs)                                                                                   \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 13, .min_inputs = 2, .max_inputs = 3,                   \
        .max_outputs = outputs, .types = TYPES_FLOAT, .attributes = "ignore_index reduction ",               \
        .infer = infer, .evaluate = evaluate, .reads = reads                                                 \
    }

const struct op loss_rows[] = {
    ROW("NegativeLogLikelihoodLoss", 1),
    ROW("SoftmaxCrossEntropyLoss", 2),
    {.type = NULL},
};
