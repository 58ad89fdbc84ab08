/* loss.c -- NegativeLogLikelihoodLoss by templates/loss.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/loss.h"

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
    const struct tensor *x = node->input[0], *target = node->input[1], *weight = node_input(node, 2);
    const enum reduction reduction = loss_reduction(node);
    const struct region from = node_reads(node, 0, 0, *region), targets = node_reads(node, 1, 0, *region);
    const int rank = targets.rank;
    int64_t count[MAX_RANK], x_stride[MAX_RANK], x_kept[MAX_RANK], t_stride[MAX_RANK], y_stride[MAX_RANK] = {0};
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, target), t_stride);
    storage_strides(source_storage(source, node->output[0]), y_stride);
    for (int a = 0; a < rank; a++) {
        count[a] = targets.axis[a].end - targets.axis[a].begin;
        x_kept[a] = x_stride[a ? a + 1 : 0];
    }
    source_use(source, "loss.h");
    source_printf(source,
                  "static const struct loss %s_shape = {\n    .rank = %d, .count = %s, .x = %s, .target = %s, .y = %s,\n"
                  "    .classes = %" PRId64 ", .class_step = %" PRId64 ", .type = %s, .target_type = %s",
                  source_name(source), rank, numbers_text(arena, count, rank), numbers_text(arena, x_kept, rank),
                  numbers_text(arena, t_stride, rank),
                  numbers_text(arena, y_stride, reduction == REDUCTION_NONE ? rank : 0), x->shape.dim[1], x_stride[1],
                  element_type_text(x->type), element_type_text(target->type));
    if (node_attribute(node, "ignore_index"))
        source_printf(source, ",\n    .ignores = 1, .ignored = %" PRId64, node_int(node, "ignore_index", 0));
    source_printf(source, "%s%s};\n\n", reduction == REDUCTION_NONE ? "" : ", .reduced = 1",
                  reduction == REDUCTION_MEAN ? ", .mean = 1" : "");
    source_function(source);
    source_printf(source, "    loss(&%s_shape, %s, %s,\n         %s, %s);\n", source_name(source),
                  plain_at(source, node->output[0], *region), plain_at(source, x, from), plain_at(source, target, targets),
                  weight ? source_buffer(source, weight) : "NULL");
    source_end(source);
}

const struct kernel kernel_loss = {
    .name = "loss", .op_type = "NegativeLogLikelihoodLoss", .accepts = accepts, .emit = emit};
