/* sequence_map.c -- SequenceMap: its graph, once for every element of a sequence of known length. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

/* The sequences that the outputs are, for the next call: nodes that were put before the node come first. */
static void give(const struct node *node, const struct sequence *sequence)
{
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k])
            node->output[k]->sequence = &sequence[k];
}

/* What the graph reads for element `at`: of sequences that element, tensors whole. */
static struct tensor *input_at(const struct node *node, int i, int at)
{
    struct tensor *tensor = node->input[i];
    return tensor->sequence ? item_of(node, tensor->sequence, at) : tensor;
}

static int common_length(const struct node *node)
{
    const struct tensor *first = node_input(node, 0);
    if (!first || !first->sequence)
        node_fail(node, "input 0 is no sequence");
    for (int i = 1; i < node->input_count; i++)
        if (!node->input[i] || (node->input[i]->sequence && node->input[i]->sequence->count != first->sequence->count))
            node_fail(node, "input %d is missing, or a sequence of another length than %d", i, first->sequence->count);
    return first->sequence->count;
}

static void settle(struct graph *graph, struct node *node)
{
    if (node->settling) {
        give(node, node->settling);
        return;
    }
    const int count = common_length(node);
    struct inlining inlining = {.inner = body_of(node, "body", node->input_count)};
    const int results = inlining.inner->output_count;
    check_iterations(node, inlining.inner, count);
    if (results < node->output_count || !node_output(node, 0))
        node_fail(node, "the body has %d outputs but the node %d, of which the first must be there", results,
                  node->output_count);
    struct sequence *sequence = arena_array(graph->arena, (size_t)results, sizeof *sequence);
    struct tensor **in = arena_array(graph->arena, (size_t)node->input_count, sizeof *in),
                  **out = arena_array(graph->arena, (size_t)results, sizeof *out);
    for (int k = 0; k < results; k++)
        sequence[k] = (struct sequence){count, arena_array(graph->arena, (size_t)count + 1, sizeof *out)};
    for (int at = 0; at < count; at++) {
        for (int i = 0; i < node->input_count; i++)
            in[i] = input_at(node, i, at);
        graph_inline(graph, node, &inlining, in, node->when, out);
        for (int k = 0; k < results; k++)
            sequence[k].item[at] = out[k];
    }
    node->settling = sequence;
    give(node, sequence);
}

const struct op sequence_map_rows[] = {
    {.type = "SequenceMap",
     .domain = "",
     .since_version = 17,
     .min_inputs = 1,
     .max_inputs = -1,
     .max_outputs = INT32_MAX,
     .attributes = "body ",
     .settle = settle,
     .sequences = true},
    {.type = NULL},
};
