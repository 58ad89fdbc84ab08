/* node_cases.c -- small graphs of one node, at least one for every operator. */
/* SPDX-License-Identifier: MIT */
#include "node_cases.h"

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
    "Tanh 1x20x3x3",
    "ThresholdedRelu 2x3x4 alpha=0.5",
    /* binary.c */
    "Add 1x20x5x6 1x20x5x6",
    "Add 1x20x5x6 =20x1x1",
    "Add 1x20x5x6 #0.5",
    "Add 2x1x4 3x1",
    "Add int64:4 int64:1",
    "And bool:3x1 bool:1x4",
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
    "Mul 1x20x5x6 1x20x1x1",
    "Mul 1x20x5x6 1x20x5x6",
    "Or bool:3x1 bool:1x4",
    "PRelu 1x20x3x4 =20x1x1",
    "Pow 2x3 #2.0",
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
    /* pool.c */
    "AveragePool 1x20x9x8 kernel_shape=[3,2] pads=[1,0,1,1] strides=[2,2]",
    "AveragePool 1x20x9x8 kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1",
    "AveragePool 1x3x9x8 kernel_shape=[3,3] strides=[2,2] ceil_mode=1 pads=[1,1,1,1] count_include_pad=1",
    "AveragePool 1x3x9x8 kernel_shape=[2,2] dilations=[2,3]",
    "AveragePool 1x3x9 kernel_shape=[4] auto_pad=SAME_LOWER strides=[2]",
    "GlobalAveragePool 2x20x5x7",
    "GlobalMaxPool 2x20x5x7",
    "MaxPool 1x20x9x8 kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]",
    "MaxPool 1x20x8x8 kernel_shape=[2,2] strides=[2,2]",
    "MaxPool 1x3x9x8 kernel_shape=[3,3] strides=[2,2] ceil_mode=1",
    "MaxPool 1x3x9x8 kernel_shape=[2,2] dilations=[2,3]",
    "MaxPool /2 1x3x7x8 kernel_shape=[3,2] strides=[2,2]",
    "MaxPool uint8:1x3x7x8 kernel_shape=[3,2]",
    "MaxPool 1x3x9 kernel_shape=[4] auto_pad=SAME_UPPER strides=[2]",
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
    "ReduceSumSquare 2x3x4 @1",
    /* data movement */
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
    "Pad 1x3x4x5 @0,1,1,2,0,0,2,1",
    "Pad 1x3x4x5 @0,0,1,2,0,1,-1,0 #1.5",
    "Pad 2x5x6 @0,2,3,0,4,1 mode=reflect",
    "Pad 2x5x6 @0,2,3,1,4,1 mode=edge",
    "Pad 2x5x6 @0,2,-3,0,4,1 mode=wrap",
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
    /* reshape.c */
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
    /* cast.c range.c shape_of.c */
    "Cast 2x3 to=7",
    "Cast 2x3 to=10",
    "Cast 2x3 to=11",
    "Cast int64:2x3 to=1",
    "Cast bool:2x3 to=1",
    "ConstantOfShape @2,3",
    "Range #1.0 #9.5 #1.5",
    "Shape 2x3x4 start=1",
    "Size 2x3x4",
};

int node_case_count(void)
{
    return sizeof cases / sizeof *cases;
}

const char *node_case_line(int index)
{
    return cases[index];
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
        case TYPE_INT64:
            ((int64_t *)(void *)data)[i] = integer;
            break;
        case TYPE_INT32:
            ((int32_t *)(void *)data)[i] = (int32_t)integer;
            break;
        case TYPE_BOOL:
            data[i] = integer & 1;
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

static int read_list(const char *at, char separator, int64_t values[MAX_RANK])
{
    int count = 0;
    while (count < MAX_RANK) {
        values[count++] = read_number(&at);
        if (*at != separator)
            break;
        at++;
    }
    return count;
}

static enum type read_type(const char **at)
{
    static const enum type types[] = {TYPE_INT8, TYPE_UINT8, TYPE_INT32, TYPE_INT64, TYPE_BOOL};
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

static struct tensor *read_input(struct graph *graph, const char *word, uint64_t seed)
{
    int64_t values[MAX_RANK];
    const char *name = arena_printf(graph->arena, "x%d%s", graph->input_count, strchr(word, '+') ? "+" : "");
    if (*word == '-')
        return NULL;
    if (*word == '%')
        return find_tensor(graph, word);
    if (*word == '@') {
        int64_t count = read_list(word + 1, ',', values);
        return graph_constant(graph, "list", TYPE_INT64, shape_of(1, &count),
                              arena_copy(graph->arena, values, sizeof values));
    }
    if (*word == '#') {
        float value = strtof(word + 1, NULL);
        return graph_constant(graph, "scalar", TYPE_FLOAT, (struct shape){0},
                              arena_copy(graph->arena, &value, sizeof value));
    }
    bool constant = *word == '=';
    word += constant;
    enum type type = read_type(&word);
    struct shape shape = {0};
    if (strcmp(word, "scalar"))
        shape.rank = read_list(word, 'x', shape.dim);
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
        attribute.count = read_list(value + 1, ',', values);
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
    return graph_from_text(arena, cases[index], (uint64_t)index * 100);
}
