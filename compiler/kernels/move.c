/* move.c -- data movement by templates/move.h: every operator with `moves`, conversions of layout, and reshapes. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool has_epilogue(const struct node *node)
{
    return node->epilogue.residual || node->epilogue.activation;
}

static bool accepts_moves(const struct node *node)
{
    struct arena arena = {0};
    const bool any = node->op->moves && !has_epilogue(node) && type_size(node->output[0]->type) > 0 &&
                     (node_moves(&arena, node).count > 0 || shape_size(node->output[0]->shape) == 0);
    arena_free(&arena);
    return any;
}

/* Blocked tensors keep their axes apart: each output axis comes from the same input axis, forwards. */
static bool keeps_axes(const struct node *node, const struct move *move)
{
    if (move->input < 0)
        return true;
    const struct tensor *from = node->input[move->input];
    if (from->shape.rank != node->output[0]->shape.rank || !tensor_can_block(from))
        return false;
    for (int axis = 0; axis < from->shape.rank; axis++)
        if (move->input_step[axis] < 0 || (move->input_step[axis] > 0 && move->input_axis[axis] != axis))
            return false;
    return true;
}

static bool accepts_blocked(const struct node *node)
{
    if (!node->op->moves || has_epilogue(node) || !tensor_can_block(node->output[0]))
        return false;
    struct arena arena = {0};
    const struct moves moves = node_moves(&arena, node);
    bool fits = moves.count > 0;
    for (int i = 0; i < moves.count && fits; i++)
        fits = keeps_axes(node, &moves.item[i]);
    arena_free(&arena);
    return fits;
}

static enum layout layout_blocked(const struct node *node, int input)
{
    return input < 0 || tensor_can_block(node_input(node, input)) ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

/* The part of a piece that lands in `region`: its first index on both sides, and counts. False when none does. */
static bool clip_move(const struct move *move, struct region region, struct move *part)
{
    *part = *move;
    for (int axis = 0; axis < region.rank; axis++) {
        const int64_t start = move->output_start[axis], step = move->output_step[axis];
        int64_t skip = region.axis[axis].begin > start ? (region.axis[axis].begin - start + step - 1) / step : 0;
        const int64_t end = region.axis[axis].end > start ? (region.axis[axis].end - start + step - 1) / step : 0;
        const int64_t count = end < move->count[axis] ? end : move->count[axis];
        if (count <= skip)
            return false;
        part->count[axis] = count - skip;
        part->output_start[axis] = start + skip * step;
        for (int a = 0; a < move->input_rank && move->input >= 0; a++)
            if (move->input_step[a] && move->input_axis[a] == axis)
                part->input_start[a] += skip * move->input_step[a];
    }
    return true;
}

static const char *element_text(struct source *source, enum type type, double value)
{
    if (type_is_float(type) && type_c_name(type))
        return float_text(source_arena(source), value);
    return arena_printf(source_arena(source), "%" PRId64, (int64_t)value);
}

static void write_row(struct source *source, const struct node *node, const struct move *move)
{
    struct arena *arena = source_arena(source);
    const struct region y = source_storage(source, node->output[0]);
    int64_t y_stride[MAX_RANK], x_stride[MAX_RANK], to[MAX_RANK] = {0}, from[MAX_RANK] = {0}, target = 0, first = 0;
    storage_strides(y, y_stride);
    for (int axis = 0; axis < y.rank; axis++) {
        target += (move->output_start[axis] - y.axis[axis].begin) * y_stride[axis];
        to[axis] = move->output_step[axis] * y_stride[axis];
    }
    if (move->input >= 0) {
        const struct region x = source_storage(source, node->input[move->input]);
        storage_strides(x, x_stride);
        for (int axis = 0; axis < x.rank; axis++) {
            first += (move->input_start[axis] - x.axis[axis].begin) * x_stride[axis];
            if (move->input_step[axis])
                from[move->input_axis[axis]] += move->input_step[axis] * x_stride[axis];
        }
    }
    source_printf(source, "    {%d, %" PRId64 ", %" PRId64 ", %s, %s, %s},\n", move->input, target, first,
                  numbers_text(arena, move->count, y.rank), numbers_text(arena, to, y.rank),
                  numbers_text(arena, from, y.rank));
}

static void emit_plain(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *y = node->output[0];
    const char *name = source_name(source);
    const struct moves moves = node_moves(source_arena(source), node);
    int count = 0;
    bool fills = false;
    source_use(source, "move.h");
    source_printf(source, "static const struct move %s_moves[] = {\n", name);
    for (int i = 0; i < moves.count; i++) {
        struct move part;
        if (!clip_move(&moves.item[i], *region, &part))
            continue;
        write_row(source, node, &part);
        fills |= part.input < 0;
        count++;
    }
    source_printf(source, "%s};\n\n", count ? "" : "    {0}");
    source_function(source);
    source_printf(source, "    const void *const inputs[] = {");
    for (int i = 0; i < node->input_count; i++) {
        bool read = false;
        for (int k = 0; k < moves.count; k++) {
            struct move part;
            read |= moves.item[k].input == i && clip_move(&moves.item[k], *region, &part);
        }
        source_printf(source, "%s%s", i ? ", " : "", read ? source_buffer(source, node->input[i]) : "NULL");
    }
    source_printf(source, "};\n");
    if (fills && !type_c_name(y->type))
        source_printf(source, "    const uint16_t fill = %d;\n", (int)moves.fill);
    else if (fills)
        source_printf(source, "    const %s fill = %s;\n", type_c_name(y->type),
                      element_text(source, y->type, moves.fill));
    source_printf(source, "    move_boxes(%s_moves, %d, %d, %zu, %s, inputs, %s);\n", name, count, y->shape.rank,
                  type_size(y->type), source_buffer(source, y), fills ? "&fill" : "NULL");
    source_end(source);
}

/* Axis of N x C x rows x columns for axis `axis` of a tensor of `rank` axes. */
static int view_axis(int axis, int rank)
{
    return axis < 2 ? axis : axis + 4 - rank;
}

static void write_view_row(struct source *source, const struct node *node, const struct move *move, int index)
{
    struct arena *arena = source_arena(source);
    const struct region y = source_storage(source, node->output[0]);
    int64_t count[4] = {1, 1, 1, 1}, to[4] = {0}, to_step[4] = {1, 1, 1, 1}, from[4] = {0}, from_step[4] = {1, 1, 1, 1};
    for (int axis = 0; axis < y.rank; axis++) {
        const int at = view_axis(axis, y.rank);
        count[at] = move->count[axis];
        to[at] = move->output_start[axis] - y.axis[axis].begin;
        to_step[at] = move->output_step[axis];
        if (move->input < 0)
            continue;
        from[at] = move->input_start[axis] - source_storage(source, node->input[move->input]).axis[axis].begin;
        from_step[at] = move->input_step[axis];
    }
    source_printf(source, "static const struct move_view %s_move%d = {\n    %s, %s, %s,\n    %s, %s};\n",
                  source_name(source), index, numbers_text(arena, count, 4), numbers_text(arena, to, 4),
                  numbers_text(arena, to_step, 4), numbers_text(arena, from, 4), numbers_text(arena, from_step, 4));
}

static void write_view_calls(struct source *source, const struct node *node, const struct moves *moves,
                             struct region region)
{
    const struct tensor *y = node->output[0];
    struct move part;
    int written = 0;
    for (int i = 0; i < moves->count; i++)
        if (clip_move(&moves->item[i], region, &part))
            write_view_row(source, node, &part, written++);
    source_printf(source, "\n");
    source_function(source);
    written = 0;
    for (int i = 0; i < moves->count; i++) {
        if (!clip_move(&moves->item[i], region, &part))
            continue;
        if (part.input < 0)
            source_printf(source, "    fill_view(&%s_move%d, %s, (struct view)%s, %s);\n", source_name(source),
                          written++, source_buffer(source, y), source_view(source, y),
                          float_text(source_arena(source), moves->fill));
        else
            source_printf(source, "    move_view(&%s_move%d, %s, (struct view)%s,\n        %s, (struct view)%s);\n",
                          source_name(source), written++, source_buffer(source, y), source_view(source, y),
                          source_buffer(source, node->input[part.input]),
                          source_view(source, node->input[part.input]));
    }
    write_clear_lanes(source, y, region);
    source_end(source);
}

static void emit_blocked(struct source *source, const struct node *node, const struct region *region)
{
    const struct moves moves = node_moves(source_arena(source), node);
    source_use(source, "move.h");
    write_view_calls(source, node, &moves, *region);
}

/* ---- Layout ---- */

static bool accepts_layout(const struct node *node)
{
    return tensor_can_block(node_input(node, 0));
}

/* As the pass that made the node has set them. */
static enum layout layout_given(const struct node *node, int input)
{
    return input < 0 ? node->output[0]->layout : node->input[input]->layout;
}

static void emit_layout(struct source *source, const struct node *node, const struct region *region)
{
    struct move whole = {.input_rank = region->rank};
    for (int axis = 0; axis < region->rank; axis++) {
        whole.count[axis] = node->output[0]->shape.dim[axis];
        whole.output_step[axis] = whole.input_step[axis] = 1;
        whole.input_axis[axis] = axis;
    }
    const struct moves moves = {.count = 1, .item = &whole};
    source_use(source, "move.h");
    write_view_calls(source, node, &moves, *region);
}

/* ---- reshapes ---- */

static bool accepts_copy(const struct node *node)
{
    static const char *const types[] = {"Reshape",   "Flatten",  "Squeeze", "Unsqueeze",
                                        "Identity", "Dropout", NULL};
    bool known = false;
    for (int i = 0; types[i]; i++)
        known |= !strcmp(node->op_type, types[i]);
    return known && !node_output(node, 1) && !has_epilogue(node) && type_size(node->output[0]->type) > 0 &&
           node->input[0]->type == node->output[0]->type;
}

/* One pixel of a single image: blocked and plain hold the same bytes. */
static enum layout layout_copy(const struct node *node, int input)
{
    if (input != 0 || !tensor_can_block(node->input[0]) || layer_incoming(node, 0) == LAYOUT_PLAIN)
        return LAYOUT_PLAIN;
    for (int axis = 0; axis < node->input[0]->shape.rank; axis++)
        if (axis != 1 && node->input[0]->shape.dim[axis] != 1)
            return LAYOUT_PLAIN;
    return LAYOUT_BLOCKED;
}

static void write_side(struct source *source, const struct tensor *tensor, char side)
{
    struct arena *arena = source_arena(source);
    const struct region storage = source_storage(source, tensor);
    int64_t begin[MAX_RANK], stride[MAX_RANK];
    storage_strides(storage, stride);
    for (int axis = 0; axis < storage.rank; axis++)
        begin[axis] = storage.axis[axis].begin;
    source_printf(source, "    static const struct move_side %c = {%d, %s, %s, %s};\n", side, storage.rank,
                  numbers_text(arena, tensor->shape.dim, storage.rank), numbers_text(arena, begin, storage.rank),
                  numbers_text(arena, stride, storage.rank));
}

static void box_of(struct region region, int64_t first[MAX_RANK], int64_t count[MAX_RANK])
{
    for (int axis = 0; axis < region.rank; axis++) {
        first[axis] = region.axis[axis].begin;
        count[axis] = region.axis[axis].end - region.axis[axis].begin;
    }
}

/* Row-major order is that of the flattened tensor: boxes of as many elements hold them in the same order. */
static void write_copy(struct source *source, const struct node *node, struct region region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct region x_box = node_reads(node, 0, 0, region);
    const bool same = region_size(x_box) == region_size(region);
    const bool x_dense = region_equal(x_box, source_storage(source, x));
    const bool y_dense = region_equal(region, source_storage(source, y));
    const char *from = source_buffer(source, x), *to = source_buffer(source, y);
    int64_t first[MAX_RANK], count[MAX_RANK], stride[MAX_RANK];
    if (x->layout == LAYOUT_BLOCKED) {
        source_printf(source, "    pack_region(%s, %s, (struct view)%s,\n                %s);\n", to, from,
                      source_view(source, x), box_text(source, x, x_box));
    } else if (same && x_dense && y_dense) {
        source_printf(source, "    memcpy(%s, %s, %" PRId64 ");\n", to, from,
                      region_size(region) * (int64_t)type_size(y->type));
    } else if (same && (x_dense || y_dense)) {
        const struct tensor *strided = y_dense ? x : y;
        const struct region box = y_dense ? x_box : region;
        box_of(box, first, count);
        storage_strides(source_storage(source, strided), stride);
        const char *strides = numbers_text(arena, stride, box.rank), *counts = numbers_text(arena, count, box.rank);
        if (y_dense)
            source_printf(source, "    pack_plain(%s, %s, (const int64_t[])%s,\n", to, plain_at(source, x, x_box), strides);
        else
            source_printf(source, "    unpack_plain(%s, (const int64_t[])%s, %s,\n", plain_at(source, y, region), strides,
                          from);
        source_printf(source, "        (const int64_t[])%s, %d, %zu);\n", counts, box.rank, type_size(y->type));
    } else {
        write_side(source, y, 'y');
        write_side(source, x, 'x');
        box_of(region, first, count);
        source_printf(source,
                      "    move_reshaped(%s, &y, (const int64_t[])%s, (const int64_t[])%s,\n"
                      "                  %s, &x, %zu);\n",
                      to, numbers_text(arena, first, region.rank), numbers_text(arena, count, region.rank), from,
                      type_size(y->type));
    }
}

static void emit_copy(struct source *source, const struct node *node, const struct region *region)
{
    source_use(source, "move.h");
    source_function(source);
    if (strcmp(source_buffer(source, node->input[0]), source_buffer(source, node->output[0])))
        write_copy(source, node, *region);
    else
        source_printf(source, "    (void)arena; /* in place */\n");
    source_end(source);
}

const struct kernel kernel_move = {.name = "move", .accepts = accepts_moves, .emit = emit_plain};
const struct kernel kernel_move_blocked = {
    .name = "move_blocked", .accepts = accepts_blocked, .layout = layout_blocked, .emit = emit_blocked};
const struct kernel kernel_layout_conversion = {.name = "layout",
                                                .op_type = "mednn.Layout",
                                                .accepts = accepts_layout,
                                                .layout = layout_given,
                                                .emit = emit_layout};
const struct kernel kernel_copy = {
    .name = "copy", .accepts = accepts_copy, .layout = layout_copy, .in_place = true, .emit = emit_copy};
