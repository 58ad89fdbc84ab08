/* col2im.c -- Col2Im: columns of blocks added up where they lie in an image. */
/* SPDX-License-Identifier: MIT */
#include "col2im.h"

#include "rows.h"

#include <inttypes.h>
#include <string.h>

static void read_list(const struct node *node, int input, const char *what, int count, int64_t values[])
{
    const struct tensor *list = constant_input(node, input, what);
    if (list->shape.rank != 1 || shape_size(list->shape) != count)
        node_fail(node, "%s has %" PRId64 " entries, expected %d", what, shape_size(list->shape), count);
    for (int i = 0; i < count; i++) {
        values[i] = tensor_int(list, i);
        if (values[i] < 1 || values[i] > INT32_MAX)
            node_fail(node, "%s holds %" PRId64 ", expected at least 1", what, values[i]);
    }
}

struct col2im col2im_of(const struct node *node)
{
    const int64_t count = shape_size(constant_input(node, 1, "image_shape")->shape);
    int64_t pads[2 * MAX_SPATIAL];
    struct col2im c = {.positions = 1, .columns = 1};
    struct window *window = &c.window;
    if (count < 1 || count > MAX_SPATIAL)
        node_fail(node, "image_shape has %" PRId64 " entries, expected 1 to %d", count, MAX_SPATIAL);
    window->spatial = (int)count;
    read_list(node, 1, "image_shape", window->spatial, c.image);
    read_list(node, 2, "block_shape", window->spatial, window->kernel);
    window_list(node, "strides", window->spatial, 1, 1, window->stride);
    window_list(node, "dilations", window->spatial, 1, 1, window->dilation);
    window_list(node, "pads", 2 * window->spatial, 0, 0, pads);
    for (int i = 0; i < window->spatial; i++) {
        window->pad_begin[i] = pads[i];
        window->pad_end[i] = pads[i + window->spatial];
        c.blocks[i] = window_output(node, window, i, c.image[i], false);
        if (__builtin_mul_overflow(c.positions, window->kernel[i], &c.positions) ||
            __builtin_mul_overflow(c.columns, c.blocks[i], &c.columns))
            node_fail(node, "blocks have more elements than can be addressed");
    }
    return c;
}

static void infer(struct graph *graph, struct node *node)
{
    const struct col2im c = col2im_of(node);
    const struct shape x = node->input[0]->shape;
    if (x.rank != 3 || x.dim[1] % c.positions || x.dim[2] != c.columns)
        node_fail(node, "the input is %s, expected a multiple of %" PRId64 " on axis 1 and %" PRId64 " on axis 2",
                  shape_string(graph->arena, x), c.positions, c.columns);
    struct shape y = {.rank = 2 + c.window.spatial, .dim = {x.dim[0], x.dim[1] / c.positions}};
    memcpy(y.dim + 2, c.image, (size_t)c.window.spatial * sizeof *c.image);
    output_set(node, 0, node->input[0]->type, y);
}

/* Add the columns of one kernel position `at` to the image of one channel. */
static void add_position(const struct node *node, const struct col2im *c, const int64_t at[], const void *input,
                         int64_t from, void *output, int64_t to)
{
    const enum type type = node->input[0]->type;
    const struct window *w = &c->window;
    const struct shape blocks = shape_of(w->spatial, c->blocks), image = shape_of(w->spatial, c->image);
    int64_t block[MAX_RANK] = {0}, place[MAX_RANK];
    for (int64_t i = 0; i < c->columns; i++, shape_next(blocks, block)) {
        bool inside = true;
        for (int a = 0; a < w->spatial; a++) {
            place[a] = block[a] * w->stride[a] - w->pad_begin[a] + at[a] * w->dilation[a];
            inside = inside && place[a] >= 0 && place[a] < c->image[a];
        }
        if (!inside)
            continue;
        const int64_t pixel = to + shape_offset(image, place);
        if (type_is_float(type))
            element_set_real(type, output, pixel, element_real(type, output, pixel) + element_real(type, input, from + i));
        else
            element_set_integer(type, output, pixel,
                                (int64_t)((uint64_t)element_integer(type, output, pixel) +
                                          (uint64_t)element_integer(type, input, from + i)));
    }
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct col2im c = col2im_of(node);
    const struct shape x = node->input[0]->shape, kernel = shape_of(c.window.spatial, c.window.kernel);
    const int64_t size = shape_size(node->output[0]->shape), maps = x.dim[0] * x.dim[1] / c.positions;
    memset(output[0], 0, (size_t)size * type_size(node->output[0]->type));
    for (int64_t map = 0; map < maps; map++) {
        int64_t at[MAX_RANK] = {0};
        for (int64_t k = 0; k < c.positions; k++, shape_next(kernel, at))
            add_position(node, &c, at, input[0], (map * c.positions + k) * c.columns, output[0], size / maps * map);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    if (input > 0)
        return need;
    const int64_t positions = col2im_of(node).positions;
    need.axis[0] = region.axis[0];
    need.axis[1] = (struct range){region.axis[1].begin * positions, region.axis[1].end * positions};
    return need;
}

const struct op col2im_rows[] = {
    {.type = "Col2Im",
     .domain = "",
     .since_version = 18,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "dilations pads strides ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
