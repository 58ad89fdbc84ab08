/* node_cases.c -- small graphs of one node, from lines of text. */
/* SPDX-License-Identifier: MIT */
#include "node_cases.h"

#include "ir/number.h"
#include "node_lists.h"
#include "operators/op.h"
#include "support/fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cases[] = {
    /* unary.c */
    "Abs 2x3x4",
    "Abs int8:2x3",
    "Ceil 1x3x5x2",
    "Celu 2x17x3x3 alpha=0.7",
    "Cos 7",
    "Elu 2x3x4 alpha=0.5",
    "Erf 1x18x3x5",
    "Exp 1x20x4x4",
    "Floor 2x3x4",
    "Gelu 1x5x7",
    "Gelu 1x5x7 approximate=tanh",
    "HardSigmoid 1x19x2x5 alpha=0.3 beta=0.4",
    "HardSwish 1x20x3x3",
    "LeakyRelu 2x17x3x3 alpha=0.1",
    "Log =2x3",
    "Log 1x20x2x2",
    "Mish 3x4",
    "Neg 2x3x4",
    "Neg int64:5",
    "Not bool:3x4",
    "Reciprocal 1x20x2x2",
    "Relu 1x20x5x6",
    "Relu 2x3",
    "Round 4x5",
    "Selu 2x3x4",
    "Sigmoid 1x20x3x3",
    "Sign 3x5",
    "Sin 3x5",
    "Softplus 1x18x3x3",
    "Softsign 2x3",
    "Sqrt 2x3",
    "Swish 1x20x3x3",
    "Swish 2x7 alpha=1.7",
    "Tanh 1x20x3x3",
    "ThresholdedRelu 2x3x4 alpha=0.5",
    "BitwiseNot int16:2x3",
    "Ceil float64:2x3x4",
    "Exp float16:3x4",
    "Floor float64:7",
    "Gelu float16:5 approximate=tanh",
    "HardSigmoid float64:5 alpha=0.3",
    "IsInf 3x4",
    "IsInf float64:3 detect_negative=0",
    "IsNaN 3x4",
    "LeakyRelu float64:2x3",
    "Round float64:7",
    "Softplus float16:2x3",
    "Sqrt float64:3+",
    /* binary.c */
    "Add 1x20x5x6 1x20x5x6",
    "Add 1x20x5x6 =20x1x1",
    "Add 1x20x5x6 #0.5",
    "Add 2x1x4 3x1",
    "Add int64:4 int64:1",
    "And bool:3x1 bool:1x4",
    "BitShift uint8:2x3 uint8:3 direction=LEFT",
    "BitShift uint64:3 uint64:3 direction=RIGHT",
    "BitwiseAnd int32:2x3 int32:3",
    "BitwiseOr uint8:2x3 uint8:2x1",
    "BitwiseXor int64:2x3 int64:3",
    "Clip 1x20x3x3 #-0.5 #1.0",
    "Clip 2x3 #0.0",
    "Clip 2x3 - #0.5",
    "Div 1x20x3x3 1x20x3x3",
    "Div 2x3 =3",
    "Div int32:2x3 int32:2x3",
    "Equal 2x3 2x3",
    "Equal int64:2x3 int64:3",
    "Greater 2x3 3",
    "GreaterOrEqual 2x3 3",
    "Less 2x3 3",
    "LessOrEqual 2x3 3",
    "Max 2x3 3 2x1",
    "Mean 2x3 3 2x1",
    "Min 2x3 3 2x1",
    "Min int32:2x3 int32:3",
    "Mean float64:3 float64:3",
    "Mod int8:2x3 int8:3",
    "Mod uint64:5 uint64:5",
    "Mod int64:5 int64:5 fmod=1",
    "Mod 3x4 4 fmod=1",
    "Mod float64:3x4 float64:4 fmod=1",
    "Mul 1x20x5x6 1x20x1x1",
    "Mul 1x20x5x6 1x20x5x6",
    "Or bool:3x1 bool:1x4",
    "PRelu 1x20x3x4 =20x1x1",
    "Pow 2x3 #2.0",
    "Pow 2x3 int64:3",
    "Pow int32:2x3 int32:3",
    "PRelu float64:2x3 float64:3",
    "Sub 1x20x5x6 =1x20x5x6",
    "Sub 2x3 scalar",
    "Sum 2x3 2x3 3",
    "Where bool:2x3 2x3 3",
    "Xor bool:3x1 bool:1x4",
    /* conv.c */
    "Conv 1x3x9x8 =20x3x3x3 =20 pads=[1,1,1,1]",
    "Conv 1x20x9x8 =36x20x3x3 pads=[1,1,1,1] strides=[2,2]",
    "Conv 2x20x7x7 =33x20x1x1 =33",
    "Conv 1x20x11x9 =20x1x3x3 =20 group=20 pads=[1,1,1,1]",
    "Conv 1x20x11x9 =20x1x5x3 group=20 pads=[2,0,1,2] strides=[2,1]",
    "Conv 1x12x9x9 =8x3x3x3 =8 group=4 dilations=[2,1] pads=[2,1,2,1]",
    "Conv 1x32x9x9 =32x16x3x3 =32 group=2 pads=[1,1,1,1]",
    "Conv 1x20x13x17 =36x20x3x3 =36 pads=[1,1,1,1]",
    "Conv 2x32x15x10 =16x32x3x3 pads=[0,2,1,1]",
    "Conv 1x16x30x27 =40x16x3x3 =40 pads=[1,1,1,1]",
    "Conv 1x24x34x30 =33x24x3x3",
    "Conv 1x4x7x9 =5x4x2x4 auto_pad=SAME_UPPER strides=[2,3]",
    "Conv 1x4x7x9 =5x4x2x4 auto_pad=SAME_LOWER strides=[1,2]",
    "Conv 1x4x7x9 =5x4x2x4 auto_pad=VALID",
    "Conv 1x3x40x37 =16x3x7x7 =16 pads=[3,3,3,3] strides=[2,2]",
    "Conv 2x4x13 =6x4x3 =6 pads=[1,2] strides=[2]",
    "Conv 1x2x4x5x6 =3x2x2x3x2 =3 pads=[1,0,1,0,1,0]",
    /* conv_transpose.c */
    "ConvTranspose 1x3x5x4 =3x4x3x3 =4 strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]",
    "ConvTranspose 1x20x6x5 =20x17x2x2 =17 strides=[2,2]",
    "ConvTranspose 2x4x7x6 =4x3x3x2 group=2 dilations=[2,1] strides=[1,3]",
    "ConvTranspose 1x4x5x4 =4x1x3x3 =4 group=4 auto_pad=SAME_UPPER strides=[2,2]",
    "ConvTranspose 1x2x5x4 =2x3x3x3 output_shape=[10,9] strides=[2,2]",
    "ConvTranspose 1x3x9 =3x5x4 strides=[3]",
    "ConvTranspose 1x2x3x4x5 =2x2x2x3x2 =2 strides=[2,1,2] pads=[0,1,0,1,1,0]",
    /* pool.c */
    "AveragePool 1x20x9x8 kernel_shape=[3,2] pads=[1,0,1,1] strides=[2,2]",
    "AveragePool 1x20x9x8 kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1",
    "AveragePool 1x3x9x8 kernel_shape=[3,3] strides=[2,2] ceil_mode=1 pads=[1,1,1,1] count_include_pad=1",
    "AveragePool 1x3x9x8 kernel_shape=[2,2] dilations=[2,3]",
    "AveragePool 1x3x9 kernel_shape=[4] auto_pad=SAME_LOWER strides=[2]",
    "GlobalAveragePool 2x20x5x7",
    "GlobalMaxPool 2x20x5x7",
    "GlobalLpPool 2x5x5x7",
    "GlobalLpPool 2x5x9 p=3",
    "LpPool 1x3x9x8 kernel_shape=[3,2] pads=[1,0,1,1] strides=[2,2]",
    "LpPool 1x3x9x8 kernel_shape=[2,2] dilations=[2,3] p=1",
    "LpPool 1x3x9 kernel_shape=[4] auto_pad=SAME_LOWER strides=[2] p=3",
    "MaxPool 1x20x9x8 kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]",
    "MaxPool 1x20x8x8 kernel_shape=[2,2] strides=[2,2]",
    "MaxPool 1x3x9x8 kernel_shape=[3,3] strides=[2,2] ceil_mode=1",
    "MaxPool 1x3x9x8 kernel_shape=[2,2] dilations=[2,3]",
    "MaxPool /2 1x3x7x8 kernel_shape=[3,2] strides=[2,2]",
    "MaxPool uint8:1x3x7x8 kernel_shape=[3,2]",
    "MaxPool 1x3x9 kernel_shape=[4] auto_pad=SAME_UPPER strides=[2]",
    "AveragePool float64:1x3x9x8 kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1",
    "GlobalMaxPool float64:2x3x4",
    "MaxPool /2 1x2x7x8x6 kernel_shape=[3,2,2] pads=[1,0,1,1,1,0] storage_order=1",
    "MaxUnpool 1x1x2x4 int64:1x1x2x4 kernel_shape=[2,2] strides=[2,2]",
    "MaxUnpool float64:2x3x4 int64:2x3x4 @2,3,5 kernel_shape=[2] strides=[2]",
    /* gemm.c matmul.c softmax.c batch_normalization.c */
    "Gemm 1x70 =70x40 =40",
    "Gemm 3x70 =40x70 =40 transB=1 alpha=0.5 beta=2.0",
    "Gemm 7x3 =7x5 transA=1",
    "Gemm 3x7 7x5 3x5",
    "MatMul 3x70 =70x40",
    "MatMul 2x3x4 2x4x5",
    "MatMul 2x1x3x4 3x4x5",
    "MatMul 4 4x5",
    "MatMul 2x3x4 4",
    "Softmax 3x10",
    "Softmax 1x20x4x5 axis=1",
    "LogSoftmax 3x10",
    "LogSoftmax 2x3x4 axis=0",
    "BatchNormalization 2x20x3x4 =20 =20 =20 =20+",
    "BatchNormalization 2x5 =5 =5 =5 =5+ epsilon=0.1",
    /* lrn.c normalize.c */
    "LRN 1x20x3x4 size=5",
    "LRN 2x7x5 size=4 alpha=0.5 beta=0.6 bias=2.0",
    "LRN 3x9 size=3",
    "LayerNormalization 3x4x20 =20 =20",
    "LayerNormalization 3x4x5 =4x5 axis=1 epsilon=0.1",
    "LayerNormalization 3x4x5 5 =1x5",
    "LayerNormalization /3 3x4x35 =35 =35",
    "RMSNormalization 3x4x20 =20",
    "RMSNormalization 2x3x4 =3x1 axis=-2",
    "InstanceNormalization 2x5x4x7 =5 =5",
    "InstanceNormalization 2x20x37 =20 =20 epsilon=0.01",
    "GroupNormalization 2x12x3x7 =12 =12 num_groups=3",
    "GroupNormalization 1x20x5x6 =2 =2 num_groups=2 scale_per_group=1",
    "GroupNormalization 2x6 =6 =6 num_groups=2",
    "LpNormalization 3x20 p=1",
    "LpNormalization 2x5x4x3 axis=1",
    "MeanVarianceNormalization 2x5x4x7",
    "MeanVarianceNormalization 2x5x4 axes=[0,-1]",
    /* einsum.c */
    "Einsum 3x4 4x5 equation=ij,jk->ik",
    "Einsum 2x3x20 2x20x4 equation=bij,bjk",
    "Einsum 3x3 equation=ii->i",
    "Einsum 3x4 equation=ij->j",
    "Einsum 2x5x3x4 3x4 equation=a...b,...b->...a",
    "Einsum 3x4 4x2 3x2 equation=ij,jk,ik->",
    "Einsum int32:3x4 int32:4x2 equation=ij,jk->ki",
    /* grid_sample.c */
    "GridSample 2x3x5x4 2x3x7x2",
    "GridSample 1x20x5x4 1x6x3x2 padding_mode=border align_corners=1",
    "GridSample 1x2x5x4 1x6x3x2 padding_mode=reflection mode=cubic",
    "GridSample 1x2x5x4 1x6x3x2 padding_mode=reflection mode=nearest",
    "GridSample 1x2x3x5x4 1x2x6x3x3 mode=linear padding_mode=reflection align_corners=1",
    /* roi_align.c signal.c */
    "RoiAlign 5x3x9x8 3x4+ =int64:3 output_height=3 output_width=2 spatial_scale=2.5",
    "RoiAlign 5x3x9x8 3x4+ =int64:3 output_height=2 output_width=2 mode=max sampling_ratio=2 "
    "coordinate_transformation_mode=output_half_pixel",
    "BlackmanWindow =int64:1 periodic=0",
    "DFT 2x9x1 onesided=1",
    "DFT 2x8x3x2 - @1",
    "DFT 2x8x2 @11 inverse=1",
    "HammingWindow =int64:1",
    "HannWindow =int64:1",
    /* recurrent.c */
    "RNN /2 4x2x5 =1x7x5 =1x7x7",
    "RNN /2 4x2x5 =2x7x5 =2x7x7 =2x14 - 2x2x7 direction=bidirectional clip=0.9",
    "GRU /2 4x2x5 =1x18x5 =1x18x6 =1x36 direction=reverse",
    "GRU /2 3x2x5 =1x18x5 =1x18x6 =1x36 - 1x2x6 linear_before_reset=1",
    "GRU 2x3x5 =1x54x5 =1x54x18 layout=1",
    "LSTM /3 4x2x5 =2x28x5 =2x28x7 =2x56 int32:2 2x2x7 2x2x7 =2x21 direction=bidirectional",
    "LSTM /3 3x1x20 =1x68x20 =1x68x17 =1x136 input_forget=1",
    "LSTM /3 2x3x5 =1x16x5 =1x16x4 - - 2x1x4 2x1x4 layout=1",
    /* reduce.c */
    "ReduceL1 2x3x4 @1",
    "ReduceL2 2x3x4 @1 keepdims=0",
    "ReduceLogSum 2x3x4+ @-1",
    "ReduceLogSumExp 2x3x4 @0,2",
    "ReduceMax 2x3x4 @1",
    "ReduceMax int32:2x3x4 @0 keepdims=0",
    "ReduceMean 2x20x3x4 @2,3",
    "ReduceMean 2x3x4",
    "ReduceMin 2x3x4 @1",
    "ReduceProd 2x3x4 @1",
    "ReduceSum 2x3x4 @1,2 keepdims=0",
    "ReduceSum 2x3x4 noop_with_empty_axes=1",
    "ReduceL2 float64:2x3x4 @1",
    "ReduceMax bool:2x3x4 @1",
    "ReduceMean int64:2x3x4 @0,2 keepdims=0",
    "ReduceMin uint64:2x3x4 @1",
    "ReduceProd uint8:2x3x4",
    "ReduceSum float64:2x3x4 @2",
    "ReduceSumSquare int32:2x3x4 @1",
    "ReduceSumSquare 2x3x4 @1",
    /* resize.c */
    "Resize 1x20x5x4 - #1.0,1.0,2.0,2.0 coordinate_transformation_mode=asymmetric nearest_mode=floor",
    "Resize 1x20x5x4 - - @1,20,7,9 mode=linear",
    "Resize 1x3x5x4 - - @1,3,11,3 mode=cubic",
    "Resize 2x3x5x4 - - @3,4,7,3 mode=linear coordinate_transformation_mode=align_corners",
    "Resize 1x20x9x8 - - @4,5 axes=[2,3] mode=linear antialias=1",
    "Resize 1x2x9x8 - #0.4,0.6 axes=[3,2] mode=cubic antialias=1 exclude_outside=1",
    "Resize 1x20x4x4 #0.2,0.1,0.7,1.4 - @5,6 axes=[2,3] mode=linear "
    "coordinate_transformation_mode=tf_crop_and_resize extrapolation_value=9.5",
    "Resize 2x5 #-0.1,1.2 - @7 axes=[1] coordinate_transformation_mode=tf_crop_and_resize",
    "Resize 7 - #0.5, axes=[0] nearest_mode=ceil coordinate_transformation_mode=half_pixel_symmetric",
    "Resize 1x1x2x4 - #1.0,1.0,0.6,0.6 mode=linear coordinate_transformation_mode=align_corners",
    "Resize 3x7 - - @9,9 axes=[0,1] keep_aspect_ratio_policy=not_larger nearest_mode=round_prefer_ceil",
    "Resize 2x17x13 - - @5 axes=[2] mode=linear coordinate_transformation_mode=pytorch_half_pixel",
    /* data movement */
    "Compress 2x20x3 =bool:20 axis=1",
    "Compress int8:3x7 =bool:19",
    "NonZero =bool:4x5",
    "Concat 1x20x3x4 1x12x3x4 axis=1",
    "Concat 1x16x3x4 1x32x3x4 1x3x3x4 axis=1",
    "Concat 2x3 2x1 2x4 axis=-1",
    "Concat int64:2 int64:3 axis=0",
    "DepthToSpace 1x27x3x4 blocksize=3",
    "DepthToSpace 2x12x3x2 blocksize=2 mode=CRD",
    "Expand 3x1 @2,1,4",
    "Expand scalar @2,3",
    "Gather 2x5x3 @0,2,4,1 axis=1",
    "Gather 5x3 =int64:2x2 axis=0",
    "Gather 2x5 int64:3 axis=1",
    "Gather int8:6x4 int32:2x3 axis=0",
    "Gather 1x20x4x4 int64:3 axis=1",
    "Gather float64:4x3 int64:scalar axis=1",
    "GatherElements 5x7 int64:5x3 axis=1",
    "GatherElements uint8:5x7 int32:2x7 axis=0",
    "GatherElements int64:2x3x4 int64:1x3x2 axis=2",
    "GatherND 4x5x6 int64:3x1",
    "GatherND bool:5x5x3 int64:2x3x2",
    "GatherND 2x5x6x3 int64:2x4x1 batch_dims=1",
    "GatherND int32:2x3x5 int32:2x3x1 batch_dims=2",
    "EyeLike 3x4 k=1",
    "EyeLike 3x4 dtype=7 k=-1",
    "OneHot int64:2x3 @5 2",
    "OneHot 2x3 @3 int32:2 axis=1",
    "OneHot uint8:1x6x4 @3 2 axis=1",
    "Pad 1x3x4x5 @0,1,1,2,0,0,2,1",
    "Pad 1x3x4x5 @0,0,1,2,0,1,-1,0 #1.5",
    "Pad 2x5x6 @0,2,3,0,4,1 mode=reflect",
    "Pad 2x5x6 @0,2,3,1,4,1 mode=edge",
    "Pad 2x5x6 @0,2,-3,0,4,1 mode=wrap",
    "ScatterElements 5x7 int64:5x3 5x3 axis=1",
    "ScatterElements float64:5x7 int32:2x7 float64:2x7 reduction=add",
    "ScatterElements int8:3x7x4 int64:2x6x3 int8:2x6x3 axis=1 reduction=mul",
    "ScatterElements 2x6x3x5 int64:2x5x3x2 2x5x3x2 axis=3 reduction=max",
    "ScatterElements uint8:6 int64:9 uint8:9 reduction=min",
    "ScatterElements bool:6 int64:4 bool:4",
    "ScatterND 6x3x4 int64:3x1 3x3x4",
    "ScatterND int64:5x5 int64:2x4x2 int64:2x4 reduction=add",
    "ScatterND int32:5x4 int32:6x1 int32:6x4 reduction=max",
    "ReverseSequence 4x3x5 int64:3",
    "ReverseSequence int8:3x4 int64:3 batch_axis=0 time_axis=1",
    "Slice 4x9x7 @1,-2 @3,-8 @0,1 @1,-2",
    "Slice 1x20x8x8 @0,0 @100,100 @2,3 @2,2",
    "Slice 5x4 @1 @4",
    "SpaceToDepth 1x3x4x6 blocksize=2",
    "Split /2 4x6 axis=1",
    "Split /3 4x7 @2,4,1 axis=-1",
    "Split /2 5x2 num_outputs=2",
    "Tile 2x3 @2,3",
    "Tile 3x1x2 @2,5,4",
    "Transpose 2x3x4",
    "Transpose 1x20x3x4 perm=[0,2,3,1]",
    "Transpose 1x3x4x20 perm=[0,3,1,2]",
    "Transpose int64:2x3x4 perm=[1,0,2]",
    "Trilu 4x5",
    "Trilu int64:2x3x4x4 int64:scalar upper=0",
    "Trilu bool:5x3 int64:1",
    /* reshape.c */
    "ArgMax 3x7x4 axis=1",
    "ArgMax int32:6x5 axis=-1 keepdims=0 select_last_index=1",
    "ArgMax 1x20x4x5 axis=1",
    "ArgMin uint8:6x5",
    "ArgMin float64:2x3x4x5 axis=2 keepdims=0",
    "CumProd 3x4 @1",
    "CumSum 3x5x4 @1",
    "CumSum 2x3x4 int64:1",
    "CumSum int32:7 int32:scalar reverse=1",
    "CumSum float64:3x5 @-1 exclusive=1",
    "CumSum int32:3x5 @0 reverse=1",
    "CumSum uint8:7 @0 reverse=1 exclusive=1",
    "Hardmax 3x4x5 axis=1",
    "Hardmax float16:3x4",
    "TopK /2 3x50 @7",
    "TopK /2 2x9x4x3 @9 axis=1 largest=0",
    "TopK /2 int64:2x9 @4",
    "TopK /2 uint8:20x3 @6 axis=0 largest=0 sorted=0",
    "Dropout 2x3 #0.5",
    "Flatten 2x3x4x5",
    "Flatten 2x3x4 axis=2",
    "Identity 1x20x3x3",
    "mednn.Layout 1x20x3x4",
    "Reshape 1x20x3x4 @1,2,10,3,4",
    "Reshape 2x6x4 @0,-1",
    "Reshape 2x6x4 @4,12",
    "Reshape 6x4x5 @3,8,5",
    "Squeeze 1x20x1x1 @2,3",
    "Squeeze 1x3x1",
    "Unsqueeze 3x4 @0,-1",
    /* holds.c, and what is settled at run time */
    "mednn.Holds int64:2 kind=equal expected=[1,2]",
    "mednn.Holds float64:1 kind=equal expected=[1]",
    "mednn.Holds int32:1 kind=at_most expected=[2]",
    "mednn.Holds int64:2 kind=reshape expected=[2,6] from=[3,4]",
    "mednn.Holds =int64:2 kind=reshape_zero expected=[2,6] from=[3,4]",
    "mednn.Holds int64:1 kind=expand expected=[2,3] from=[2,1]",
    "mednn.Holds int64:1 kind=squeeze expected=[2,1,1,1] from=[2,1,1,1,1]",
    "mednn.Holds int64:2 kind=axes expected=[1,2] from=[5]",
    "mednn.Holds int64:scalar int64:scalar int64:scalar kind=range expected=[2]",
    "mednn.Holds scalar scalar scalar kind=range expected=[0]",
    "mednn.Require =bool:1+",
    "mednn.Require =bool:1+ bool:scalar",
    "mednn.SliceIndices /2 int64:2 int64:2 axis=1 rank=2 size=9 count=2",
    "mednn.SliceIndices /2 int32:2 int32:2 @0,1 int32:2 axis=1 rank=2 size=9 count=1",
    "mednn.PadIndices /2 int64:4 axis=0 rank=2 size=5 count=8 mode=1",
    "mednn.PadIndices /2 int64:2 @-1 axis=1 rank=2 size=6 count=9 mode=3",
    "mednn.ResizeTable /3 =4 size=5 outputs=7 taps=1 entry=2 entries=4",
    "mednn.ResizeTable /3 2+ size=5 outputs=5 taps=2 entry=1 entries=2 mode=linear",
    "mednn.ResizeTable /3 - 4 size=5 outputs=7 taps=4 entry=1 entries=2 mode=cubic coordinate_transformation_mode=tf_crop_and_resize",
    "mednn.Interpolate 2x5x3 =int32:7x2 7x2 axis=1 outside=0.5",
    "mednn.NonZero /2 int8:2x5 capacity=12",
    "mednn.NonZero /2 3x4 capacity=7",
    "mednn.Compress /2 3x4x2 bool:4 axis=1 capacity=3",
    "mednn.Compress /2 int16:3x4 bool:9 capacity=7",
    /* cast.c range.c shape_of.c */
    "Cast 2x3 to=7",
    "Cast 2x3 to=10",
    "Cast 2x3 to=11",
    "Cast int64:2x3 to=1",
    "Cast bool:2x3 to=1",
    "CastLike 2x3 int64:3",
    "CastLike int32:2x3 float16:3",
    "ConstantOfShape @2,3",
    "Range #1.0 #9.5 #1.5",
    "Shape 2x3x4 start=1",
    "Size 2x3x4",
static const char *const *const lists[] = {
    elementwise_cases,
    layers_cases,
    images_cases,
    reductions_cases,
    movement_cases,
    quantized_cases,
    attention_cases,
    settled_cases,
};

int node_case_count(void)
{
    int count = 0;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const char *const *line = lists[l]; *line; line++)
            count++;
    return count;
}

const char *node_case_line(int index)
{
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const char *const *line = lists[l]; *line; line++)
            if (index-- == 0)
                return *line;
    fail("no case %d", index);
}

/* ---- values ---- */

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Smallest magnitude 2^-7: Div, Log and Reciprocal stay tame. */
static double random_real(uint64_t *state, bool positive)
{
    uint64_t bits = random_next(state);
    double size = (double)((bits >> 8 & 255) + 1) / 128 - (double)(bits >> 16 & 1) / 256;
    return bits & 1 && !positive ? -size : size;
}

static void *make_values(struct arena *arena, enum type type, struct shape shape, bool positive,
                         uint64_t seed)
{
    int64_t size = shape_size(shape);
    uint8_t *data = arena_array(arena, (size_t)size, type_size(type));
    for (int64_t i = 0; i < size; i++) {
        int64_t integer = (int64_t)(random_next(&seed) % 4) + 1;
        switch (type) {
        case TYPE_FLOAT:
            ((float *)(void *)data)[i] = (float)random_real(&seed, positive);
            break;
        case TYPE_DOUBLE:
            ((double *)(void *)data)[i] = random_real(&seed, positive);
            break;
        case TYPE_FLOAT16:
            ((uint16_t *)(void *)data)[i] = number_to_half((float)random_real(&seed, positive));
            break;
        case TYPE_BFLOAT16:
            ((uint16_t *)(void *)data)[i] = number_to_bfloat16((float)random_real(&seed, positive));
            break;
        case TYPE_INT16:
        case TYPE_UINT16:
            ((int16_t *)(void *)data)[i] = (int16_t)integer;
            break;
        case TYPE_UINT64:
        case TYPE_INT64:
            ((int64_t *)(void *)data)[i] = integer;
            break;
        case TYPE_UINT32:
        case TYPE_INT32:
            ((int32_t *)(void *)data)[i] = (int32_t)integer;
            break;
        case TYPE_BOOL:
            data[i] = positive || integer & 1;
            break;
        default: /* of one byte */
            data[i] = (uint8_t)integer;
        }
    }
    return data;
}

void *node_case_values(struct arena *arena, const struct tensor *tensor, uint64_t seed)
{
    bool positive = strchr(tensor->name, '+') != NULL;
    return make_values(arena, tensor->type, tensor->shape, positive, seed);
}

/* ---- the lines ---- */

static int64_t read_number(const char **at)
{
    char *end;
    int64_t value = strtoll(*at, &end, 10);
    if (end == *at)
        fail("a number is expected at '%s'", *at);
    *at = end;
    return value;
}

enum { MAX_LIST = 64 };

static int read_list(const char *at, char separator, int64_t values[], int most)
{
    int count = 0;
    while (count < most) {
        values[count++] = read_number(&at);
        if (*at != separator)
            break;
        at++;
    }
    return count;
}

static enum type read_type(const char **at)
{
    static const enum type types[] = {TYPE_INT8,   TYPE_UINT8, TYPE_INT16,   TYPE_UINT16,
                                      TYPE_INT32,  TYPE_UINT32, TYPE_INT64,  TYPE_UINT64,
                                      TYPE_BOOL,   TYPE_DOUBLE, TYPE_FLOAT16, TYPE_BFLOAT16};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t length = strlen(type_name(types[i]));
        if (!strncmp(*at, type_name(types[i]), length) && (*at)[length] == ':') {
            *at += length + 1;
            return types[i];
        }
    }
    return TYPE_FLOAT;
}

static struct tensor *find_tensor(const struct graph *graph, const char *name)
{
    for (int t = 0; t < graph->tensor_count; t++)
        if (!strcmp(graph->tensor[t]->name, name))
            return graph->tensor[t];
    fail("no tensor '%s'", name);
}

/* A scalar, or with commas (a last one may stand alone) a vector. */
static struct tensor *read_floats(struct graph *graph, const char *at)
{
    enum { MOST = 64 };
    float *values = arena_array(graph->arena, MOST, sizeof *values);
    const int rank = strchr(at, ',') != NULL;
    int64_t count = 0;
    char *end;
    do
        values[count++] = strtof(at, &end);
    while (*end == ',' && *(at = end + 1) && count < MOST);
    return graph_constant(graph, "floats", TYPE_FLOAT, shape_of(rank, &count), values);
}

static struct tensor *read_input(struct graph *graph, const char *word, uint64_t seed)
{
    int64_t values[MAX_LIST];
    const char *name = arena_printf(graph->arena, "x%d%s", graph->input_count, strchr(word, '+') ? "+" : "");
    if (*word == '-')
        return NULL;
    if (*word == '%')
        return find_tensor(graph, word);
    if (*word == '@') {
        int64_t count = read_list(word + 1, ',', values, MAX_LIST);
        return graph_constant(graph, "list", TYPE_INT64, shape_of(1, &count),
                              arena_copy(graph->arena, values, (size_t)count * sizeof *values));
    }
    if (*word == '#')
        return read_floats(graph, word + 1);
    bool constant = *word == '=';
    word += constant;
    enum type type = read_type(&word);
    struct shape shape = {0};
    if (strcmp(word, "scalar"))
        shape.rank = read_list(word, 'x', shape.dim, MAX_RANK);
    if (constant)
        return graph_constant(graph, "constant", type, shape,
                              make_values(graph->arena, type, shape, strchr(word, '+') != NULL, seed));
    struct tensor *tensor = graph_tensor(graph, name);
    tensor->type = type;
    tensor->shape = shape;
    tensor->shaped = true;
    graph->input[graph->input_count++] = tensor;
    return tensor;
}

static struct attribute read_attribute(struct arena *arena, const char *word)
{
    const char *equals = strchr(word, '='), *value = equals + 1;
    struct attribute attribute = {.name = arena_printf(arena, "%.*s", (int)(equals - word), word)};
    if (*value == '[') {
        int64_t *values = arena_array(arena, MAX_RANK, sizeof *values);
        attribute.kind = ATTRIBUTE_INTS;
        attribute.count = read_list(value + 1, ',', values, MAX_RANK);
        attribute.ints = values;
    } else if (isalpha((unsigned char)*value)) {
        attribute.kind = ATTRIBUTE_STRING;
        attribute.s = arena_string(arena, value);
    } else if (strchr(value, '.')) {
        attribute.kind = ATTRIBUTE_FLOAT;
        attribute.f = strtof(value, NULL);
    } else {
        attribute.kind = ATTRIBUTE_INT;
        attribute.i = read_number(&value);
    }
    return attribute;
}

static void add_word(struct graph *graph, struct node *node, const char *word, uint64_t seed)
{
    const char *equals = strchr(word, '=');
    if (equals && equals != word)
        node_set_attribute(graph, node, read_attribute(graph->arena, word));
    else
        node_add_input(graph, node, read_input(graph, word, seed));
}

static void add_node(struct graph *graph, char *text, uint64_t seed)
{
    struct arena *arena = graph->arena;
    char *rest, *type = strtok_r(text, " ", &rest);
    const char *name = NULL, *domain = "";
    if (type && *type == '%') {
        name = type;
        type = strtok_r(NULL, " ", &rest);
    }
    if (type && strchr(type, '.')) {
        domain = "mednn";
        type = strchr(type, '.') + 1;
    }
    char *word = strtok_r(NULL, " ", &rest);
    int outputs = 1;
    if (word && *word == '/') {
        outputs = atoi(word + 1);
        word = strtok_r(NULL, " ", &rest);
    }
    struct node *node = graph_node(graph, graph->node_count, name ? name + 1 : "node", type, 0, outputs);
    node->domain = domain;
    node->op = graph->opset == NEWEST_OPSET ? op_find(domain, type, NEWEST_OPSET) : NULL;
    for (; word; word = strtok_r(NULL, " ", &rest))
        add_word(graph, node, word, ++seed);
    graph->output = node->output;
    graph->output_count = outputs;
    for (int k = 0; k < outputs; k++)
        node->output[k] = graph_tensor(graph, name ? name : arena_printf(arena, "y%d", k));
    if (node->op)
        node_infer(graph, node);
    else if (graph->opset == NEWEST_OPSET)
        fail("no operator '%s'", type);
}

struct graph *graph_of_opset(struct arena *arena, const char *text, int opset, uint64_t seed)
{
    struct graph *graph = arena_alloc(arena, sizeof *graph);
    *graph = (struct graph){.arena = arena, .name = "test", .opset = opset};
    graph->input = arena_array(arena, 64, sizeof *graph->input);
    char *rest, *nodes = arena_string(arena, text);
    for (char *node = strtok_r(nodes, ";", &rest); node; node = strtok_r(NULL, ";", &rest), seed += 100)
        add_node(graph, node, seed);
    /* The graph's list is its own: passes change the node's. */
    struct tensor **output = arena_array(arena, (size_t)graph->output_count, sizeof *output);
    for (int k = 0; k < graph->output_count; k++)
        output[k] = graph->output[k];
    graph->output = output;
    graph_index(graph);
    return graph;
}

struct graph *graph_from_text(struct arena *arena, const char *text, uint64_t seed)
{
    return graph_of_opset(arena, text, NEWEST_OPSET, seed);
}

struct graph *node_case_graph(struct arena *arena, int index)
{
    return graph_from_text(arena, node_case_line(index), (uint64_t)index * 100);
}
