/* element.c -- single elements of any type, and walks over indices. */
/* SPDX-License-Identifier: MIT */
#include "../ir/number.h"
#include "rows.h"

#include <assert.h>
#include <string.h>

double element_real(enum type type, const void *data, int64_t i)
{
    if (type == TYPE_FLOAT)
        return (double)((const float *)data)[i];
    return tensor_double(&(struct tensor){.type = type, .data = data}, i);
}

int64_t element_integer(enum type type, const void *data, int64_t i)
{
    if (type == TYPE_INT64 || type == TYPE_UINT64)
        return ((const int64_t *)data)[i];
    return tensor_int(&(struct tensor){.type = type, .data = data}, i);
}

void element_set_real(enum type type, void *data, int64_t i, double value)
{
    switch (type) {
    case TYPE_FLOAT:
        ((float *)data)[i] = (float)value;
        break;
    case TYPE_DOUBLE:
        ((double *)data)[i] = value;
        break;
    case TYPE_FLOAT16:
        ((uint16_t *)data)[i] = number_to_half((float)value);
        break;
    case TYPE_BFLOAT16:
        ((uint16_t *)data)[i] = number_to_bfloat16((float)value);
        break;
    case TYPE_BOOL:
        ((uint8_t *)data)[i] = value != 0;
        break;
    case TYPE_UINT64:
        ((uint64_t *)data)[i] = value >= 9223372036854775808.0
                                    ? (value < 18446744073709551616.0 ? (uint64_t)value : UINT64_MAX)
                                    : (uint64_t)number_to_int(value);
        break;
    case TYPE_UINT4:
    case TYPE_INT4:
    case TYPE_UINT2:
    case TYPE_INT2: /* as ONNX Runtime */
        value = number_round_away(value); /* fall through */
    default:
        element_set_integer(type, data, i, number_to_int(value));
    }
}

void element_set_integer(enum type type, void *data, int64_t i, int64_t value)
{
    uint64_t bits = (uint64_t)value;
    switch (type) {
    case TYPE_BOOL:
        ((uint8_t *)data)[i] = value != 0;
        break;
    case TYPE_INT8:
    case TYPE_UINT8:
        ((uint8_t *)data)[i] = (uint8_t)(bits & 0xff);
        break;
    case TYPE_UINT4:
    case TYPE_INT4:
    case TYPE_UINT2:
    case TYPE_INT2:
        ((int8_t *)data)[i] = (int8_t)number_low_bits(value, type_bits(type), type_is_signed(type));
        break;
    case TYPE_INT16:
    case TYPE_UINT16:
        ((uint16_t *)data)[i] = (uint16_t)(bits & 0xffff);
        break;
    case TYPE_INT32:
    case TYPE_UINT32:
        ((uint32_t *)data)[i] = (uint32_t)(bits & 0xffffffff);
        break;
    case TYPE_INT64:
    case TYPE_UINT64:
        ((uint64_t *)data)[i] = bits;
        break;
    default:
        assert(type_is_float(type));
        element_set_real(type, data, i, (double)value);
    }
}

void element_copy(enum type type, void *to, int64_t i, const void *from, int64_t k)
{
    size_t size = type_size(type);
    memcpy((char *)to + (size_t)i * size, (const char *)from + (size_t)k * size, size);
}

bool shape_next(struct shape shape, int64_t at[])
{
    for (int i = shape.rank - 1; i >= 0; i--) {
        if (++at[i] < shape.dim[i])
            return true;
        at[i] = 0;
    }
    return false;
}

int64_t shape_offset(struct shape shape, const int64_t at[])
{
    int64_t offset = 0;
    for (int i = 0; i < shape.rank; i++)
        offset = offset * shape.dim[i] + at[i];
    return offset;
}

int64_t broadcast_offset(struct shape shape, int rank, const int64_t at[])
{
    int64_t offset = 0;
    for (int i = 0; i < shape.rank; i++) {
        int axis = rank - shape.rank + i;
        offset = offset * shape.dim[i] + (shape.dim[i] == 1 || axis < 0 ? 0 : at[axis]);
    }
    return offset;
}

struct region broadcast_reads(struct shape operand, struct region region)
{
    struct region reads = region_whole(operand);
    for (int i = 0; i < operand.rank; i++) {
        int axis = region.rank - operand.rank + i;
        if (operand.dim[i] != 1 && axis >= 0)
            reads.axis[i] = region.axis[axis];
    }
    return reads;
}
