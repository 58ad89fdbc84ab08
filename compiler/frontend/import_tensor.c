/* import_tensor.c -- the elements of a TensorProto, from whichever field holds them. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"

#include "../ir/number.h"
#include "../support/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* raw_data and external files are little-endian and used as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "mednnc runs on little-endian machines only");

/* A tensor on its way in. */
struct reading {
    struct importer *importer;
    const char *what;
    const Onnx__TensorProto *from;
    enum type type;
    struct shape shape;
    int64_t size; /* elements */
};

static const char *shape_text(const struct reading *reading)
{
    return arena_printf(reading->importer->arena, "%s %s", type_name(reading->type),
                        shape_string(reading->importer->arena, reading->shape));
}

void import_check_size(struct importer *importer, const char *what, struct shape shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape.rank; i++)
        /* A later 0 does not excuse an overflow: nothing sensible has such a shape. */
        if (__builtin_mul_overflow(size, shape.dim[i] ? shape.dim[i] : 1, &size) ||
            size > importer->limits.elements)
            fail("%s has shape %s but the limit is %lld elements", what, shape_string(importer->arena, shape),
                 (long long)importer->limits.elements);
}

static struct shape read_shape(struct importer *importer, const char *what, const Onnx__TensorProto *from)
{
    if (from->n_dims > MAX_RANK)
        fail("%s has rank %zu but at most %d is supported", what, from->n_dims, MAX_RANK);
    for (size_t i = 0; i < from->n_dims; i++)
        if (from->dims[i] < 0)
            fail("%s has dimension %lld on axis %zu", what, (long long)from->dims[i], i);
    struct shape shape = shape_of((int)from->n_dims, from->dims);
    import_check_size(importer, what, shape);
    return shape;
}

/* ---- typed fields ---- */

static const void *need_count(const struct reading *reading, const char *field, size_t count,
                              const void *data)
{
    if (count != (uint64_t)reading->size)
        fail("%s: %s has %zu elements but %s needs %lld", reading->what, field, count, shape_text(reading),
             (long long)reading->size);
    return data;
}

static noreturn void fail_range(const struct reading *reading, size_t i, long long value)
{
    fail("%s: element %zu is %lld, which is no %s", reading->what, i, value, type_name(reading->type));
}

/* int32_data as elements of 1 or 2 bytes in [low, high]. */
static const void *narrow(const struct reading *reading, int32_t low, int32_t high)
{
    const Onnx__TensorProto *from = reading->from;
    size_t size = type_size(reading->type);
    need_count(reading, "int32_data", from->n_int32_data, NULL);
    uint8_t *data = arena_array(reading->importer->arena, from->n_int32_data + 1, size);
    for (size_t i = 0; i < from->n_int32_data; i++) {
        if (from->int32_data[i] < low || from->int32_data[i] > high)
            fail_range(reading, i, from->int32_data[i]);
        memcpy(data + i * size, &from->int32_data[i], size);
    }
    return data;
}

/* uint64_data as uint32. */
static const void *narrow_uint32(const struct reading *reading)
{
    const Onnx__TensorProto *from = reading->from;
    need_count(reading, "uint64_data", from->n_uint64_data, NULL);
    uint32_t *data = arena_array(reading->importer->arena, from->n_uint64_data + 1, sizeof *data);
    for (size_t i = 0; i < from->n_uint64_data; i++) {
        if (from->uint64_data[i] > UINT32_MAX)
            fail_range(reading, i, (long long)from->uint64_data[i]);
        data[i] = (uint32_t)from->uint64_data[i];
    }
    return data;
}

/* Elements of less than 8 bits, the first one lowest; `step`: from one packed byte to the next. Each gets a byte. */
static const void *unpack(const struct reading *reading, const uint8_t *packed, size_t step)
{
    const int bits = type_bits(reading->type), each = 8 / bits;
    int8_t *data = arena_array(reading->importer->arena, (size_t)reading->size + 1, 1);
    for (int64_t i = 0; i < reading->size; i++)
        data[i] = (int8_t)number_low_bits(packed[(size_t)(i / each) * step] >> i % each * bits, bits,
                                          type_is_signed(reading->type));
    return data;
}

/* Bytes that the elements take in a file. */
static int64_t packed_bytes(const struct reading *reading)
{
    return (reading->size * type_bits(reading->type) + 7) / 8;
}

static const void *packed_data(const struct reading *reading)
{
    const Onnx__TensorProto *from = reading->from;
    if (from->n_int32_data != (uint64_t)packed_bytes(reading))
        fail("%s: int32_data has %zu packed bytes but %s needs %lld", reading->what, from->n_int32_data,
             shape_text(reading), (long long)packed_bytes(reading));
    for (size_t i = 0; i < from->n_int32_data; i++)
        if (from->int32_data[i] < 0 || from->int32_data[i] > UINT8_MAX)
            fail("%s: int32_data holds %d, which is no byte of packed %s", reading->what, (int)from->int32_data[i],
                 type_name(reading->type));
    return unpack(reading, (const uint8_t *)from->int32_data, sizeof *from->int32_data);
}

static const void *typed_data(const struct reading *reading)
{
    const Onnx__TensorProto *from = reading->from;
    switch (reading->type) {
    case TYPE_FLOAT:
        return need_count(reading, "float_data", from->n_float_data, from->float_data);
    case TYPE_DOUBLE:
        return need_count(reading, "double_data", from->n_double_data, from->double_data);
    case TYPE_INT64:
        return need_count(reading, "int64_data", from->n_int64_data, from->int64_data);
    case TYPE_UINT64:
        return need_count(reading, "uint64_data", from->n_uint64_data, from->uint64_data);
    case TYPE_UINT32:
        return narrow_uint32(reading);
    case TYPE_INT32:
        return need_count(reading, "int32_data", from->n_int32_data, from->int32_data);
    case TYPE_BOOL:
        return narrow(reading, 0, 1);
    case TYPE_UINT8:
        return narrow(reading, 0, UINT8_MAX);
    case TYPE_INT8:
        return narrow(reading, INT8_MIN, INT8_MAX);
    case TYPE_UINT4:
    case TYPE_INT4:
    case TYPE_UINT2:
    case TYPE_INT2:
        return packed_data(reading);
    case TYPE_INT16:
        return narrow(reading, INT16_MIN, INT16_MAX);
    default: /* uint16, and the 16-bit floats by their bits */
        return narrow(reading, 0, UINT16_MAX);
    }
}

/* ---- bytes ---- */

static const void *raw_data(const struct reading *reading, int64_t bytes)
{
    const ProtobufCBinaryData *raw = &reading->from->raw_data;
    if (raw->len != (uint64_t)bytes)
        fail("%s: raw_data has %zu bytes but %s needs %lld", reading->what, raw->len, shape_text(reading),
             (long long)bytes);
    return raw->data;
}

/* The number in an external_data entry. */
static int64_t read_number(const struct reading *reading, const char *key, const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number < 0 || *text == ' ')
        fail("%s: %s '" SHOWN "' of external data is no number of bytes", reading->what, key, text);
    return number;
}

static const void *external(const struct reading *reading, int64_t bytes)
{
    const char *location = NULL;
    int64_t offset = 0, length = -1;
    unsigned seen = 0;
    for (size_t i = 0; i < reading->from->n_external_data; i++) {
        static const char *const keys[] = {"location", "offset", "length"};
        const char *key = reading->from->external_data[i]->key,
                   *value = reading->from->external_data[i]->value;
        for (unsigned k = 0; k < 3; k++) {
            if (!key || !value || strcmp(key, keys[k]))
                continue;
            if (seen & 1u << k)
                fail("%s: external data has two entries '%s'", reading->what, key);
            seen |= 1u << k;
            if (k == 0)
                location = value;
            else
                *(k == 1 ? &offset : &length) = read_number(reading, key, value);
        }
    }
    if (!location)
        fail("%s: external data has no location", reading->what);
    const uint8_t *data =
        external_data(&reading->importer->external, reading->what, location, offset, length, bytes);
    bool aligned = (uintptr_t)data % type_size(reading->type) == 0;
    return aligned ? data : arena_copy(reading->importer->arena, data, (size_t)bytes);
}

/* Other values than 0 and 1 would mean different things to different kernels. */
static void check_bools(const struct reading *reading, const uint8_t *data)
{
    for (int64_t i = 0; i < reading->size; i++)
        if (data[i] > 1)
            fail_range(reading, (size_t)i, data[i]);
}

/* How many of the fields that can hold elements do. */
static int count_sources(const Onnx__TensorProto *from)
{
    return (from->has_raw_data && from->raw_data.len) + (from->n_float_data > 0) + (from->n_int32_data > 0) +
           (from->n_int64_data > 0) + (from->n_double_data > 0) + (from->n_uint64_data > 0) +
           (from->n_string_data > 0);
}

struct value import_tensor(struct importer *importer, const char *what, const Onnx__TensorProto *from)
{
    struct reading reading = {
        .importer = importer, .what = what, .from = from, .type = (enum type)from->data_type};
    if (!type_size(reading.type))
        fail("%s has element type %s, which is not supported", what, type_name(reading.type));
    if (from->segment)
        fail("%s is split into segments, which is not supported", what);
    reading.shape = read_shape(importer, what, from);
    reading.size = shape_size(reading.shape);
    const int64_t bytes = packed_bytes(&reading);
    bool is_external = from->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (from->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT && !is_external)
        fail("%s has data_location %d, which is unknown", what, (int)from->data_location);
    if (count_sources(from) + is_external > 1)
        fail("%s has elements in more than one field", what);

    const void *data;
    const bool is_raw = !is_external && from->has_raw_data && (from->raw_data.len || !count_sources(from));
    if (is_external)
        data = external(&reading, bytes);
    else if (is_raw)
        data = raw_data(&reading, bytes);
    else
        data = typed_data(&reading);
    if (!data)
        data = arena_alloc(importer->arena, 1);
    else if ((is_external || is_raw) && type_bits(reading.type) < 8)
        data = unpack(&reading, data, 1);
    if (reading.type == TYPE_BOOL)
        check_bools(&reading, data);
    return (struct value){reading.type, reading.shape, data};
}
