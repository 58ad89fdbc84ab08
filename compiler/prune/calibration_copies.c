/* calibration_copies.c -- parts of the calibration samples, and more of them. */
/* SPDX-License-Identifier: MIT */
#include "calibration.h"

#include "forward.h"
#include "layers.h"
#include "parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct calibration new_samples(const struct graph *graph, int64_t samples)
{
    struct calibration new = {.samples = samples,
                              .copies = 1,
                              .input = memory_new((size_t)graph->input_count, sizeof *new.input)};
    for (int i = 0; i < graph->input_count; i++)
        new.input[i] = memory_new((size_t)samples, tensor_bytes(graph->input[i]));
    return new;
}

void calibration_free(const struct graph *graph, struct calibration *calibration)
{
    for (int i = 0; i < graph->input_count; i++)
        free((void *)(uintptr_t)calibration->input[i]);
    free(calibration->input);
    free((void *)(uintptr_t)calibration->label);
    *calibration = (struct calibration){0};
}

/* Where sample `s` of input i begins; the arrays of a calibration that was made here may be written. */
static char *sample_at(const struct graph *graph, const struct calibration *calibration, int i, int64_t s)
{
    return (char *)(uintptr_t)calibration->input[i] + (size_t)s * tensor_bytes(graph->input[i]);
}

struct calibration calibration_part(const struct graph *graph, const struct calibration *calibration, int folds,
                                    int fold, bool inside)
{
    int64_t count = 0;
    for (int64_t s = 0; s < calibration->samples; s++)
        count += (s % folds == fold) == inside;
    struct calibration part = new_samples(graph, count);
    int64_t *label = calibration->label ? memory_new((size_t)count, sizeof *label) : NULL;
    count = 0;
    for (int64_t s = 0; s < calibration->samples; s++) {
        if ((s % folds == fold) != inside)
            continue;
        for (int i = 0; i < graph->input_count; i++)
            memcpy(sample_at(graph, &part, i, count), sample_at(graph, calibration, i, s),
                   tensor_bytes(graph->input[i]));
        if (label)
            label[count] = calibration->label[s];
        count++;
    }
    part.label = label;
    return part;
}

static bool is_image(const struct tensor *tensor)
{
    struct shape shape = tensor->shape;
    return tensor->type == TYPE_FLOAT && shape.rank == 4 && shape.dim[1] <= 4 && shape.dim[2] > 4 &&
           shape.dim[3] > 4;
}

static int64_t clamp(int64_t value, int64_t end)
{
    return value < 0 ? 0 : value >= end ? end - 1 : value;
}

static void copy_image(struct shape shape, const float *from, float *to, int64_t down, int64_t right, bool mirrored)
{
    int64_t rows = shape.dim[2], columns = shape.dim[3];
    for (int64_t map = 0; map < shape.dim[0] * shape.dim[1]; map++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                to[(map * rows + r) * columns + c] =
                    from[(map * rows + clamp(r + down, rows)) * columns +
                         clamp((mirrored ? columns - 1 - c : c) + right, columns)];
}

bool calibration_is_images(const struct graph *graph)
{
    for (int i = 0; i < graph->input_count; i++)
        if (!is_image(graph->input[i]))
            return false;
    return true;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* How one copy is changed, for all inputs alike: fractions of the way it may be moved. */
struct change {
    bool mirrored;
    int part;
    uint32_t far[2];
};

static void copy_sample(const struct graph *graph, const struct calibration *from, int64_t s, struct change change,
                        const struct calibration *to, int64_t at)
{
    for (int i = 0; i < graph->input_count; i++) {
        const char *source = sample_at(graph, from, i, s);
        char *target = sample_at(graph, to, i, at);
        struct shape shape = graph->input[i]->shape;
        int64_t far[2] = {0, 0};
        for (int a = 0; change.part && a < 2; a++) {
            int64_t most = shape.dim[a + 2] / change.part;
            far[a] = (int64_t)change.far[a] % (2 * most + 1) - most;
        }
        if (change.mirrored || far[0] || far[1])
            copy_image(shape, (const float *)(const void *)source, (float *)(void *)target, far[0], far[1], change.mirrored);
        else
            memcpy(target, source, tensor_bytes(graph->input[i]));
    }
}

struct calibration calibration_enlarge(const struct graph *graph, const struct calibration *calibration,
                                       struct variety variety, int copies)
{
    if (!variety.part)
        copies = variety.mirrored && copies > 1 ? 2 : 1;
    int64_t samples = calibration->samples;
    struct calibration more = new_samples(graph, samples * copies);
    more.copies = copies;
    uint64_t random = 1;
    /* Copy 0 is the sample, copy 1 the mirrored one where that may be; the others are moved. */
    for (int64_t s = 0; s < samples; s++)
        for (int k = 0; k < copies; k++) {
            struct change change = {.mirrored = variety.mirrored && k % 2,
                                    .part = k > variety.mirrored ? variety.part : 0,
                                    .far = {next_random(&random), next_random(&random)}};
            copy_sample(graph, calibration, s, change, &more, s * copies + k);
        }
    return more;
}

struct calibration calibration_room(const struct graph *graph, int64_t samples)
{
    return new_samples(graph, samples);
}

/* Every other sample on average goes part of the way to the one behind it. */
static void mix(const struct graph *graph, const struct calibration *samples, int64_t count, uint64_t *random)
{
    enum { PARTS = 1024 };
    for (int64_t s = 0; s + 1 < count; s++) {
        bool stays = next_random(random) % 2;
        float way = (float)(next_random(random) % PARTS) / (2 * PARTS);
        for (int i = 0; !stays && i < graph->input_count; i++) {
            float *sample = (float *)(void *)sample_at(graph, samples, i, s);
            const float *other = (const float *)(const void *)sample_at(graph, samples, i, s + 1);
            for (int64_t k = 0; k < shape_size(graph->input[i]->shape); k++)
                sample[k] += way * (other[k] - sample[k]);
        }
    }
}

void calibration_draw(const struct graph *graph, const struct calibration *from, const int64_t index[], int64_t count,
                      struct variety variety, uint64_t *random, struct calibration *to)
{
    for (int64_t s = 0; s < count; s++) {
        struct change change = {.mirrored = variety.mirrored && next_random(random) % 2,
                                .part = variety.part,
                                .far = {next_random(random), next_random(random)}};
        copy_sample(graph, from, index[s], change, to, s);
    }
    if (variety.mixed)
        mix(graph, to, count, random);
}

void calibration_mirror(const struct graph *graph, const struct calibration *from, struct calibration *to)
{
    for (int64_t s = 0; s < from->samples; s++)
        copy_sample(graph, from, s, (struct change){.mirrored = true}, to, s);
}

/* ---- samples for a network that has none ---- */

/* Uniform in [-1, 1), from a fixed sequence. */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(*state >> 11) / 4503599627370496.0 - 1;
}

/* What makes the mean variance of the results of the layers that read the input 1. */
static double input_scale(const struct layers *layers, const struct tensor *input)
{
    double sum = 0, outputs = 0;
    for (int i = 0; i < layers->count; i++) {
        const struct layer *layer = &layers->item[i];
        if (layer->node->input[layer->linear.data] != input)
            continue;
        const struct tensor *weights = layer->node->input[layer->linear.weights];
        const float *w = weights->data;
        for (int64_t k = 0; k < shape_size(weights->shape); k++)
            sum += layer->linear.scale * layer->linear.scale * (double)w[k] * (double)w[k];
        outputs += (double)(layer->linear.group * layer->linear.columns);
    }
    return sum > 0 ? sqrt(outputs / sum) : 1;
}

/* Noise on grids of 1, 2, 4, ... elements of the last two axes, added up: images have power at all scales. */
static void invent_sample(struct shape shape, double scale, uint64_t *state, float *to)
{
    int64_t columns = shape.rank > 1 ? shape.dim[shape.rank - 1] : 1;
    int64_t rows = shape.rank > 2 ? shape.dim[shape.rank - 2] : 1, size = shape_size(shape);
    int64_t map = rows * columns, octaves = 1;
    while (shape.rank > 2 && (int64_t)1 << octaves <= rows && octaves < 30)
        octaves++;
    for (int64_t i = 0; i < size; i++)
        to[i] = 0;
    for (int64_t at = 0; at < size; at += map > 0 ? map : 1)
        for (int64_t o = 0; o < octaves; o++)
            for (int64_t r = 0; r < rows; r += (int64_t)1 << o)
                for (int64_t c = 0; c < columns; c += (int64_t)1 << o) {
                    double value = draw(state) * scale * sqrt(3 / (double)octaves);
                    for (int64_t y = r; y < rows && y < r + ((int64_t)1 << o); y++)
                        for (int64_t x = c; x < columns && x < c + ((int64_t)1 << o); x++)
                            to[at + y * columns + x] += (float)value;
                }
}

struct calibration calibration_invent(const struct graph *graph, const struct layers *layers, int64_t samples)
{
    struct calibration made = new_samples(graph, samples);
    uint64_t state = 1;
    for (int i = 0; i < graph->input_count; i++) {
        const struct tensor *input = graph->input[i];
        double scale = input_scale(layers, input);
        for (int64_t s = 0; s < samples; s++) {
            char *to = sample_at(graph, &made, i, s);
            memset(to, 0, tensor_bytes(input));
            if (input->type == TYPE_FLOAT)
                invent_sample(input->shape, scale, &state, (float *)(void *)to);
        }
    }
    return made;
}
