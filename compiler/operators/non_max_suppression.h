/* non_max_suppression.h -- inputs of NonMaxSuppression after boxes and scores: how many boxes per class at most (none
 * without it), from which overlap on a box goes, and below which score. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NON_MAX_SUPPRESSION_H
#define MEDNN_NON_MAX_SUPPRESSION_H

enum { NMS_MOST = 2, NMS_IOU, NMS_SCORE };

#endif
