/* placed.c -- OneHot, Trilu and ReverseSequence by templates/placed.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

/* Two axes matter; x moves along output axis `a` as along its axis x_axis(a), -1: not. */
struct roles {
    int axis, other;
    int x_axis[MAX_RANK];
};

static void write_shape(struct source *source, const struct node *node, struct region region,
                        const struct roles *roles)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    struct arena *arena = source_arena(source);
    int64_t count[MAX_RANK], x_stride[MAX_RANK], y_stride[MAX_RANK], x_kept[MAX_RANK] = {0};
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < region.rank; a++) {
        count[a] = region.axis[a].end - region.axis[a].begin;
        x_kept[a] = roles->x_axis[a] < 0 ? 0 : x_stride[roles->x_axis[a]];
    }
    source_use(source, "placed.h");
    source_printf(source,
                  "static const struct placed %s_shape = {\n    .rank = %d, .count = %s, .y = %s, .x = %s, .size = %zu,\n",
                  source_name(source), region.rank, numbers_text(arena, count, region.rank),
                  numbers_text(arena, y_stride, region.rank), numbers_text(arena, x_kept, region.rank),
                  type_size(y->type));
    source_printf(source,
                  "    .axis = %d, .begin = %" PRId64 ", .other = %d, .other_begin = %" PRId64 ", .length = %" PRId64
                  ", .step = %" PRId64 ",\n    .type = %s%s};\n\n",
                  roles->axis, region.axis[roles->axis].begin, roles->other, region.axis[roles->other].begin,
                  y->shape.dim[roles->axis], roles->axis < x->shape.rank ? x_stride[roles->axis] : 0,
                  element_type_text(x->type), node_int(node, "upper", 1) ? ", .upper = 1" : "");
}

static void write_call(struct source *source, const struct node *node, const char *function, struct region region,
                       struct region from, const char *last)
{
    source_function(source);
    source_printf(source, "    %s(&%s_shape, %s,\n        %s, %s);\n", function, source_name(source),
                  plain_at(source, node->output[0], region), plain_at(source, node->input[0], from), last);
    source_end(source);
}

static void emit_one_hot(struct source *source, const struct node *node, const struct region *region)
{
    const int axis = one_hot_axis(node);
    struct roles roles = {.axis = axis};
    for (int a = 0; a < region->rank; a++)
        roles.x_axis[a] = a == axis ? -1 : a - (a > axis);
    write_shape(source, node, *region, &roles);
    write_call(source, node, "one_hot", *region, node_reads(node, 0, 0, *region),
               source_buffer(source, node->input[2]));
}

static void emit_trilu(struct source *source, const struct node *node, const struct region *region)
{
    struct roles roles = {.axis = region->rank - 1, .other = region->rank - 2};
    for (int a = 0; a < region->rank; a++)
        roles.x_axis[a] = a;
    write_shape(source, node, *region, &roles);
    write_call(source, node, "trilu", *region, *region,
               node_input(node, 1) ? source_buffer(source, node->input[1]) : "NULL");
}

static void emit_reverse(struct source *source, const struct node *node, const struct region *region)
{
    const int batch = (int)node_int(node, "batch_axis", 1);
    struct roles roles = {.axis = 1 - batch, .other = batch};
    for (int a = 0; a < region->rank; a++)
        roles.x_axis[a] = a == roles.axis ? -1 : a;
    write_shape(source, node, *region, &roles);
    write_call(source, node, "reverse_sequence", *region, node_reads(node, 0, 0, *region),
               plain_at(source, node->input[1], node_reads(node, 1, 0, *region)));
}

const struct kernel kernel_one_hot = {
    .name = "one_hot", .op_type = "OneHot", .accepts = accepts, .emit = emit_one_hot};
const struct kernel kernel_trilu = {.name = "trilu", .op_type = "Trilu", .accepts = accepts, .emit = emit_trilu};
const struct kernel kernel_reverse_sequence = {
    .name = "reverse_sequence", .op_type = "ReverseSequence", .accepts = accepts, .emit = emit_reverse};
