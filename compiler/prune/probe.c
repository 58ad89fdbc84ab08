/* probe.c -- how much an error of one curve's layers matters at the outputs. */
/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include "repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct difference {
    double error, sum, square, count;
};

static void compare_outputs(void *data, const struct batch *batch)
{
    struct difference *d = data;
    const struct graph *graph = batch->replay->graph;
    for (int k = 0; k < graph->output_count; k++) {
        const struct tensor *y = graph->output[k];
        if (y->type != TYPE_FLOAT || tensor_is_constant(y))
            continue;
        const float *dense = batch_dense(batch, y).data, *pruned = batch_pruned(batch, y).data;
        int64_t size = batch->count * shape_size(y->shape);
        for (int64_t i = 0; i < size; i++) {
            double a = (double)dense[i], b = (double)pruned[i];
            d->error += (a - b) * (a - b);
            d->sum += a;
            d->square += a * a;
        }
        d->count += (double)size;
    }
}

double replay_output_error(struct replay *replay)
{
    struct difference d = {0};
    replay_compare(replay);
    replay_run(replay, replay->graph->node_count,
               (struct replay_visitor){.batch_done = compare_outputs, .data = &d});
    double variance = d.count > 0 ? d.square - d.sum * d.sum / d.count : 0;
    return variance > 0 ? d.error / variance : 0;
}

static void probe_curve(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                        const struct channels *channels, struct curve *curve, bool removed[])
{
    int part = getenv("PART") ? atoi(getenv("PART")) : 4;
    int count = (curve->count + part - 1) / part;
    memset(removed, 0, (size_t)channels->class_count * sizeof *removed);
    for (int q = 0; q < count; q++)
        removed[curve->order[q]] = true;
    struct replay replay = replay_begin(graph, calibration, layers);
    repair(&replay, layers, channels, removed, NULL, NULL);
    replay_end(&replay);
    replay = replay_begin(graph, calibration, layers);
    double error = replay_output_error(&replay);
    replay_end(&replay);
    layers_free(layers);
    for (int i = 0; i < layers->count; i++) {
        layers->item[i].refitted = false;
        layers->item[i].error = 0;
    }
    double scale = curve->error[count] > 0 ? error / curve->error[count] : 1;
    fprintf(stderr, "probe %s: %d of %d, score %.5f output %.5f scale %.4f\n", channels->group[curve->group[0]].name, count, curve->count,
            curve->error[count], error, scale);
    for (int q = 0; q <= curve->count; q++)
        curve->error[q] *= scale;
}

void probe_curves(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                  const struct channels *channels, struct curves *curves)
{
    bool *removed = arena_array(graph->arena, (size_t)channels->class_count + 1, sizeof *removed);
    struct calibration some = *calibration;
    if (some.samples > 256)
        some.samples = 256;
    for (int j = 0; j < curves->count; j++)
        if (curves->item[j].count)
            probe_curve(graph, &some, layers, channels, &curves->item[j], removed);
}
