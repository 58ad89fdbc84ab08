/* known.h -- slices of which all elements are known to have one value: what the hooks `constant` speak
 * through. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_KNOWN_H
#define MEDNN_KNOWN_H

#include "couple.h"

struct known {
    const struct couples *couples;
    double *value; /* per slice number; NAN: not known */
};

/* Go through the whole graph, from `couples` of it. Weights count as zero where no magnitude of the slice (a
 * filter, or all that reads one channel) exceeds `zero_threshold`. What is multiplied with a zero is taken
 * for finite. Memory of couples->arena. */
struct known *known_find(const struct couples *couples, double zero_threshold);

/* The value of a slice. NAN: not known, or not followed. */
double known_slice(const struct known *known, const struct tensor *tensor, int axis, int64_t index);
/* The value of all elements of a constant tensor. */
double known_tensor(const struct tensor *tensor);

/* ---- hooks `constant` ---- */

/* Operators with `real`. A Mul is zero where one operand is. */
void constant_elementwise(const struct node *node, const struct known *known, int output, int axis,
                          double value[]);
/* The value of the same axis of input 0, as it is; only where it is zero. */
void constant_same(const struct node *node, const struct known *known, int output, int axis, double value[]);
void constant_zero(const struct node *node, const struct known *known, int output, int axis, double value[]);
/* By `moves`. */
void constant_moves(const struct node *node, const struct known *known, int output, int axis, double value[]);
/* By `linear`: weights that are zero leave the bias. */
void constant_linear(const struct node *node, const struct known *known, int output, int axis,
                     double value[]);

#endif
