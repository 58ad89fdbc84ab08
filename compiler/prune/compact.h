/* compact.h -- channels that say nothing go. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COMPACT_H
#define MEDNN_COMPACT_H

#include "channels.h"

/* What a change of widths did to one node that multiplies: [0] before, [1] after. */
struct layer_change {
    const char *name, *op_type;
    int64_t inputs[2],
        outputs[2]; /* along the axes that are summed away, and axis 1 (or the last) of the result */
    int64_t macs[2], parameters[2], bytes[2]; /* bytes: of the result */
};

/* The whole graph, its layers in execution order. */
struct graph_change {
    int layer_count;
    struct layer_change *layer;
    int64_t macs[2], parameters[2];
    int64_t channels[2]; /* outputs of all layers */
};

/* Begin with the widths as they are now; graph_change_end() with those after the change. Nodes are known by
 * their names; those that came or went in between are not listed. */
void graph_change_begin(struct graph *graph, struct graph_change *change);
void graph_change_end(struct graph *graph, struct graph_change *change);

/* Remove the channels that cannot change the outputs by more than rounding, until there is none: those that
 * nobody reads (all weights that read them are zero), those that are zero, and those that have one value
 * everywhere (a filter of zeros with a bias, seen through the activations behind it) where that value can
 * move into the biases of all readers. That is not so where a reader pads with zeros: a constant would reach
 * beyond the border. There, all constant channels of a group become one. A channel goes with all that is
 * coupled to it or not at all.
 *
 * `zero_threshold`: a filter (or all weights that read one channel) counts as zero when no magnitude in it is
 * larger; biases count as they are. 0: the outputs stay the same. Infinite and NaN weights are not zero; what
 * weights of zero read is taken for finite. Returns how many classes went. */
int compact(struct graph *graph, double zero_threshold);

#endif
