/* forward.c -- a graph over many samples at a time. */
/* SPDX-License-Identifier: MIT */
#include "forward_inner.h"

#include "../operators/op.h"
#include "../support/fail.h"
#include "parallel.h"

#include <stdlib.h>

size_t tensor_bytes(const struct tensor *tensor)
{
    return (size_t)shape_size(tensor->shape) * type_size(tensor->type);
}

void forward_check(const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        if (!node->op || !node->op->evaluate)
            node_fail(node, "cannot be computed on calibration data, which --prune needs");
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                node_fail(node, "has a subgraph, which --prune cannot run on calibration data");
    }
}

/* ---- what has no fast form ---- */

static void evaluate_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct job *job = data;
    const struct node *node = job->node;
    const void *input[64];
    void *output[64];
    for (int i = 0; i < node->input_count; i++)
        input[i] = job->input[i].data ? job_input(job, i, sample) : NULL;
    for (int k = 0; k < node->output_count; k++)
        output[k] = job->output[k]
                        ? (char *)job->output[k] + (size_t)sample * tensor_bytes(node->output[k])
                        : NULL;
    node->op->evaluate(node, input, output);
}

static bool evaluate(const struct job *job)
{
    if (job->node->input_count > 64 || job->node->output_count > 64)
        node_fail(job->node, "more than 64 inputs or outputs, which --prune cannot compute");
    parallel_run(job->samples, evaluate_sample, (void *)(uintptr_t)job);
    return true;
}

void forward_node(const struct node *node, int64_t samples, const struct stack input[], void *const output[])
{
    const struct job job = {node, samples, input, output};
    if (!forward_winograd(&job) && !forward_conv(&job) && !forward_conv_transpose(&job) && !forward_product(&job) &&
        !forward_elementwise(&job) && !forward_pool(&job))
        evaluate(&job);
}
