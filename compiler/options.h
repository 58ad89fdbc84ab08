/* options.h -- the command line of mednnc. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_OPTIONS_H
#define MEDNN_OPTIONS_H

#include "backend/weights.h"
#include "plan/plan.h"

enum command { COMMAND_COMPILE, COMMAND_INSPECT, COMMAND_LIST_PASSES, COMMAND_LIST_OPERATORS, COMMAND_NOTHING };

struct options {
    enum command command;
    const char *model, *output;
    const char *emit_onnx; /* file to write; NULL: none */
    const char *devices, *cluster_file; /* as typed; at most one is given */
    enum partition partition;
    const char **input_shape; /* NAME=1x3x224x224 */
    int input_shape_count, input_shape_capacity;
    const char **dim; /* NAME=1 */
    int dim_count, dim_capacity;
    bool float_fma, no_winograd, no_overlap, no_compact, wire_half, throughput, partial_sums;
    double zero_threshold; /* largest magnitude of a filter that counts as zero */
    /* Pruning; fractions of 0 ask for none. */
    double prune, prune_bytes;
    double latency, latency_ms; /* what is to be left: a fraction, or milliseconds */
    const char **calibrate; /* FILE.npy or NAME=FILE.npy */
    int calibrate_count, calibrate_capacity;
    const char *labels;
    double max_drop; /* points; < 0: not given */
    int prune_snap;  /* 0: not given */
    bool prune_streams;
    bool no_repair;
    bool measure; /* run the network before and after on this machine */
    enum weights_form weights;
    const char *target; /* NULL: any */
    int threads;        /* of each device; 0: not said */
    const char **dump;  /* names of passes */
    int dump_count, dump_capacity;
    const char *stop_after;
    bool quiet, verbose;
    const char *tune; /* file of mednn-tune; NULL: none */
    int turn;         /* of kernels to be measured (choose_kernels()), for mednn-tune; 0: the best ones */
};

/* Parse; fails (status 2) on bad usage. --help and --version print and leave COMMAND_NOTHING. */
void options_parse(struct arena *arena, int argc, char **argv, struct options *options);

/* Is anything to be pruned? */
bool options_prune(const struct options *options);

/* The options that shape the output, in one canonical line. */
const char *options_canonical(struct arena *arena, const struct options *options);

#endif
