/* forward_winograd.c -- wide 3x3 convolutions over many samples: F(4x4, 3x3) of Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", CVPR 2016, as 36 matrix products. */
/* SPDX-License-Identifier: MIT */
#include "forward_inner.h"

#include "../operators/conv.h"
#include "../passes/edit.h"
#include "parallel.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* TILE: outputs of a tile along each axis; POINTS: its transformed inputs. COLUMNS: tiles of one product, about: enough to make up
 * for packing the weights. Channels below LEAST are not worth the transforms. */
enum { TILE = 4, POINTS = 6, COLUMNS = 192, LEAST = 48 };

struct winograd {
    const struct job *job;
    int64_t images;            /* of a sample */
    int64_t channels, outputs;
    int64_t size[2], result[2], pad[2], tiles[2];
    int64_t lines_at_once; /* rows of tiles of a task */
    float *weights;        /* POINTS^2 x outputs x channels */
    float **work;          /* per worker: transformed inputs, their products, lines */
};

static int64_t columns_of(const struct winograd *w)
{
    return w->lines_at_once * w->tiles[1];
}

static int64_t line_length(const struct winograd *w)
{
    return TILE * w->tiles[1] + 2;
}

/* ---- weights ---- */

/* Of LANES filters at once. */
enum { LANES = 16 };

static void transform_filters(float g[3][LANES], float to[POINTS][LANES])
{
    for (int l = 0; l < LANES; l++) {
        float even = g[0][l] + g[2][l], quarter = g[0][l] * 0.25f + g[2][l];
        to[0][l] = g[0][l] * 0.25f;
        to[1][l] = (even + g[1][l]) * (-1 / 6.0f);
        to[2][l] = (even - g[1][l]) * (-1 / 6.0f);
        to[3][l] = (quarter + g[1][l] * 0.5f) * (1 / 6.0f);
        to[4][l] = (quarter - g[1][l] * 0.5f) * (1 / 6.0f);
        to[5][l] = g[2][l];
    }
}

static void transform_weights(void *data, int64_t output, int worker)
{
    (void)worker;
    const struct winograd *w = data;
    const float *g = job_input(w->job, 1, 0) + output * w->channels * 9;
    float *to = w->weights + output * w->channels;
    for (int64_t c = 0; c < w->channels; c += LANES) {
        int64_t count = w->channels - c < LANES ? w->channels - c : LANES;
        float filter[3][3][LANES] = {{{0}}}, rows[POINTS][3][LANES], half[POINTS][LANES], result[POINTS][LANES];
        for (int64_t l = 0; l < count; l++)
            for (int t = 0; t < 9; t++)
                filter[t / 3][t % 3][l] = g[(c + l) * 9 + t];
        for (int i = 0; i < 3; i++) {
            transform_filters(filter[i], half);
            for (int k = 0; k < POINTS; k++)
                memcpy(rows[k][i], half[k], sizeof half[k]);
        }
        for (int k = 0; k < POINTS; k++) {
            transform_filters(rows[k], result);
            for (int i = 0; i < POINTS; i++)
                memcpy(to + (i * POINTS + k) * w->outputs * w->channels + c, result[i], (size_t)count * sizeof(float));
        }
    }
}

/* ---- inputs ---- */

/* One row of the input between its zeros. */
static void read_line(const struct winograd *w, const float *map, int64_t row, float *line)
{
    int64_t length = line_length(w), begin = w->pad[1], end = begin + w->size[1];
    if (row < 0 || row >= w->size[0]) {
        memset(line, 0, (size_t)length * sizeof *line);
        return;
    }
    end = end < length ? end : length;
    memset(line, 0, (size_t)begin * sizeof *line);
    memcpy(line + begin, map + row * w->size[1], (size_t)(end - begin) * sizeof *line);
    memset(line + end, 0, (size_t)(length - end) * sizeof *line);
}

static void transform_down(const float *restrict d, float *restrict t, int64_t length)
{
    for (int64_t x = 0; x < length; x++) {
        float d0 = d[x], d1 = d[length + x], d2 = d[2 * length + x], d3 = d[3 * length + x], d4 = d[4 * length + x],
              d5 = d[5 * length + x];
        float a = d4 - 4 * d2, b = d3 - 4 * d1, c = d4 - d2, e = 2 * (d3 - d1);
        t[x] = 4 * d0 - 5 * d2 + d4;
        t[length + x] = a + b;
        t[2 * length + x] = a - b;
        t[3 * length + x] = c + e;
        t[4 * length + x] = c - e;
        t[5 * length + x] = 4 * d1 - 5 * d3 + d5;
    }
}

/* One line of t becomes POINTS rows of transformed inputs, `stride` apart. */
static void transform_along(const float *restrict t, float *restrict v, int64_t stride, int64_t tiles)
{
    for (int64_t x = 0; x < tiles; x++) {
        const float *d = t + TILE * x;
        float a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
        v[x] = 4 * d[0] - 5 * d[2] + d[4];
        v[stride + x] = a + b;
        v[2 * stride + x] = a - b;
        v[3 * stride + x] = c + e;
        v[4 * stride + x] = c - e;
        v[5 * stride + x] = 4 * d[1] - 5 * d[3] + d[5];
    }
}

/* Row `line` of tiles, counted through all images, becomes columns of v. */
static void transform_inputs(const struct winograd *w, int64_t line, float *v, int64_t column, float *lines)
{
    int64_t image = line / w->tiles[0], row = line % w->tiles[0] * TILE - w->pad[0], length = line_length(w);
    const float *x = job_input(w->job, 0, image / w->images) +
                     image % w->images * w->channels * w->size[0] * w->size[1];
    int64_t columns = columns_of(w), stride = w->channels * columns;
    float *down = lines + POINTS * length;
    for (int64_t c = 0; c < w->channels; c++) {
        for (int i = 0; i < POINTS; i++)
            read_line(w, x + c * w->size[0] * w->size[1], row + i, lines + i * length);
        transform_down(lines, down, length);
        for (int i = 0; i < POINTS; i++)
            transform_along(down + i * length, v + i * POINTS * stride + c * columns + column, stride, w->tiles[1]);
    }
}

/* ---- outputs ---- */

/* POINTS rows of products, `stride` apart, become a line for each of the tiles' columns: t[k][x]. */
static void gather_along(const float *restrict m, int64_t stride, float *restrict t, int64_t tiles)
{
    for (int64_t x = 0; x < tiles; x++) {
        float m0 = m[x], m1 = m[stride + x], m2 = m[2 * stride + x], m3 = m[3 * stride + x], m4 = m[4 * stride + x],
              m5 = m[5 * stride + x];
        float a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
        float *to = t + TILE * x;
        to[0] = m0 + a + c;
        to[1] = b + 2 * d;
        to[2] = a + 4 * c;
        to[3] = b + 8 * d + m5;
    }
}

/* Lines of t become TILE lines of the result. */
static void gather_down(const float *restrict t, int64_t length, float bias, float *restrict y)
{
    for (int64_t x = 0; x < length; x++) {
        float m0 = t[x], m1 = t[length + x], m2 = t[2 * length + x], m3 = t[3 * length + x], m4 = t[4 * length + x],
              m5 = t[5 * length + x];
        float a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
        y[x] = m0 + a + c + bias;
        y[length + x] = b + 2 * d + bias;
        y[2 * length + x] = a + 4 * c + bias;
        y[3 * length + x] = b + 8 * d + m5 + bias;
    }
}

static void transform_outputs(const struct winograd *w, int64_t line, const float *m, int64_t column, float *lines)
{
    int64_t image = line / w->tiles[0], row = line % w->tiles[0] * TILE, length = TILE * w->tiles[1];
    float *result = lines + POINTS * length;
    int64_t columns = columns_of(w), stride = w->outputs * columns, map = w->result[0] * w->result[1];
    int64_t rows = w->result[0] - row < TILE ? w->result[0] - row : TILE;
    float *y = (float *)w->job->output[0] + image * w->outputs * map + row * w->result[1];
    const float *bias = node_input(w->job->node, 2) ? job_input(w->job, 2, 0) : NULL;
    for (int64_t o = 0; o < w->outputs; o++) {
        for (int i = 0; i < POINTS; i++)
            gather_along(m + i * POINTS * stride + o * columns + column, stride, lines + i * length, w->tiles[1]);
        gather_down(lines, length, bias ? bias[o] : 0, result);
        for (int64_t r = 0; r < rows; r++)
            memcpy(y + o * map + r * w->result[1], result + r * length, (size_t)w->result[1] * sizeof *y);
    }
}

/* ---- all ---- */

static void convolve_lines(void *data, int64_t task, int worker)
{
    const struct winograd *w = data;
    int64_t columns = columns_of(w), lines = w->job->samples * w->images * w->tiles[0];
    int64_t first = task * w->lines_at_once;
    int64_t count = lines - first < w->lines_at_once ? lines - first : w->lines_at_once;
    float *v = w->work[worker], *m = v + POINTS * POINTS * w->channels * columns;
    float *scratch = m + POINTS * POINTS * w->outputs * columns;
    for (int64_t i = 0; i < count; i++)
        transform_inputs(w, first + i, v, i * w->tiles[1], scratch);
    for (int p = 0; p < POINTS * POINTS; p++)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)w->outputs, (int)(count * w->tiles[1]),
                    (int)w->channels, 1, w->weights + p * w->outputs * w->channels, (int)w->channels,
                    v + p * w->channels * columns, (int)columns, 0, m + p * w->outputs * columns, (int)columns);
    for (int64_t i = 0; i < count; i++)
        transform_outputs(w, first + i, m, i * w->tiles[1], scratch);
}

static bool pays(const struct job *job)
{
    const struct node *node = job->node;
    if (!node_is(node, "Conv") || node->output[0]->type != TYPE_FLOAT || node->input[0]->shape.rank != 4 ||
        job->input[1].stride || (node_input(node, 2) && job->input[2].stride))
        return false;
    const struct window window = *conv_window(node);
    const struct shape w = node->input[1]->shape, y = node->output[0]->shape;
    for (int a = 0; a < 2; a++)
        if (window.kernel[a] != 3 || window.stride[a] != 1 || window.dilation[a] != 1 || y.dim[a + 2] < TILE)
            return false;
    return window.group == 1 && w.dim[0] >= LEAST && w.dim[1] >= LEAST;
}

bool forward_winograd(const struct job *job)
{
    if (!pays(job))
        return false;
    const struct node *node = job->node;
    const struct window window = *conv_window(node);
    const struct shape x = node->input[0]->shape, y = node->output[0]->shape;
    struct winograd w = {.job = job, .images = x.dim[0], .channels = x.dim[1], .outputs = y.dim[1]};
    for (int a = 0; a < 2; a++) {
        w.size[a] = x.dim[a + 2];
        w.result[a] = y.dim[a + 2];
        w.pad[a] = window.pad_begin[a];
        w.tiles[a] = (w.result[a] + TILE - 1) / TILE;
    }
    w.lines_at_once = (COLUMNS + w.tiles[1] - 1) / w.tiles[1];
    w.weights = memory_new((size_t)(POINTS * POINTS * w.outputs * w.channels), sizeof *w.weights);
    float *work[MOST_WORKERS];
    int workers = parallel_workers();
    w.work = work;
    for (int i = 0; i < workers; i++)
        work[i] = memory_new((size_t)(POINTS * POINTS * (w.channels + w.outputs) * columns_of(&w) +
                                      2 * POINTS * line_length(&w)),
                             sizeof **work);
    parallel_run(w.outputs, transform_weights, &w);
    parallel_run((job->samples * w.images * w.tiles[0] + w.lines_at_once - 1) / w.lines_at_once, convolve_lines, &w);
    for (int i = 0; i < workers; i++)
        free(work[i]);
    free(w.weights);
    return true;
}
