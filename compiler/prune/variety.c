/* variety.c -- which changes of an image leave a network's answer about what it was. */
/* SPDX-License-Identifier: MIT */
#include "variety.h"

#include "matrix.h"
#include "parallel.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>

/* Samples that are asked about; the largest share of the variance that a change may make. */
enum { SAMPLES = 64 };
#define ALIKE 0.5

struct answers {
    float *value; /* SAMPLES x size */
    int64_t size; /* of all float outputs of a sample */
};

static bool counts(const struct tensor *tensor)
{
    return tensor->type == TYPE_FLOAT && tensor->producer;
}

static void take_answers(void *data, const struct batch *batch)
{
    const struct answers *answers = data;
    const struct graph *graph = batch->replay->graph;
    for (int64_t s = 0; s < batch->count; s++) {
        float *to = answers->value + (batch->first + s) * answers->size;
        for (int k = 0; k < graph->output_count; k++) {
            if (!counts(graph->output[k]))
                continue;
            int64_t size = shape_size(graph->output[k]->shape);
            memcpy(to, (const float *)batch_dense(batch, graph->output[k]).data + s * size, (size_t)size * sizeof *to);
            to += size;
        }
    }
}

static struct answers answer(const struct graph *graph, const struct layers *layers, const struct calibration *calibration)
{
    struct answers answers = {0};
    for (int k = 0; k < graph->output_count; k++)
        answers.size += counts(graph->output[k]) ? shape_size(graph->output[k]->shape) : 0;
    answers.value = memory_new((size_t)(SAMPLES * answers.size), sizeof *answers.value);
    struct replay replay = replay_begin(graph, calibration, layers);
    replay_run(&replay, graph->node_count, (struct replay_visitor){.batch_done = take_answers, .data = &answers});
    replay_end(&replay);
    return answers;
}

/* Squared difference against the variance of each element over the samples. */
static double difference(const struct answers *a, const struct answers *b, int64_t samples)
{
    double error = 0, variance = columns_scatter(a->value, samples, a->size);
    for (int64_t i = 0; i < samples * a->size; i++) {
        double away = (double)a->value[i] - (double)b->value[i];
        error += away * away;
    }
    return variance > 0 ? error / variance : 1;
}

struct variety variety_of(const struct graph *graph, const struct layers *layers, const struct calibration *calibration)
{
    /* The boldest one that the network bears. */
    static const int parts[] = {8, 16};
    struct variety variety = {0};
    if (!calibration_is_images(graph) || calibration->samples < 2)
        return variety;
    variety.mixed = true;
    struct calibration some = *calibration;
    if (some.samples > SAMPLES)
        some.samples = SAMPLES;
    int64_t index[SAMPLES];
    for (int64_t s = 0; s < some.samples; s++)
        index[s] = s;
    struct calibration changed = calibration_room(graph, some.samples);
    struct answers plain = answer(graph, layers, &some);
    for (int k = 0; k < 3 && !variety.part; k++) {
        /* Mirrored all of them, then moved. */
        const struct variety asked = {.part = k ? parts[k - 1] : 0};
        uint64_t random = 1;
        if (k)
            calibration_draw(graph, &some, index, some.samples, asked, &random, &changed);
        else
            calibration_mirror(graph, &some, &changed);
        struct answers now = answer(graph, layers, &changed);
        bool alike = difference(&plain, &now, some.samples) < ALIKE;
        variety.mirrored |= !k && alike;
        variety.part = k && alike ? asked.part : 0;
        free(now.value);
    }
    free(plain.value);
    calibration_free(graph, &changed);
    return variety;
}
