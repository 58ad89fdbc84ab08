/* quantize.c -- QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear by templates/quantize.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/quantize.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0;
}

static void write_shape(struct source *source, const struct node *node, struct region region)
{
    struct arena *arena = source_arena(source);
    const struct quantization q = quantization_of(node);
    const struct tensor *x = node->input[0], *y = node->output[0], *scale = node->input[1], *zero = node_input(node, 2);
    int64_t count[MAX_RANK], x_stride[MAX_RANK], y_stride[MAX_RANK], scale_stride[MAX_RANK], kept[MAX_RANK] = {0};
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    storage_strides(source_storage(source, scale), scale_stride);
    for (int a = 0; a < region.rank; a++) {
        count[a] = region.axis[a].end - region.axis[a].begin;
        kept[a] = q.blocked && a != q.axis ? scale_stride[a] : 0;
    }
    source_use(source, "quantize.h");
    source_printf(source,
                  "static const struct quantize %s_shape = {\n    .rank = %d, .count = %s, .x = %s, .y = %s, .scale = %s,\n",
                  source_name(source), region.rank, numbers_text(arena, count, region.rank),
                  numbers_text(arena, x_stride, region.rank), numbers_text(arena, y_stride, region.rank),
                  numbers_text(arena, kept, region.rank));
    source_printf(source, "    .axis = %d, .first = %" PRId64 ", .block = %" PRId64 ", .step = %" PRId64 ",\n",
                  q.axis < 0 ? 0 : q.axis, q.axis < 0 ? 0 : region.axis[q.axis].begin % q.block, q.block,
                  q.axis < 0 ? 0 : scale_stride[q.blocked ? q.axis : 0]);
    source_printf(source, "    .x_type = %s, .y_type = %s, .scale_type = %s", element_type_text(x->type),
                  element_type_text(y->type), element_type_text(scale->type));
    if (zero)
        source_printf(source, ", .zero_type = %s", element_type_text(zero->type));
    if (type_is_float(y->type))
        source_printf(source, "};\n\n");
    else
        source_printf(source, ",\n    .precision = %s, .least = %" PRId64 ", .most = %" PRId64 "};\n\n",
                      element_type_text((enum type)node_int(node, "precision", scale->type)), type_least(y->type),
                      type_most(y->type));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *zero = node_input(node, 2);
    write_shape(source, node, *region);
    source_function(source);
    source_printf(source, "    %s(&%s_shape, %s, %s,\n             %s, %s);\n",
                  *node->op_type == 'Q' ? "quantize" : "dequantize", source_name(source),
                  plain_at(source, node->output[0], *region), plain_at(source, node->input[0], *region),
                  plain_at(source, node->input[1], node_reads(node, 1, 0, *region)),
                  zero ? plain_at(source, zero, node_reads(node, 2, 0, *region)) : "NULL");
    source_end(source);
}

static const char *buffer_or_null(struct source *source, const struct node *node, int output)
{
    const struct tensor *tensor = node_output(node, output);
    return tensor ? source_buffer(source, tensor) : "NULL";
}

static void emit_dynamic(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    source_use(source, "quantize.h");
    source_function(source);
    source_printf(source, "    quantize_dynamic(%" PRId64 ", %s, %s, %s,\n                     %s);\n",
                  shape_size(node->input[0]->shape), buffer_or_null(source, node, 0), buffer_or_null(source, node, 1),
                  buffer_or_null(source, node, 2), source_buffer(source, node->input[0]));
    source_end(source);
}

const struct kernel kernel_quantize = {
    .name = "quantize", .op_type = "QuantizeLinear", .accepts = accepts, .emit = emit};
const struct kernel kernel_dequantize = {
    .name = "dequantize", .op_type = "DequantizeLinear", .accepts = accepts, .emit = emit};
const struct kernel kernel_quantize_dynamic = {
    .name = "quantize_dynamic", .op_type = "DynamicQuantizeLinear", .accepts = accepts, .emit = emit_dynamic};
