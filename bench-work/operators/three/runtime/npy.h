/* npy.h -- tensors in files: NumPy's .npy (versions 1 to 3) in and out, ONNX TensorProto (.pb) in.
 *
 * Files are hostile: nothing they say is believed before it was compared with the size of the file. Functions
 * return 0, or -1 with one line in `error` that names the file, what was found and what was expected. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NPY_H
#define MEDNN_NPY_H

#include "mednn_runtime.h"

#include <stdbool.h>

/* The numbers of ONNX TensorProto.DataType. */
enum {
    MEDNN_TYPE_FLOAT = 1,
    MEDNN_TYPE_UINT8 = 2,
    MEDNN_TYPE_INT8 = 3,
    MEDNN_TYPE_UINT16 = 4,
    MEDNN_TYPE_INT16 = 5,
    MEDNN_TYPE_INT32 = 6,
    MEDNN_TYPE_INT64 = 7,
    MEDNN_TYPE_STRING = 8,
    MEDNN_TYPE_BOOL = 9,
    MEDNN_TYPE_FLOAT16 = 10,
    MEDNN_TYPE_DOUBLE = 11,
    MEDNN_TYPE_UINT32 = 12,
    MEDNN_TYPE_UINT64 = 13,
    MEDNN_TYPE_BFLOAT16 = 16,
    MEDNN_TYPE_UINT4 = 21, /* of less than 8 bits: a byte each, but packed in a TensorProto */
    MEDNN_TYPE_INT4 = 22,
    MEDNN_TYPE_UINT2 = 25,
    MEDNN_TYPE_INT2 = 26
};

enum { MEDNN_ARRAY_RANK = MEDNN_MAX_RANK + 1 }; /* a tensor and an axis of samples */

struct mednn_array {
    int type; /* number of ONNX TensorProto.DataType */
    int rank;
    int64_t dim[MEDNN_ARRAY_RANK];
    size_t bytes;
    unsigned char *data; /* row-major, little-endian; malloc'ed */
};

/* Bytes of an element, 0 for types that have no fixed size, and the name of a type. */
size_t mednn_type_size(int type);
const char *mednn_type_name(int type);
/* Bits that count: 4 of int4, which takes a byte. */
unsigned mednn_type_bits(int type);
bool mednn_type_is_signed(int type); /* of types of less than 8 bits */

/* Read a file of either kind; which, its first bytes say. */
int mednn_array_read(struct mednn_array *array, const char *path, char *error, size_t error_size);
/* The same from memory; `path` is for messages only. */
int mednn_array_parse(struct mednn_array *array, const char *path, const unsigned char *bytes, size_t size,
                      char *error, size_t error_size);
/* A TensorProto only. */
int mednn_tensor_proto_parse(struct mednn_array *array, const char *path, const unsigned char *bytes,
                             size_t size, char *error, size_t error_size);
void mednn_array_free(struct mednn_array *array);

/* Does the array fit the model's tensor? Types are equal, but those that NumPy does not know: bfloat16 may come as uint16
 * of the same bits, integers of less than 8 bits as int8 or uint8 in their range. Without `batch` it has its shape, a leading 1 left out or not; with `batch` there is an axis of
 * samples in front of that, and *samples is its length, which is at least 1. */
int mednn_array_match(const struct mednn_array *array, const char *path, const struct mednn_tensor *tensor,
                      bool batch, int64_t *samples, char *error, size_t error_size);

/* Write an array whole: to PATH.tmp first, which is renamed. */
int mednn_array_write(const struct mednn_array *array, const char *path, char *error, size_t error_size);

#endif
