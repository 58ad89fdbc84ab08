/* interpret.h -- a graph executed by its operators' `evaluate`, and tensors from files. For tests. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INTERPRET_H
#define MEDNN_INTERPRET_H

#include "ir/graph.h"

/* Values of tensors by id; constants need none. */
struct values {
    const void **of;
};

/* Compute all tensors of the graph from the values of its inputs (in graph order). */
struct values interpret(struct arena *arena, const struct graph *graph, const void *const input[]);
const void *value_of(const struct values *values, const struct tensor *tensor);

/* Call run(arena), notes silenced; 0, or the exit status of what failed, after its message. */
int run_in_arena(void (*run)(void *arena));

/* An ONNX TensorProto in a file, as a constant; NULL when there is no such file. */
struct tensor *tensor_read(struct arena *arena, const char *path);

/* NULL when `data` of the type and shape of `got` is `expected` within |d| <= absolute + relative |expected|;
 * else what differs, in words. */
const char *compare(struct arena *arena, const struct tensor *got, const void *data,
                    const struct tensor *expected, double relative, double absolute);

#endif
