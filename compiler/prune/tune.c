/* tune.c -- all weights of a pruned network at once, so that its outputs become those of the dense one. */
/* SPDX-License-Identifier: MIT */
#include "tune.h"

#include "matrix.h"
#include "parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Visits of samples that are enough, of each of few, and too few; multiply-accumulates that they may take, dense network and way back included. */
enum { VISITS = 24576, VISITS_EACH = 128, FEW_VISITS = 2048, WARM_UP = 10 };
#define TUNE_WORK 1.4e12
#define BACK_FACTOR 4
#define BETA_1 0.9
#define BETA_2 0.99

/* A tensor of parameters. */
struct parameter {
    float *value;          /* the pruned network's */
    const float *gradient; /* the tape's */
    int64_t size;
    float *mean, *square; /* moving averages of the gradient and its square */
    double scale;         /* of its elements */
    bool sparse;          /* what is zero stays zero */
};

struct tuning {
    struct tape tape;
    struct layers *layers;
    const struct calibration *calibration;
    struct parameter *parameter;
    int parameter_count;
    struct calibration batch; /* at hand, varied */
    float **dense;            /* [target]: the dense network's values for it */
    double *weight;           /* [target]: of a squared difference */
    int64_t *order, *first;   /* of the samples; 0, 1, 2, ... */
    int64_t at_once;          /* samples of a batch */
};

struct tune_options tune_default(int64_t macs, int64_t samples)
{
    struct tune_options options = {.visits = samples < VISITS / VISITS_EACH ? samples * VISITS_EACH : VISITS, .rate = TUNE_RATE};
    double most = TUNE_WORK / (BACK_FACTOR * (double)macs + 1);
    if (most < (double)options.visits)
        options.visits = most < FEW_VISITS ? 0 : (int64_t)most;
    return options;
}

/* ---- what is aimed at ---- */

/* Squared differences count relative to the variance of the target's elements over the samples. */
static double target_weight(const float *values, int64_t samples, int64_t size)
{
    double variance = columns_scatter(values, samples, size) / (double)samples;
    return variance > 0 && isfinite(variance) ? 1 / variance : 0;
}

/* By one batch, and sizes of results with it. */
static void weigh_targets(struct tuning *t, int64_t count)
{
    tape_forward(&t->tape, t->calibration, t->order, count, true);
    for (int k = 0; k < t->tape.target_count; k++) {
        const struct tensor *target = t->tape.target[k];
        t->weight[k] = target_weight(t->tape.value[target->id], count, shape_size(target->shape)) / t->tape.target_count;
    }
}

static void record_dense(struct tuning *t, const struct calibration *calibration, const int64_t index[], int64_t count)
{
    tape_forward(&t->tape, calibration, index, count, true);
    for (int k = 0; k < t->tape.target_count; k++)
        memcpy(t->dense[k], t->tape.value[t->tape.target[k]->id],
               (size_t)(count * shape_size(t->tape.target[k]->shape)) * sizeof(float));
}

/* Gradients of the mean loss of the batch that ran. */
static void seed(struct tuning *t, int64_t count)
{
    for (int k = 0; k < t->tape.target_count; k++) {
        int id = t->tape.target[k]->id;
        int64_t size = shape_size(t->tape.target[k]->shape);
        const float *value = t->tape.value[id];
        float factor = (float)(2 * t->weight[k] / (double)count);
        for (int64_t i = 0; i < count * size; i++)
            t->tape.gradient[id][i] = factor * (value[i] - t->dense[k][i]);
    }
}

/* Of sample `s` of the batch that ran. */
static double sample_loss(const struct tuning *t, int64_t s)
{
    double loss = 0;
    for (int k = 0; k < t->tape.target_count; k++) {
        int64_t size = shape_size(t->tape.target[k]->shape);
        const float *value = (const float *)t->tape.value[t->tape.target[k]->id] + s * size, *dense = t->dense[k] + s * size;
        double sum = 0;
        for (int64_t i = 0; i < size; i++)
            sum += ((double)value[i] - (double)dense[i]) * ((double)value[i] - (double)dense[i]);
        loss += t->weight[k] * sum;
    }
    return loss;
}

/* ---- parameters ---- */

static void add_parameter(struct tuning *t, float *value, const float *gradient, int64_t size, double scale,
                          bool sparse)
{
    struct parameter p = {.value = value,
                          .gradient = gradient,
                          .size = size,
                          .mean = memory_new((size_t)size, sizeof *p.mean),
                          .square = memory_new((size_t)size, sizeof *p.square),
                          .scale = scale,
                          .sparse = sparse};
    memset(p.mean, 0, (size_t)size * sizeof *p.mean);
    memset(p.square, 0, (size_t)size * sizeof *p.square);
    t->parameter[t->parameter_count++] = p;
}

/* Root mean square of the elements that are not zero. */
static double size_of(const float *values, int64_t count)
{
    double square = 0, used = 0;
    for (int64_t i = 0; i < count; i++) {
        square += (double)values[i] * (double)values[i];
        used += values[i] != 0;
    }
    return used > 0 ? sqrt(square / used) : 0;
}

/* A bias is as large as what it is added to: the results, of the batch that ran last. */
static void collect_parameters(struct tuning *t)
{
    t->parameter = memory_new(2 * (size_t)t->layers->count + 1, sizeof *t->parameter);
    for (int l = 0; l < t->layers->count; l++) {
        struct layer *layer = &t->layers->item[l];
        const struct node *node = layer->node;
        if (!t->tape.by_weights[l])
            continue;
        float *weights = layer_own_weights(layer);
        int64_t size = shape_size(node->input[layer->linear.weights]->shape);
        add_parameter(t, weights, t->tape.by_weights[l], size, size_of(weights, size), true);
        if (!t->tape.by_bias[l])
            continue;
        size = shape_size(node->input[layer->linear.bias]->shape);
        add_parameter(t, layer_own_bias(layer), t->tape.by_bias[l], size,
                      size_of(t->tape.value[node->output[0]->id], t->tape.samples * shape_size(node->output[0]->shape)) /
                          (layer->linear.bias_scale != 0 ? fabs(layer->linear.bias_scale) : 1),
                      false);
    }
}

struct step {
    const struct tuning *tuning;
    double rate, correct_1, correct_2;
};

static void change_parameter(void *data, int64_t i, int worker)
{
    (void)worker;
    const struct step *step = data;
    struct parameter *p = &step->tuning->parameter[i];
    const float keep_1 = (float)BETA_1, keep_2 = (float)BETA_2;
    float rate = (float)(step->rate * p->scale / step->correct_1), correct = (float)(1 / sqrt(step->correct_2));
    for (int64_t k = 0; k < p->size; k++) {
        float g = p->gradient[k];
        p->mean[k] = keep_1 * p->mean[k] + (1 - keep_1) * g;
        p->square[k] = keep_2 * p->square[k] + (1 - keep_2) * g * g;
        float change = rate * p->mean[k] / (sqrtf(p->square[k]) * correct + 1e-20F);
        p->value[k] -= p->sparse && p->value[k] == 0 ? 0 : change;
    }
}

/* ---- the loop ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void shuffle(struct tuning *t, uint64_t *state)
{
    for (int64_t s = t->calibration->samples - 1; s > 0; s--) {
        int64_t other = (int64_t)(next_random(state) % (uint64_t)(s + 1)), kept = t->order[s];
        t->order[s] = t->order[other];
        t->order[other] = kept;
    }
}

static void descend(struct tuning *t, const struct tune_options *options)
{
    int64_t samples = t->calibration->samples, batch = t->at_once, steps = options->visits / batch, at = samples;
    uint64_t state = 1, random = 2;
    for (int64_t i = 0; i < steps; i++, at += batch) {
        if (at + batch > samples) {
            shuffle(t, &state);
            at = 0;
        }
        calibration_draw(t->tape.graph, t->calibration, t->order + at, batch, options->variety, &random, &t->batch);
        record_dense(t, &t->batch, t->first, batch);
        tape_forward(&t->tape, &t->batch, t->first, batch, false);
        seed(t, batch);
        tape_backward(&t->tape, false);
        double done = (double)i / (double)steps, warm = (double)(i + 1) / WARM_UP;
        struct step step = {.tuning = t,
                            .rate = options->rate * (1 + cos(acos(-1) * done)) / 2 * (warm < 1 ? warm : 1),
                            .correct_1 = 1 - pow(BETA_1, (double)(i + 1)),
                            .correct_2 = 1 - pow(BETA_2, (double)(i + 1))};
        parallel_run(t->parameter_count, change_parameter, &step);
        if (options->progress)
            options->progress(options->data, (int)(i + 1), (int)steps);
    }
}

static bool begin(struct tuning *t, const struct graph *graph, struct layers *layers, const struct calibration *calibration)
{
    *t = (struct tuning){.layers = layers, .calibration = calibration};
    int64_t samples = calibration->samples;
    if (!samples || !tape_begin(&t->tape, graph, layers))
        return false;
    t->at_once = t->tape.capacity < samples ? t->tape.capacity : samples;
    t->order = memory_new((size_t)samples, sizeof *t->order);
    t->first = memory_new((size_t)samples, sizeof *t->first);
    for (int64_t s = 0; s < samples; s++)
        t->order[s] = t->first[s] = s;
    t->weight = memory_new((size_t)t->tape.target_count, sizeof *t->weight);
    t->dense = memory_new((size_t)t->tape.target_count, sizeof *t->dense);
    for (int k = 0; k < t->tape.target_count; k++)
        t->dense[k] = memory_new((size_t)t->at_once, tensor_bytes(t->tape.target[k]));
    weigh_targets(t, t->at_once);
    return true;
}

static void end(struct tuning *t)
{
    for (int k = 0; k < t->tape.target_count; k++)
        free(t->dense[k]);
    for (int p = 0; p < t->parameter_count; p++) {
        free(t->parameter[p].mean);
        free(t->parameter[p].square);
    }
    free(t->parameter);
    free(t->dense);
    free(t->weight);
    free(t->order);
    free(t->first);
    tape_end(&t->tape);
}

bool tune(const struct graph *graph, struct layers *layers, const struct calibration *calibration,
          const struct tune_options *options)
{
    struct tuning t;
    if (options->visits < 1 || !begin(&t, graph, layers, calibration))
        return false;
    t.batch = calibration_room(graph, t.at_once);
    collect_parameters(&t);
    descend(&t, options);
    calibration_free(graph, &t.batch);
    end(&t);
    return true;
}

bool tune_loss(const struct graph *graph, struct layers *layers, const struct calibration *calibration, double loss[])
{
    struct tuning t;
    if (!begin(&t, graph, layers, calibration))
        return false;
    for (int64_t at = 0, count; at < calibration->samples; at += count) {
        count = at + t.at_once < calibration->samples ? t.at_once : calibration->samples - at;
        record_dense(&t, calibration, t.order + at, count);
        tape_forward(&t.tape, calibration, t.order + at, count, false);
        for (int64_t s = 0; s < count; s++)
            loss[at + s] = sample_loss(&t, s);
    }
    end(&t);
    return true;
}
