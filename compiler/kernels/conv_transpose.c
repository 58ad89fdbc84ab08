/* conv_transpose.c -- ConvTranspose by templates/conv_transpose.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "conv_window.h"

#include <inttypes.h>

enum { AXES = 3 };

static bool accepts(const struct node *node)
{
    const struct tensor *x = node->input[0];
    return type_is_wide(x->type) && x->shape.rank <= 2 + AXES;
}

/* A device stores of computed weights what its piece reads. */
static void write_weights(struct source *source, const struct node *node)
{
    const struct tensor *bias = node_input(node, 2);
    const struct region w = source_storage(source, node->input[1]);
    int64_t stride[MAX_RANK];
    storage_strides(w, stride);
    source_printf(source,
                  "    .w_first_channel = %" PRId64 ", .w_first_output = %" PRId64 ", .w_channel = %" PRId64
                  ", .w_output = %" PRId64 ", .bias_first = %" PRId64 ",\n",
                  w.axis[0].begin, w.axis[1].begin, stride[0], stride[1],
                  bias ? source_storage(source, bias).axis[0].begin : 0);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    int64_t outputs[MAX_SPATIAL];
    const struct window window = conv_transpose_window(node, outputs);
    const struct tensor *x = node->input[0], *y = node->output[0], *bias = node_input(node, 2);
    struct region first = source_storage(source, x);
    first.axis[0] = region->axis[0];
    source_use(source, "conv_transpose.h");
    source_printf(source,
                  "static const struct conv_transpose %s_shape = {\n    .batch = %" PRId64 ", .outputs = %" PRId64
                  ", .first_output = %" PRId64 ",\n    .group_outputs = %" PRId64 ", .group_channels = %" PRId64
                  ", .x_first_channel = %" PRId64 ",\n",
                  source_name(source), region->axis[0].end - region->axis[0].begin,
                  region->axis[1].end - region->axis[1].begin, region->axis[1].begin, y->shape.dim[1] / window.group,
                  x->shape.dim[1] / window.group, first.axis[1].begin);
    source_printf(source, "    %s,\n", strides_text(source, "x", x));
    source_printf(source, "    %s,\n", strides_text(source, "y", y));
    write_weights(source, node);
    source_printf(source, "    .axis = {");
    for (int i = 0; i < AXES; i++) {
        source_printf(source, "%s", i ? ",\n             " : "");
        conv_write_axis(source, node, &window, window.spatial - AXES + i, *region, true);
    }
    source_printf(source, "}};\n\n");
    source_function(source);
    source_printf(source, "    conv_transpose(&%s_shape, %s, %s, %s,\n                   %s);\n", source_name(source),
                  plain_at(source, x, first), source_buffer(source, node->input[1]),
                  bias ? source_buffer(source, bias) : "NULL", plain_at(source, y, *region));
    source_end(source);
}

const struct kernel kernel_conv_transpose = {
    .name = "conv_transpose", .op_type = "ConvTranspose", .accepts = accepts, .doubles = true, .emit = emit};
