/* prune.h -- SMCD: channels go that cost least, and the weights that stay make up for them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PRUNE_H
#define MEDNN_PRUNE_H

#include "compact.h"

struct prune_options {
    double macs;            /* fraction of the multiply-accumulates to remove */
    double bytes;           /* fraction of the bytes of feature maps between layers to remove; one of the two is 0 */
    const char **calibrate; /* "FILE.npy" or "NAME=FILE.npy"; none: made-up samples */
    int calibrate_count;
    const char *labels; /* file, or NULL */
    double max_drop;    /* points that may be lost, see answers_drop(); < 0: as the program thinks fit */
    int snap;           /* kept channels are a multiple of it; 0: what suits the width of each group */
    bool streams;       /* residual streams may lose channels, too */
    bool no_repair;     /* for comparison */
    bool progress;      /* on stderr */
};

struct prune_group {
    const char *name;
    int before, after;
    double score; /* what the removal costs, as estimated: squared error / variance */
};

/* What was done, for people. */
struct prune_result {
    bool done;
    int64_t samples; /* real ones */
    double wanted, reached; /* fraction of what was to be reduced */
    double drop;            /* on samples kept apart; < 0: not measured */
    bool drop_of_labels, drop_of_classes;
    struct graph_change change;
    double *error; /* [change.layer]: after repair, squared error / variance; < 0: not refitted */
    struct prune_group *group;
    int group_count;
};

/* Prune a graph of plain ONNX (after `fold_scales`, before epilogues). Fails on calibration data that do not fit. The
 * result's memory is of the graph's arena. */
void prune(struct graph *graph, const struct prune_options *options, struct prune_result *result);

/* One note of what was done; with `table` a line per layer that changed and per group, too. */
void prune_print(struct arena *arena, const struct prune_result *result, bool table);

#endif
