/* curves.h -- in which order channels go, and what each step costs in accuracy.
 *
 * Optimal brain surgeon on whole channels, as in OSSCAR (Meng et al., ICML 2024): a layer reads X with the centred
 * covariance H through W. Let K be the inverse of H + ridge. Taking out the rows i of a channel and adjusting the
 * others in the best way costs tr(W_i' K_ii^-1 W_i), and leaves W - K[:,i] K_ii^-1 W_i and K - K[:,i] K_ii^-1 K[i,:]. Only
 * W W' is needed of W. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CURVES_H
#define MEDNN_CURVES_H

#include "readers.h"

/* Groups that share a layer that reads them, and the order in which their classes go. */
struct curve {
    int *group;
    int group_count;
    int *order;    /* classes, cheapest first */
    double *error; /* [0 .. count]: squared error / variance of the outputs, summed over the layers, when so many are gone */
    bool *aligned; /* [0 .. count]: every group is whole or keeps a multiple of its snap */
    int count;     /* of classes in `order`; every group keeps one */
    bool thin;     /* some layer has too few rows of data for its inputs: nothing goes */
    bool failed;   /* a covariance was no covariance */
};

struct curves {
    int count;
    struct curve *item;
};

/* Curves of all groups that `may_go` [group], for removal in steps of snap[group] channels. Takes the readers' covariances
 * apart. `class_worth` [group]: what goes with one class. */
struct curves curves_compute(const struct channels *channels, struct readers *readers, const bool may_go[], const int snap[],
                             const double class_worth[]);
void curves_free(struct curves *curves);

#endif
