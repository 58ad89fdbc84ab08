/* tune.h -- all weights of a pruned network at once, so that its outputs become those of the dense one.
 *
 * Repair fits layer after layer to what the dense network's layers compute. Here the outputs alone count: gradient descent (Adam,
 * Kingma and Ba, ICLR 2015) on the squared difference of the two networks' outputs, on the same samples without labels. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TUNE_H
#define MEDNN_TUNE_H

#include "tape.h"

/* Steps that suit weights which are far from fitting, relative to their size. */
#define TUNE_RATE 1e-2

struct tune_options {
    int64_t visits; /* of samples, in all */
    struct variety variety; /* every visit sees another copy */
    double rate;    /* steps relative to the root mean square of a tensor's elements; falls to 0 along half a cosine */
    void (*progress)(void *data, int done, int all); /* may be NULL */
    void *data;
};

/* What suits a network of so many multiply-accumulates and so many samples; visits 0: it would take too long. */
struct tune_options tune_default(int64_t macs, int64_t samples);

/* Change the pruned network's weights and biases in `layers`; weights that are zero stay zero. Returns false when nothing was done:
 * no gradients, too much memory or too few visits. */
bool tune(const struct graph *graph, struct layers *layers, const struct calibration *calibration,
          const struct tune_options *options);

/* What tuning brings down, of every sample: squared differences at what the tape aims at, relative to their variance over the
 * samples. Returns false when there are no gradients or too much memory is needed. */
bool tune_loss(const struct graph *graph, struct layers *layers, const struct calibration *calibration, double loss[]);

#endif
