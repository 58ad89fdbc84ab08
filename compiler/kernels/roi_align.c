/* roi_align.c -- RoiAlign by templates/roi_align.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct range *axis = region->axis;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    source_use(source, "roi_align.h");
    source_printf(source,
                  "static const struct roi_align %s_shape = {\n    .boxes = %" PRId64 ", .channels = %" PRId64
                  ", .first = {%" PRId64 ", %" PRId64 "}, .count = {%" PRId64 ", %" PRId64 "},\n",
                  source_name(source), axis[0].end - axis[0].begin, axis[1].end - axis[1].begin, axis[2].begin,
                  axis[3].begin, axis[2].end - axis[2].begin, axis[3].end - axis[3].begin);
    source_printf(source,
                  "    .bins = {%" PRId64 ", %" PRId64 "}, .size = {%" PRId64 ", %" PRId64 "}, .last_batch = %" PRId64
                  ", .samples = %" PRId64 ",\n",
                  y->shape.dim[2], y->shape.dim[3], x->shape.dim[2], x->shape.dim[3], x->shape.dim[0] - 1,
                  node_int(node, "sampling_ratio", 0));
    source_printf(source,
                  "    .x_batch = %" PRId64 ", .x_channel = %" PRId64 ", .x_axis = {%" PRId64 ", %" PRId64
                  "}, .y_box = %" PRId64 ", .y_channel = %" PRId64 ", .y_axis = {%" PRId64 ", %" PRId64 "},\n",
                  x_stride[0], x_stride[1], x_stride[2], x_stride[3], y_stride[0], y_stride[1], y_stride[2],
                  y_stride[3]);
    source_printf(source, "    .scale = %.17g, .half_pixel = %d, .greatest = %d};\n\n",
                  (double)node_float(node, "spatial_scale", 1),
                  !strcmp(node_string(node, "coordinate_transformation_mode", "half_pixel"), "half_pixel"),
                  !strcmp(node_string(node, "mode", "avg"), "max"));
    source_function(source);
    source_printf(source, "    roi_align(&%s_shape, %s,\n              %s, %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, node_reads(node, 0, 0, *region)),
                  plain_at(source, node->input[1], node_reads(node, 1, 0, *region)),
                  plain_at(source, node->input[2], node_reads(node, 2, 0, *region)));
    source_end(source);
}

const struct kernel kernel_roi_align = {
    .name = "roi_align", .op_type = "RoiAlign", .accepts = accepts, .doubles = true, .emit = emit};
