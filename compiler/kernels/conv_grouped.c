/* conv_grouped.c -- Conv of any groups, any weights and up to three spatial axes by templates/conv_grouped.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "conv_window.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    return type_is_wide(x->type) && x->shape.rank >= 3 && x->shape.rank <= 2 + GROUPED_AXES;
}

static const struct tensor *bias_of(const struct node *node)
{
    return node->epilogue.residual == 2 ? NULL : node_input(node, 2);
}

void write_grouped_shape(struct source *source, const struct node *node, const struct tensor *bias,
                         struct region region)
{
    const struct window window = *conv_window(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    source_printf(source,
                  "static const struct conv_grouped %s_shape = {\n    .batch = %" PRId64 ", .outputs = %" PRId64
                  ", .first_output = %" PRId64 ",\n    .group_outputs = %" PRId64 ", .group_channels = %" PRId64
                  ", .x_first_channel = %" PRId64 ",\n    .w_first = %" PRId64 ", .bias_first = %" PRId64 ",\n",
                  source_name(source), region.axis[0].end - region.axis[0].begin,
                  region.axis[1].end - region.axis[1].begin, region.axis[1].begin, y->shape.dim[1] / window.group,
                  x->shape.dim[1] / window.group, source_storage(source, x).axis[1].begin,
                  source_storage(source, node->input[weights_input(node)]).axis[0].begin,
                  bias ? source_storage(source, bias).axis[0].begin : 0);
    source_printf(source, "    %s,\n", strides_text(source, "x", x));
    source_printf(source, "    %s,\n", strides_text(source, "y", y));
    if (node->epilogue.residual) {
        source_printf(source, "    %s,\n", strides_text(source, "residual", node_input(node, node->epilogue.residual)));
        source_printf(source, "    .adds_residual = 1,\n");
    }
    source_printf(source, "    .axis = {");
    for (int i = 0; i < GROUPED_AXES; i++) {
        source_printf(source, "%s", i ? ",\n             " : "");
        conv_write_axis(source, node, &window, window.spatial - GROUPED_AXES + i, region, false);
    }
    source_printf(source, "}");
    write_activation(source, node);
    source_printf(source, "};\n\n");
}

const char *grouped_input_at(struct source *source, const struct node *node, struct region region)
{
    struct region first = source_storage(source, node->input[0]);
    first.axis[0] = region.axis[0];
    return plain_at(source, node->input[0], first);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *bias = bias_of(node);
    source_use(source, "conv_grouped.h");
    write_grouped_shape(source, node, bias, *region);
    source_function(source);
    source_printf(source, "    conv_grouped(&%s_shape, %s, %s, %s,\n                 %s, %s);\n", source_name(source),
                  grouped_input_at(source, node, *region), source_buffer(source, node->input[1]),
                  bias ? source_buffer(source, bias) : "NULL",
                  node->epilogue.residual ? plain_at(source, node_input(node, node->epilogue.residual), *region) : "NULL",
                  plain_at(source, node->output[0], *region));
    source_end(source);
}

/* A row of outputs is computed at a time for each channel and tap; beginning it takes as long as some products. Measured on EfficientNet's
 * maps of one pixel. */
static void work(const struct node *node, struct region piece, struct work *work)
{
    const double row = 10;
    const struct range columns = piece.axis[piece.rank - 1];
    work->amount[WORK_SCALAR] += (double)node_macs(node, piece) * (1 + row / (double)(columns.end - columns.begin));
}

const struct kernel kernel_conv_grouped = {
    .name = "conv_grouped", .op_type = "Conv", .accepts = accepts, .doubles = true, .work = work, .emit = emit};
