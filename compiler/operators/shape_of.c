/* shape_of.c -- Shape, Size and ConstantOfShape: they always fold. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>

/* The axes that Shape lists: [begin, end). */
static struct range listed_axes(const struct node *node)
{
    int64_t rank = node->input[0]->shape.rank;
    struct range range = {node_int(node, "start", 0), node_int(node, "end", rank)};
    int64_t *bound[] = {&range.begin, &range.end};
    for (int i = 0; i < 2; i++) {
        if (*bound[i] < 0)
            *bound[i] += rank;
        *bound[i] = *bound[i] < 0 ? 0 : *bound[i] > rank ? rank : *bound[i];
    }
    if (range.end < range.begin)
        range.end = range.begin;
    return range;
}

static void infer_shape(struct graph *graph, struct node *node)
{
    (void)graph;
    struct range axes = listed_axes(node);
    output_set(node, 0, TYPE_INT64, (struct shape){.rank = 1, .dim = {axes.end - axes.begin}});
}

static void evaluate_shape(const struct node *node, const void *const input[], void *const output[])
{
    (void)input;
    struct range axes = listed_axes(node);
    for (int64_t i = axes.begin; i < axes.end; i++)
        ((int64_t *)output[0])[i - axes.begin] = node->input[0]->shape.dim[i];
}

static void infer_size(struct graph *graph, struct node *node)
{
    (void)graph;
    output_set(node, 0, TYPE_INT64, (struct shape){0});
}

static void evaluate_size(const struct node *node, const void *const input[], void *const output[])
{
    (void)input;
    *(int64_t *)output[0] = shape_size(node->input[0]->shape);
}

static const struct tensor *fill_value(const struct node *node)
{
    const struct attribute *value = node_attribute(node, "value");
    if (value && (value->kind != ATTRIBUTE_TENSOR || !value->tensor || shape_size(value->tensor->shape) != 1))
        node_fail(node, "attribute value is not a tensor of one element");
    return value ? value->tensor : NULL;
}

static void settle_constant(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 0))
        return;
    const struct shape y = settled_shape(graph, node, 0, "the shape", -1);
    settle_input(graph, node, 0, "shape", HOLDS_EQUAL, y.rank, y.dim, (struct shape){0});
}

static void infer_constant(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *list = constant_input(node, 0, "the shape"), *value = fill_value(node);
    struct shape shape = {0};
    if (list->shape.rank != 1 || list->shape.dim[0] > MAX_RANK)
        node_fail(node, "the shape is no list of at most %d numbers", MAX_RANK);
    shape.rank = (int)list->shape.dim[0];
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = tensor_int(list, i);
        if (shape.dim[i] < 0)
            node_fail(node, "the shape holds %" PRId64, shape.dim[i]);
    }
    output_set(node, 0, value ? value->type : TYPE_FLOAT, shape);
}

static void evaluate_constant(const struct node *node, const void *const input[], void *const output[])
{
    (void)input;
    const struct tensor *value = fill_value(node), *y = node->output[0];
    int64_t size = shape_size(y->shape);
    for (int64_t i = 0; i < size; i++)
        if (value)
            element_copy(y->type, output[0], i, value->data, 0);
        else
            element_set_real(y->type, output[0], i, 0);
}

const struct op shape_of_rows[] = {
    {.type = "ConstantOfShape",
     .domain = "",
     .since_version = 9,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_INT64),
     .attributes = "value ",
     .settle = settle_constant,
     .infer = infer_constant,
     .evaluate = evaluate_constant},
    {.type = "Shape",
     .domain = "",
     .since_version = 15,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "end start ",
     .infer = infer_shape,
     .evaluate = evaluate_shape,
     .shape_only = true},
    {.type = "Size",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .infer = infer_size,
     .evaluate = evaluate_size,
     .shape_only = true},
    {.type = NULL},
};
