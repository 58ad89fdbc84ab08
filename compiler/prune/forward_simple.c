/* forward_simple.c -- element-wise operators and pools over many samples. */
/* SPDX-License-Identifier: MIT */
#include "forward_inner.h"

#include "../operators/op.h"
#include "../passes/edit.h"
#include "parallel.h"

#include <math.h>

/* ---- element-wise ---- */

enum { MAX_OPERANDS = 4 };

/* Element i of the result reads element i / inner % size of operand k. */
struct elementwise {
    const struct job *job;
    int operands;
    int64_t inner[MAX_OPERANDS], size[MAX_OPERANDS];
    int64_t count; /* elements of a sample's result */
};

bool forward_pattern(struct shape operand, struct shape result, int64_t *inner, int64_t *size)
{
    int shift = result.rank - operand.rank, last = -1, first = -1;
    for (int a = 0; a < operand.rank; a++)
        if (operand.dim[a] != 1) {
            first = first < 0 ? a : first;
            last = a;
        }
    *inner = *size = 1;
    for (int a = first < 0 ? 1 : first; a <= last; a++) {
        if (operand.dim[a] != result.dim[a + shift])
            return false;
        *size *= operand.dim[a];
    }
    for (int a = last + 1; last >= 0 && a < operand.rank; a++)
        *inner *= result.dim[a + shift];
    return true;
}

static void compute_any(const struct elementwise *e, const float *const operand[], float *y)
{
    const struct node *node = e->job->node;
    double x[MAX_OPERANDS] = {0};
    for (int64_t i = 0; i < e->count; i++) {
        for (int k = 0; k < e->operands; k++)
            if (operand[k])
                x[k] = (double)operand[k][e->size[k] == e->count ? i : i / e->inner[k] % e->size[k]];
        y[i] = (float)node->op->real(node, x);
    }
}

static void clip(const float *restrict x, float low, float high, int64_t count, float *restrict y)
{
    for (int64_t i = 0; i < count; i++) {
        float value = x[i] > low ? x[i] : low;
        y[i] = value < high ? value : high;
    }
}

static void compute_elements(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct elementwise *e = data;
    const struct node *node = e->job->node;
    const float *x[MAX_OPERANDS] = {NULL};
    float *y = (float *)e->job->output[0] + sample * e->count;
    for (int k = 0; k < e->operands; k++)
        x[k] = node_input(node, k) ? job_input(e->job, k, sample) : NULL;
    double low, high;
    if (node_is(node, "Relu")) {
        for (int64_t i = 0; i < e->count; i++)
            y[i] = x[0][i] > 0 ? x[0][i] : 0;
    } else if (node_is(node, "Add") && e->size[0] == e->count && e->size[1] == e->count) {
        for (int64_t i = 0; i < e->count; i++)
            y[i] = x[0][i] + x[1][i];
    } else if (node_is(node, "Clip") && clip_bounds(node, &low, &high)) {
        clip(x[0], (float)low, (float)high, e->count, y);
    } else {
        compute_any(e, x, y);
    }
}

bool forward_elementwise(const struct job *job)
{
    const struct node *node = job->node;
    struct elementwise e = {.job = job, .operands = node->input_count};
    if (!node->op->real || e.operands > MAX_OPERANDS || node->output[0]->type != TYPE_FLOAT)
        return false;
    struct shape result = node->output[0]->shape;
    e.count = shape_size(result);
    for (int k = 0; k < e.operands; k++)
        if (node->input[k] && (node->input[k]->type != TYPE_FLOAT ||
                               !forward_pattern(node->input[k]->shape, result, &e.inner[k], &e.size[k])))
            return false;
    parallel_run(job->samples, compute_elements, &e);
    return true;
}

/* ---- pools of two spatial axes ---- */

struct range pool_taps(const struct window *window, int axis, int64_t at, int64_t size)
{
    int64_t begin = at * window->stride[axis] - window->pad_begin[axis], end = begin + window->kernel[axis];
    return (struct range){begin < 0 ? 0 : begin, end > size ? size : end};
}

static void pool_map(const struct pool *pool, const float *x, float *y)
{
    for (int64_t row = 0; row < pool->result[0]; row++)
        for (int64_t column = 0; column < pool->result[1]; column++) {
            struct range rows = pool_taps(&pool->window, 0, row, pool->size[0]);
            struct range columns = pool_taps(&pool->window, 1, column, pool->size[1]);
            float sum = 0, most = -INFINITY;
            for (int64_t r = rows.begin; r < rows.end; r++)
                for (int64_t c = columns.begin; c < columns.end; c++) {
                    float value = x[r * pool->size[1] + c];
                    sum += value;
                    most = value > most ? value : most;
                }
            int64_t count = pool->include_pad
                                ? pool->window.kernel[0] * pool->window.kernel[1]
                                : (rows.end - rows.begin) * (columns.end - columns.begin);
            y[row * pool->result[1] + column] = !pool->average ? most : count > 0 ? sum / (float)count : 0;
        }
}

static void pool_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct pool *pool = data;
    const float *x = job_input(pool->job, 0, sample);
    int64_t from = pool->size[0] * pool->size[1], to = pool->result[0] * pool->result[1];
    float *y = (float *)pool->job->output[0] + sample * pool->maps * to;
    for (int64_t m = 0; m < pool->maps; m++)
        pool_map(pool, x + m * from, y + m * to);
}

bool pool_of(const struct job *job, struct pool *pool)
{
    const struct node *node = job->node;
    bool global = node_is(node, "GlobalAveragePool") || node_is(node, "GlobalMaxPool");
    bool window = node_is(node, "AveragePool") || node_is(node, "MaxPool");
    struct shape x = node->input[0] ? node->input[0]->shape : (struct shape){0};
    if ((!global && !window) || x.rank != 4 || node->output[0]->type != TYPE_FLOAT || node_output(node, 1))
        return false;
    struct shape y = node->output[0]->shape;
    *pool = (struct pool){.job = job,
                          .maps = x.dim[0] * x.dim[1],
                          .size = {x.dim[2], x.dim[3]},
                          .result = {y.dim[2], y.dim[3]},
                          .average = node_is(node, "AveragePool") || node_is(node, "GlobalAveragePool")};
    if (global) {
        pool->window = (struct window){.spatial = 2, .kernel = {x.dim[2], x.dim[3]}, .stride = {1, 1}};
        return true;
    }
    pool->window = *pool_window(node);
    pool->include_pad = pool->average && node_int(node, "count_include_pad", 0);
    /* ceil_mode, dilations: too rare for a fast form. */
    return !node_int(node, "ceil_mode", 0) && pool->window.dilation[0] == 1 && pool->window.dilation[1] == 1;
}

bool forward_pool(const struct job *job)
{
    struct pool pool;
    if (!pool_of(job, &pool))
        return false;
    parallel_run(job->samples, pool_sample, &pool);
    return true;
}
