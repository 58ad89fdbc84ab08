/* probe.h -- how much an error of one curve's layers matters at the outputs. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROBE_H
#define MEDNN_PROBE_H

#include "curves.h"

/* Scale every curve's errors so that they say what becomes of them at the outputs: half of the curve's channels are removed
 * alone, the network is repaired, and the outputs of both networks compared on some samples. */
void probe_curves(const struct graph *graph, const struct calibration *calibration, struct layers *layers,
                  const struct channels *channels, struct curves *curves);

#endif
