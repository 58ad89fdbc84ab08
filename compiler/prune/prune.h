/* prune.h -- SMCD: channels go that cost least, and the weights that stay make up for them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PRUNE_H
#define MEDNN_PRUNE_H

#include "channels.h"

struct prune_options {
    double macs;               /* fraction of the multiply-accumulates to remove */
    const char **calibrate;    /* "FILE.npy" or "NAME=FILE.npy" */
    int calibrate_count;
    int snap;      /* kept channels are a multiple of it; 0: what suits the model */
    bool streams;  /* residual streams may lose channels, too */
    bool no_repair; /* for comparison */
    bool verbose;
};

struct prune_group {
    const char *name;
    int before, after;
    double error; /* estimated, of the layers that read it, before their repair of what follows */
};

struct prune_layer {
    const char *name, *op_type;
    int64_t outputs[2], inputs[2], macs[2]; /* before and after */
    double error;                           /* after repair: squared error / variance; < 0: not refitted */
    int64_t rows;                           /* that it was fitted to */
};

/* What was done, for people. */
struct prune_result {
    bool done;
    int64_t samples;
    int snap;
    double wanted, reached;
    int64_t macs[2], parameters[2];
    struct prune_group *group;
    int group_count;
    struct prune_layer *layer;
    int layer_count;
};

/* Prune a graph of plain ONNX (after `fold_scales`, before epilogues). Fails on calibration data that do not fit. The
 * result's memory is of the graph's arena. */
void prune(struct graph *graph, const struct prune_options *options, struct prune_result *result);

#endif
