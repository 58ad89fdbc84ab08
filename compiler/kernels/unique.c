/* unique.c -- mednn.Unique by templates/unique.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/unique.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    bool all = shape_size(node->input[0]->shape) > 0;
    for (int k = 0; k < 5; k++)
        all = all && node_output(node, k) && shape_size(node->output[k]->shape) > 0;
    return all;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    (void)piece;
    return 2 * slices_of(node).count * (int64_t)sizeof(int64_t);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    const struct slices s = slices_of(node);
    const struct tensor *x = node->input[0];
    source_use(source, "unique.h");
    source_printf(source,
                  "static const struct unique %s_shape = {\n    .outer = %" PRId64 ", .count = %" PRId64 ", .inner = %" PRId64
                  ", .capacity = %" PRId64 ", .sorted = %d, .type = %s, .size = %zu};\n\n",
                  source_name(source), s.outer, s.count, s.inner, node_int(node, "capacity", 0),
                  node_int(node, "sorted", 1) != 0, element_type_text(x->type), type_size(x->type));
    source_function(source);
    source_printf(source, "    const struct unique_results results = {%s, %s,\n        %s, %s};\n",
                  source_buffer(source, node->output[1]), source_buffer(source, node->output[2]),
                  source_buffer(source, node->output[3]), source_buffer(source, node->output[4]));
    source_printf(source, "    *%s = unique(&%s_shape, &results, %s, (int64_t *)%s);\n",
                  source_buffer(source, node->output[0]), source_name(source),
                  plain_at(source, x, region_whole(x->shape)), source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_unique = {
    .name = "unique", .op_type = "mednn.Unique", .accepts = accepts, .scratch = scratch, .emit = emit};
