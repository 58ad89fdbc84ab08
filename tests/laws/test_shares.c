/* test_shares.c -- operators that can be split are split: every device computes a share of the node in question.
 *
 * Each line of the list is a graph whose first nodes are divided by rows or columns anyway; its last node is the one in
 * question. Of a recurrent layer it is every time step. */
/* SPDX-License-Identifier: MIT */
#include "backend/cluster_file.h"
#include "node_cases.h"
#include "passes/passes.h"
#include "support/fail.h"

#include <stdio.h>
#include <string.h>

#define MAP "%a Conv 1x16x24x20 =16x16x1x1; "
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
    choose_kernels(graph);
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

static void run(void *data)
{
    for (int i = 0; i < GRAPHS; i++) {
        check(data, graphs[i], "3", PARTITION_ROWS);
        check(data, graphs[i], "2,1", PARTITION_GTDP);
    }
    printf("%d graphs, %d failures\n", GRAPHS, failures);
}

int main(void)
{
    struct arena arena = {0};
    int status = fail_catch(run, &arena);
    arena_free(&arena);
    return failures || status;
}
