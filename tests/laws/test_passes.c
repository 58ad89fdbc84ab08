/* test_passes.c -- simplify and fuse: which nodes remain, and that they compute the same as before; upgrade:
 * what older opsets meant. */
/* SPDX-License-Identifier: MIT */
#include "backend/cluster_file.h"
#include "interpret.h"
#include "node_cases.h"
#include "passes/passes.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures;

/* A graph, and the operators afterwards; +b: with a bias, +r: with a residual, +1...: with that activation. */
static const struct expectation {
    const char *text, *operators;
} expectations[] = {
    /* weights */
    {"%a Conv 1x8x9x9 =16x8x3x3 pads=[1,1,1,1];%b BatchNormalization %a =16 =16 =16 =16+;Relu %b", "Conv+1"},
    {"%a Conv 1x8x9x9 =16x1x3x3 =16 group=8;%b BatchNormalization %a =16 =16 =16 =16+;%c Mul %b =16x1x1;Add "
     "=1 %c",
     "Conv"},
    {"%a Gemm 2x30 =20x30 =20 transB=1 alpha=0.5 beta=2.0;BatchNormalization %a =20 =20 =20 =20+", "Gemm"},
    {"%a Gemm 2x30 =30x20 =1x20 beta=0.5;Mul %a =20", "Gemm"},
    {"%a Mul 1x6x5x5 =6x1x1;Conv %a =4x3x3x3 =4 group=2 pads=[1,1,1,1]", "Conv"},
    {"%a Add 1x6x5x5 =6x1x1;Conv %a =4x3x3x3 =4 group=2", "Conv"},
    {"%a Add 1x6x5x5 =6x1x1;Conv %a =4x3x3x3 =4 group=2 pads=[1,1,1,1]", "Add Conv"},
    {"%a BatchNormalization 1x6x5x5 =6 =6 =6 =6+;Conv %a =4x6x1x1", "Conv"},
    {"%a BatchNormalization 1x6x5x5 =6 =6 =6 =6+;Relu %a", "Mul Add+1"},
    {"%a Conv 1x4x5x5 =4x4x1x1;%b Relu %a;%c BatchNormalization %a =4 =4 =4 =4+;Add %b %c",
     "Conv Relu Mul Add Add"},
    {"%a Conv 1x4x5x5 =4x4x1x1;BatchNormalization /3 %a =4 =4 =4 =4+ training_mode=1", "Conv BatchNormalization"},
    {"BatchNormalization float16:2x4 =4 =4 =4 =4+", "BatchNormalization"},
    /* epilogues */
    {"%x Relu 1x8x6x6;%a Conv %x =8x8x3x3 pads=[1,1,1,1];%b Add %a %x;Relu %b", "Relu Conv+r+1"},
    {"%x Relu 1x8x6x6;%a Conv %x =8x8x1x1 =8;%b Conv %x =8x8x3x3 pads=[1,1,1,1];%c Add %a %b;Clip %c #0.0 "
     "#6.0",
     "Relu Conv Conv+r+2"},
    {"%a Conv 1x8x6x6 =8x8x1x1;%b Sigmoid 1x8x6x6;%c Add %a %b;LeakyRelu %c alpha=0.2", "Sigmoid Conv+r+3"},
    {"%a Conv 1x8x6x6 =8x8x1x1;HardSigmoid %a alpha=0.2", "Conv+4"},
    {"%a Conv 1x8x6x6 =8x8x1x1;Clip %a #0.0", "Conv+1"},
    {"%a Conv 1x8x6x6 =8x8x1x1;Clip %a #-1.0", "Conv Clip"},
    {"%a MatMul 2x3x4 4x5;%b Add %a 2x3x5;Relu %b", "MatMul+r+1"},
    {"%a Gemm 3x4 =4x5;Add %a 3x5", "Gemm+r"},
    {"%a Add 1x8x6x6 1x8x6x6;Relu %a", "Add+1"},
    {"%a Conv 1x8x6x6 =8x8x1x1;Add %a 1x8x1x1", "Conv Add"},
    {"%a Conv 1x8x6x6 =8x8x1x1;Add %a %a", "Conv Add"},
    /* patterns */
    {"%a Add 1x8x4x4 #3.0;%b Clip %a #0.0 #6.0;Div %b #6.0", "HardSigmoid"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%a Add %x #3.0;%b Clip %a #0.0 #6.0;%c Mul %x %b;Div %c #6.0", "Conv+5"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%a Add %x #3.0;%b Clip %a #0.0 #6.0;%c Div %b #6.0;Mul %x %c", "Conv+5"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%a Add %x #3.0;%b Clip %a #0.0 #6.0;%c Mul %b #0.16666667;Mul %c %x",
     "Conv+5"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%a HardSigmoid %x alpha=0.16666667;Mul %x %a", "Conv+5"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%a HardSigmoid %x alpha=0.2;Mul %x %a", "Conv HardSigmoid Mul"},
    {"%x Relu 1x8x4x4;%a Sigmoid %x;Mul %x %a", "Relu Swish"},
    {"%x Relu 1x8x4x4;%a Sigmoid %x;Mul 1x8x4x4 %a", "Relu Sigmoid Mul"},
    {"%x Relu 2x8;%d Div %x #1.4142135;%e Erf %d;%s Add %e #1.0;%p Mul %x %s;Mul %p #0.5", "Relu Gelu"},
    {"%x Relu 2x8;%d Mul %x #0.70710678;%e Erf %d;%s Add #1.0 %e;%h Mul #0.5 %x;Mul %s %h", "Relu Gelu"},
    {"%x Relu 2x8;%d Div %x #1.4142135;%e Erf %d;%s Add %e #1.0;%h Mul %s #0.5;Mul %x %h", "Relu Gelu"},
    {"%x Relu 2x8;%d Div %x #1.41;%e Erf %d;%s Add %e #1.0;%p Mul %x %s;Mul %p #0.5", "Relu Div Erf Add Mul Mul"},
    {"%x Relu 2x3x8;%m ReduceMean %x @2;%d Sub %x %m;%p Pow %d #2.0;%v ReduceMean %p @2;%e Add %v #0.001;%s Sqrt %e;"
     "%n Div %d %s;%k Mul %n =8;Add %k =8",
     "Relu LayerNormalization"},
    {"%x Relu 2x3x4x8;%m ReduceMean %x @3;%d Sub %x %m;%p Mul %d %d;%v ReduceMean %p @3;%e Add %v #0.001;%s Sqrt %e;"
     "%n Div %d %s;Add %n =8",
     "Relu LayerNormalization"},
    {"%x Relu 2x3x8;%m ReduceMean %x @2;%d Sub %x %m;%p Pow %d #3.0;%v ReduceMean %p @2;%e Add %v #0.001;%s Sqrt %e;"
     "Div %d %s",
     "Relu GlobalAveragePool Sub Pow GlobalAveragePool Add Sqrt Div"},
    {"%a MatMul 3x4 =4x5;Add %a =5", "Gemm"},
    {"%a MatMul 3x4 4x5;Add =1x5 %a", "Gemm"},
    {"%a MatMul 2x3x4 =4x5;Add %a =5", "MatMul+b"},
    {"%a MatMul 2x3x4 =4x5;%b Add =1x1x5 %a;%c Add %b 2x3x5;Relu %c", "MatMul+b+r+1"},
    {"%a MatMul 2x3x4 =4x5;Add %a =3x5", "MatMul Add"},
    {"Gemm 3x4 =4x5 =3x5 beta=0.5", "Gemm Add"},
    {"Gemm 3x4 =4x5 3x5", "Gemm+r"},
    {"Gemm 3x4 =4x5 =1 beta=0.5", "Gemm"},
    {"Div 2x3 #4.0", "Mul"},
    {"Div 2x3 #3.0", "Div"},
    {"ReduceMean 2x8x3x4 @2,3", "AveragePool GlobalAveragePool"},
    {"ReduceMean 2x8x3x4 @2,3 keepdims=0", "AveragePool GlobalAveragePool Reshape"},
    {"Sum 2x3 2x3", "Add"},
    {"SoftmaxCrossEntropyLoss 3x5 int64:3 5 ignore_index=2", "LogSoftmax NegativeLogLikelihoodLoss"},
    {"SoftmaxCrossEntropyLoss 3x5x2 int64:3x2 reduction=sum", "LogSoftmax NegativeLogLikelihoodLoss"},
    {"%a Split /2 4x6 axis=1;Relu %a", "Slice Relu"},
    {"%q Relu 1x4x5x8;%k Relu 1x2x7x8;%v Relu 1x2x7x6;Attention /4 %q %k %v - 1x2x3x8 1x2x3x6 is_causal=1",
     "Relu Relu Relu Concat Concat Attention"},
    {"%q Relu 2x5x12;%k Relu 2x5x6;%v Relu 2x5x8;Attention /2 %q %k %v - - - @4,2 q_num_heads=4 kv_num_heads=2 "
     "is_causal=1",
     "Relu Relu Relu Reshape Transpose Reshape Transpose Attention"},
    /* types without kernels */
    {"MatMul int32:2x1x3x4 int32:2x4x5", "Einsum"},
    {"MatMul int32:4 int32:4x5", "Einsum"},
    {"MatMul int64:2x3x4 int64:4", "Einsum"},
    {"Gemm int32:4x3 int32:4x5 transA=1", "Einsum"},
    {"GridSample float64:1x2x5x4 1x6x3x2", "Cast GridSample"},
    {"AffineGrid float64:2x2x3 @2,1,4,5", "Transpose MatMul Reshape"},
    {"%a Conv float16:1x4x5x5 =float16:4x4x1x1;Relu %a", "Cast Conv Cast Relu"},
    {"%a MatMul float16:3x4 float16:4x5;Softmax %a", "Cast Cast MatMul Cast Cast Softmax Cast"},
    {"SoftmaxCrossEntropyLoss float16:3x5 int64:3", "Cast LogSoftmax Cast NegativeLogLikelihoodLoss"},
    {"Resize uint8:1x2x3x4 - #1.0,1.0,2.0,2.0", "Gather Gather"},
    {"Resize uint8:1x2x3x4 - #1.0,1.0,2.0,2.0 mode=linear", "Cast Resize Cast"},
    {"LayerNormalization /2 float16:3x4 =float16:4", "Cast LayerNormalization Cast"},
    {"LayerNormalization /2 float64:3x4 =float64:4", "LayerNormalization Cast"},
    {"%a Conv float64:1x4x5x5 =float64:4x4x1x1;Relu %a", "Conv Relu"},
    {"GRU float16:4x2x5 =float16:1x18x5 =float16:1x18x6", "Cast GRU Cast"},
    {"%a Relu 2x2x3;AffineGrid %a @2,1,4,5", "Relu Transpose MatMul Reshape"},
    {"%a Relu 2x3x4;AffineGrid %a @2,1,4,5,6 align_corners=1", "Relu Transpose MatMul Reshape"},
    /* nodes that do nothing */
    {"%a Dropout 2x3;%b Identity %a;%c Mul %b #1.0;Relu %c", "Relu"},
    {"%a Relu 2x3;Identity %a", "Relu"},
    {"%a Relu 2x3;%b Pad %a @0,0,0,0;%c Slice %b @0 @9;%d Concat %c axis=0;%e Expand %d @1,3;Cast %e to=1",
     "Relu"},
    {"%a Relu 2x3;%b Transpose %a;%c Transpose %b;Relu %c", "Relu Relu"},
    {"%a Transpose 2x3x4 perm=[1,2,0];Transpose %a perm=[1,2,0]", "Transpose"},
    {"Transpose 1x3x1x4 perm=[0,2,1,3]", "Reshape"},
    {"%a Flatten 2x3x4;%b Unsqueeze %a @0;Reshape %b @3,8", "Reshape"},
    {"%a Relu 2x3;%b Flatten %a;Relu %b", "Relu Relu"},
    {"%a Slice 4x6 @0 @4 @1;Relu %a", "Slice Relu"},
    /* smooth activations */
    {"%x Conv 1x8x4x4 =8x8x1x1;%a Sigmoid %x;Mul %x %a", "Conv+8"},
    {"%x Conv 1x8x4x4 =8x8x1x1 =8;%t Mul %x #1.702;%a Sigmoid %t;Mul %a %x", "Conv+9"},
    {"%x Conv 1x8x4x4 =8x8x1x1 =8;%t Mul #1.5 %x;%a Sigmoid %t;%b Relu %x;Mul %a %b", "Conv Mul+6 Relu Mul"},
    {"%x Conv 1x8x4x4 =8x8x1x1 =8;Sigmoid %x", "Conv+6"},
    {"%x Gemm 2x8 =8x6 =6;Tanh %x", "Gemm+7"},
    {"%x MatMul 2x3x8 =8x6;%b Add %x =6;%d Div %b #1.4142135;%e Erf %d;%s Add %e #1.0;%p Mul %b %s;Mul %p #0.5", "MatMul+b+10"},
    {"%x Conv 1x8x4x4 =8x8x1x1;Gelu %x approximate=tanh", "Conv+11"},
    {"%x MatMul 2x8 8x6;%p Pow %x #3.0;%q Mul %p #0.044715;%r Add %x %q;%u Mul #0.7978845608 %r;%t Tanh %u;%s Add %t #1.0;"
     "%h Mul %x #0.5;Mul %h %s",
     "MatMul+11"},
    {"%x Gemm 2x8 =8x6;%a Mul %x %x;%p Mul %x %a;%q Mul #0.044715 %p;%r Add %q %x;%u Mul %r #0.7978845608;%t Tanh %u;%s Add #1.0 %t;"
     "%h Mul %x %s;Mul #0.5 %h",
     "Gemm+11"},
    {"%x Gemm 2x8 =8x6;%p Mul %x %x;%q Mul #0.044715 %p;%r Add %q %x;%u Mul %r #0.7978845608;%t Tanh %u;%s Add #1.0 %t;"
     "%h Mul %x %s;Mul #0.5 %h",
     "Gemm Mul Mul Add Mul+7 Add Mul Mul"},
    {"%x Conv 1x8x4x4 =8x8x1x1;%b Add %x 1x8x4x4;Mish %b", "Conv+r+12"},
    {"%a Add 1x8x4x4 1x8x4x4;Swish %a", "Add+8"},
    /* whole maps, row by row */
    {"%a Conv 1x8x7x5 =20x8x1x1;%b Relu %a;%c GlobalAveragePool %b;%d Conv %c =20x20x1x1;%e Sigmoid %d;Mul %e %b",
     "Conv+1 AveragePool GlobalAveragePool Conv+6 Mul"},
    {"GlobalAveragePool 2x20x7x5", "AveragePool GlobalAveragePool"},
    {"GlobalMaxPool 1x3x4x6", "MaxPool GlobalMaxPool"},
    {"GlobalAveragePool 1x3x4x5x6", "AveragePool GlobalAveragePool"},
    {"GlobalAveragePool float64:1x3x4x5", "AveragePool GlobalAveragePool"},
    {"AveragePool 1x20x4x6 kernel_shape=[4,6] count_include_pad=1", "AveragePool GlobalAveragePool"},
    {"AveragePool 1x20x4x6 kernel_shape=[4,6] strides=[2,2] ceil_mode=1", "AveragePool GlobalAveragePool"},
    {"MaxPool 1x20x4x6 kernel_shape=[4,6]", "MaxPool GlobalMaxPool"},
    {"AveragePool 1x20x4x6 kernel_shape=[4,6] strides=[2,1] pads=[0,0,1,0]", "AveragePool"},
    {"AveragePool 1x20x4x6 kernel_shape=[4,5]", "AveragePool"},
    {"MaxPool /2 1x20x4x6 kernel_shape=[4,6]", "MaxPool"},
    {"GlobalLpPool 1x3x4x5", "GlobalLpPool"},
    {"GlobalAveragePool 1x8x1x9", "GlobalAveragePool"},
    {"GlobalAveragePool 1x8x9x1", "GlobalAveragePool"},
    {"GlobalAveragePool 1x8x9", "GlobalAveragePool"},
    {"GlobalAveragePool float16:1x3x4x5", "GlobalAveragePool"},
};

/* A graph of an older opset, and what it means today. */
static const struct upgraded {
    int opset;
    const char *old, *new;
} upgrades[] = {
    {9, "Slice 4x9x7 starts=[1,-2] ends=[3,9] axes=[0,1]", "Slice 4x9x7 @1,-2 @3,9 @0,1"},
    {9, "Slice 4x9x7 starts=[1,2] ends=[3,9]", "Slice 4x9x7 @1,2 @3,9"},
    {10, "Clip 2x3 min=-0.5 max=0.5", "Clip 2x3 #-0.5 #0.5"},
    {10, "Clip 2x3 max=0.5", "Clip 2x3 - #0.5"},
    {10, "Pad 2x3 pads=[0,1,2,0] value=1.5", "Pad 2x3 @0,1,2,0 #1.5"},
    {10, "Pad 2x3 pads=[0,1,0,0] mode=edge", "Pad 2x3 @0,1,0,0 mode=edge"},
    {11, "Dropout 2x3 ratio=0.5", "Dropout 2x3"},
    {12, "Squeeze 1x3x1 axes=[0]", "Squeeze 1x3x1 @0"},
    {12, "Squeeze 1x3x1", "Squeeze 1x3x1"},
    {12, "Unsqueeze 3 axes=[0,2]", "Unsqueeze 3 @0,2"},
    {12, "ReduceSum 2x3x4 axes=[1] keepdims=0", "ReduceSum 2x3x4 @1 keepdims=0"},
    {17, "ReduceMean 2x3x4 axes=[1,2]", "ReduceMean 2x3x4 @1,2"},
    {17, "ReduceMax 2x3x4", "ReduceMax 2x3x4"},
    {12, "Split /2 2x6 split=[4,2] axis=1", "Split /2 2x6 @4,2 axis=1"},
    {12, "Softmax 2x3x4", "%a Flatten 2x3x4;%b Softmax %a;Reshape %b @2,3,4"},
    {12, "Softmax 2x3x4 axis=2", "Softmax 2x3x4"},
    {12, "LogSoftmax 2x3x4 axis=0", "%a Flatten 2x3x4 axis=0;%b LogSoftmax %a;Reshape %b @2,3,4"},
    {13, "Softmax 2x3x4 axis=1", "Softmax 2x3x4 axis=1"},
    {8, "BatchNormalization 2x3 =3 =3 =3 =3+ spatial=1", "BatchNormalization 2x3 =3 =3 =3 =3+"},
    {6, "Add 2x3 3 broadcast=1", "Add 2x3 3"},
    {6, "Add 2x3x4 3 broadcast=1 axis=1", "Add 2x3x4 3x1"},
    {6, "Mul 2x3x4 2x1 broadcast=1 axis=0", "Mul 2x3x4 2x1x1"},
    {6, "Sub 2x3x4 3x4 broadcast=1 axis=1", "Sub 2x3x4 3x4"},
    {6, "PRelu 2x3x4 3", "PRelu 2x3x4 3x1"},
    {6, "PRelu 2x3x4 1", "PRelu 2x3x4 1"},
    {6, "BatchNormalization 2x3 =3 =3 =3 =3+ is_test=1", "BatchNormalization 2x3 =3 =3 =3 =3+"},
    {4, "Reshape 2x3 shape=[3,-1]", "Reshape 2x3 @3,-1"},
    {3, "Concat 2x3 2x4", "Concat 2x3 2x4 axis=1"},
};

/* Fully connected layers as sums over parts of their inputs, for devices of these speeds. */
static const struct sums {
    const char *text, *devices, *operators;
} sums[] = {
    {"%a Gemm 1x96 =96x800 =800;%b Relu %a;%c Gemm %b =800x100 =100;%d Relu %c;Gemm %d =100x700 =700", "1,1,1",
     "Gemm+1 Slice Gemm Slice Gemm Slice Gemm Sum Relu Gemm"},
    {"%a Gemm 2x96 =800x96 =800 transB=1;%b Gemm %a =100x800 =100 transB=1;%c Gemm %b =900x100 transB=1;Gemm %c =900x80 =2x80", "3,1",
     "Gemm Slice Gemm Slice Gemm Sum Gemm Slice Gemm Slice Gemm Sum Add"},
    {"%a MatMul 1x300 =300x800;%b LeakyRelu %a;%c Flatten %b;MatMul %c =800x100", "1,1", "MatMul+3 Slice MatMul Slice MatMul Sum"},
    {"%a Gemm 1x96 =96x800 =800;Gemm %a =800x100 =100", "30,1", "Gemm Slice Gemm Slice Gemm Sum"},
    {"%a Gemm 1x96 =96x800 =800;Gemm %a =800x100 =100", "100,1", "Gemm Slice Gemm Sum"},
    {"%a Gemm 1x96 =96x800 =800;%b Gemm %a =800x800 =800;Add %b %a", "1,1", "Gemm Gemm+r"},
    {"%a Gemm 9x96 =96x800 =800;Gemm %a =800x100 =100", "1,1", "Gemm Gemm"},
    {"%a Gemm 1x96 =96x800 =800;Gemm %a =800x100 =100 alpha=0.5", "1,1", "Gemm Gemm"},
    {"%a Gemm 1x96 =96x80 =80;Gemm %a =80x100 =100", "1,1", "Gemm Gemm"},
};

static const char *operators_of(struct arena *arena, const struct graph *graph)
{
    struct text text = {.arena = arena};
    for (int n = 0; n < graph->node_count; n++) {
        const struct epilogue *epilogue = &graph->node[n]->epilogue;
        text_printf(&text, "%s%s%s%s", n ? " " : "", graph->node[n]->op_type, epilogue->bias ? "+b" : "",
                    epilogue->residual ? "+r" : "");
        if (epilogue->activation)
            text_printf(&text, "+%d", (int)epilogue->activation);
    }
    return text.bytes ? text.bytes : "";
}

static const void **make_inputs(struct arena *arena, const struct graph *graph)
{
    const void **input = arena_array(arena, (size_t)graph->input_count, sizeof *input);
    for (int i = 0; i < graph->input_count; i++)
        input[i] = node_case_values(arena, graph->input[i], (uint64_t)i + 7);
    return input;
}

/* devices: whose sums are split, or NULL. */
static void check_graph(const char *text, const char *devices, const char *operators)
{
    struct arena arena = {0};
    struct cluster cluster;
    struct graph *before = graph_from_text(&arena, text, 1);
    struct graph *after = graph_from_text(&arena, text, 1);
    const void **input = make_inputs(&arena, before);
    struct values expected = interpret(&arena, before, input);
    simplify(after);
    fold_scales(after);
    widen(after);
    split_pools(after);
    if (devices) {
        cluster_parse(&arena, devices, &cluster);
        split_sums(after, &cluster);
    }
    fuse(after);
    struct values got = interpret(&arena, after, input);
    if (strcmp(operators_of(&arena, after), operators)) {
        failures++;
        printf("%s: became %s, expected %s\n", text, operators_of(&arena, after), operators);
    }
    for (int i = 0; i < after->output_count; i++) {
        struct tensor right = *before->output[i];
        right.data = value_of(&expected, before->output[i]);
        const double part = right.type == TYPE_DOUBLE ? 1e-12 : devices ? 1e-4 : 1e-5;
        const char *difference =
            compare(&arena, after->output[i], value_of(&got, after->output[i]), &right, part, part);
        if (difference || strcmp(after->output[i]->name, right.name)) {
            failures++;
            printf("%s: output %s: %s\n", text, after->output[i]->name,
                   difference ? difference : "was renamed");
        }
    }
    arena_free(&arena);
}

static void check(void *data)
{
    const struct expectation *expectation = data;
    check_graph(expectation->text, NULL, expectation->operators);
}

static void check_sums(void *data)
{
    const struct sums *s = data;
    check_graph(s->text, s->devices, s->operators);
}

static void check_upgrade(void *data)
{
    const struct upgraded *upgraded = data;
    struct arena arena = {0};
    struct graph *new = graph_from_text(&arena, upgraded->new, 1);
    struct graph *old = graph_of_opset(&arena, upgraded->old, upgraded->opset, 1);
    const void **input = make_inputs(&arena, new);
    struct values expected = interpret(&arena, new, input);
    upgrade(old);
    infer_shapes(old);
    struct values got = interpret(&arena, old, input);
    for (int i = 0; i < new->output_count; i++) {
        struct tensor right = *new->output[i];
        right.data = value_of(&expected, new->output[i]);
        const char *difference =
            compare(&arena, old->output[i], value_of(&got, old->output[i]), &right, 0, 0);
        if (difference) {
            failures++;
            printf("%s of opset %d: %s\n", upgraded->old, upgraded->opset, difference);
        }
    }
    arena_free(&arena);
}

int main(void)
{
    int older = sizeof upgrades / sizeof *upgrades;
    for (int i = 0; i < older; i++)
        if (fail_catch(check_upgrade, (void *)&upgrades[i]) != STATUS_OK) {
            failures++;
            printf("%s of opset %d: refused\n", upgrades[i].old, upgrades[i].opset);
        }
    int count = sizeof expectations / sizeof *expectations;
    for (int i = 0; i < count; i++)
        if (fail_catch(check, (void *)&expectations[i]) != STATUS_OK) {
            failures++;
            printf("%s: refused\n", expectations[i].text);
        }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (fail_catch(check_sums, (void *)&sums[i]) != STATUS_OK) {
            failures++;
            printf("%s: refused\n", sums[i].text);
        }
    printf("%d graphs, %d of older opsets, %d failures\n", count, older, failures);
    return failures ? 1 : 0;
}
