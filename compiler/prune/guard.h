/* guard.h -- what a pruned network answers on samples that it was not repaired with. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GUARD_H
#define MEDNN_GUARD_H

#include "replay.h"

/* Sums over samples. */
struct answers {
    bool classes;  /* the graph's output is a list of class scores: answers are its largest ones */
    double samples;
    double agree;                    /* classes: both networks say the same */
    double dense_right, pruned_right; /* classes, with labels */
    double error, variance;          /* of float outputs: squared difference; of the dense ones around their mean */
};

/* Compare the networks on all samples of `calibration`; adds to *answers. */
void answers_add(const struct graph *graph, const struct calibration *calibration, const struct layers *layers,
                 struct answers *answers);

/* Scores that the graph's only output holds, one per class; 0: it is no list of scores. */
int64_t answers_classes(const struct graph *graph);

/* What was lost, in points of 100: accuracy with labels; else answers that differ, or where there are no classes the
 * squared error against the variance. */
double answers_drop(const struct answers *answers, bool labels);

#endif
