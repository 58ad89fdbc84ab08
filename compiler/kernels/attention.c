/* attention.c -- Attention by templates/attention.h; the pass `simplify` has joined past and present keys before. */
/* SPDX-License-Identifier: MIT */
#include "../operators/attention.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

/* Up to this many queries the keys are not worth transposing. */
enum { FEW_QUERIES = 3, MOST_IN_BLOCK = 56, MOST_SCORES = 1 << 16 };

static bool accepts(const struct node *node)
{
    const enum type type = node->input[0]->type;
    const struct tensor *mask = node_input(node, ATTENTION_MASK);
    return type_is_wide(type) && (!mask || mask->type == TYPE_BOOL || mask->type == type) && node_output(node, 0) &&
           !node_input(node, ATTENTION_PAST_KEY) && !node_output(node, 1) && !node_output(node, 2);
}

/* Heads stay whole. */
static int64_t grid(const struct node *node, int axis)
{
    const struct attention a = attention_of(node);
    return axis == node->output[0]->shape.rank - 1 ? a.v.width : 1;
}

static bool is_few(const struct attention *a)
{
    return a->q.rows <= FEW_QUERIES;
}

/* Queries at a time: their scores fit a cache, and blocks overlap little. */
static int64_t block_of(const struct attention *a, int64_t queries)
{
    int64_t most = MOST_SCORES / round_up(a->keys, BLOCK);
    most = most > MOST_IN_BLOCK ? MOST_IN_BLOCK : most < 14 ? 14 : most;
    const int64_t blocks = (queries + most - 1) / most;
    return (queries + blocks - 1) / blocks;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    const struct attention a = attention_of(node);
    const struct region box = heads_split(&a.y, piece);
    const int64_t rows = block_of(&a, box.axis[2].end - box.axis[2].begin) + (is_few(&a) ? 0 : a.q.width);
    return rows * round_up(a.keys, BLOCK) * (int64_t)type_size(node->input[0]->type);
}

static void strides_of(struct source *source, const struct tensor *tensor, const struct heads *heads, int64_t result[3])
{
    int64_t stride[MAX_RANK];
    storage_strides(source_storage(source, tensor), stride);
    heads_strides(heads, stride, result);
}

/* Strides of the mask along the axes of the scores. */
static void mask_strides(struct source *source, const struct tensor *mask, int64_t result[4])
{
    int64_t stride[MAX_RANK];
    storage_strides(source_storage(source, mask), stride);
    for (int i = 1; i <= 4; i++) {
        const int axis = mask->shape.rank - i;
        result[4 - i] = axis < 0 || (i > 1 && mask->shape.dim[axis] == 1) ? 0 : stride[axis];
    }
}

static void write_product(struct source *source, const char *which, int64_t rows, int64_t depth, int64_t columns,
                          int64_t a_row, int64_t b_depth, int64_t y_row, double scale)
{
    source_printf(source,
                  "static const struct matmul %s_%s_shape = {\n    .rows = %" PRId64 ", .depth = %" PRId64
                  ", .columns = %" PRId64 ", .a_row = %" PRId64 ", .a_depth = 1, .b_depth = %" PRId64
                  ", .b_column = 1,\n    .y_row = %" PRId64 ", .scale = %s};\nMATMUL_TILES(%s_%s)\n",
                  source_name(source), which, rows, depth, columns, a_row, b_depth, y_row,
                  real_text(source, scale), source_name(source), which);
}

static void write_products(struct source *source, const struct attention *a, const int64_t q[3], const int64_t k[3],
                           const int64_t v[3], const int64_t y[3], int64_t block)
{
    const int64_t columns = round_up(a->keys, BLOCK);
    const char *name = source_name(source);
    if (is_few(a))
        write_product(source, "scores", a->keys, a->q.width, 1, k[2], 1, 1, a->scale);
    else
        write_product(source, "scores", block, a->q.width, columns, q[2], columns, columns, a->scale);
    write_product(source, "values", block, a->keys, a->v.width, columns, v[2], y[2], 1);
    source_printf(source,
                  "static const struct attention_products %s_products = {\n    .scores = &%s_scores_shape, .scores_tiles = "
                  "&%s_scores_tiles,\n    .values = &%s_values_shape, .values_tiles = &%s_values_tiles};\n\n",
                  name, name, name, name, name);
}

static void write_mask(struct source *source, const struct node *node, const struct attention *a, struct region box)
{
    struct arena *arena = source_arena(source);
    const struct tensor *mask = node_input(node, ATTENTION_MASK), *kept = node_output(node, 3);
    int64_t stride[MAX_RANK] = {0};
    if (mask) {
        mask_strides(source, mask, stride);
        source_printf(source, ",\n    .mask = %s, .masked_keys = %" PRId64 ", .mask_is_bool = %d",
                      numbers_text(arena, stride, 4), mask->shape.dim[mask->shape.rank - 1], mask->type == TYPE_BOOL);
    }
    if (a->softcap > 0)
        source_printf(source, ",\n    .softcap = %s", real_text(source, a->softcap));
    if (a->causal)
        source_printf(source, ",\n    .causal = 1, .frontier_of_count = %d, .frontier = %" PRId64, a->frontier_of_count,
                      box.axis[2].begin + (a->frontier_of_count ? -a->q.rows : a->past));
    if (kept) {
        storage_strides(source_storage(source, kept), stride);
        source_printf(source, ",\n    .kept = %d, .kept_stride = %s", a->kept, numbers_text(arena, stride, 3));
    }
}

static void write_shape(struct source *source, const struct node *node, const struct attention *a, struct region box,
                        int64_t block)
{
    struct arena *arena = source_arena(source);
    int64_t q[3], k[3], v[3], y[3];
    strides_of(source, node->input[0], &a->q, q);
    strides_of(source, node->input[1], &a->k, k);
    strides_of(source, node->input[2], &a->v, v);
    strides_of(source, node->output[0], &a->y, y);
    write_products(source, a, q, k, v, y, block);
    source_printf(source,
                  "static const struct attention %s_shape = {\n    .batches = %" PRId64 ", .heads = %" PRId64
                  ", .queries = %" PRId64 ", .keys = %" PRId64 ", .columns = %" PRId64 ", .depth = %" PRId64
                  ",\n    .first_head = %" PRId64 ", .group = %" PRId64 ", .q = %s, .k = %s, .v = %s, .y = %s,\n"
                  "    .block = %" PRId64 ", .few = %d",
                  source_name(source), box.axis[0].end - box.axis[0].begin, box.axis[1].end - box.axis[1].begin,
                  box.axis[2].end - box.axis[2].begin, a->keys, round_up(a->keys, BLOCK), a->q.width, box.axis[1].begin,
                  a->group, numbers_text(arena, q, 3), numbers_text(arena, k, 3), numbers_text(arena, v, 3),
                  numbers_text(arena, y, 3), block, is_few(a));
    write_mask(source, node, a, box);
    source_printf(source, "};\n\n");
}

/* The first element that the region reads of an input; "NULL" without it. */
static const char *input_at(struct source *source, const struct node *node, int input, struct region region)
{
    return node_input(node, input) ? plain_at(source, node->input[input], node_reads(node, input, 0, region)) : "NULL";
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct attention a = attention_of(node);
    const struct region box = heads_split(&a.y, *region);
    const char *name = source_name(source);
    source_use(source, "attention.h");
    write_shape(source, node, &a, box, block_of(&a, box.axis[2].end - box.axis[2].begin));
    source_function(source);
    source_printf(source, "    attention(&%s_shape, &%s_products, %s,\n              %s,\n", name, name,
                  plain_at(source, node->output[0], *region),
                  node_output(node, 3) ? plain_at(source, node->output[3], region[3]) : "NULL");
    for (int i = 0; i < ATTENTION_PAST_KEY; i++)
        source_printf(source, "              %s,\n", input_at(source, node, i, *region));
    source_printf(source, "              %s, %s);\n", input_at(source, node, ATTENTION_COUNTS, *region),
                  source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_attention = {
    .name = "attention", .op_type = "Attention", .accepts = accepts, .grid = grid, .scratch = scratch,
    .doubles = true, .emit = emit};
