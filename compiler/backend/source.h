/* source.h -- the C file of one device while it is being written; what a kernel's emit() works with.
 *
 * emit() writes, with source_printf(), file-scope definitions (a shape constant, micro-kernel instances) and then the
 * body of the layer's function between source_function() and source_end(). Names of definitions start with
 * source_name(), which is unique per node in the file. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SOURCE_H
#define MEDNN_SOURCE_H

#include "../ir/graph.h"

struct source;

/* The C identifier of the node (of this piece of it, where a device computes several boxes). */
const char *source_name(const struct source *source);
struct arena *source_arena(const struct source *source); /* memory until the file is done */

/* The generated file needs this template ("conv_direct.h"); included once, verbatim, with the templates that its
 * own #include lines name, before it. */
void source_use(struct source *source, const char *template_name);

/* The layer is written in double: names of templates, `float` and vectors become those of doubles afterwards, numbers must be given
 * as the doubles that they are (real_text() in kernels/layer.h). */
bool source_in_double(const struct source *source);

void source_printf(struct source *source, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Open and close the layer's function: `static void NAME(unsigned char *restrict arena)`, or of a kernel that fails `static
 * int NAME(struct mednn_session *session, unsigned char *restrict arena)`, which the kernel ends with a return. The comment above
 * it (operator, ONNX name, regions, attributes) is written here. */
void source_function(struct source *source);
void source_end(struct source *source);

/* C expression for the first byte of a tensor's storage on this device, cast to a pointer to its C type:
 * "(float *)(arena + 4096)" or a constant's array. Constants come in plain layout unless `layout` is blocked, which is
 * allowed for float constants whose only axis larger than 1 is the channel axis. */
const char *source_buffer(struct source *source, const struct tensor *tensor);

/* Where the storage of a computed tensor begins, in bytes from the beginning of the arena. */
int64_t source_offset(const struct source *source, const struct tensor *tensor);

/* C expression for the first byte of the memory that the kernel's `scratch` asked for, 64-byte aligned, contents
 * undefined: "(float *)(arena + 8192)". Other layers use it too. */
const char *source_scratch_buffer(struct source *source);

/* The box that the storage covers on this device, in the tensor's global indices. It can reach beyond the tensor's
 * bounds (a border of zeros, indices < 0 or >= dim) and, when blocked, covers whole blocks of 16 channels.
 * Constants: the whole tensor. */
struct region source_storage(const struct source *source, const struct tensor *tensor);

/* What this device computes of output 0 of a node, in all pieces of the layer together. */
const struct region_list *source_own(const struct source *source, const struct node *node);

/* The storage as a C initialiser of `struct view` of templates/view.h: "BLOCKED(2, 58, 58)" or "PLAIN(3, 58, 58)",
 * for tensors of rank 3 (rows = 1) and 4; of rank 2 as N x C x 1 x 1. */
const char *source_view(struct source *source, const struct tensor *tensor);

/* The same of a blocked tensor for pieces of one sample, which do not say how many channels it has. */
const char *source_sample_view(struct source *source, const struct tensor *tensor);

/* C expression for a pointer to element (n, c, row, column) (global indices) of a tensor with such a view; c on a
 * block's border when blocked: "(float *)(arena + 4096) + AT(BLOCKED(2, 58, 58), 0, 0, 1, 1)" */
const char *source_at(struct source *source, const struct tensor *tensor, int64_t n, int64_t c, int64_t row,
                      int64_t column);

/* Bake `count` floats into this device's weights, 64-byte aligned; returns the C expression of type const float *.
 * role: a short word ("weights", "bias") that makes the name with source_name(). `from`: the model's tensor that
 * the values come from, for the line with its name, shape and SHA-256, or NULL. Values are copied or written out at
 * once: the caller may free them (see source_scratch). */
const char *source_weights(struct source *source, const char *role, const struct tensor *from, const float *values,
                           size_t count);

/* The same of numbers that are floats, or doubles where the layer is written in double. */
const char *source_reals(struct source *source, const char *role, const double *values, size_t count);

/* A layer that is computed in several pieces writes things once for all pieces of the same channels (axis 1 of output 0) and
 * the same `key`: the name of the piece that wrote `what` ("tiles", "weights"), or source_name() for the first piece that asks,
 * which then writes it. */
const char *source_shared(struct source *source, const char *what, int64_t key);

/* The layers of a file that define the same thing write it once: the name under which `definition`, which says everything but the name,
 * was written, or `name` for the first one that asks, which then writes it. */
const char *source_same(struct source *source, const char *definition, const char *name);

/* Where in the file the text begins that is written next: for source_loop(). */
size_t source_mark(const struct source *source);

/* What was written since the mark, and is taken out of the file again. */
const char *source_taken(struct source *source, size_t mark);

/* Whose loop serves this piece: that of an earlier layer that wrote the same since its mark (the initialiser of a shape, from " = {" on), with
 * the same `more`; or its own, for source_name(), whose shape of struct `kind` is in the file then, and which writes its loop. */
const char *source_loop(struct source *source, size_t mark, const char *kind, const char *more);

/* As source_buffer(), of a constant of which each layer reads some slices of axis 0: what this device reads of it is baked once
 * for all layers. The expression is for slice `first`. */
const char *source_slices(struct source *source, const struct tensor *tensor, int64_t first);

/* Zeroed memory for packing that lives until the next source_scratch() call. */
void *source_scratch(struct source *source, size_t size);

#endif
