/* shuffles.h -- channel shuffles that can lose single channels. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SHUFFLES_H
#define MEDNN_SHUFFLES_H

#include "../operators/op.h"

struct shuffles;

/* Write channel shuffles (Reshape to groups, Transpose, Reshape back) as one Gather each, which can lose any
 * channel: in groups only the same channel of all of them could go. */
struct shuffles *shuffles_gather(struct graph *graph);

/* Those that lost nothing become what they were. NULL: there are none. */
void shuffles_restore(struct graph *graph, const struct shuffles *shuffles);

#endif
