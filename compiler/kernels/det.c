/* det.c -- Det by templates/det.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->output[0]->shape) > 0;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    (void)piece;
    const int64_t size = node->input[0]->shape.dim[node->input[0]->shape.rank - 1];
    return size * size * (int64_t)sizeof(double);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < region->rank; a++)
        count[a] = region->axis[a].end - region->axis[a].begin;
    source_use(source, "det.h");
    source_printf(source,
                  "static const struct det %s_shape = {\n    .rank = %d, .count = %s, .x = %s, .y = %s, .size = %" PRId64
                  ", .x_row = %" PRId64 ", .type = %s};\n\n",
                  source_name(source), region->rank, numbers_text(arena, count, region->rank),
                  numbers_text(arena, x_stride, region->rank), numbers_text(arena, y_stride, region->rank),
                  x->shape.dim[x->shape.rank - 1], x_stride[x->shape.rank - 2], element_type_text(x->type));
    source_function(source);
    source_printf(source, "    det(&%s_shape, %s,\n        %s, (double *)%s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, node_reads(node, 0, 0, *region)),
                  source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_det = {
    .name = "det", .op_type = "Det", .accepts = accepts, .scratch = scratch, .emit = emit};
