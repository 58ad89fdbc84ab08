/* backward_conv.c -- gradients of convolutions of one or two spatial axes. */
/* SPDX-License-Identifier: MIT */
#include "backward_inner.h"
#include "forward_conv.h"

#include "../passes/edit.h"
#include "parallel.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

struct back_conv {
    const struct backward *backward;
    struct conv conv;
    int64_t weights; /* elements */
};

/* One group of one image: dw += dy windows(x)', dx += windows'(w' dy); dw or dx may be NULL. `block`: scratch. */
static void multiply(const struct conv *conv, const float *w, const float *x, const float *dy, float *dw, float *dx,
                     float *block)
{
    int64_t map = conv->result[0] * conv->result[1];
    int depth = (int)(conv->channels * conv->taps), outputs = (int)conv->outputs;
    int64_t step = conv->plain ? map : conv->columns_at_once;
    for (int64_t at = 0; at < map; at += step) {
        int count = (int)(at + step < map ? step : map - at);
        if (dw) {
            if (!conv->plain)
                conv_gather(conv, x, at, at + count, block);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, outputs, depth, count, 1, dy + at, (int)map,
                        conv->plain ? x : block, count, 1, dw, depth);
        }
        if (dx)
            conv_spread(conv, w, dy, at, at + count, dx, block);
    }
}

/* Sums are kept in LANES parts that are added up last. */
enum { LANES = 8 };

static float sum_of(const float *a, int64_t count)
{
    float part[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++)
            part[k] += a[i + k];
    for (; i < count; i++)
        sum += a[i];
    for (int k = 0; k < LANES; k++)
        sum += part[k];
    return sum;
}

/* Of products. */
static float dot(const float *restrict a, const float *restrict b, int64_t step, int64_t count)
{
    float part[LANES] = {0}, sum = 0;
    int64_t i = 0;
    if (step == 1)
        for (; i + LANES <= count; i += LANES)
            for (int k = 0; k < LANES; k++)
                part[k] += a[i + k] * b[i + k];
    for (; i < count; i++)
        sum += a[i] * b[i * step];
    for (int k = 0; k < LANES; k++)
        sum += part[k];
    return sum;
}

/* One channel in, one out. */
static void convolve_map(const struct conv *conv, const float *w, const float *x, const float *dy, float *dw, float *dx)
{
    int64_t stride = conv->stride[1];
    for (int64_t tap = 0; tap < conv->taps; tap++) {
        int64_t shift, up = tap / conv->kernel[1] * conv->dilation[0] - conv->pad[0];
        struct range columns = conv_columns(conv, tap, &shift);
        int64_t count = columns.end - columns.begin;
        for (int64_t row = 0; row < conv->result[0]; row++) {
            int64_t from = row * conv->stride[0] + up, at = from * conv->size[1] + shift + columns.begin * stride;
            if (from < 0 || from >= conv->size[0])
                continue;
            const float *given = dy + row * conv->result[1] + columns.begin;
            if (dw)
                dw[tap] += dot(given, x + at, stride, count);
            if (dx)
                conv_add_line(dx + at, stride, given, 1, w[tap], count);
        }
    }
}

static void back_image(const struct back_conv *back, int64_t sample, int64_t within, float *dw, float *dbias, float *block)
{
    const struct conv *conv = &back->conv;
    const struct backward *b = back->backward;
    int64_t map = conv->result[0] * conv->result[1], input_map = conv->size[0] * conv->size[1];
    int64_t inputs = conv->groups * conv->channels * input_map, outputs = conv->groups * conv->outputs * map;
    const float *x = backward_input(b, 0, sample) + within * inputs, *w = b->input[1].data;
    const float *dy = b->given[0] + (sample * conv->images + within) * outputs;
    float *dx = b->wanted[0] ? b->wanted[0] + (sample * conv->images + within) * inputs : NULL;
    for (int64_t c = 0; dbias && c < conv->groups * conv->outputs; c++)
        dbias[c] += sum_of(dy + c * map, map);
    for (int64_t g = 0; g < conv->groups; g++) {
        int64_t skip = g * conv->outputs * conv->channels * conv->taps;
        const float *x_group = x + g * conv->channels * input_map, *dy_group = dy + g * conv->outputs * map;
        float *dx_group = dx ? dx + g * conv->channels * input_map : NULL;
        if (conv->channels == 1 && conv->outputs == 1)
            convolve_map(conv, w + skip, x_group, dy_group, dw ? dw + skip : NULL, dx_group);
        else
            multiply(conv, w + skip, x_group, dy_group, dw ? dw + skip : NULL, dx_group, block);
    }
}

/* `sum` holds the gradients of the weights and then of the bias. */
static void back_samples(void *data, int64_t first, int64_t count, float *sum)
{
    const struct back_conv *back = data;
    const struct conv *conv = &back->conv;
    const struct backward *b = back->backward;
    float *block = memory_new((size_t)(conv->channels * conv->taps * conv->columns_at_once), sizeof *block);
    bool biased = b->node->input_count > 2 && b->wanted[2];
    for (int64_t s = first; s < first + count; s++)
        for (int64_t i = 0; i < conv->images; i++)
            back_image(back, s, i, b->wanted[1] ? sum : NULL, biased ? sum + back->weights : NULL, block);
    free(block);
}

static void run(const struct backward *b)
{
    const struct job job = {b->node, b->samples, b->input, b->output};
    struct back_conv back = {.backward = b, .conv = conv_of(&job), .weights = shape_size(b->node->input[1]->shape)};
    int64_t outputs = back.conv.groups * back.conv.outputs;
    float *total = memory_new((size_t)(back.weights + outputs), sizeof *total);
    memset(total, 0, (size_t)(back.weights + outputs) * sizeof *total);
    backward_chunks(b, (size_t)(back.weights + outputs), total, back_samples, &back);
    for (int64_t i = 0; b->wanted[1] && i < back.weights; i++)
        b->wanted[1][i] += total[i];
    for (int64_t i = 0; b->node->input_count > 2 && b->wanted[2] && i < outputs; i++)
        b->wanted[2][i] += total[back.weights + i];
    free(total);
}

static bool can(const struct node *node, int input)
{
    return input < 3 && node_is(node, "Conv") && node->input[0]->shape.rank <= 4 && tensor_is_constant(node->input[1]);
}

const struct backward_kind backward_conv = {can, run};
