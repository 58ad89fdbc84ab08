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
    /* integer.c */
    "MatMulInteger uint8:4x3 uint8:3x2 uint8:1 uint8:1",
    "MatMulInteger int8:4x30 =uint8:30x20 - =uint8:20",
    "MatMulInteger int8:2x3x4 int8:4x5 int8:3 int8:scalar",
    "MatMulInteger uint8:2x3x4 uint8:2x4x5 uint8:2x3x1 uint8:2x1x5",
    "MatMulInteger uint8:4 uint8:4x5",
    "QLinearMatMul uint8:5x30 #0.03 =uint8:1 =int8:30x20 =20+ =int8:20 #0.02 uint8:scalar",
    "QLinearMatMul int8:2x3x4 2x3x1+ int8:2x3x1 int8:4x5 1+ int8:1 #0.02 int8:scalar",
    "ConvInteger uint8:1x3x9x8 =uint8:20x3x3x3 uint8:scalar pads=[1,1,1,1]",
    "ConvInteger int8:2x4x7x70 uint8:6x2x3x2 int8:1 uint8:6 group=2 strides=[2,1]",
    "ConvInteger uint8:1x2x9 =int8:4x2x3 dilations=[2]",
    "QLinearConv uint8:1x3x9x8 #0.03 uint8:scalar =int8:20x3x3x3 =20+ =int8:20 #0.02 uint8:scalar =int32:20 "
    "pads=[1,1,1,1] strides=[2,2]",
    "QLinearConv int8:1x6x5x4x3 #0.3 int8:scalar int8:6x1x2x2x2 6+ int8:6 #0.02 int8:scalar int32:6 group=6",
    NULL,
};
