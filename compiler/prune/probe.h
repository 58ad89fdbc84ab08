/* probe.h -- how much an error of one curve's layers matters at the outputs. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROBE_H
#define MEDNN_PROBE_H

#include "curves.h"

/* Squared difference of the graph's float outputs between the two networks / variance of the dense ones. */
double replay_output_error(struct replay *replay);

/* Scale every curve's errors so that they say what becomes of them at the outputs: part of the curve's channels are removed and
 * repaired alone, and the outputs of both networks compared on some samples. */
void probe_curves(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                  const struct channels *channels, struct curves *curves);

#endif
