/* repair.h -- new weights for a network that lost channels, so that it computes what the dense one does. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REPAIR_H
#define MEDNN_REPAIR_H

#include "channels.h"
#include "replay.h"

/* Refit the weights and the bias of every layer that lost inputs or sees changed ones, in order of execution, each by least
 * squares on what the changed layers before it deliver. The target is the dense network's result; for the layer that
 * writes the last summand of an Add, the dense sum minus what the other summand is now. `removed` [class]: the
 * layers' weights for removed inputs become zero. Results stand in `layers`; `progress(data, done, all)` may be NULL. */
void repair(struct replay *replay, struct layers *layers, const struct channels *channels, const bool removed[],
            void (*progress)(void *data, int done, int all), void *data);

/* The same without fitting: weights for removed inputs become zero. */
void repair_nothing(struct layers *layers, const struct channels *channels, const bool removed[]);

#endif
