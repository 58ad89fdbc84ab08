/* tensor_proto.c -- reading an ONNX TensorProto without a protobuf library. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Field numbers of TensorProto. */
enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    INT64_DATA = 7,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11,
    DATA_LOCATION = 14
};
enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct reader {
    const unsigned char *at, *end;
};

struct field {
    uint32_t number;
    enum wire wire;
    uint64_t value;      /* VARINT and FIXED */
    struct reader bytes; /* BYTES */
};

static bool read_varint(struct reader *reader, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (reader->at >= reader->end)
            return false;
        unsigned char byte = *reader->at++;
        if (shift < 64)
            *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

static bool read_fixed(struct reader *reader, unsigned size, uint64_t *value)
{
    if ((size_t)(reader->end - reader->at) < size)
        return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value |= (uint64_t)*reader->at++ << 8 * i;
    return true;
}

static bool read_field(struct reader *reader, struct field *field)
{
    uint64_t key, length;
    if (!read_varint(reader, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
        return false;
    field->number = (uint32_t)(key >> 3);
    field->wire = (enum wire)(key & 7);
    switch (field->wire) {
    case VARINT:
        return read_varint(reader, &field->value);
    case FIXED64:
        return read_fixed(reader, 8, &field->value);
    case FIXED32:
        return read_fixed(reader, 4, &field->value);
    case BYTES:
        if (!read_varint(reader, &length) || length > (uint64_t)(reader->end - reader->at))
            return false;
        field->bytes = (struct reader){reader->at, reader->at + length};
        reader->at += length;
        return true;
    }
    return false;
}

/* The typed field that holds elements of `type`, and how one is written. */
static uint32_t data_field(int type, enum wire *wire)
{
    *wire = type == MEDNN_TYPE_FLOAT ? FIXED32 : type == MEDNN_TYPE_DOUBLE ? FIXED64 : VARINT;
    switch (type) {
    case MEDNN_TYPE_FLOAT:
        return FLOAT_DATA;
    case MEDNN_TYPE_INT64:
        return INT64_DATA;
    case MEDNN_TYPE_DOUBLE:
        return DOUBLE_DATA;
    case MEDNN_TYPE_UINT32:
    case MEDNN_TYPE_UINT64:
        return UINT64_DATA;
    default:
        return INT32_DATA;
    }
}

struct target {
    unsigned char *data;
    size_t bytes, done, element;
};

static bool put_element(struct target *target, uint64_t value)
{
    if (target->bytes - target->done < target->element)
        return false;
    for (size_t i = 0; i < target->element; i++)
        target->data[target->done++] = (unsigned char)(value >> 8 * i & 255);
    return true;
}

static bool put_packed(struct target *target, struct reader packed, enum wire wire)
{
    while (packed.at < packed.end) {
        uint64_t value;
        if (!(wire == VARINT ? read_varint(&packed, &value)
                             : read_fixed(&packed, wire == FIXED32 ? 4 : 8, &value)) ||
            !put_element(target, value))
            return false;
    }
    return true;
}

static const char *add_dim(struct mednn_array *array, uint64_t value)
{
    if (array->rank == MEDNN_ARRAY_RANK)
        return "has more than 9 dimensions";
    if (value > INT64_MAX)
        return "has a negative dimension";
    array->dim[array->rank++] = (int64_t)value;
    return NULL;
}

/* First walk: type and shape. NULL, or what is wrong. */
static const char *read_shape(struct reader reader, struct mednn_array *array)
{
    static const char *const malformed = "is neither a .npy file nor an ONNX TensorProto";
    struct field field;
    while (reader.at < reader.end) {
        const char *trouble = NULL;
        if (!read_field(&reader, &field))
            return malformed;
        if (field.number == DIMS && field.wire == VARINT) {
            trouble = add_dim(array, field.value);
        } else if (field.number == DIMS && field.wire == BYTES) {
            for (uint64_t value; !trouble && field.bytes.at < field.bytes.end;)
                trouble = read_varint(&field.bytes, &value) ? add_dim(array, value) : malformed;
        } else if (field.number == DIMS) {
            return malformed;
        } else if (field.number == DATA_TYPE) {
            if (field.wire != VARINT)
                return malformed;
            array->type = field.value < 1000 ? (int)field.value : -1;
        } else if (field.number == SEGMENT) {
            return "is a segmented tensor, which is not supported";
        } else if (field.number == DATA_LOCATION && field.wire == VARINT && field.value) {
            return "keeps its data in another file, which is not supported";
        }
        if (trouble)
            return trouble;
    }
    return array->type ? NULL : malformed;
}

/* Second walk: the elements. False when they are not exactly as many as the shape says. */
static bool read_data(struct reader reader, const struct mednn_array *array)
{
    enum wire wire;
    uint32_t number = data_field(array->type, &wire);
    struct target target = {array->data, array->bytes, 0, mednn_type_size(array->type)};
    struct field field;
    while (reader.at < reader.end) {
        if (!read_field(&reader, &field))
            return false;
        bool fine = true;
        if (field.number == RAW_DATA && field.wire == BYTES) {
            size_t size = (size_t)(field.bytes.end - field.bytes.at);
            fine = size <= target.bytes - target.done;
            if (fine && size)
                memcpy(target.data + target.done, field.bytes.at, size);
            target.done += fine ? size : 0;
        } else if (field.number == number && field.wire == BYTES) {
            fine = put_packed(&target, field.bytes, wire);
        } else if (field.number == number && field.wire == wire) {
            fine = put_element(&target, field.value);
        } else if (field.number == number) {
            fine = false;
        }
        if (!fine)
            return false;
    }
    return target.done == target.bytes;
}

/* Elements of less than 8 bits, the first one lowest in its byte, get a byte each. */
static const char *unpack(struct mednn_array *array, uint64_t count)
{
    const unsigned bits = mednn_type_bits(array->type), each = 8 / bits, all = (1u << bits) - 1;
    unsigned char *wide = malloc(count ? (size_t)count : 1);
    if (!wide)
        return "is too large for the memory";
    for (size_t i = 0; i < count; i++) {
        const unsigned low = (unsigned)array->data[i / each] >> i % each * bits & all;
        const bool negative = mednn_type_is_signed(array->type) && low > all / 2;
        wide[i] = (unsigned char)(negative ? low | (~all & 255) : low);
    }
    free(array->data);
    array->data = wide;
    array->bytes = (size_t)count;
    return NULL;
}

int mednn_tensor_proto_parse(struct mednn_array *array, const char *path, const unsigned char *bytes,
                             size_t size, char *error, size_t error_size)
{
    *array = (struct mednn_array){0};
    struct reader reader = {bytes, bytes + size};
    const char *trouble = read_shape(reader, array);
    size_t element = mednn_type_size(array->type);
    if (!trouble && !element)
        trouble = "has elements of a type that is not supported";
    uint64_t count = 1;
    for (int i = 0; !trouble && i < array->rank; i++)
        if (__builtin_mul_overflow(count, (uint64_t)array->dim[i], &count))
            trouble = "has a shape that is too large";
    /* Every element takes at least a byte of the file, or its bits, so that a small file cannot ask for much memory. */
    const uint64_t each = trouble || mednn_type_bits(array->type) >= 8 ? 1 : 8 / mednn_type_bits(array->type);
    const uint64_t units = count / each + (count % each > 0);
    if (!trouble && units > size)
        trouble = "has fewer elements than its shape says";
    if (!trouble && __builtin_mul_overflow((size_t)units, element, &array->bytes))
        trouble = "is too large for the memory";
    if (!trouble) {
        array->data = malloc(array->bytes ? array->bytes : 1);
        if (!array->data)
            trouble = "is too large for the memory";
        else if (!read_data(reader, array))
            trouble = "has data that do not fit its shape and type";
        else if (each > 1)
            trouble = unpack(array, count);
    }
    if (trouble) {
        snprintf(error, error_size, "%s: %s", path, trouble);
        mednn_array_free(array);
        return -1;
    }
    return 0;
}
