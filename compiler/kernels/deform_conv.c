/* deform_conv.c -- DeformConv by templates/deform_conv.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/deform_conv.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type);
}

/* Groups stay whole. */
static int64_t grid(const struct node *node, int axis)
{
    const int64_t group = conv_window(node)->group;
    return axis == 1 && group > 1 ? node->input[1]->shape.dim[0] / group : 1;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    const struct shape w = node->input[1]->shape;
    const int64_t samples = w.dim[1] * w.dim[2] * w.dim[3] * (piece.axis[3].end - piece.axis[3].begin);
    return samples * (int64_t)type_size(node->input[0]->type);
}

static const char *strides(struct source *source, const struct tensor *tensor)
{
    int64_t stride[MAX_RANK] = {0};
    if (tensor)
        storage_strides(source_storage(source, tensor), stride);
    return numbers_text(source_arena(source), stride, 3);
}

static void write_shape(struct source *source, const struct node *node, struct region region)
{
    struct arena *arena = source_arena(source);
    const struct deform_conv conv = deform_conv_of(node);
    const struct window *window = &conv.window;
    const struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    const struct range *axis = region.axis;
    const int64_t per_group = w.dim[0] / window->group, outputs = axis[1].end - axis[1].begin;
    source_printf(source,
                  "static const struct deform_conv %s_shape = {\n    .batches = %" PRId64 ", .groups = %" PRId64
                  ", .rows = %" PRId64 ", .columns = %" PRId64 ", .first_row = %" PRId64 ", .first_column = %" PRId64
                  ",\n    .channels = %" PRId64 ", .first_channel = %" PRId64 ", .per_offset = %" PRId64 ",\n",
                  source_name(source), axis[0].end - axis[0].begin, window->group > 1 ? outputs / per_group : 1,
                  axis[2].end - axis[2].begin, axis[3].end - axis[3].begin, axis[2].begin, axis[3].begin, w.dim[1],
                  axis[1].begin / per_group * w.dim[1], x.dim[1] / conv.offset_group);
    source_printf(source,
                  "    .kernel = %s, .stride = %s, .dilation = %s, .pad = %s, .size = %s,\n"
                  "    .x = %s, .y = %s, .offset = %s, .mask = %s, .w_group = %" PRId64 ", .y_group = %" PRId64 "};\n",
                  numbers_text(arena, window->kernel, 2), numbers_text(arena, window->stride, 2),
                  numbers_text(arena, window->dilation, 2), numbers_text(arena, window->pad_begin, 2),
                  numbers_text(arena, x.dim + 2, 2), strides(source, node->input[0]), strides(source, node->output[0]),
                  strides(source, node->input[DEFORM_OFFSET]), strides(source, node_input(node, DEFORM_MASK)),
                  per_group * w.dim[1] * w.dim[2] * w.dim[3], per_group);
}

static void write_product(struct source *source, const struct node *node, struct region region)
{
    const struct shape w = node->input[1]->shape;
    const int64_t depth = w.dim[1] * w.dim[2] * w.dim[3], columns = region.axis[3].end - region.axis[3].begin;
    const int64_t group = conv_window(node)->group, outputs = region.axis[1].end - region.axis[1].begin;
    int64_t y_stride[MAX_RANK];
    storage_strides(source_storage(source, node->output[0]), y_stride);
    source_printf(source,
                  "static const struct matmul %s_product_shape = {\n    .rows = %" PRId64 ", .depth = %" PRId64
                  ", .columns = %" PRId64 ", .a_row = %" PRId64 ", .a_depth = 1, .b_depth = %" PRId64
                  ", .b_column = 1,\n    .y_row = %" PRId64 ", .scale = 1.0f%s};\nMATMUL_TILES(%s_product)\n\n",
                  source_name(source), group > 1 ? w.dim[0] / group : outputs, depth, columns, depth, columns, y_stride[1],
                  node_input(node, DEFORM_BIAS) ? ", .adds_c = 1, .c_row = 1, .c_scale = 1.0f" : "", source_name(source));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const char *name = source_name(source);
    source_use(source, "deform_conv.h");
    write_shape(source, node, *region);
    write_product(source, node, *region);
    source_function(source);
    source_printf(source, "    deform_conv(&%s_shape, &%s_product_shape, &%s_product_tiles,\n                %s", name, name,
                  name, plain_at(source, node->output[0], *region));
    for (int i = 0; i <= DEFORM_MASK; i++)
        source_printf(source, ",\n                %s",
                      node_input(node, i) ? plain_at(source, node->input[i], node_reads(node, i, 0, *region)) : "NULL");
    source_printf(source, ", %s);\n", source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_deform_conv = {
    .name = "deform_conv", .op_type = "DeformConv", .accepts = accepts, .grid = grid, .scratch = scratch,
    .doubles = true, .emit = emit};
