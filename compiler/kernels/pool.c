/* pool.c -- MaxPool, AveragePool, LpPool and their global forms by templates/pool.h; types other than float and
 * places of maxima by templates/pool_scalar.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool is_average(const struct node *node)
{
    return strstr(node->op_type, "Average");
}

static bool is_global(const struct node *node)
{
    return !strncmp(node->op_type, "Global", 6);
}

static bool accepts_type(const struct node *node, bool fits)
{
    const struct tensor *x = node_input(node, 0);
    return fits && x->shape.rank >= 3 && x->shape.rank <= 5 && !node_output(node, 1) &&
           !node->epilogue.residual && !node->epilogue.activation;
}

static bool accepts(const struct node *node)
{
    return accepts_type(node, node_input(node, 0)->type == TYPE_FLOAT);
}

static bool accepts_norm(const struct node *node)
{
    return accepts_type(node, type_is_wide(node_input(node, 0)->type));
}

static bool accepts_blocked(const struct node *node)
{
    return accepts(node) && tensor_can_block(node_input(node, 0));
}

static bool is_lp(const struct node *node)
{
    return strstr(node->op_type, "LpPool");
}

/* The window of a global pooling is its input. */
static struct window window_of(const struct node *node)
{
    if (!is_global(node))
        return *pool_window(node);
    struct window window = {.spatial = node->input[0]->shape.rank - 2};
    for (int i = 0; i < window.spatial; i++) {
        window.kernel[i] = node->input[0]->shape.dim[i + 2];
        window.stride[i] = window.dilation[i] = 1;
    }
    return window;
}

/* "{.outputs = 56, ...}" for spatial axis `axis` of the window; < 0: an axis that the tensor does not have. */
static const char *axis_text(struct source *source, const struct node *node, const struct window *window, int axis,
                             struct region region)
{
    struct arena *arena = source_arena(source);
    if (axis < 0)
        return "{1, 1, 1, 1, 0, 0, 1, 1}";
    const struct range output = region.axis[axis + 2];
    const struct range storage = source_storage(source, node->input[0]).axis[axis + 2];
    const int64_t size = node->input[0]->shape.dim[axis + 2], high = size < storage.end ? size : storage.end;
    return arena_printf(arena,
                        "{.outputs = %" PRId64 ", .kernel = %" PRId64 ", .stride = %" PRId64 ", .dilation = %" PRId64
                        ",\n        .first = %" PRId64 ", .low = %" PRId64 ", .high = %" PRId64 ", .padded = %" PRId64
                        "}",
                        output.end - output.begin, window->kernel[axis], window->stride[axis], window->dilation[axis],
                        output.begin * window->stride[axis] - window->pad_begin[axis] - storage.begin,
                        storage.begin < 0 ? -storage.begin : 0, high - storage.begin,
                        size + window->pad_end[axis] - storage.begin);
}

static void write_kind(struct source *source, const struct node *node)
{
    if (is_average(node))
        source_printf(source, ",\n    .average = 1");
    if (is_average(node) && !is_global(node) && node_int(node, "count_include_pad", 0))
        source_printf(source, ", .counts_padding = 1");
    if (is_lp(node))
        source_printf(source, ",\n    .power = %" PRId64, node_int(node, "p", 2));
    source_printf(source, "};\n\n");
}

static void write_views(struct source *source, const struct node *node, const char *type, struct map box)
{
    source_use(source, "pool.h");
    source_use(source, "region.h");
    source_printf(source,
                  "static const struct %s %s_shape = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64
                  ", .channels = %" PRId64,
                  type, source_name(source), source_view(source, node->input[0]), source_view(source, node->output[0]),
                  box.n.end - box.n.begin, box.c.end - box.c.begin);
}

static void write_call(struct source *source, const struct node *node, const char *function, int64_t row,
                       int64_t column, struct map box)
{
    source_function(source);
    source_printf(source, "    %s(&%s_shape, %s,\n        %s);\n", function, source_name(source),
                  source_at(source, node->input[0], box.n.begin, box.c.begin, row, column),
                  source_at(source, node->output[0], box.n.begin, box.c.begin, box.row.begin, box.column.begin));
}

static bool has_padding(const struct window *window)
{
    int64_t most = 0;
    for (int i = 0; i < window->spatial; i++)
        most |= window->pad_begin[i] | window->pad_end[i];
    return most != 0;
}

/* Is every window all columns of one row, or of all rows? */
static bool takes_lines(const struct node *node, const struct window *window)
{
    const struct shape x = node->input[0]->shape;
    const int row = window->spatial - 2, column = window->spatial - 1;
    if (is_global(node))
        return true;
    return row >= 0 && window->kernel[column] == x.dim[column + 2] && window->kernel[row] == 1 && window->stride[row] == 1 &&
           !has_padding(window);
}

static void emit_lines(struct source *source, const struct node *node, struct map box)
{
    const struct map whole = map_of(region_whole(node->input[0]->shape));
    write_views(source, node, "pool_lines", box);
    source_printf(source, ", .outputs = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64, box.row.end - box.row.begin,
                  is_global(node) ? whole.row.end : 1, whole.column.end);
    write_kind(source, node);
    write_call(source, node, "pool_lines", is_global(node) ? 0 : box.row.begin, 0, box);
}

static void emit_blocked(struct source *source, const struct node *node, const struct region *region)
{
    const struct map box = map_of(*region);
    const struct window window = window_of(node);
    if (takes_lines(node, &window)) {
        emit_lines(source, node, box);
    } else {
        const struct map storage = map_of(source_storage(source, node->input[0]));
        write_views(source, node, "pool", box);
        source_printf(source, ",\n    .row = %s,\n    .column = %s",
                      axis_text(source, node, &window, window.spatial - 2, *region),
                      axis_text(source, node, &window, window.spatial - 1, *region));
        write_kind(source, node);
        write_call(source, node, "pool", storage.row.begin, storage.column.begin, box);
        /* The maximum of a window that lies in the padding is not zero in the pad lanes either. */
        if (!is_average(node) && has_padding(&window))
            write_clear_lanes(source, node->output[0], *region);
    }
    source_end(source);
}

static void write_axes(struct source *source, const struct node *node, const struct window *window,
                       struct region region)
{
    source_printf(source, ",\n    .axis = {%s,\n             %s,\n             %s}",
                  axis_text(source, node, window, window->spatial - 3, region),
                  axis_text(source, node, window, window->spatial - 2, region),
                  axis_text(source, node, window, window->spatial - 1, region));
}

static void emit_plain(struct source *source, const struct node *node, const struct region *region)
{
    const struct window window = window_of(node);
    const char *name = source_name(source);
    struct region first = source_storage(source, node->input[0]);
    first.axis[0] = region->axis[0];
    first.axis[1] = region->axis[1];
    source_use(source, "pool.h");
    source_printf(source,
                  "static const struct pool_plain %s_shape = {\n    .batch = %" PRId64 ", .channels = %" PRId64, name,
                  region->axis[0].end - region->axis[0].begin, region->axis[1].end - region->axis[1].begin);
    source_printf(source, ",\n    %s", strides_text(source, "x", node->input[0]));
    source_printf(source, ",\n    %s", strides_text(source, "y", node->output[0]));
    write_axes(source, node, &window, *region);
    write_kind(source, node);
    source_function(source);
    source_printf(source, "    pool_plain(&%s_shape, %s,\n               %s);\n", name,
                  plain_at(source, node->input[0], first), plain_at(source, node->output[0], *region));
    source_end(source);
}

/* ---- any type ---- */

static bool accepts_scalar(const struct node *node)
{
    const struct shape shape = node->input[0]->shape;
    return shape.rank >= 3 && shape.rank <= 5 && !node->epilogue.residual && !node->epilogue.activation;
}

/* Where the elements of x lie in row-major order of the whole tensor, or in column-major order of its spatial axes. */
static void write_places(struct source *source, const struct node *node, struct region region)
{
    const struct shape shape = node->input[0]->shape;
    const struct region storage = source_storage(source, node->input[0]);
    const bool column_major = node_int(node, "storage_order", 0) == 1;
    int64_t stride[MAX_RANK], spatial[3] = {0}, first, plane = 1;
    storage_strides(region_whole(shape), stride);
    for (int a = 2; a < shape.rank && column_major; a++) {
        stride[a] = plane;
        plane *= shape.dim[a];
    }
    first = region.axis[0].begin * stride[0] + region.axis[1].begin * stride[1];
    for (int a = 2; a < shape.rank; a++) {
        spatial[3 - shape.rank + a] = stride[a];
        first += storage.axis[a].begin * stride[a];
    }
    source_printf(source, ",\n    %s", strides_text(source, "z", node->output[1]));
    source_printf(source,
                  ",\n    .place = %" PRId64 ", .place_batch = %" PRId64 ", .place_channel = %" PRId64 ", .place_axis = %s",
                  first, stride[0], stride[1], numbers_text(source_arena(source), spatial, 3));
}

static void emit_scalar(struct source *source, const struct node *node, const struct region *region)
{
    const struct window window = window_of(node);
    struct region first = source_storage(source, node->input[0]);
    first.axis[0] = region->axis[0];
    first.axis[1] = region->axis[1];
    source_use(source, "pool_scalar.h");
    source_printf(source,
                  "static const struct pool_scalar %s_shape = {\n    .type = %s, .batch = %" PRId64 ", .channels = %" PRId64,
                  source_name(source), element_type_text(node->input[0]->type),
                  region->axis[0].end - region->axis[0].begin, region->axis[1].end - region->axis[1].begin);
    source_printf(source, ",\n    %s", strides_text(source, "x", node->input[0]));
    source_printf(source, ",\n    %s", strides_text(source, "y", node->output[0]));
    if (node_output(node, 1))
        write_places(source, node, *region);
    write_axes(source, node, &window, *region);
    write_kind(source, node);
    source_function(source);
    source_printf(source, "    pool_scalar(&%s_shape, %s,\n                %s, %s);\n", source_name(source),
                  plain_at(source, node->input[0], first), plain_at(source, node->output[0], *region),
                  node_output(node, 1) ? plain_at(source, node->output[1], region[1]) : "NULL");
    source_end(source);
}

/* Every element is converted from its type. */
static void work_scalar(const struct node *node, struct region piece, struct work *work)
{
    for (int i = 0; i < 4; i++)
        layer_element_work(node, piece, work);
}

#define KERNEL(type)                                                                                       \
    const struct kernel kernel_##type##_blocked = {.name = #type "_blocked",                               \
                                                   .op_type = #type,                                       \
                                                   .accepts = accepts_blocked,                             \
                                                   .layout = layer_blocked,                                \
                                                   .work = layer_blocks_work,                              \
                                                   .emit = emit_blocked};                                  \
    const struct kernel kernel_##type##_plain = {                                                          \
        .name = #type "_plain", .op_type = #type, .accepts = accepts, .work = layer_element_work, \
        .emit = emit_plain};                                                                               \
    const struct kernel kernel_##type##_scalar = {.name = #type "_scalar",                                 \
                                                  .op_type = #type,                                        \
                                                  .accepts = accepts_scalar,                               \
                                                  .work = work_scalar,                                     \
                                                  .emit = emit_scalar};

const struct kernel kernel_LpPool = {
    .name = "LpPool", .op_type = "LpPool", .accepts = accepts_norm, .work = layer_element_work, .doubles = true,
    .emit = emit_plain};
const struct kernel kernel_GlobalLpPool = {
    .name = "GlobalLpPool", .op_type = "GlobalLpPool", .accepts = accepts_norm, .work = layer_element_work, .doubles = true,
    .emit = emit_plain};

KERNEL(AveragePool)
KERNEL(GlobalAveragePool)
KERNEL(GlobalMaxPool)
KERNEL(MaxPool)
