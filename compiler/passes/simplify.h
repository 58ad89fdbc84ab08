/* simplify.h -- rules of simplify.c and fuse.c that live in files of their own. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SIMPLIFY_H
#define MEDNN_SIMPLIFY_H

#include "../ir/graph.h"

/* x Clip(x + 3, 0, 6) / 6 with the division in any place, or x HardSigmoid(x), ending at `node`: HardSwish;
 * without the first factor: HardSigmoid. */
bool make_hard_activation(struct graph *graph, struct node *node);

/* AffineGrid: Transpose, MatMul with a constant, Reshape. */
bool affine_grid_to_product(struct graph *graph, struct node *node);

/* Attention with past or present keys: Concat before it, which is the present; then Attention of all keys. Reads rank-3 keys
 * and values through Reshape and Transpose. */
bool join_attention_cache(struct graph *graph, struct node *node);
/* SoftmaxCrossEntropyLoss becomes LogSoftmax and NegativeLogLikelihoodLoss. */
bool split_cross_entropy(struct graph *graph, struct node *node);
/* Dropout's mask is constant. */
bool fold_mask(struct graph *graph, struct node *node);

/* Of integers: MatMul and Gemm become Einsum. */
bool matmul_to_einsum(struct graph *graph, struct node *node);
bool gemm_to_einsum(struct graph *graph, struct node *node);
/* Of all types but float32: Resize to the nearest element becomes Gather, axis by axis. */
bool nearest_to_gather(struct graph *graph, struct node *node);
/* x Sigmoid(x): Swish; x (1 + Erf(x / sqrt(2))) / 2 with the half in any place: Gelu. */
bool make_smooth_activation(struct graph *graph, struct node *node);

/* (x - mean) / Sqrt(mean of the squares of that + epsilon) along the last axis, ending at `node`: LayerNormalization. */
bool make_layer_normalization(struct graph *graph, struct node *node);

/* A constant factor or summand per position of the last axis right behind a LayerNormalization: its scale, its bias. */
bool extend_layer_normalization(struct graph *graph, struct node *node);

#endif
