/* number.h -- conversions between number formats, exact where the target allows. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NUMBER_H
#define MEDNN_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* IEEE 754 binary16 and bfloat16, by their bits. To: round to nearest, ties to even. */
float number_from_half(uint16_t bits);
uint16_t number_to_half(float value);
float number_from_bfloat16(uint16_t bits);
uint16_t number_to_bfloat16(float value);

/* The lowest `bits` of a number, with their sign. */
int64_t number_low_bits(int64_t value, int bits, bool is_signed);

/* To the nearest whole number, halves away from 0. */
double number_round_away(double value);

/* Truncates; saturates at the ends of int64; NaN becomes 0. */
int64_t number_to_int(double value);

#endif
