/* backward.h -- gradients of nodes over many samples, the counterpart of forward.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BACKWARD_H
#define MEDNN_BACKWARD_H

#include "forward.h"

/* A node whose outputs were computed by forward_node(). */
struct backward {
    const struct node *node;
    int64_t samples;
    const struct stack *input;  /* [input]: as forward_node() read them */
    void *const *output;        /* [output]: what it wrote */
    const float *const *given;  /* [output]: derivative of a sum of losses by every element; NULL: 0 */
    float *const *wanted;       /* [input]: the same is added here, samples in a row, for stride 0 one array that sums over
                                   them; NULL: not wanted */
};

/* Are there gradients from output 0 to `input`? Only linear nodes have them to constants. */
bool backward_can(const struct node *node, int input);
/* Of nodes and inputs that can. The result does not depend on the number of processors. */
void backward_node(const struct backward *backward);

#endif
