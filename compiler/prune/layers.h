/* layers.h -- the nodes that multiply with constant weights, as matrices: Y = X W + b. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LAYERS_H
#define MEDNN_LAYERS_H

#include "../operators/op.h"
#include "forward.h"

struct layer {
    struct node *node;
    int position; /* in the order of execution */
    struct linear linear;
    /* What the pruned network has in place of the tensors' own data, laid out alike, on the heap; NULL: the same. */
    float *weights, *bias;
    bool refitted;
    double error; /* after repair: squared error of the outputs / their variance */
    int64_t rows; /* that the repair was fitted to */
};

struct layers {
    int count;
    struct layer *item;
    struct layer **at; /* [position of a node]: NULL where it is no layer */
};

/* Give every layer weights and a bias of its own, a bias of zeros where it has none: what only pruning needs. */
void layers_prepare(struct graph *graph);

/* The layers of a prepared graph, in order of execution; memory of its arena. */
struct layers layers_find(const struct graph *graph);
/* Forget what the pruned network has: both are the same again. */
void layers_free(struct layers *layers);

/* Can the bias be changed? */
bool layer_has_bias(const struct layer *layer);

/* Rows of X and Y that are taken of each of `samples` samples. */
int64_t layer_rows(const struct layer *layer, int64_t samples);

/* Rows of `group`'s X of some samples, `per_sample` of each, which `from` says: always the same ones. x has
 * linear.rows columns. */
void layer_unroll(const struct layer *layer, struct stack data, int64_t group, int64_t first, int64_t samples,
                  int64_t per_sample, float *x);
/* The same rows of a tensor that is shaped like the layer's result; y has linear.columns columns. With `add`, they
 * are added to y, `sign` times. */
void layer_results(const struct layer *layer, struct stack data, int64_t group, int64_t first, int64_t samples,
                   int64_t per_sample, float sign, bool add, float *y);

/* W of a group (linear.rows x linear.columns, scaled), from and to weights laid out as the node's. */
void layer_get(const struct layer *layer, const float *weights, int64_t group, float *w);
void layer_put(const struct layer *layer, float *weights, int64_t group, const float *w);
/* The pruned network's weights and bias to be written, copied from the graph's on first use. */
float *layer_own_weights(struct layer *layer);
float *layer_own_bias(struct layer *layer);

/* Make the pruned network's weights the graph's. */
void layers_commit(struct graph *graph, struct layers *layers);

#endif
