/* readers.c -- covariances of the inputs of layers that read removable channels. */
/* SPDX-License-Identifier: MIT */
#include "readers.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>

/* Larger matrices are not worth their time, nor are there often enough samples for them: rows are merged. */
enum { MOST_FEATURES = 2048 };

/* How many rows of W in a row belong to one channel, all channels alike; 1 when they differ. */
static int64_t rows_per_channel(const struct channels *channels, const struct layer *layer)
{
    const struct linear *linear = &layer->linear;
    const struct tensor *weights = layer->node->input[linear->weights];
    int64_t slices = linear->rows / linear->taps, run = 1;
    int first = channels_class(channels, weights, linear->row_axis, 0);
    while (run < slices && channels_class(channels, weights, linear->row_axis, run) == first && first >= 0)
        run++;
    for (int64_t s = 0; s < slices; s++)
        if (slices % run || channels_class(channels, weights, linear->row_axis, s) !=
                                channels_class(channels, weights, linear->row_axis, s / run * run))
            return linear->taps;
    return run * linear->taps;
}

static void reader_begin(struct reader *reader, const struct channels *channels, struct layer *layer)
{
    const struct linear *linear = &layer->linear;
    *reader = (struct reader){.layer = layer, .merge = 1};
    if (linear->rows > MOST_FEATURES)
        reader->merge = rows_per_channel(channels, layer);
    reader->size = linear->rows / reader->merge;
    reader->class = memory_new((size_t)reader->size, sizeof *reader->class);
    for (int64_t f = 0; f < reader->size; f++)
        reader->class[f] = channels_class(channels, layer->node->input[linear->weights], linear->row_axis,
                                          f * reader->merge / linear->taps);
    reader->inputs = moments_begin(reader->size);
    size_t columns = (size_t)linear->columns;
    reader->y_sum = memory_new(columns, sizeof *reader->y_sum);
    reader->y_square = memory_new(columns, sizeof *reader->y_square);
    memset(reader->y_sum, 0, columns * sizeof *reader->y_sum);
    memset(reader->y_square, 0, columns * sizeof *reader->y_square);
}

/* x (rows x size * merge) with every lane of merged rows as a row of its own. */
static float *split_lanes(const struct reader *reader, float *x, int64_t rows)
{
    int64_t size = reader->size, merge = reader->merge;
    float *split = memory_new((size_t)(rows * size * merge), sizeof *split);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t f = 0; f < size; f++)
            for (int64_t t = 0; t < merge; t++)
                split[(r * merge + t) * size + f] = x[(r * size + f) * merge + t];
    free(x);
    return split;
}

static void reader_add(struct reader *reader, const struct batch *batch)
{
    struct layer *layer = reader->layer;
    const struct linear *linear = &layer->linear;
    int64_t each = layer_rows(layer, batch->replay->calibration->samples), rows = each * batch->count;
    float *x = memory_new((size_t)(rows * linear->rows), sizeof *x);
    float *y = memory_new((size_t)(rows * linear->columns), sizeof *y);
    layer_unroll(layer, batch_dense(batch, layer->node->input[linear->data]), 0, batch->first, batch->count, each, x);
    layer_results(layer, batch_dense(batch, layer->node->output[0]), 0, batch->first, batch->count, each, 1, false, y);
    if (reader->merge > 1)
        x = split_lanes(reader, x, rows);
    moments_add(&reader->inputs, x, rows * reader->merge);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < linear->columns; k++) {
            double value = (double)y[r * linear->columns + k];
            reader->y_sum[k] += value;
            reader->y_square[k] += value * value;
        }
    free(x);
    free(y);
}

/* W W', merged lanes summed up. */
static void square_weights(struct reader *reader)
{
    const struct linear *linear = &reader->layer->linear;
    int64_t size = reader->size, width = reader->merge * linear->columns;
    float *w = memory_new((size_t)(linear->rows * linear->columns), sizeof *w);
    float *turned = memory_new((size_t)(linear->rows * linear->columns), sizeof *turned);
    layer_get(reader->layer, reader->layer->node->input[linear->weights]->data, 0, w);
    for (int64_t f = 0; f < size; f++)
        for (int64_t k = 0; k < width; k++)
            turned[k * size + f] = w[f * width + k];
    free(w);
    reader->square = memory_new((size_t)(size * size), sizeof *reader->square);
    memset(reader->square, 0, (size_t)(size * size) * sizeof *reader->square);
    gram_add(reader->square, turned, width, size);
    free(turned);
}

static void reader_finish(struct reader *reader, int copies)
{
    moments_finish(&reader->inputs);
    reader->copies = copies;
    double rows = (double)(reader->inputs.rows / reader->merge), mean = 0;
    for (int64_t k = 0; k < reader->layer->linear.columns; k++)
        reader->variance += reader->y_square[k] / rows - reader->y_sum[k] * reader->y_sum[k] / rows / rows;
    /* Taps of a convolution see the same pixels again. */
    int64_t seen = reader->inputs.rows;
    if (reader->merge > 1)
        seen /= reader->layer->linear.taps;
    reader->seen = seen / copies;
    reader->thin = reader->seen < GUARD_ROWS * reader->size;
    for (int64_t f = 0; f < reader->size; f++)
        mean += reader->inputs.gram[f * reader->size + f] / (double)reader->size;
    reader->ridge = mean * (seen < GUARD_ROWS * reader->size ? THIN_RIDGE : RIDGE);
    square_weights(reader);
}

static void add_batch(void *data, int position, const struct batch *batch)
{
    struct readers *readers = data;
    for (int i = 0; i < readers->count; i++)
        if (readers->item[i].layer->position == position)
            reader_add(&readers->item[i], batch);
}

struct readers readers_measure(struct replay *replay, const struct channels *channels, const bool may_go[])
{
    const struct layers *layers = replay->layers;
    struct readers readers = {.item = memory_new((size_t)layers->count, sizeof *readers.item)};
    bool *wanted = memory_new((size_t)replay->graph->node_count, sizeof *wanted);
    memset(wanted, 0, (size_t)replay->graph->node_count * sizeof *wanted);
    for (int n = 0; n < replay->graph->node_count; n++)
        for (int g = 0; g < channels->group_count; g++)
            for (int c = 0; may_go[g] && c < channels->group[g].consumer_count; c++)
                wanted[n] |= channels->group[g].consumer[c].node == replay->graph->node[n];
    int last = 0;
    for (int n = 0; n < replay->graph->node_count; n++)
        if (wanted[n] && layers->at[n] && layers->at[n]->linear.group == 1) {
            reader_begin(&readers.item[readers.count++], channels, layers->at[n]);
            last = n + 1;
        }
    free(wanted);
    replay_run(replay, last, (struct replay_visitor){.node_done = add_batch, .data = &readers});
    for (int i = 0; i < readers.count; i++)
        reader_finish(&readers.item[i], replay->calibration->copies);
    return readers;
}

void readers_free(struct readers *readers)
{
    for (int i = 0; i < readers->count; i++) {
        struct reader *reader = &readers->item[i];
        moments_free(&reader->inputs);
        free(reader->class);
        free(reader->square);
        free(reader->y_sum);
        free(reader->y_square);
    }
    free(readers->item);
    *readers = (struct readers){0};
}
