/* prune.h -- SMCD: channels go that cost least, and the weights that stay make up for them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PRUNE_H
#define MEDNN_PRUNE_H

#include "compact.h"

struct prospect_wish;
struct cluster;

struct prune_options {
    /* What to remove, 0 where nothing is asked: fractions of the multiply-accumulates, and of the bytes that devices send
     * each other (of one device: of feature maps); and what is to be left of the time foretold, a fraction or ms. */
    double macs, bytes, latency, latency_ms;
    const struct prospect_wish *wish; /* for which devices; NULL: for none in particular */
    const char **calibrate; /* "FILE.npy" or "NAME=FILE.npy"; none: made-up samples */
    int calibrate_count;
    const char *labels; /* file, or NULL */
    double max_drop;    /* points that may be lost, see answers_drop(); < 0: as the program thinks fit */
    int snap;           /* kept channels are a multiple of it; 0: what suits the width of each group */
    bool streams;       /* residual streams may lose channels, too */
    bool no_repair;     /* channels go, nothing else changes */
    bool progress;      /* on stderr */
};

struct prune_group {
    const char *name;
    const struct channel_group *group; /* while prune() runs */
    int before, after;
    double score; /* what the removal costs, as estimated: squared error / variance */
};

enum { PRUNE_GOALS = 3 };

struct prune_goal {
    const char *name;       /* "macs", "bytes" or "seconds" */
    double wanted, reached; /* fractions */
};

struct prune_layer {
    double error;    /* after repair, squared error / variance; < 0: not refitted */
    double score;    /* of the channels that it makes; < 0: none may go */
    int64_t wire[2]; /* bytes of its output on the wire, foretold before and after */
};

/* What was done, for people. */
struct prune_result {
    bool done;
    int64_t samples; /* real ones */
    bool repaired;
    bool tuned;      /* all weights together, after the repair; see tune.h */
    struct prune_goal goal[PRUNE_GOALS];
    int goal_count;
    double seconds[2], bytes[2]; /* foretold before and after, bytes on the wire; 0: for no devices in particular */
    /* The devices with the rates that they were taken to have for the whole network: guessed ones must not fall with it. NULL: as
     * above. In the graph's arena. */
    const struct cluster *rates;
    double measured[2];          /* seconds on this machine before and after; 0: not measured */
    bool limited;           /* less than was asked for went, so that no more is lost */
    double drop;            /* on samples kept apart; < 0: not measured */
    bool drop_of_labels, drop_of_classes;
    struct graph_change change;
    struct prune_layer *layer; /* [change.layer] */
    struct prune_group *group;
    int group_count;
};

/* Prune a graph of plain ONNX (after `fold_scales`, before epilogues). Fails on calibration data that do not fit. The
 * result's memory is of the graph's arena. */
void prune(struct graph *graph, const struct prune_options *options, struct prune_result *result);

/* One note of what was done; with `table` a line per layer that changed and per group, too. */
void prune_print(struct arena *arena, const struct prune_result *result, bool table);

#endif
