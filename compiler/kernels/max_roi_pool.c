/* max_roi_pool.c -- MaxRoiPool by templates/max_roi_pool.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *rois = node->input[1], *y = node->output[0];
    const struct range *axis = region->axis;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], roi_stride[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    storage_strides(source_storage(source, rois), roi_stride);
    const int64_t first[] = {axis[2].begin, axis[3].begin},
                  count[] = {axis[2].end - axis[2].begin, axis[3].end - axis[3].begin};
    source_use(source, "max_roi_pool.h");
    source_printf(source,
                  "static const struct max_roi_pool %s_shape = {\n    .boxes = %" PRId64 ", .channels = %" PRId64
                  ", .first = %s, .count = %s, .bins = %s, .size = %s, .last_batch = %" PRId64 ",\n",
                  source_name(source), axis[0].end - axis[0].begin, axis[1].end - axis[1].begin,
                  numbers_text(arena, first, 2), numbers_text(arena, count, 2), numbers_text(arena, y->shape.dim + 2, 2),
                  numbers_text(arena, x->shape.dim + 2, 2), x->shape.dim[0] - 1);
    source_printf(source,
                  "    .x_batch = %" PRId64 ", .x_channel = %" PRId64 ", .x_axis = %s, .y_box = %" PRId64
                  ", .y_channel = %" PRId64 ", .y_axis = %s, .roi = %" PRId64 ",\n    .scale = %.17g, .type = %s};\n\n",
                  x_stride[0], x_stride[1], numbers_text(arena, x_stride + 2, 2), y_stride[0], y_stride[1],
                  numbers_text(arena, y_stride + 2, 2), roi_stride[0], (double)node_float(node, "spatial_scale", 1),
                  element_type_text(x->type));
    source_function(source);
    source_printf(source, "    max_roi_pool(&%s_shape, %s,\n                 %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, node_reads(node, 0, 0, *region)),
                  plain_at(source, rois, node_reads(node, 1, 0, *region)));
    source_end(source);
}

const struct kernel kernel_max_roi_pool = {
    .name = "max_roi_pool", .op_type = "MaxRoiPool", .accepts = accepts, .emit = emit};
