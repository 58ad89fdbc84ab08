/* export.c -- graph -> ModelProto. Nothing is copied but what protobuf-c packs. */
/* SPDX-License-Identifier: MIT */
#include "export.h"

#include "../ir/number.h"
#include "../operators/op.h"
#include "../support/fail.h"
#include "config.h"
#include "frontend/onnx.pb-c.h"

#include <string.h>

/* protobuf-c's structs have fields that are not const, and leaves what they point to alone. */
static char *text_of(const char *string)
{
    return (char *)(uintptr_t)string;
}

static ProtobufCBinaryData bytes_of(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = size};
}

/* ---- tensors ---- */

/* Elements of less than 8 bits, the first one lowest. */
static ProtobufCBinaryData pack(struct arena *arena, const struct tensor *tensor)
{
    const int bits = type_bits(tensor->type), each = 8 / bits;
    const int64_t size = shape_size(tensor->shape);
    uint8_t *bytes = arena_array(arena, (size_t)size + 1, 1);
    for (int64_t i = 0; i < size; i++)
        bytes[i / each] |= (uint8_t)(number_low_bits(tensor_int(tensor, i), bits, false) << i % each * bits);
    return bytes_of(bytes, (size_t)((size + each - 1) / each));
}

static Onnx__TensorProto *write_tensor(struct arena *arena, const struct tensor *tensor, const char *name)
{
    Onnx__TensorProto *proto = arena_alloc(arena, sizeof *proto);
    onnx__tensor_proto__init(proto);
    size_t size = type_size(tensor->type);
    if (!size)
        fail("constant '%s' has type %s, which cannot be written", tensor->name, type_name(tensor->type));
    proto->name = text_of(name);
    proto->n_dims = (size_t)tensor->shape.rank;
    proto->dims = arena_copy(arena, tensor->shape.dim, sizeof tensor->shape.dim);
    proto->has_data_type = proto->has_raw_data = 1;
    proto->data_type = (int32_t)tensor->type;
    if (type_bits(tensor->type) < 8)
        proto->raw_data = pack(arena, tensor);
    else
        proto->raw_data = bytes_of(tensor->data, (size_t)shape_size(tensor->shape) * size);
    return proto;
}

static Onnx__TensorShapeProto *write_shape(struct arena *arena, struct shape shape)
{
    Onnx__TensorShapeProto *proto = arena_alloc(arena, sizeof *proto);
    onnx__tensor_shape_proto__init(proto);
    proto->n_dim = (size_t)shape.rank;
    proto->dim = arena_array(arena, MAX_RANK, sizeof *proto->dim);
    for (int i = 0; i < shape.rank; i++) {
        proto->dim[i] = arena_alloc(arena, sizeof **proto->dim);
        onnx__tensor_shape_proto__dimension__init(proto->dim[i]);
        proto->dim[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        proto->dim[i]->dim_value = shape.dim[i];
    }
    return proto;
}

static Onnx__ValueInfoProto **write_values(struct arena *arena, struct tensor *const *tensor, int count)
{
    Onnx__ValueInfoProto **list = arena_array(arena, (size_t)count + 1, sizeof *list);
    for (int i = 0; i < count; i++) {
        Onnx__TypeProto__Tensor *type = arena_alloc(arena, sizeof *type);
        onnx__type_proto__tensor__init(type);
        type->has_elem_type = 1;
        type->elem_type = (int32_t)tensor[i]->type;
        type->shape = write_shape(arena, tensor[i]->shape);
        list[i] = arena_alloc(arena, sizeof **list);
        onnx__value_info_proto__init(list[i]);
        list[i]->name = text_of(tensor[i]->name);
        list[i]->type = arena_alloc(arena, sizeof *list[i]->type);
        onnx__type_proto__init(list[i]->type);
        list[i]->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
        list[i]->type->tensor_type = type;
    }
    return list;
}

/* ---- nodes ---- */

static Onnx__AttributeProto *write_attribute(struct arena *arena, const struct node *node,
                                             const struct attribute *attribute)
{
    Onnx__AttributeProto *proto = arena_alloc(arena, sizeof *proto);
    size_t count = (size_t)attribute->count;
    onnx__attribute_proto__init(proto);
    proto->name = text_of(attribute->name);
    proto->has_type = 1;
    proto->type = (Onnx__AttributeProto__AttributeType)attribute->kind;
    switch (attribute->kind) {
    case ATTRIBUTE_FLOAT:
        proto->has_f = 1;
        proto->f = attribute->f;
        break;
    case ATTRIBUTE_INT:
        proto->has_i = 1;
        proto->i = attribute->i;
        break;
    case ATTRIBUTE_STRING:
        proto->has_s = 1;
        proto->s = bytes_of(attribute->s, strlen(attribute->s));
        break;
    case ATTRIBUTE_TENSOR:
        proto->t = write_tensor(arena, attribute->tensor, "");
        break;
    case ATTRIBUTE_GRAPH:
        node_fail(node, "--emit-onnx cannot write subgraphs");
    case ATTRIBUTE_TYPE:
        node_fail(node, "--emit-onnx cannot write types");
    case ATTRIBUTE_FLOATS:
        proto->n_floats = count;
        proto->floats = arena_copy(arena, attribute->floats, count * sizeof *attribute->floats);
        break;
    case ATTRIBUTE_INTS:
        proto->n_ints = count;
        proto->ints = arena_copy(arena, attribute->ints, count * sizeof *attribute->ints);
        break;
    case ATTRIBUTE_STRINGS:
        proto->n_strings = count;
        proto->strings = arena_array(arena, count, sizeof *proto->strings);
        for (size_t i = 0; i < count; i++)
            proto->strings[i] = bytes_of(attribute->strings[i], strlen(attribute->strings[i]));
        break;
    }
    return proto;
}

static char **write_names(struct arena *arena, struct tensor *const *tensor, int count, size_t *used)
{
    char **names = arena_array(arena, (size_t)count + 1, sizeof *names);
    while (count && !tensor[count - 1])
        count--;
    for (int i = 0; i < count; i++)
        names[i] = text_of(tensor[i] ? tensor[i]->name : "");
    *used = (size_t)count;
    return names;
}

/* Axes that are an input today were an attribute of Reduce* (but ReduceSum) before opset 18. */
static void write_axes(struct arena *arena, const struct node *node, Onnx__NodeProto *proto)
{
    const struct tensor *axes = node_input(node, 1);
    if (!axes)
        return;
    Onnx__AttributeProto *attribute = arena_alloc(arena, sizeof *attribute);
    onnx__attribute_proto__init(attribute);
    attribute->name = text_of("axes");
    attribute->has_type = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    attribute->n_ints = (size_t)shape_size(axes->shape);
    attribute->ints = arena_array(arena, attribute->n_ints, sizeof *attribute->ints);
    for (size_t i = 0; i < attribute->n_ints; i++)
        attribute->ints[i] = tensor_int(axes, (int64_t)i);
    if (attribute->n_ints) /* none: all of them */
        proto->attribute[proto->n_attribute++] = attribute;
    proto->n_input = 1;
}

static bool has_old_axes(const struct node *node, int opset)
{
    return opset < 18 && !strncmp(node->op_type, "Reduce", 6) && strcmp(node->op_type, "ReduceSum");
}

/* ONNX's word for it; training_mode and the like say nothing new in inference. */
static bool says_nothing(const struct attribute *attribute)
{
    return (!strcmp(attribute->name, "training_mode") || !strcmp(attribute->name, "noop_with_empty_axes") ||
            !strcmp(attribute->name, "allowzero") || !strcmp(attribute->name, "layout")) &&
           attribute->kind == ATTRIBUTE_INT && !attribute->i;
}

/* GridSample's modes have other names since opset 20. */
static struct attribute in_words_of(const struct node *node, struct attribute attribute, int opset)
{
    static const char *const words[][2] = {{"bilinear", "linear"}, {"bicubic", "cubic"}};
    if (strcmp(node->op_type, "GridSample") || strcmp(attribute.name, "mode"))
        return attribute;
    for (int i = 0; i < 2; i++)
        if (!strcmp(attribute.s, words[i][0]) || !strcmp(attribute.s, words[i][1]))
            attribute.s = words[i][opset >= 20];
    return attribute;
}

static Onnx__NodeProto *write_node(struct arena *arena, const struct node *node, int opset)
{
    Onnx__NodeProto *proto = arena_alloc(arena, sizeof *proto);
    onnx__node_proto__init(proto);
    if (*node->domain)
        node_fail(node, "--emit-onnx: a step of mednnc's own (%s), for which ONNX has no operator",
                  node->op_type);
    if (!strcmp(node_string(node, "coordinate_transformation_mode", ""), "tf_half_pixel_for_nn") ||
        !strcmp(node_string(node, "nearest_mode", ""), "simple"))
        node_fail(node, "--emit-onnx: interpolates as opset 10 does, for which newer opsets have no word");
    proto->name = text_of(node->name);
    proto->op_type = text_of(node->op_type);
    proto->input = write_names(arena, node->input, node->input_count, &proto->n_input);
    proto->output = write_names(arena, node->output, node->output_count, &proto->n_output);
    proto->attribute = arena_array(arena, (size_t)node->attribute_count + 2, sizeof *proto->attribute);
    for (int i = 0; i < node->attribute_count; i++)
        if (!says_nothing(&node->attribute[i])) {
            struct attribute attribute = in_words_of(node, node->attribute[i], opset);
            proto->attribute[proto->n_attribute++] = write_attribute(arena, node, &attribute);
        }
    if (has_old_axes(node, opset))
        write_axes(arena, node, proto);
    if (!strcmp(node->op_type, "Split") && opset >= 18 && !node_input(node, 1) &&
        !node_attribute(node, "num_outputs"))
        proto->attribute[proto->n_attribute++] = write_attribute(
            arena, node,
            &(struct attribute){.name = "num_outputs", .kind = ATTRIBUTE_INT, .i = node->output_count});
    return proto;
}

/* ---- the model ---- */

/* Constants that nodes or outputs name; axes that became attributes are not among them. */
static void write_constants(struct graph *graph, Onnx__GraphProto *proto)
{
    struct name_map named = {0};
    for (size_t n = 0; n < proto->n_node; n++)
        for (size_t i = 0; i < proto->node[n]->n_input; i++)
            name_add(graph->arena, &named, proto->node[n]->input[i]);
    for (int i = 0; i < graph->output_count; i++)
        name_add(graph->arena, &named, graph->output[i]->name);
    proto->initializer = arena_array(graph->arena, (size_t)graph->tensor_count, sizeof *proto->initializer);
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]) && name_find(&named, graph->tensor[t]->name))
            proto->initializer[proto->n_initializer++] =
                write_tensor(graph->arena, graph->tensor[t], graph->tensor[t]->name);
}

/* The IR version that came with the opset. */
static int64_t ir_version(int opset)
{
    return opset < 15 ? 7 : opset < 19 ? 8 : opset < 21 ? 9 : opset < 23 ? 10 : opset < 25 ? 11 : 12;
}

static Onnx__GraphProto *write_graph(struct graph *graph, int opset)
{
    Onnx__GraphProto *proto = arena_alloc(graph->arena, sizeof *proto);
    onnx__graph_proto__init(proto);
    proto->name = text_of(*graph->name ? graph->name : "graph");
    proto->node = arena_array(graph->arena, (size_t)graph->node_count, sizeof *proto->node);
    for (int n = 0; n < graph->node_count; n++)
        proto->node[proto->n_node++] = write_node(graph->arena, graph->node[n], opset);
    proto->n_input = (size_t)graph->input_count;
    proto->input = write_values(graph->arena, graph->input, graph->input_count);
    proto->n_output = (size_t)graph->output_count;
    proto->output = write_values(graph->arena, graph->output, graph->output_count);
    write_constants(graph, proto);
    return proto;
}

struct export_bytes export_model(struct graph *graph)
{
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto import, *imports[] = {&import};
    int opset = 13;
    for (int n = 0; n < graph->node_count; n++)
        if (!*graph->node[n]->domain && export_opset(graph->node[n]) > opset)
            opset = export_opset(graph->node[n]);
    onnx__operator_set_id_proto__init(&import);
    import.domain = text_of("");
    import.has_version = 1;
    import.version = opset;
    onnx__model_proto__init(&model);
    model.has_ir_version = 1;
    model.ir_version = ir_version(opset);
    model.producer_name = text_of("mednnc");
    model.producer_version = text_of(PACKAGE_VERSION);
    model.n_opset_import = 1;
    model.opset_import = imports;
    model.graph = write_graph(graph, opset);
    size_t size = onnx__model_proto__get_packed_size(&model);
    if (size > INT32_MAX)
        fail("--emit-onnx: the model has %zu bytes; files beyond 2 GiB need external data, which is not "
             "written",
             size);
    uint8_t *bytes = arena_alloc(graph->arena, size);
    onnx__model_proto__pack(&model, bytes);
    return (struct export_bytes){bytes, size};
}
