/* forward_conv.c -- convolutions of one or two spatial axes over many samples. */
/* SPDX-License-Identifier: MIT */
#include "forward_conv.h"

#include "../operators/conv.h"
#include "../passes/edit.h"
#include "parallel.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* Floats of a block of columns: it should stay in the second-level cache beside the weights. */
enum { BLOCK = 1 << 17 };

struct conv conv_of(const struct job *job)
{
    return conv_between(job, *conv_window(job->node), job->node->input[0]->shape, job->node->output[0]->shape);
}

struct conv conv_between(const struct job *job, struct window window, struct shape x, struct shape y)
{
    const struct shape w = job->node->input[1]->shape;
    struct conv conv = {.job = job,
                        .images = x.dim[0],
                        .channels = w.dim[1],
                        .outputs = w.dim[0] / window.group,
                        .groups = window.group,
                        .size = {1, 1},
                        .result = {1, 1},
                        .kernel = {1, 1},
                        .stride = {1, 1},
                        .dilation = {1, 1}};
    for (int a = 0; a < window.spatial; a++) {
        int to = a + 2 - window.spatial;
        conv.size[to] = x.dim[a + 2];
        conv.result[to] = y.dim[a + 2];
        conv.kernel[to] = window.kernel[a];
        conv.stride[to] = window.stride[a];
        conv.dilation[to] = window.dilation[a];
        conv.pad[to] = window.pad_begin[a];
    }
    conv.taps = conv.kernel[0] * conv.kernel[1];
    conv.plain = conv.taps == 1 && conv.stride[0] == 1 && conv.stride[1] == 1 && !conv.pad[0] && !conv.pad[1] &&
                 conv.size[0] == conv.result[0] && conv.size[1] == conv.result[1];
    int64_t depth = conv.channels * conv.taps, map = conv.result[0] * conv.result[1];
    conv.columns_at_once = BLOCK / depth > 64 ? BLOCK / depth : 64;
    if (conv.columns_at_once > map)
        conv.columns_at_once = map;
    return conv;
}

static void gather_line(struct conv_line line, float *map, float *block)
{
    for (int64_t i = 0; i < line.first; i++)
        block[i] = 0;
    if (line.step == 1)
        for (int64_t i = line.first; i < line.last; i++)
            block[i] = map[i];
    else
        for (int64_t i = line.first; i < line.last; i++)
            block[i] = map[i * line.step];
    for (int64_t i = line.last; i < line.count; i++)
        block[i] = 0;
}

void conv_gather(const struct conv *conv, const float *x, int64_t begin, int64_t end, float *block)
{
    conv_walk(conv, (float *)(uintptr_t)x, begin, end, block, gather_line);
}

static void scatter_line(struct conv_line line, float *map, float *block)
{
    if (line.step == 1)
        for (int64_t i = line.first; i < line.last; i++)
            map[i] += block[i];
    else
        for (int64_t i = line.first; i < line.last; i++)
            map[i * line.step] += block[i];
}

void conv_spread(const struct conv *conv, const float *w, const float *y, int64_t begin, int64_t end, float *x, float *block)
{
    int64_t map = conv->result[0] * conv->result[1];
    int depth = (int)(conv->channels * conv->taps), count = (int)(end - begin);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, depth, count, (int)conv->outputs, 1, w, depth, y + begin, (int)map,
                conv->plain ? 1 : 0, conv->plain ? x : block, count);
    if (!conv->plain)
        conv_walk(conv, x, begin, end, block, scatter_line);
}

static void multiply(const struct conv *conv, const float *w, const float *x, float *y, int worker)
{
    int64_t map = conv->result[0] * conv->result[1], depth = conv->channels * conv->taps;
    int64_t step = conv->plain ? map : conv->columns_at_once;
    for (int64_t at = 0; at < map; at += step) {
        int64_t count = at + step < map ? step : map - at;
        const float *from = x;
        if (!conv->plain) {
            conv_gather(conv, x, at, at + count, conv->block[worker]);
            from = conv->block[worker];
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)conv->outputs, (int)count, (int)depth, 1, w,
                    (int)depth, from, (int)count, 1, y + at, (int)map);
    }
}

struct range conv_columns(const struct conv *conv, int64_t tap, int64_t *shift)
{
    int64_t stride = conv->stride[1], last = -1;
    *shift = tap % conv->kernel[1] * conv->dilation[1] - conv->pad[1];
    int64_t first = *shift < 0 ? (-*shift + stride - 1) / stride : 0;
    if (conv->size[1] - 1 >= *shift)
        last = (conv->size[1] - 1 - *shift) / stride;
    return (struct range){first, last < conv->result[1] ? last + 1 : conv->result[1]};
}

void conv_add_line(float *restrict to, int64_t to_step, const float *restrict from, int64_t from_step, float factor, int64_t count)
{
    if (to_step == 1 && from_step == 1)
        for (int64_t i = 0; i < count; i++)
            to[i] += factor * from[i];
    else
        for (int64_t i = 0; i < count; i++)
            to[i * to_step] += factor * from[i * from_step];
}

/* One channel in, one out: no matrix to speak of. */
static void convolve_map(const struct conv *conv, const float *w, const float *x, float *y)
{
    for (int64_t tap = 0; tap < conv->taps; tap++) {
        int64_t shift, up = tap / conv->kernel[1] * conv->dilation[0] - conv->pad[0];
        struct range columns = conv_columns(conv, tap, &shift);
        for (int64_t row = 0; row < conv->result[0]; row++) {
            int64_t from = row * conv->stride[0] + up, stride = conv->stride[1];
            if (from >= 0 && from < conv->size[0])
                conv_add_line(y + row * conv->result[1] + columns.begin, 1,
                              x + from * conv->size[1] + shift + columns.begin * stride, stride, w[tap],
                              columns.end - columns.begin);
        }
    }
}

static void convolve_image(void *data, int64_t image, int worker)
{
    const struct conv *conv = data;
    const struct job *job = conv->job;
    int64_t map = conv->result[0] * conv->result[1], input_map = conv->size[0] * conv->size[1];
    int64_t sample = image / conv->images, within = image % conv->images;
    const float *x = job_input(job, 0, sample) + within * conv->groups * conv->channels * input_map;
    float *y = (float *)job->output[0] + image * conv->groups * conv->outputs * map;
    const float *w = job_input(job, 1, sample);
    const float *bias = node_input(job->node, 2) ? job_input(job, 2, sample) : NULL;
    for (int64_t c = 0; c < conv->groups * conv->outputs; c++)
        for (int64_t i = 0; i < map; i++)
            y[c * map + i] = bias ? bias[c] : 0;
    for (int64_t g = 0; g < conv->groups; g++) {
        const float *x_group = x + g * conv->channels * input_map;
        const float *w_group = w + g * conv->outputs * conv->channels * conv->taps;
        float *y_group = y + g * conv->outputs * map;
        if (conv->channels == 1 && conv->outputs == 1)
            convolve_map(conv, w_group, x_group, y_group);
        else
            multiply(conv, w_group, x_group, y_group, worker);
    }
}

bool forward_conv(const struct job *job)
{
    const struct node *node = job->node;
    if (!node_is(node, "Conv") || node->output[0]->type != TYPE_FLOAT || node->input[0]->shape.rank > 4 ||
        !shape_size(node->output[0]->shape))
        return false;
    struct conv conv = conv_of(job);
    int64_t depth = conv.channels * conv.taps;
    float *block[MOST_WORKERS];
    int workers = parallel_workers();
    conv.block = block;
    for (int w = 0; w < workers; w++)
        block[w] = memory_new((size_t)(depth * conv.columns_at_once), sizeof(float));
    parallel_run(job->samples * conv.images, convolve_image, &conv);
    for (int w = 0; w < workers; w++)
        free(block[w]);
    return true;
}
