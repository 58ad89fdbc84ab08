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

/* How images may be changed so that they stay what the network is used to; see variety.h. */
struct variety {
    bool mirrored;
    int part; /* moved by up to one part in so many of their sizes, edges repeating; 0: not at all */
    bool mixed; /* half of those that are drawn together pulled towards another one, halfway at most (Zhang et al., mixup, ICLR 2018):
                   for learning what the dense network says of them, which need not be what it says of real ones */
};

/* Are all inputs images (float, rank 4, up to 4 channels)? Nothing else is varied. */
bool calibration_is_images(const struct graph *graph);
/* Every sample, and varied copies of it up to `copies` in all (fewer where they would be alike). The new arrays are on the
 * heap. */
struct calibration calibration_enlarge(const struct graph *graph, const struct calibration *calibration,
                                       struct variety variety, int copies);
/* Samples index[0 .. count) of `from`, each varied as *random says, into the first places of `to`, made by
 * calibration_room(). */
void calibration_draw(const struct graph *graph, const struct calibration *from, const int64_t index[], int64_t count,
                      struct variety variety, uint64_t *random, struct calibration *to);
/* All samples mirrored, likewise. */
void calibration_mirror(const struct graph *graph, const struct calibration *from, struct calibration *to);
struct calibration calibration_room(const struct graph *graph, int64_t samples);
/* Samples for a network that has none: noise of all scales, as strong as makes the results of the first layers about as
 * large as their weights are meant for (variance 1). Only float inputs get it, others are zero. On the heap. */
struct layers;
struct calibration calibration_invent(const struct graph *graph, const struct layers *layers, int64_t samples);
void calibration_free(const struct graph *graph, struct calibration *calibration);

#endif
