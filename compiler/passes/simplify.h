/* simplify.h -- rules of simplify.c that live in files of their own. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SIMPLIFY_H
#define MEDNN_SIMPLIFY_H

#include "../ir/graph.h"

/* x Clip(x + 3, 0, 6) / 6 with the division in any place, or x HardSigmoid(x), ending at `node`: HardSwish;
 * without the first factor: HardSigmoid. */
bool make_hard_activation(struct graph *graph, struct node *node);

/* x Sigmoid(x): Swish; x (1 + Erf(x / sqrt(2))) / 2 with the half in any place: Gelu. */
bool make_smooth_activation(struct graph *graph, struct node *node);

/* (x - mean) / Sqrt(mean of the squares of that + epsilon) along the last axis, ending at `node`: LayerNormalization. */
bool make_layer_normalization(struct graph *graph, struct node *node);

/* A constant factor or summand per position of the last axis right behind a LayerNormalization: its scale, its bias. */
bool extend_layer_normalization(struct graph *graph, struct node *node);

#endif
