/* interpret.c -- a graph executed by its operators' `evaluate`, and tensors from files. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"

#include "frontend/importer.h"
#include "operators/op.h"
#include "support/fail.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

const void *value_of(const struct values *values, const struct tensor *tensor)
{
    return tensor_is_constant(tensor) ? tensor->data : values->of[tensor->id];
}

static void interpret_node(struct arena *arena, const struct node *node, struct values *values)
{
    const void **input = arena_array(arena, (size_t)node->input_count, sizeof *input);
    void **output = arena_array(arena, (size_t)node->output_count, sizeof *output);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i]) {
            input[i] = value_of(values, node->input[i]);
            assert(input[i]);
        }
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k]) {
            const struct tensor *tensor = node->output[k];
            output[k] = arena_array(arena, (size_t)shape_size(tensor->shape), type_size(tensor->type));
            values->of[tensor->id] = output[k];
        }
    node_evaluate(arena, node, input, output);
}

struct values interpret(struct arena *arena, const struct graph *graph, const void *const input[])
{
    struct values values = {.of = arena_array(arena, (size_t)graph->tensor_count, sizeof *values.of)};
    for (int i = 0; i < graph->input_count; i++)
        values.of[graph->input[i]->id] = input[i];
    for (int n = 0; n < graph->node_count; n++)
        interpret_node(arena, graph->node[n], &values);
    return values;
}

int run_in_arena(void (*run)(void *arena))
{
    struct arena arena = {0};
    note_silence();
    int status = fail_catch(run, &arena);
    arena_free(&arena);
    return status;
}

static uint8_t *read_bytes(struct arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    uint8_t *bytes = arena_alloc(arena, (size_t)end);
    *size = fread(bytes, 1, (size_t)end, file);
    fclose(file);
    return bytes;
}

struct tensor *tensor_read(struct arena *arena, const char *path)
{
    size_t size;
    uint8_t *bytes = read_bytes(arena, path, &size);
    if (!bytes)
        return NULL;
    Onnx__TensorProto *proto = onnx__tensor_proto__unpack(NULL, size, bytes);
    if (!proto)
        return NULL;
    struct importer importer = {.arena = arena, .limits = {.elements = INT32_MAX}};
    struct value value = import_tensor(&importer, path, proto);
    struct tensor *tensor = arena_alloc(arena, sizeof *tensor);
    size_t length = (size_t)shape_size(value.shape) * type_size(value.type);
    *tensor = (struct tensor){.name = arena_string(arena, path),
                              .type = value.type,
                              .shape = value.shape,
                              .shaped = true,
                              .data = arena_copy(arena, value.data, length)};
    onnx__tensor_proto__free_unpacked(proto, NULL);
    return tensor;
}

const char *compare(struct arena *arena, const struct tensor *got, const void *data,
                    const struct tensor *expected, double relative, double absolute)
{
    if (got->type != expected->type)
        return arena_printf(arena, "type %s, expected %s", type_name(got->type), type_name(expected->type));
    if (!shape_equal(got->shape, expected->shape))
        return arena_printf(arena, "shape %s, expected %s", shape_string(arena, got->shape),
                            shape_string(arena, expected->shape));
    struct tensor view = *got;
    view.data = data;
    int64_t size = shape_size(got->shape);
    for (int64_t i = 0; i < size; i++) {
        double a = tensor_double(&view, i), b = tensor_double(expected, i);
        if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= absolute + relative * fabs(b))
            continue;
        return arena_printf(arena, "element %lld is %.9g, expected %.9g", (long long)i, a, b);
    }
    return NULL;
}
