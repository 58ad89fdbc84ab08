/* layer.h -- what several kernels ask about a node, and pieces of text that they all emit. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LAYER_H
#define MEDNN_LAYER_H

#include "../backend/place.h"
#include "../operators/conv.h"
#include "kernel.h"

enum { BLOCK = 16 }; /* channels of a block of 16, the unit of blocked storages and packed weights */

int64_t round_up(int64_t value, int64_t to);

/* Float tensors of rank 3 or 4: what can be blocked. */
bool tensor_can_block(const struct tensor *tensor);

/* The layout that input `input` would have without a conversion: its producer's; plain for graph inputs. */
enum layout layer_incoming(const struct node *node, int input);

/* Blocked everywhere. */
enum layout layer_blocked(const struct node *node, int input);

/* Add so many passes over so many bytes of a convolution's weights, at least one. They come from far memory at first; few stay in a
 * core's cache from one pass to the next, where they cost less. */
void layer_weights_work(double bytes, double passes, struct work *work);

/* `work` of kernels that compute vectors of elements: each for as many reads of inputs as one of its elements takes. */
void layer_vector_work(const struct node *node, struct region piece, struct work *work);

/* The same where outputs are blocked: pad lanes are computed, too. */
void layer_blocks_work(const struct node *node, struct region piece, struct work *work);

/* As layer_vector_work(), one element at a time. */
void layer_element_work(const struct node *node, struct region piece, struct work *work);

/* As layer_vector_work() for kernels that go over lines of elements a few times, however long the lines are. */
void layer_line_work(const struct node *node, struct region piece, struct work *work);

/* Whether panels of weights leave a half one at the end of so many outputs, as the templates' macros call it. */
const char *panels_text(int64_t outputs, int64_t panel);

/* f(0) of the epilogue is 0: pad lanes stay zero. */
bool epilogue_keeps_zero(const struct epilogue *epilogue);

/* source_buffer(), or "NULL" of a tensor without elements. */
const char *some_buffer(struct source *source, const struct tensor *tensor);

/* A float as a C expression. */
const char *float_text(struct arena *arena, double value);

/* The same for the layer that is being written, which may be one in double. */
const char *real_text(struct source *source, double value);

/* The constant of templates/scalars.h for a type. */
const char *element_type_text(enum type type);

/* A line that copies the box `from` of x to the box `to` of y, both plain and of one size; needs region.h. */
void write_box_copy(struct source *source, const struct tensor *y, struct region to, const struct tensor *x,
                    struct region from);

/* ", .activation = ..., .alpha = ..., .beta = ..." as designated initialisers; nothing where all is 0. */
void write_activation(struct source *source, const struct node *node);

/* ", .adds_residual = 1, .residual = ..." (a view) and the activation. */
void write_epilogue(struct source *source, const struct node *node);

/* C expression for the first element of the residual that belongs to `region` of a tensor with a view; "NULL". */
const char *residual_at(struct source *source, const struct node *node, struct region region);

/* ".x_batch = 9, .x_channel = 9, .x_axis = {0, 3, 1}": strides of a plain storage of up to three spatial axes, for
 * initialisers; `which` is the x. */
const char *strides_text(struct source *source, const char *which, const struct tensor *tensor);

#endif
