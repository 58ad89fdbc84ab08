/* layers.c -- the nodes that multiply with constant weights, as matrices. */
/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>

/* ROWS: as many rows in all as improve a fit; WORK: multiplications of x'x beyond which there are fewer of them. */
enum { ROWS = 65536, LEAST_PER_SAMPLE = 64, ROWS_PER_WEIGHT = 6 };
static const double WORK = 2e11;

static bool linear_of(const struct node *node, struct linear *linear)
{
    return node->op && node->op->linear && node->op->unroll && node->op->linear(node, linear) &&
           node->output[0]->type == TYPE_FLOAT;
}

/* ---- preparing ---- */

static struct tensor *own_copy(struct graph *graph, const struct tensor *tensor)
{
    return graph_constant(graph, tensor->name, tensor->type, tensor->shape, tensor->data);
}

static void prepare_layer(struct graph *graph, struct node *node, const struct linear *linear)
{
    if (node->input[linear->weights]->uses > 1)
        node->input[linear->weights] = own_copy(graph, node->input[linear->weights]);
    if (linear->bias < 0)
        return;
    while (node->input_count <= linear->bias)
        node_add_input(graph, node, NULL);
    struct tensor *bias = node->input[linear->bias];
    if (!bias) {
        int64_t count = linear->group * linear->columns;
        const float *zeros = arena_array(graph->arena, (size_t)count, sizeof *zeros);
        node->input[linear->bias] =
            graph_constant(graph, arena_printf(graph->arena, "%s.bias", node->name), TYPE_FLOAT, shape_of(1, &count), zeros);
    } else if (linear->biased && bias->uses > 1) {
        node->input[linear->bias] = own_copy(graph, bias);
    }
}

void layers_prepare(struct graph *graph)
{
    graph_index(graph);
    for (int n = 0; n < graph->node_count; n++) {
        struct linear linear;
        if (linear_of(graph->node[n], &linear))
            prepare_layer(graph, graph->node[n], &linear);
    }
    graph_index(graph);
}

struct layers layers_find(const struct graph *graph)
{
    struct layers layers = {.at = arena_array(graph->arena, (size_t)graph->node_count + 1, sizeof *layers.at)};
    layers.item = arena_array(graph->arena, (size_t)graph->node_count + 1, sizeof *layers.item);
    for (int n = 0; n < graph->node_count; n++) {
        struct layer *layer = &layers.item[layers.count];
        *layer = (struct layer){.node = graph->node[n], .position = n};
        if (!linear_of(graph->node[n], &layer->linear))
            continue;
        layers.at[n] = layer;
        layers.count++;
    }
    return layers;
}

void layers_free(struct layers *layers)
{
    for (int i = 0; i < layers->count; i++) {
        free(layers->item[i].weights);
        free(layers->item[i].bias);
        layers->item[i].weights = layers->item[i].bias = NULL;
        layers->item[i].refitted = false;
        layers->item[i].error = 0;
    }
}

bool layer_has_bias(const struct layer *layer)
{
    return layer->linear.bias >= 0 && layer->linear.biased;
}

/* ---- rows ---- */

int64_t layer_rows(const struct layer *layer, int64_t samples)
{
    double depth = (double)layer->linear.rows;
    double wanted = WORK / (depth * depth) < ROWS ? WORK / (depth * depth) : ROWS;
    if (wanted < ROWS_PER_WEIGHT * depth)
        wanted = ROWS_PER_WEIGHT * depth;
    int64_t count = (int64_t)(wanted / (double)samples) + 1;
    if (count < LEAST_PER_SAMPLE)
        count = LEAST_PER_SAMPLE;
    return count < layer->linear.positions ? count : layer->linear.positions;
}

static uint64_t mix(uint64_t x)
{
    /* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* The positions are cut into equal stretches; one is drawn from each. */
static int64_t draw_position(const struct layer *layer, int64_t sample, int64_t i, int64_t per_sample)
{
    int64_t all = layer->linear.positions;
    int64_t begin = all * i / per_sample, end = all * (i + 1) / per_sample;
    uint64_t random = mix(((uint64_t)layer->position << 40) + ((uint64_t)sample << 20) + (uint64_t)i + 1);
    return begin + (int64_t)(random % (uint64_t)(end - begin));
}

struct rows {
    const struct layer *layer;
    struct stack data;
    int64_t group, first, per_sample;
    float sign;
    bool add;
    float *to;
};

static const float *sample_of(const struct rows *rows, int64_t sample)
{
    return (const float *)((const char *)rows->data.data + (size_t)sample * rows->data.stride);
}

static void unroll_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct rows *rows = data;
    const struct layer *layer = rows->layer;
    float *to = rows->to + sample * rows->per_sample * layer->linear.rows;
    for (int64_t i = 0; i < rows->per_sample; i++, to += layer->linear.rows)
        layer->node->op->unroll(layer->node, &layer->linear, rows->group,
                                draw_position(layer, rows->first + sample, i, rows->per_sample),
                                sample_of(rows, sample), to);
}

void layer_unroll(const struct layer *layer, struct stack data, int64_t group, int64_t first, int64_t samples,
                  int64_t per_sample, float *x)
{
    struct rows rows = {layer, data, group, first, per_sample, 1, false, x};
    parallel_run(samples, unroll_sample, &rows);
}

static void results_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct rows *rows = data;
    const struct linear *linear = &rows->layer->linear;
    int64_t columns = linear->columns, inner = linear->inner;
    const float *y = sample_of(rows, sample);
    float *to = rows->to + sample * rows->per_sample * columns;
    for (int64_t i = 0; i < rows->per_sample; i++, to += columns) {
        int64_t at = draw_position(rows->layer, rows->first + sample, i, rows->per_sample);
        const float *from = y + at / inner * (linear->group * columns * inner) + rows->group * columns * inner + at % inner;
        for (int64_t k = 0; k < columns; k++)
            to[k] = (rows->add ? to[k] : 0) + rows->sign * from[k * inner];
    }
}

void layer_results(const struct layer *layer, struct stack data, int64_t group, int64_t first, int64_t samples,
                   int64_t per_sample, float sign, bool add, float *y)
{
    struct rows rows = {layer, data, group, first, per_sample, sign, add, y};
    parallel_run(samples, results_sample, &rows);
}

/* ---- weights ---- */

void layer_get(const struct layer *layer, const float *weights, int64_t group, float *w)
{
    const struct linear *linear = &layer->linear;
    for (int64_t p = 0; p < linear->rows; p++)
        for (int64_t m = 0; m < linear->columns; m++)
            w[p * linear->columns + m] =
                (float)(linear->scale * (double)weights[linear_at(linear, group, p, m)]);
}

void layer_put(const struct layer *layer, float *weights, int64_t group, const float *w)
{
    const struct linear *linear = &layer->linear;
    for (int64_t p = 0; p < linear->rows; p++)
        for (int64_t m = 0; m < linear->columns; m++)
            weights[linear_at(linear, group, p, m)] =
                (float)((double)w[p * linear->columns + m] / linear->scale);
}

static float *copy_of(const struct tensor *tensor)
{
    float *copy = memory_new((size_t)shape_size(tensor->shape), sizeof *copy);
    memcpy(copy, tensor->data, tensor_bytes(tensor));
    return copy;
}

float *layer_own_weights(struct layer *layer)
{
    if (!layer->weights)
        layer->weights = copy_of(layer->node->input[layer->linear.weights]);
    return layer->weights;
}

float *layer_own_bias(struct layer *layer)
{
    if (!layer->bias)
        layer->bias = copy_of(layer->node->input[layer->linear.bias]);
    return layer->bias;
}

void layers_commit(struct graph *graph, struct layers *layers)
{
    for (int i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->item[i];
        struct tensor *weights = layer->node->input[layer->linear.weights];
        if (layer->weights)
            weights->data = arena_copy(graph->arena, layer->weights, tensor_bytes(weights));
        if (layer->bias) {
            struct tensor *bias = layer->node->input[layer->linear.bias];
            bias->data = arena_copy(graph->arena, layer->bias, tensor_bytes(bias));
        }
    }
    layers_free(layers);
}
