/* names.h -- C identifiers for the layers of a model. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NAMES_H
#define MEDNN_NAMES_H

#include "../ir/graph.h"

/* One identifier per node of the graph, in node order: "layer_" and the node's name made fit for C. A name depends on
 * its own node alone unless two would be equal (or one would be another with a definition's suffix): then all of
 * those, and no others, get a few digits of a hash of the ONNX name. */
const char **names_of_layers(struct arena *arena, const struct graph *graph);

/* The same for tensors, by tensor id, without "layer_". */
const char **names_of_tensors(struct arena *arena, const struct graph *graph);

/* The prefix of public symbols: the model's file name without folder and extension, made fit for C. */
const char *names_prefix(struct arena *arena, const char *model_path);

/* The same in capitals, for macros. */
const char *names_capitals(struct arena *arena, const char *name);

#endif
