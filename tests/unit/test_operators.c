/* test_operators.c -- what operators refuse, and in which words; single facts that kernels rely on. */
/* SPDX-License-Identifier: MIT */
#include "../laws/node_cases.h"
#include "operators/conv.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "support/fail.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A graph as text, and a part of the message that refuses it. */
static const struct refusal {
    const char *text, *message;
} refusals[] = {
    {"Conv 1x3x9x9 =8x1x3x3", "Conv 'node': X has 3 channels but W is 8x1x3x3 with group 1"},
    {"Conv 1x3x9x9 =8x3x3x3 kernel_shape=[5,5]", "Conv 'node': kernel_shape 5x5 but W is 8x3x3x3"},
    {"Conv 1x3x9x9 =8x3x3x3 kernel_shape=[3]", "Conv 'node': kernel_shape 3 but W is 8x3x3x3"},
    {"Conv 1x3x9x9 =8x3x3x3 =7", "Conv 'node': B is 7 but W is 8x3x3x3"},
    {"Conv 1x3x9x9 =8x3x3x3 pads=[1,1]", "pads has 2 entries, expected 4"},
    {"Conv 1x3x9x9 =8x3x3x3 pads=[-1,0,0,0]", "pads holds -1"},
    {"Conv 1x3x9x9 =8x3x3x3 strides=[0,1]", "strides holds 0"},
    {"Conv 1x3x9x9 =8x3x3x3 dilations=[1,99999999999]", "dilations holds 99999999999"},
    {"Conv 1x3x2x9 =8x3x3x3", "the window of 3 on axis 2 is larger than the padded input of 2"},
    {"Conv 1x3x9x9 =8x3x3x3 auto_pad=SAME", "auto_pad is 'SAME'"},
    {"Conv 1x3x9x9 =8x3x3x3 group=0", "group is 0"},
    {"Conv 1x4x9x9 =9x2x3x3 group=2", "9 outputs do not divide into group 2"},
    {"Conv 1x3x9 =8x3x3x3", "X has rank 3 but W is 8x3x3x3"},
    {"Conv 3x9 =8x3", "X has rank 2"},
    {"Conv int32:1x3x9x9 =8x3x3x3", "has type int32, which the operator does not take"},
    {"Conv 1x3x9x9", "input 1 is missing"},
    {"Conv 1x3x9x9 =8x3x3x3 =8 =8", "4 inputs but the operator takes at most 3"},
    {"Conv 1x3x9x9 =8x3x3x3 stride=1", "attribute stride is not known"},
    {"MaxPool 1x3x9x9", "kernel_shape is missing"},
    {"MaxPool 1x3x9x9 kernel_shape=[2,2] pads=[2,0,0,0]", "are not smaller than the window of 2"},
    {"MaxPool 1x3x9x9 kernel_shape=[2,2] ceil_mode=2", "ceil_mode is 2"},
    {"Gemm 3x4 =5x6", "inner sizes differ"},
    {"Gemm 3x4 =4x6 =3", "C is 3, which does not broadcast to 3x6"},
    {"Gemm 3x4x1 =4x6", "expected two matrices"},
    {"MatMul 3x4 =5x6", "cannot be multiplied"},
    {"MatMul scalar =5x6", "cannot be multiplied"},
    {"Add 2x3 2x4", "does not broadcast"},
    {"Add 2x3 int64:2x3", "has type int64 but"},
    {"Softmax 2x3 axis=2", "axis 2 is out of range for rank 2"},
    {"Concat 2x3 2x4 axis=0", "does not join 2x3 along axis 0"},
    {"Concat 2x3", "attribute axis is missing"},
    {"Reshape 2x3 @4,-1", "2x3 cannot be reshaped to 4x1"},
    {"Reshape 2x3 @-1,-1", "-1 twice"},
    {"Reshape 2x3 @1,1,0", "keeps axis 2"},
    {"Reshape 2x3 int64:2", "is computed at run time"},
    {"Transpose 2x3 perm=[0,0]", "perm is no permutation"},
    {"Slice 4 @0 @4 @0 @0", "step 0 on axis 0"},
    {"Slice 4 @0 @4 @1", "axis 1 is out of range"},
    {"Pad 2x3 @0,1", "2 pads for 2 axes, expected 4"},
    {"Pad 2x3 @2,0,0,0 mode=reflect", "pads of 2 and 0 on axis 0 of size 2 in mode reflect"},
    {"Pad 2x3 @0,-2,0,-2", "remove more than there is"},
    {"Gather 3 @3", "index 3 is out of range"},
    {"Split /2 7 @3,3", "the parts do not add up"},
    {"Split /2 7 @9,-2", "part 0 of size 9 does not fit"},
    {"Squeeze 2x3 @0", "axis 0 has size 2, expected 1"},
    {"Unsqueeze 1x1x1x1x1x1x1 @0,1", "at most 8"},
    {"DepthToSpace 1x6x2x2 blocksize=2", "6 channels do not divide"},
    {"BatchNormalization 2x5 =5 =5 =4 =5+", "input_mean is 4 but X has 5 channels"},
    {"BatchNormalization /2 2x5 =5 =5 =5 =5+", "holds statistics of training"},
    {"QuantizeLinear 2x5 =4 =uint8:4", "axis 1 of x has 5 elements, but there are 4 scales"},
    {"QuantizeLinear 2x5 #0.5 output_dtype=17", "quantising to float8e4m3fn is not supported"},
    {"QLinearMatMul int8:2x5 =3+ =int8:3 int8:5x4 =1+ =int8:1 =1+ =int8:1", "has shape 3, which does not fit"},
    {"MatMulInteger int8:2x5 int8:4x5", "A is 2x5 and B is 4x5, which cannot be multiplied"},
    {"NegativeLogLikelihoodLoss 3x5x2 int64:3x5", "has shape 3x5, expected 3x2"},
    {"NegativeLogLikelihoodLoss 3x5 int64:3 4", "has shape 4 but there are 5 classes"},
    {"Expand 2x3 @4,3", "2x3 does not expand to 4x3"},
    {"Tile 4 @4611686018427387904", "the result is too large"},
    {"Expand 1 @4611686018427387904", "more elements than can be addressed"},
    {"ConstantOfShape @-2", "the shape holds -2"},
    {"Range #0.0 #1.0 #0.0", "is no range"},
    {"Cast 2 to=8", "is not supported"},
    {"Clip 2x3 =2", "must be a scalar"},
    {"ReduceSum 2x3 @0,-2", "axis 0 is listed twice"},
};

struct attempt {
    const char *text;
    struct arena arena;
};

static void build(void *data)
{
    struct attempt *attempt = data;
    graph_from_text(&attempt->arena, attempt->text, 1);
}

/* Runs `body`, its stderr in `text`; returns the status. */
static int captured(void (*body)(void *data), void *data, char text[], size_t size)
{
    FILE *file = tmpfile();
    fflush(stderr);
    int saved = dup(2);
    dup2(fileno(file), 2);
    int status = fail_catch(body, data);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
    return status;
}

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct attempt attempt = {.text = refusals[i].text};
        char text[2048];
        int status = captured(build, &attempt, text, sizeof text);
        bool good = status == STATUS_USAGE && strstr(text, refusals[i].message) && strstr(text, "'node'") &&
                    strchr(text, '\n') == text + strlen(text) - 1;
        if (!good)
            printf("\n%s: status %d, %s", refusals[i].text, status, text);
        CU_ASSERT(good);
        arena_free(&attempt.arena);
    }
}

static void upgrade_text(void *data)
{
    struct attempt *attempt = data;
    upgrade(graph_of_opset(&attempt->arena, attempt->text, 13, 1));
}

static void test_unknown_operator(void)
{
    struct attempt attempt = {.text = "%x Foo 2x3"};
    char text[2048];
    CU_ASSERT_EQUAL(captured(upgrade_text, &attempt, text, sizeof text), STATUS_USAGE);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "node 'x': operator Foo (opset 13) is not supported; mednnc --list-operators"));
    arena_free(&attempt.arena);
}

static void test_table(void)
{
    CU_ASSERT_PTR_NULL(op_find("", "Softmax", 12));
    CU_ASSERT_PTR_NOT_NULL(op_find("", "Softmax", 13));
    CU_ASSERT_PTR_NULL(op_find("com.acme", "Softmax", NEWEST_OPSET));
    CU_ASSERT_PTR_NOT_NULL(op_find("mednn", "Layout", NEWEST_OPSET));
    int count;
    const struct op *const *table = op_table(&count);
    for (int i = 0; i < count; i++)
        CU_ASSERT_PTR_EQUAL(op_find(table[i]->domain, table[i]->type, NEWEST_OPSET), table[i]);
}

static void test_conv_touches_padding(void)
{
    struct arena arena = {0};
    struct graph *graph =
        graph_from_text(&arena, "Conv 1x20x9x8 =32x10x3x3 group=2 pads=[1,1,1,1] strides=[2,1]", 1);
    const struct node *node = graph->node[0];
    struct region part = {.some = true, .rank = 4, .axis = {{0, 1}, {16, 32}, {0, 2}, {3, 8}}};
    struct region touched = {.some = true, .rank = 4, .axis = {{0, 1}, {10, 20}, {-1, 4}, {2, 9}}};
    struct region read = {.some = true, .rank = 4, .axis = {{0, 1}, {10, 20}, {0, 4}, {2, 8}}};
    CU_ASSERT(region_equal(node_touches(node, 0, 0, part), touched));
    CU_ASSERT(region_equal(node_reads(node, 0, 0, part), read));
    CU_ASSERT_EQUAL(node_macs(node, part), 16 * 2 * 5 * 90);
    arena_free(&arena);
}

/* What is kept of a window is read again after every change that counts. */
static void test_windows_follow_changes(void)
{
    struct arena arena = {0};
    struct graph *graph = graph_from_text(&arena, "Conv 1x20x9x8 =32x20x3x3 pads=[1,1,1,1] strides=[2,1]", 1);
    struct node *node = graph->node[0];
    const int64_t strides[] = {1, 3};
    CU_ASSERT_EQUAL(conv_window(node)->stride[0], 2);
    CU_ASSERT_PTR_EQUAL(conv_window(node), conv_window(node));
    node_set_attribute(graph, node, (struct attribute){.name = "strides", .kind = ATTRIBUTE_INTS, .count = 2, .ints = strides});
    CU_ASSERT_EQUAL(conv_window(node)->stride[1], 3);
    node_remove_attribute(node, "pads");
    CU_ASSERT_EQUAL(conv_window(node)->pad_begin[0], 0);
    node_set_attribute(graph, node, (struct attribute){.name = "auto_pad", .kind = ATTRIBUTE_STRING, .s = "SAME_UPPER"});
    CU_ASSERT_EQUAL(conv_window(node)->pad_end[1], 1);
    node->input[0]->shape.dim[3] = 10;
    CU_ASSERT_EQUAL(conv_window(node)->pad_begin[1], 1);
    node->input[0]->shape.dim[3] = 9;
    CU_ASSERT_EQUAL(conv_window(node)->pad_end[1], 0);
    node->input[1]->shape.dim[3] = 1;
    CU_ASSERT_EQUAL(conv_window(node)->kernel[1], 1);
    arena_free(&arena);
}

static void test_epilogue(void)
{
    struct arena arena = {0};
    struct graph *graph =
        graph_from_text(&arena, "%a Conv 1x4x5x5 =4x4x1x1;%b Add %a 1x4x5x5;Clip %b #-0.25 #0.5", 1);
    fold_scales(graph);
    fuse(graph);
    CU_ASSERT_EQUAL_FATAL(graph->node_count, 1);
    const struct node *node = graph->node[0];
    CU_ASSERT_EQUAL(node->epilogue.residual, 3);
    CU_ASSERT_PTR_NULL(node->input[2]);
    CU_ASSERT_EQUAL(node->epilogue.activation, ACTIVATION_CLIP);
    struct region part = {.some = true, .rank = 4, .axis = {{0, 1}, {1, 2}, {2, 3}, {0, 5}}};
    CU_ASSERT(region_equal(node_reads(node, 3, 0, part), part));
    CU_ASSERT_EQUAL(activation_evaluate(&node->epilogue, 2), 0.5f);
    CU_ASSERT_EQUAL(activation_evaluate(&node->epilogue, -2), -0.25f);
    arena_free(&arena);
}

static void test_activations(void)
{
    const struct {
        struct epilogue epilogue;
        float x, y;
    } cases[] = {
        {{.activation = ACTIVATION_NONE}, -3, -3},
        {{.activation = ACTIVATION_RELU}, -3, 0},
        {{.activation = ACTIVATION_RELU}, 3, 3},
        {{.activation = ACTIVATION_LEAKY_RELU, .alpha = 0.5f}, -3, -1.5f},
        {{.activation = ACTIVATION_HARD_SIGMOID, .alpha = 0.25f, .beta = 0.5f}, 1, 0.75f},
        {{.activation = ACTIVATION_HARD_SIGMOID, .alpha = 0.25f, .beta = 0.5f}, 9, 1},
        {{.activation = ACTIVATION_HARD_SWISH}, -3, 0},
        {{.activation = ACTIVATION_HARD_SWISH}, 3, 3},
        {{.activation = ACTIVATION_HARD_SWISH}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(activation_evaluate(&cases[i].epilogue, cases[i].x), cases[i].y);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("operators", NULL, NULL);
    CU_add_test(suite, "refusals", test_refusals);
    CU_add_test(suite, "unknown operator", test_unknown_operator);
    CU_add_test(suite, "table", test_table);
    CU_add_test(suite, "Conv touches its padding", test_conv_touches_padding);
    CU_add_test(suite, "windows follow changes", test_windows_follow_changes);
    CU_add_test(suite, "epilogue", test_epilogue);
    CU_add_test(suite, "activations", test_activations);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed ? 1 : 0;
}
