/* reduce.c -- Reduce* on floats by templates/reduce.h, on other types by templates/reduce_scalar.h: one more is one line. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct row {
    const char *op_type;
    const char *map, *join, *finish;
    float start;
    bool shifts;
} rows[] = {
    {"ReduceL1", "abs", "add", "identity", 0, false},
    {"ReduceL2", "square", "add", "sqrt", 0, false},
    {"ReduceLogSum", "identity", "add", "log", 0, false},
    {"ReduceLogSumExp", "exp", "add", "log", 0, true},
    {"ReduceMax", "identity", "max", "identity", -INFINITY, false},
    {"ReduceMean", "identity", "add", "div", 0, false},
    {"ReduceMin", "identity", "min", "identity", INFINITY, false},
    {"ReduceProd", "identity", "mul", "identity", 1, false},
    {"ReduceSum", "identity", "add", "identity", 0, false},
    {"ReduceSumSquare", "square", "add", "identity", 0, false},
};

static const struct row *find_row(const struct node *node)
{
    for (size_t i = 0; !*node->domain && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].op_type, node->op_type))
            return &rows[i];
    return NULL;
}

static bool accepts(const struct node *node)
{
    return find_row(node) && node->input[0]->type == TYPE_FLOAT && shape_size(node->input[0]->shape) > 0;
}

/* Axes of the input: those that stay with their stride in the output, those that go. */
struct axes {
    int rank, walked;
    int64_t count[MAX_RANK], x_stride[MAX_RANK], y_stride[MAX_RANK];
    int64_t walked_count[MAX_RANK], walked_stride[MAX_RANK];
    int64_t elements; /* that make one result */
    struct region from;
};

static struct axes sort_axes(struct source *source, const struct node *node, struct region region)
{
    const struct tensor *x = node->input[0];
    const bool keep = node_int(node, "keepdims", 1) != 0;
    bool reduced[MAX_RANK];
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK];
    struct axes axes = {.elements = 1, .from = region_whole(x->shape)};
    int to = 0;
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, node->output[0]), y_stride);
    reduce_axes(node, reduced);
    for (int axis = 0; axis < x->shape.rank; axis++) {
        if (reduced[axis]) {
            axes.walked_count[axes.walked] = x->shape.dim[axis];
            axes.walked_stride[axes.walked++] = x_stride[axis];
            axes.elements *= x->shape.dim[axis];
            to += keep;
            continue;
        }
        axes.from.axis[axis] = region.axis[to];
        axes.count[axes.rank] = region.axis[to].end - region.axis[to].begin;
        axes.x_stride[axes.rank] = x_stride[axis];
        axes.y_stride[axes.rank++] = y_stride[to++];
    }
    return axes;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct row row = *find_row(node);
    const struct axes axes = sort_axes(source, node, *region);
    const char *name = source_name(source);
    const int last = axes.walked - 1;
    source_use(source, "reduce.h");
    source_printf(source,
                  "static const struct reduce %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n",
                  name, axes.rank, numbers_text(arena, axes.count, axes.rank),
                  numbers_text(arena, axes.x_stride, axes.rank), numbers_text(arena, axes.y_stride, axes.rank));
    if (last > 0)
        source_printf(source, "    .walked = %d, .walked_count = %s, .walked_stride = %s,\n", last,
                      numbers_text(arena, axes.walked_count, last), numbers_text(arena, axes.walked_stride, last));
    source_printf(source, "    .length = %" PRId64 ", .step = %" PRId64 ", .start = %s, .divisor = %s%s};\n\n",
                  last < 0 ? 1 : axes.walked_count[last], last < 0 ? 1 : axes.walked_stride[last],
                  float_text(arena, (double)row.start), float_text(arena, (double)axes.elements),
                  row.shifts ? ", .shifts = 1" : "");
    source_function(source);
    source_printf(source,
                  "    reduce(&%s_shape, function_%s, function_%s, function_%s,\n           %s, %s);\n", name, row.map,
                  row.join, row.finish, plain_at(source, node->output[0], *region),
                  plain_at(source, node->input[0], axes.from));
    source_end(source);
}

const struct kernel kernel_reduce = {.name = "reduce", .accepts = accepts, .emit = emit};

/* ---- other types ---- */

static bool accepts_scalar(const struct node *node)
{
    return find_row(node) && node->input[0]->type != TYPE_FLOAT && shape_size(node->input[0]->shape) > 0;
}

/* Roots and logarithms of integers too. */
static bool is_real(const struct row *row, enum type type)
{
    return type_is_float(type) || !strcmp(row->finish, "sqrt") || !strcmp(row->finish, "log");
}

static int64_t integer_start(const struct row *row, bool is_unsigned)
{
    if (isinf(row->start))
        return row->start < 0 ? (is_unsigned ? 0 : INT64_MIN) : is_unsigned ? -1 : INT64_MAX;
    return (int64_t)row->start;
}

static void emit_scalar(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const enum type type = node->input[0]->type;
    const struct row row = *find_row(node);
    const struct axes axes = sort_axes(source, node, *region);
    const char *name = source_name(source), *prefix = is_real(&row, type) ? "real" : "integer";
    const bool logarithm = !strcmp(row.finish, "log"), compares = !strcmp(row.join, "max") || !strcmp(row.join, "min");
    const bool is_unsigned = type == TYPE_UINT64;
    const int64_t start = integer_start(&row, is_unsigned);
    source_use(source, "reduce_scalar.h");
    if (logarithm)
        source_use(source, "reduce_log.h");
    source_printf(source,
                  "static const struct reduce_scalar %s_shape = {\n    .rank = %d, .count = %s, .x_stride = %s, .y_stride = %s,\n"
                  "    .walked = %d, .walked_count = %s, .walked_stride = %s,\n",
                  name, axes.rank, numbers_text(arena, axes.count, axes.rank),
                  numbers_text(arena, axes.x_stride, axes.rank), numbers_text(arena, axes.y_stride, axes.rank),
                  axes.walked, numbers_text(arena, axes.walked_count, axes.walked),
                  numbers_text(arena, axes.walked_stride, axes.walked));
    source_printf(source, "    .type = %s, .start = %s, .integer_start = %s, .divisor = %" PRId64 "};\n\n",
                  element_type_text(type), float_text(arena, (double)row.start),
                  start == INT64_MIN ? "INT64_MIN" : arena_printf(arena, "%" PRId64, start), axes.elements);
    const char *y = plain_at(source, node->output[0], *region), *x = plain_at(source, node->input[0], axes.from);
    source_function(source);
    if (row.shifts)
        source_printf(source, "    reduce_log_sum_exp(&%s_shape, %s,\n           %s);\n", name, y, x);
    else
        source_printf(source, "    reduce_%s(&%s_shape, %s_%s, %s_%s%s, %s_%s%s,\n           %s, %s);\n", prefix, name,
                      prefix, row.map, prefix, compares && is_unsigned ? "unsigned_" : "", row.join, prefix,
                      logarithm ? "double_" : "", row.finish, y, x);
    source_end(source);
}

const struct kernel kernel_reduce_scalar = {.name = "reduce_scalar", .accepts = accepts_scalar, .emit = emit_scalar};
