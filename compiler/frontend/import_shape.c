/* import_shape.c -- shapes of the graph's inputs: from the model, pinned by options. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"

#include "../support/fail.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef Onnx__TensorShapeProto__Dimension Dimension;

enum { OPEN = -1 };

/* An input's shape while it is being found. */
struct pending {
    struct tensor *tensor;
    const Onnx__TensorShapeProto *from; /* NULL: the model says nothing */
    struct shape shape;                 /* OPEN where not known yet */
    bool ranked;
    bool batch_taken; /* the first dimension was open and nothing pinned it */
};

/* One --input-shape or --dim. */
struct pin {
    const char *option; /* as typed */
    char *name;
    struct shape shape; /* of --dim: rank 1 */
    bool used;
};

struct pinning {
    struct importer *importer;
    struct pending *input;
    int input_count;
};

/* ---- options ---- */

/* "1x3x224x224", "scalar" */
static struct shape parse_shape(const char *flag, const char *option, const char *text)
{
    struct shape shape = {0};
    if (!strcmp(text, "scalar"))
        return shape;
    for (const char *at = text;; at++) {
        char *end;
        errno = 0;
        long long dim = isdigit((unsigned char)*at) ? strtoll(at, &end, 10) : -1;
        if (dim < 1 || errno || (*end && *end != 'x'))
            fail("%s " SHOWN ": '" SHOWN "' is no list of positive numbers like 1x3x224x224", flag, option,
                 text);
        if (shape.rank == MAX_RANK)
            fail("%s " SHOWN ": more than %d dimensions are not supported", flag, option, MAX_RANK);
        shape.dim[shape.rank++] = dim;
        at = end;
        if (!*at)
            return shape;
    }
}

static struct pin *parse_pins(struct importer *importer, const char *flag, const char *const *option,
                              int count)
{
    struct pin *pins = arena_array(importer->arena, (size_t)count, sizeof *pins);
    for (int i = 0; i < count; i++) {
        const char *equals = strrchr(option[i], '=');
        if (!equals || equals == option[i])
            fail("%s " SHOWN ": NAME=VALUE is expected", flag, option[i]);
        pins[i].option = option[i];
        pins[i].name = arena_printf(importer->arena, "%.*s", (int)(equals - option[i]), option[i]);
        pins[i].shape = parse_shape(flag, option[i], equals + 1);
        for (int k = 0; k < i; k++)
            if (!strcmp(pins[k].name, pins[i].name))
                fail("%s " SHOWN ": '" SHOWN "' is given twice", flag, option[i], pins[i].name);
    }
    return pins;
}

/* ---- dimensions ---- */

static const char *param_of(const struct pending *input, int axis)
{
    if (!input->from || (size_t)axis >= input->from->n_dim)
        return "";
    const Dimension *dim = input->from->dim[axis];
    return dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && dim->dim_param
               ? dim->dim_param
               : "";
}

static int64_t dim_of(const Dimension *dim)
{
    /* Some writers say "open" by a negative number. */
    bool given =
        dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value >= 0;
    return given ? dim->dim_value : OPEN;
}

/* Give an open dimension, and all of its dim_param, a value. */
static void pin_dim(struct pinning *pinning, struct pending *input, int axis, int64_t value)
{
    const char *param = param_of(input, axis);
    input->shape.dim[axis] = value;
    if (!*param)
        return;
    for (int i = 0; i < pinning->input_count; i++) {
        struct pending *other = &pinning->input[i];
        for (int a = 0; a < other->shape.rank; a++) {
            if (strcmp(param_of(other, a), param))
                continue;
            if (other->shape.dim[a] != OPEN && other->shape.dim[a] != value)
                fail("dimension '" SHOWN "' is %lld in input '" SHOWN "' but %lld in input '" SHOWN "'",
                     param, (long long)value, input->tensor->name, (long long)other->shape.dim[a],
                     other->tensor->name);
            other->shape.dim[a] = value;
        }
    }
}

static void apply_shape(struct pinning *pinning, struct pin *pin)
{
    struct pending *input = NULL;
    for (int i = 0; i < pinning->input_count && !input; i++)
        if (!strcmp(pinning->input[i].tensor->name, pin->name))
            input = &pinning->input[i];
    if (!input)
        fail("--input-shape " SHOWN ": the model has no input '" SHOWN "'%s%.160s%s", pin->option, pin->name,
             pinning->input_count ? "; its first is '" : "",
             pinning->input_count ? pinning->input[0].tensor->name : "", pinning->input_count ? "'" : "");
    if (!input->ranked) {
        input->shape = pin->shape;
        input->ranked = true;
        return;
    }
    if (input->shape.rank != pin->shape.rank)
        fail("--input-shape " SHOWN ": input '" SHOWN "' has rank %d", pin->option, pin->name,
             input->shape.rank);
    for (int a = 0; a < pin->shape.rank; a++) {
        int64_t fixed = input->shape.dim[a];
        if (fixed != OPEN && fixed != pin->shape.dim[a])
            fail("--input-shape " SHOWN ": axis %d of input '" SHOWN "' is fixed to %lld", pin->option, a,
                 pin->name, (long long)fixed);
        if (fixed == OPEN)
            pin_dim(pinning, input, a, pin->shape.dim[a]);
    }
}

static void apply_dim(struct pinning *pinning, struct pin *pin)
{
    if (pin->shape.rank != 1)
        fail("--dim " SHOWN ": one number is expected", pin->option);
    for (int i = 0; i < pinning->input_count; i++) {
        struct pending *input = &pinning->input[i];
        for (int a = 0; a < input->shape.rank; a++) {
            const char *position = arena_printf(pinning->importer->arena, "%s.%d", input->tensor->name, a);
            if (strcmp(param_of(input, a), pin->name) && strcmp(position, pin->name))
                continue;
            if (input->shape.dim[a] != OPEN && input->shape.dim[a] != pin->shape.dim[0])
                fail("--dim " SHOWN ": axis %d of input '" SHOWN "' is %lld already", pin->option, a,
                     input->tensor->name, (long long)input->shape.dim[a]);
            if (input->shape.dim[a] == OPEN)
                pin_dim(pinning, input, a, pin->shape.dim[0]);
            pin->used = true;
        }
    }
    if (!pin->used)
        fail("--dim " SHOWN ": no input has an open dimension '" SHOWN "'", pin->option, pin->name);
}

/* ---- inputs ---- */

static const char *type_case_name(const Onnx__TypeProto *type)
{
    switch (type->value_case) {
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        return "a sequence";
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        return "a map";
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
        return "a sparse tensor";
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        return "optional";
    default:
        return "of no type";
    }
}

static const Onnx__TypeProto__Tensor *tensor_type(const Onnx__ValueInfoProto *from)
{
    return from->type && from->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
               ? from->type->tensor_type
               : NULL;
}

static struct pending read_input(struct tensor *tensor, const Onnx__ValueInfoProto *from)
{
    const Onnx__TypeProto__Tensor *type = tensor_type(from);
    if (!type)
        fail("input '" SHOWN "' is %s, but only tensors are supported", tensor->name,
             from->type ? type_case_name(from->type) : "of no type");
    tensor->type = (enum type)type->elem_type;
    if (!type_size(tensor->type))
        fail("input '" SHOWN "' has element type %s, which is not supported", tensor->name,
             type_name(tensor->type));
    struct pending input = {.tensor = tensor, .from = type->shape, .ranked = type->shape != NULL};
    if (!type->shape)
        return input;
    if (type->shape->n_dim > MAX_RANK)
        fail("input '" SHOWN "' has rank %zu but at most %d is supported", tensor->name, type->shape->n_dim,
             MAX_RANK);
    input.shape.rank = (int)type->shape->n_dim;
    for (int a = 0; a < input.shape.rank; a++)
        input.shape.dim[a] = dim_of(type->shape->dim[a]);
    return input;
}

/* "1x3x?x?" with numbers in place of what is open: an example of what to type. */
static const char *example(struct arena *arena, struct shape shape)
{
    for (int a = 0; a < shape.rank; a++)
        if (shape.dim[a] == OPEN)
            shape.dim[a] = a ? 224 : 1;
    return shape_string(arena, shape);
}

static void close_dim(struct pinning *pinning, struct pending *input, int axis)
{
    const char *param = param_of(input, axis), *name = input->tensor->name;
    if (axis == 0) {
        pin_dim(pinning, input, axis, 1);
        input->batch_taken = true;
    } else if (pinning->importer->options->open_dim) {
        pin_dim(pinning, input, axis, pinning->importer->options->open_dim);
    } else if (*param) {
        fail("dimension '" SHOWN "' (axis %d) of input '" SHOWN "' is open: give --dim " SHOWN
             "=N or --input-shape " SHOWN "=%s",
             param, axis, name, param, name, example(pinning->importer->arena, input->shape));
    } else {
        fail("axis %d of input '" SHOWN "' is open: give --input-shape " SHOWN "=%s", axis, name, name,
             example(pinning->importer->arena, input->shape));
    }
}

static void note_batch(const struct pending *input)
{
    const char *param = param_of(input, 0);
    note("the first dimension%s" SHOWN "%s of input '" SHOWN
         "' is open: 1 is taken; --input-shape or --dim change it",
         *param ? " '" : "", param, *param ? "'" : "", input->tensor->name);
}

static void list_open(struct importer *importer, const struct pending *input, const struct shape *before)
{
    struct model_facts *facts = importer->options->facts;
    for (int a = 0; facts && a < input->shape.rank; a++)
        if (before->rank <= a || before->dim[a] == OPEN)
            *arena_append(importer->arena, facts->dynamic_dim, facts->dynamic_dim_count,
                          facts->dynamic_dim_capacity) =
                (struct dynamic_dim){input->tensor->name, a, param_of(input, a), input->shape.dim[a]};
}

static void finish(struct importer *importer, struct pending *input)
{
    if (!input->ranked)
        fail("input '" SHOWN "' has no shape: give --input-shape " SHOWN "=1x3x224x224", input->tensor->name,
             input->tensor->name);
    import_check_size(importer, arena_printf(importer->arena, "input '" SHOWN "'", input->tensor->name),
                      input->shape);
    input->tensor->shape = input->shape;
    input->tensor->shaped = true;
    for (int a = 0; a < input->shape.rank; a++) {
        const char *param = param_of(input, a);
        if (*param)
            name_add(importer->arena, &importer->dims, param)->value =
                arena_copy(importer->arena, &input->shape.dim[a], sizeof input->shape.dim[a]);
    }
}

void import_declared_shape(struct importer *importer, struct tensor *tensor, const Onnx__ValueInfoProto *from)
{
    const Onnx__TypeProto__Tensor *type = tensor_type(from);
    if (!type || !type->shape || type->shape->n_dim > MAX_RANK)
        return;
    struct pending pending = {.from = type->shape};
    struct shape shape = {.rank = (int)type->shape->n_dim};
    for (int a = 0; a < shape.rank; a++) {
        const struct name_entry *known = name_find(&importer->dims, param_of(&pending, a));
        shape.dim[a] = known ? *(const int64_t *)known->value : dim_of(type->shape->dim[a]);
        if (shape.dim[a] == OPEN)
            return;
    }
    tensor->is_declared = true;
    tensor->declared = shape;
}

void import_input_shapes(struct importer *importer, int count, struct tensor **tensor,
                         const Onnx__ValueInfoProto *const *from)
{
    const struct import_options *options = importer->options;
    struct pinning pinning = {.importer = importer, .input_count = count};
    pinning.input = arena_array(importer->arena, (size_t)count, sizeof *pinning.input);
    struct shape *before = arena_array(importer->arena, (size_t)count, sizeof *before);
    for (int i = 0; i < count; i++) {
        pinning.input[i] = read_input(tensor[i], from[i]);
        before[i] = pinning.input[i].shape;
    }
    struct pin *shapes =
        parse_pins(importer, "--input-shape", options->input_shape, options->input_shape_count);
    struct pin *dims = parse_pins(importer, "--dim", options->dim, options->dim_count);
    for (int i = 0; i < options->dim_count; i++)
        apply_dim(&pinning, &dims[i]);
    for (int i = 0; i < options->input_shape_count; i++)
        apply_shape(&pinning, &shapes[i]);
    /* The batch first: it may stand on another axis of another input. */
    for (int i = 0; i < count; i++)
        if (pinning.input[i].shape.rank && pinning.input[i].shape.dim[0] == OPEN)
            close_dim(&pinning, &pinning.input[i], 0);
    for (int i = 0; i < count; i++) {
        for (int a = 1; a < pinning.input[i].shape.rank; a++)
            if (pinning.input[i].shape.dim[a] == OPEN)
                close_dim(&pinning, &pinning.input[i], a);
        finish(importer, &pinning.input[i]);
        list_open(importer, &pinning.input[i], &before[i]);
    }
    for (int i = 0; i < count; i++)
        if (pinning.input[i].batch_taken)
            note_batch(&pinning.input[i]);
}
