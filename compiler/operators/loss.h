/* loss.h -- NegativeLogLikelihoodLoss, as its kernel asks. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LOSS_H
#define MEDNN_LOSS_H

#include "../ir/graph.h"

enum reduction { REDUCTION_NONE, REDUCTION_SUM, REDUCTION_MEAN };

enum reduction loss_reduction(const struct node *node);

#endif
