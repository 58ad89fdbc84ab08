/* batch_normalization.h -- BatchNormalization by computed parameters, or by the statistics of its input; any float type.
 *
 * Pointers point to what belongs to the first channel of the piece; x to its first element, or, with statistics, to the
 * beginning of the other axes. Sums run in double over those axes in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BATCH_NORMALIZATION_H
#define MEDNN_BATCH_NORMALIZATION_H

#include "scalars.h"
#include "walk.h"

/* Axes but for that of channels: of the piece, and of the whole input. */
struct batch_normalization {
    int rank;
    int64_t count[8], x[8], y[8], whole[8];
    int64_t channels, x_step, y_step;
    int64_t first; /* element of x, of the first channel, where the piece begins */
    enum element_type type, parameter_type[4]; /* scale, bias, mean, variance */
    double epsilon, momentum;
};

struct batch_parameters {
    const void *value[4];
};

INLINE double batch_parameter(const struct batch_normalization *s, const struct batch_parameters *p, int which,
                              int64_t channel)
{
    return load_real(p->value[which], s->parameter_type[which], channel);
}

INLINE void batch_measure(const struct batch_normalization *s, const void *x, int64_t from, double *mean,
                          double *variance)
{
    int64_t at[8] = {0};
    double sum = 0, squares = 0, count = 0;
    do {
        sum += load_real(x, s->type, from + walk_at(s->rank, s->x, at));
        count += 1;
    } while (walk_next(s->rank, s->whole, at));
    *mean = sum / count;
    do {
        const double apart = load_real(x, s->type, from + walk_at(s->rank, s->x, at)) - *mean;
        squares += apart * apart;
    } while (walk_next(s->rank, s->whole, at));
    *variance = squares / count;
}

INLINE void batch_normalization(const struct batch_normalization *s, const struct batch_parameters *p, int training,
                                void *y, const void *x)
{
    for (int64_t c = 0; c < s->channels; c++) {
        int64_t at[8] = {0};
        double mean, variance;
        if (training) {
            batch_measure(s, x, c * s->x_step, &mean, &variance);
        } else {
            mean = batch_parameter(s, p, 2, c);
            variance = batch_parameter(s, p, 3, c);
        }
        const double spread = __builtin_sqrt(variance + s->epsilon), scale = batch_parameter(s, p, 0, c);
        const double bias = batch_parameter(s, p, 1, c);
        do {
            const int64_t from = s->first + walk_at(s->rank, s->x, at) + c * s->x_step;
            store_real(y, s->type, walk_at(s->rank, s->y, at) + c * s->y_step,
                       (load_real(x, s->type, from) - mean) / spread * scale + bias);
        } while (walk_next(s->rank, s->count, at));
    }
}

/* What runs on from one batch to the next: means, or variances. */
INLINE void batch_statistics(const struct batch_normalization *s, const void *old, int variances, void *y, const void *x)
{
    for (int64_t c = 0; c < s->channels; c++) {
        double statistic[2];
        batch_measure(s, x, c * s->x_step, &statistic[0], &statistic[1]);
        const enum element_type type = s->parameter_type[2 + variances];
        store_real(y, type, c, load_real(old, type, c) * s->momentum + statistic[variances] * (1 - s->momentum));
    }
}

#endif
