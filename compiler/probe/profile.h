/* profile.h -- the profile that a generated program prints with MEDNN_PROFILE=1. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROBE_PROFILE_H
#define MEDNN_PROBE_PROFILE_H

#include "../support/arena.h"

/* Medians of so many inferences. */
struct profile {
    int count, capacity;
    struct profile_row {
        const char *layer; /* as the generated source names it: "layer_conv1_Conv" */
        double seconds;
    } *row;
    double seconds; /* all of them */
};

/* Run device 0 of the programs in a folder on random inputs. Fails when it fails. */
struct profile profile_run(struct arena *arena, const char *folder, int repeat);

/* The time of a layer, or 0. */
double profile_seconds(const struct profile *profile, const char *layer);

#endif
