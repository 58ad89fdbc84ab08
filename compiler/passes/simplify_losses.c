/* simplify_losses.c -- what only training has, in terms of what inference has. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "edit.h"
#include "simplify.h"

#include <string.h>

/* LogSoftmax over the classes, and NegativeLogLikelihoodLoss of that. */
bool split_cross_entropy(struct graph *graph, struct node *node)
{
    static const char *const kept[] = {"ignore_index", "reduction"};
    const struct attribute *attribute[2];
    if (!node_is(node, "SoftmaxCrossEntropyLoss") || node->epilogue.activation || node->epilogue.residual)
        return false;
    struct node *logarithm = node_insert(graph, node, "LogSoftmax", 1, node->input[0]);
    logarithm->input[0] = node->input[0];
    node_set_attribute(graph, logarithm, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = 1});
    if (node_output(node, 1)) {
        logarithm->output[0] = node->output[1];
        node->output_count = 1;
    }
    for (int i = 0; i < 2; i++)
        attribute[i] = node_attribute(node, kept[i]);
    struct tensor *input[] = {logarithm->output[0], node->input[1], node_input(node, 2)};
    node_become(graph, node, "NegativeLogLikelihoodLoss", input[2] ? 3 : 2, input);
    for (int i = 0; i < 2; i++)
        if (attribute[i])
            node_set_attribute(graph, node, *attribute[i]);
    return true;
}

/* Outside of training everything stays. */
bool fold_mask(struct graph *graph, struct node *node)
{
    struct tensor *mask = node_is(node, "Dropout") ? node_output(node, 1) : NULL;
    if (!mask)
        return false;
    const size_t size = (size_t)shape_size(mask->shape);
    uint8_t *ones = arena_array(graph->arena, size + 1, sizeof *ones);
    memset(ones, 1, size);
    mask->data = ones;
    mask->producer = NULL;
    node->output[1] = NULL;
    node->output_count = 1;
    return true;
}
