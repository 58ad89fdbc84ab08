/* indexed.c -- Gather*, Scatter* with computed indices, by templates/indexed.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/indexed.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

/* ---- what both write ---- */

struct walk {
    int rank;
    int64_t count[MAX_RANK], walked[MAX_RANK], indexed[MAX_RANK], index[MAX_RANK];
};

/* Axis `axis` goes on where `axis` - 1 steps, for everybody. */
static bool can_join(const struct walk *walk, int axis)
{
    const int64_t count = walk->count[axis];
    return walk->walked[axis - 1] == walk->walked[axis] * count &&
           walk->indexed[axis - 1] == walk->indexed[axis] * count && !walk->index[axis - 1] && !walk->index[axis];
}

static void join_last_axes(struct walk *walk)
{
    while (walk->rank > 1 && can_join(walk, walk->rank - 1)) {
        const int last = --walk->rank;
        walk->count[last - 1] *= walk->count[last];
        walk->walked[last - 1] = walk->walked[last];
        walk->indexed[last - 1] = walk->indexed[last];
    }
}

/* `region` is of what is walked over; `storage` is that of the indexed tensor, `piece` its part that takes part. */
static void write_shape(struct source *source, const struct node *node, struct region region,
                        const struct tensor *walked, struct region storage, struct region piece)
{
    const struct indexed indexed = node_indexed(node);
    const struct tensor *data = node->input[0], *indices = node->input[1];
    struct arena *arena = source_arena(source);
    struct walk walk = {.rank = indexed.rank};
    int64_t walked_stride[MAX_RANK], stride[MAX_RANK], index_stride[MAX_RANK];
    int64_t dim[MAX_RANK], begin[MAX_RANK], end[MAX_RANK], component[MAX_RANK];
    storage_strides(source_storage(source, walked), walked_stride);
    storage_strides(storage, stride);
    storage_strides(source_storage(source, indices), index_stride);
    for (int i = 0; i < indexed.rank; i++) {
        walk.count[i] = region.axis[i].end - region.axis[i].begin;
        walk.walked[i] = walked_stride[i];
        walk.indexed[i] = indexed.data_axis[i] < 0 ? 0 : stride[indexed.data_axis[i]];
        walk.index[i] = indexed.index_axis[i] < 0 ? 0 : index_stride[indexed.index_axis[i]];
    }
    join_last_axes(&walk);
    for (int i = 0; i < indexed.components; i++) {
        const int axis = indexed.component_axis[i];
        dim[i] = data->shape.dim[axis];
        begin[i] = piece.axis[axis].begin;
        end[i] = piece.axis[axis].end;
        component[i] = stride[axis];
    }
    source_use(source, "indexed.h");
    source_printf(source,
                  "static const struct indexed %s_shape = {\n    .rank = %d, .count = %s, .walked = %s, .indexed = %s,\n"
                  "    .index = %s, .components = %d, .component = %" PRId64 ",\n",
                  source_name(source), walk.rank, numbers_text(arena, walk.count, walk.rank),
                  numbers_text(arena, walk.walked, walk.rank), numbers_text(arena, walk.indexed, walk.rank),
                  numbers_text(arena, walk.index, walk.rank), indexed.components,
                  indexed.last_axis_is_components ? index_stride[indices->shape.rank - 1] : 0);
    source_printf(source,
                  "    .dim = %s, .stride = %s, .begin = %s, .end = %s,\n"
                  "    .index_type = %s, .type = %s, .size = %zu};\n\n",
                  numbers_text(arena, dim, indexed.components), numbers_text(arena, component, indexed.components),
                  numbers_text(arena, begin, indexed.components), numbers_text(arena, end, indexed.components),
                  element_type_text(indices->type), element_type_text(data->type), type_size(data->type));
}

/* ---- gather ---- */

static bool accepts_gather(const struct node *node)
{
    return node->op->reads && !strncmp(node->op->type, "Gather", 6) && !*node->domain;
}

static void emit_gather(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct region data = indexed_data(node, *region);
    write_shape(source, node, *region, y, source_storage(source, x), data);
    source_function(source);
    source_printf(source, "    gather(&%s_shape, %s,\n           %s,\n           %s);\n", source_name(source),
                  plain_at(source, y, *region), plain_at(source, x, data),
                  plain_at(source, node->input[1], indexed_indices(node, *region)));
    source_end(source);
}

const struct kernel kernel_gather = {.name = "gather", .accepts = accepts_gather, .emit = emit_gather};

/* ---- scatter ---- */

static bool accepts_scatter(const struct node *node)
{
    return !*node->domain && node_is_scatter(node);
}

/* The arguments `real` and `integer` of scatter(). */
static const char *functions_text(struct arena *arena, const struct node *node)
{
    const char *reduction = node_string(node, "reduction", "none");
    const enum type type = node->input[0]->type;
    if (!strcmp(reduction, "none"))
        return "NULL, NULL";
    if (type_is_float(type))
        return arena_printf(arena, "real_%s, NULL", reduction);
    const bool compares = !strcmp(reduction, "min") || !strcmp(reduction, "max");
    return arena_printf(arena, "NULL, integer_%s%s", compares && type == TYPE_UINT64 ? "unsigned_" : "", reduction);
}

static void emit_scatter(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *y = node->output[0], *updates = node->input[2];
    const struct region walked = region_intersect(indexed_updates(node, *region), region_whole(updates->shape));
    const bool some = !region_is_empty(walked);
    source_use(source, "region.h");
    if (some)
        write_shape(source, node, walked, updates, source_storage(source, y), *region);
    source_function(source);
    write_box_copy(source, y, *region, node->input[0], *region);
    if (some)
        source_printf(source, "    scatter(&%s_shape, %s, %s,\n            %s,\n            %s);\n", source_name(source),
                      functions_text(source_arena(source), node), plain_at(source, y, *region),
                      plain_at(source, updates, walked),
                      plain_at(source, node->input[1], indexed_indices(node, walked)));
    source_end(source);
}

const struct kernel kernel_scatter = {.name = "scatter", .accepts = accepts_scatter, .emit = emit_scatter};
