/* probe.c -- how much an error of one curve's layers matters at the outputs. */
/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include "guard.h"
#include "repair.h"

#include <string.h>

/* Samples that are enough. */
enum { PROBE_SAMPLES = 256 };

static void probe_curve(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                        const struct channels *channels, struct curve *curve, bool removed[])
{
    int count = (curve->count + 1) / 2;
    memset(removed, 0, (size_t)channels->class_count * sizeof *removed);
    for (int q = 0; q < count; q++)
        removed[curve->order[q]] = true;
    struct replay replay = replay_begin(graph, calibration, layers);
    repair(&replay, layers, channels, removed, NULL, NULL);
    replay_end(&replay);
    struct answers answers = {0};
    answers_add(graph, calibration, layers, &answers);
    double error = answers.variance > 0 ? answers.error / answers.variance : 0;
    layers_free(layers);
    for (int q = 0; curve->error[count] > 0 && q <= curve->count; q++)
        curve->error[q] *= error / curve->error[count];
}

void probe_curves(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                  const struct channels *channels, struct curves *curves)
{
    bool *removed = arena_array(graph->arena, (size_t)channels->class_count + 1, sizeof *removed);
    struct calibration some = *calibration;
    if (some.samples > PROBE_SAMPLES)
        some.samples = PROBE_SAMPLES;
    for (int j = 0; j < curves->count; j++)
        if (curves->item[j].count)
            probe_curve(graph, &some, layers, channels, &curves->item[j], removed);
}
