/* calibration.h -- the samples that --calibrate names. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CALIBRATION_H
#define MEDNN_CALIBRATION_H

#include "../ir/graph.h"

/* Samples of every graph input; labels where they are given. */
struct calibration {
    int64_t samples;
    int copies;           /* of every real sample, see calibration_enlarge() */
    const void **input; /* [graph input]: samples in a row */
    const int64_t *label; /* one per sample, or NULL */
};

/* Read "FILE.npy" (a graph of one input) or "NAME=FILE.npy" once per input, as `mednn-run --batch` takes them: the
 * first axis counts samples. `labels`: FILE.npy of one integer per sample, or NULL. Fails on anything that does not
 * fit. Memory of the graph's arena. */
void calibration_read(const struct graph *graph, const char *const file[], int file_count, const char *labels,
                      struct calibration *calibration);

/* The samples whose index leaves another remainder by `folds` than `fold`; with `inside`, those that leave that one.
 * The new arrays are on the heap. */
struct calibration calibration_part(const struct graph *graph, const struct calibration *calibration, int folds,
                                    int fold, bool inside);
/* Every sample and copies of it, mirrored and moved by up to a sixteenth of the image (edges repeat), for a graph whose
 * inputs are all images (float, rank 4, up to 4 channels); `copies` includes the samples themselves. Other graphs get the samples
 * once. The new arrays are on the heap. */
struct calibration calibration_enlarge(const struct graph *graph, const struct calibration *calibration, int copies);
/* Samples for a network that has none: noise of all scales, as strong as makes the results of the first layers about as
 * large as their weights are meant for (variance 1). Only float inputs get it, others are zero. On the heap. */
struct layers;
struct calibration calibration_invent(const struct graph *graph, const struct layers *layers, int64_t samples);
void calibration_free(const struct graph *graph, struct calibration *calibration);

#endif
