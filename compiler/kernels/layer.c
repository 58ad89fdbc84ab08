/* layer.c -- what several kernels ask about a node, and pieces of text that they all emit. */
/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "../operators/op.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

const char *panels_text(int64_t outputs, int64_t panel)
{
    return round_up(outputs, BLOCK) % panel ? "HALF_PANEL" : "WHOLE_PANELS";
}

bool tensor_can_block(const struct tensor *tensor)
{
    return tensor && tensor->type == TYPE_FLOAT && (tensor->shape.rank == 3 || tensor->shape.rank == 4);
}

enum layout layer_incoming(const struct node *node, int input)
{
    const struct tensor *tensor = node_input(node, input);
    if (!tensor || !tensor->producer || !tensor->producer->kernel)
        return LAYOUT_PLAIN;
    return kernel_layout(tensor->producer->kernel, tensor->producer, -1);
}

enum layout layer_blocked(const struct node *node, int input)
{
    (void)node;
    (void)input;
    return LAYOUT_BLOCKED;
}

void layer_weights_work(double bytes, double passes, struct work *work)
{
    const double most_near = 1 << 20, near_part = 0.25;
    work->amount[WORK_WEIGHTS] += bytes * (bytes <= most_near ? 1 + (passes - 1) * near_part : passes);
}

/* Elements that take a polynomial and more. */
static bool is_function(const struct node *node)
{
    static const char *const function[] = {"Exp",  "Log",  "Sigmoid",  "Tanh",    "Erf",        "Gelu", "Swish", "Mish", "Elu",
                                           "Celu", "Selu", "Softplus", "Softmax", "LogSoftmax", "Sin",  "Cos",   "Pow"};
    for (size_t i = 0; i < sizeof function / sizeof *function; i++)
        if (!strcmp(node->op_type, function[i]))
            return true;
    return false;
}

/* Vectors of elements, so many simple ones for each. */
static void add_vectors(const struct node *node, struct region piece, double each, struct work *work)
{
    const double function = 50; /* measured */
    work->amount[WORK_VECTOR] += (double)region_size(piece) * (each + (is_function(node) ? function : 0));
}

void layer_line_work(const struct node *node, struct region piece, struct work *work)
{
    const double passes = 3;
    add_vectors(node, piece, passes, work);
}

/* Elements of computed inputs that one of the output takes. */
static int64_t reads_of_element(const struct node *node, struct region piece)
{
    struct region one = piece;
    for (int axis = 0; axis < one.rank; axis++)
        one.axis[axis].end = one.axis[axis].begin + 1;
    int64_t reads = 0;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && !tensor_is_constant(node->input[i]))
            reads += region_size(node_reads(node, i, 0, one));
    return reads;
}

void layer_vector_work(const struct node *node, struct region piece, struct work *work)
{
    add_vectors(node, piece, 1 + (double)reads_of_element(node, piece), work);
}

void layer_blocks_work(const struct node *node, struct region piece, struct work *work)
{
    const struct range c = piece.axis[1];
    const double lanes = (double)round_up(c.end - c.begin, BLOCK) / (double)(c.end - c.begin);
    add_vectors(node, piece, lanes * (1 + (double)reads_of_element(node, piece)), work);
}

void layer_element_work(const struct node *node, struct region piece, struct work *work)
{
    const int64_t reads = reads_of_element(node, piece);
    work->amount[WORK_ELEMENT] += (double)region_size(piece) * (double)(reads > 1 ? reads : 1);
}

bool epilogue_keeps_zero(const struct epilogue *epilogue)
{
    if (epilogue->activation == ACTIVATION_CLIP)
        return epilogue->alpha <= 0 && epilogue->beta >= 0;
    if (epilogue->activation == ACTIVATION_HARD_SIGMOID)
        return epilogue->beta <= 0;
    return epilogue->activation != ACTIVATION_SIGMOID;
}

const char *some_buffer(struct source *source, const struct tensor *tensor)
{
    return shape_size(tensor->shape) ? source_buffer(source, tensor) : "NULL";
}

/* `suffix`: f of float, nothing of double. */
static const char *number_text(struct arena *arena, double value, int digits, const char *suffix)
{
    if (isnan(value))
        return arena_printf(arena, "__builtin_nan%s(\"\")", suffix);
    if (isinf(value))
        return arena_printf(arena, "%s__builtin_inf%s()", value < 0 ? "-" : "", suffix);
    const char *text = arena_printf(arena, "%.*g", digits, value);
    return arena_printf(arena, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0", suffix);
}

const char *float_text(struct arena *arena, double value)
{
    return number_text(arena, value, 9, "f");
}

const char *real_text(struct source *source, double value)
{
    return source_in_double(source) ? number_text(source_arena(source), value, 17, "")
                                    : float_text(source_arena(source), value);
}

const char *element_type_text(enum type type)
{
    static const char *const name[] = {
        [TYPE_FLOAT] = "ELEMENT_FLOAT32",    [TYPE_DOUBLE] = "ELEMENT_FLOAT64", [TYPE_FLOAT16] = "ELEMENT_FLOAT16",
        [TYPE_BFLOAT16] = "ELEMENT_BFLOAT16", [TYPE_BOOL] = "ELEMENT_BOOL",      [TYPE_INT8] = "ELEMENT_INT8",
        [TYPE_INT16] = "ELEMENT_INT16",       [TYPE_INT32] = "ELEMENT_INT32",    [TYPE_INT64] = "ELEMENT_INT64",
        [TYPE_UINT8] = "ELEMENT_UINT8",       [TYPE_UINT16] = "ELEMENT_UINT16",  [TYPE_UINT32] = "ELEMENT_UINT32",
        [TYPE_UINT64] = "ELEMENT_UINT64",     [TYPE_UINT4] = "ELEMENT_UINT4",   [TYPE_INT4] = "ELEMENT_INT4",
        [TYPE_UINT2] = "ELEMENT_UINT2",       [TYPE_INT2] = "ELEMENT_INT2"};
    assert((size_t)type < sizeof name / sizeof *name && name[type]);
    return name[type];
}

void write_box_copy(struct source *source, const struct tensor *y, struct region to, const struct tensor *x,
                    struct region from)
{
    struct arena *arena = source_arena(source);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int axis = 0; axis < to.rank; axis++)
        count[axis] = to.axis[axis].end - to.axis[axis].begin;
    source_printf(source,
                  "    copy_box(%s, (const int64_t[])%s,\n             %s, (const int64_t[])%s,\n"
                  "             (const int64_t[])%s, %d, %zu);\n",
                  plain_at(source, y, to), numbers_text(arena, y_stride, to.rank), plain_at(source, x, from),
                  numbers_text(arena, x_stride, to.rank), numbers_text(arena, count, to.rank), to.rank,
                  type_size(y->type));
}

static const char *activation_constant(enum activation activation)
{
    static const char *const name[] = {"ACTIVATION_NONE",       "ACTIVATION_RELU",         "ACTIVATION_CLIP",
                                       "ACTIVATION_LEAKY_RELU", "ACTIVATION_HARD_SIGMOID", "ACTIVATION_HARD_SWISH"};
    return name[activation];
}

void write_activation(struct source *source, const struct node *node)
{
    const struct epilogue *epilogue = &node->epilogue;
    struct arena *arena = source_arena(source);
    if (activation_is_smooth(epilogue->activation)) {
        source_use(source, "finish.h");
        source_printf(source, ",\n    .finish = finish_%s", activation_name(epilogue->activation));
        if (epilogue->activation == ACTIVATION_SWISH)
            source_printf(source, ", .alpha = %s", float_text(arena, (double)epilogue->alpha));
    } else if (epilogue->activation)
        source_printf(source, ",\n    .activation = %s, .alpha = %s, .beta = %s",
                      activation_constant(epilogue->activation), float_text(arena, (double)epilogue->alpha),
                      float_text(arena, (double)epilogue->beta));
}

void write_epilogue(struct source *source, const struct node *node)
{
    if (node->epilogue.residual)
        source_printf(source, ",\n    .adds_residual = 1, .residual = %s",
                      source_view(source, node_input(node, node->epilogue.residual)));
    write_activation(source, node);
}

const char *residual_at(struct source *source, const struct node *node, struct region region)
{
    if (!node->epilogue.residual)
        return "NULL";
    const struct map map = map_of(region);
    return source_at(source, node_input(node, node->epilogue.residual), map.n.begin, map.c.begin, map.row.begin,
                     map.column.begin);
}

const char *strides_text(struct source *source, const char *which, const struct tensor *tensor)
{
    enum { SPATIAL_AXES = 3 };
    int64_t stride[MAX_RANK], spatial[SPATIAL_AXES] = {0};
    const int rank = tensor->shape.rank;
    storage_strides(source_storage(source, tensor), stride);
    for (int i = 2; i < rank; i++)
        spatial[SPATIAL_AXES - rank + i] = stride[i];
    struct arena *arena = source_arena(source);
    return arena_printf(arena, ".%s_batch = %" PRId64 ", .%s_channel = %" PRId64 ", .%s_axis = %s", which, stride[0],
                        which, stride[1], which, numbers_text(arena, spatial, SPATIAL_AXES));
}
