/* cases_attention.c -- what transformers are made of, and other operators of opset 18 and newer. */
/* SPDX-License-Identifier: MIT */
#include "node_lists.h"

const char *const attention_cases[] = {
    /* attention.c */
    "Attention 2x3x5x8 2x3x7x8 2x3x7x6",
    "Attention 1x4x37x20 1x2x19x20 1x2x19x17 37x19 softcap=2.0 is_causal=1",
    "Attention 2x5x24 2x7x8 2x7x6 bool:2x1x5x7 q_num_heads=6 kv_num_heads=2 scale=0.3",
    "Attention 2x70x24 2x7x12 2x7x6 - - - @5,6 q_num_heads=6 kv_num_heads=3 is_causal=1",
    "Attention 2x1x24 2x9x24 2x9x24 1x5 - - @5,9 q_num_heads=3 kv_num_heads=3 is_causal=1",
    "Attention /4 2x3x5x8 2x3x7x8 2x3x7x6 1x3x5x9 2x3x4x8 2x3x4x6 qk_matmul_output_mode=1 softcap=1.0",
    "Attention /4 2x3x8 2x4x4 2x4x10 bool:3x5 2x2x2x2 2x2x2x5 q_num_heads=4 kv_num_heads=2 is_causal=1",
    /* rotary_embedding.c */
    "RotaryEmbedding 2x3x5x8 =2x5x4 =2x5x4",
    "RotaryEmbedding 2x5x24 =9x3 =9x3 int64:2x5 num_heads=3 rotary_embedding_dim=6 interleaved=1",
    "RotaryEmbedding float16:1x4x7x12 float16:9x4 float16:9x4 int64:1x7 rotary_embedding_dim=8",
    /* tensor_scatter.c affine_grid.c, pad.c, cast.c */
    "TensorScatter 3x2x7x4 3x2x2x4 =int64:3",
    "TensorScatter float16:3x5x6 float16:3x5x4 int64:3 axis=-1 mode=circular",
    "TensorScatter int8:2x7x3 int8:2x3x3 mode=circular",
    "AffineGrid 2x2x3 @2,1,4,5",
    "AffineGrid 1x3x4 @1,2,3,4,5 align_corners=1",
    "CenterCropPad 5x6x4 @8,3,4",
    "CenterCropPad uint8:5x6x4 @3,9 axes=[0,-1]",
    "BitCast 2x3 to=6",
    "BitCast int8:1x20x3 to=2",
    /* deform_conv.c */
    "DeformConv 2x4x6x7 =5x4x3x3 2x18x6x7 =5 2x9x6x7 pads=[1,1,1,1]",
    "DeformConv 1x6x9x8 =6x3x2x3 1x36x4x8 - 1x18x4x8 group=2 offset_group=3 strides=[2,1] dilations=[2,1] pads=[0,1,0,1]",
    "DeformConv 1x20x7x9 33x20x2x2 1x8x6x8 33",
    /* col2im.c det.c */
    "Col2Im 2x12x20 @5,6 @2,3 pads=[0,1,0,0] dilations=[1,1]",
    "Col2Im int32:1x12x4 @7,8 @2,3 strides=[2,3] dilations=[3,1]",
    "Col2Im float64:2x6x5 @9 @3 strides=[2] pads=[1,1]",
    "Det 4x3x3",
    "Det float16:2x3x2x2",
    "Det float64:5x5",
    /* stft.c */
    "STFT 2x30x1 @4 8 @8",
    "STFT 2x20 @3 =7 onesided=0",
    "STFT 1x20x2 @5 - @6 onesided=0",
    /* non_max_suppression.c */
    "NonMaxSuppression =1x20x4 =1x2x20 @5 #0.3",
    "mednn.NonMaxSuppression /2 2x20x4 2x3x20 @5 #0.2 #0.1 capacity=40",
    "mednn.NonMaxSuppression /2 1x30x4 1x2x30 int64:1+ scalar center_point_box=1 capacity=3",
    NULL,
};
