/* test_import.c -- models written with protobuf-c, read back as graphs: values, names, scopes, order, shapes.
 */
/* SPDX-License-Identifier: MIT */
#include "frontend/import.h"
#include "frontend/onnx.pb-c.h"
#include "ir/graph_print.h"
#include "support/fail.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

/* ---- writing ---- */

static Onnx__TensorProto *tensor(const char *name, enum type type, size_t rank, int64_t dim)
{
    Onnx__TensorProto *tensor = arena_alloc(&arena, sizeof *tensor);
    onnx__tensor_proto__init(tensor);
    tensor->name = arena_string(&arena, name);
    tensor->has_data_type = 1;
    tensor->data_type = (int32_t)type;
    tensor->n_dims = rank;
    tensor->dims = arena_copy(&arena, &dim, sizeof dim);
    return tensor;
}

static Onnx__TensorProto *raw(const char *name, enum type type, int64_t dim, const void *bytes)
{
    Onnx__TensorProto *made = tensor(name, type, 1, dim);
    made->has_raw_data = 1;
    made->raw_data.len = (size_t)dim * type_size(type);
    made->raw_data.data = arena_copy(&arena, bytes, made->raw_data.len);
    return made;
}

static Onnx__TensorProto *narrow(const char *name, enum type type, int32_t a, int32_t b)
{
    Onnx__TensorProto *made = tensor(name, type, 1, 2);
    made->n_int32_data = 2;
    made->int32_data = arena_copy(&arena, (int32_t[]){a, b}, 2 * sizeof a);
    return made;
}

static char **strings(size_t *count, const char *list)
{
    char **result = arena_array(&arena, 8, sizeof *result), *copy = arena_string(&arena, list);
    for (*count = 0; copy && *count < 8; ++*count) {
        result[*count] = copy;
        copy = strchr(copy, ' ');
        if (copy)
            *copy++ = 0;
    }
    return result;
}

/* Names are separated by single spaces; two spaces make an empty name. */
static Onnx__NodeProto *node(const char *op, const char *inputs, const char *outputs)
{
    Onnx__NodeProto *node = arena_alloc(&arena, sizeof *node);
    onnx__node_proto__init(node);
    node->op_type = arena_string(&arena, op);
    if (*inputs)
        node->input = strings(&node->n_input, inputs);
    node->output = strings(&node->n_output, outputs);
    return node;
}

static Onnx__AttributeProto *attribute(Onnx__NodeProto *node, const char *name, int type)
{
    Onnx__AttributeProto *made = arena_alloc(&arena, sizeof *made);
    onnx__attribute_proto__init(made);
    made->name = arena_string(&arena, name);
    made->has_type = 1;
    made->type = (Onnx__AttributeProto__AttributeType)type;
    if (!node->attribute)
        node->attribute = arena_array(&arena, 4, sizeof *node->attribute);
    node->attribute[node->n_attribute++] = made;
    return made;
}

/* A value of floats; dimensions: numbers or names, separated by spaces; NULL: no type. */
static Onnx__ValueInfoProto *value(const char *name, const char *dims)
{
    Onnx__ValueInfoProto *made = arena_alloc(&arena, sizeof *made);
    onnx__value_info_proto__init(made);
    made->name = arena_string(&arena, name);
    if (!dims)
        return made;
    made->type = arena_alloc(&arena, sizeof *made->type);
    onnx__type_proto__init(made->type);
    made->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    Onnx__TypeProto__Tensor *type = made->type->tensor_type = arena_alloc(&arena, sizeof *type);
    onnx__type_proto__tensor__init(type);
    type->has_elem_type = 1;
    type->elem_type = TYPE_FLOAT;
    type->shape = arena_alloc(&arena, sizeof *type->shape);
    onnx__tensor_shape_proto__init(type->shape);
    char **dim = strings(&type->shape->n_dim, dims);
    type->shape->dim = arena_array(&arena, 8, sizeof *type->shape->dim);
    for (size_t i = 0; i < type->shape->n_dim; i++) {
        Onnx__TensorShapeProto__Dimension *to = type->shape->dim[i] = arena_alloc(&arena, sizeof *to);
        onnx__tensor_shape_proto__dimension__init(to);
        char *end;
        to->dim_value = strtoll(dim[i], &end, 10);
        to->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (*end) {
            to->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            to->dim_param = dim[i];
        }
    }
    return made;
}

static Onnx__GraphProto *new_graph(void)
{
    Onnx__GraphProto *graph = arena_alloc(&arena, sizeof *graph);
    onnx__graph_proto__init(graph);
    graph->node = arena_array(&arena, 16, sizeof *graph->node);
    graph->initializer = arena_array(&arena, 32, sizeof *graph->initializer);
    graph->input = arena_array(&arena, 8, sizeof *graph->input);
    graph->output = arena_array(&arena, 8, sizeof *graph->output);
    return graph;
}

#define ADD(graph, field, item) ((graph)->field[(graph)->n_##field++] = (item))

/* ---- reading back ---- */

static char *model_path, *data_path;
static struct model_facts facts;
static struct import_options options;

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    CU_ASSERT_FATAL(file && fwrite(bytes, 1, size, file) == size && !fclose(file));
}

struct reading {
    struct graph *graph;
};

static void read_back(void *data)
{
    struct reading *reading = data;
    reading->graph = import_model(&arena, model_path, &options);
}

static struct graph *import(Onnx__GraphProto *graph, int64_t ir_version)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *imports[] = {&opset};
    model.has_ir_version = 1;
    model.ir_version = ir_version;
    model.graph = graph;
    opset.has_version = 1;
    opset.version = 13;
    model.n_opset_import = ir_version >= 3;
    model.opset_import = imports;
    size_t size = onnx__model_proto__get_packed_size(&model);
    uint8_t *bytes = arena_alloc(&arena, size);
    onnx__model_proto__pack(&model, bytes);
    write_file(model_path, bytes, size);
    struct reading reading = {NULL};
    CU_ASSERT_FATAL(fail_catch(read_back, &reading) == STATUS_OK);
    graph_verify(reading.graph);
    return reading.graph;
}

static struct tensor *find(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->tensor_count; i++)
        if (!strcmp(graph->tensor[i]->name, name))
            return graph->tensor[i];
    return NULL;
}

/* Two elements of the type and with these values. */
static void expect(const struct graph *graph, const char *name, enum type type, double a, double b)
{
    const struct tensor *found = find(graph, name);
    CU_ASSERT_FATAL(found != NULL);
    CU_ASSERT(found->type == type && found->data && shape_size(found->shape) == 2);
    CU_ASSERT(tensor_double(found, 0) == a && tensor_double(found, 1) == b);
    if (tensor_double(found, 0) != a || tensor_double(found, 1) != b)
        printf("\n  %s: %g %g", name, tensor_double(found, 0), tensor_double(found, 1));
}

static Onnx__GraphProto *relu_graph(const char *dims)
{
    Onnx__GraphProto *graph = new_graph();
    ADD(graph, input, value("x", dims));
    ADD(graph, output, value("y", NULL));
    ADD(graph, node, node("Relu", "x", "y"));
    return graph;
}

static void elements_of_every_type(void)
{
    Onnx__GraphProto *graph = relu_graph("2");
    ADD(graph, initializer, narrow("bool", TYPE_BOOL, 0, 1));
    ADD(graph, initializer, narrow("int8", TYPE_INT8, -128, 127));
    ADD(graph, initializer, narrow("uint8", TYPE_UINT8, 0, 255));
    ADD(graph, initializer, narrow("int16", TYPE_INT16, -32768, 32767));
    ADD(graph, initializer, narrow("uint16", TYPE_UINT16, 0, 65535));
    ADD(graph, initializer, narrow("int32", TYPE_INT32, INT32_MIN, INT32_MAX));
    ADD(graph, initializer, narrow("half", TYPE_FLOAT16, 0x3c00, 0xc400));
    ADD(graph, initializer, narrow("bfloat", TYPE_BFLOAT16, 0x3f80, 0xc080));
    Onnx__TensorProto *made = ADD(graph, initializer, tensor("float", TYPE_FLOAT, 1, 2));
    made->n_float_data = 2, made->float_data = (float[]){0.5f, -4};
    made = ADD(graph, initializer, tensor("double", TYPE_DOUBLE, 1, 2));
    made->n_double_data = 2, made->double_data = (double[]){0.1, -4};
    made = ADD(graph, initializer, tensor("int64", TYPE_INT64, 1, 2));
    made->n_int64_data = 2, made->int64_data = (int64_t[]){-5, (int64_t)1 << 40};
    made = ADD(graph, initializer, tensor("uint64", TYPE_UINT64, 1, 2));
    made->n_uint64_data = 2, made->uint64_data = (uint64_t[]){5, UINT64_MAX};
    made = ADD(graph, initializer, tensor("uint32", TYPE_UINT32, 1, 2));
    made->n_uint64_data = 2, made->uint64_data = (uint64_t[]){5, UINT32_MAX};
    made = ADD(graph, initializer, tensor("int4", TYPE_INT4, 1, 2));
    made->n_int32_data = 1, made->int32_data = (int32_t[]){0x79};
    made = ADD(graph, initializer, tensor("raw_uint4", TYPE_UINT4, 1, 2));
    made->has_raw_data = 1, made->raw_data = (ProtobufCBinaryData){1, (uint8_t[]){0x79}};
    made = ADD(graph, initializer, tensor("raw_int2", TYPE_INT2, 1, 2));
    made->has_raw_data = 1, made->raw_data = (ProtobufCBinaryData){1, (uint8_t[]){0x06}};
    made = ADD(graph, initializer, tensor("raw_uint2", TYPE_UINT2, 1, 5));
    made->has_raw_data = 1, made->raw_data = (ProtobufCBinaryData){2, (uint8_t[]){0xe4, 0x02}};
    ADD(graph, initializer, raw("raw_int64", TYPE_INT64, 2, (int64_t[]){-1, 7}));
    ADD(graph, initializer, raw("raw_half", TYPE_FLOAT16, 2, (uint16_t[]){0x3c00, 0xc400}));
    ADD(graph, initializer, raw("raw_float", TYPE_FLOAT, 2, (float[]){0.5f, -4}));
    ADD(graph, initializer, raw("raw_int8", TYPE_INT8, 2, (int8_t[]){-1, 7}));
    ADD(graph, initializer, raw("raw_empty", TYPE_FLOAT, 0, ""));
    struct graph *read = import(graph, 8);
    expect(read, "bool", TYPE_BOOL, 0, 1);
    expect(read, "int8", TYPE_INT8, -128, 127);
    expect(read, "uint8", TYPE_UINT8, 0, 255);
    expect(read, "int16", TYPE_INT16, -32768, 32767);
    expect(read, "uint16", TYPE_UINT16, 0, 65535);
    expect(read, "int32", TYPE_INT32, INT32_MIN, INT32_MAX);
    expect(read, "half", TYPE_FLOAT16, 1, -4);
    expect(read, "bfloat", TYPE_BFLOAT16, 1, -4);
    expect(read, "float", TYPE_FLOAT, 0.5, -4);
    expect(read, "double", TYPE_DOUBLE, 0.1, -4);
    expect(read, "int64", TYPE_INT64, -5, 0x1p40);
    expect(read, "uint64", TYPE_UINT64, 5, 0x1p64);
    expect(read, "uint32", TYPE_UINT32, 5, 4294967295.0);
    expect(read, "int4", TYPE_INT4, -7, 7);
    expect(read, "raw_uint4", TYPE_UINT4, 9, 7);
    expect(read, "raw_int2", TYPE_INT2, -2, 1);
    const struct tensor *five = find(read, "raw_uint2");
    for (int i = 0; i < 5; i++)
        CU_ASSERT(five->type == TYPE_UINT2 && tensor_int(five, i) == (i < 4 ? i : 2));
    expect(read, "raw_int64", TYPE_INT64, -1, 7);
    expect(read, "raw_half", TYPE_FLOAT16, 1, -4);
    expect(read, "raw_float", TYPE_FLOAT, 0.5, -4);
    expect(read, "raw_int8", TYPE_INT8, -1, 7);
    CU_ASSERT(find(read, "raw_empty")->data && shape_size(find(read, "raw_empty")->shape) == 0);
}

static void constants_in_all_forms(void)
{
    Onnx__GraphProto *graph = relu_graph("2");
    attribute(ADD(graph, node, node("Constant", "", "f")), "value_float", 1)->f = 0.5f;
    graph->node[1]->attribute[0]->has_f = 1;
    Onnx__AttributeProto *made = attribute(ADD(graph, node, node("Constant", "", "fs")), "value_floats", 6);
    made->n_floats = 2, made->floats = (float[]){1, 2};
    attribute(ADD(graph, node, node("Constant", "", "i")), "value_int", 2); /* 0, left out as proto3 does */
    made = attribute(ADD(graph, node, node("Constant", "", "is")), "value_ints", 7);
    made->n_ints = 2, made->ints = (int64_t[]){-3, 4};
    attribute(ADD(graph, node, node("Constant", "", "t")), "value", 4)->t = narrow("", TYPE_INT8, 5, -6);
    struct graph *read = import(graph, 8);
    CU_ASSERT(read->node_count == 1);
    CU_ASSERT(find(read, "f")->type == TYPE_FLOAT && !find(read, "f")->shape.rank &&
              tensor_double(find(read, "f"), 0) == 0.5);
    CU_ASSERT(find(read, "i")->type == TYPE_INT64 && !find(read, "i")->shape.rank &&
              tensor_int(find(read, "i"), 0) == 0);
    expect(read, "fs", TYPE_FLOAT, 1, 2);
    expect(read, "is", TYPE_INT64, -3, 4);
    expect(read, "t", TYPE_INT8, 5, -6);
}

static void initializers_are_no_inputs(void)
{
    Onnx__GraphProto *graph = relu_graph("2");
    ADD(graph, input, value("w", "2"));
    ADD(graph, initializer, raw("w", TYPE_FLOAT, 2, (float[]){1, 2}));
    struct graph *read = import(graph, 3);
    CU_ASSERT(read->input_count == 1 && !strcmp(read->input[0]->name, "x") && find(read, "w")->data);
    CU_ASSERT(read->opset == 13 && facts.ir_version == 3);
    CU_ASSERT(import(relu_graph("2"), 2)->opset == 1);
}

static void absent_inputs_and_names(void)
{
    Onnx__GraphProto *graph = relu_graph("2");
    ADD(graph, node, node("Clip", "x  y ", "a  "));
    ADD(graph, node, node("Relu", "x", "b"));
    graph->node[2]->name = arena_string(&arena, "a");
    graph->node[2]->domain = arena_string(&arena, "ai.onnx");
    struct graph *read = import(graph, 8);
    const struct node *clip = read->node[1];
    CU_ASSERT(clip->input_count == 3 && !clip->input[1] && clip->input[2] == read->node[0]->output[0]);
    CU_ASSERT(clip->output_count == 1);
    CU_ASSERT_STRING_EQUAL(clip->name, "a");
    CU_ASSERT_STRING_EQUAL(read->node[2]->name, "a_1");
    CU_ASSERT_STRING_EQUAL(read->node[2]->domain, "");
}

/* Written backwards; a branch reads a tensor of the graph around, which so has to come first, and shadows a
 * name. */
static void order_and_scopes(void)
{
    Onnx__GraphProto *inner = new_graph(), *graph = new_graph();
    ADD(inner, node, node("Neg", "late", "x"));
    ADD(inner, output, value("x", NULL));
    ADD(graph, input, value("x", "2"));
    ADD(graph, output, value("y", NULL));
    Onnx__AttributeProto *branch = attribute(ADD(graph, node, node("If", "x", "y")), "then_branch", 5);
    branch->g = inner;
    ADD(graph, node, node("Relu", "early", "late"));
    ADD(graph, node, node("Abs", "x", "early"));
    struct graph *read = import(graph, 8);
    CU_ASSERT_STRING_EQUAL(read->node[0]->op_type, "Abs");
    CU_ASSERT_STRING_EQUAL(read->node[1]->op_type, "Relu");
    const struct graph *then = read->node[2]->attribute[0].graph;
    CU_ASSERT(then->node[0]->input[0] == read->node[1]->output[0] && read->node[1]->output[0]->uses == 1);
    CU_ASSERT(then->output[0] == then->node[0]->output[0] && then->output[0] != read->input[0]);
}

/* A chain of 20,000 nodes written backwards: no recursion. */
static void long_chains_are_sorted(void)
{
    enum { LENGTH = 20000 };
    Onnx__GraphProto *graph = relu_graph("2");
    graph->node = arena_array(&arena, LENGTH, sizeof *graph->node);
    graph->n_node = 0;
    for (int i = LENGTH; i--;)
        ADD(graph, node,
            node("Relu", i ? arena_printf(&arena, "t%d", i) : "x",
                 i < LENGTH - 1 ? arena_printf(&arena, "t%d", i + 1) : "y"));
    struct graph *read = import(graph, 8);
    CU_ASSERT(read->node[0]->input[0] == read->input[0] &&
              read->node[LENGTH - 1]->output[0] == read->output[0]);
}

static void open_dimensions(void)
{
    const char *const dims[] = {"H=4", "x.3=6"}, *const shapes[] = {"x=2x3x4x6"};
    Onnx__GraphProto *graph = relu_graph("N 3 H W");
    ADD(graph, input, value("z", "H N -1"));
    options = (struct import_options){.dim = dims, .dim_count = 2, .open_dim = 9, .facts = &facts};
    struct graph *read = import(graph, 8);
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, read->input[0]->shape), "1x3x4x6");
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, read->input[1]->shape), "4x1x9");
    CU_ASSERT(facts.dynamic_dim_count == 6 && facts.dynamic_dim[1].value == 4 &&
              facts.dynamic_dim[1].axis == 2);
    CU_ASSERT_STRING_EQUAL(facts.dynamic_dim[1].name, "H");
    options = (struct import_options){
        .input_shape = shapes, .input_shape_count = 1, .open_dim = 9, .facts = &facts};
    read = import(graph, 8);
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, read->input[0]->shape), "2x3x4x6");
    CU_ASSERT_STRING_EQUAL(shape_string(&arena, read->input[1]->shape), "4x2x9");
    options = (struct import_options){.facts = &facts};
}

static void external_elements(void)
{
    static const float numbers[] = {1, 2, 3};
    uint8_t bytes[13] = {0};
    memcpy(bytes + 1, numbers, 12);
    write_file(data_path, bytes, sizeof bytes);
    Onnx__GraphProto *graph = relu_graph("2");
    for (int i = 0; i < 2; i++) { /* aligned, and not */
        Onnx__TensorProto *made =
            ADD(graph, initializer, tensor(i ? "odd" : "even", i ? TYPE_FLOAT : TYPE_UINT8, 1, 2));
        made->has_data_location = 1;
        made->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
        made->external_data = arena_array(&arena, 3, sizeof *made->external_data);
        const char *const entries[][2] = {
            {"location", strrchr(data_path, '/') + 1}, {"offset", i ? "5" : "0"}, {"length", i ? "8" : "2"}};
        for (int k = 0; k < 3; k++) {
            Onnx__StringStringEntryProto *entry =
                ADD(made, external_data, arena_alloc(&arena, sizeof *entry));
            onnx__string_string_entry_proto__init(entry);
            entry->key = arena_string(&arena, entries[k][0]);
            entry->value = arena_string(&arena, entries[k][1]);
        }
    }
    struct graph *read = import(graph, 8);
    expect(read, "odd", TYPE_FLOAT, 2, 3);
    expect(read, "even", TYPE_UINT8, 0, 0);
    CU_ASSERT((uintptr_t)find(read, "odd")->data % sizeof(float) == 0);
}

int main(void)
{
    char folder[] = "/tmp/mednn-import-XXXXXX";
    if (!mkdtemp(folder))
        return 1;
    model_path = arena_printf(&arena, "%s/model.onnx", folder);
    data_path = arena_printf(&arena, "%s/model.data", folder);
    options.facts = &facts;
    note_silence();
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("import", NULL, NULL);
    CU_add_test(suite, "elements of every type and field", elements_of_every_type);
    CU_add_test(suite, "Constant in all its forms", constants_in_all_forms);
    CU_add_test(suite, "initializers are no inputs", initializers_are_no_inputs);
    CU_add_test(suite, "absent inputs, names of nodes", absent_inputs_and_names);
    CU_add_test(suite, "order and scopes", order_and_scopes);
    CU_add_test(suite, "long chains are sorted", long_chains_are_sorted);
    CU_add_test(suite, "open dimensions", open_dimensions);
    CU_add_test(suite, "elements in other files", external_elements);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    unlink(model_path);
    unlink(data_path);
    rmdir(folder);
    arena_free(&arena);
    return failures != 0;
}
