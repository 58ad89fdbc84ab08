/* export_opset.c -- how old an opset can be that still has the meaning of a node. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "export.h"

#include <string.h>

enum { LEAST_OPSET = 13 };

static bool is_stretched(const struct node *node)
{
    return !strcmp(node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch");
}

static int resize_opset(const struct node *node)
{
    if (!strcmp(node_string(node, "coordinate_transformation_mode", ""), "half_pixel_symmetric"))
        return 19;
    return node_attribute(node, "axes") || node_int(node, "antialias", 0) || !is_stretched(node) ? 18 : 13;
}

static int pad_opset(const struct node *node)
{
    return !strcmp(node_string(node, "mode", "constant"), "wrap") ? 19 : node_input(node, 3) ? 18 : 13;
}

static int split_opset(const struct node *node)
{
    return node_attribute(node, "num_outputs") ? 18 : 13;
}

static int reshape_opset(const struct node *node)
{
    return node_int(node, "allowzero", 0) ? 14 : 13;
}

/* Rounding up of the last window is said clearly from 19 on, dilations from 19 (Lp: 18) on. */
static int average_opset(const struct node *node)
{
    return node_attribute(node, "dilations") || node_int(node, "ceil_mode", 0) ? 19 : 13;
}

static int lp_opset(const struct node *node)
{
    return node_attribute(node, "dilations") || node_int(node, "ceil_mode", 0) ? 18 : 13;
}

/* Axes were an attribute before 18; export writes either. */
static int reduce_opset(const struct node *node)
{
    const struct tensor *axes = node_input(node, 1);
    return (axes && !tensor_is_constant(axes)) || node_int(node, "noop_with_empty_axes", 0) ? 18 : 13;
}

static int cast_opset(const struct node *node)
{
    return node_attribute(node, "saturate") || node_attribute(node, "round_mode") ? 19 : 13;
}

static int scatter_opset(const struct node *node)
{
    const char *reduction = node_string(node, "reduction", "none");
    return !strcmp(reduction, "none") ? 13 : !strcmp(reduction, "add") || !strcmp(reduction, "mul") ? 16 : 18;
}

static int recurrent_opset(const struct node *node)
{
    return node_int(node, "layout", 0) ? 14 : 13;
}

static int batch_normalization_opset(const struct node *node)
{
    return node_int(node, "training_mode", 0) ? 14 : 13;
}

/* Volumes came with 20, and other words for the modes; export writes either. */
static int grid_sample_opset(const struct node *node)
{
    return node->input[0]->shape.rank == 4 ? 16 : 20;
}

/* Only types were added since: to these they did not matter. */
static int same_since_13(const struct node *node)
{
    (void)node;
    return 13;
}

static const struct {
    const char *type;
    int (*opset)(const struct node *node);
} older[] = {
    {"Add", same_since_13},
    {"AveragePool", average_opset},
    {"BatchNormalization", batch_normalization_opset},
    {"Cast", cast_opset},
    {"CumSum", same_since_13},
    {"Div", same_since_13},
    {"Equal", same_since_13},
    {"Flatten", same_since_13},
    {"GRU", recurrent_opset},
    {"GreaterOrEqual", same_since_13},
    {"GridSample", grid_sample_opset},
    {"Identity", same_since_13},
    {"LSTM", recurrent_opset},
    {"LeakyRelu", same_since_13},
    {"LessOrEqual", same_since_13},
    {"LpPool", lp_opset},
    {"Mul", same_since_13},
    {"PRelu", same_since_13},
    {"Pad", pad_opset},
    {"Pow", same_since_13},
    {"RNN", recurrent_opset},
    {"ReduceL1", reduce_opset},
    {"ReduceL2", reduce_opset},
    {"ReduceLogSum", reduce_opset},
    {"ReduceLogSumExp", reduce_opset},
    {"ReduceMax", reduce_opset},
    {"ReduceMean", reduce_opset},
    {"ReduceMin", reduce_opset},
    {"ReduceProd", reduce_opset},
    {"ReduceSumSquare", reduce_opset},
    {"Relu", same_since_13},
    {"Reshape", reshape_opset},
    {"Resize", resize_opset},
    {"ScatterElements", scatter_opset},
    {"ScatterND", scatter_opset},
    {"Split", split_opset},
    {"Squeeze", same_since_13},
    {"Sub", same_since_13},
    {"Transpose", same_since_13},
    {"Unsqueeze", same_since_13},
    {"Where", same_since_13},
};

/* Types that the opset has everywhere; others need what the row says. */
static bool has_old_type(const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    return !x || x->type == TYPE_FLOAT || x->type == TYPE_DOUBLE || x->type == TYPE_INT64 ||
           x->type == TYPE_INT32 || x->type == TYPE_BOOL;
}

int export_opset(const struct node *node)
{
    int since = node->op->since_version;
    for (size_t i = 0; i < sizeof older / sizeof *older; i++)
        if (!strcmp(node->op_type, older[i].type) && has_old_type(node))
            since = older[i].opset(node);
    return since > LEAST_OPSET ? since : LEAST_OPSET;
}
