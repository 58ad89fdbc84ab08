/* unpool.c -- MaxUnpool by templates/unpool.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *x = node->input[0], *indices = node->input[1], *y = node->output[0];
    const struct region whole = region_whole(x->shape);
    const int rank = x->shape.rank;
    struct arena *arena = source_arena(source);
    int64_t x_stride[MAX_RANK], index_stride[MAX_RANK], y_stride[MAX_RANK], begin[MAX_RANK], end[MAX_RANK];
    int64_t count[MAX_RANK];
    const int64_t still[MAX_RANK] = {0};
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, indices), index_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int axis = 0; axis < rank; axis++) {
        begin[axis] = region->axis[axis].begin;
        end[axis] = region->axis[axis].end;
        count[axis] = end[axis] - begin[axis];
    }
    source_use(source, "region.h");
    source_use(source, "unpool.h");
    source_printf(source,
                  "static const struct unpool %s_shape = {\n    .rank = %d, .count = %s, .x = %s, .index = %s,\n"
                  "    .dim = %s, .begin = %s, .end = %s, .y = %s, .size = %zu};\n\n",
                  source_name(source), rank, numbers_text(arena, x->shape.dim, rank),
                  numbers_text(arena, x_stride, rank), numbers_text(arena, index_stride, rank),
                  numbers_text(arena, unpool_natural_shape(node).dim, rank), numbers_text(arena, begin, rank),
                  numbers_text(arena, end, rank), numbers_text(arena, y_stride, rank), type_size(y->type));
    source_function(source);
    source_printf(source,
                  "    copy_box(%s, (const int64_t[])%s,\n             &(const int64_t){0}, (const int64_t[])%s,\n"
                  "             (const int64_t[])%s, %d, %zu);\n",
                  plain_at(source, y, *region), numbers_text(arena, y_stride, rank), numbers_text(arena, still, rank),
                  numbers_text(arena, count, rank), rank, type_size(y->type));
    source_printf(source, "    unpool(&%s_shape, %s,\n           %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, whole), plain_at(source, indices, whole));
    source_end(source);
}

const struct kernel kernel_max_unpool = {
    .name = "max_unpool", .op_type = "MaxUnpool", .accepts = accepts, .emit = emit};
