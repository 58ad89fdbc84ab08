/* resize.c -- Resize by templates/resize.h: tables per axis, computed here. */
/* SPDX-License-Identifier: MIT */
#include "../operators/resize.h"

#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[0]->type) && node->input[0]->shape.rank > 0 && !node->epilogue.residual &&
           !node->epilogue.activation;
}

/* Rows and columns alone are resized. */
static bool accepts_blocked(const struct node *node)
{
    if (!accepts(node) || !tensor_can_block(node->input[0]))
        return false;
    const struct resize resize = resize_of(node);
    return !resize.axis[0].resized && !resize.axis[1].resized;
}

static int64_t most_taps(const struct resize *resize, int axis, struct range range)
{
    int64_t most = 1;
    for (int64_t at = range.begin; at < range.end; at++) {
        const struct resample_taps taps = resize_taps(resize, axis, at);
        most = taps.count > most ? taps.count : most;
    }
    return most;
}

/* Writes the tables of an axis; returns the initialiser. Indices count from the beginning of the input's storage. */
static const char *axis_text(struct source *source, const struct node *node, const struct resize *resize, int axis,
                             struct region region)
{
    struct arena *arena = source_arena(source);
    const struct range range = region.axis[axis];
    const int64_t count = range.end - range.begin, begin = source_storage(source, node->input[0]).axis[axis].begin;
    if (!resize->axis[axis].resized)
        return arena_printf(arena, "{.count = %" PRId64 ", .taps = 1}", count);
    const int64_t most = most_taps(resize, axis, range);
    const char *name = source_name(source);
    double *weight = source_scratch(source, (size_t)(count * most) * sizeof *weight);
    struct text index = {.arena = arena};
    for (int64_t i = 0; i < count; i++) {
        const struct resample_taps taps = resize_taps(resize, axis, range.begin + i);
        for (int64_t tap = 0; tap < most; tap++) {
            const int64_t real = tap < taps.count ? tap : taps.count - 1;
            const int64_t from = taps.count ? resize_index(resize, axis, &taps, real) - begin : -1;
            weight[i * most + tap] = tap < taps.count ? resize_weight(resize, axis, &taps, tap) : 0;
            text_printf(&index, "%s%" PRId64, i + tap == 0 ? "" : (i * most + tap) % 16 ? ", " : ",\n    ", from);
        }
    }
    source_printf(source, "static const int32_t %s_index%d[] = {\n    %s};\n", name, axis, index.bytes);
    const char *weights =
        source_reals(source, arena_printf(arena, "weight%d", axis), weight, (size_t)(count * most));
    return arena_printf(arena, "{.count = %" PRId64 ", .taps = %" PRId64 ", .index = %s_index%d, .weight = %s}", count,
                        most, name, axis, weights);
}

/* The beginning of the region along axes that stay, of the storage along others. */
static struct region first_read(struct source *source, const struct node *node, const struct resize *resize,
                                struct region region)
{
    struct region first = source_storage(source, node->input[0]);
    for (int a = 0; a < first.rank; a++)
        if (!resize->axis[a].resized)
            first.axis[a] = region.axis[a];
    return first;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct resize resize = resize_of(node);
    const int last = resize.rank - 1;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], count[MAX_RANK], taps[MAX_RANK];
    struct text axes = {.arena = arena};
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    for (int a = 0; a < last; a++) {
        count[a] = region->axis[a].end - region->axis[a].begin;
        taps[a] = resize.axis[a].resized ? most_taps(&resize, a, region->axis[a]) : 1;
        text_printf(&axes, "%s%s", a ? ",\n             " : "", axis_text(source, node, &resize, a, *region));
    }
    const char *last_text = axis_text(source, node, &resize, last, *region);
    source_use(source, "resize.h");
    source_printf(source,
                  "static const struct resize %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s, "
                  ".taps = %s,\n",
                  source_name(source), last, numbers_text(arena, count, last), numbers_text(arena, x_stride, last),
                  numbers_text(arena, y_stride, last), numbers_text(arena, taps, last));
    source_printf(source,
                  "    .axis = {%s},\n    .last = %s,\n    .x_step = %" PRId64 ", .y_step = %" PRId64
                  ", .outside = %s};\n\n",
                  axes.bytes ? axes.bytes : "{0}", last_text, x_stride[last], y_stride[last],
                  real_text(source, (double)resize.extrapolation));
    source_function(source);
    source_printf(source, "    resize(&%s_shape, %s,\n           %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, first_read(source, node, &resize, *region)));
    source_end(source);
}

static void emit_blocked(struct source *source, const struct node *node, const struct region *region)
{
    const struct resize resize = resize_of(node);
    const struct map box = map_of(*region), first = map_of(first_read(source, node, &resize, *region));
    const char *column = axis_text(source, node, &resize, resize.rank - 1, *region);
    const char *row = resize.rank > 3 ? axis_text(source, node, &resize, 2, *region) : "{.count = 1, .taps = 1}";
    source_use(source, "resize.h");
    source_use(source, "region.h");
    source_printf(source,
                  "static const struct resize_blocked %s_shape = {\n    .x = %s, .y = %s,\n    .batch = %" PRId64
                  ", .channels = %" PRId64 ",\n    .row = %s,\n    .column = %s,\n    .outside = %s};\n\n",
                  source_name(source), source_view(source, node->input[0]), source_view(source, node->output[0]),
                  box.n.end - box.n.begin, box.c.end - box.c.begin, row, column,
                  real_text(source, (double)resize.extrapolation));
    source_function(source);
    source_printf(source, "    resize_blocked(&%s_shape, %s,\n        %s);\n", source_name(source),
                  source_at(source, node->output[0], box.n.begin, box.c.begin, box.row.begin, box.column.begin),
                  source_at(source, node->input[0], box.n.begin, box.c.begin, first.row.begin, first.column.begin));
    write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

const struct kernel kernel_resize = {
    .name = "resize", .op_type = "Resize", .accepts = accepts, .doubles = true, .emit = emit};

const struct kernel kernel_resize_blocked = {.name = "resize_blocked",
                                             .op_type = "Resize",
                                             .accepts = accepts_blocked,
                                             .layout = layer_blocked,
                                             .work = layer_blocks_work,
                                             .emit = emit_blocked};
