/* settle.c -- by templates/settle.h: checks of values that decide shapes, and the elements that they choose. */
/* SPDX-License-Identifier: MIT */
#include "../operators/settle.h"

#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    (void)node;
    return true;
}

/* ---- Holds ---- */

static const char *const kind_texts[HOLDS_KINDS] = {"HOLDS_EQUAL",        "HOLDS_AT_MOST", "HOLDS_RESHAPE",
                                                    "HOLDS_RESHAPE_ZERO", "HOLDS_EXPAND",  "HOLDS_SQUEEZE",
                                                    "HOLDS_AXES",         "HOLDS_RANGE"};
static const char *const functions[HOLDS_KINDS] = {"holds_equal",   "holds_equal",  "holds_reshape",
                                                   "holds_reshape", "holds_expand", "holds_squeeze",
                                                   "holds_axes",    "holds_range"};

/* "{1, 2}", of at least one number. */
static const char *list_text(struct arena *arena, int64_t count, const int64_t *values)
{
    struct text text = {.arena = arena};
    text_add(&text, "{");
    for (int64_t i = 0; i < count; i++)
        text_printf(&text, "%s%" PRId64, i == 0 ? "" : i % 16 ? ", " : ",\n    ", values[i]);
    text_add(&text, count ? "}" : "0}");
    return text.bytes;
}

static void emit_holds(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    struct arena *arena = source_arena(source);
    const struct holds holds = holds_of(node);
    const char *name = source_name(source);
    source_use(source, "settle.h");
    source_printf(source, "static const int64_t %s_expected[] = %s, %s_from[] = %s;\n", name,
                  list_text(arena, holds.count, holds.expected), name,
                  list_text(arena, holds.from_count, holds.from));
    source_printf(source,
                  "static const struct holds %s_shape = {\n    .kind = %s, .type = %s, .count = %" PRId64
                  ", .expected_count = %" PRId64 ", .from_count = %d,\n    .expected = %s_expected, .from = %s_from};\n\n",
                  name, kind_texts[holds.kind], element_type_text(node->input[0]->type),
                  shape_size(node->input[0]->shape), holds.count, holds.from_count, name, name);
    source_function(source);
    source_printf(source, "    *%s = %s(&%s_shape", source_buffer(source, node->output[0]), functions[holds.kind], name);
    for (int i = 0; i < node->input_count; i++)
        source_printf(source, ", %s", source_buffer(source, node->input[i]));
    source_printf(source, ") != 0;\n");
    source_end(source);
}

const struct kernel kernel_holds = {.name = "holds", .op_type = "mednn.Holds", .accepts = accepts, .emit = emit_holds};

/* ---- Require ---- */

static void emit_require(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    const char *message = node_string(node, "message", "");
    source_function(source);
    source_printf(source, "    if (!*%s", source_buffer(source, node->input[0]));
    if (node_input(node, 1))
        source_printf(source, " && *%s", source_buffer(source, node->input[1]));
    source_printf(source, ")\n        return mednn_refuse(session, \"%s\");\n    *%s = 1;\n    return 0;\n",
                  text_escape_sentence(source_arena(source), message), source_buffer(source, node->output[0]));
    source_end(source);
}

const struct kernel kernel_require = {
    .name = "require", .op_type = "mednn.Require", .accepts = accepts, .fails = true, .emit = emit_require};

/* ---- SliceIndices, PadIndices ---- */

static void emit_indices(struct source *source, const struct node *node, const char *function, int inputs, int axes)
{
    const struct tensor *list = node->input[0], *axes_list = node_input(node, axes);
    const int64_t mode = node_int(node, "mode", 0);
    const bool pads = !strcmp(function, "pad_indices");
    source_use(source, "settle.h");
    source_printf(source,
                  "static const struct chosen %s_shape = {\n    .axis = %" PRId64 ", .rank = %" PRId64 ", .size = %" PRId64
                  ", .count = %" PRId64 ", .entries = %" PRId64 ",\n    .type = %s, .axes_type = %s%s};\n\n",
                  source_name(source), node_int(node, "axis", 0), node_int(node, "rank", 1), node_int(node, "size", 0),
                  node_int(node, "count", 0), shape_size(list->shape) / (pads ? 2 : 1), element_type_text(list->type),
                  element_type_text(axes_list ? axes_list->type : TYPE_INT64),
                  mode == 1   ? ", .reflect = 1"
                  : mode == 2 ? ", .edge = 1"
                  : mode == 3 ? ", .wrap = 1"
                              : "");
    source_function(source);
    source_printf(source, "    *%s = %s(&%s_shape, %s", source_buffer(source, node->output[0]), function,
                  source_name(source), some_buffer(source, node->output[1]));
    for (int i = 0; i < inputs; i++)
        source_printf(source, ", %s", node_input(node, i) ? source_buffer(source, node->input[i]) : "NULL");
    source_printf(source, ") != 0;\n");
    source_end(source);
}

static void emit_slice(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    emit_indices(source, node, "slice_indices", 4, 2);
}

static void emit_pad(struct source *source, const struct node *node, const struct region *region)
{
    (void)region;
    emit_indices(source, node, "pad_indices", 2, 1);
}

const struct kernel kernel_slice_indices = {
    .name = "slice_indices", .op_type = "mednn.SliceIndices", .accepts = accepts, .emit = emit_slice};
const struct kernel kernel_pad_indices = {
    .name = "pad_indices", .op_type = "mednn.PadIndices", .accepts = accepts, .emit = emit_pad};
