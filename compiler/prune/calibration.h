/* calibration.h -- the samples that --calibrate names. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CALIBRATION_H
#define MEDNN_CALIBRATION_H

#include "../ir/graph.h"

/* Samples of every graph input; labels where they are given. */
struct calibration {
    int64_t samples;
    const void **input; /* [graph input]: samples in a row */
    const int64_t *label; /* one per sample, or NULL */
};

/* Read "FILE.npy" (a graph of one input) or "NAME=FILE.npy" once per input, as `mednn-run --batch` takes them: the
 * first axis counts samples. `labels`: FILE.npy of one integer per sample, or NULL. Fails on anything that does not
 * fit. Memory of the graph's arena. */
void calibration_read(const struct graph *graph, const char *const file[], int file_count, const char *labels,
                      struct calibration *calibration);

#endif
