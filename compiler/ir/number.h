/* number.h -- the 16-bit floating-point formats, to float (exact) and from float (nearest, ties to even). */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NUMBER_H
#define MEDNN_NUMBER_H

#include <stdint.h>

/* IEEE 754 binary16: overflow becomes infinity, NaN keeps its sign and upper payload bits and stays NaN. */
float half_to_float(uint16_t half);
uint16_t half_from_float(float value);

/* The upper half of a binary32. */
float bfloat16_to_float(uint16_t bits);
uint16_t bfloat16_from_float(float value);

#endif
