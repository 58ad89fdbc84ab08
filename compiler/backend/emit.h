/* emit.h -- from a program to the folder that the user gets. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EMIT_H
#define MEDNN_EMIT_H

#include "../plan/program.h"
#include "../support/file.h"
#include "../prune/prune.h"
#include "weights.h"

struct emit_options {
    const char *model_path;   /* only its base name is used, for the prefix of public symbols */
    const char *options_text; /* the options that shaped the output, in canonical form, for headers and reports */
    bool float_fma;           /* --float fma */
    enum weights_form weights;
    /* What channels were removed, for the report; NULL or empty: none. */
    const struct graph_change *compaction;
    const struct prune_result *pruning;
};

/* What the report says about a generated device file. */
struct device_facts {
    int64_t weights_bytes, text_bytes;
};

/* Write deviceN.c (and deviceN.weights), Makefile, mednn_model.h, cluster.xml and runtime/ into `folder`.
 * `facts`: one per device, filled in. */
void emit_tree(struct folder *folder, const struct program *program, const struct emit_options *options,
               struct device_facts *facts);

#endif
