/* interpolate.c -- mednn.ResizeTable and mednn.Interpolate by templates/interpolate.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/resize.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

static void emit_table(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    struct arena *arena = source_arena(source);
    const struct resample axis = resize_table_axis(node);
    const struct tensor *value[] = {node_input(node, 0), node_input(node, 1)};
    source_use(source, "interpolate.h");
    source_printf(source,
                  "static const struct resize_table %s_shape = {\n    .axis = {.mode = %d, .coordinate = %d, .rounding = %d, "
                  ".antialias = %d, .exclude_outside = %d, .cubic_a = (double)%s,\n             .size = %" PRId64
                  ", .outputs = %" PRId64 ", .scale = %s, .length = %s, .roi_end = 1},\n",
                  source_name(source), axis.mode, axis.coordinate, axis.rounding, axis.antialias, axis.exclude_outside,
                  float_text(arena, axis.cubic_a), axis.size, axis.outputs, float_text(arena, (double)axis.scale),
                  float_text(arena, (double)axis.length));
    source_printf(source, "    .taps = %" PRId64 ", .entry = %" PRId64 ", .entries = %" PRId64, node_int(node, "taps", 1),
                  node_int(node, "entry", 0), node_int(node, "entries", 1));
    source_printf(source, ", .scales_type = %s, .roi_type = %s};\n\n",
                  element_type_text(value[0] ? value[0]->type : TYPE_FLOAT),
                  element_type_text(value[1] ? value[1]->type : TYPE_FLOAT));
    source_function(source);
    source_printf(source, "    *%s = resize_table(&%s_shape, %s, %s, %s, %s) != 0;\n",
                  source_buffer(source, node->output[0]), source_name(source), source_buffer(source, node->output[1]),
                  source_buffer(source, node->output[2]), value[0] ? source_buffer(source, value[0]) : "NULL",
                  value[1] ? source_buffer(source, value[1]) : "NULL");
    source_end(source);
}

const struct kernel kernel_resize_table = {
    .name = "resize_table", .op_type = "mednn.ResizeTable", .accepts = accepts, .emit = emit_table};

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int axis = node_axis(node, 0), rank = x->shape.rank;
    struct region from = *region;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < rank; a++)
        count[a] = region->axis[a].end - region->axis[a].begin;
    from.axis[axis] = (struct range){0, x->shape.dim[axis]};
    source_use(source, "interpolate.h");
    source_printf(source,
                  "static const struct interpolate %s_shape = {\n    .rank = %d, .axis = %d, .count = %s, .x = %s, .y = %s,\n"
                  "    .begin = %" PRId64 ", .taps = %" PRId64 ", .type = %s, .outside = (double)%s};\n\n",
                  source_name(source), rank, axis, numbers_text(arena, count, rank), numbers_text(arena, x_stride, rank),
                  numbers_text(arena, y_stride, rank), region->axis[axis].begin, node->input[1]->shape.dim[1],
                  element_type_text(x->type), float_text(arena, (double)node_float(node, "outside", 0)));
    source_function(source);
    source_printf(source, "    interpolate(&%s_shape, %s,\n                %s, %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, from), source_buffer(source, node->input[1]),
                  source_buffer(source, node->input[2]));
    source_end(source);
}

const struct kernel kernel_interpolate = {
    .name = "interpolate", .op_type = "mednn.Interpolate", .accepts = accepts, .emit = emit};
