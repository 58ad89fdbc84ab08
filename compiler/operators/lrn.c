/* lrn.c -- LRN: local response normalisation across channels. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>

/* Channels that channel `at` looks at: size of them, one more above than below when size is even. */
static struct range channels_near(const struct node *node, struct range at)
{
    int64_t size = node_int(node, "size", 1), count = node->input[0]->shape.dim[1];
    struct range near = {at.begin - (size - 1) / 2, at.end + size / 2};
    return (struct range){near.begin < 0 ? 0 : near.begin, near.end > count ? count : near.end};
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    int64_t size = node_int(node, "size", 0);
    if (node->input[0]->shape.rank < 2)
        node_fail(node, "X has rank %d, expected at least 2", node->input[0]->shape.rank);
    if (size < 1 || size > INT32_MAX)
        node_fail(node, "size is %" PRId64 ", expected at least 1", size);
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    double alpha = (double)node_float(node, "alpha", 1e-4f), beta = (double)node_float(node, "beta", 0.75f);
    double bias = (double)node_float(node, "bias", 1), size = (double)node_int(node, "size", 1);
    int64_t count = shape_size(x->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++, shape_next(x->shape, at)) {
        struct range near = channels_near(node, (struct range){at[1], at[1] + 1});
        int64_t channel = at[1];
        double sum = 0;
        for (at[1] = near.begin; at[1] < near.end; at[1]++) {
            double value = element_real(x->type, input[0], shape_offset(x->shape, at));
            sum += value * value;
        }
        at[1] = channel;
        element_set_real(x->type, output[0], i,
                         element_real(x->type, input[0], i) / pow(bias + alpha / size * sum, beta));
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)input;
    (void)output;
    region.axis[1] = channels_near(node, region.axis[1]);
    return region;
}

const struct op lrn_rows[] = {
    {.type = "LRN",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "alpha beta bias size ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_reads},
    {.type = NULL},
};
