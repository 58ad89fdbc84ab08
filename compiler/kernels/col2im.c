/* col2im.c -- Col2Im by templates/col2im.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/col2im.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct col2im c = col2im_of(node);
    const struct window *w = &c.window;
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK], first[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < region->rank; a++) {
        count[a] = region->axis[a].end - region->axis[a].begin;
        first[a] = region->axis[a].begin;
    }
    source_use(source, "col2im.h");
    source_printf(source,
                  "static const struct col2im %s_shape = {\n    .axes = %d, .count = %s, .y = %s, .first = %s,\n"
                  "    .x_batch = %" PRId64 ", .x_channel = %" PRId64 ", .x_position = %" PRId64 ",\n",
                  source_name(source), w->spatial, numbers_text(arena, count, region->rank),
                  numbers_text(arena, y_stride, region->rank), numbers_text(arena, first, region->rank), x_stride[0],
                  x_stride[1] * c.positions, x_stride[1]);
    source_printf(source,
                  "    .kernel = %s, .stride = %s, .dilation = %s, .pad = %s, .blocks = %s, .type = %s};\n\n",
                  numbers_text(arena, w->kernel, w->spatial), numbers_text(arena, w->stride, w->spatial),
                  numbers_text(arena, w->dilation, w->spatial), numbers_text(arena, w->pad_begin, w->spatial),
                  numbers_text(arena, c.blocks, w->spatial), element_type_text(x->type));
    source_function(source);
    source_printf(source, "    col2im(&%s_shape, %s,\n           %s);\n", source_name(source), plain_at(source, y, *region),
                  plain_at(source, x, node_reads(node, 0, 0, *region)));
    source_end(source);
}

const struct kernel kernel_col2im = {.name = "col2im", .op_type = "Col2Im", .accepts = accepts, .emit = emit};
