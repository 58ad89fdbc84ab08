/* lines.c -- operators along one axis: ArgMax, ArgMin, Hardmax, TopK, CumSum, CumProd, by templates/lines.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool is_arg(const struct node *node)
{
    return !strncmp(node->op_type, "Arg", 3);
}

static bool is_cumulation(const struct node *node)
{
    return !strncmp(node->op_type, "Cum", 3);
}

static bool accepts(const struct node *node)
{
    static const char *const types[] = {"ArgMax", "ArgMin", "CumProd", "CumSum", "Hardmax", "TopK"};
    for (size_t i = 0; !*node->domain && i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i], node->op_type))
            return true;
    return false;
}

static int axis_of(const struct node *node)
{
    if (is_cumulation(node))
        return cumulated_axis(node);
    return node_axis(node, is_arg(node) ? 0 : -1);
}

/* The lines of x that a piece is computed from; across them, axes of x and of the outputs belong together. */
struct across {
    struct region from;
    int rank;
    int64_t count[MAX_RANK], stride[3][MAX_RANK];
    int64_t step[3];
};

static struct across sort_axes(struct source *source, const struct node *node, struct region region, int axis)
{
    const struct tensor *tensor[3] = {node->input[0], node->output[0], node_output(node, 1)};
    const int rank = tensor[0]->shape.rank;
    const bool drops = region.rank < rank;
    struct across across = {.from = region_whole(tensor[0]->shape)};
    int64_t stride[3][MAX_RANK] = {{0}};
    for (int t = 0; t < 3; t++)
        if (tensor[t])
            storage_strides(source_storage(source, tensor[t]), stride[t]);
    for (int a = 0; a < rank; a++) {
        const int to = a - (drops && a > axis);
        for (int t = 0; t < 3 && a == axis; t++)
            across.step[t] = t && drops ? 0 : stride[t][a];
        if (a == axis)
            continue;
        across.from.axis[a] = region.axis[to];
        across.count[across.rank] = region.axis[to].end - region.axis[to].begin;
        for (int t = 0; t < 3; t++)
            across.stride[t][across.rank] = stride[t][t ? to : a];
        across.rank++;
    }
    return across;
}

static void write_flag(struct source *source, const char *name, bool value)
{
    if (value)
        source_printf(source, ", .%s = 1", name);
}

static void write_shape(struct source *source, const struct node *node, const struct across *across, int axis)
{
    struct arena *arena = source_arena(source);
    const struct shape y = node->output[0]->shape;
    const char *suffix = axis_of(node) < 0 ? arena_printf(arena, "%d", axis) : "";
    source_use(source, "lines.h");
    source_printf(source,
                  "static const struct lines %s_shape%s = {\n    .rank = %d, .count = %s, .x = %s, .y = %s, .z = %s,\n",
                  source_name(source), suffix, across->rank, numbers_text(arena, across->count, across->rank),
                  numbers_text(arena, across->stride[0], across->rank),
                  numbers_text(arena, across->stride[1], across->rank),
                  numbers_text(arena, across->stride[2], across->rank));
    source_printf(source,
                  "    .length = %" PRId64 ", .kept = %" PRId64 ", .x_step = %" PRId64 ", .y_step = %" PRId64
                  ", .z_step = %" PRId64 ", .type = %s",
                  node->input[0]->shape.dim[axis], is_arg(node) ? 1 : y.dim[axis], across->step[0], across->step[1],
                  across->step[2], element_type_text(node->input[0]->type));
    write_flag(source, "least", !strcmp(node->op_type, "ArgMin") || !node_int(node, "largest", 1));
    write_flag(source, "last", node_int(node, "select_last_index", 0) != 0);
    write_flag(source, "reverse", node_int(node, "reverse", 0) != 0);
    write_flag(source, "exclusive", node_int(node, "exclusive", 0) != 0);
    source_printf(source, "};\n\n");
}

static void write_cumulation(struct source *source, const struct node *node, const char *suffix, const char *y,
                             const char *x)
{
    const bool product = !strcmp(node->op_type, "CumProd"), real = type_is_float(node->input[0]->type);
    const char *function = product ? "mul" : "add";
    source_printf(source, "    cumulate(&%s_shape%s, %s%s, %s%s, %d, %s,\n             %s);\n", source_name(source), suffix,
                  real ? "real_" : "NULL", real ? function : "", real ? "NULL" : "integer_", real ? "" : function, product,
                  y, x);
}

/* A shape for every axis; the node is never cut. */
static void emit_computed_axis(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *axis = node->input[1];
    const int rank = region->rank;
    const char *y = plain_at(source, node->output[0], *region);
    for (int a = 0; a < rank; a++) {
        const struct across across = sort_axes(source, node, *region, a);
        write_shape(source, node, &across, a);
    }
    source_function(source);
    if (rank > 1)
        source_printf(source, "    int64_t axis = load_integer(%s, %s, 0);\n    axis += axis < 0 ? %d : 0;\n",
                      source_buffer(source, axis), element_type_text(axis->type), rank);
    for (int a = 0; a < rank; a++) {
        if (rank > 1 && a == 0)
            source_printf(source, "    if (axis <= 0)\n    ");
        else if (a > 0 && a < rank - 1)
            source_printf(source, "    else if (axis == %d)\n    ", a);
        else if (a > 0)
            source_printf(source, "    else\n    ");
        write_cumulation(source, node, arena_printf(source_arena(source), "%d", a), y,
                         plain_at(source, node->input[0], *region));
    }
    source_end(source);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const int axis = axis_of(node);
    if (axis < 0) {
        emit_computed_axis(source, node, region);
        return;
    }
    const struct across across = sort_axes(source, node, *region, axis);
    const char *name = source_name(source), *x = plain_at(source, node->input[0], across.from);
    const char *y = plain_at(source, node->output[0], *region);
    write_shape(source, node, &across, axis);
    source_function(source);
    if (is_cumulation(node))
        write_cumulation(source, node, "", y, x);
    else if (!strcmp(node->op_type, "TopK"))
        source_printf(source, "    top(&%s_shape, %s, %s,\n        %s);\n", name, y,
                      plain_at(source, node->output[1], region[1]), x);
    else
        source_printf(source, "    %s(&%s_shape, %s,\n             %s);\n", is_arg(node) ? "arg_best" : "hardmax", name,
                      y, x);
    source_end(source);
}

/* Lines are not cut. */
static int64_t grid(const struct node *node, int axis)
{
    const struct shape y = node->output[0]->shape;
    return !is_arg(node) && axis == axis_of(node) ? y.dim[axis] : 1;
}

const struct kernel kernel_lines = {.name = "lines", .accepts = accepts, .grid = grid, .emit = emit};
