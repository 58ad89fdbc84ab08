/* tuning.c -- what kernels took for layers. */
/* SPDX-License-Identifier: MIT */
#include "tuning.h"

#include <string.h>

const struct tuned_layer *tuning_find(const struct tuning *tuning, const char *layer)
{
    for (int i = 0; i < tuning->count; i++)
        if (!strcmp(tuning->layer[i].layer, layer))
            return &tuning->layer[i];
    return NULL;
}

double tuning_seconds(const struct tuned_layer *layer, const struct kernel *kernel)
{
    for (int i = 0; i < layer->count; i++)
        if (layer->kernel[i].kernel == kernel)
            return layer->kernel[i].seconds;
    return 0;
}

void tuning_add(struct arena *arena, struct tuning *tuning, const char *layer, const struct kernel *kernel, double seconds)
{
    struct tuned_layer *tuned = NULL;
    for (int i = 0; i < tuning->count && !tuned; i++)
        if (!strcmp(tuning->layer[i].layer, layer))
            tuned = &tuning->layer[i];
    if (!tuned) {
        tuned = arena_append(arena, tuning->layer, tuning->count, tuning->capacity);
        *tuned = (struct tuned_layer){.layer = layer};
    }
    for (int i = 0; i < tuned->count; i++)
        if (tuned->kernel[i].kernel == kernel) {
            if (seconds < tuned->kernel[i].seconds)
                tuned->kernel[i].seconds = seconds;
            return;
        }
    *arena_append(arena, tuned->kernel, tuned->count, tuned->capacity) = (struct tuned_kernel){kernel, seconds};
}
