/* tuning.h -- what kernels took for layers on some machine, as mednn-tune measured it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TUNING_H
#define MEDNN_TUNING_H

#include "kernel.h"

struct tuned_kernel {
    const struct kernel *kernel;
    double seconds; /* of the whole layer, without conversions of layout; > 0 */
};

struct tuned_layer {
    const char *layer; /* what node_describe() says of it */
    int count, capacity;
    struct tuned_kernel *kernel;
};

struct tuning {
    int count, capacity;
    struct tuned_layer *layer; /* all different */
};

/* What is known of a layer; NULL: nothing. */
const struct tuned_layer *tuning_find(const struct tuning *tuning, const char *layer);
/* What a kernel took for it; 0: not known. */
double tuning_seconds(const struct tuned_layer *layer, const struct kernel *kernel);
/* Note a measurement: of equal layers and kernels the shortest stays, for other work only ever takes time. */
void tuning_add(struct arena *arena, struct tuning *tuning, const char *layer, const struct kernel *kernel, double seconds);

#endif
