/* non_max_suppression.c -- mednn.NonMaxSuppression by templates/non_max_suppression.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/non_max_suppression.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[1]->shape) > 0;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    (void)piece;
    return node->input[1]->shape.dim[2];
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    const struct shape scores = node->input[1]->shape;
    source_use(source, "non_max_suppression.h");
    source_printf(source,
                  "static const struct non_max_suppression %s_shape = {\n    .batches = %" PRId64 ", .classes = %" PRId64
                  ", .boxes = %" PRId64 ", .capacity = %" PRId64 ", .center = %d};\n\n",
                  source_name(source), scores.dim[0], scores.dim[1], scores.dim[2], node_int(node, "capacity", 0),
                  node_int(node, "center_point_box", 0) != 0);
    source_function(source);
    source_printf(source, "    *%s = non_max_suppression(&%s_shape, %s", source_buffer(source, node->output[0]),
                  source_name(source), some_buffer(source, node->output[1]));
    for (int i = 0; i <= NMS_SCORE; i++) {
        const struct tensor *tensor = node_input(node, i);
        source_printf(source, ",\n        %s", tensor ? plain_at(source, tensor, region_whole(tensor->shape)) : "NULL");
    }
    source_printf(source, ",\n        (unsigned char *)%s);\n", source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_non_max_suppression = {
    .name = "non_max_suppression", .op_type = "mednn.NonMaxSuppression", .accepts = accepts, .scratch = scratch, .emit = emit};
