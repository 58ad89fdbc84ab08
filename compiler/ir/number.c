/* number.c -- conversions by moving bits, the same on every machine. */
/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <string.h>

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Drop the lowest `shift` bits (1 to 31), to nearest, ties to even. */
static uint32_t round_shift(uint32_t bits, unsigned shift)
{
    uint32_t kept = bits >> shift, rest = bits & ((1u << shift) - 1), tie = 1u << (shift - 1);
    return kept + (rest > tie || (rest == tie && (kept & 1)));
}

float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent)
        return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

uint16_t half_from_float(float value)
{
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    uint32_t result;
    if (magnitude > 0x7f800000u)
        result = 0x7e00u | (magnitude >> 13 & 0x3ffu);
    else if (magnitude >= 0x47800000u) /* 65536 and more */
        result = 0x7c00u;
    else if (magnitude >=
             0x38800000u) /* normal in binary16; a carry moves into the exponent, up to infinity */
        result = round_shift(magnitude - (112u << 23), 13);
    else if (magnitude >= 0x33000000u) /* 2^-25: the smallest that can round to a subnormal */
        result = round_shift((magnitude & 0x7fffffu) | 0x800000u, 126 - (magnitude >> 23));
    else
        result = 0;
    return (uint16_t)(sign | result);
}

float bfloat16_to_float(uint16_t bits)
{
    return float_of_bits((uint32_t)bits << 16);
}

uint16_t bfloat16_from_float(float value)
{
    uint32_t bits = bits_of_float(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)round_shift(bits, 16);
}
