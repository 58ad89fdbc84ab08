/* conv_window.h -- what the blocked convolutions of up to two spatial axes share. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_WINDOW_H
#define MEDNN_CONV_WINDOW_H

#include "layer.h"

/* The window of a Conv of one or two spatial axes, as rows and columns. */
struct window2 {
    int64_t kernel_rows, kernel_columns, stride_rows, stride_columns, dilation_rows, dilation_columns;
    int64_t pad_row, pad_column;
};
struct window2 window2_of(const struct window *window);

/* Float Conv of one or two spatial axes with constant weights and bias. */
bool conv_is_blockable(const struct node *node);

/* "    .kernel_rows = 3, ..., .dilation_columns = 1" */
void write_window(struct source *source, const struct window2 *window);

/* C expression for the input element that the first tap of output `region` reads, at channel `c`. */
const char *conv_input_at(struct source *source, const struct node *node, const struct window2 *window,
                          struct region region, int64_t c);

/* One spatial axis of a shape of conv_grouped.h, or of conv_transpose.h when `transposed`, as a C initialiser; axis < 0: one that
 * the node does not have. */
void conv_write_axis(struct source *source, const struct node *node, const struct window *window, int axis,
                     struct region region, bool transposed);

/* Zero the input where all that is stored of it lies in the padding: nobody else writes it. */
void write_clear_padding(struct source *source, const struct tensor *input);

/* What another piece of the layer with the same channels has baked by source_weights(); NULL: this one has to. */
const char *conv_shared_weights(struct source *source, const char *role);
/* NAME_shape, a struct conv_grouped, for any Conv of up to GROUPED_AXES spatial axes, ConvInteger and QLinearConv; `bias`
 * may be NULL. grouped_input_at: the input where the shape counts from. */
enum { GROUPED_AXES = 3 };
void write_grouped_shape(struct source *source, const struct node *node, const struct tensor *bias,
                         struct region region);
const char *grouped_input_at(struct source *source, const struct node *node, struct region region);

/* Bake the bias of output channels [begin, end), zero up to a whole block, or all zero. */
const char *conv_bias(struct source *source, const struct node *node, int64_t begin, int64_t end);

#endif
