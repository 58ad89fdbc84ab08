/* double_bits.h -- doubles as 64 bits, and to the nearest integer. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DOUBLE_BITS_H
#define MEDNN_DOUBLE_BITS_H

#include "view.h"

INLINE int64_t double_bits(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE double double_of_bits(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^52 * 1.5 rounds to an integer, for |x| < 2^51. */
INLINE double double_round(double x)
{
    const double shift = 6755399441055744.0;
    return (x + shift) - shift;
}

#endif
