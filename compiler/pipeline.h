/* pipeline.h -- the passes in order. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PIPELINE_H
#define MEDNN_PIPELINE_H

#include "options.h"

/* Compile a model; the graph as the passes left it. */
struct graph *pipeline_compile(struct arena *arena, const struct options *options);

/* Do what the command line asks for. Fails through fail(); writes the output folder whole or not at all. */
void pipeline_run(struct arena *arena, const struct options *options);

#endif
