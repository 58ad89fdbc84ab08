/* cut.c -- takes slices out of a graph. */
/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <assert.h>
#include <string.h>

/* Copy what stays of the axes from `axis` on; `from` and `to` move along. `last` is the last axis that loses
 * slices, `block` the bytes below one index of it. */
struct copy {
    const struct cut *cut;
    const struct tensor *tensor;
    int last;
    size_t block;
};

static void copy_axis(const struct copy *copy, int axis, const char **from, char **to, bool keeps)
{
    for (int64_t i = 0; i < copy->tensor->shape.dim[axis]; i++) {
        bool stays = keeps && cut_keeps(copy->cut, copy->tensor, axis, i);
        if (axis < copy->last) {
            copy_axis(copy, axis + 1, from, to, stays);
            continue;
        }
        if (stays) {
            memcpy(*to, *from, copy->block);
            *to += copy->block;
        }
        *from += copy->block;
    }
}

static void cut_constant(struct arena *arena, const struct cut *cut, struct tensor *tensor, struct shape left)
{
    struct copy copy = {.cut = cut, .tensor = tensor, .last = -1, .block = type_size(tensor->type)};
    for (int axis = 0; axis < left.rank; axis++)
        if (left.dim[axis] != tensor->shape.dim[axis])
            copy.last = axis;
    if (copy.last < 0)
        return;
    for (int axis = copy.last + 1; axis < left.rank; axis++)
        copy.block *= (size_t)left.dim[axis];
    char *data = arena_alloc(arena, (size_t)shape_size(left) * type_size(tensor->type)), *to = data;
    const char *from = tensor->data;
    copy_axis(&copy, 0, &from, &to, true);
    tensor->data = data;
}

static bool loses(const struct node *node, const struct shape left[])
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && !shape_equal(node->input[i]->shape, left[node->input[i]->id]))
            return true;
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && !shape_equal(node->output[k]->shape, left[node->output[k]->id]))
            return true;
    return false;
}

void graph_cut(struct graph *graph, const struct channels *channels, bool removed[])
{
    const struct couples *couples = &channels->couples;
    int count = graph->tensor_count, nodes = graph->node_count; /* hooks make new constants */
    channels_keep_one(channels, removed);
    bool *goes = arena_array(graph->arena, (size_t)couples->slice_count, sizeof *goes);
    for (int64_t s = 0; s < couples->slice_count; s++)
        goes[s] = channels->class_of[s] >= 0 && removed[channels->class_of[s]];
    const struct cut cut = {.couples = couples, .goes = goes};
    struct shape *left = arena_array(graph->arena, (size_t)count, sizeof *left);
    for (int t = 0; t < count; t++)
        left[t] = cut_shape(&cut, graph->tensor[t]);
    for (int n = 0; n < nodes; n++)
        if (graph->node[n]->op->cut && loses(graph->node[n], left))
            graph->node[n]->op->cut(graph, graph->node[n], &cut);
    for (int t = 0; t < count; t++)
        if (tensor_is_constant(graph->tensor[t]))
            cut_constant(graph->arena, &cut, graph->tensor[t], left[t]);
    for (int t = 0; t < count; t++)
        graph->tensor[t]->shape = left[t];
    for (int n = 0; n < nodes; n++) {
        const struct node *node = graph->node[n];
        node_infer(graph, graph->node[n]);
        for (int k = 0; k < node->output_count; k++)
            assert(!node->output[k] || shape_equal(node->output[k]->shape, left[node->output[k]->id]));
    }
    graph_sweep(graph);
}
