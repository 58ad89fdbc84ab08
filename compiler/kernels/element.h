/* element.h -- element-wise operators as calls of templates/functions.h and templates/scalars.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ELEMENT_H
#define MEDNN_ELEMENT_H

#include "layer.h"

enum { MAX_ELEMENT_OPERANDS = 3 };

struct element_operand {
    const struct tensor *tensor; /* NULL: `number` */
    double number;
};

/* y = f(x[0], x[1], x[2]). Operators of any number of inputs are several calls, each on the result of the one before:
 * their first operand is the node's output. */
struct element_call {
    const char *function; /* of functions.h, or of scalars.h */
    bool integer;         /* of scalars.h: works on int64_t, else on double */
    bool through_double;  /* of functions_of_doubles.h */
    const char *accuracy; /* scalars only; before the name: "vector_" of scalars_of_vectors.h, "double_" of scalars_of_doubles.h */
    int operands;
    struct element_operand x[MAX_ELEMENT_OPERANDS];
};

/* Call number `k` of an element-wise node on floats throughout, or on any types; false when there is none. */
bool element_vector_call(const struct node *node, int k, struct element_call *call);
bool element_scalar_call(const struct node *node, int k, struct element_call *call);

/* The templates that a call needs beside those of its loop. */
void element_use(struct source *source, const struct element_call *call);

/* Where the part of an operand lies that `region` of the output reads. Constants of one element among floats have
 * become numbers; `stride` counts elements, per axis of the output, 0 where the operand is broadcast. */
struct element_place {
    const char *at; /* C expression for the first element; "NULL" for numbers */
    int64_t stride[MAX_RANK];
};
struct element_place element_place(struct source *source, const struct element_operand *operand,
                                   struct region region);

/* Axis `axis` of an output of rank `rank` is this axis of the operand; -1: broadcast along it. */
int element_axis(const struct tensor *operand, int rank, int axis);

#endif
