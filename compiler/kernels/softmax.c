/* softmax.c -- Softmax and LogSoftmax by templates/softmax.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return !*node->domain && (!strcmp(node->op_type, "Softmax") || !strcmp(node->op_type, "LogSoftmax")) &&
           type_is_wide(node->input[0]->type) && node->input[0]->shape.rank > 0;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int axis = node_axis(node, -1);
    const char *name = source_name(source);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK], x_kept[MAX_RANK], y_kept[MAX_RANK];
    int rank = 0;
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < region->rank; a++) {
        if (a == axis || region->axis[a].end - region->axis[a].begin == 1)
            continue;
        count[rank] = region->axis[a].end - region->axis[a].begin;
        x_kept[rank] = x_stride[a];
        y_kept[rank++] = y_stride[a];
    }
    source_use(source, "softmax.h");
    source_printf(source,
                  "static const struct softmax %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n",
                  name, rank, numbers_text(arena, count, rank), numbers_text(arena, x_kept, rank),
                  numbers_text(arena, y_kept, rank));
    source_printf(source,
                  "    .length = %" PRId64 ", .x_step = %" PRId64 ", .y_step = %" PRId64 ", .begin = %" PRId64
                  ", .end = %" PRId64 "%s};\n\n",
                  x->shape.dim[axis], x_stride[axis], y_stride[axis], region->axis[axis].begin, region->axis[axis].end,
                  !strcmp(node->op_type, "LogSoftmax") ? ",\n    .logarithm = 1" : "");
    source_function(source);
    struct region from = *region;
    from.axis[axis].begin = 0;
    source_printf(source, "    softmax(&%s_shape, %s,\n            %s);\n", name, plain_at(source, y, *region),
                  plain_at(source, x, from));
    source_end(source);
}

const struct kernel kernel_softmax = {.name = "softmax", .accepts = accepts, .work = layer_line_work,
                                      .doubles = true, .emit = emit};
