/* test_frontend.c -- from bytes to graph: numbers, shapes, graph edits, the wire check, order and refusals.
 */
/* SPDX-License-Identifier: MIT */
#include "frontend/import.h"
#include "frontend/onnx.pb-c.h"
#include "frontend/wire_check.h"
#include "ir/graph_print.h"
#include "ir/number.h"
#include "support/fail.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

/* ---- numbers ---- */

static void halves_survive(void)
{
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float half = number_from_half((uint16_t)bits), bfloat = number_from_bfloat16((uint16_t)bits);
        if (isnan(half))
            CU_ASSERT(isnan(number_from_half(number_to_half(half))))
        else
            CU_ASSERT(number_to_half(half) == bits);
        if (isnan(bfloat))
            CU_ASSERT(isnan(number_from_bfloat16(number_to_bfloat16(bfloat))))
        else
            CU_ASSERT(number_to_bfloat16(bfloat) == bits);
    }
}

/* Between two neighbouring halves: to the nearer one, from the middle to the even one. */
static void halves_round_to_nearest_even(void)
{
    for (uint16_t bits = 0; bits < 0x7bff; bits++) {
        float low = number_from_half(bits), high = number_from_half((uint16_t)(bits + 1)),
              middle = low + (high - low) / 2;
        CU_ASSERT(number_to_half(middle) == (bits & 1 ? bits + 1 : bits));
        CU_ASSERT(number_to_half(nextafterf(middle, 0)) == bits);
        CU_ASSERT(number_to_half(nextafterf(middle, INFINITY)) == bits + 1);
        CU_ASSERT(number_to_half(-middle) == (0x8000 | (bits & 1 ? bits + 1 : bits)));
    }
    CU_ASSERT(number_to_half(65519.996f) == 0x7bff);
    CU_ASSERT(number_to_half(65520.0f) == 0x7c00);
    CU_ASSERT(number_to_half(1e30f) == 0x7c00);
    CU_ASSERT(number_from_half(0x3555) == 0.333251953125f);
    CU_ASSERT(number_to_bfloat16(1.00390625f) == 0x3f80); /* a tie */
    CU_ASSERT(number_to_bfloat16(1.01171875f) == 0x3f82); /* a tie */
}

/* ---- shapes ---- */

static struct shape shape(int rank, int64_t a, int64_t b, int64_t c)
{
    return (struct shape){.rank = rank, .dim = {a, b, c}};
}

static void shapes_broadcast(void)
{
    struct shape result;
    CU_ASSERT(shape_broadcast(shape(3, 2, 1, 4), shape(2, 3, 1, 0), &result));
    CU_ASSERT(shape_equal(result, shape(3, 2, 3, 4)));
    CU_ASSERT(shape_broadcast(shape(0, 0, 0, 0), shape(1, 5, 0, 0), &result));
    CU_ASSERT(shape_equal(result, shape(1, 5, 0, 0)));
    CU_ASSERT(shape_broadcast(shape(1, 0, 0, 0), shape(1, 1, 0, 0), &result));
    CU_ASSERT(shape_equal(result, shape(1, 0, 0, 0)));
    CU_ASSERT(!shape_broadcast(shape(1, 2, 0, 0), shape(1, 3, 0, 0), &result));
    CU_ASSERT(shape_axis(4, -1) == 3 && shape_axis(4, 3) == 3 && shape_axis(4, 4) == -1 &&
              shape_axis(4, -5) == -1);
    CU_ASSERT(shape_size((struct shape){0}) == 1 && shape_size(shape(3, 2, 0, 4)) == 0);
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, shape(3, 1, 3, 224)), "1x3x224");
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, (struct shape){0}), "scalar");
}

/* ---- refusals: what a call prints before it fails ---- */

struct attempt {
    void (*body)(void *data);
    void *data;
    char *line; /* what it printed */
};

static int attempt(struct attempt *attempt)
{
    char *path = arena_string(&arena, "/tmp/mednn-test-XXXXXX");
    int file = mkstemp(path), saved = dup(2);
    fflush(stderr);
    dup2(file, 2);
    int status = fail_catch(attempt->body, attempt->data);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    attempt->line = arena_alloc(&arena, 4096);
    CU_ASSERT(pread(file, attempt->line, 4095, 0) >= 0);
    close(file);
    unlink(path);
    return status;
}

static bool refuses(void (*body)(void *data), void *data, const char *message)
{
    struct attempt a = {body, data, NULL};
    int status = attempt(&a);
    const char *expected = *message ? arena_printf(&arena, "mednnc: %s\n", message) : "";
    if (status == (*message ? STATUS_USAGE : STATUS_OK) && !strcmp(a.line, expected))
        return true;
    printf("\n  expected: %s\n  got %d:   %s", expected, status, a.line);
    return false;
}

static void compute_huge_size(void *data)
{
    (void)data;
    shape_size(shape(3, (int64_t)1 << 30, (int64_t)1 << 30, 16));
}

static void sizes_do_not_overflow(void)
{
    CU_ASSERT(refuses(compute_huge_size, NULL, "shape 1073741824x1073741824x16 has too many elements"));
}

/* ---- the wire check ---- */

struct bytes {
    const char *bytes;
    size_t size;
    size_t memory, nodes; /* limits; 0: the default here */
};

static void check_bytes(void *data)
{
    const struct bytes *bytes = data;
    const struct wire_quota quota[] = {
        {&onnx__node_proto__descriptor, "nodes", bytes->nodes ? bytes->nodes : 2}};
    const struct wire_limits limits = {.depth = 64,
                                       .string_bytes = 16,
                                       .memory_bytes = bytes->memory ? bytes->memory : 1 << 20,
                                       .quota = quota,
                                       .quota_count = 1};
    wire_check((const uint8_t *)bytes->bytes, bytes->size, &onnx__model_proto__descriptor, &limits);
}

#define WIRE(literal, message)                                                                               \
    CU_ASSERT(refuses(check_bytes, &(struct bytes){literal, sizeof literal - 1, 0, 0}, message))

static void wire_accepts(void)
{
    WIRE("", "");
    WIRE("\x08\x07", "");
    WIRE("\x3a\x04\x0a\x02\x0a\x00", "");                     /* graph.node[0].input[0] = "" */
    WIRE("\xf8\x3f\x05\xf9\x3f\1\2\3\4\5\6\7\x8", "");        /* unknown varint, unknown fixed64 */
    WIRE("\xfa\x3f\x02zz\xfd\x3f\1\2\3\4", "");               /* unknown length, unknown fixed32 */
    WIRE("\x3a\x08\x2a\x06\x22\x04\0\0\x80\x3f", "");         /* packed floats */
    WIRE("\x3a\x07\x2a\x05\x25\0\0\x80\x3f", "");             /* the same, not packed */
    WIRE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ""); /* -1 */
}

static void wire_refuses(void)
{
    WIRE("\x08", "byte 1: ir_version: number is cut off by the end of its message");
    WIRE("\x08\x80", "byte 1: ir_version: number is cut off by the end of its message");
    WIRE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
         "byte 1: ir_version: number is longer than 10 bytes");
    WIRE("\x80\x80\x80\x80\x80\x01", "byte 0: the file: number is longer than 5 bytes");
    WIRE("\x00\x01", "byte 0: the file: field number 0 is out of range");
    WIRE("\x0a\x01\x07", "byte 2: ir_version: one number is expected but a list was found");
    WIRE("\x3d\1\2\3\4", "byte 1: graph: wire type 5 was found but 2 is expected");
    WIRE("\x3b\x3c", "byte 1: graph: wire type 3 is not used in ONNX files");
    WIRE("\xf7\x3f", "byte 2: field 1022: wire type 7 is not used in ONNX files");
    WIRE("\x3a\x05\x0a", "byte 2: graph: length 5 runs past the end of its message, 1 bytes further");
    WIRE("\x3a\x03\x0a\x02\x0a",
         "byte 4: graph.node[0]: length 2 runs past the end of its message, 1 bytes further");
    WIRE("\x3a\x06\x0a\x00\x0a\x00\x0a\x00", "byte 8: graph.node[2]: more than 2 nodes");
    WIRE("\x3a\x00\x3a\x00", "byte 4: graph: field occurs twice but may occur once");
    WIRE("\x12\x03"
         "a\0b",
         "byte 2: producer_name: string contains a zero byte");
    WIRE("\x12\x11"
         "aaaaaaaaaaaaaaaaa",
         "byte 2: producer_name: string has 17 bytes but the limit is 16");
    WIRE("\x3a\x07\x2a\x05\x22\x03\0\0\0",
         "byte 6: graph.initializer[0].float_data[0]: 3 bytes are no whole number of "
         "4-byte values");
    WIRE("\x3a\x05\x2a\x03\x25\0\0",
         "byte 5: graph.initializer[0].float_data[0]: 4 bytes are cut off by the end of "
         "their message");
    struct bytes many = {"\x08\x01\x08\x01\x08\x01", 6, 500, 0};
    struct attempt a = {check_bytes, &many, NULL};
    CU_ASSERT(attempt(&a) == STATUS_USAGE &&
              strstr(a.line, "ir_version: the model would take more than 500 bytes of memory"));
}

/* graph.node.attribute.g.node.attribute.g ... , from the inside out. */
static struct bytes nested(int depth)
{
    size_t capacity = (size_t)depth * 4 + 1, begin = capacity;
    char *bytes = arena_alloc(&arena, capacity);
    for (int i = depth; i--;) {
        size_t length = capacity - begin;
        char header[4], *at = header;
        *at++ = i ? "\x32\x0a\x2a"[i % 3] : 0x3a;
        for (; length >= 128; length >>= 7)
            *at++ = (char)(length | 128);
        *at++ = (char)length;
        begin -= (size_t)(at - header);
        memcpy(bytes + begin, header, (size_t)(at - header));
    }
    return (struct bytes){bytes + begin, capacity - begin, 0, 100};
}

static void wire_depth_is_bounded(void)
{
    struct bytes fits = nested(64), deep = nested(65), deeper = nested(10000);
    CU_ASSERT(refuses(check_bytes, &fits, ""));
    struct attempt a = {check_bytes, &deep, NULL};
    CU_ASSERT(attempt(&a) == STATUS_USAGE && strstr(a.line, "messages are nested more than 64 deep"));
    a.data = &deeper;
    CU_ASSERT(attempt(&a) == STATUS_USAGE && strstr(a.line, "messages are nested more than 64 deep"));
}

/* Whatever the bytes, the check ends in an answer, and what it accepts can be unpacked. */
static void wire_survives_noise(void)
{
    static const char model[] =
        "\x08\x07\x12\x01p\x3a\x2a\x0a\x14\x0a\x01x\x12\x01y\x1a\x01n\x22\x04Relu\x2a\x03\x0a\x01"
        "a\x12\x01g\x5a\x06\x0a\x01x\x12\x01\x0a\x62\x03\x0a\x01y\x42\x02\x10\x0d";
    unsigned random = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[sizeof model];
        memcpy(bytes, model, sizeof model);
        for (int change = 0; change < 3; change++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 8) % (sizeof model - 1)] = (char)(random >> 24);
        }
        struct bytes data = {bytes, sizeof model - 1, 0, 0};
        struct attempt a = {check_bytes, &data, NULL};
        if (attempt(&a))
            continue;
        Onnx__ModelProto *unpacked = onnx__model_proto__unpack(NULL, data.size, (const uint8_t *)bytes);
        CU_ASSERT(unpacked != NULL);
        if (unpacked)
            onnx__model_proto__free_unpacked(unpacked, NULL);
    }
}

/* ---- graphs ---- */

static struct node *add_node(struct graph *graph, const char *op, struct tensor *a, struct tensor *b,
                             const char *output)
{
    struct node *node = graph_node(graph, graph->node_count, output, op, b ? 2 : 1, 1);
    node->input[0] = a;
    if (b)
        node->input[1] = b;
    node->output[0] = graph_tensor(graph, output);
    return node;
}

/* x -> Relu a -> Add(a, w) y; Neg unread; then_branch of If reads a. */
static struct graph *small_graph(bool branch)
{
    struct graph *graph = arena_alloc(&arena, sizeof *graph);
    *graph = (struct graph){.arena = &arena, .name = "small", .opset = 13};
    struct tensor *x = graph_tensor(graph, "x");
    static const float two = 2;
    struct tensor *w = graph_constant(graph, "w", TYPE_FLOAT, (struct shape){0}, &two);
    graph->input = arena_array(&arena, 1, sizeof *graph->input);
    graph->output = arena_array(&arena, 1, sizeof *graph->output);
    graph->input[graph->input_count++] = x;
    struct node *relu = add_node(graph, "Relu", x, NULL, "a");
    add_node(graph, "Neg", relu->output[0], NULL, "unread");
    struct node *add =
        add_node(graph, branch ? "If" : "Add", branch ? x : relu->output[0], branch ? NULL : w, "y");
    graph->output[graph->output_count++] = add->output[0];
    if (branch) {
        struct graph *inner = arena_alloc(&arena, sizeof *inner);
        *inner = (struct graph){.arena = &arena, .name = "inner", .opset = 13};
        struct node *read = add_node(inner, "Mul", relu->output[0], w, "m");
        inner->output = arena_array(&arena, 1, sizeof *inner->output);
        inner->output[inner->output_count++] = read->output[0];
        node_set_attribute(
            graph, add, (struct attribute){.name = "then_branch", .kind = ATTRIBUTE_GRAPH, .graph = inner});
    }
    graph_index(graph);
    graph_verify(graph);
    return graph;
}

static void sweep_drops_the_unread(void)
{
    struct graph *graph = small_graph(false);
    CU_ASSERT(graph->node_count == 3 && graph->tensor_count == 5);
    CU_ASSERT(graph_only_reader(graph, graph->node[0]->output[0]) == NULL);
    graph_sweep(graph);
    graph_verify(graph);
    CU_ASSERT(graph->node_count == 2 && graph->tensor_count == 4);
    CU_ASSERT(graph_only_reader(graph, graph->node[0]->output[0]) == graph->node[1]);
    graph_replace(graph, graph->node[0]->output[0], graph->input[0]);
    graph_sweep(graph);
    graph_verify(graph);
    CU_ASSERT(graph->node_count == 1 && graph->node[0]->input[0] == graph->input[0] &&
              graph->input[0]->uses == 1);
}

static void branches_keep_what_they_read(void)
{
    struct graph *graph = small_graph(true);
    struct tensor *a = graph->node[0]->output[0];
    graph_sweep(graph);
    graph_verify(graph);
    CU_ASSERT(graph->node_count == 2 && a->uses == 1);
    CU_ASSERT(graph_only_reader(graph, a) == NULL);
    graph_replace(graph, a, graph->input[0]);
    graph_sweep(graph);
    graph_verify(graph);
    CU_ASSERT(graph->node_count == 1 && graph->input[0]->uses == 2);
}

static void names_become_unique(void)
{
    struct graph *graph = small_graph(false);
    CU_ASSERT_STRING_EQUAL(graph_tensor(graph, "x")->name, "x_1");
    CU_ASSERT_STRING_EQUAL(graph_tensor(graph, "x_2")->name, "x_2");
    CU_ASSERT_STRING_EQUAL(graph_tensor(graph, "x")->name, "x_3");
    CU_ASSERT_STRING_EQUAL(graph_node(graph, 1, "a", "Abs", 0, 0)->name, "a_1");
    CU_ASSERT_STRING_EQUAL(graph->node[1]->op_type, "Abs");
    CU_ASSERT_STRING_EQUAL(graph->node[2]->op_type, "Neg");
}

static void read_float_as_int(void *node)
{
    node_int(node, "alpha", 0);
}

static void attributes_are_read(void)
{
    struct graph *graph = small_graph(false);
    struct node *node = graph->node[0];
    static const int64_t pads[] = {1, 2};
    node_set_attribute(graph, node, (struct attribute){.name = "alpha", .kind = ATTRIBUTE_FLOAT, .f = 0.5f});
    node_set_attribute(graph, node, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = 3});
    node_set_attribute(graph, node, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = -1});
    node_set_attribute(graph, node,
                       (struct attribute){.name = "pads", .kind = ATTRIBUTE_INTS, .count = 2, .ints = pads});
    CU_ASSERT(node->attribute_count == 3);
    CU_ASSERT(node_int(node, "axis", 7) == -1 && node_int(node, "none", 7) == 7);
    CU_ASSERT(node_ints(node, "pads", 1, 9) == 2 && node_ints(node, "pads", 2, 9) == 9);
    CU_ASSERT(node_float(node, "alpha", 0) == 0.5f);
    struct text text = {.arena = &arena};
    graph_print(&text, graph, NULL);
    CU_ASSERT(strstr(text.bytes, "a: ? = Relu 'a' (x) {alpha=0.5, axis=-1, pads=[1, 2]}\n") != NULL);
    CU_ASSERT(
        refuses(read_float_as_int, node, "Relu 'a': attribute 'alpha' is of kind float but int is expected"));
    node_remove_attribute(node, "alpha");
    CU_ASSERT(node->attribute_count == 2 && !node_attribute(node, "alpha") &&
              node_int(node, "axis", 0) == -1);
}

static void constants_are_read(void)
{
    static const uint16_t half[] = {0x3c00, 0xc000, 0x7c00};
    static const uint64_t large[] = {UINT64_MAX, 5};
    struct tensor tensor = {.type = TYPE_FLOAT16, .data = half};
    CU_ASSERT(tensor_double(&tensor, 0) == 1 && tensor_double(&tensor, 1) == -2 &&
              tensor_int(&tensor, 1) == -2);
    CU_ASSERT(tensor_int(&tensor, 2) == INT64_MAX);
    tensor = (struct tensor){.type = TYPE_UINT64, .data = large};
    CU_ASSERT(tensor_int(&tensor, 0) == INT64_MAX && tensor_int(&tensor, 1) == 5 &&
              tensor_double(&tensor, 0) == 0x1p64);
    static const int8_t small[] = {-128};
    tensor = (struct tensor){.type = TYPE_INT8, .data = small};
    CU_ASSERT(tensor_int(&tensor, 0) == -128 && tensor_double(&tensor, 0) == -128);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("frontend", NULL, NULL);
    CU_add_test(suite, "16-bit floats survive a round trip", halves_survive);
    CU_add_test(suite, "to half: nearest, ties to even", halves_round_to_nearest_even);
    CU_add_test(suite, "shapes broadcast", shapes_broadcast);
    CU_add_test(suite, "sizes do not overflow", sizes_do_not_overflow);
    CU_add_test(suite, "the wire check accepts", wire_accepts);
    CU_add_test(suite, "the wire check refuses", wire_refuses);
    CU_add_test(suite, "nesting is bounded", wire_depth_is_bounded);
    CU_add_test(suite, "noise gets an answer", wire_survives_noise);
    CU_add_test(suite, "sweeping drops the unread", sweep_drops_the_unread);
    CU_add_test(suite, "branches keep what they read", branches_keep_what_they_read);
    CU_add_test(suite, "names become unique", names_become_unique);
    CU_add_test(suite, "attributes are read", attributes_are_read);
    CU_add_test(suite, "constants are read", constants_are_read);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(&arena);
    return failures != 0;
}
