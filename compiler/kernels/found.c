/* found.c -- mednn.Compress and mednn.NonZero by templates/found.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *condition = node_input(node, 1);
    const bool flat = !node_attribute(node, "axis");
    int64_t x_stride[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    source_use(source, "found.h");
    source_printf(source,
                  "static const struct found %s_shape = {\n    .rank = %d, .count = %s, .x = %s,\n    .capacity = %" PRId64
                  ", .axis = %d, .given = %" PRId64 ", .type = %s, .size = %zu};\n\n",
                  source_name(source), x->shape.rank, numbers_text(arena, x->shape.dim, x->shape.rank),
                  numbers_text(arena, x_stride, x->shape.rank), node_int(node, "capacity", 0),
                  flat ? -1 : node_axis(node, 0), condition ? condition->shape.dim[0] : 0, element_type_text(x->type),
                  type_size(x->type));
    source_function(source);
    source_printf(source, "    *%s = %s(&%s_shape, %s, %s", source_buffer(source, node->output[0]),
                  condition ? "compress" : "non_zero", source_name(source), some_buffer(source, node->output[1]),
                  plain_at(source, x, region_whole(x->shape)));
    if (condition)
        source_printf(source, ", %s", source_buffer(source, condition));
    source_printf(source, ");\n");
    source_end(source);
}

const struct kernel kernel_compress = {
    .name = "compress", .op_type = "mednn.Compress", .accepts = accepts, .emit = emit};
const struct kernel kernel_non_zero = {
    .name = "non_zero", .op_type = "mednn.NonZero", .accepts = accepts, .emit = emit};
