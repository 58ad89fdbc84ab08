/* conv_depthwise.c -- Conv with one input channel per output channel by templates/conv_depthwise.h. */
/* SPDX-License-Identifier: MIT */
#include "conv_window.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    if (!conv_is_blockable(node))
        return false;
    const int64_t group = conv_window(node)->group;
    return group > 1 && group == node->input[0]->shape.dim[1] && group == node->output[0]->shape.dim[1];
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    const struct map box = map_of(piece);
    const struct shape w = node->input[1]->shape;
    const double channels = (double)round_up(box.c.end - box.c.begin, BLOCK), taps = (double)(shape_size(w) / w.dim[0]);
    work->amount[WORK_DEPTHWISE] += (double)(region_size(piece) / (box.c.end - box.c.begin)) * channels * taps;
}

/* Channels [begin, end): [C / 16][taps][16]. */
static const char *pack_weights(struct source *source, const struct node *node, struct range channels)
{
    const char *shared = conv_shared_weights(source, "weights");
    if (shared)
        return shared;
    const struct tensor *weights = node->input[1];
    const int64_t taps = shape_size(weights->shape) / weights->shape.dim[0];
    const size_t count = (size_t)(round_up(channels.end - channels.begin, BLOCK) * taps);
    float *packed = source_scratch(source, count * sizeof *packed);
    for (int64_t c = 0; c < channels.end - channels.begin; c++)
        for (int64_t tap = 0; tap < taps; tap++)
            packed[(c / BLOCK * taps + tap) * BLOCK + c % BLOCK] =
                ((const float *)weights->data)[(channels.begin + c) * taps + tap];
    return source_weights(source, "weights", weights, packed, count);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct window window = *conv_window(node);
    const struct window2 w = window2_of(&window);
    const struct map box = map_of(*region);
    const char *name = source_name(source);
    const char *weights = pack_weights(source, node, box.c);
    const char *bias = conv_bias(source, node, box.c.begin, box.c.end);
    source_use(source, "conv_depthwise.h");
    source_use(source, "region.h");
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64
                  ", .channels = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64 ",\n",
                  source_view(source, node->input[0]), source_view(source, node->output[0]),
                  box.n.end - box.n.begin, box.c.end - box.c.begin, box.row.end - box.row.begin,
                  box.column.end - box.column.begin);
    write_window(source, &w);
    write_epilogue(source, node);
    source_printf(source, "};\n");
    const int64_t rows = box.row.end - box.row.begin, columns = box.column.end - box.column.begin;
    const char *loop = source_loop(source, mark, "conv_depthwise", "");
    if (loop == name) {
        const char *tiles = source_shared(source, "tiles", (rows > 1) + 2 * columns);
        if (tiles == name)
            source_printf(source, "CONV_DEPTHWISE_TILES(%s)\n", name);
        source_printf(source, "CONV_LOOP(conv_depthwise, %s, %s)\n\n", name, tiles);
    }
    source_function(source);
    write_clear_padding(source, node->input[0]);
    source_printf(source, "    %s_loop(%s,\n        %s, %s, %s,\n        %s);\n", loop,
                  conv_input_at(source, node, &w, *region, box.c.begin), weights, bias, residual_at(source, node, *region),
                  source_at(source, node->output[0], box.n.begin, box.c.begin, box.row.begin, box.column.begin));
    if (!epilogue_keeps_zero(&node->epilogue))
        write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

const struct kernel kernel_conv_depthwise = {.name = "conv_depthwise",
                                             .op_type = "Conv",
                                             .accepts = accepts,
                                             .layout = layer_blocked,
                                             .zero_border = true,
                                             .work = work,
                                             .emit = emit};
