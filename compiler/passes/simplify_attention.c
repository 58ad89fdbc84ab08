/* simplify_attention.c -- Attention without a cache of its own: past and new keys and values are joined before it. */
/* SPDX-License-Identifier: MIT */
#include "../operators/attention.h"
#include "../operators/op.h"
#include "edit.h"
#include "simplify.h"

/* Input i of rank 3 as [batch][head][row][width]. */
static struct tensor *apart(struct graph *graph, const struct node *node, struct tensor *x, const struct heads *heads)
{
    static const int64_t order[] = {0, 2, 1, 3};
    if (heads->rank == 4)
        return x;
    const int64_t rows[] = {heads->batches, heads->rows, heads->heads, heads->width};
    struct node *reshape = node_insert(graph, node, "Reshape", 2, x), *turn = node_insert(graph, node, "Transpose", 1, x);
    reshape->input[0] = x;
    reshape->input[1] = new_integers(graph, reshape->name, 4, rows);
    turn->input[0] = reshape->output[0];
    reshape->output[0]->shape = turn->output[0]->shape = shape_of(4, rows);
    turn->output[0]->shape.dim[1] = heads->heads;
    turn->output[0]->shape.dim[2] = heads->rows;
    node_set_attribute(graph, turn,
                       (struct attribute){.name = "perm", .kind = ATTRIBUTE_INTS, .count = 4, .ints = order});
    return turn->output[0];
}

/* Past and new ones as one tensor, in place of input i; it is output i too where that is wanted. */
static void join(struct graph *graph, struct node *node, int i, const struct heads *heads)
{
    struct tensor *now = apart(graph, node, node->input[i], heads);
    struct tensor *past = node_input(node, i == 1 ? ATTENTION_PAST_KEY : ATTENTION_PAST_VALUE);
    struct tensor *present = node_output(node, i);
    node->input[i] = now;
    if (!past && !present)
        return;
    struct node *whole = node_insert(graph, node, past ? "Concat" : "Identity", past ? 2 : 1, now);
    whole->input[past ? 1 : 0] = now;
    if (past) {
        whole->input[0] = past;
        whole->output[0]->shape.dim[2] += past->shape.dim[2];
        node_set_attribute(graph, whole, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = 2});
    }
    if (present) {
        present->producer = whole;
        whole->output[0] = present;
        node->output[i] = NULL;
    }
    node->input[i] = whole->output[0];
}

bool join_attention_cache(struct graph *graph, struct node *node)
{
    if (!node_is(node, "Attention") ||
        (!node_input(node, ATTENTION_PAST_KEY) && !node_output(node, 1) && !node_output(node, 2)))
        return false;
    const struct attention a = attention_of(node);
    join(graph, node, 1, &a.k);
    join(graph, node, 2, &a.v);
    node_set_attribute(graph, node, (struct attribute){.name = "past_length", .kind = ATTRIBUTE_INT, .i = a.past});
    for (int i = ATTENTION_PAST_KEY; i <= ATTENTION_PAST_VALUE && i < node->input_count; i++)
        node->input[i] = NULL;
    return true;
}
