/* test_shares.c -- operators that can be split are split: every device computes a share of the node in question.
 *
 * Each line of the list is a graph whose first nodes are divided by rows or columns anyway; its last node is the one in
 * question. Of a recurrent layer it is every time step. */
/* SPDX-License-Identifier: MIT */
#include "backend/cluster_file.h"
#include "interpret.h"
#include "node_cases.h"
#include "operators/op.h"
#include "passes/passes.h"

#include <stdio.h>
#include <string.h>

#define MAP "%a Conv 1x16x24x20 =16x16x1x1; "
#define BOOLS MAP "%b Cast %a to=9; "
#define INTS MAP "%b Cast %a to=6; "
#define ROWS "%a MatMul 1x24x32 =32x32; "

static const char *const graphs[] = {
    MAP "Conv %a =16x16x3x3 pads=[1,1,1,1]",
    MAP "Conv %a =16x16x3x3 pads=[1,1,1,1] strides=[2,2]",
    MAP "Conv %a =16x1x3x3 group=16 pads=[1,1,1,1]",
    MAP "Conv %a =16x4x3x3 group=4 pads=[1,1,1,1]",
    MAP "ConvTranspose %a =16x16x2x2 strides=[2,2]",
    MAP "MaxPool %a kernel_shape=[3,3] strides=[2,2]",
    MAP "AveragePool %a kernel_shape=[3,3] pads=[1,1,1,1]",
    MAP "LpPool %a kernel_shape=[2,2]",
    MAP "Relu %a",
    MAP "Erf %a",
    MAP "Add %a =1x16x1x1",
    MAP "Where =bool:1x16x24x20 %a =1x16x1x1",
    MAP "Clip %a #-0.25 #0.5",
    MAP "PRelu %a =16x1x1",
    MAP "Cast %a to=11",
    MAP "ReduceSum %a @1",
    MAP "ReduceMean %a @3",
    MAP "ReduceMax %a @1,3",
    MAP "ArgMax %a axis=1",
    MAP "Softmax %a axis=1",
    MAP "LogSoftmax %a axis=3",
    MAP "LRN %a size=5",
    MAP "Transpose %a perm=[0,2,3,1]",
    MAP "Slice %a @1 @23 @2",
    MAP "Pad %a @0,0,1,1,0,0,1,1",
    MAP "Pad %a @0,0,1,1,0,0,1,1 mode=reflect",
    MAP "Concat %a %a axis=1",
    MAP "Split /2 %a num_outputs=2 axis=1",
    MAP "Gather %a @3,2,1 axis=1",
    MAP "Tile %a @1,2,1,1",
    MAP "Expand %a @2,16,24,20",
    MAP "CumSum %a @1",
    MAP "TopK /2 %a @3 axis=1",
    MAP "Resize %a - #1,1,2,2 mode=nearest",
    MAP "Resize %a - #1,1,2,2 mode=linear",
    MAP "Resize %a - #1,1,2,2 mode=cubic",
    MAP "DepthToSpace %a blocksize=2",
    MAP "SpaceToDepth %a blocksize=2",
    MAP "Einsum %a =16x4 equation=nchw,cd->ndhw",
    MAP "Abs %a",
    MAP "Acos %a",
    MAP "Acosh %a",
    MAP "Asin %a",
    MAP "Asinh %a",
    MAP "Atan %a",
    MAP "Atanh %a",
    MAP "Ceil %a",
    MAP "Celu %a",
    MAP "Cos %a",
    MAP "Cosh %a",
    MAP "Elu %a",
    MAP "Exp %a",
    MAP "Floor %a",
    MAP "HardSigmoid %a",
    MAP "HardSwish %a",
    MAP "Identity %a",
    MAP "IsInf %a",
    MAP "IsNaN %a",
    MAP "LeakyRelu %a",
    MAP "Log %a",
    MAP "Mish %a",
    MAP "Neg %a",
    MAP "Reciprocal %a",
    MAP "Round %a",
    MAP "Selu %a",
    MAP "Shrink %a",
    MAP "Sigmoid %a",
    MAP "Sign %a",
    MAP "Sin %a",
    MAP "Sinh %a",
    MAP "Softplus %a",
    MAP "Softsign %a",
    MAP "Sqrt %a",
    MAP "Swish %a",
    MAP "Tan %a",
    MAP "Tanh %a",
    MAP "ThresholdedRelu %a",
    MAP "Dropout %a",
    MAP "Div %a =1x16x1x1",
    MAP "Equal %a =1x16x1x1",
    MAP "Greater %a =1x16x1x1",
    MAP "GreaterOrEqual %a =1x16x1x1",
    MAP "Less %a =1x16x1x1",
    MAP "LessOrEqual %a =1x16x1x1",
    MAP "Max %a =1x16x1x1",
    MAP "Mean %a =1x16x1x1",
    MAP "Min %a =1x16x1x1",
    MAP "Mul %a =1x16x1x1",
    MAP "Pow %a =1x16x1x1",
    MAP "Sub %a =1x16x1x1",
    MAP "Sum %a =1x16x1x1",
    MAP "Mod %a =1x16x1x1 fmod=1",
    BOOLS "And %b =bool:1x16x1x1",
    BOOLS "Or %b =bool:1x16x1x1",
    BOOLS "Xor %b =bool:1x16x1x1",
    BOOLS "Not %b",
    INTS "BitwiseAnd %b =int32:1x16x1x1",
    INTS "BitwiseOr %b =int32:1x16x1x1",
    INTS "BitwiseXor %b =int32:1x16x1x1",
    INTS "BitwiseNot %b",
    MAP "%b Cast %a to=12; BitShift %b =uint32:1x16x1x1 direction=LEFT",
    MAP "BitCast %a to=6",
    MAP "CastLike %a =int32:1",
    MAP "ReduceL1 %a @1",
    MAP "ReduceL2 %a @1",
    MAP "ReduceLogSum %a @1",
    MAP "ReduceLogSumExp %a @1",
    MAP "ReduceMin %a @1",
    MAP "ReduceProd %a @1",
    MAP "ReduceSumSquare %a @1",
    MAP "ArgMin %a axis=1",
    MAP "Hardmax %a axis=1",
    MAP "CumProd %a @1",
    MAP "LpNormalization %a axis=1",
    MAP "BatchNormalization %a =16 =16 =16 =16+",
    "%a MatMul 1x64x32 =32x32; GlobalAveragePool %a",
    "%a MatMul 1x64x32 =32x32; GlobalMaxPool %a",
    ROWS "GlobalLpPool %a",
    ROWS "InstanceNormalization %a =24 =24",
    ROWS "GroupNormalization %a =24 =24 num_groups=6",
    ROWS "MeanVarianceNormalization %a axes=[2]",
    ROWS "Flatten %a axis=2",
    MAP "Reshape %a @16,24,20",
    MAP "Squeeze %a @0",
    MAP "Unsqueeze %a @0",
    MAP "Trilu %a",
    ROWS "CenterCropPad %a @20 axes=[1]",
    MAP "GatherElements %a =int64:1x2x24x20 axis=1",
    MAP "ScatterElements %a =int64:1x2x24x20 =1x2x24x20 axis=1",
    MAP "Compress %a =bool:16 axis=1",
    MAP "DeformConv %a =16x16x1x1 1x2x24x20",
    "%a MatMul 6x24x32 =32x32; ReverseSequence %a =int64:24 time_axis=0 batch_axis=1",
    MAP "QuantizeLinear %a #0.1 =uint8:scalar",
    MAP "%b QuantizeLinear %a #0.1 =uint8:scalar; DequantizeLinear %b #0.1 =uint8:scalar",
    MAP "%b QuantizeLinear %a #0.1 =uint8:scalar; ConvInteger %b =uint8:16x16x3x3",
    MAP "%b QuantizeLinear %a #0.1 =uint8:scalar; QLinearConv %b #0.1 =uint8:scalar =uint8:16x16x3x3 #0.1 =uint8:scalar #0.1 =uint8:scalar",
    ROWS "%b QuantizeLinear %a #0.1 =uint8:scalar; MatMulInteger %b =uint8:32x16",
    ROWS "%b QuantizeLinear %a #0.1 =uint8:scalar; QLinearMatMul %b #0.1 =uint8:scalar =uint8:32x16 #0.1 =uint8:scalar #0.1 =uint8:scalar",
    ROWS "RotaryEmbedding %a =1x24x4 =1x24x4 num_heads=4",
    "%a MatMul 1x96x69 =69x69; Col2Im %a @26,6 @4,4",
    MAP "NegativeLogLikelihoodLoss %a int64:1x24x20 reduction=none",
    "%a MatMul 4x24x2 =2x2; DFT %a - @0",
    "%a MatMul 3x24x32 =32x32; GatherND %a int64:6x1",
    "%a MatMul 3x24x32 =32x32; ScatterND %a int64:2x1 =2x24x32",
    MAP "TensorScatter %a 1x16x2x20 =int64:1 axis=2",
    MAP "%b Cast %a to=7; OneHot %b @4 #0,1 axis=1",
    "%a Relu 6x30x1; STFT %a @4 =8 @8",
    ROWS "MatMul %a =32x48",
    ROWS "MatMul %a =1x32x48",
    ROWS "LayerNormalization %a =32 =32",
    ROWS "RMSNormalization %a =32",
    ROWS "Gelu %a",
    "%a Gemm 24x32 =32x32; Gemm %a =32x40 =40",
    "%a Gemm 1x256 =256x256; Gemm %a =256x256 =256",
    "%a MatMul 2x4x24x16 =16x16; Attention %a 2x4x24x16 2x4x24x16",
    "%a MatMul 3x1x32 =32x32; LSTM %a =1x192x32 =1x192x48",
    "%a MatMul 3x1x32 =32x32; GRU %a =2x144x32 =2x144x48 direction=bidirectional",
    "%a MatMul 3x1x32 =32x32; GRU %a =1x144x32 =1x144x48 linear_before_reset=1",
    "%a MatMul 1x3x32 =32x32; RNN %a =1x48x32 =1x48x48 layout=1 direction=reverse",
    "%a MatMul 3x4x32 =32x32; LSTM %a =1x192x32 =1x192x48",
};
enum { GRAPHS = sizeof graphs / sizeof *graphs };

static int failures;

static bool works(const struct plan *plan, const struct node *node, int device)
{
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && regions_size(plan_own(plan, node->output[k], device)) > 0)
            return true;
    return false;
}

static bool in_question(const struct node *node, const struct node *last)
{
    return node == last || !strcmp(node->op_type, "RecurrentSteps");
}

static void check(struct arena *arena, const char *line, const char *devices, enum partition mode)
{
    struct graph *graph = graph_from_text(arena, line, 1);
    struct cluster cluster;
    struct plan plan;
    cluster_parse(arena, devices, &cluster);
    const struct node *last = graph->node[graph->node_count - 1];
    expand_recurrent(graph, &cluster, mode);
    choose_kernels(graph, NULL);
    choose_layouts(graph);
    partition(graph, &cluster, (struct partition_wish){.mode = mode}, &plan);
    plan_verify(&plan);
    for (int n = 0; n < graph->node_count; n++)
        for (int d = 0; d < cluster.count; d++)
            if (in_question(graph->node[n], last) && !works(&plan, graph->node[n], d)) {
                printf("FAIL %s --partition %s: device %d computes nothing of %s\n", devices, partition_name(mode), d, line);
                failures++;
            }
}

/* The last operator of a line is what it asserts. */
static bool is_listed(const char *type)
{
    for (int i = 0; i < GRAPHS; i++) {
        const char *last = strrchr(graphs[i], ';');
        last = last ? last + 1 : graphs[i];
        last += strspn(last, " ");
        const size_t length = strlen(type);
        if (!strncmp(last, type, length) && last[length] == ' ')
            return true;
    }
    return false;
}

/* Every operator that is said to split has a line. */
static void check_table(void)
{
    /* The first two become others before devices are thought of; GridSample, RoiAlign and MaxRoiPool read the whole map for every row of their
     * results; the last two lose the axis that the baselines cut. Of these --partition auto decides. */
    static const char *const others[] = {"AffineGrid", "SoftmaxCrossEntropyLoss", "GridSample", "RoiAlign", "MaxRoiPool", "Det", "TfIdfVectorizer"};
    int count;
    const struct op *const *table = op_table(&count);
    for (int i = 0; i < count; i++) {
        bool known = *table[i]->domain || !(table[i]->reads || table[i]->moves) || is_listed(table[i]->type);
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            known |= !strcmp(table[i]->type, others[k]);
        if (!known) {
            printf("FAIL no graph for %s\n", table[i]->type);
            failures++;
        }
    }
}

static void run(void *data)
{
    check_table();
    for (int i = 0; i < GRAPHS; i++) {
        check(data, graphs[i], "3", PARTITION_ROWS);
        check(data, graphs[i], "2,1", PARTITION_GTDP);
    }
    printf("%d graphs, %d failures\n", GRAPHS, failures);
}

int main(void)
{
    return run_in_arena(run) || failures;
}
