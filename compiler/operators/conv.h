/* conv.h -- the attributes of Conv, read once and checked; for operators/conv.c and the kernels that compute
 * it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_H
#define MEDNN_CONV_H

#include "couple.h"

/* The input that holds W: 3 of QLinearConv, else 1. */
int weights_input(const struct node *node);

/* Inputs must be shaped. `kernel` of Conv comes from W when kernel_shape is absent; fails when the two
 * differ. Kept with the node while its attributes and the shapes stay as they are. */
const struct window *conv_window(const struct node *node); /* ConvInteger and QLinearConv too */
const struct window *pool_window(const struct node *node); /* MaxPool, AveragePool; node needs kernel_shape */

/* What Conv and ConvTranspose read alike: kernel_shape against W's rank and sizes, strides, pads, group. */
struct window weights_window(const struct node *node);
/* ConvTranspose; `outputs` are the sizes of its output's spatial axes. */
struct window conv_transpose_window(const struct node *node, int64_t outputs[MAX_SPATIAL]);
/* Attribute `name`, a list of `count` numbers of at least `least`, or `otherwise` where it is absent. */
void window_list(const struct node *node, const char *name, int count, int64_t least, int64_t otherwise,
                 int64_t values[]);

/* Output size of one axis; fails through node_fail when the window is larger than the padded input. */
int64_t window_output(const struct node *node, const struct window *window, int axis, int64_t size,
                      bool ceil_mode);

/* Hooks `couple` and `cut` of Conv and ConvTranspose. In W of Conv outputs lie along axis 0, in that of ConvTranspose
 * inputs. Of several groups only whole ones can go. */
void couple_conv(const struct node *node, struct couples *couples);
void cut_conv(struct graph *graph, struct node *node, const struct cut *cut);

/* What Conv, ConvInteger and QLinearConv share: the output's shape, and the hooks `reads` and `macs`. Inputs but X that
 * have an element or a row per output channel are read for the channels of the region. */
struct shape conv_output(const struct node *node);
struct region conv_reads(const struct node *node, int input, int output, struct region region);
int64_t conv_macs(const struct node *node, struct region region);

/* The unclipped range of input that output range [begin, end) reads along spatial axis `axis`. */
struct range window_reads(const struct window *window, int axis, struct range output);

#endif
