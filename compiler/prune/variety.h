/* variety.h -- which changes of an image leave a network's answer about what it was: asked of the network, without labels. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_VARIETY_H
#define MEDNN_VARIETY_H

#include "calibration.h"
#include "layers.h"

/* A change is taken when the squared difference that it makes at the outputs is less than half their variance over the samples
 * (two samples that have nothing to do with each other differ by twice the variance). Images may always be mixed. */
struct variety variety_of(const struct graph *graph, const struct layers *layers, const struct calibration *calibration);

#endif
