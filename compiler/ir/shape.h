/* shape.h -- element types and shapes of tensors. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SHAPE_H
#define MEDNN_SHAPE_H

#include "../support/arena.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_RANK 8

/* The numbers of ONNX TensorProto.DataType. */
enum type {
    TYPE_UNDEFINED = 0,
    TYPE_FLOAT = 1,
    TYPE_UINT8 = 2,
    TYPE_INT8 = 3,
    TYPE_UINT16 = 4,
    TYPE_INT16 = 5,
    TYPE_INT32 = 6,
    TYPE_INT64 = 7,
    TYPE_STRING = 8,
    TYPE_BOOL = 9,
    TYPE_FLOAT16 = 10,
    TYPE_DOUBLE = 11,
    TYPE_UINT32 = 12,
    TYPE_UINT64 = 13,
    TYPE_BFLOAT16 = 16,
    TYPE_UINT4 = 21, /* of less than 8 bits: a byte each, packed in ONNX files alone */
    TYPE_INT4 = 22,
    TYPE_UINT2 = 25,
    TYPE_INT2 = 26
};

size_t type_size(enum type type);        /* bytes of an element; 0 for types that mednn does not hold */
const char *type_name(enum type type);   /* ONNX's name: "float32", "int64"; "type 23" style for unknown numbers */
const char *type_c_name(enum type type); /* "float", "int64_t"; NULL where C has none */
bool type_is_float(enum type type);
bool type_is_wide(enum type type);       /* float32 or float64 */
bool type_is_integer(enum type type);    /* signed and unsigned, not bool */
bool type_is_signed(enum type type);     /* of integers */
int type_bits(enum type type);           /* that count: 4 of int4 */

/* A value; rank 0 is a scalar. */
struct shape {
    int rank;
    int64_t dim[MAX_RANK];
};

/* Number of elements; fails (status 2) when the product overflows or passes `INT64_MAX / 16`. */
int64_t shape_size(struct shape shape);
bool shape_equal(struct shape a, struct shape b);
const char *shape_string(struct arena *arena, struct shape shape); /* "1x3x224x224", "scalar" */
struct shape shape_of(int rank, const int64_t *dim);

/* Multidirectional broadcasting (ONNX "Broadcasting in ONNX"). false when the shapes do not fit. */
bool shape_broadcast(struct shape a, struct shape b, struct shape *result);

/* Axis in [0, rank) from one in [-rank, rank); -1 when it is out of range. */
int shape_axis(int rank, int64_t axis);

#endif
