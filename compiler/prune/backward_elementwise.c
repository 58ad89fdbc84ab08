/* backward_elementwise.c -- gradients of element-wise operators, of Softmax and of normalisations. */
/* SPDX-License-Identifier: MIT */
#include "backward_inner.h"
#include "forward_inner.h"

#include "../operators/op.h"
#include "../passes/edit.h"
#include "parallel.h"

#include <math.h>

/* ---- element-wise ---- */

enum { MAX_OPERANDS = 4 };

struct elements {
    const struct backward *backward;
    int operands;
    int64_t inner[MAX_OPERANDS], size[MAX_OPERANDS]; /* see forward_pattern() */
    int64_t count;
};

static bool elements_of(const struct node *node, struct elements *e)
{
    *e = (struct elements){.operands = node->input_count, .count = shape_size(node->output[0]->shape)};
    if (!node->op->real || e->operands > MAX_OPERANDS)
        return false;
    for (int k = 0; k < e->operands; k++)
        if (node->input[k] && (node->input[k]->type != TYPE_FLOAT ||
                               !forward_pattern(node->input[k]->shape, node->output[0]->shape, &e->inner[k], &e->size[k])))
            return false;
    return true;
}

/* The derivative by operand k, by two close arguments: every operator has one so. */
static double slope(const struct node *node, double x[], int k)
{
    double at = x[k], step = 1e-4 * (1 + fabs(at));
    x[k] = at + step;
    double above = node->op->real(node, x);
    x[k] = at - step;
    double below = node->op->real(node, x);
    x[k] = at;
    return isfinite(above - below) ? (above - below) / (2 * step) : 0;
}

static void back_any(const struct elements *e, const float *const operand[], const float *dy, int k, float *dx)
{
    double x[MAX_OPERANDS] = {0};
    for (int64_t i = 0; i < e->count; i++) {
        if (dy[i] == 0)
            continue;
        for (int o = 0; o < e->operands; o++)
            if (operand[o])
                x[o] = (double)operand[o][i / e->inner[o] % e->size[o]];
        dx[i / e->inner[k] % e->size[k]] += dy[i] * (float)slope(e->backward->node, x, k);
    }
}

static void back_clip(const float *restrict x, float low, float high, int64_t count, const float *restrict dy, float *restrict dx)
{
    for (int64_t i = 0; i < count; i++) {
        float above = x[i] > low ? dy[i] : 0;
        dx[i] += x[i] < high ? above : 0;
    }
}

static void back_operand(const struct elements *e, const float *const operand[], const float *dy, int k, float *dx)
{
    const struct node *node = e->backward->node;
    bool whole = e->size[k] == e->count;
    double low, high;
    if (whole && node_is(node, "Relu")) {
        back_clip(operand[0], 0, INFINITY, e->count, dy, dx);
    } else if (whole && (node_is(node, "Add") || (node_is(node, "Sub") && k == 0))) {
        for (int64_t i = 0; i < e->count; i++)
            dx[i] += dy[i];
    } else if (whole && node_is(node, "Clip") && clip_bounds(node, &low, &high)) {
        back_clip(operand[0], (float)low, (float)high, e->count, dy, dx);
    } else {
        back_any(e, operand, dy, k, dx);
    }
}

static void back_elements_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct elements *e = data;
    const struct backward *b = e->backward;
    const float *operand[MAX_OPERANDS] = {NULL};
    for (int k = 0; k < e->operands; k++)
        operand[k] = node_input(b->node, k) ? backward_input(b, k, sample) : NULL;
    for (int k = 0; k < e->operands; k++)
        if (b->wanted[k])
            back_operand(e, operand, b->given[0] + sample * e->count, k, b->wanted[k] + sample * e->size[k]);
}

static void run_elements(const struct backward *b)
{
    struct elements e;
    if (!elements_of(b->node, &e))
        return;
    e.backward = b;
    parallel_run(b->samples, back_elements_sample, &e);
}

static bool can_elements(const struct node *node, int input)
{
    struct elements e;
    return !tensor_is_constant(node->input[input]) && elements_of(node, &e);
}

const struct backward_kind backward_elementwise = {can_elements, run_elements};

/* ---- Softmax ---- */

static void back_softmax_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct backward *b = data;
    struct shape shape = b->node->input[0]->shape;
    int axis = node_axis(b->node, -1);
    int64_t length = shape.dim[axis], step = 1, size = shape_size(shape);
    for (int a = axis + 1; a < shape.rank; a++)
        step *= shape.dim[a];
    const float *y = (const float *)b->output[0] + sample * size, *dy = b->given[0] + sample * size;
    float *dx = b->wanted[0] + sample * size;
    for (int64_t line = 0; line < size / length; line++) {
        int64_t start = line / step * step * length + line % step;
        float sum = 0;
        for (int64_t i = 0; i < length; i++)
            sum += y[start + i * step] * dy[start + i * step];
        for (int64_t i = 0; i < length; i++)
            dx[start + i * step] += y[start + i * step] * (dy[start + i * step] - sum);
    }
}

static void run_softmax(const struct backward *b)
{
    parallel_run(b->samples, back_softmax_sample, (void *)(uintptr_t)b);
}

static bool can_softmax(const struct node *node, int input)
{
    return input == 0 && node_is(node, "Softmax") && node->input[0]->shape.rank && !tensor_is_constant(node->input[0]);
}

const struct backward_kind backward_softmax = {can_softmax, run_softmax};

/* ---- normalisations: BatchNormalization with given statistics, LayerNormalization over the last axis ---- */

static void back_channels(const struct backward *b, int64_t sample)
{
    struct shape shape = b->node->input[0]->shape;
    const float *scale = b->input[1].data, *variance = b->input[4].data;
    float epsilon = node_float(b->node, "epsilon", 1e-5F);
    int64_t channels = shape.dim[1], size = shape_size(shape), inner = size / shape.dim[0] / channels;
    for (int64_t i = 0; i < size; i++) {
        int64_t c = i / inner % channels;
        b->wanted[0][sample * size + i] += b->given[0][sample * size + i] * scale[c] / sqrtf(variance[c] + epsilon);
    }
}

static void back_row(const struct backward *b, const float *x, const float *dy, int64_t width, float *dx)
{
    const float *scale = b->input[1].data;
    double mean = 0, square = 0, given = 0, along = 0, n = (double)width;
    for (int64_t i = 0; i < width; i++)
        mean += (double)x[i] / n;
    for (int64_t i = 0; i < width; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean) / n;
    double spread = sqrt(square + (double)node_float(b->node, "epsilon", 1e-5F));
    for (int64_t i = 0; i < width; i++) {
        given += (double)(dy[i] * scale[i]) / n;
        along += (double)(dy[i] * scale[i]) * ((double)x[i] - mean) / spread / n;
    }
    for (int64_t i = 0; i < width; i++)
        dx[i] += (float)(((double)(dy[i] * scale[i]) - given - ((double)x[i] - mean) / spread * along) / spread);
}

static void back_normal_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct backward *b = data;
    struct shape shape = b->node->input[0]->shape;
    if (node_is(b->node, "BatchNormalization")) {
        back_channels(b, sample);
        return;
    }
    int64_t size = shape_size(shape), width = shape.dim[shape.rank - 1];
    for (int64_t i = sample * size; i < (sample + 1) * size; i += width)
        back_row(b, backward_input(b, 0, sample) + (i - sample * size), b->given[0] + i, width, b->wanted[0] + i);
}

static void run_normal(const struct backward *b)
{
    parallel_run(b->samples, back_normal_sample, (void *)(uintptr_t)b);
}

static bool can_normal(const struct node *node, int input)
{
    bool channels = node_is(node, "BatchNormalization"), rows = node_is(node, "LayerNormalization");
    if (input || (!channels && !rows) || tensor_is_constant(node->input[0]) || node_int(node, "training_mode", 0))
        return false;
    for (int i = 1; i < node->input_count; i++)
        if (node->input[i] && (!tensor_is_constant(node->input[i]) || node->input[i]->type != TYPE_FLOAT))
            return false;
    struct shape x = node->input[0]->shape;
    return channels || (x.rank && node_axis(node, -1) == x.rank - 1 && shape_size(node->input[1]->shape) == x.dim[x.rank - 1]);
}

const struct backward_kind backward_normalization = {can_normal, run_normal};
