/* normalize.h -- operators that divide by a statistic of a group of elements, seen alike; for operators/normalize.c and the
 * kernel that computes them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NORMALIZE_H
#define MEDNN_NORMALIZE_H

#include "../ir/graph.h"

enum norm {
    NORM_VARIANCE, /* (x - mean) / sqrt(variance + epsilon) */
    NORM_SQUARE,   /* x / sqrt(mean of squares + epsilon) */
    NORM_L1,       /* x / sum of magnitudes */
    NORM_L2        /* x / sqrt(sum of squares) */
};

/* The tensor is cut along axis 1 into `groups` parts (1: not at all); each part's elements along the reduced axes make one
 * statistic. */
struct normalize {
    enum norm norm;
    double epsilon;
    bool epsilon_outside; /* added to the root instead of to the variance */
    int64_t groups;
    bool reduced[MAX_RANK];
    int scale, bias;      /* inputs; 0: none */
    int aligned;          /* scale and bias are broadcast to the tensor's last axes (0), or lie along axis 1 (1), or hold
                           * one element per group (2) */
};
struct normalize normalize_of(const struct node *node);

#endif
