/* conv_winograd.c -- Conv of stride 1 by templates/conv_winograd.h: F(2x2, 3x3), F(4x4, 3x3) and F(2x2, 5x5). */
/* SPDX-License-Identifier: MIT */
#include "../ir/shape.h"
#include "conv_window.h"

#include <inttypes.h>
#include <string.h>

enum { PANEL = 32, STEP_PADDING = 48, SMALLEST_MAP = 7, MOST_EDGE = 6, MOST_TAPS = 5 };

/* F(size x size, taps x taps). */
struct filter {
    int size, taps;
};
static const struct filter filter_2 = {2, 3}, filter_4 = {4, 3}, filter_2_5 = {2, 5};

/* Products of larger tiles gain nothing on few of them, and need more weights. */
static const int64_t FEWEST_LARGE_TILES = 49;

/* Weights that are so many come from far memory. Where a machine would wait for them, they are transformed along rows only: of 36 numbers
 * of F(4x4, 3x3) 18 are left to read, of 16 of F(2x2, 3x3) 12; otherwise making the others takes longer. It waits where few tiles share
 * them, and it does many multiplications in the time of a float. `bench/kernels 9 winograd4`, winograd2, whole4, whole2: halfway is better at
 * 14 tiles, not at 28, on a machine of 19 multiplications a float, at no number on one of 7. */
static const int64_t FEWEST_HALFWAY_4 = 16384, FEWEST_HALFWAY_2 = 65536;
static const double HALFWAY_FEWEST = 7, HALFWAY_PART = 1.25, USUAL_PRODUCTS = 19;

/* What making a number of a weight of those along rows takes, in numbers of tiles that are transformed: in memory, where it misses the
 * nearest cache; or each time that a product reads it, with which so many tiles are multiplied. Both measured with the tiles of AVX-512. */
static const double COLUMN_NUMBERS = 1.2, MIXED_NUMBERS = 0.25;
enum { PRODUCT_TILES = 14 };

static int64_t tiles_along(int64_t outputs, int size)
{
    return (outputs + size - 1) / size;
}

static int64_t tiles_of(struct region piece, int size)
{
    const struct map box = map_of(piece);
    return tiles_along(box.row.end - box.row.begin, size) * tiles_along(box.column.end - box.column.begin, size);
}

/* Inputs of a tile along one axis. */
static int edge_of(struct filter filter)
{
    return filter.size + filter.taps - 1;
}

static int64_t points_of(struct filter filter)
{
    return (int64_t)edge_of(filter) * edge_of(filter);
}

static bool is_winograd(const struct node *node, struct filter filter)
{
    const struct tensor *x = node_input(node, 0);
    if (!conv_is_blockable(node) || x->shape.rank != 4 || x->shape.dim[1] < BLOCK)
        return false;
    const struct window window = *conv_window(node);
    for (int axis = 0; axis < 2; axis++)
        if (window.kernel[axis] != filter.taps || window.stride[axis] != 1 || window.dilation[axis] != 1 ||
            node->output[0]->shape.dim[axis + 2] < SMALLEST_MAP)
            return false;
    return window.group == 1 &&
           (edge_of(filter) == 4 || tiles_of(region_whole(node->output[0]->shape), filter.size) >= FEWEST_LARGE_TILES);
}

static bool accepts_2(const struct node *node)
{
    return is_winograd(node, filter_2);
}

static bool accepts_4(const struct node *node)
{
    return is_winograd(node, filter_4);
}

static bool accepts_2_5(const struct node *node)
{
    return is_winograd(node, filter_2_5);
}

static int64_t panel_of(const struct node *node)
{
    return node->output[0]->shape.dim[1] <= BLOCK ? BLOCK : PANEL;
}

/* Whole tiles, so that each device computes the tiles that one device would. */
static int64_t grid_of(const struct node *node, int axis, int size)
{
    return axis == 0 ? 1 : axis == 1 ? panel_of(node) : size;
}

static int64_t grid_2(const struct node *node, int axis)
{
    return grid_of(node, axis, 2);
}

static int64_t grid_4(const struct node *node, int axis)
{
    return grid_of(node, axis, 4);
}

/* Do inputs bear the factors of the way along columns, so that each device may have the weights wholly or halfway transformed, and all
 * the same results? */
static bool is_scaled(const struct node *node, struct filter filter)
{
    const struct shape weights = node->input[1]->shape;
    return filter.taps == 3 && weights.dim[1] % BLOCK == 0 &&
           weights.dim[0] * weights.dim[1] >= (filter.size == 4 ? FEWEST_HALFWAY_4 : FEWEST_HALFWAY_2);
}

/* Are the weights transformed along rows only, where so many tiles share them? */
static bool is_halfway(const struct node *node, struct filter filter, int64_t tiles)
{
    const double products = node->choice ? node->choice->products_per_float : USUAL_PRODUCTS;
    return is_scaled(node, filter) && (double)tiles < HALFWAY_PART * (products - HALFWAY_FEWEST);
}

/* For all pieces of this device, which share weights. */
static bool is_halfway_here(const struct source *source, const struct node *node, struct filter filter)
{
    const struct region_list *own = source_own(source, node);
    int64_t tiles = 0;
    for (int i = 0; i < own->count; i++)
        tiles += tiles_of(own->item[i], filter.size);
    return is_halfway(node, filter, tiles);
}

/* Numbers in memory for a kernel. */
static int64_t numbers_of(struct filter filter, bool halfway)
{
    return halfway ? filter.taps * edge_of(filter) : points_of(filter);
}

/* At most. */
static int64_t added_weights(const struct node *node, struct filter filter)
{
    const int64_t taps = filter.taps * filter.taps;
    return (numbers_of(filter, false) - taps) * (shape_size(node->input[1]->shape) / taps) * (int64_t)sizeof(float);
}

static int64_t added_weights_2(const struct node *node)
{
    return added_weights(node, filter_2);
}

static int64_t added_weights_4(const struct node *node)
{
    return added_weights(node, filter_4);
}

static int64_t added_weights_2_5(const struct node *node)
{
    return added_weights(node, filter_2_5);
}

/* Tiles that are multiplied together: many, so that weights are read seldom; few, so that they stay in the cache. */
static int64_t block_of_tiles(struct region piece, int64_t channels, int size)
{
    const int64_t outputs = map_of(piece).c.end - map_of(piece).c.begin, most = channels * outputs <= 8192 ? 28 : 56;
    const int64_t all = tiles_of(piece, size);
    const int64_t blocks = (all + most - 1) / most;
    return (all + blocks - 1) / blocks;
}

/* Channels of WINOGRAD_DEPTH(). */
static int64_t depth_of(int size)
{
    return size == 2 ? 128 : 64;
}

/* What winograd_step() gives. */
static int64_t step_of(int64_t channels, int64_t tiles)
{
    return round_up(channels, BLOCK) * tiles + STEP_PADDING;
}

/* What conv_winograd_scratch() gives. */
static int64_t scratch_of(const struct node *node, struct region piece, struct filter filter)
{
    const struct map box = map_of(piece);
    const int64_t channels = node->input[1]->shape.dim[1], tiles = block_of_tiles(piece, channels, filter.size);
    const int64_t column = is_scaled(node, filter) ? edge_of(filter) * step_of(panel_of(node), depth_of(filter.size)) : 0;
    return (points_of(filter) * (step_of(channels, tiles) + step_of(box.c.end - box.c.begin, tiles)) + column) *
           (int64_t)sizeof(float);
}

static int64_t scratch_2(const struct node *node, struct region piece)
{
    return scratch_of(node, piece, filter_2);
}

static int64_t scratch_4(const struct node *node, struct region piece)
{
    return scratch_of(node, piece, filter_4);
}

static int64_t scratch_2_5(const struct node *node, struct region piece)
{
    return scratch_of(node, piece, filter_2_5);
}

/* What making the numbers of a kernel at inner points takes for a block of tiles, in numbers of tiles that are transformed. Which tiles
 * make them as they read: conv_winograd_way(). */
static double halfway_numbers(int64_t tiles, int size)
{
    const int64_t products = (tiles + PRODUCT_TILES - 1) / PRODUCT_TILES;
    const bool mixes = products <= (size == 2 ? 2 : 4);
    return (double)(size * (size + 2)) * (mixes ? MIXED_NUMBERS * (double)products : COLUMN_NUMBERS);
}

static void work_of(const struct node *node, struct region piece, struct filter filter, struct work *work)
{
    const struct map box = map_of(piece);
    const int64_t channels = node->input[1]->shape.dim[1], each = block_of_tiles(piece, channels, filter.size);
    const int64_t all = tiles_of(piece, filter.size);
    const bool halfway = is_halfway(node, filter, all);
    const int64_t passes = (box.n.end - box.n.begin) * ((all + each - 1) / each);
    const double inputs = (double)round_up(channels, BLOCK), outputs = (double)round_up(box.c.end - box.c.begin, BLOCK);
    const double points = (double)points_of(filter), tiles = (double)(passes * each);
    /* With whole weights products are what conv_direct.h does. */
    work->amount[halfway ? WORK_WINOGRAD : WORK_DIRECT] += points * tiles * (double)channels * outputs;
    work->amount[WORK_TRANSFORM] += points * tiles * (inputs + outputs);
    if (halfway)
        work->amount[WORK_TRANSFORM] += (double)passes * (double)channels * outputs * halfway_numbers(each, filter.size);
    const double bytes = (double)(numbers_of(filter, halfway) * channels) * outputs * (double)sizeof(float);
    layer_weights_work(bytes, (double)passes, work);
}

static void work_2(const struct node *node, struct region piece, struct work *work)
{
    work_of(node, piece, filter_2, work);
}

static void work_4(const struct node *node, struct region piece, struct work *work)
{
    work_of(node, piece, filter_4, work);
}

static void work_2_5(const struct node *node, struct region piece, struct work *work)
{
    work_of(node, piece, filter_2_5, work);
}

/* G g for one line of a kernel: its polynomial at the points 0, 1, -1 (and 2, -2), and at infinity. */
static void transform_line(struct filter filter, const double *g, double u[MOST_EDGE])
{
    double even[2] = {0}, odd[2] = {0}; /* terms at 1, at 2 */
    for (int k = 0; k < filter.taps; k++)
        for (int p = 0; p < 2; p++)
            (k % 2 ? odd : even)[p] += g[k] * (p ? 1 << k : 1);
    const bool more = edge_of(filter) == MOST_EDGE;
    const double factor = more ? -6 : 2;
    u[0] = more ? g[0] / 4 : g[0];
    u[1] = (even[0] + odd[0]) / factor;
    u[2] = (even[0] - odd[0]) / factor;
    u[3] = (even[1] + odd[1]) / 24;
    u[4] = (even[1] - odd[1]) / 24;
    u[edge_of(filter) - 1] = g[filter.taps - 1];
}

/* Along rows: line r of the kernel is u[j] at taps * j + r. */
static void transform_rows(struct filter filter, const float *kernel, double u[MOST_TAPS * MOST_EDGE])
{
    for (int r = 0; r < filter.taps; r++) {
        double g[MOST_TAPS], line[MOST_EDGE];
        for (int k = 0; k < filter.taps; k++)
            g[k] = (double)kernel[filter.taps * r + k];
        transform_line(filter, g, line);
        for (int j = 0; j < edge_of(filter); j++)
            u[filter.taps * j + r] = line[j];
    }
}

/* Along columns, as the template does it (winograd_column_line()): the factors are the inputs'. */
static void transform_column(struct filter filter, const float g[3], float *u)
{
    const float sum = g[0] + g[2], sum_4 = g[0] + 4 * g[2];
    u[0] = g[0];
    u[1] = sum + g[1];
    u[2] = sum - g[1];
    if (filter.size == 4) {
        u[3] = sum_4 + 2 * g[1];
        u[4] = sum_4 - 2 * g[1];
    }
    u[filter.size + 1] = g[2];
}

/* The numbers in memory for a kernel: of each column as many as taps, or all. */
static void transform_kernel(struct filter filter, bool scaled, bool halfway, const float *kernel, float u[MOST_EDGE * MOST_EDGE])
{
    const int edge = edge_of(filter);
    double rows[MOST_TAPS * MOST_EDGE], line[MOST_EDGE];
    float along[MOST_TAPS * MOST_EDGE];
    transform_rows(filter, kernel, rows);
    for (int i = 0; i < filter.taps * edge; i++)
        along[i] = (float)rows[i];
    if (halfway)
        memcpy(u, along, (size_t)(filter.taps * edge) * sizeof *u);
    for (int j = 0; scaled && !halfway && j < edge; j++)
        transform_column(filter, along + filter.taps * j, u + edge * j);
    for (int j = 0; !scaled && j < edge; j++) {
        transform_line(filter, rows + filter.taps * j, line);
        for (int i = 0; i < edge; i++)
            u[j * edge + i] = (float)line[i];
    }
}

/* Outputs [begin, end), zero beyond the last output: [point][panel][channels][panel], or halfway
 * [column][panel][channels][3][panel]. */
static const char *pack_weights(struct source *source, const struct node *node, struct range outputs, int64_t panel,
                                struct filter filter, bool halfway)
{
    const char *shared = conv_shared_weights(source, "weights");
    if (shared)
        return shared;
    const struct tensor *weights = node->input[1];
    const bool scaled = is_scaled(node, filter);
    const int64_t channels = weights->shape.dim[1], rounded = round_up(outputs.end - outputs.begin, BLOCK);
    const int64_t numbers = numbers_of(filter, halfway), together = halfway ? filter.taps : 1, taps = filter.taps * filter.taps;
    const size_t count = (size_t)(numbers * rounded * channels);
    float *packed = source_scratch(source, count * sizeof *packed), u[MOST_EDGE * MOST_EDGE];
    for (int64_t o = 0; o < outputs.end - outputs.begin; o++) {
        const int64_t first = o / panel * panel, width = rounded - first < panel ? BLOCK : panel;
        for (int64_t c = 0; c < channels; c++) {
            const float *kernel = (const float *)weights->data + ((outputs.begin + o) * channels + c) * taps;
            transform_kernel(filter, scaled, halfway, kernel, u);
            for (int64_t i = 0; i < numbers; i++)
                packed[(i / together * rounded + first) * channels * together + (c * together + i % together) * width +
                       o - first] = u[i];
        }
    }
    return source_weights(source, "weights", weights, packed, count);
}

static void emit(struct source *source, const struct node *node, const struct region *region, struct filter filter)
{
    const struct window window = *conv_window(node);
    const struct window2 w = window2_of(&window);
    const struct map box = map_of(*region);
    const int64_t channels = node->input[1]->shape.dim[1], outputs = box.c.end - box.c.begin;
    const int64_t panel = panel_of(node), tiles = block_of_tiles(*region, channels, filter.size);
    const bool halfway = is_halfway_here(source, node, filter);
    const char *name = source_name(source);
    const char *weights = pack_weights(source, node, box.c, panel, filter, halfway);
    const char *bias = conv_bias(source, node, box.c.begin, box.c.end);
    source_use(source, "conv_winograd.h");
    source_use(source, "region.h");
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64 ", .channels = %" PRId64 ", .outputs = %" PRId64
                  ", .rows = %" PRId64 ", .columns = %" PRId64
                  ",\n    .size = %d, .taps = %d, .scaled = %d, .halfway = %d, .tiles = %" PRId64,
                  source_view(source, node->input[0]), source_view(source, node->output[0]), box.n.end - box.n.begin, channels,
                  outputs, box.row.end - box.row.begin, box.column.end - box.column.begin, filter.size, filter.taps,
                  is_scaled(node, filter), halfway, tiles);
    write_epilogue(source, node);
    source_printf(source, "};\n");
    const char *loop = source_loop(source, mark, "conv_winograd", panel == PANEL ? "" : "half panels");
    const char *shared = loop == name ? source_shared(source, "tiles", tiles) : loop;
    if (shared == name)
        source_printf(source,
                      "static const struct conv_direct %s_product_shape =\n    CONV_WINOGRAD_PRODUCT(%" PRId64 ", %" PRId64
                      ", %" PRId64 ", %" PRId64 ", %d, %d);\nCONV_WINOGRAD_%sTILES(%s, %s)\n",
                      name, channels, outputs, panel, tiles, filter.size, halfway, halfway ? "HALFWAY_" : "", name,
                      panels_text(outputs, panel));
    if (loop == name)
        source_printf(source, "CONV_WINOGRAD_LOOP(%s, %s)\n\n", name, shared);
    source_function(source);
    source_printf(source, "    %s_loop(%s,\n        %s, %s, %s,\n        %s, %s);\n", loop,
                  conv_input_at(source, node, &w, *region, 0), weights, bias,
                  residual_at(source, node, *region),
                  source_at(source, node->output[0], box.n.begin, box.c.begin, box.row.begin, box.column.begin),
                  source_scratch_buffer(source));
    if (!epilogue_keeps_zero(&node->epilogue))
        write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

static void emit_2(struct source *source, const struct node *node, const struct region *region)
{
    emit(source, node, region, filter_2);
}

static void emit_4(struct source *source, const struct node *node, const struct region *region)
{
    emit(source, node, region, filter_4);
}

static void emit_2_5(struct source *source, const struct node *node, const struct region *region)
{
    emit(source, node, region, filter_2_5);
}

const struct kernel kernel_conv_winograd_2 = {.name = "conv_winograd_2",
                                              .op_type = "Conv",
                                              .accepts = accepts_2,
                                              .layout = layer_blocked,
                                              .zero_border = true,
                                              .grid = grid_2,
                                              .winograd = true,
                                              .added_weights = added_weights_2,
                                              .scratch = scratch_2,
                                              .work = work_2,
                                              .emit = emit_2};

const struct kernel kernel_conv_winograd_4 = {.name = "conv_winograd_4",
                                              .op_type = "Conv",
                                              .accepts = accepts_4,
                                              .layout = layer_blocked,
                                              .zero_border = true,
                                              .grid = grid_4,
                                              .winograd = true,
                                              .added_weights = added_weights_4,
                                              .scratch = scratch_4,
                                              .work = work_4,
                                              .emit = emit_4};

const struct kernel kernel_conv_winograd_2_5 = {.name = "conv_winograd_2_5",
                                                .op_type = "Conv",
                                                .accepts = accepts_2_5,
                                                .layout = layer_blocked,
                                                .zero_border = true,
                                                .grid = grid_2,
                                                .winograd = true,
                                                .added_weights = added_weights_2_5,
                                                .scratch = scratch_2_5,
                                                .work = work_2_5,
                                                .emit = emit_2_5};
