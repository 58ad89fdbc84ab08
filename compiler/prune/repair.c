/* repair.c -- new weights for a network that lost channels. */
/* SPDX-License-Identifier: MIT */
#include "repair.h"

#include "../passes/edit.h"
#include "matrix.h"
#include "parallel.h"
#include "readers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of samples that are kept at the frontier: about twice as much is needed while it moves. */
static const size_t KEPT_BYTES = (size_t)1800 << 20;

/* One group of a layer at work. Rows of W that were removed are left out of x. */
struct fit {
    struct layer *layer;
    const struct tensor *other; /* of an Add that follows, or NULL */
    int64_t group, each, rows;
    int64_t kept, columns;
    int64_t *row;      /* [kept]: which row of W */
    float *w;          /* kept x columns: the dense weights */
    float *dense;      /* linear.rows x columns: the same, whole */
    float *x, *error;  /* rows x kept, rows x columns: what the dense network's result is more */
    double *mean, *error_mean;
    double variance; /* of the dense results, summed over columns */
};

static void remove_rows(struct layer *layer, const struct channels *channels, const bool removed[])
{
    const struct linear *linear = &layer->linear;
    const struct tensor *weights = layer->node->input[linear->weights];
    for (int64_t s = 0; !linear->depthwise && s < linear->rows / linear->taps; s++) {
        int class = channels_class(channels, weights, linear->row_axis, s);
        if (class < 0 || !removed[class])
            continue;
        float *own = layer_own_weights(layer);
        for (int64_t p = s * linear->taps; p < (s + 1) * linear->taps; p++)
            for (int64_t m = 0; m < linear->columns; m++)
                own[linear_at(linear, 0, p, m)] = 0;
    }
}

void repair_nothing(struct layers *layers, const struct channels *channels, const bool removed[])
{
    for (int i = 0; i < layers->count; i++)
        remove_rows(&layers->item[i], channels, removed);
}

/* ---- gathering ---- */

static void gather_batch(void *data, const struct batch *batch)
{
    struct fit *fit = data;
    struct layer *layer = fit->layer;
    const struct linear *linear = &layer->linear;
    const struct tensor *input = layer->node->input[linear->data];
    int64_t rows = fit->each * batch->count, all = linear->rows, columns = fit->columns;
    float *x = fit->x + batch->first * fit->each * fit->kept, *error = fit->error + batch->first * fit->each * columns;
    float *unrolled = memory_new((size_t)(rows * all), sizeof *unrolled);
    layer_unroll(layer, batch_dense(batch, input), fit->group, batch->first, batch->count, fit->each, unrolled);
    memset(error, 0, (size_t)(rows * columns) * sizeof *error);
    product_add(error, unrolled, fit->dense, rows, all, columns);
    if (fit->other)
        layer_results(layer, batch_dense(batch, fit->other), fit->group, batch->first, batch->count, fit->each, 1, true,
                      error);
    fit->variance += columns_scatter(error, rows, columns) / (double)fit->rows;
    layer_unroll(layer, batch_pruned(batch, input), fit->group, batch->first, batch->count, fit->each, unrolled);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < fit->kept; i++)
            x[r * fit->kept + i] = unrolled[r * all + fit->row[i]];
    free(unrolled);
    float *now = memory_new((size_t)(rows * columns), sizeof *now);
    memset(now, 0, (size_t)(rows * columns) * sizeof *now);
    product_add(now, x, fit->w, rows, fit->kept, columns);
    for (int64_t i = 0; i < rows * columns; i++)
        error[i] -= now[i];
    free(now);
    if (fit->other)
        layer_results(layer, batch_pruned(batch, fit->other), fit->group, batch->first, batch->count, fit->each, -1,
                      true, error);
}

/* Subtract the mean of every column; a layer without a bias is fitted through the origin. */
static void centre(float *x, int64_t rows, int64_t columns, double *mean, bool biased)
{
    memset(mean, 0, (size_t)columns * sizeof *mean);
    if (!biased)
        return;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < columns; k++)
            mean[k] += (double)x[r * columns + k];
    for (int64_t k = 0; k < columns; k++)
        mean[k] /= (double)rows;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < columns; k++)
            x[r * columns + k] -= (float)mean[k];
}

/* ---- solving ---- */

static double sum_of_squares(const float *values, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sum;
}

/* change (kept x columns) that makes |error - x change|^2 + rows ridge |change|^2 least; by the smaller one of x'x
 * and xx'. false when the matrix was not positive. */
static bool solve_rows(const struct fit *fit, double ridge, float *change)
{
    int64_t rows = fit->rows, kept = fit->kept, columns = fit->columns;
    float *turned = memory_new((size_t)(rows * kept), sizeof *turned);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < kept; i++)
            turned[i * rows + r] = fit->x[r * kept + i];
    double *gram = memory_new((size_t)(rows * rows), sizeof *gram);
    double *side = memory_new((size_t)(rows * columns), sizeof *side);
    memset(gram, 0, (size_t)(rows * rows) * sizeof *gram);
    gram_add(gram, turned, kept, rows);
    for (int64_t r = 0; r < rows; r++)
        gram[r * rows + r] += ridge * (double)rows;
    for (int64_t i = 0; i < rows * columns; i++)
        side[i] = (double)fit->error[i];
    bool fine = matrix_factor(gram, rows);
    if (fine) {
        matrix_solve(gram, rows, side, columns);
        float *single = memory_new((size_t)(rows * columns), sizeof *single);
        for (int64_t i = 0; i < rows * columns; i++)
            single[i] = (float)side[i];
        memset(change, 0, (size_t)(kept * columns) * sizeof *change);
        product_add(change, turned, single, kept, rows, columns);
        free(single);
    }
    free(turned);
    free(gram);
    free(side);
    return fine;
}

static bool solve_columns(const struct fit *fit, double ridge, float *change)
{
    int64_t rows = fit->rows, kept = fit->kept, columns = fit->columns;
    double *gram = memory_new((size_t)(kept * kept), sizeof *gram);
    double *side = memory_new((size_t)(kept * columns), sizeof *side);
    memset(gram, 0, (size_t)(kept * kept) * sizeof *gram);
    memset(side, 0, (size_t)(kept * columns) * sizeof *side);
    gram_add(gram, fit->x, rows, kept);
    for (int64_t i = 0; i < kept; i++)
        gram[i * kept + i] += ridge * (double)rows;
    cross_add(side, fit->x, fit->error, rows, kept, columns);
    bool fine = matrix_factor(gram, kept);
    if (fine)
        matrix_solve(gram, kept, side, columns);
    for (int64_t i = 0; i < kept * columns; i++)
        change[i] = (float)side[i];
    free(gram);
    free(side);
    return fine;
}

static void store(const struct fit *fit, const float *change)
{
    struct layer *layer = fit->layer;
    const struct linear *linear = &layer->linear;
    int64_t columns = fit->columns;
    float *whole = memory_new((size_t)(linear->rows * columns), sizeof *whole);
    memset(whole, 0, (size_t)(linear->rows * columns) * sizeof *whole);
    for (int64_t i = 0; i < fit->kept; i++)
        for (int64_t k = 0; k < columns; k++)
            whole[fit->row[i] * columns + k] = fit->w[i * columns + k] + change[i * columns + k];
    layer_put(layer, layer_own_weights(layer), fit->group, whole);
    free(whole);
    if (!layer_has_bias(layer))
        return;
    float *bias = layer_own_bias(layer) + fit->group * columns;
    for (int64_t k = 0; k < columns; k++) {
        double shift = fit->error_mean[k];
        for (int64_t i = 0; i < fit->kept; i++)
            shift -= fit->mean[i] * (double)change[i * columns + k];
        bias[k] += (float)(shift / linear->bias_scale);
    }
}

static void solve(struct fit *fit)
{
    int64_t rows = fit->rows, kept = fit->kept, columns = fit->columns;
    bool biased = layer_has_bias(fit->layer);
    centre(fit->x, rows, kept, fit->mean, biased);
    centre(fit->error, rows, columns, fit->error_mean, biased);
    double mean = sum_of_squares(fit->x, rows * kept) / (double)rows / (double)kept;
    double ridge = mean * (rows < GUARD_ROWS * kept ? THIN_RIDGE : RIDGE);
    float *change = memory_new((size_t)(kept * columns), sizeof *change);
    if (!(ridge > 0) || !(rows < kept ? solve_rows(fit, ridge, change) : solve_columns(fit, ridge, change)))
        memset(change, 0, (size_t)(kept * columns) * sizeof *change);
    store(fit, change);
    for (int64_t i = 0; i < kept * columns; i++)
        change[i] = -change[i];
    product_add(fit->error, fit->x, change, rows, kept, columns);
    free(change);
    if (fit->variance > 0)
        fit->layer->error += sum_of_squares(fit->error, rows * columns) / (double)rows / fit->variance;
}

/* ---- layers ---- */

/* The other summand when the layer writes the last one of an Add; it was computed before. */
static const struct tensor *other_summand(const struct graph *graph, const struct layer *layer)
{
    const struct tensor *y = layer->node->output[0];
    const struct node *add = graph_only_reader(graph, y);
    if (!node_is(add, "Add") || add->input[0] == add->input[1])
        return NULL;
    const struct tensor *other = add->input[add->input[0] == y];
    if (tensor_is_constant(other) || !shape_equal(other->shape, y->shape))
        return NULL;
    for (int n = layer->position; n < graph->node_count; n++)
        if (other->producer == graph->node[n])
            return NULL;
    return other;
}

static void refit_group(struct replay *replay, struct layer *layer, const struct tensor *other, int64_t group,
                        const bool kept[])
{
    const struct linear *linear = &layer->linear;
    int64_t samples = replay->calibration->samples;
    struct fit fit = {.layer = layer, .other = other, .group = group, .columns = linear->columns};
    fit.each = layer_rows(layer, samples);
    fit.rows = fit.each * samples;
    fit.row = memory_new((size_t)linear->rows, sizeof *fit.row);
    for (int64_t p = 0; p < linear->rows; p++)
        if (kept[p])
            fit.row[fit.kept++] = p;
    fit.dense = memory_new((size_t)(linear->rows * fit.columns), sizeof *fit.dense);
    layer_get(layer, layer->node->input[linear->weights]->data, group, fit.dense);
    fit.w = memory_new((size_t)(fit.kept * fit.columns), sizeof *fit.w);
    for (int64_t i = 0; i < fit.kept; i++)
        memcpy(fit.w + i * fit.columns, fit.dense + fit.row[i] * fit.columns, (size_t)fit.columns * sizeof *fit.w);
    fit.x = memory_new((size_t)(fit.rows * fit.kept), sizeof *fit.x);
    fit.error = memory_new((size_t)(fit.rows * fit.columns), sizeof *fit.error);
    fit.mean = memory_new((size_t)fit.kept, sizeof *fit.mean);
    fit.error_mean = memory_new((size_t)fit.columns, sizeof *fit.error_mean);
    replay_run(replay, layer->position, (struct replay_visitor){.batch_done = gather_batch, .data = &fit});
    layer->rows = fit.rows;
    solve(&fit);
    free(fit.row);
    free(fit.dense);
    free(fit.w);
    free(fit.x);
    free(fit.error);
    free(fit.mean);
    free(fit.error_mean);
}

static void refit(struct replay *replay, struct layer *layer, const struct channels *channels, const bool removed[])
{
    const struct linear *linear = &layer->linear;
    const struct tensor *weights = layer->node->input[linear->weights];
    const struct tensor *other = other_summand(replay->graph, layer);
    bool *kept = memory_new((size_t)linear->rows, sizeof *kept), lost = false;
    for (int64_t p = 0; p < linear->rows; p++) {
        int class = linear->depthwise ? -1 : channels_class(channels, weights, linear->row_axis, p / linear->taps);
        kept[p] = class < 0 || !removed[class];
        lost |= !kept[p];
    }
    if (lost || replay->differs[layer->node->input[linear->data]->id] || (other && replay->differs[other->id])) {
        if (!linear->depthwise) {
            replay_advance(replay, layer->position, KEPT_BYTES);
            for (int64_t g = 0; g < linear->group; g++)
                refit_group(replay, layer, other, g, kept);
            layer->refitted = true;
        }
    }
    free(kept);
}

void repair(struct replay *replay, struct layers *layers, const struct channels *channels, const bool removed[],
            void (*progress)(void *data, int done, int all), void *data)
{
    for (int i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->item[i];
        refit(replay, layer, channels, removed);
        if (!layer->refitted)
            remove_rows(layer, channels, removed);
        replay_compare(replay);
        if (progress)
            progress(data, i + 1, layers->count);
    }
}
