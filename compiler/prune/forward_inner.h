/* forward_inner.h -- the fast forms of forward_node(); for the files forward*.c and backward*.c only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FORWARD_INNER_H
#define MEDNN_FORWARD_INNER_H

#include "../operators/conv.h"
#include "forward.h"

/* The loops of these files are worth gcc's best, clang's -O2 is that; they are too short to become calls of memcpy. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O3", "no-tree-loop-distribute-patterns")
#endif

/* One node at work. */
struct job {
    const struct node *node;
    int64_t samples;
    const struct stack *input;
    void *const *output;
};

static inline const float *job_input(const struct job *job, int i, int64_t sample)
{
    return (const float *)((const char *)job->input[i].data + (size_t)sample * job->input[i].stride);
}

/* Each returns false, having done nothing, when the node is not of its kind. */
bool forward_winograd(const struct job *job);
bool forward_conv(const struct job *job);
bool forward_conv_transpose(const struct job *job);
bool forward_product(const struct job *job);
bool forward_elementwise(const struct job *job);
bool forward_pool(const struct job *job);

/* An operand that differs from 1 in one run of axes only, in which it has the result's sizes: element i of the result
 * reads its element i / *inner % *size. */
bool forward_pattern(struct shape operand, struct shape result, int64_t *inner, int64_t *size);

/* A pool of two spatial axes. */
struct pool {
    const struct job *job;
    struct window window;
    int64_t maps, size[2], result[2];
    bool average, include_pad;
};

/* false when the node is not of the kind. */
bool pool_of(const struct job *job, struct pool *pool);
/* What the window of one output reads along an axis of `size` elements. */
struct range pool_taps(const struct window *window, int axis, int64_t at, int64_t size);

#endif
