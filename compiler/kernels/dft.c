/* dft.c -- DFT and STFT by templates/dft.h, with sines and cosines baked in. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/signal.h"
#include "layer.h"

#include <inttypes.h>
#include <math.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type);
}

static const char *bake_turn(struct source *source, int64_t length)
{
    double *turn = source_scratch(source, (size_t)(2 * length) * sizeof *turn);
    for (int64_t i = 0; i < length; i++) {
        const double angle = 2 * 3.14159265358979323846 * (double)i / (double)length;
        turn[i] = cos(angle);
        turn[length + i] = sin(angle);
    }
    return source_reals(source, "turn", turn, (size_t)(2 * length));
}

/* The axes that are walked: their lengths in the piece, and strides. */
struct walked {
    int rank;
    int64_t count[MAX_RANK], x[MAX_RANK], y[MAX_RANK];
};

/* A transform of `axis` of the output, by which x moves `x_step`. */
static void write_dft(struct source *source, const struct node *node, struct region region, const struct walked *walked,
                      const struct dft *dft, int64_t elements, int64_t x_step, const char *window)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int last = region.rank - 1;
    int64_t y_stride[MAX_RANK];
    storage_strides(source_storage(source, y), y_stride);
    const char *turn = bake_turn(source, dft->length);
    source_use(source, "dft.h");
    source_printf(source,
                  "static const struct dft %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n"
                  "    .length = %" PRId64 ", .elements = %" PRId64 ", .begin = %" PRId64 ", .end = %" PRId64
                  ", .x_step = %" PRId64 ", .y_step = %" PRId64 ",\n",
                  source_name(source), walked->rank, numbers_text(arena, walked->count, walked->rank),
                  numbers_text(arena, walked->x, walked->rank), numbers_text(arena, walked->y, walked->rank), dft->length,
                  elements, region.axis[dft->axis].begin, region.axis[dft->axis].end, x_step, y_stride[dft->axis]);
    source_printf(source,
                  "    .part_begin = %" PRId64 ", .part_end = %" PRId64 ", .y_part = %" PRId64
                  ", .complex = %d, .inverse = %d};\n\n",
                  region.axis[last].begin, region.axis[last].end, y_stride[last], dft->complex, dft->inverse);
    source_function(source);
    source_printf(source, "    dft(&%s_shape, %s,\n        %s, %s, %s);\n", source_name(source),
                  plain_at(source, y, region), plain_at(source, x, node_reads(node, 0, 0, region)), turn, window);
    source_end(source);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct dft dft = dft_of(node);
    const struct region from = node_reads(node, 0, 0, *region);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK];
    struct walked walked = {0};
    storage_strides(source_storage(source, node->input[0]), x_stride);
    storage_strides(source_storage(source, node->output[0]), y_stride);
    for (int a = 0; a < region->rank - 1; a++) {
        if (a == dft.axis)
            continue;
        walked.count[walked.rank] = region->axis[a].end - region->axis[a].begin;
        walked.x[walked.rank] = x_stride[a];
        walked.y[walked.rank++] = y_stride[a];
    }
    write_dft(source, node, *region, &walked, &dft, from.axis[dft.axis].end, x_stride[dft.axis], "NULL");
}

const struct kernel kernel_dft = {.name = "dft", .op_type = "DFT", .accepts = accepts, .doubles = true, .emit = emit};

static void emit_stft(struct source *source, const struct node *node, const struct region *region)
{
    const struct stft stft = stft_of(node);
    const struct dft dft = {.axis = 2, .length = stft.length, .complex = stft.complex};
    const struct tensor *window = node_input(node, STFT_WINDOW);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK];
    storage_strides(source_storage(source, node->input[0]), x_stride);
    storage_strides(source_storage(source, node->output[0]), y_stride);
    const struct walked walked = {2,
                                  {region->axis[0].end - region->axis[0].begin, region->axis[1].end - region->axis[1].begin},
                                  {x_stride[0], x_stride[1] * stft.step},
                                  {y_stride[0], y_stride[1]}};
    write_dft(source, node, *region, &walked, &dft, stft.length, x_stride[1],
              window ? plain_at(source, window, region_whole(window->shape)) : "NULL");
}

const struct kernel kernel_stft = {.name = "stft", .op_type = "STFT", .accepts = accepts, .doubles = true, .emit = emit_stft};
