/* conv_direct.c -- Conv of one group by templates/conv_direct.h. */
/* SPDX-License-Identifier: MIT */
#include "conv_window.h"

#include <inttypes.h>

enum { PANEL = 32 };

static bool accepts(const struct node *node)
{
    return conv_is_blockable(node) && conv_window(node)->group == 1;
}

/* A few channels are read where they are: no gain in blocking the planes of an image first. */
static enum layout layout(const struct node *node, int input)
{
    if (input == 0 && node->input[0]->shape.dim[1] < BLOCK)
        return layer_incoming(node, 0);
    return LAYOUT_BLOCKED;
}

/* Outputs that share packed weights, and the grid of channel cuts. */
static int64_t panel_of(const struct node *node)
{
    return node->output[0]->shape.dim[1] <= BLOCK ? BLOCK : PANEL;
}

static int64_t grid(const struct node *node, int axis)
{
    return axis == 1 ? panel_of(node) : 1;
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    const struct map box = map_of(piece);
    const struct shape w = node->input[1]->shape;
    const double outputs = (double)round_up(box.c.end - box.c.begin, BLOCK), depth = (double)(shape_size(w) / w.dim[0]);
    const double points = (double)(region_size(piece) / (box.c.end - box.c.begin));
    work->amount[WORK_DIRECT] += points * outputs * depth;
    layer_weights_work(outputs * depth * (double)sizeof(float), 1, work);
}

/* Outputs [begin, end): [panel][channels / 16][kernel_rows][kernel_columns][16][panel], zero beyond the last output. */
static const char *pack_weights(struct source *source, const struct node *node, struct range outputs, int64_t panel)
{
    const char *shared = conv_shared_weights(source, "weights");
    if (shared)
        return shared;
    const struct tensor *weights = node->input[1];
    const int64_t channels = weights->shape.dim[1], taps = shape_size(weights->shape) / weights->shape.dim[0] / channels;
    const int64_t rounded = round_up(outputs.end - outputs.begin, BLOCK);
    const size_t count = (size_t)(rounded * channels * taps);
    float *packed = source_scratch(source, count * sizeof *packed), *at = packed;
    for (int64_t first = 0; first < rounded; first += panel) {
        const int64_t width = rounded - first < panel ? BLOCK : panel;
        const int64_t held = outputs.end - outputs.begin - first < width ? outputs.end - outputs.begin - first : width;
        for (int64_t block = 0; block < channels; block += BLOCK)
            for (int64_t tap = 0; tap < taps; tap++)
                for (int64_t c = block; c < block + BLOCK && c < channels; c++, at += width) {
                    const float *from =
                        (const float *)weights->data + ((outputs.begin + first) * channels + c) * taps + tap;
                    for (int64_t o = 0; o < held; o++)
                        at[o] = from[o * channels * taps];
                }
    }
    return source_weights(source, "weights", weights, packed, count);
}

/* Pixels that a 1x1 kernel reads with strides are copied side by side first, where more than a few panels read them. */
static bool is_sampled(const struct node *node)
{
    const struct window window = *conv_window(node);
    const struct shape y = node->output[0]->shape;
    int64_t taps = 1, stride = 1;
    for (int axis = 0; axis < y.rank - 2; axis++) {
        taps *= window.kernel[axis];
        stride *= window.stride[axis];
        if (window.pad_begin[axis])
            return false;
    }
    return taps == 1 && stride > 1 && y.dim[1] >= 4 * PANEL && node->input[0]->shape.dim[1] >= BLOCK;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    const int64_t pixels = region_size(piece) / (piece.axis[1].end - piece.axis[1].begin);
    return is_sampled(node) ? pixels * round_up(node->input[0]->shape.dim[1], BLOCK) * (int64_t)sizeof(float) : 0;
}

/* Where the pixels are side by side, as an expression of the view. */
static const char *sample_view(struct source *source, const struct node *node, int64_t rows, int64_t columns)
{
    return arena_printf(source_arena(source), "BLOCKED(%" PRId64 ", %" PRId64 ", %" PRId64 ")",
                        round_up(node->input[0]->shape.dim[1], BLOCK) / BLOCK, rows, columns);
}

static void write_sample(struct source *source, const struct node *node, const struct window2 *w, struct map box)
{
    const int64_t rows = box.row.end - box.row.begin, columns = box.column.end - box.column.begin;
    source_printf(source,
                  "static const struct conv_direct_sample %s_sample = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64
                  ", .channels = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64 ", .stride_rows = %" PRId64
                  ", .stride_columns = %" PRId64 "};\n",
                  source_name(source), source_view(source, node->input[0]), sample_view(source, node, rows, columns),
                  box.n.end - box.n.begin, node->input[0]->shape.dim[1], rows, columns, w->stride_rows, w->stride_columns);
}

/* With a 1x1 kernel and no border a map is one long row. */
static bool is_flat(struct source *source, const struct node *node, const struct window2 *window, struct map box)
{
    const int64_t columns = box.column.end - box.column.begin;
    const struct tensor *tensor[] = {is_sampled(node) ? NULL : node->input[0], node->output[0],
                                     node->epilogue.residual ? node_input(node, node->epilogue.residual) : NULL};
    if (window->kernel_rows * window->kernel_columns * window->stride_rows * window->stride_columns != 1)
        return false;
    for (int i = 0; i < 3; i++) {
        if (!tensor[i])
            continue;
        const struct range stored = map_of(source_storage(source, tensor[i])).column;
        if (stored.end - stored.begin != columns)
            return false;
    }
    return true;
}

/* Pieces of equal keys are cut into the same tiles: of long rows the tiles are parts, whatever the number of rows. */
static int64_t tiles_key(int64_t rows, int64_t columns)
{
    enum { LONG_ROW = 64 }; /* CONV_DIRECT_LONG_ROW of the template */
    return columns >= LONG_ROW ? -columns : rows << 32 | columns;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct window window = *conv_window(node);
    const struct window2 w = window2_of(&window);
    struct window2 near = w;
    const struct map box = map_of(*region);
    const bool sampled = is_sampled(node);
    const int64_t panel = panel_of(node);
    int64_t rows = box.row.end - box.row.begin, columns = box.column.end - box.column.begin;
    if (sampled)
        near.stride_rows = near.stride_columns = 1;
    if (is_flat(source, node, &near, box)) {
        columns *= rows;
        rows = 1;
    }
    const char *name = source_name(source);
    const char *weights = pack_weights(source, node, box.c, panel);
    const char *bias = conv_bias(source, node, box.c.begin, box.c.end);
    source_use(source, "conv_direct.h");
    source_use(source, "region.h");
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64 ", .channels = %" PRId64 ", .outputs = %" PRId64
                  ", .panel = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64 ",\n",
                  sampled ? sample_view(source, node, rows, columns) : source_view(source, node->input[0]),
                  source_view(source, node->output[0]), box.n.end - box.n.begin, node->input[1]->shape.dim[1],
                  box.c.end - box.c.begin, panel, rows, columns);
    write_window(source, &near);
    write_epilogue(source, node);
    source_printf(source, "};\n");
    const char *loop = source_loop(source, mark, "conv_direct", "");
    if (loop == name) {
        const char *tiles = source_shared(source, "tiles", tiles_key(rows, columns));
        if (tiles == name)
            source_printf(source, "CONV_DIRECT_TILES(%s, %s)\n", name, panels_text(box.c.end - box.c.begin, panel));
        source_printf(source, "CONV_LOOP(conv_direct, %s, %s)\n\n", name, tiles);
    }
    if (sampled)
        write_sample(source, node, &w, box);
    source_function(source);
    write_clear_padding(source, node->input[0]);
    const char *x = conv_input_at(source, node, &w, *region, 0);
    if (sampled) {
        const char *all = x;
        x = source_scratch_buffer(source);
        source_printf(source, "    conv_direct_sample(&%s_sample, %s, %s);\n", name, all, x);
    }
    source_printf(source, "    %s_loop(%s,\n        %s, %s, %s,\n        %s);\n", loop, x, weights, bias,
                  residual_at(source, node, *region),
                  source_at(source, node->output[0], box.n.begin, box.c.begin, box.row.begin, box.column.begin));
    if (!epilogue_keeps_zero(&node->epilogue))
        write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

const struct kernel kernel_conv_direct = {.name = "conv_direct",
                                          .op_type = "Conv",
                                          .accepts = accepts,
                                          .layout = layout,
                                          .zero_border = true,
                                          .grid = grid,
                                          .scratch = scratch,
                                          .work = work,
                                          .emit = emit};
