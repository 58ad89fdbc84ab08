/* batch_normalization.c -- BatchNormalization by templates/batch_normalization.h, where it is no Mul and Add of constants. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0;
}

/* `region`: of the output's axes; `from`: what is read of x. */
static void write_shape(struct source *source, const struct node *node, const char *name, struct region region,
                        struct region from)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0];
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], list[4][MAX_RANK], first = 0;
    int rank = 0;
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, node->output[0]), y_stride);
    for (int a = 0; a < region.rank; a++) {
        first += (region.axis[a].begin - from.axis[a].begin) * x_stride[a];
        if (a == 1)
            continue;
        list[0][rank] = region.axis[a].end - region.axis[a].begin;
        list[1][rank] = x_stride[a];
        list[2][rank] = y_stride[a];
        list[3][rank++] = x->shape.dim[a];
    }
    source_printf(source,
                  "static const struct batch_normalization %s = {\n    .rank = %d, .count = %s, .x = %s, .y = %s, .whole = %s,\n",
                  name, rank, numbers_text(arena, list[0], rank), numbers_text(arena, list[1], rank),
                  numbers_text(arena, list[2], rank), numbers_text(arena, list[3], rank));
    source_printf(source,
                  "    .channels = %" PRId64 ", .x_step = %" PRId64 ", .y_step = %" PRId64 ", .first = %" PRId64
                  ", .type = %s,\n    .parameter_type = {%s, %s, %s, %s},\n    .epsilon = %s, .momentum = %s};\n\n",
                  region.axis[1].end - region.axis[1].begin, x_stride[1], y_stride[1], first,
                  element_type_text(x->type), element_type_text(node->input[1]->type),
                  element_type_text(node->input[2]->type), element_type_text(node->input[3]->type),
                  element_type_text(node->input[4]->type),
                  float_text(arena, (double)node_float(node, "epsilon", 1e-5f)),
                  float_text(arena, (double)node_float(node, "momentum", 0.9f)));
}

static const char *parameter_at(struct source *source, const struct node *node, int input, int output,
                                struct region region)
{
    return plain_at(source, node->input[input], node_reads(node, input, output, region));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct region from = node_reads(node, 0, 0, *region);
    const char *name = source_name(source), *shape = arena_printf(arena, "%s_shape", name);
    struct text body = {.arena = arena};
    source_use(source, "batch_normalization.h");
    write_shape(source, node, shape, *region, from);
    text_printf(&body, "    const struct batch_parameters parameters = {{\n        %s, %s,\n        %s, %s}};\n",
                parameter_at(source, node, 1, 0, *region), parameter_at(source, node, 2, 0, *region),
                parameter_at(source, node, 3, 0, *region), parameter_at(source, node, 4, 0, *region));
    text_printf(&body, "    batch_normalization(&%s, &parameters, %d, %s,\n        %s);\n", shape,
                node_int(node, "training_mode", 0) != 0, plain_at(source, node->output[0], *region),
                plain_at(source, node->input[0], from));
    for (int k = 1; k < node->output_count; k++) {
        if (!node->output[k] || region_is_empty(region[k]))
            continue;
        const char *statistics = arena_printf(arena, "%s_statistics%d", name, k);
        const struct region all = node_reads(node, 0, k, region[k]);
        write_shape(source, node, statistics, all, all);
        text_printf(&body, "    batch_statistics(&%s, %s, %d, %s, %s);\n", statistics,
                    parameter_at(source, node, 2 + k, k, region[k]), k == 2, plain_at(source, node->output[k], region[k]),
                    plain_at(source, node->input[0], all));
    }
    source_function(source);
    source_printf(source, "%s", body.bytes);
    source_end(source);
}

const struct kernel kernel_batch_normalization = {
    .name = "batch_normalization", .op_type = "BatchNormalization", .accepts = accepts, .emit = emit};
