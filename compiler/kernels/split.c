/* split.c -- Split whose parts were not made Slices: a copy of a box for each output. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    source_use(source, "region.h");
    source_function(source);
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k])
            write_box_copy(source, node->output[k], region[k], node->input[0], node_reads(node, 0, k, region[k]));
    source_end(source);
}

const struct kernel kernel_split = {.name = "split", .op_type = "Split", .accepts = accepts, .emit = emit};
