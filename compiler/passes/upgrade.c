/* upgrade.c -- older opsets in the words of the newest. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/settle.h"
#include "../support/fail.h"
#include "passes.h"

#include <inttypes.h>
#include <string.h>

/* Put `tensor` in place of input i, with absent inputs before it. */
static void set_input(struct graph *graph, struct node *node, int i, struct tensor *tensor)
{
    while (node->input_count <= i)
        node_add_input(graph, node, NULL);
    node->input[i] = tensor;
}

/* Attribute `name`, a list of integers, becomes input i. */
static void ints_to_input(struct graph *graph, struct node *node, const char *name, int i)
{
    const struct attribute *attribute = node_attribute(node, name);
    node_ints(node, name, 0, 0); /* checks the kind */
    if (!attribute)
        return;
    int64_t count = attribute->count;
    const void *data = arena_copy(graph->arena, attribute->ints, (size_t)count * sizeof *attribute->ints);
    struct shape shape = {.rank = 1, .dim = {count}};
    set_input(graph, node, i,
              graph_constant(graph, arena_printf(graph->arena, "%s.%s", node->name, name), TYPE_INT64, shape,
                             data));
    node_remove_attribute(node, name);
}

static void float_to_input(struct graph *graph, struct node *node, const char *name, int i)
{
    if (!node_attribute(node, name))
        return;
    float value = node_float(node, name, 0);
    set_input(graph, node, i,
              graph_constant(graph, arena_printf(graph->arena, "%s.%s", node->name, name), TYPE_FLOAT,
                             (struct shape){0}, arena_copy(graph->arena, &value, sizeof value)));
    node_remove_attribute(node, name);
}

static void floats_to_input(struct graph *graph, struct node *node, const char *name, int i)
{
    const struct attribute *attribute = node_attribute(node, name);
    if (!attribute)
        return;
    if (attribute->kind != ATTRIBUTE_FLOATS)
        node_fail(node, "attribute %s is no list of floats", name);
    const void *data =
        arena_copy(graph->arena, attribute->floats, (size_t)attribute->count * sizeof *attribute->floats);
    set_input(graph, node, i,
              graph_constant(graph, arena_printf(graph->arena, "%s.%s", node->name, name), TYPE_FLOAT,
                             shape_of(1, &attribute->count), data));
    node_remove_attribute(node, name);
}

static void set_word(struct graph *graph, struct node *node, const char *name, const char *word)
{
    node_set_attribute(graph, node, (struct attribute){.name = name, .kind = ATTRIBUTE_STRING, .s = word});
}

/* ---- one function per change of meaning ---- */

static void upgrade_axes(struct graph *graph, int at)
{
    ints_to_input(graph, graph->node[at], "axes", 1);
}

static void upgrade_slice(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    ints_to_input(graph, node, "starts", 1);
    ints_to_input(graph, node, "ends", 2);
    ints_to_input(graph, node, "axes", 3);
}

static void upgrade_pad(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    ints_to_input(graph, node, node_attribute(node, "paddings") ? "paddings" : "pads", 1);
    float_to_input(graph, node, "value", 2);
}

static void upgrade_clip(struct graph *graph, int at)
{
    float_to_input(graph, graph->node[at], "min", 1);
    float_to_input(graph, graph->node[at], "max", 2);
}

static void upgrade_split(struct graph *graph, int at)
{
    ints_to_input(graph, graph->node[at], "split", 1);
}

static void upgrade_reshape(struct graph *graph, int at)
{
    ints_to_input(graph, graph->node[at], "shape", 1);
}

static void upgrade_concat(struct graph *graph, int at)
{
    if (!node_attribute(graph->node[at], "axis"))
        set_int(graph, graph->node[at], "axis", 1);
}

static void upgrade_dropout(struct graph *graph, int at)
{
    (void)graph;
    node_remove_attribute(graph->node[at], "ratio");
    node_remove_attribute(graph->node[at], "is_test");
}

static void upgrade_batch_normalization(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    if (!node_int(node, "spatial", 1))
        node_fail(node, "spatial is 0; mednnc normalises per channel only");
    node_remove_attribute(node, "spatial");
    node_remove_attribute(node, "is_test");
}

/* A node before the one at *at, whose place moves; its output is new. */
static struct node *put_before(struct graph *graph, int *at, const char *op_type, struct tensor *a, struct tensor *b)
{
    const char *name = arena_printf(graph->arena, "%s.%s", graph->node[*at]->name, op_type);
    struct node *node = graph_node(graph, *at, name, op_type, b ? 2 : 1, 1);
    node->input[0] = a;
    if (b)
        node->input[1] = b;
    node->output[0] = graph_tensor(graph, name);
    ++*at;
    return node;
}

static struct tensor *integer_constant(struct graph *graph, int rank, int64_t value)
{
    return graph_constant(graph, "integer", TYPE_INT64, (struct shape){.rank = rank, .dim = {1}},
                          arena_copy(graph->arena, &value, sizeof value));
}

/* Axis 0 of input 1 belongs to axis `axis` of input 0: input 1 gets axes of size 1 behind its own, as many as are
 * missing. Ranks may be known only later. */
static void align_second_input(struct graph *graph, int at, int64_t axis)
{
    struct tensor *x = graph->node[at]->input[0], *y = graph->node[at]->input[1];
    struct tensor *rank = put_before(graph, &at, "Size", put_before(graph, &at, "Shape", x, NULL)->output[0], NULL)->output[0];
    struct tensor *own = put_before(graph, &at, "Shape", y, NULL)->output[0];
    struct tensor *behind = put_before(graph, &at, "Sub", rank, integer_constant(graph, 0, axis))->output[0];
    behind = put_before(graph, &at, "Sub", behind, put_before(graph, &at, "Size", own, NULL)->output[0])->output[0];
    behind = put_before(graph, &at, "Reshape", behind, integer_constant(graph, 1, 1))->output[0];
    struct node *ones = put_before(graph, &at, "ConstantOfShape", behind, NULL);
    node_set_attribute(graph, ones, (struct attribute){.name = "value",
                                                       .kind = ATTRIBUTE_TENSOR,
                                                       .tensor = integer_constant(graph, 1, 1)});
    struct node *shape = put_before(graph, &at, "Concat", own, ones->output[0]);
    set_int(graph, shape, "axis", 0);
    graph->node[at]->input[1] = put_before(graph, &at, "Reshape", y, shape->output[0])->output[0];
}

static void upgrade_broadcast(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    const int64_t axis = node_int(node, "axis", -1);
    node_remove_attribute(node, "axis");
    node_remove_attribute(node, "broadcast");
    if (axis >= 0 && node_input(node, 0) && node_input(node, 1))
        align_second_input(graph, at, axis);
}

/* Before, a slope of C elements belonged to the channels. */
static void upgrade_prelu(struct graph *graph, int at)
{
    const struct tensor *slope = node_input(graph->node[at], 1);
    if (!slope || !node_input(graph->node[at], 0))
        return;
    if (!slope->shaped)
        node_fail(graph->node[at], "a computed slope before opset 7 is not supported; convert the model to opset 7");
    if (slope->shape.rank == 1 && slope->shape.dim[0] > 1)
        align_second_input(graph, at, 1);
}

/* Before 13 everything from `axis` on is one axis: flatten, Softmax over the columns, and back to the shape
 * of x. */
static void upgrade_softmax(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    int64_t axis = node_int(node, "axis", 1);
    set_int(graph, node, "axis", -1);
    if (axis == -1 || node->input_count < 1 || !node->input[0] || node->output_count < 1)
        return;
    struct node *flatten =
        graph_node(graph, at, arena_printf(graph->arena, "%s.flatten", node->name), "Flatten", 1, 1);
    struct node *shape =
        graph_node(graph, at + 1, arena_printf(graph->arena, "%s.shape", node->name), "Shape", 1, 1);
    struct node *back =
        graph_node(graph, at + 3, arena_printf(graph->arena, "%s.back", node->name), "Reshape", 2, 1);
    set_int(graph, flatten, "axis", axis);
    set_int(graph, back, "allowzero", 1);
    flatten->input[0] = shape->input[0] = node->input[0];
    node->input[0] = flatten->output[0] = graph_tensor(graph, flatten->name);
    back->output[0] = node->output[0];
    back->input[0] = node->output[0] = graph_tensor(graph, arena_printf(graph->arena, "%s.rows", node->name));
    back->input[1] = shape->output[0] = graph_tensor(graph, shape->name);
}

/* Scales were input 1, and coordinates x / scale. */
static void upgrade_resize(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    struct tensor *scales = node_input(node, 1);
    set_input(graph, node, 1, NULL);
    set_input(graph, node, 2, scales);
    set_word(graph, node, "coordinate_transformation_mode", "asymmetric");
    set_word(graph, node, "nearest_mode", "simple");
}

static void upgrade_upsample(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    node->op_type = "Resize";
    floats_to_input(graph, node, "scales", 1);
    if (!strcmp(node_string(node, "mode", "nearest"), "bilinear"))
        set_word(graph, node, "mode", "linear");
    upgrade_resize(graph, at);
}

static void upgrade_top(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    const int64_t k = node_int(node, "k", 0);
    set_input(graph, node, 1,
              graph_constant(graph, arena_printf(graph->arena, "%s.k", node->name), TYPE_INT64,
                             (struct shape){.rank = 1, .dim = {1}}, arena_copy(graph->arena, &k, sizeof k)));
    node_remove_attribute(node, "k");
}

/* Another name for it, given up in 11. */
static void upgrade_scatter(struct graph *graph, int at)
{
    graph->node[at]->op_type = "ScatterElements";
}

/* Scale and bias had an element per group. */
static void upgrade_group_normalization(struct graph *graph, int at)
{
    set_int(graph, graph->node[at], "scale_per_group", 1);
}

static void upgrade_roi_align(struct graph *graph, int at)
{
    set_word(graph, graph->node[at], "coordinate_transformation_mode", "output_half_pixel");
}

/* The axis was an attribute, 1 by default. */
static void upgrade_dft(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    const int64_t axis = node_int(node, "axis", 1);
    set_input(graph, node, 2,
              graph_constant(graph, arena_printf(graph->arena, "%s.axis", node->name), TYPE_INT64,
                             (struct shape){0}, arena_copy(graph->arena, &axis, sizeof axis)));
    node_remove_attribute(node, "axis");
}

/* Every state and input had a batch in front, and sequence_lens came first. */
static void upgrade_scan(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    const struct attribute *directions = node_attribute(node, "directions");
    set_int(graph, node, "batched", 1);
    if (directions) {
        struct attribute renamed = *directions;
        renamed.name = "scan_input_directions";
        node_set_attribute(graph, node, renamed);
        node_remove_attribute(node, "directions");
    }
}

/* For a model of an opset below `before`. */
static const struct change {
    const char *type;
    int before;
    void (*apply)(struct graph *graph, int at);
} changes[] = {
    {"Concat", 4, upgrade_concat},
    {"Reshape", 5, upgrade_reshape},
    {"Add", 7, upgrade_broadcast},
    {"Sub", 7, upgrade_broadcast},
    {"Mul", 7, upgrade_broadcast},
    {"Div", 7, upgrade_broadcast},
    {"Pow", 7, upgrade_broadcast},
    {"And", 7, upgrade_broadcast},
    {"Or", 7, upgrade_broadcast},
    {"Xor", 7, upgrade_broadcast},
    {"Equal", 7, upgrade_broadcast},
    {"Less", 7, upgrade_broadcast},
    {"Greater", 7, upgrade_broadcast},
    {"Gemm", 7, upgrade_broadcast},
    {"PRelu", 7, upgrade_prelu},
    {"Scan", 9, upgrade_scan},
    {"Slice", 10, upgrade_slice},
    {"Resize", 11, upgrade_resize},
    {"Upsample", 10, upgrade_upsample},
    {"Clip", 11, upgrade_clip},
    {"Pad", 11, upgrade_pad},
    {"Dropout", 12, upgrade_dropout},
    {"Hardmax", 13, upgrade_softmax},
    {"LogSoftmax", 13, upgrade_softmax},
    {"Softmax", 13, upgrade_softmax},
    {"Split", 13, upgrade_split},
    {"Squeeze", 13, upgrade_axes},
    {"Unsqueeze", 13, upgrade_axes},
    {"ReduceSum", 13, upgrade_axes},
    {"BatchNormalization", 14, upgrade_batch_normalization},
    {"Scatter", NEWEST_OPSET + 1, upgrade_scatter},
    {"TopK", 10, upgrade_top},
    {"RoiAlign", 16, upgrade_roi_align},
    {"DFT", 20, upgrade_dft},
    {"GroupNormalization", 21, upgrade_group_normalization},
    {"ReduceL1", 18, upgrade_axes},
    {"ReduceL2", 18, upgrade_axes},
    {"ReduceLogSum", 18, upgrade_axes},
    {"ReduceLogSumExp", 18, upgrade_axes},
    {"ReduceMax", 18, upgrade_axes},
    {"ReduceMean", 18, upgrade_axes},
    {"ReduceMin", 18, upgrade_axes},
    {"ReduceProd", 18, upgrade_axes},
    {"ReduceSumSquare", 18, upgrade_axes},
};

static void upgrade_node(struct graph *graph, int at)
{
    struct node *node = graph->node[at];
    if (graph->opset < 6)
        node_remove_attribute(node, "consumed_inputs");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (graph->opset < changes[i].before && !strcmp(node->op_type, changes[i].type)) {
            changes[i].apply(graph, at);
            return;
        }
}

/* Outputs that nobody reads are as good as absent; the first stands for the node and is always there. */
static void drop_unused_outputs(struct graph *graph, struct node *node)
{
    if (!strcmp(node->op_type, "TopK")) /* the kernel sorts in the second */
        return;
    if (node->output_count > 1 && !node->output[0])
        node->output[0] = graph_tensor(graph, node->name);
    for (int k = 1; k < node->output_count; k++)
        if (node->output[k] && !node->output[k]->uses)
            node->output[k] = NULL;
    while (node->output_count > 1 && !node->output[node->output_count - 1] && strcmp(node->op_type, "Split"))
        node->output_count--;
}

static void find_op(const struct graph *graph, struct node *node)
{
    node->op = op_find(node->domain, node->op_type, NEWEST_OPSET);
    if (node->op)
        return;
    if (!strcmp(node->domain, "com.microsoft"))
        fail("node '%s': operator %s (domain 'com.microsoft') is ONNX Runtime's own and not supported; export the model without "
             "ONNX Runtime's optimisations", node->name, node->op_type);
    if (*node->domain)
        fail("node '%s': operator %s (domain '%s') is not supported; mednnc --list-operators lists what is",
             node->name, node->op_type, node->domain);
    fail("node '%s': operator %s (opset %d) is not supported; mednnc --list-operators lists what is",
         node->name, node->op_type, graph->opset);
}

static void upgrade_graph(struct graph *graph)
{
    int count = graph->node_count;
    for (int n = 0; n < count; n++)
        drop_unused_outputs(graph, graph->node[n]);
    for (int n = 0; n < graph->node_count; n += 1 + graph->node_count - count) {
        struct node *node = graph->node[n];
        count = graph->node_count;
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].graph)
                upgrade_graph(node->attribute[a].graph);
        if (!*node->domain)
            upgrade_node(graph, n);
    }
    for (int n = 0; n < graph->node_count; n++)
        find_op(graph, graph->node[n]);
    graph->opset = NEWEST_OPSET;
}

/* Inputs that nothing reads, or only CastLike for a type. Asked before anything is folded: what reads a shape is still there. */
static void find_inputs_of_only_type(struct graph *graph)
{
    int *readers = arena_array(graph->arena, (size_t)graph->tensor_count, sizeof *readers);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        if (!*node->domain && !strcmp(node->op_type, "CastLike") && node->input_count == 2 && node->input[1])
            readers[node->input[1]->id]++;
    }
    for (int i = 0; i < graph->input_count; i++)
        graph->input[i]->is_only_type = graph->input[i]->uses == readers[graph->input[i]->id];
}

void upgrade(struct graph *graph)
{
    graph_sweep(graph);
    find_inputs_of_only_type(graph);
    if (graph->opset > NEWEST_OPSET)
        note("the model has opset %d; operators are read as of opset %d", graph->opset, NEWEST_OPSET);
    upgrade_graph(graph);
    graph_index(graph);
}
