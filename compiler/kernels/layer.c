/* layer.c -- what several kernels ask about a node, and pieces of text that they all emit. */
/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "../operators/op.h"

#include <inttypes.h>
#include <math.h>

int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
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

bool epilogue_keeps_zero(const struct epilogue *epilogue)
{
    if (epilogue->activation == ACTIVATION_CLIP)
        return epilogue->alpha <= 0 && epilogue->beta >= 0;
    if (epilogue->activation == ACTIVATION_HARD_SIGMOID)
        return epilogue->beta <= 0;
    return true;
}

struct map map_of(struct region region)
{
    const struct range one = {0, 1};
    const int rank = region.rank;
    return (struct map){.n = rank > 0 ? region.axis[0] : one,
                        .c = rank > 1 ? region.axis[1] : one,
                        .row = rank > 3 ? region.axis[2] : one,
                        .column = rank > 2 ? region.axis[rank - 1] : one};
}

const char *float_text(struct arena *arena, double value)
{
    if (isnan(value))
        return "__builtin_nanf(\"\")";
    if (isinf(value))
        return value < 0 ? "-__builtin_inff()" : "__builtin_inff()";
    const char *text = arena_printf(arena, "%.9g", value);
    for (const char *at = text; *at; at++)
        if (*at == '.' || *at == 'e')
            return arena_printf(arena, "%sf", text);
    return arena_printf(arena, "%s.0f", text);
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
    if (epilogue->activation)
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

const char *box_text(struct source *source, const struct tensor *tensor, struct region region)
{
    const struct map box = map_of(region), storage = map_of(source_storage(source, tensor));
    return arena_printf(source_arena(source),
                        "BOX(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                        ", %" PRId64 ")",
                        box.n.begin - storage.n.begin, box.n.end - storage.n.begin, box.c.begin - storage.c.begin,
                        box.c.end - storage.c.begin, box.row.begin - storage.row.begin,
                        box.row.end - storage.row.begin, box.column.begin - storage.column.begin,
                        box.column.end - storage.column.begin);
}

void write_clear_lanes(struct source *source, const struct tensor *tensor, struct region region)
{
    if (tensor->layout != LAYOUT_BLOCKED || region.axis[1].end % BLOCK == 0)
        return;
    source_printf(source, "    clear_lanes(%s, (struct view)%s,\n                %s);\n",
                  source_buffer(source, tensor), source_view(source, tensor), box_text(source, tensor, region));
}

void storage_strides(struct region storage, int64_t stride[MAX_RANK])
{
    int64_t elements = 1;
    for (int axis = storage.rank - 1; axis >= 0; axis--) {
        stride[axis] = elements;
        elements *= storage.axis[axis].end - storage.axis[axis].begin;
    }
}

const char *plain_at(struct source *source, const struct tensor *tensor, struct region region)
{
    const struct region storage = source_storage(source, tensor);
    int64_t stride[MAX_RANK], first = 0;
    storage_strides(storage, stride);
    for (int axis = 0; axis < storage.rank; axis++)
        first += (region.axis[axis].begin - storage.axis[axis].begin) * stride[axis];
    const char *buffer = source_buffer(source, tensor);
    return first ? arena_printf(source_arena(source), "%s + %" PRId64, buffer, first) : buffer;
}

const char *numbers_text(struct arena *arena, const int64_t *number, int count)
{
    struct text text = {.arena = arena};
    text_add(&text, "{");
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s%" PRId64, i ? ", " : "", number[i]);
    text_add(&text, count ? "}" : "0}");
    return text.bytes;
}
