/* shape.c -- element types and shapes. */
/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include "../support/fail.h"

#include <assert.h>
#include <stdio.h>

static const struct {
    const char *name, *c_name;
    size_t size;
} types[] = {
    [TYPE_UNDEFINED] = {"undefined", NULL, 0},
    [TYPE_FLOAT] = {"float32", "float", 4},
    [TYPE_UINT8] = {"uint8", "uint8_t", 1},
    [TYPE_INT8] = {"int8", "int8_t", 1},
    [TYPE_UINT16] = {"uint16", "uint16_t", 2},
    [TYPE_INT16] = {"int16", "int16_t", 2},
    [TYPE_INT32] = {"int32", "int32_t", 4},
    [TYPE_INT64] = {"int64", "int64_t", 8},
    [TYPE_STRING] = {"string", NULL, 0},
    [TYPE_BOOL] = {"bool", "uint8_t", 1},
    [TYPE_FLOAT16] = {"float16", NULL, 2},
    [TYPE_DOUBLE] = {"float64", "double", 8},
    [TYPE_UINT32] = {"uint32", "uint32_t", 4},
    [TYPE_UINT64] = {"uint64", "uint64_t", 8},
    [14] = {"complex64", NULL, 0},
    [15] = {"complex128", NULL, 0},
    [TYPE_BFLOAT16] = {"bfloat16", NULL, 2},
    [17] = {"float8e4m3fn", NULL, 0},
    [18] = {"float8e4m3fnuz", NULL, 0},
    [19] = {"float8e5m2", NULL, 0},
    [20] = {"float8e5m2fnuz", NULL, 0},
    [TYPE_UINT4] = {"uint4", "uint8_t", 1},
    [TYPE_INT4] = {"int4", "int8_t", 1},
    [23] = {"float4e2m1", NULL, 0},
    [24] = {"float8e8m0", NULL, 0},
    [TYPE_UINT2] = {"uint2", "uint8_t", 1},
    [TYPE_INT2] = {"int2", "int8_t", 1},
};

static bool is_listed(enum type type)
{
    return (unsigned)type < sizeof types / sizeof *types;
}

size_t type_size(enum type type)
{
    return is_listed(type) ? types[type].size : 0;
}

const char *type_name(enum type type)
{
    /* Several unknown numbers can stand in one message. */
    static char unknown[4][24];
    static unsigned next;
    if (is_listed(type))
        return types[type].name;
    char *name = unknown[next++ % 4];
    snprintf(name, sizeof *unknown, "type %d", (int)type);
    return name;
}

const char *type_c_name(enum type type)
{
    return is_listed(type) ? types[type].c_name : NULL;
}

bool type_is_float(enum type type)
{
    return type == TYPE_FLOAT || type == TYPE_DOUBLE || type == TYPE_FLOAT16 || type == TYPE_BFLOAT16;
}

bool type_is_wide(enum type type)
{
    return type == TYPE_FLOAT || type == TYPE_DOUBLE;
}

bool type_is_integer(enum type type)
{
    switch (type) {
    case TYPE_UINT8:
    case TYPE_INT8:
    case TYPE_UINT16:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_UINT32:
    case TYPE_UINT64:
    case TYPE_UINT4:
    case TYPE_INT4:
    case TYPE_UINT2:
    case TYPE_INT2:
        return true;
    default:
        return false;
    }
}

bool type_is_signed(enum type type)
{
    return type == TYPE_INT8 || type == TYPE_INT16 || type == TYPE_INT32 || type == TYPE_INT64 || type == TYPE_INT4 ||
           type == TYPE_INT2;
}

int type_bits(enum type type)
{
    switch (type) {
    case TYPE_UINT4:
    case TYPE_INT4:
        return 4;
    case TYPE_UINT2:
    case TYPE_INT2:
        return 2;
    default:
        return 8 * (int)type_size(type);
    }
}

int64_t shape_size(struct shape shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape.rank; i++) {
        /* A later 0 does not excuse an overflow: nothing sensible has such a shape. */
        if (shape.dim[i] < 0 || __builtin_mul_overflow(size, shape.dim[i] ? shape.dim[i] : 1, &size) ||
            size > INT64_MAX / 16) {
            struct arena arena = {0};
            char text[MAX_RANK * 21 + 1];
            snprintf(text, sizeof text, "%s", shape_string(&arena, shape));
            arena_free(&arena);
            fail("shape %s has too many elements", text);
        }
    }
    for (int i = 0; i < shape.rank; i++)
        if (!shape.dim[i])
            return 0;
    return size;
}

bool shape_equal(struct shape a, struct shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

const char *shape_string(struct arena *arena, struct shape shape)
{
    if (!shape.rank)
        return "scalar";
    char text[MAX_RANK * 21 + 1];
    int length = 0;
    for (int i = 0; i < shape.rank; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%lld", i ? "x" : "",
                           (long long)shape.dim[i]);
    return arena_string(arena, text);
}

struct shape shape_of(int rank, const int64_t *dim)
{
    assert(rank >= 0 && rank <= MAX_RANK);
    struct shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    return shape;
}

bool shape_broadcast(struct shape a, struct shape b, struct shape *result)
{
    struct shape wide = a.rank >= b.rank ? a : b, narrow = a.rank >= b.rank ? b : a;
    int missing = wide.rank - narrow.rank;
    for (int i = 0; i < narrow.rank; i++) {
        int64_t *dim = &wide.dim[missing + i];
        if (*dim == 1)
            *dim = narrow.dim[i];
        else if (narrow.dim[i] != 1 && narrow.dim[i] != *dim)
            return false;
    }
    *result = wide;
    return true;
}

int shape_axis(int rank, int64_t axis)
{
    if (axis < -rank || axis >= rank)
        return -1;
    return (int)(axis < 0 ? axis + rank : axis);
}
