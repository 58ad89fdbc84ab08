/* replay.c -- the dense network and the pruned one side by side. */
/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include "parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that one batch may take, and samples. */
enum { BATCH_BYTES = 400 << 20, BATCH_SAMPLES = 64 };

static int64_t batch_size(const struct replay *replay)
{
    const struct graph *graph = replay->graph;
    size_t now = 1, most = 1;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k])
                now += 2 * tensor_bytes(node->output[k]);
        most = now > most ? now : most;
        for (int id = 0; id < graph->tensor_count; id++)
            if (graph->tensor[id]->producer && replay->last_reader[id] == n)
                now -= 2 * tensor_bytes(graph->tensor[id]);
    }
    int64_t size = (int64_t)(BATCH_BYTES / most);
    return size < 1 ? 1 : size > BATCH_SAMPLES ? BATCH_SAMPLES : size;
}

struct replay replay_begin(const struct graph *graph, const struct calibration *calibration,
                           const struct layers *layers)
{
    size_t tensors = (size_t)graph->tensor_count;
    struct replay replay = {.graph = graph, .calibration = calibration, .layers = layers};
    replay.stored = arena_array(graph->arena, tensors, sizeof *replay.stored);
    replay.last_reader = arena_array(graph->arena, tensors, sizeof *replay.last_reader);
    replay.differs = arena_array(graph->arena, tensors, sizeof *replay.differs);
    for (size_t id = 0; id < tensors; id++)
        replay.last_reader[id] = -1;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i])
                replay.last_reader[graph->node[n]->input[i]->id] = n;
    for (int i = 0; i < graph->output_count; i++)
        replay.last_reader[graph->output[i]->id] = graph->node_count;
    replay.batch = batch_size(&replay);
    return replay;
}

/* A graph input's values are the calibration's. */
static int input_index(const struct replay *replay, const struct tensor *tensor)
{
    for (int i = 0; i < replay->graph->input_count; i++)
        if (replay->graph->input[i] == tensor)
            return i;
    return -1;
}

static void forget(struct replay *replay, int id)
{
    struct twin *stored = &replay->stored[id];
    if (stored->pruned != stored->dense)
        free(stored->pruned);
    free(stored->dense);
    *stored = (struct twin){0};
}

void replay_end(struct replay *replay)
{
    for (int id = 0; id < replay->graph->tensor_count; id++)
        forget(replay, id);
    replay->frontier = 0;
}

void replay_compare(struct replay *replay)
{
    const struct graph *graph = replay->graph;
    for (int n = replay->frontier; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        const struct layer *layer = replay->layers->at[n];
        bool differs = layer && (layer->weights || layer->bias);
        for (int i = 0; i < node->input_count; i++)
            differs |= node->input[i] && replay->differs[node->input[i]->id];
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k])
                replay->differs[node->output[k]->id] = differs;
    }
}

/* ---- batches ---- */

static struct stack batch_value(const struct batch *batch, const struct tensor *tensor, bool pruned)
{
    if (!tensor)
        return (struct stack){0};
    if (tensor->data)
        return (struct stack){tensor->data, 0};
    size_t bytes = tensor_bytes(tensor);
    int input = tensor->producer ? -1 : input_index(batch->replay, tensor);
    if (input >= 0)
        return (struct stack){(const char *)batch->replay->calibration->input[input] + (size_t)batch->first * bytes,
                              bytes};
    const struct twin *value = &batch->value[tensor->id];
    return (struct stack){pruned ? value->pruned : value->dense, bytes};
}

struct stack batch_dense(const struct batch *batch, const struct tensor *tensor)
{
    return batch_value(batch, tensor, false);
}

struct stack batch_pruned(const struct batch *batch, const struct tensor *tensor)
{
    return batch_value(batch, tensor, true);
}

static void compute(const struct batch *batch, int position, bool pruned)
{
    const struct node *node = batch->replay->graph->node[position];
    const struct layer *layer = pruned ? batch->replay->layers->at[position] : NULL;
    struct stack *input = memory_new((size_t)node->input_count, sizeof *input);
    void **output = memory_new((size_t)node->output_count, sizeof *output);
    for (int i = 0; i < node->input_count; i++)
        input[i] = batch_value(batch, node->input[i], pruned);
    if (layer && layer->weights)
        input[layer->linear.weights].data = layer->weights;
    if (layer && layer->bias)
        input[layer->linear.bias].data = layer->bias;
    for (int k = 0; k < node->output_count; k++) {
        output[k] = NULL;
        if (!node->output[k])
            continue;
        struct twin *value = &batch->value[node->output[k]->id];
        output[k] = memory_new((size_t)batch->count, tensor_bytes(node->output[k]));
        *(pruned ? &value->pruned : &value->dense) = output[k];
        batch->owned[node->output[k]->id] = true;
    }
    forward_node(node, batch->count, input, output);
    free(input);
    free(output);
}

static void release(struct batch *batch, int id)
{
    struct twin *value = &batch->value[id];
    if (batch->owned[id]) {
        if (value->pruned != value->dense)
            free(value->pruned);
        free(value->dense);
    }
    batch->owned[id] = false;
    *value = (struct twin){0};
}

static void run_node(struct batch *batch, int position)
{
    const struct replay *replay = batch->replay;
    const struct node *node = replay->graph->node[position];
    bool differs = false;
    for (int k = 0; k < node->output_count; k++)
        differs |= node->output[k] && replay->differs[node->output[k]->id];
    compute(batch, position, false);
    for (int k = 0; k < node->output_count && !differs; k++)
        if (node->output[k])
            batch->value[node->output[k]->id].pruned = batch->value[node->output[k]->id].dense;
    if (differs)
        compute(batch, position, true);
}

static void release_read(struct batch *batch, int position)
{
    const struct node *node = batch->replay->graph->node[position];
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && batch->replay->last_reader[node->input[i]->id] <= position)
            release(batch, node->input[i]->id);
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && batch->replay->last_reader[node->output[k]->id] <= position)
            release(batch, node->output[k]->id);
}

void replay_run(struct replay *replay, int end, struct replay_visitor visitor)
{
    size_t tensors = (size_t)replay->graph->tensor_count;
    struct batch batch = {.replay = replay,
                          .value = memory_new(tensors, sizeof *batch.value),
                          .owned = memory_new(tensors, sizeof *batch.owned)};
    memset(batch.owned, 0, tensors * sizeof *batch.owned);
    memset(batch.value, 0, tensors * sizeof *batch.value);
    for (batch.first = 0; batch.first < replay->calibration->samples; batch.first += replay->batch) {
        int64_t left = replay->calibration->samples - batch.first;
        batch.count = left < replay->batch ? left : replay->batch;
        for (size_t id = 0; id < tensors; id++)
            if (replay->stored[id].dense) {
                size_t skip = (size_t)batch.first * tensor_bytes(replay->graph->tensor[id]);
                batch.value[id] = (struct twin){replay->stored[id].dense + skip, replay->stored[id].pruned + skip};
            }
        for (int n = replay->frontier; n < end; n++) {
            run_node(&batch, n);
            if (visitor.node_done)
                visitor.node_done(visitor.data, n, &batch);
            release_read(&batch, n);
        }
        if (visitor.batch_done)
            visitor.batch_done(visitor.data, &batch);
        for (size_t id = 0; id < tensors; id++)
            release(&batch, (int)id);
    }
    free(batch.value);
    free(batch.owned);
}

/* ---- the frontier ---- */

static bool lives_at(const struct replay *replay, const struct tensor *tensor, const int *position, int end)
{
    return tensor->producer && position[tensor->id] < end && replay->last_reader[tensor->id] >= end;
}

struct advance {
    struct replay *replay;
    const int *position;
    int end;
};

static void store_batch(void *data, const struct batch *batch)
{
    const struct advance *advance = data;
    const struct replay *replay = advance->replay;
    for (int id = 0; id < replay->graph->tensor_count; id++) {
        const struct tensor *tensor = replay->graph->tensor[id];
        if (!batch->owned[id] || !lives_at(replay, tensor, advance->position, advance->end))
            continue;
        size_t bytes = tensor_bytes(tensor), at = (size_t)batch->first * bytes, count = (size_t)batch->count * bytes;
        struct twin *stored = &replay->stored[id];
        memcpy(stored->dense + at, batch->value[id].dense, count);
        if (stored->pruned != stored->dense)
            memcpy(stored->pruned + at, batch->value[id].pruned, count);
    }
}

/* Positions of the producers. */
static int *producer_positions(const struct graph *graph)
{
    int *position = memory_new((size_t)graph->tensor_count, sizeof *position);
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->node[n]->output_count; k++)
            if (graph->node[n]->output[k])
                position[graph->node[n]->output[k]->id] = n;
    return position;
}

void replay_advance(struct replay *replay, int end, size_t limit)
{
    const struct graph *graph = replay->graph;
    size_t samples = (size_t)replay->calibration->samples, total = 0;
    if (end <= replay->frontier)
        return;
    int *position = producer_positions(graph);
    for (int id = 0; id < graph->tensor_count; id++)
        if (lives_at(replay, graph->tensor[id], position, end))
            total += samples * tensor_bytes(graph->tensor[id]) * (replay->differs[id] ? 2 : 1);
    if (total > limit) {
        free(position);
        return;
    }
    /* What is new gets memory; batches find what was there already by its pointer and do not own it. */
    struct twin *fresh = memory_new((size_t)graph->tensor_count, sizeof *fresh);
    memset(fresh, 0, (size_t)graph->tensor_count * sizeof *fresh);
    for (int id = 0; id < graph->tensor_count; id++)
        if (lives_at(replay, graph->tensor[id], position, end) && !replay->stored[id].dense) {
            fresh[id].dense = memory_new(samples, tensor_bytes(graph->tensor[id]));
            fresh[id].pruned =
                replay->differs[id] ? memory_new(samples, tensor_bytes(graph->tensor[id])) : fresh[id].dense;
        }
    struct replay target = *replay;
    target.stored = fresh;
    struct advance advance = {&target, position, end};
    replay_run(replay, end, (struct replay_visitor){.batch_done = store_batch, .data = &advance});
    for (int id = 0; id < graph->tensor_count; id++) {
        if (fresh[id].dense)
            replay->stored[id] = fresh[id];
        else if (!lives_at(replay, graph->tensor[id], position, end))
            forget(replay, id);
    }
    replay->frontier = end;
    free(fresh);
    free(position);
}
