/* forward_inner.h -- the fast forms of forward_node(); for the files forward*.c only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FORWARD_INNER_H
#define MEDNN_FORWARD_INNER_H

#include "forward.h"

/* The loops of these files are worth gcc's best, clang's -O2 is that. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O3")
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
bool forward_product(const struct job *job);
bool forward_elementwise(const struct job *job);
bool forward_pool(const struct job *job);

#endif
