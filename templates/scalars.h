/* scalars.h -- y = f(a, b, c), element by element, for every element type, with broadcasting.
 *
 * Elements are widened to double or int64_t, and narrowed again: integers wrap around, numbers that leave the range of
 * int64_t saturate, NaN becomes 0, halves round to nearest even. Vectors of float have functions.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SCALARS_H
#define MEDNN_SCALARS_H

#include "view.h"

enum element_type {
    ELEMENT_FLOAT32,
    ELEMENT_FLOAT64,
    ELEMENT_FLOAT16,
    ELEMENT_BFLOAT16,
    ELEMENT_BOOL,
    ELEMENT_INT8,
    ELEMENT_INT16,
    ELEMENT_INT32,
    ELEMENT_INT64,
    ELEMENT_UINT8,
    ELEMENT_UINT16,
    ELEMENT_UINT32,
    ELEMENT_UINT64,
    ELEMENT_UINT4, /* of less than 8 bits: a byte each */
    ELEMENT_INT4,
    ELEMENT_UINT2,
    ELEMENT_INT2
};

typedef double real_function(double x, double y, double z);
typedef int64_t integer_function(int64_t x, int64_t y, int64_t z);

/* ---- single elements ---- */

INLINE float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Multiplying by 2^112 moves the exponent, and normalises what was denormal. */
INLINE float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = (uint32_t)(half & 0x7fff) << 13;
    const uint32_t bits = float_bits(float_of_bits(rest) * 5.19229686e33f);
    return float_of_bits(sign | (rest >= 0x0f800000 ? rest | 0x7f800000 : bits));
}

INLINE uint16_t half_from_float(float value)
{
    const uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    uint32_t half = (size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13;
    if (size < 0x38800000)
        half = float_bits(float_of_bits(size) + 0.5f) - 0x3f000000;
    if (size >= 0x47800000)
        half = size > 0x7f800000 ? 0x7e00 : 0x7c00;
    return (uint16_t)(sign | half);
}

INLINE uint16_t bfloat16_from_float(float value)
{
    const uint32_t bits = float_bits(value);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

INLINE int64_t real_to_integer(double x)
{
    if (x != x)
        return 0;
    return x >= 9223372036854775808.0 ? INT64_MAX : x < -9223372036854775808.0 ? INT64_MIN : (int64_t)x;
}

#define LOAD_AS(c_type)                                                                                      \
    {                                                                                                        \
        c_type element;                                                                                      \
        memcpy(&element, (const char *)array + at * (int64_t)sizeof element, sizeof element);                \
        return (WIDE)element;                                                                                \
    }

INLINE int64_t load_integer(const void *array, enum element_type type, int64_t at)
{
#define WIDE int64_t
    switch (type) {
    case ELEMENT_INT8:
    case ELEMENT_INT4:
    case ELEMENT_INT2:
        LOAD_AS(int8_t)
    case ELEMENT_INT16:
        LOAD_AS(int16_t)
    case ELEMENT_INT32:
        LOAD_AS(int32_t)
    case ELEMENT_BOOL:
    case ELEMENT_UINT8:
    case ELEMENT_UINT4:
    case ELEMENT_UINT2:
        LOAD_AS(uint8_t)
    case ELEMENT_UINT16:
        LOAD_AS(uint16_t)
    case ELEMENT_UINT32:
        LOAD_AS(uint32_t)
    default:
        LOAD_AS(int64_t)
    }
#undef WIDE
}

INLINE uint16_t load_bits16(const void *array, int64_t at)
{
#define WIDE uint16_t
    LOAD_AS(uint16_t)
#undef WIDE
}

INLINE double load_real(const void *array, enum element_type type, int64_t at)
{
#define WIDE double
    switch (type) {
    case ELEMENT_FLOAT32:
        LOAD_AS(float)
    case ELEMENT_FLOAT64:
        LOAD_AS(double)
    case ELEMENT_FLOAT16:
        return (double)half_to_float(load_bits16(array, at));
    case ELEMENT_BFLOAT16:
        return (double)float_of_bits((uint32_t)load_bits16(array, at) << 16);
    case ELEMENT_UINT64:
        LOAD_AS(uint64_t)
    default:
        return (double)load_integer(array, type, at);
    }
#undef WIDE
}

#define STORE_AS(c_type, value)                                                                              \
    {                                                                                                        \
        const c_type element = (c_type)(value);                                                              \
        memcpy((char *)array + at * (int64_t)sizeof element, &element, sizeof element);                      \
        break;                                                                                               \
    }

INLINE void store_integer(void *array, enum element_type type, int64_t at, int64_t value)
{
    const uint64_t bits = (uint64_t)value;
    switch (type) {
    case ELEMENT_BOOL:
        STORE_AS(uint8_t, value != 0)
    case ELEMENT_INT8:
    case ELEMENT_UINT8:
        STORE_AS(uint8_t, bits & 0xff)
    case ELEMENT_UINT4:
        STORE_AS(uint8_t, bits & 15)
    case ELEMENT_INT4:
        STORE_AS(int8_t, (int)(bits & 15) - 2 * (int)(bits & 8))
    case ELEMENT_UINT2:
        STORE_AS(uint8_t, bits & 3)
    case ELEMENT_INT2:
        STORE_AS(int8_t, (int)(bits & 3) - 2 * (int)(bits & 2))
    case ELEMENT_INT16:
    case ELEMENT_UINT16:
        STORE_AS(uint16_t, bits & 0xffff)
    case ELEMENT_INT32:
    case ELEMENT_UINT32:
        STORE_AS(uint32_t, bits & 0xffffffff)
    default:
        STORE_AS(uint64_t, bits)
    }
}

/* To the nearest whole number, halves away from 0. */
INLINE double real_round_away(double x)
{
    const double size = __builtin_fabs(x), whole = size < 4503599627370496.0 ? (double)(int64_t)size : size;
    return __builtin_copysign(size - whole >= 0.5 ? whole + 1 : whole, x);
}

INLINE void store_real(void *array, enum element_type type, int64_t at, double value)
{
    switch (type) {
    case ELEMENT_FLOAT32:
        STORE_AS(float, value)
    case ELEMENT_FLOAT64:
        STORE_AS(double, value)
    case ELEMENT_FLOAT16:
        STORE_AS(uint16_t, half_from_float((float)value))
    case ELEMENT_BFLOAT16:
        STORE_AS(uint16_t, bfloat16_from_float((float)value))
    case ELEMENT_BOOL:
        STORE_AS(uint8_t, value != 0)
    case ELEMENT_UINT64:
        if (value >= 9223372036854775808.0)
            STORE_AS(uint64_t, value < 18446744073709551616.0 ? (uint64_t)value : UINT64_MAX)
        store_integer(array, type, at, real_to_integer(value));
        break;
    case ELEMENT_UINT4:
    case ELEMENT_INT4:
    case ELEMENT_UINT2:
    case ELEMENT_INT2:
        store_integer(array, type, at, real_to_integer(real_round_away(value)));
        break;
    default:
        store_integer(array, type, at, real_to_integer(value));
    }
}

/* ---- functions; arithmetic of integers wraps around, x / 0 is 0 ---- */

#define REAL(name, result)                                                                                   \
    INLINE double real_##name(double x, double y, double z)                                                  \
    {                                                                                                        \
        (void)x, (void)y, (void)z;                                                                           \
        return result;                                                                                       \
    }
#define INTEGER(name, result)                                                                                \
    INLINE int64_t integer_##name(int64_t x, int64_t y, int64_t z)                                           \
    {                                                                                                        \
        (void)x, (void)y, (void)z;                                                                           \
        return result;                                                                                       \
    }
#define WRAP(x, operation, y) ((int64_t)((uint64_t)(x) operation(uint64_t)(y)))

/* To the nearest whole number, halves to even. */
INLINE double real_whole(double x)
{
    const double large = 4503599627370496.0, size = __builtin_fabs(x);
    return size < large ? __builtin_copysign((size + large) - large, x) : x;
}

/* Long division in binary: every step is exact. */
INLINE double real_rest(double x, double y)
{
    const double divisor = __builtin_fabs(y);
    double rest = __builtin_fabs(x), part = divisor;
    if (x - x != 0 || y == 0 || y != y)
        return __builtin_nan("");
    if (rest < divisor)
        return x;
    while (part <= rest * 0.5)
        part += part;
    for (; part >= divisor; part *= 0.5)
        rest -= rest >= part ? part : 0;
    return __builtin_copysign(rest, x);
}

INLINE double real_limit_1(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

INLINE int64_t integer_power(int64_t x, int64_t y)
{
    uint64_t power = 1, base = (uint64_t)x;
    if (y < 0)
        return x == 1 ? 1 : x == -1 ? 1 - 2 * (y & 1) : 0;
    for (; y > 0; y >>= 1, base *= base)
        power *= y & 1 ? base : 1;
    return (int64_t)power;
}

REAL(identity, x)
REAL(square, x *x)
REAL(round, real_whole(x))
REAL(floor, real_whole(x) > x ? real_whole(x) - 1 : real_whole(x))
REAL(ceil, __builtin_copysign(real_whole(x) < x ? real_whole(x) + 1 : real_whole(x), x))
REAL(sqrt, __builtin_sqrt(x))
REAL(reciprocal, 1 / x)
REAL(fmod, real_rest(x, y))
REAL(leaky_relu, x < 0 ? x * y : x)
REAL(prelu, x < 0 ? x * y : x)
REAL(hard_sigmoid, real_limit_1(x *y + z))
REAL(hard_swish, x *real_limit_1(x / 6 + 0.5))
REAL(shrink, x < -z ? x + y : x > z ? x - y : 0)
REAL(softsign, x / (1 + __builtin_fabs(x)))
REAL(thresholded_relu, x > y ? x : 0)
REAL(none, 0)
REAL(is_nan, x != x)
REAL(is_inf, __builtin_fabs(x) == __builtin_inf())
REAL(is_positive_inf, x == __builtin_inf())
REAL(is_negative_inf, x == -__builtin_inf())
REAL(add, x + y)
REAL(sub, x - y)
REAL(mul, x *y)
REAL(div, x / y)
REAL(min, y < x || y != y ? y : x)
REAL(max, y > x || y != y ? y : x)
REAL(neg, -x)
REAL(abs, __builtin_fabs(x))
REAL(relu, x <= 0 ? 0 : x)
REAL(sign, (double)((x > 0) - (x < 0)))
REAL(equal, x == y)
REAL(less, x < y)
REAL(greater, x > y)
REAL(less_or_equal, x <= y)
REAL(greater_or_equal, x >= y)
REAL(where, x != 0 ? y : z)

INTEGER(identity, x)
INTEGER(add, WRAP(x, +, y))
INTEGER(sub, WRAP(x, -, y))
INTEGER(mul, WRAP(x, *, y))
INTEGER(div, y == 0 ? 0 : y == -1 ? WRAP(0, -, x) : x / y)
INTEGER(min, y < x ? y : x)
INTEGER(max, y > x ? y : x)
INTEGER(neg, WRAP(0, -, x))
INTEGER(abs, x < 0 ? WRAP(0, -, x) : x)
INTEGER(relu, x < 0 ? 0 : x)
INTEGER(sign, (x > 0) - (x < 0))
INTEGER(equal, x == y)
INTEGER(less, x < y)
INTEGER(greater, x > y)
INTEGER(less_or_equal, x <= y)
INTEGER(greater_or_equal, x >= y)
INTEGER(where, x != 0 ? y : z)
INTEGER(and, x != 0 && y != 0)
INTEGER(or, x != 0 || y != 0)
INTEGER(xor, (x != 0) != (y != 0))
INTEGER(not, x == 0)
INTEGER(square, WRAP(x, *, x))
INTEGER(bitwise_and, x &y)
INTEGER(bitwise_or, x | y)
INTEGER(bitwise_xor, x ^ y)
INTEGER(bitwise_not, ~x)
INTEGER(shift_left, (uint64_t)y > 63 ? 0 : WRAP(x, <<, y))
INTEGER(shift_right, (uint64_t)y > 63 ? 0 : WRAP(x, >>, y))
INTEGER(fmod, y == 0 || y == -1 ? 0 : x % y)
INTEGER(mod, y == 0 || y == -1 ? 0 : x % y + (x % y != 0 && (x % y < 0) != (y < 0) ? y : 0))
INTEGER(pow, integer_power(x, y))
INTEGER(prelu, x < 0 ? WRAP(x, *, y) : x)

/* Of uint64_t, where the sign bit counts. */
INTEGER(unsigned_div, y == 0 ? 0 : WRAP(x, /, y))
INTEGER(unsigned_mod, y == 0 ? 0 : WRAP(x, %, y))
INTEGER(unsigned_min, (uint64_t)y < (uint64_t)x ? y : x)
INTEGER(unsigned_max, (uint64_t)y > (uint64_t)x ? y : x)
INTEGER(unsigned_sign, x != 0)
INTEGER(unsigned_less, (uint64_t)x < (uint64_t)y)
INTEGER(unsigned_greater, (uint64_t)x > (uint64_t)y)
INTEGER(unsigned_less_or_equal, (uint64_t)x <= (uint64_t)y)
INTEGER(unsigned_greater_or_equal, (uint64_t)x >= (uint64_t)y)

/* ---- loops ---- */

struct operand_scalar {
    enum element_type type;
    int64_t stride[8]; /* in elements, 0 where the operand does not move */
    double value;      /* of operands that are numbers */
};

struct elementwise_scalar {
    int rank; /* >= 1 */
    int64_t count[8];
    struct operand_scalar y, a, b, c;
};

INLINE int64_t operand_integer(const void *x, const struct operand_scalar *operand, int64_t at)
{
    return x ? load_integer(x, operand->type, at) : (int64_t)operand->value;
}

INLINE double operand_real(const void *x, const struct operand_scalar *operand, int64_t at)
{
    return x ? load_real(x, operand->type, at) : operand->value;
}

/* One of `real` and `integer` is NULL. */
INLINE void elementwise_scalar(const struct elementwise_scalar *s, real_function *real, integer_function *integer,
                               void *y, const void *a, const void *b, const void *c)
{
    const int last = s->rank - 1;
    int64_t index[8] = {0}, at_y = 0, at_a = 0, at_b = 0, at_c = 0;
    for (;;) {
        for (int64_t i = 0; i < s->count[last]; i++) {
            const int64_t i_y = at_y + i * s->y.stride[last], i_a = at_a + i * s->a.stride[last];
            const int64_t i_b = at_b + i * s->b.stride[last], i_c = at_c + i * s->c.stride[last];
            if (integer)
                store_integer(y, s->y.type, i_y,
                              integer(operand_integer(a, &s->a, i_a), operand_integer(b, &s->b, i_b),
                                      operand_integer(c, &s->c, i_c)));
            else
                store_real(y, s->y.type, i_y,
                           real(operand_real(a, &s->a, i_a), operand_real(b, &s->b, i_b),
                                operand_real(c, &s->c, i_c)));
        }
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            const int64_t back = ++index[axis] < s->count[axis] ? 0 : s->count[axis], step = 1 - back;
            at_y += step * s->y.stride[axis];
            at_a += step * s->a.stride[axis];
            at_b += step * s->b.stride[axis];
            at_c += step * s->c.stride[axis];
            if (!back)
                break;
            index[axis] = 0;
        }
        if (axis < 0)
            return;
    }
}

#endif
