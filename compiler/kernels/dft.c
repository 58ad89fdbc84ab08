/* dft.c -- DFT by templates/dft.h, with sines and cosines baked in. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/signal.h"
#include "layer.h"

#include <inttypes.h>
#include <math.h>

static bool accepts(const struct node *node)
{
    return node->input[0]->type == TYPE_FLOAT;
}

static const char *bake_turn(struct source *source, int64_t length)
{
    float *turn = source_scratch(source, (size_t)(2 * length) * sizeof *turn);
    for (int64_t i = 0; i < length; i++) {
        const double angle = 2 * 3.14159265358979323846 * (double)i / (double)length;
        turn[i] = (float)cos(angle);
        turn[length + i] = (float)sin(angle);
    }
    return source_weights(source, "turn", NULL, turn, (size_t)(2 * length));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct dft dft = dft_of(node);
    const int last = region->rank - 1;
    const struct region from = node_reads(node, 0, 0, *region);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], x_kept[MAX_RANK], y_kept[MAX_RANK], count[MAX_RANK];
    int rank = 0;
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < last; a++) {
        if (a == dft.axis)
            continue;
        count[rank] = region->axis[a].end - region->axis[a].begin;
        x_kept[rank] = x_stride[a];
        y_kept[rank++] = y_stride[a];
    }
    const char *turn = bake_turn(source, dft.length);
    source_use(source, "dft.h");
    source_printf(source,
                  "static const struct dft %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n"
                  "    .length = %" PRId64 ", .elements = %" PRId64 ", .begin = %" PRId64 ", .end = %" PRId64
                  ", .x_step = %" PRId64 ", .y_step = %" PRId64 ",\n",
                  source_name(source), rank, numbers_text(arena, count, rank), numbers_text(arena, x_kept, rank),
                  numbers_text(arena, y_kept, rank), dft.length, from.axis[dft.axis].end, region->axis[dft.axis].begin,
                  region->axis[dft.axis].end, x_stride[dft.axis], y_stride[dft.axis]);
    source_printf(source,
                  "    .part_begin = %" PRId64 ", .part_end = %" PRId64 ", .y_part = %" PRId64
                  ", .complex = %d, .inverse = %d};\n\n",
                  region->axis[last].begin, region->axis[last].end, y_stride[last], dft.complex, dft.inverse);
    source_function(source);
    source_printf(source, "    dft(&%s_shape, %s,\n        %s, %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, from), turn);
    source_end(source);
}

const struct kernel kernel_dft = {.name = "dft", .op_type = "DFT", .accepts = accepts, .emit = emit};
