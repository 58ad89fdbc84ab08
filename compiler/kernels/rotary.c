/* rotary.c -- RotaryEmbedding by templates/rotary.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/attention.h"
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

/* Heads stay whole. */
static int64_t grid(const struct node *node, int axis)
{
    return axis == node->output[0]->shape.rank - 1 ? rotary_of(node).x.width : 1;
}

/* Strides of batch and row of a table or of positions; tables that positions look into have no batches. */
static const char *row_strides(struct source *source, const struct tensor *tensor, bool looked_up)
{
    int64_t stride[MAX_RANK], result[2];
    storage_strides(source_storage(source, tensor), stride);
    result[0] = looked_up ? 0 : stride[0];
    result[1] = looked_up ? stride[0] : stride[1];
    return numbers_text(source_arena(source), result, 2);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct rotary rotary = rotary_of(node);
    const struct region box = heads_split(&rotary.x, *region);
    const struct tensor *x = node->input[0], *y = node->output[0], *positions = node_input(node, 3);
    struct arena *arena = source_arena(source);
    int64_t stride[MAX_RANK], x_stride[3], y_stride[3];
    storage_strides(source_storage(source, x), stride);
    heads_strides(&rotary.x, stride, x_stride);
    storage_strides(source_storage(source, y), stride);
    heads_strides(&rotary.x, stride, y_stride);
    source_use(source, "rotary.h");
    source_printf(source,
                  "static const struct rotary %s_shape = {\n    .batches = %" PRId64 ", .heads = %" PRId64 ", .rows = %" PRId64
                  ", .width = %" PRId64 ", .pairs = %" PRId64 ", .x = %s, .y = %s,\n",
                  source_name(source), box.axis[0].end - box.axis[0].begin, box.axis[1].end - box.axis[1].begin,
                  box.axis[2].end - box.axis[2].begin, rotary.x.width, rotary.turned / 2,
                  numbers_text(arena, x_stride, 3), numbers_text(arena, y_stride, 3));
    source_printf(source, "    .cosine = %s, .sine = %s, .position = %s, .positions = %" PRId64
                  ", .interleaved = %d, .type = %s};\n\n",
                  row_strides(source, node->input[1], positions), row_strides(source, node->input[2], positions),
                  positions ? row_strides(source, positions, false) : "{0}",
                  positions ? node->input[1]->shape.dim[0] : 0, rotary.interleaved, element_type_text(x->type));
    source_function(source);
    source_printf(source, "    rotary(&%s_shape, %s", source_name(source), plain_at(source, y, *region));
    for (int i = 0; i < 4; i++)
        source_printf(source, ",\n           %s",
                      node_input(node, i) ? plain_at(source, node->input[i], node_reads(node, i, 0, *region)) : "NULL");
    source_printf(source, ");\n");
    source_end(source);
}

const struct kernel kernel_rotary = {
    .name = "rotary", .op_type = "RotaryEmbedding", .accepts = accepts, .grid = grid, .emit = emit};
