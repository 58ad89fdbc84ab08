/* integer.c -- ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul by templates/integer_products.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/integer.h"

#include "../operators/op.h"
#include "../operators/quantize.h"
#include "conv_window.h"

#include <inttypes.h>

static bool accepts_matmul(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0 && shape_size(node->output[0]->shape) > 0;
}

static bool accepts_conv(const struct node *node)
{
    return node->input[0]->shape.rank <= 2 + GROUPED_AXES;
}

static void write_types(struct source *source, const struct node *node, const struct integer_product *p)
{
    const enum type y = node->output[0]->type;
    source_use(source, "integer_products.h");
    source_printf(source, "static const struct integer_types %s_types = {.a = %s, .b = %s, .y = %s", source_name(source),
                  element_type_text(p->a->type), element_type_text(p->b->type), element_type_text(y));
    if (p->requantizes)
        source_printf(source, ",\n    .scale = %s, .requantizes = 1, .least = %" PRId64 ", .most = %" PRId64,
                      element_type_text(p->a_scale->type), type_least(y), type_most(y));
    source_printf(source, "};\n");
}

/* ".NAME = the first element that the region reads of a tensor", when there is one. */
static void write_parameter(struct source *source, const struct node *node, struct region region, const char *name,
                            const struct tensor *tensor)
{
    for (int i = 1; i < node->input_count && tensor; i++)
        if (node->input[i] == tensor) {
            source_printf(source, ",\n        .%s = %s", name, plain_at(source, tensor, node_reads(node, i, 0, region)));
            return;
        }
}

static void write_parameters(struct source *source, const struct node *node, struct region region,
                             const struct integer_product *p)
{
    source_printf(source, "    const struct integer_parameters parameters = {\n        .y_zero = %s",
                  p->y_zero ? source_buffer(source, p->y_zero) : "NULL");
    write_parameter(source, node, region, "a_zero", p->a_zero);
    write_parameter(source, node, region, "b_zero", p->b_zero);
    write_parameter(source, node, region, "a_scale", p->a_scale);
    write_parameter(source, node, region, "b_scale", p->b_scale);
    write_parameter(source, node, region, "y_scale", p->y_scale);
    source_printf(source, "};\n");
}

/* ---- matrices ---- */

static void write_strides(struct source *source, const struct node *node, const char *name, int operand,
                          const struct tensor *tensor)
{
    int64_t own[MAX_RANK], stride[MAX_RANK] = {0};
    const int rank = node->output[0]->shape.rank;
    if (!tensor)
        return;
    storage_strides(source_storage(source, tensor), own);
    for (int a = 0; a < tensor->shape.rank; a++) {
        const int axis = integer_axis(node, operand, tensor, a);
        if (axis >= 0)
            stride[axis] = own[a];
    }
    source_printf(source, ",\n    .%s = %s", name, numbers_text(source_arena(source), stride, rank));
}

static int64_t depth_step(struct source *source, const struct tensor *tensor, int from_end)
{
    int64_t stride[MAX_RANK];
    const int rank = tensor->shape.rank;
    storage_strides(source_storage(source, tensor), stride);
    return stride[rank == 1 ? 0 : rank - from_end];
}

static void emit_matmul(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct integer_product p = integer_product_of(node);
    const char *name = source_name(source);
    int64_t count[MAX_RANK], y[MAX_RANK];
    storage_strides(source_storage(source, node->output[0]), y);
    for (int a = 0; a < region->rank; a++)
        count[a] = region->axis[a].end - region->axis[a].begin;
    write_types(source, node, &p);
    source_printf(source,
                  "static const struct matmul_integer %s_shape = {\n    .rank = %d, .count = %s, .y = %s,\n    .depth = %" PRId64
                  ", .a_step = %" PRId64 ", .b_step = %" PRId64,
                  name, region->rank, numbers_text(arena, count, region->rank), numbers_text(arena, y, region->rank),
                  p.a->shape.dim[p.a->shape.rank - 1], depth_step(source, p.a, 1), depth_step(source, p.b, 2));
    write_strides(source, node, "a", 0, p.a);
    write_strides(source, node, "b", 1, p.b);
    write_strides(source, node, "a_zero", 0, p.a_zero);
    write_strides(source, node, "b_zero", 1, p.b_zero);
    write_strides(source, node, "a_scale", 0, p.a_scale);
    write_strides(source, node, "b_scale", 1, p.b_scale);
    source_printf(source, "};\n\n");
    source_function(source);
    write_parameters(source, node, *region, &p);
    source_printf(source, "    matmul_integer(&%s_shape, &%s_types, &parameters, %s,\n        %s, %s);\n", name, name,
                  plain_at(source, node->output[0], *region),
                  plain_at(source, p.a, node_reads(node, 0, 0, *region)),
                  plain_at(source, p.b, node_reads(node, p.b_input, 0, *region)));
    source_end(source);
}

/* ---- windows ---- */

static int per_channel(const struct tensor *tensor)
{
    return tensor && shape_size(tensor->shape) > 1;
}

static void emit_conv(struct source *source, const struct node *node, const struct region *region)
{
    const struct integer_product p = integer_product_of(node);
    const char *name = source_name(source);
    write_types(source, node, &p);
    write_grouped_shape(source, node, p.bias, *region);
    source_printf(source, "static const struct conv_integer %s_steps = {.zero_step = %d, .scale_step = %d};\n\n", name,
                  per_channel(p.b_zero), per_channel(p.b_scale));
    source_function(source);
    write_parameters(source, node, *region, &p);
    source_printf(source, "    conv_integer(&%s_shape, &%s_steps, &%s_types, &parameters, %s,\n        %s, %s, %s);\n", name,
                  name, name, plain_at(source, node->output[0], *region), grouped_input_at(source, node, *region),
                  source_buffer(source, p.b), p.bias ? source_buffer(source, p.bias) : "NULL");
    source_end(source);
}

#define KERNEL(id, type, takes, emits)                                                                       \
    const struct kernel kernel_##id = {                                                                      \
        .name = #id, .op_type = type, .accepts = takes, .emit = emits}

KERNEL(conv_integer, "ConvInteger", accepts_conv, emit_conv);
KERNEL(matmul_integer, "MatMulInteger", accepts_matmul, emit_matmul);
KERNEL(qlinear_conv, "QLinearConv", accepts_conv, emit_conv);
KERNEL(qlinear_matmul, "QLinearMatMul", accepts_matmul, emit_matmul);
