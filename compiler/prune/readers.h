/* readers.h -- what the layers that read removable channels see: covariances of their inputs. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_READERS_H
#define MEDNN_READERS_H

#include "channels.h"
#include "matrix.h"
#include "replay.h"

/* A layer that sums over removable channels. Its inputs are `size` features: the rows of W, or, where W has very many,
 * `merge` rows at a time, which then belong to one channel (its taps, or its places in a flattened map) and are
 * taken to have one covariance. */
struct reader {
    struct layer *layer;
    int64_t size, merge;
    int *class;            /* [feature]: of the channel; -1: pinned */
    struct moments inputs; /* after readers_measure(): covariance */
    double *square;        /* W W', size x size, lower triangle */
    double variance;       /* of the outputs, summed over them */
    double *y_sum, *y_square;
    double ridge; /* added to the covariance's diagonal */
    int copies;   /* of every real sample */
    int64_t seen; /* rows of real samples */
    bool thin;    /* fewer than GUARD_ROWS rows of real samples per feature */
};

struct readers {
    int count;
    struct reader *item;
};

/* Rows of calibration data that a feature needs (few enough of them make every channel look superfluous), ridges
 * relative to the mean variance where there are as many and where there are not. */
enum { GUARD_ROWS = 5 };
#define RIDGE 1e-3
#define THIN_RIDGE 0.3

/* Measure all layers that are consumers of a group that `may_go` [group], in one run of the dense network. */
struct readers readers_measure(struct replay *replay, const struct channels *channels, const bool may_go[]);
void readers_free(struct readers *readers);

#endif
