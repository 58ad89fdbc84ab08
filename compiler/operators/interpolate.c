/* interpolate.c -- Resize by scales or a region of interest that are computed: one axis after the other, by tables that are made at run
 * time. */
/* SPDX-License-Identifier: MIT */
#include "resize.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <string.h>

/* More than a scale that gives `outputs` elements can need. */
static int64_t most_taps(const struct resample *common, int64_t size, int64_t outputs)
{
    const int64_t reach = common->mode == RESAMPLE_LINEAR ? 1 : 2;
    if (common->mode == RESAMPLE_NEAREST)
        return 1;
    return common->antialias && size > outputs ? (2 * reach * size + outputs - 1) / outputs + 1 : 2 * reach;
}

static struct tensor *add_output(struct graph *graph, struct node *node, int k, const char *what)
{
    struct tensor *tensor = graph_tensor(graph, arena_printf(graph->arena, "%s.%s", node->name, what));
    tensor->producer = node;
    return node->output[k] = tensor;
}

/* Entry `entry` of scales and roi speaks of `axis`. */
static void settle_axis_of(struct graph *graph, struct node *node, const struct resize *resize, int axis, int entry,
                           int entries, struct shape y)
{
    const struct shape x = node->input[0]->shape;
    const bool crops = resize->common.coordinate == RESAMPLE_TF_CROP_AND_RESIZE;
    struct tensor *scales = node_input(node, 2), *roi = crops ? node_input(node, 1) : NULL;
    struct tensor *values[] = {scales && shape_size(scales->shape) ? scales : NULL, roi};
    struct node *table = node_before(graph, node, "mednn", "ResizeTable", 2, values)->producer;
    struct tensor *fits = table->output[0];
    table->output = arena_array(graph->arena, 3, sizeof *table->output);
    table->output[0] = fits;
    table->output_count = 3;
    table->attribute = node->attribute;
    table->attribute_count = node->attribute_count;
    set_int(graph, table, "axis", axis); /* and with it, an array of attributes of its own */
    node_remove_attribute(table, "axes");
    node_remove_attribute(table, "axis");
    set_int(graph, table, "entry", entry);
    set_int(graph, table, "entries", entries);
    set_int(graph, table, "size", x.dim[axis]);
    set_int(graph, table, "outputs", y.dim[axis]);
    set_int(graph, table, "taps", most_taps(&resize->common, x.dim[axis], y.dim[axis]));
    struct tensor *input[] = {node->input[0], add_output(graph, table, 1, "index"), add_output(graph, table, 2, "weight")};
    require(graph, node, fits, "scales and roi do not give", y);
    struct tensor *result = node_before(graph, node, "mednn", "Interpolate", 3, input);
    set_int(graph, result->producer, "axis", axis);
    node_set_attribute(graph, result->producer,
                       (struct attribute){.name = "outside", .kind = ATTRIBUTE_FLOAT, .f = resize->extrapolation});
    result->type = node->input[0]->type;
    result->shape = x;
    result->shape.dim[axis] = y.dim[axis];
    node->input[0] = result;
}

void resize_settle(struct graph *graph, struct node *node)
{
    struct resize resize = {.rank = node->input[0]->shape.rank};
    const struct shape x = node->input[0]->shape;
    int axes[MAX_RANK], count = resize_list_axes(node, x.rank, axes);
    resize_modes(node, &resize);
    const bool crops = resize.common.coordinate == RESAMPLE_TF_CROP_AND_RESIZE;
    const struct tensor *scales = node_input(node, 2), *sizes = node_input(node, 3);
    if (!crops && node_input(node, 1))
        node->input[1] = NULL; /* of no consequence, fed or not */
    const bool has_sizes = sizes && shape_size(sizes->shape), has_scales = scales && shape_size(scales->shape);
    if (has_sizes && input_is_computed(node, 3)) {
        const struct shape y = settled_shape(graph, node, 3, "sizes", x.rank);
        int64_t list[MAX_RANK];
        if (strcmp(node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch"))
            constant_input(node, 3, "sizes");
        for (int i = 0; i < count; i++)
            list[i] = y.dim[axes[i]];
        settle_input(graph, node, 3, "sizes", HOLDS_EQUAL, count, list, (struct shape){0});
        return;
    }
    const int computed = input_is_computed(node, 2) ? 2 : crops && input_is_computed(node, 1) ? 1 : 0;
    if (!computed)
        return;
    if (has_sizes == has_scales || (crops && !node_input(node, 1)) || (has_scales && shape_size(scales->shape) != count) ||
        (crops && shape_size(node->input[1]->shape) != 2 * count))
        node_fail(node, "scales or sizes must have %d entries and roi %d, each where it is needed", count, 2 * count);
    const struct shape y = settled_shape(graph, node, computed, computed == 2 ? "scales" : "roi", x.rank);
    if (!shape_size(x) || !shape_size(y) || (crops && resize.common.antialias))
        node_fail(node, "computed scales of an empty tensor, or a computed roi with antialias, are not supported");
    bool listed[MAX_RANK] = {false};
    for (int i = 0; i < count; i++) {
        settle_axis_of(graph, node, &resize, axes[i], i, count, y);
        listed[axes[i]] = true;
    }
    for (int a = 0; a < x.rank; a++)
        if (!listed[a] && x.dim[a] != y.dim[a])
            node_fail(node, "axis %d of size %" PRId64 " is declared to have size %" PRId64, a, x.dim[a], y.dim[a]);
    settle_as_identity(graph, node, node->input[0]);
}

struct resample resize_table_axis(const struct node *node)
{
    struct resize resize = {0};
    resize_modes(node, &resize);
    struct resample axis = resize.common;
    axis.size = node_int(node, "size", 1);
    axis.outputs = node_int(node, "outputs", 1);
    axis.scale = (float)axis.outputs / (float)axis.size;
    axis.length = (float)axis.outputs;
    axis.roi_end = 1;
    return axis;
}

static void infer_table(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct shape shape = {.rank = 2, .dim = {node_int(node, "outputs", 1), node_int(node, "taps", 1)}};
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && !type_is_float(node->input[i]->type))
            node_fail(node, "input '%s' has type %s, expected floats", node->input[i]->name,
                      type_name(node->input[i]->type));
    output_set(node, 0, TYPE_BOOL, (struct shape){0});
    output_set(node, 1, TYPE_INT32, shape);
    output_set(node, 2, TYPE_DOUBLE, shape);
}

static void evaluate_table(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *scales = node_input(node, 0), *roi = node_input(node, 1);
    const int64_t entry = node_int(node, "entry", 0), entries = node_int(node, "entries", 1);
    struct resample axis = resize_table_axis(node);
    if (roi) {
        axis.roi_begin = (float)element_real(roi->type, input[1], entry);
        axis.roi_end = (float)element_real(roi->type, input[1], entries + entry);
    }
    if (scales) {
        axis.scale = (float)element_real(scales->type, input[0], entry);
        axis.length = axis.scale * (float)axis.size;
    }
    *(uint8_t *)output[0] = resample_table(&axis, !scales, node_int(node, "taps", 1), output[1], output[2]) != 0;
}

static void infer_interpolate(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape y = node->input[0]->shape;
    y.dim[node_axis(node, 0)] = node->input[1]->shape.dim[0];
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate_interpolate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int axis = node_axis(node, 0);
    const int64_t taps = node->input[1]->shape.dim[1], size = shape_size(y->shape);
    int64_t at[MAX_RANK] = {0}, from[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        const int32_t *index = (const int32_t *)input[1] + at[axis] * taps;
        const double *weight = (const double *)input[2] + at[axis] * taps;
        double sum = index[0] < 0 ? (double)node_float(node, "outside", 0) : 0;
        memcpy(from, at, sizeof from);
        for (int64_t tap = 0; tap < taps && index[0] >= 0; tap++) {
            from[axis] = index[tap];
            if (weight[tap] < 0 || weight[tap] > 0)
                sum += weight[tap] * element_real(x->type, input[0], shape_offset(x->shape, from));
        }
        element_set_real(y->type, output[0], i, sum);
    }
}

static struct region reads_interpolate(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const int axis = node_axis(node, 0);
    if (input > 0)
        return region_whole(node->input[input]->shape);
    region.axis[axis] = (struct range){0, node->input[0]->shape.dim[axis]};
    return region;
}

const struct op interpolate_rows[] = {
    {.type = "ResizeTable",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 0,
     .max_inputs = 2,
     .max_outputs = 3,
     .types = TYPES_FLOAT,
     .attributes = "antialias coordinate_transformation_mode cubic_coeff_a entries entry exclude_outside "
                   "extrapolation_value keep_aspect_ratio_policy mode nearest_mode outputs size taps ",
     .infer = infer_table,
     .evaluate = evaluate_table},
    {.type = "Interpolate",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "axis outside ",
     .infer = infer_interpolate,
     .evaluate = evaluate_interpolate,
     .reads = reads_interpolate},
    {.type = NULL},
};
