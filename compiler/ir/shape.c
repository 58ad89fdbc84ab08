/* shape.c -- element types and shapes. */
/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include "../support/fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* By number of TensorProto.DataType; size 0: not held. */
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
};
enum { TYPE_COUNT = sizeof types / sizeof *types };

static bool is_known(enum type type)
{
    return (unsigned)type < TYPE_COUNT;
}

size_t type_size(enum type type)
{
    return is_known(type) ? types[type].size : 0;
}

const char *type_name(enum type type)
{
    static char other[32];
    if (is_known(type))
        return types[type].name;
    snprintf(other, sizeof other, "type %d", (int)type);
    return other;
}

const char *type_c_name(enum type type)
{
    return is_known(type) ? types[type].c_name : NULL;
}

bool type_is_float(enum type type)
{
    return type == TYPE_FLOAT || type == TYPE_DOUBLE || type == TYPE_FLOAT16 || type == TYPE_BFLOAT16;
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
        return true;
    default:
        return false;
    }
}

int64_t shape_size(struct shape shape)
{
    int64_t size = 1;
    bool empty = false;
    for (int i = 0; i < shape.rank; i++) {
        empty |= shape.dim[i] == 0;
        if (shape.dim[i] < 0 || (!empty && __builtin_mul_overflow(size, shape.dim[i], &size)) || size > INT64_MAX / 16)
            fail("a shape of rank %d has more elements than can be addressed", shape.rank);
    }
    return empty ? 0 : size;
}

bool shape_equal(struct shape a, struct shape b)
{
    return a.rank == b.rank && !memcmp(a.dim, b.dim, (size_t)a.rank * sizeof *a.dim);
}

const char *shape_string(struct arena *arena, struct shape shape)
{
    if (!shape.rank)
        return "scalar";
    char text[MAX_RANK * 22];
    int used = 0;
    for (int i = 0; i < shape.rank; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%" PRId64, i ? "x" : "", shape.dim[i]);
    return arena_string(arena, text);
}

struct shape shape_of(int rank, const int64_t *dim)
{
    struct shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    return shape;
}

bool shape_broadcast(struct shape a, struct shape b, struct shape *result)
{
    *result = (struct shape){.rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 1; i <= result->rank; i++) {
        int64_t x = i <= a.rank ? a.dim[a.rank - i] : 1, y = i <= b.rank ? b.dim[b.rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        result->dim[result->rank - i] = x == 1 ? y : x;
    }
    return true;
}

int shape_axis(int rank, int64_t axis)
{
    if (axis < -rank || axis >= rank)
        return -1;
    return (int)(axis < 0 ? axis + rank : axis);
}
