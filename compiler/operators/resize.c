/* resize.c -- Resize: nearest, linear and cubic interpolation along any axes. */
/* SPDX-License-Identifier: MIT */
#include "resize.h"

#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The place of a word in a list. */
static int find_word(const struct node *node, const char *attribute, const char *otherwise, const char *const list[])
{
    const char *word = node_string(node, attribute, otherwise);
    for (int i = 0; list[i]; i++)
        if (!strcmp(word, list[i]))
            return i;
    node_fail(node, "%s '%.40s' is not known", attribute, word);
}

static void read_modes(const struct node *node, struct resize *resize)
{
    static const char *const coordinates[] = {"half_pixel",           "half_pixel_symmetric", "pytorch_half_pixel",
                                              "align_corners",        "asymmetric",           "tf_crop_and_resize",
                                              "tf_half_pixel_for_nn", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple", NULL};
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    struct resample *common = &resize->common;
    common->mode = (enum resample_mode)find_word(node, "mode", "nearest", modes);
    common->coordinate =
        (enum resample_coordinate)find_word(node, "coordinate_transformation_mode", "half_pixel", coordinates);
    common->rounding = (enum resample_rounding)find_word(node, "nearest_mode", "round_prefer_floor", roundings);
    common->antialias = node_int(node, "antialias", 0) && common->mode != RESAMPLE_NEAREST;
    common->exclude_outside = node_int(node, "exclude_outside", 0) != 0;
    common->cubic_a = (double)node_float(node, "cubic_coeff_a", -0.75f);
    resize->extrapolation = node_float(node, "extrapolation_value", 0);
}

/* Axes that scales, sizes and roi speak of, in their order. */
static int read_axes(const struct node *node, int rank, int axes[MAX_RANK])
{
    const struct attribute *attribute = node_attribute(node, "axes");
    bool seen[MAX_RANK] = {false};
    node_ints(node, "axes", 0, 0); /* checks the kind */
    if (!attribute || !attribute->count) {
        for (int i = 0; i < rank; i++)
            axes[i] = i;
        return rank;
    }
    for (int i = 0; i < attribute->count; i++) {
        int axis = shape_axis(rank, attribute->ints[i]);
        if (axis < 0 || seen[axis])
            node_fail(node, "axes holds %" PRId64 ", which is out of range for rank %d or there twice",
                      attribute->ints[i], rank);
        seen[axis] = true;
        axes[i] = axis;
    }
    return (int)attribute->count;
}

/* An empty tensor is as good as none. */
static const struct tensor *list_input(const struct node *node, int i, const char *what, int count)
{
    const struct tensor *list = node_input(node, i);
    if (!list || !shape_size(list->shape))
        return NULL;
    constant_input(node, i, what);
    if (list->shape.rank != 1 || list->shape.dim[0] != count)
        node_fail(node, "%s has %" PRId64 " entries, expected %d", what, shape_size(list->shape), count);
    return list;
}

static const int64_t MOST = INT32_MAX;

static struct resample resample_of(const struct resize *resize, int axis)
{
    const struct resize_axis *a = &resize->axis[axis];
    struct resample resample = resize->common;
    resample.size = a->size;
    resample.outputs = a->outputs;
    resample.scale = a->scale;
    resample.length = a->length;
    resample.roi_begin = a->roi_begin;
    resample.roi_end = a->roi_end;
    return resample;
}

static void set_scale(const struct node *node, struct resize *resize, int axis, double scale)
{
    struct resize_axis *a = &resize->axis[axis];
    if (!(scale > 0) || !isfinite(scale))
        node_fail(node, "the scale of axis %d is %g, expected a positive number", axis, scale);
    a->scale = (float)scale;
    const struct resample resample = resample_of(resize, axis);
    a->outputs = resample_outputs(&resample);
    if (a->outputs < 0)
        node_fail(node, "axis %d of size %" PRId64 " becomes %g times as long", axis, a->size, scale);
    a->length = a->scale * (float)a->size;
}

static void set_sizes(const struct node *node, struct resize *resize, const struct tensor *sizes, const int axes[],
                      int count)
{
    const char *policy = node_string(node, "keep_aspect_ratio_policy", "stretch");
    const bool smaller = !strcmp(policy, "not_larger"), larger = !strcmp(policy, "not_smaller");
    float common = 0;
    if (!smaller && !larger && strcmp(policy, "stretch"))
        node_fail(node, "keep_aspect_ratio_policy is '%.40s', expected stretch, not_larger or not_smaller", policy);
    for (int i = 0; i < count; i++) {
        struct resize_axis *axis = &resize->axis[axes[i]];
        int64_t size = tensor_int(sizes, i);
        if (size < 1 || size > MOST)
            node_fail(node, "sizes holds %" PRId64, size);
        axis->outputs = size;
        axis->scale = (float)size / (float)axis->size;
        axis->length = (float)size;
        if (i == 0 || (smaller && axis->scale < common) || (larger && axis->scale > common))
            common = axis->scale;
    }
    for (int i = 0; i < count && (smaller || larger); i++) {
        struct resize_axis *axis = &resize->axis[axes[i]];
        double outputs = floor((double)common * (double)axis->size + 0.5);
        if (outputs < 1 || outputs > (double)MOST)
            node_fail(node, "axis %d of size %" PRId64 " becomes %g elements", axes[i], axis->size, outputs);
        axis->scale = common;
        axis->length = common * (float)axis->size;
        axis->outputs = (int64_t)outputs;
    }
}

struct resize resize_of(const struct node *node)
{
    struct shape x = node->input[0]->shape;
    struct resize resize = {.rank = x.rank};
    int axes[MAX_RANK], count = read_axes(node, x.rank, axes);
    read_modes(node, &resize);
    for (int i = 0; i < x.rank; i++) {
        resize.axis[i] = (struct resize_axis){.size = x.dim[i], .outputs = x.dim[i], .scale = 1, .roi_end = 1,
                                               .length = (float)x.dim[i]};
        if (x.dim[i] > MOST)
            node_fail(node, "axis %d of X has size %" PRId64 ", which is too large", i, x.dim[i]);
    }
    const struct tensor *sizes = list_input(node, 3, "sizes", count), *scales = list_input(node, 2, "scales", count);
    const bool crops = resize.common.coordinate == RESAMPLE_TF_CROP_AND_RESIZE;
    const struct tensor *roi = crops ? list_input(node, 1, "roi", 2 * count) : NULL;
    if (!sizes == !scales)
        node_fail(node, sizes ? "both scales and sizes are given" : "neither scales nor sizes are given");
    if (crops && !roi)
        node_fail(node, "roi is missing, which tf_crop_and_resize needs");
    if (!shape_size(x))
        node_fail(node, "X is empty");
    for (int i = 0; i < count && roi; i++) {
        resize.axis[axes[i]].roi_begin = (float)tensor_double(roi, i);
        resize.axis[axes[i]].roi_end = (float)tensor_double(roi, count + i);
    }
    for (int i = 0; i < count && scales; i++)
        set_scale(node, &resize, axes[i], tensor_double(scales, i));
    if (sizes)
        set_sizes(node, &resize, sizes, axes, count);
    for (int i = 0; i < x.rank; i++) {
        const struct resize_axis *a = &resize.axis[i];
        resize.axis[i].resized = a->outputs != a->size || a->scale < 1 || a->scale > 1 ||
                                 (crops && (a->roi_begin < 0 || a->roi_begin > 0 || a->roi_end < 1 || a->roi_end > 1));
    }
    return resize;
}

struct resample_taps resize_taps(const struct resize *resize, int axis, int64_t at)
{
    if (!resize->axis[axis].resized)
        return (struct resample_taps){.first = at, .count = 1, .centre = (double)at, .total = 1};
    const struct resample resample = resample_of(resize, axis);
    return resample_taps(&resample, at);
}

double resize_weight(const struct resize *resize, int axis, const struct resample_taps *taps, int64_t tap)
{
    const struct resample resample = resample_of(resize, axis);
    return resample_weight(&resample, taps, tap);
}

int64_t resize_index(const struct resize *resize, int axis, const struct resample_taps *taps, int64_t tap)
{
    const struct resample resample = resample_of(resize, axis);
    return resample_index(&resample, taps, tap);
}

/* ---- scales or roi that are computed: one axis after the other, by tables that are made at run time ---- */

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

static void settle(struct graph *graph, struct node *node)
{
    struct resize resize = {.rank = node->input[0]->shape.rank};
    const struct shape x = node->input[0]->shape;
    int axes[MAX_RANK], count = read_axes(node, x.rank, axes);
    read_modes(node, &resize);
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
    read_modes(node, &resize);
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

/* ---- hooks ---- */

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct resize resize = resize_of(node);
    struct shape y = {.rank = resize.rank};
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = resize.axis[i].outputs;
    output_set(node, 0, node->input[0]->type, y);
}

static double interpolate(const struct resize *resize, const struct tensor *x, const void *data, const int64_t at[])
{
    struct resample_taps taps[MAX_RANK];
    struct shape counts = {.rank = resize->rank};
    for (int a = 0; a < resize->rank; a++) {
        taps[a] = resize_taps(resize, a, at[a]);
        counts.dim[a] = taps[a].count;
        if (!taps[a].count)
            return (double)resize->extrapolation;
    }
    double sum = 0;
    int64_t tap[MAX_RANK] = {0}, from[MAX_RANK];
    do {
        double weight = 1;
        for (int a = 0; a < resize->rank; a++) {
            weight *= resize_weight(resize, a, &taps[a], tap[a]);
            from[a] = resize_index(resize, a, &taps[a], tap[a]);
        }
        if (weight < 0 || weight > 0)
            sum += weight * element_real(x->type, data, shape_offset(x->shape, from));
    } while (shape_next(counts, tap));
    return sum;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    struct resize resize = resize_of(node);
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at))
        element_set_real(y->type, output[0], i, interpolate(&resize, x, input[0], at));
}

/* The taps of output `at`; where it is extrapolated, of the one next to it that is not. None where all are. */
static struct resample_taps nearest_taps(const struct resize *resize, int axis, int64_t at)
{
    struct resample_taps taps = resize_taps(resize, axis, at);
    for (int64_t away = 1; !taps.count && away < resize->axis[axis].outputs; away++) {
        if (at - away >= 0)
            taps = resize_taps(resize, axis, at - away);
        if (!taps.count && at + away < resize->axis[axis].outputs)
            taps = resize_taps(resize, axis, at + away);
    }
    return taps;
}

/* Every output reads something, so that a part reads no more than what it is a part of. */
static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    if (input > 0)
        return region_whole(node->input[input]->shape);
    struct resize resize = resize_of(node);
    for (int a = 0; a < resize.rank; a++) {
        struct range need = {INT64_MAX, INT64_MIN};
        if (!resize.axis[a].resized)
            continue;
        for (int64_t i = region.axis[a].begin; i < region.axis[a].end; i++) {
            const struct resample_taps taps = nearest_taps(&resize, a, i);
            const int64_t first = taps.count ? resize_index(&resize, a, &taps, 0) : 0,
                          last = taps.count ? resize_index(&resize, a, &taps, taps.count - 1) : 0;
            need.begin = first < need.begin ? first : need.begin;
            need.end = last + 1 > need.end ? last + 1 : need.end;
        }
        region.axis[a] = need;
    }
    return region;
}

static void couple(const struct node *node, struct couples *couples)
{
    const bool stretch = !strcmp(node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch");
    (stretch ? couple_reads : couple_pin_node)(node, couples);
}

/* Weights add up to 1, except outside of a region of interest. */
static void constant(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    if (strcmp(node_string(node, "coordinate_transformation_mode", "half_pixel"), "tf_crop_and_resize"))
        constant_same(node, known, output, axis, value);
}

static void cut(struct graph *graph, struct node *node, const struct cut *cut)
{
    int axes[MAX_RANK], count = read_axes(node, node->input[0]->shape.rank, axes);
    struct shape y = cut_shape(cut, node->output[0]);
    int64_t sizes[MAX_RANK];
    if (!list_input(node, 3, "sizes", count))
        return;
    for (int i = 0; i < count; i++)
        sizes[i] = y.dim[axes[i]];
    cut_integers(graph, node, 3, count, sizes);
}

const struct op resize_rows[] = {
    {.type = "Resize",
     .domain = "",
     .since_version = 19,
     .min_inputs = 1,
     .max_inputs = 4,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
                   "keep_aspect_ratio_policy mode nearest_mode ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple,
     .cut = cut,
     .constant = constant},
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
