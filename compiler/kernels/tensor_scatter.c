/* tensor_scatter.c -- TensorScatter by templates/tensor_scatter.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[1]->shape) > 0;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *cache = node->input[0], *update = node->input[1], *y = node->output[0];
    const struct region from = node_reads(node, 1, 0, *region);
    const int axis = node_axis(node, -2);
    int64_t y_stride[MAX_RANK], update_stride[MAX_RANK], count[MAX_RANK];
    storage_strides(source_storage(source, y), y_stride);
    storage_strides(source_storage(source, update), update_stride);
    for (int a = 0; a < from.rank; a++)
        count[a] = from.axis[a].end - from.axis[a].begin;
    const int64_t step = y_stride[axis];
    y_stride[axis] = 0;
    source_use(source, "region.h");
    source_use(source, "tensor_scatter.h");
    source_printf(source,
                  "static const struct tensor_scatter %s_shape = {\n    .rank = %d, .axis = %d, .count = %s, .y = %s, "
                  ".update = %s,\n    .step = %" PRId64 ", .begin = %" PRId64 ", .end = %" PRId64 ", .length = %" PRId64
                  ", .circular = %d, .size = %zu};\n\n",
                  source_name(source), from.rank, axis, numbers_text(arena, count, from.rank),
                  numbers_text(arena, y_stride, from.rank), numbers_text(arena, update_stride, from.rank), step,
                  region->axis[axis].begin, region->axis[axis].end, y->shape.dim[axis],
                  !strcmp(node_string(node, "mode", "linear"), "circular"), type_size(y->type));
    source_function(source);
    write_box_copy(source, y, *region, cache, *region);
    source_printf(source, "    tensor_scatter(&%s_shape, %s,\n                   %s,\n                   %s);\n",
                  source_name(source), plain_at(source, y, *region), plain_at(source, update, from),
                  node_input(node, 2) ? plain_at(source, node->input[2], node_reads(node, 2, 0, *region)) : "NULL");
    source_end(source);
}

const struct kernel kernel_tensor_scatter = {
    .name = "tensor_scatter", .op_type = "TensorScatter", .accepts = accepts, .emit = emit};
