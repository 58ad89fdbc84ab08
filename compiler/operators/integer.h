/* integer.h -- products of integers that stand for numbers, as their kernels ask. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INTEGER_H
#define MEDNN_INTEGER_H

#include "../ir/graph.h"

/* The inputs of MatMulInteger, QLinearMatMul, ConvInteger and QLinearConv by their roles; NULL: absent. */
struct integer_product {
    bool conv, requantizes;
    int b_input; /* index of B or W */
    const struct tensor *a, *b, *a_zero, *b_zero, *a_scale, *b_scale, *y_scale, *y_zero, *bias;
};
struct integer_product integer_product_of(const struct node *node);

/* Matrix products: the axis of the output that axis `axis` of an operand runs along, -1: none. `operand` 0: A, 1: B;
 * `tensor` is the operand itself or its scale or zero point. */
int integer_axis(const struct node *node, int operand, const struct tensor *tensor, int axis);

#endif
