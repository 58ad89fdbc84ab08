/* grid_sample.c -- GridSample by templates/grid_sample.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/grid_sample.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

enum { AXES = 3 };

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type) && node->input[1]->type == node->input[0]->type;
}

/* Numbers of the spatial axes, the missing ones in front. */
static const char *spatial_text(struct source *source, const int64_t *number, int count, int64_t missing)
{
    int64_t all[AXES];
    for (int i = 0; i < AXES; i++)
        all[i] = i < AXES - count ? missing : number[i - (AXES - count)];
    return numbers_text(source_arena(source), all, AXES);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    static const char *const modes[] = {"SAMPLE_NEAREST", "SAMPLE_LINEAR", "SAMPLE_CUBIC"};
    static const char *const paddings[] = {"SAMPLE_ZEROS", "SAMPLE_BORDER", "SAMPLE_REFLECTION"};
    const struct grid_sample sample = grid_sample_of(node);
    const struct tensor *x = node->input[0], *grid = node->input[1], *y = node->output[0];
    const int axes = region->rank - 2;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], grid_stride[MAX_RANK], count[AXES];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    storage_strides(source_storage(source, grid), grid_stride);
    for (int i = 0; i < axes; i++)
        count[i] = region->axis[i + 2].end - region->axis[i + 2].begin;
    source_use(source, "grid_sample.h");
    source_printf(source,
                  "static const struct grid_sample %s_shape = {\n    .mode = %s, .padding = %s, .align_corners = %d, "
                  ".axes = %d,\n    .batch = %" PRId64 ", .channels = %" PRId64 ", .count = %s, .size = %s,\n",
                  source_name(source), modes[sample.mode], paddings[sample.padding], sample.align_corners, axes,
                  region->axis[0].end - region->axis[0].begin, region->axis[1].end - region->axis[1].begin,
                  spatial_text(source, count, axes, 1), spatial_text(source, x->shape.dim + 2, axes, 1));
    source_printf(source,
                  "    .x_batch = %" PRId64 ", .x_channel = %" PRId64 ", .x_axis = %s,\n    .y_batch = %" PRId64
                  ", .y_channel = %" PRId64 ", .y_axis = %s,\n",
                  x_stride[0], x_stride[1], spatial_text(source, x_stride + 2, axes, 0), y_stride[0], y_stride[1],
                  spatial_text(source, y_stride + 2, axes, 0));
    source_printf(source, "    .grid_batch = %" PRId64 ", .grid_axis = %s, .grid_step = %" PRId64 "};\n\n",
                  grid_stride[0], spatial_text(source, grid_stride + 1, axes, 0), grid_stride[axes + 1]);
    source_function(source);
    source_printf(source, "    grid_sample(&%s_shape, %s,\n                %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, node_reads(node, 0, 0, *region)),
                  plain_at(source, grid, node_reads(node, 1, 0, *region)));
    source_end(source);
}

const struct kernel kernel_grid_sample = {
    .name = "grid_sample", .op_type = "GridSample", .accepts = accepts, .doubles = true, .emit = emit};
