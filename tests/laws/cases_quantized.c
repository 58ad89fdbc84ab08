/* cases_quantized.c -- integers that stand for numbers. */
/* SPDX-License-Identifier: MIT */
#include "node_lists.h"

const char *const quantized_cases[] = {
    /* quantize.c */
    "QuantizeLinear 2x3x7 #0.03 uint8:scalar",
    "QuantizeLinear 2x3x7 #0.01",
    "QuantizeLinear 2x5x9x4 =5+ =int8:5",
    "QuantizeLinear 2x5x9x4 9+ uint16:9 axis=2",
    "QuantizeLinear 4x7 =4x3+ =int16:4x3 block_size=3",
    "QuantizeLinear 7x4 #0.3,0.2,0.1,0.7 output_dtype=3 axis=-1",
    "QuantizeLinear float16:5x4 float16:4+",
    "QuantizeLinear int32:3x4 #0.7 int8:scalar",
    "DequantizeLinear int8:2x3x7 #0.03 int8:scalar",
    "DequantizeLinear uint8:2x5x9x4 =5 =uint8:5",
    "DequantizeLinear int32:20x3 20 axis=0",
    "DequantizeLinear uint16:7x5 =2x5 =uint16:2x5 axis=0 block_size=4",
    "DequantizeLinear int16:3x4 float16:4",
    "DynamicQuantizeLinear /3 3x7",
    NULL,
};
