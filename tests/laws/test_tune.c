/* test_tune.c -- gradients equal differences of what forward_node() computes, for every operator that has them; tuning brings a
 * network nearer to the dense one. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "operators/op.h"
#include "prune/backward.h"
#include "prune/matrix.h"
#include "prune/tune.h"
#include "prune/variety.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures, checked, kinks;

#define CHECK(condition, ...)                                                                                \
    ((condition) ? (void)0 : (failures++, printf(__VA_ARGS__), (void)puts("")))

/* ---- gradients ---- */

/* Beside the sum of more than MOST_OUTPUTS numbers what one element changes is lost in rounding. */
enum { SAMPLES = 3, MAX_INPUTS = 8, PROBES = 5, MOST_OUTPUTS = 100000 };

/* A node at work on SAMPLES samples; constants are shared by them. */
struct work {
    const struct node *node;
    float *input[MAX_INPUTS];
    struct stack stack[MAX_INPUTS];
    float *output, *weight; /* the loss is the sum of weight * output */
    int64_t outputs;
};

static double loss(const struct work *work)
{
    double sum = 0;
    forward_node(work->node, SAMPLES, work->stack, (void *const[]){work->output});
    for (int64_t i = 0; i < work->outputs; i++)
        sum += isfinite(work->output[i]) ? (double)work->output[i] * (double)work->weight[i] : 0;
    return sum;
}

/* On one side. */
static double slope(const struct work *work, float *x, float step)
{
    float kept = *x;
    double here = loss(work);
    *x = kept + step;
    double there = loss(work), far = (double)*x - (double)kept;
    *x = kept;
    return (there - here) / far;
}

static void check_input(struct arena *arena, const struct work *work, int input, const char *line)
{
    const struct tensor *tensor = work->node->input[input];
    int64_t size = shape_size(tensor->shape) * (work->stack[input].stride ? SAMPLES : 1);
    float *wanted[MAX_INPUTS] = {NULL};
    wanted[input] = arena_array(arena, (size_t)size, sizeof(float));
    memset(wanted[input], 0, (size_t)size * sizeof(float));
    loss(work);
    backward_node(&(struct backward){.node = work->node,
                                     .samples = SAMPLES,
                                     .input = work->stack,
                                     .output = (void *const[]){work->output},
                                     .given = (const float *const[]){work->weight},
                                     .wanted = wanted});
    uint64_t state = 3;
    for (int p = 0; p < PROBES; p++) {
        int64_t i = (int64_t)(random_next(&state) % (uint64_t)size);
        double above = slope(work, &work->input[input][i], 4e-3F), below = slope(work, &work->input[input][i], -4e-3F);
        double narrow = (above + below) / 2, limit = 2e-2 * (1 + fabs(narrow));
        if (fabs(above - below) > 2 * limit) { /* no slope to speak of here */
            kinks++;
            continue;
        }
        checked++;
        CHECK(fabs((double)wanted[input][i] - narrow) <= limit, "%s: input %d element %d: gradient %g, slope %g", line, input,
              (int)i, (double)wanted[input][i], narrow);
    }
}

static void check_backward(struct arena *arena, int index)
{
    struct graph *graph = node_case_graph(arena, index);
    struct node *node = graph->node[0];
    struct work work = {.node = node};
    if (graph->node_count != 1 || !node->op->evaluate || node->input_count > MAX_INPUTS || node->output_count != 1)
        return;
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (!tensor)
            continue;
        size_t bytes = tensor_bytes(tensor), copies = tensor->data ? 1 : SAMPLES;
        char *all = arena_alloc(arena, copies * bytes);
        for (uint64_t s = 0; s < copies; s++)
            memcpy(all + s * bytes, tensor->data ? tensor->data : node_case_values(arena, tensor, s + 7), bytes);
        work.input[i] = (float *)(void *)all;
        work.stack[i] = (struct stack){all, tensor->data ? 0 : bytes};
    }
    work.outputs = SAMPLES * shape_size(node->output[0]->shape);
    if (work.outputs > MOST_OUTPUTS)
        return;
    work.output = arena_alloc(arena, SAMPLES * tensor_bytes(node->output[0]));
    work.weight = arena_array(arena, (size_t)work.outputs, sizeof *work.weight);
    uint64_t state = 2;
    for (int64_t i = 0; i < work.outputs; i++)
        work.weight[i] = (float)(random_next(&state) >> 40) / (1 << 23) - 1;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && backward_can(node, i))
            check_input(arena, &work, i, node_case_line(index));
}

/* ---- tuning ---- */

static const char network[] = "%a Conv 1x3x12x12 =8x3x3x3 =8 pads=[1,1,1,1]; %b Relu %a; %c Conv %b =8x1x3x3 =8 group=8 pads=[1,1,1,1]; "
                              "%d Add %c %b; %e MaxPool %d kernel_shape=[2,2] strides=[2,2]; %f Conv %e =8x8x3x3 =8 strides=[2,2]; "
                              "%g Relu %f; %h GlobalAveragePool %g; %i Flatten %h; %j Gemm %i =8x5 =5; Softmax %j";
enum { IMAGES = 96, IMAGE = 3 * 12 * 12 };

static double distance(const struct graph *graph, const struct layers *layers, const struct calibration *images)
{
    struct tape tape;
    double sum = 0;
    int64_t index[32];
    CHECK(tape_begin(&tape, graph, layers), "the network has gradients");
    CHECK(tape.target_count == 1 && tape.target[0] == graph->node[10 - 1]->output[0], "the loss looks at what Softmax reads");
    int id = tape.target[0]->id;
    for (int64_t first = 0; first < images->samples; first += 32) {
        float kept[32 * 5];
        for (int64_t s = 0; s < 32; s++)
            index[s] = first + s;
        tape_forward(&tape, images, index, 32, true);
        memcpy(kept, tape.value[id], sizeof kept);
        tape_forward(&tape, images, index, 32, false);
        for (int i = 0; i < 32 * 5; i++)
            sum += pow((double)(kept[i] - ((const float *)tape.value[id])[i]), 2);
    }
    tape_end(&tape);
    return sum;
}

/* Weights are shaken and some of them removed; half of the damage at least is undone on images that tuning has not seen. */
static void check_tuning(struct arena *arena)
{
    struct graph *graph = graph_from_text(arena, network, 3);
    layers_prepare(graph);
    struct layers layers = layers_find(graph);
    struct calibration images = calibration_room(graph, IMAGES), others = calibration_room(graph, IMAGES);
    uint64_t state = 1;
    for (int i = 0; i < IMAGES * IMAGE; i++) {
        ((float *)(uintptr_t)images.input[0])[i] = (float)(random_next(&state) >> 40) / (1 << 22) - 2;
        ((float *)(uintptr_t)others.input[0])[i] = (float)(random_next(&state) >> 40) / (1 << 22) - 2;
    }
    for (int l = 0; l < layers.count; l++) {
        float *w = layer_own_weights(&layers.item[l]);
        int64_t size = shape_size(layers.item[l].node->input[layers.item[l].linear.weights]->shape);
        for (int64_t i = 0; i < size; i++)
            w[i] *= i % 11 ? 1 + 0.4F * ((float)(random_next(&state) >> 40) / (1 << 23) - 1) : 0;
    }
    double before = distance(graph, &layers, &others);
    struct tune_options options = {.visits = 6000, .rate = 1e-2, .variety = variety_of(graph, &layers, &images)};
    CHECK(tune(graph, &layers, &images, &options), "tuning does something");
    double after = distance(graph, &layers, &others);
    CHECK(after < before / 2, "squared difference %.3g before tuning, %.3g after", before, after);
    for (int l = 0; l < layers.count; l++) {
        const struct layer *layer = &layers.item[l];
        int64_t size = shape_size(layer->node->input[layer->linear.weights]->shape);
        for (int64_t i = 0; i < size; i += 11)
            CHECK(layer->weights[i] == 0, "layer %d: weight %d came back", l, (int)i);
    }
    layers_free(&layers);
    calibration_free(graph, &images);
    calibration_free(graph, &others);
}

/* A mean over the whole map does not see where things are; one corner does. */
static void check_variety(struct arena *arena)
{
    static const char blind[] = "%a Conv 1x2x16x16 =4x2x1x1 =4; %b GlobalAveragePool %a; Flatten %b";
    static const char sighted[] = "%a Conv 1x2x16x16 =4x2x1x1 =4; %b AveragePool %a kernel_shape=[2,2]; Flatten %b";
    for (int k = 0; k < 2; k++) {
        struct graph *graph = graph_from_text(arena, k ? sighted : blind, 3);
        layers_prepare(graph);
        struct layers layers = layers_find(graph);
        struct calibration images = calibration_room(graph, 40);
        uint64_t state = 9;
        for (int s = 0; s < 40; s++) {
            float level = (float)(random_next(&state) >> 40) / (1 << 22) - 2;
            for (int i = 0; i < 512; i++)
                ((float *)(uintptr_t)images.input[0])[s * 512 + i] =
                    level + (float)(random_next(&state) >> 40) / (k ? 1048576.0F : 16777216.0F);
        }
        struct variety variety = variety_of(graph, &layers, &images);
        CHECK(variety.mirrored == !k && (variety.part > 0) == !k, "network %d: mirrored %d, moved %d", k, variety.mirrored,
              variety.part);
        calibration_free(graph, &images);
    }
}

static void run(void *data)
{
    struct arena *arena = data;
    matrix_begin();
    for (int i = 0; i < node_case_count(); i++)
        check_backward(arena, i);
    CHECK(checked > 500 && kinks < checked / 10, "%d gradients checked, %d kinks", checked, kinks);
    check_tuning(arena);
    check_variety(arena);
    printf("%d gradients, %d failures\n", checked, failures);
}

int main(void)
{
    return run_in_arena(run) || failures;
}
