/* lrn.c -- LRN by templates/lrn.h. */
/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int64_t size = node_int(node, "size", 1);
    const struct range channels = region->axis[1];
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], x_kept[MAX_RANK], y_kept[MAX_RANK], count[MAX_RANK];
    int rank = 0;
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < region->rank; a++) {
        if (a == 1)
            continue;
        count[rank] = region->axis[a].end - region->axis[a].begin;
        x_kept[rank] = x_stride[a];
        y_kept[rank++] = y_stride[a];
    }
    source_use(source, "lrn.h");
    source_printf(source, "static const struct lrn %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n",
                  source_name(source), rank, numbers_text(arena, count, rank), numbers_text(arena, x_kept, rank),
                  numbers_text(arena, y_kept, rank));
    source_printf(source,
                  "    .channels = %" PRId64 ", .x_channel = %" PRId64 ", .y_channel = %" PRId64 ", .low = %" PRId64
                  ", .high = %" PRId64 ",\n    .below = %" PRId64 ", .above = %" PRId64,
                  channels.end - channels.begin, x_stride[1], y_stride[1], -channels.begin,
                  x->shape.dim[1] - channels.begin, (size - 1) / 2, size / 2);
    source_printf(source, ", .alpha = %s, .beta = %s, .bias = %s};\n\n",
                  real_text(source, (double)node_float(node, "alpha", 1e-4f) / (double)size),
                  real_text(source, (double)node_float(node, "beta", 0.75f)),
                  real_text(source, (double)node_float(node, "bias", 1)));
    source_function(source);
    source_printf(source, "    lrn(&%s_shape, %s,\n        %s);\n", source_name(source), plain_at(source, y, *region),
                  plain_at(source, x, *region));
    source_end(source);
}

const struct kernel kernel_lrn = {.name = "lrn", .op_type = "LRN", .accepts = accepts, .doubles = true, .emit = emit};
