/* gemm.c -- Gemm and MatMul with a constant matrix by templates/gemm.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

enum { PANEL = 32 };

static bool is_gemm(const struct node *node)
{
    return !strcmp(node->op_type, "Gemm");
}

/* Gemm's C, told apart from a residual; or the row that is added to a MatMul. */
static const struct tensor *addend(const struct node *node)
{
    if (node->epilogue.bias)
        return node_input(node, node->epilogue.bias);
    return is_gemm(node) && node->epilogue.residual != 2 ? node_input(node, 2) : NULL;
}

/* The same for all rows. */
static bool is_row(const struct tensor *tensor)
{
    for (int axis = 0; axis < tensor->shape.rank - 1; axis++)
        if (tensor->shape.dim[axis] != 1)
            return false;
    return true;
}

static bool accepts_gemm(const struct node *node)
{
    const struct tensor *b = node_input(node, 1), *c = addend(node);
    return node->output[0]->type == TYPE_FLOAT && tensor_is_constant(b) &&
           (!c || (tensor_is_constant(c) && is_row(c)));
}

/* B of more than two axes is a matrix where the others are 1. */
static bool accepts_matmul(const struct node *node)
{
    const struct tensor *a = node_input(node, 0), *b = node_input(node, 1);
    if (node->output[0]->type != TYPE_FLOAT || !tensor_is_constant(b) || tensor_is_constant(a))
        return false;
    if (b->shape.rank > 2 && a->shape.rank < b->shape.rank)
        return false;
    for (int axis = 0; axis < b->shape.rank - 2; axis++)
        if (b->shape.dim[axis] != 1)
            return false;
    return true;
}

/* The constant matrix as depth x outputs. */
struct matrix {
    const float *values;
    int64_t depth, outputs, depth_stride, output_stride;
};

static struct matrix matrix_of(const struct node *node)
{
    const struct tensor *b = node->input[1];
    const int rank = b->shape.rank;
    struct matrix m = {.values = b->data, .depth = b->shape.dim[rank < 2 ? 0 : rank - 2], .outputs = 1};
    if (rank >= 2)
        m.outputs = b->shape.dim[rank - 1];
    m.depth_stride = m.outputs;
    m.output_stride = 1;
    if (is_gemm(node) && node_int(node, "transB", 0)) {
        m.depth = b->shape.dim[1];
        m.outputs = b->shape.dim[0];
        m.depth_stride = 1;
        m.output_stride = m.depth;
    }
    return m;
}

static int64_t panel_of(const struct node *node)
{
    return matrix_of(node).outputs <= BLOCK ? BLOCK : PANEL;
}

/* The axis of outputs is the last one, but for a vector as B. */
static bool has_outputs(const struct node *node)
{
    return node->input[1]->shape.rank >= 2;
}

static int64_t grid(const struct node *node, int axis)
{
    return has_outputs(node) && axis == node->output[0]->shape.rank - 1 ? panel_of(node) : 1;
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    const struct matrix m = matrix_of(node);
    const struct range all = {0, 1}, cut = piece.rank && has_outputs(node) ? piece.axis[piece.rank - 1] : all;
    const double outputs = (double)round_up(cut.end - cut.begin, BLOCK);
    const double rows = (double)(region_size(piece) / (cut.end - cut.begin));
    work->amount[WORK_MATRIX] += rows * (double)m.depth * outputs;
    work->amount[WORK_WEIGHTS] += (double)m.depth * outputs * (double)sizeof(float);
}

static const char *pack_weights(struct source *source, const struct node *node, struct range outputs)
{
    const struct matrix m = matrix_of(node);
    const float alpha = is_gemm(node) ? node_float(node, "alpha", 1) : 1;
    const int64_t rounded = round_up(outputs.end - outputs.begin, BLOCK), panel = panel_of(node);
    const size_t count = (size_t)(rounded * m.depth);
    float *packed = source_scratch(source, count * sizeof *packed), *at = packed;
    for (int64_t first = 0; first < rounded; first += panel) {
        const int64_t width = rounded - first < panel ? BLOCK : panel;
        const int64_t held =
            outputs.end - outputs.begin - first < width ? outputs.end - outputs.begin - first : width;
        for (int64_t d = 0; d < m.depth; d++, at += width)
            for (int64_t o = 0; o < held; o++)
                at[o] = alpha * m.values[d * m.depth_stride + (outputs.begin + first + o) * m.output_stride];
    }
    return source_weights(source, "weights", node->input[1], packed, count);
}

static const char *pack_bias(struct source *source, const struct node *node, struct range outputs)
{
    const struct tensor *c = addend(node);
    const size_t count = (size_t)round_up(outputs.end - outputs.begin, BLOCK);
    float *packed = source_scratch(source, count * sizeof *packed);
    if (c) {
        const float beta = node_float(node, "beta", 1);
        const bool one = shape_size(c->shape) == 1;
        for (int64_t o = 0; o < outputs.end - outputs.begin; o++)
            packed[o] = beta * ((const float *)c->data)[one ? 0 : outputs.begin + o];
    }
    return source_weights(source, "bias", c, packed, count);
}

/* One axis of rows: count, and strides of x, y and residual. */
struct rows {
    int64_t count, x, y, residual;
};

static bool fits(struct rows outer, struct rows inner)
{
    return outer.x == inner.x * inner.count && outer.y == inner.y * inner.count &&
           outer.residual == inner.residual * inner.count;
}

/* The axes of the output before its last, neighbours merged where the strides allow. */
static int find_rows(struct source *source, const struct node *node, struct region region,
                     struct rows rows[MAX_RANK])
{
    const struct tensor *residual =
        node->epilogue.residual ? node_input(node, node->epilogue.residual) : NULL;
    int64_t x[MAX_RANK], y[MAX_RANK], r[MAX_RANK] = {0};
    storage_strides(source_storage(source, node->input[0]), x);
    storage_strides(source_storage(source, node->output[0]), y);
    if (residual)
        storage_strides(source_storage(source, residual), r);
    if (is_gemm(node) && node_int(node, "transA", 0))
        x[0] = 1;
    const int axes = region.rank - (has_outputs(node) ? 1 : 0);
    int count = 0;
    for (int axis = 0; axis < axes; axis++) {
        const struct rows next = {region.axis[axis].end - region.axis[axis].begin, x[axis], y[axis], r[axis]};
        if (next.count == 1)
            continue;
        if (count && fits(rows[count - 1], next)) {
            const int64_t merged = rows[count - 1].count * next.count;
            rows[count - 1] = next;
            rows[count - 1].count = merged;
        } else {
            rows[count++] = next;
        }
    }
    if (!count)
        rows[count++] = (struct rows){1, 0, 0, 0};
    return count;
}

/* " + i0 * 48 + i1 * 12" for the loops around the call. */
static const char *offset_text(struct arena *arena, const struct rows *rows, int loops, size_t member)
{
    struct text text = {.arena = arena};
    text_add(&text, "");
    for (int i = 0; i < loops; i++)
        text_printf(&text, " + i%d * %" PRId64, i, *(const int64_t *)((const char *)&rows[i] + member));
    return text.bytes;
}

/* Rows are copied where enough outputs read them: of so many depths at a time that they stay in a core's cache while all panels of weights
 * go by (measured: 14 % of 197 x 3072 x 768), and as many rows. A tile takes the place of up to 14 rows, or of 12 for each 10. */
enum { LEAST_COPIED_OUTPUTS = 128, MOST_COPIED_FLOATS = 1 << 20, MOST_TILE_ROWS = 14, NEAR_FLOATS = 3 << 16, LEAST_CHUNK = 256 };

static int64_t copied_rows(int64_t rows)
{
    return rows * 6 / 5 + MOST_TILE_ROWS;
}

/* Depths that are copied together: whole sixteens, or all. */
static int64_t chunk_depth(int64_t rows, int64_t depth)
{
    const int64_t near = NEAR_FLOATS / copied_rows(rows), most = near < LEAST_CHUNK ? LEAST_CHUNK : near;
    const int64_t count = (depth + most - 1) / most;
    return count == 1 ? depth : round_up((depth + count - 1) / count, BLOCK);
}

static int64_t scratch_floats(const struct node *node, struct region piece)
{
    const int64_t size = region_size(piece);
    const struct range last = piece.axis[piece.rank - 1];
    const int64_t outputs = has_outputs(node) ? last.end - last.begin : 1;
    if (outputs < LEAST_COPIED_OUTPUTS || size == outputs)
        return 0;
    const int64_t depth = round_up(chunk_depth(size / outputs, matrix_of(node).depth), BLOCK);
    const int64_t all = copied_rows(size / outputs) * depth, tile = MOST_TILE_ROWS * depth;
    return all < MOST_COPIED_FLOATS ? all : tile < MOST_COPIED_FLOATS ? MOST_COPIED_FLOATS : tile;
}

static int64_t scratch(const struct node *node, struct region piece)
{
    return scratch_floats(node, piece) * (int64_t)sizeof(float);
}

static void write_call(struct source *source, const struct node *node, struct region region, const char *loop,
                       const struct rows *rows, int loops, const char *weights, const char *bias)
{
    struct arena *arena = source_arena(source);
    const struct tensor *residual =
        node->epilogue.residual ? node_input(node, node->epilogue.residual) : NULL;
    const char *added = residual
                            ? arena_printf(arena, "%s%s", plain_at(source, residual, region),
                                           offset_text(arena, rows, loops, offsetof(struct rows, residual)))
                            : "NULL";
    for (int i = 0; i < loops; i++)
        source_printf(source, "%*sfor (int64_t i%d = 0; i%d < %" PRId64 "; i%d++)\n", 4 + 4 * i, "", i, i,
                      rows[i].count, i);
    source_printf(source, "%*s%s_loop(%s%s, %s, %s, %s,\n%*s%s%s, %s);\n", 4 + 4 * loops, "", loop,
                  plain_at(source, node->input[0], node_reads(node, 0, 0, region)),
                  offset_text(arena, rows, loops, offsetof(struct rows, x)), weights, bias, added,
                  8 + 4 * loops, "", plain_at(source, node->output[0], region),
                  offset_text(arena, rows, loops, offsetof(struct rows, y)),
                  scratch_floats(node, region) ? source_scratch_buffer(source) : "NULL");
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct matrix m = matrix_of(node);
    const struct range outputs = has_outputs(node) ? region->axis[region->rank - 1] : (struct range){0, 1};
    struct rows rows[MAX_RANK];
    const int count = find_rows(source, node, *region, rows);
    const struct rows last = rows[count - 1];
    int64_t x[MAX_RANK];
    storage_strides(source_storage(source, node->input[0]), x);
    const int64_t depth_stride = is_gemm(node) && node_int(node, "transA", 0) ? x[0] : 1;
    const char *name = source_name(source);
    const char *weights = pack_weights(source, node, outputs), *bias = pack_bias(source, node, outputs);
    source_use(source, "gemm.h");
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .rows = %" PRId64 ", .depth = %" PRId64
                  ", .outputs = %" PRId64 ", .panel = %" PRId64 ",\n    .x_row = %" PRId64
                  ", .x_depth = %" PRId64 ", .y_row = %" PRId64 ", .residual_row = %" PRId64,
                  last.count, m.depth, outputs.end - outputs.begin, panel_of(node), last.x,
                  depth_stride, last.y, last.residual);
    if (scratch_floats(node, *region))
        source_printf(source, ", .scratch = %" PRId64 ", .chunk = %" PRId64, scratch_floats(node, *region),
                      chunk_depth(region_size(*region) / (outputs.end - outputs.begin), m.depth));
    if (node->epilogue.residual)
        source_printf(source, ", .adds_residual = 1");
    write_activation(source, node);
    source_printf(source, "};\n");
    const char *loop = source_loop(source, mark, "gemm", "");
    if (loop == name)
        source_printf(source, "GEMM_TILES(%s, %s)\nGEMM_LOOP(%s)\n\n", name,
                      panels_text(outputs.end - outputs.begin, panel_of(node)), name);
    source_function(source);
    write_call(source, node, *region, loop, rows, count - 1, weights, bias);
    source_end(source);
}

const struct kernel kernel_gemm = {.name = "gemm",
                                   .op_type = "Gemm",
                                   .accepts = accepts_gemm,
                                   .grid = grid,
                                   .scratch = scratch,
                                   .work = work,
                                   .emit = emit};
const struct kernel kernel_gemm_matmul = {.name = "gemm_matmul",
                                          .op_type = "MatMul",
                                          .accepts = accepts_matmul,
                                          .grid = grid,
                                          .scratch = scratch,
                                          .work = work,
                                          .emit = emit};
