/* conv_window.c -- what convolutions share: windows of the blocked ones, axes, weights and biases. */
/* SPDX-License-Identifier: MIT */
#include "conv_window.h"

#include <inttypes.h>
#include <string.h>

struct window2 window2_of(const struct window *window)
{
    const int column = window->spatial - 1, row = window->spatial - 2;
    struct window2 w = {1, window->kernel[column], 1, window->stride[column], 1, window->dilation[column],
                        0, window->pad_begin[column]};
    if (row >= 0) {
        w.kernel_rows = window->kernel[row];
        w.stride_rows = window->stride[row];
        w.dilation_rows = window->dilation[row];
        w.pad_row = window->pad_begin[row];
    }
    return w;
}

bool conv_is_blockable(const struct node *node)
{
    const struct tensor *bias = node_input(node, 2);
    return tensor_can_block(node_input(node, 0)) && tensor_is_constant(node_input(node, 1)) &&
           (!bias || tensor_is_constant(bias) || node->epilogue.residual == 2);
}

void write_window(struct source *source, const struct window2 *window)
{
    source_printf(source,
                  "    .kernel_rows = %" PRId64 ", .kernel_columns = %" PRId64 ", .stride_rows = %" PRId64
                  ", .stride_columns = %" PRId64 ",\n    .dilation_rows = %" PRId64 ", .dilation_columns = %" PRId64,
                  window->kernel_rows, window->kernel_columns, window->stride_rows, window->stride_columns,
                  window->dilation_rows, window->dilation_columns);
}

const char *conv_input_at(struct source *source, const struct node *node, const struct window2 *window,
                          struct region region, int64_t c)
{
    const struct map map = map_of(region);
    return source_at(source, node->input[0], map.n.begin, c, map.row.begin * window->stride_rows - window->pad_row,
                     map.column.begin * window->stride_columns - window->pad_column);
}

void write_clear_padding(struct source *source, const struct tensor *input)
{
    const struct region storage = source_storage(source, input);
    if (!region_is_empty(region_intersect(storage, region_whole(input->shape))))
        return;
    source_printf(source, "    clear_border(%s, (struct view)%s, %" PRId64 ", BOX(0, 0, 0, 0, 0, 0, 0, 0));\n",
                  source_buffer(source, input), source_view(source, input),
                  storage.axis[0].end - storage.axis[0].begin);
}

const char *conv_shared_weights(struct source *source, const char *role)
{
    const char *piece = source_shared(source, role, 0);
    return piece == source_name(source) ? NULL : arena_printf(source_arena(source), "%s_%s", piece, role);
}

const char *conv_bias(struct source *source, const struct node *node, int64_t begin, int64_t end)
{
    const char *shared = conv_shared_weights(source, "bias");
    if (shared)
        return shared;
    const struct tensor *bias = node->epilogue.residual == 2 ? NULL : node_input(node, 2);
    const size_t count = (size_t)round_up(end - begin, BLOCK);
    float *values = source_scratch(source, count * sizeof *values);
    if (bias)
        memcpy(values, (const float *)bias->data + begin, (size_t)(end - begin) * sizeof *values);
    return source_weights(source, "bias", bias, values, count);
}

void conv_write_axis(struct source *source, const struct node *node, const struct window *window, int axis,
                     struct region region, bool transposed)
{
    if (axis < 0) {
        source_printf(source, "{1, 1, 1, 1, 0, 0, 1}");
        return;
    }
    const struct range output = region.axis[axis + 2], storage = source_storage(source, node->input[0]).axis[axis + 2];
    const int64_t size = node->input[0]->shape.dim[axis + 2], high = size < storage.end ? size : storage.end;
    const int64_t stride = window->stride[axis], pad = window->pad_begin[axis];
    source_printf(source,
                  "{.outputs = %" PRId64 ", .kernel = %" PRId64 ", .stride = %" PRId64 ", .dilation = %" PRId64
                  ",\n              .%s = %" PRId64 ", .low = %" PRId64 ", .high = %" PRId64 "}",
                  output.end - output.begin, window->kernel[axis], stride, window->dilation[axis],
                  transposed ? "shift" : "first",
                  transposed ? output.begin + pad - storage.begin * stride : output.begin * stride - pad - storage.begin,
                  storage.begin < 0 ? -storage.begin : 0, high - storage.begin);
}
