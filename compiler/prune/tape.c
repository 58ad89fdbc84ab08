/* tape.c -- a network over one batch of samples with all values kept, and the gradients of a loss by its parameters. */
/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include "../passes/edit.h"
#include "backward.h"
#include "parallel.h"

#include <stdlib.h>
#include <string.h>

/* Samples of a batch at most and at least, and bytes that it may take. */
enum { MOST = 32, LEAST = 4 };
static const size_t TAPE_BYTES = (size_t)1500 << 20;

/* ---- where gradients go ---- */

/* At the very end a Softmax hides how sure an answer is. */
static bool is_cap(const struct graph *graph, const struct node *node)
{
    return node_is(node, "Softmax") && graph_is_output(graph, node->output[0]) && node->output[0]->uses == 1;
}

static bool passes(const struct graph *graph, const struct node *node, int input)
{
    return !is_cap(graph, node) && backward_can(node, input);
}

static bool learns(const struct layer *layer)
{
    return backward_can(layer->node, layer->linear.weights);
}

static void find_reached(struct tape *tape)
{
    const struct graph *graph = tape->graph;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        const struct layer *layer = tape->layers->at[n];
        bool reached = layer && learns(layer);
        for (int i = 0; i < node->input_count; i++)
            reached |= node->input[i] && tape->reached[node->input[i]->id] && passes(graph, node, i);
        if (node->output_count && node->output[0])
            tape->reached[node->output[0]->id] = reached;
    }
}

static bool is_target(const struct graph *graph, const struct tensor *tensor)
{
    if (graph_is_output(graph, tensor))
        return true;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == tensor && !graph->node[n]->op->shape_only && !passes(graph, graph->node[n], i))
                return true;
    return false;
}

static void find_targets(struct tape *tape)
{
    const struct graph *graph = tape->graph;
    tape->target = memory_new((size_t)graph->tensor_count, sizeof *tape->target);
    for (int n = 0; n < graph->node_count; n++) {
        const struct tensor *y = graph->node[n]->output_count ? graph->node[n]->output[0] : NULL;
        if (y && tape->reached[y->id] && is_target(graph, y)) {
            tape->target[tape->target_count++] = y;
            tape->end = n + 1;
        }
    }
}

/* ---- memory ---- */

static size_t sample_bytes(const struct tape *tape)
{
    size_t bytes = 1;
    for (int id = 0; id < tape->graph->tensor_count; id++) {
        const struct tensor *tensor = tape->graph->tensor[id];
        bytes += tensor_is_constant(tensor) ? 0 : tensor_bytes(tensor) * (tape->reached[id] ? 2 : 1);
    }
    return bytes;
}

static void *cleared(size_t count, size_t size)
{
    void *memory = memory_new(count, size);
    memset(memory, 0, count * size);
    return memory;
}

static void allocate(struct tape *tape)
{
    size_t layers = (size_t)tape->layers->count, samples = (size_t)tape->capacity;
    for (int id = 0; id < tape->graph->tensor_count; id++) {
        const struct tensor *tensor = tape->graph->tensor[id];
        if (tensor_is_constant(tensor))
            continue;
        tape->value[id] = memory_new(samples, tensor_bytes(tensor));
        if (tape->reached[id])
            tape->gradient[id] = memory_new(samples, tensor_bytes(tensor));
    }
    tape->by_weights = cleared(layers + 1, sizeof *tape->by_weights);
    tape->by_bias = cleared(layers + 1, sizeof *tape->by_bias);
    for (int l = 0; l < tape->layers->count; l++) {
        const struct layer *layer = &tape->layers->item[l];
        const struct node *node = layer->node;
        if (!learns(layer) || layer->position >= tape->end)
            continue;
        tape->by_weights[l] = memory_new(tensor_bytes(node->input[layer->linear.weights]), 1);
        if (layer_has_bias(layer) && backward_can(node, layer->linear.bias))
            tape->by_bias[l] = memory_new(tensor_bytes(node->input[layer->linear.bias]), 1);
    }
}

bool tape_begin(struct tape *tape, const struct graph *graph, const struct layers *layers)
{
    size_t tensors = (size_t)graph->tensor_count;
    *tape = (struct tape){.graph = graph, .layers = layers, .capacity = MOST};
    tape->reached = cleared(tensors, sizeof *tape->reached);
    tape->given = cleared(tensors, sizeof *tape->given);
    tape->value = cleared(tensors, sizeof *tape->value);
    tape->gradient = cleared(tensors, sizeof *tape->gradient);
    find_reached(tape);
    find_targets(tape);
    while (tape->capacity > LEAST && sample_bytes(tape) * (size_t)tape->capacity > TAPE_BYTES)
        tape->capacity /= 2;
    if (!tape->target_count || sample_bytes(tape) * (size_t)tape->capacity > TAPE_BYTES) {
        tape_end(tape);
        return false;
    }
    allocate(tape);
    return true;
}

void tape_end(struct tape *tape)
{
    for (int id = 0; id < tape->graph->tensor_count; id++) {
        free(tape->value[id]);
        free(tape->gradient[id]);
    }
    for (int l = 0; tape->by_weights && l < tape->layers->count; l++) {
        free(tape->by_weights[l]);
        free(tape->by_bias[l]);
    }
    free(tape->by_weights);
    free(tape->by_bias);
    free(tape->value);
    free(tape->gradient);
    free(tape->reached);
    free(tape->given);
    free(tape->target);
    *tape = (struct tape){0};
}

/* ---- forward ---- */

static void read_inputs(const struct node *node, const struct tape *tape, const struct layer *layer, bool dense,
                        struct stack input[])
{
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        input[i] = (struct stack){0};
        if (tensor && tensor_is_constant(tensor))
            input[i].data = tensor->data;
        else if (tensor)
            input[i] = (struct stack){tape->value[tensor->id], tensor_bytes(tensor)};
    }
    if (layer && !dense && layer->weights)
        input[layer->linear.weights].data = layer->weights;
    if (layer && !dense && layer->bias)
        input[layer->linear.bias].data = layer->bias;
}

static void feed(struct tape *tape, const struct calibration *calibration, const int64_t index[], int64_t count)
{
    for (int i = 0; i < tape->graph->input_count; i++) {
        const struct tensor *input = tape->graph->input[i];
        size_t bytes = tensor_bytes(input);
        for (int64_t s = 0; tape->value[input->id] && s < count; s++)
            memcpy((char *)tape->value[input->id] + (size_t)s * bytes,
                   (const char *)calibration->input[i] + (size_t)index[s] * bytes, bytes);
    }
    tape->samples = count;
}

void tape_forward(struct tape *tape, const struct calibration *calibration, const int64_t index[], int64_t count,
                  bool dense)
{
    feed(tape, calibration, index, count);
    for (int n = 0; n < tape->end; n++) {
        const struct node *node = tape->graph->node[n];
        struct stack *input = memory_new((size_t)node->input_count, sizeof *input);
        void **output = memory_new((size_t)node->output_count, sizeof *output);
        read_inputs(node, tape, tape->layers->at[n], dense, input);
        for (int k = 0; k < node->output_count; k++)
            output[k] = node->output[k] ? tape->value[node->output[k]->id] : NULL;
        forward_node(node, count, input, output);
        free(input);
        free(output);
    }
}

/* ---- backward ---- */

/* The array that the gradient by one input is added to, cleared when it is a tensor's first; NULL: not wanted. */
static float *gradient_of(struct tape *tape, const struct node *node, const struct layer *layer, int i)
{
    const struct tensor *tensor = node->input[i];
    int l = layer ? (int)(layer - tape->layers->item) : 0;
    if (!tensor)
        return NULL;
    if (layer && tape->by_weights[l] && i == layer->linear.weights)
        return memset(tape->by_weights[l], 0, tensor_bytes(tensor));
    if (layer && tape->by_bias[l] && i == layer->linear.bias)
        return memset(tape->by_bias[l], 0, tensor_bytes(tensor));
    if (!tape->reached[tensor->id] || !passes(tape->graph, node, i))
        return NULL;
    if (!tape->given[tensor->id])
        memset(tape->gradient[tensor->id], 0, (size_t)tape->samples * tensor_bytes(tensor));
    tape->given[tensor->id] = true;
    return tape->gradient[tensor->id];
}

static void back_node(struct tape *tape, int position, bool dense)
{
    const struct node *node = tape->graph->node[position];
    const struct tensor *y = node->output[0];
    const struct layer *layer = tape->layers->at[position];
    struct stack *input = memory_new((size_t)node->input_count, sizeof *input);
    float **wanted = memory_new((size_t)node->input_count, sizeof *wanted);
    bool any = false;
    read_inputs(node, tape, layer, dense, input);
    for (int i = 0; i < node->input_count; i++) {
        wanted[i] = gradient_of(tape, node, layer, i);
        any |= wanted[i] != NULL;
    }
    if (any)
        backward_node(&(struct backward){.node = node,
                                         .samples = tape->samples,
                                         .input = input,
                                         .output = (void *const[]){tape->value[y->id]},
                                         .given = (const float *const[]){tape->gradient[y->id]},
                                         .wanted = wanted});
    free(input);
    free(wanted);
}

void tape_backward(struct tape *tape, bool dense)
{
    memset(tape->given, 0, (size_t)tape->graph->tensor_count * sizeof *tape->given);
    for (int k = 0; k < tape->target_count; k++)
        tape->given[tape->target[k]->id] = true;
    for (int n = tape->end - 1; n >= 0; n--) {
        const struct node *node = tape->graph->node[n];
        if (node->output_count && node->output[0] && tape->given[node->output[0]->id])
            back_node(tape, n, dense);
    }
}
