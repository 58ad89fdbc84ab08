/* backward_inner.h -- the kinds of nodes that backward_node() knows; for the files backward*.c only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BACKWARD_INNER_H
#define MEDNN_BACKWARD_INNER_H

#include "backward.h"

/* One kind of node. */
struct backward_kind {
    bool (*can)(const struct node *node, int input);
    void (*run)(const struct backward *backward);
};

extern const struct backward_kind backward_conv, backward_product, backward_elementwise, backward_pool, backward_moves,
    backward_same, backward_softmax, backward_normalization;

static inline const float *backward_input(const struct backward *b, int i, int64_t sample)
{
    return (const float *)((const char *)b->input[i].data + (size_t)sample * b->input[i].stride);
}

/* Call task(data, first, count, sum) for chunks of the samples, in parallel; `sum` is a zeroed array of `size` floats of the
 * chunk's own, and all of them are added to `total` afterwards, in order. */
void backward_chunks(const struct backward *b, size_t size, float *total,
                     void (*task)(void *data, int64_t first, int64_t count, float *sum), void *data);

#endif
