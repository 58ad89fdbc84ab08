/* forward_conv_transpose.c -- transposed convolutions of one or two spatial axes over many samples: the way back of the convolution
 * from the result to the input. */
/* SPDX-License-Identifier: MIT */
#include "forward_conv.h"

#include "../passes/edit.h"
#include "parallel.h"

#include <stdlib.h>

static void spread_image(void *data, int64_t image, int worker)
{
    const struct conv *conv = data;
    const struct job *job = conv->job;
    int64_t from = conv->result[0] * conv->result[1], to = conv->size[0] * conv->size[1];
    int64_t sample = image / conv->images, within = image % conv->images, step = conv->plain ? from : conv->columns_at_once;
    const float *x = job_input(job, 0, sample) + within * conv->groups * conv->outputs * from, *w = job_input(job, 1, sample);
    const float *bias = node_input(job->node, 2) ? job_input(job, 2, sample) : NULL;
    float *y = (float *)job->output[0] + image * conv->groups * conv->channels * to;
    for (int64_t c = 0; c < conv->groups * conv->channels; c++)
        for (int64_t i = 0; i < to; i++)
            y[c * to + i] = bias ? bias[c] : 0;
    for (int64_t g = 0; g < conv->groups; g++)
        for (int64_t at = 0; at < from; at += step)
            conv_spread(conv, w + g * conv->outputs * conv->channels * conv->taps, x + g * conv->outputs * from, at,
                        at + step < from ? at + step : from, y + g * conv->channels * to, conv->block[worker]);
}

bool forward_conv_transpose(const struct job *job)
{
    const struct node *node = job->node;
    int64_t outputs[MAX_SPATIAL];
    if (!node_is(node, "ConvTranspose") || node->output[0]->type != TYPE_FLOAT || node->input[0]->shape.rank > 4 ||
        !shape_size(node->output[0]->shape))
        return false;
    struct conv conv =
        conv_between(job, conv_transpose_window(node, outputs), node->output[0]->shape, node->input[0]->shape);
    float *block[MOST_WORKERS];
    int workers = parallel_workers();
    conv.block = block;
    for (int w = 0; w < workers; w++)
        block[w] = memory_new((size_t)(conv.channels * conv.taps * conv.columns_at_once), sizeof(float));
    parallel_run(job->samples * conv.images, spread_image, &conv);
    for (int w = 0; w < workers; w++)
        free(block[w]);
    return true;
}
