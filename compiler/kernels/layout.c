/* layout.c -- conversions between plain and blocked storages, which choose_layouts inserts. */
/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include <inttypes.h>

static bool accepts_to_blocked(const struct node *node)
{
    return tensor_can_block(node->output[0]) && node->output[0]->layout == LAYOUT_BLOCKED;
}

static bool accepts_to_plain(const struct node *node)
{
    return tensor_can_block(node->output[0]) && node->output[0]->layout == LAYOUT_PLAIN;
}

static enum layout layout_to_blocked(const struct node *node, int input)
{
    (void)node;
    return input < 0 ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

static enum layout layout_to_plain(const struct node *node, int input)
{
    (void)node;
    return input < 0 ? LAYOUT_PLAIN : LAYOUT_BLOCKED;
}

static int64_t grid(const struct node *node, int axis)
{
    (void)node;
    return axis == 1 ? BLOCK : 1;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct map box = map_of(*region);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const char *name = source_name(source), *function = y->layout == LAYOUT_BLOCKED ? "blocked" : "plain";
    source_use(source, "layout.h");
    source_printf(source,
                  "static const struct layout %s_shape = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64
                  ", .channels = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64 "};\n\n",
                  name, source_view(source, x), source_view(source, y), box.n.end - box.n.begin,
                  box.c.end - box.c.begin, box.row.end - box.row.begin, box.column.end - box.column.begin);
    source_function(source);
    source_printf(source, "    layout_to_%s(&%s_shape, %s,\n                    %s);\n", function, name,
                  source_at(source, y, box.n.begin, box.c.begin, box.row.begin, box.column.begin),
                  source_at(source, x, box.n.begin, box.c.begin, box.row.begin, box.column.begin));
    source_end(source);
}

const struct kernel kernel_layout_to_blocked = {.name = "layout_to_blocked",
                                                .op_type = "mednn.Layout",
                                                .accepts = accepts_to_blocked,
                                                .work = layer_vector_work,
                                                .layout = layout_to_blocked,
                                                .grid = grid,
                                                .emit = emit};

const struct kernel kernel_layout_to_plain = {.name = "layout_to_plain",
                                              .op_type = "mednn.Layout",
                                              .accepts = accepts_to_plain,
                                                .work = layer_vector_work,
                                              .layout = layout_to_plain,
                                              .grid = grid,
                                              .emit = emit};
