/* resize.c -- Resize: nearest, linear and cubic interpolation along any axes. */
/* SPDX-License-Identifier: MIT */
#include "resize.h"

#include "known.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool is_one_of(const char *word, const char *const list[])
{
    for (int i = 0; list[i]; i++)
        if (!strcmp(word, list[i]))
            return true;
    return false;
}

static void read_modes(const struct node *node, struct resize *resize)
{
    /* tf_half_pixel_for_nn and simple come from older opsets. */
    static const char *const coordinates[] = {"half_pixel",           "half_pixel_symmetric", "pytorch_half_pixel",
                                              "align_corners",        "asymmetric",           "tf_crop_and_resize",
                                              "tf_half_pixel_for_nn", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple", NULL};
    const char *mode = node_string(node, "mode", "nearest");
    resize->mode = !strcmp(mode, "nearest") ? RESIZE_NEAREST : !strcmp(mode, "linear") ? RESIZE_LINEAR : RESIZE_CUBIC;
    if (resize->mode == RESIZE_CUBIC && strcmp(mode, "cubic"))
        node_fail(node, "mode is '%.40s', expected nearest, linear or cubic", mode);
    resize->coordinate = node_string(node, "coordinate_transformation_mode", "half_pixel");
    if (!is_one_of(resize->coordinate, coordinates))
        node_fail(node, "coordinate_transformation_mode '%.40s' is not known", resize->coordinate);
    resize->nearest = node_string(node, "nearest_mode", "round_prefer_floor");
    if (!is_one_of(resize->nearest, roundings))
        node_fail(node, "nearest_mode '%.40s' is not known", resize->nearest);
    resize->antialias = node_int(node, "antialias", 0) && resize->mode != RESIZE_NEAREST;
    resize->exclude_outside = node_int(node, "exclude_outside", 0) != 0;
    resize->cubic_a = (double)node_float(node, "cubic_coeff_a", -0.75f);
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

static void set_scale(const struct node *node, struct resize *resize, int axis, double scale)
{
    struct resize_axis *a = &resize->axis[axis];
    const bool crops = !strcmp(resize->coordinate, "tf_crop_and_resize");
    if (!(scale > 0) || !isfinite(scale))
        node_fail(node, "the scale of axis %d is %g, expected a positive number", axis, scale);
    a->scale = (float)scale;
    float outputs = floorf((crops ? a->roi_end - a->roi_begin : 1) * a->scale * (float)a->size);
    if (!(outputs >= 0 && outputs <= (float)MOST))
        node_fail(node, "axis %d of size %" PRId64 " becomes %g elements", axis, a->size, (double)outputs);
    a->outputs = (int64_t)outputs;
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
    const bool crops = !strcmp(resize.coordinate, "tf_crop_and_resize");
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

/* Where an output element lies in the input. */
static float coordinate(const struct resize *resize, const struct resize_axis *axis, int64_t at)
{
    const char *mode = resize->coordinate;
    const float x = (float)at, last = (float)(axis->size - 1);
    const float half_pixel = (x + 0.5f) / axis->scale - 0.5f;
    if (!strcmp(mode, "asymmetric"))
        return x / axis->scale;
    if (!strcmp(mode, "tf_half_pixel_for_nn"))
        return (x + 0.5f) / axis->scale;
    if (!strcmp(mode, "pytorch_half_pixel"))
        return axis->outputs > 1 ? half_pixel : 0;
    if (!strcmp(mode, "align_corners"))
        return axis->outputs > 1 ? x * last / (axis->length - 1) : 0;
    if (!strcmp(mode, "half_pixel_symmetric")) {
        const float adjustment = (float)axis->outputs / axis->length;
        return (float)axis->size / 2 * (1 - adjustment) + (x + 0.5f) / axis->scale - 0.5f;
    }
    const float steps = (float)(axis->outputs - 1);
    if (!strcmp(mode, "tf_crop_and_resize"))
        return axis->outputs > 1 ? axis->roi_begin * last + x * (axis->roi_end - axis->roi_begin) * last / steps
                                 : 0.5f * (axis->roi_begin + axis->roi_end) * last;
    return half_pixel;
}

static float round_to_element(const struct resize *resize, const struct resize_axis *axis, float x)
{
    const char *mode = resize->nearest;
    const float down = floorf(x);
    if (!strcmp(mode, "floor"))
        return down;
    if (!strcmp(mode, "ceil"))
        return ceilf(x);
    if (!strcmp(mode, "simple"))
        return axis->scale < 1 ? ceilf(x) : truncf(x);
    if (!strcmp(mode, "round_prefer_ceil"))
        return floorf(x + 0.5f);
    return x - down <= 0.5f ? down : down + 1;
}

static double filter(const struct resize *resize, double distance)
{
    const double x = fabs(distance), a = resize->cubic_a;
    if (resize->mode == RESIZE_LINEAR)
        return x < 1 ? 1 - x : 0;
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

static double squeeze(const struct resize *resize, const struct resize_axis *axis)
{
    return resize->antialias && axis->scale < 1 ? (double)axis->scale : 1;
}

static double raw_weight(const struct resize *resize, int axis, const struct resize_taps *taps, int64_t tap)
{
    const int64_t index = taps->first + tap;
    if (resize->mode == RESIZE_NEAREST)
        return 1;
    if (resize->exclude_outside && (index < 0 || index >= resize->axis[axis].size))
        return 0;
    return filter(resize, ((double)index - taps->centre) * squeeze(resize, &resize->axis[axis]));
}

struct resize_taps resize_taps(const struct resize *resize, int axis, int64_t at)
{
    const struct resize_axis *a = &resize->axis[axis];
    struct resize_taps taps = {.first = at, .count = 1, .centre = (double)at, .total = 1};
    if (!a->resized)
        return taps;
    const float x = coordinate(resize, a, at), last = (float)(a->size - 1);
    if (!strcmp(resize->coordinate, "tf_crop_and_resize") && !(x >= 0 && x <= last)) {
        taps.count = 0;
        return taps;
    }
    /* Far outside every element is the border's. */
    const float bound = 4 * (float)a->size + 8;
    const float near = x < -bound ? -bound : x > bound ? bound : x;
    taps.centre = (double)near;
    if (resize->mode == RESIZE_NEAREST) {
        taps.first = (int64_t)round_to_element(resize, a, near);
        return taps;
    }
    const double reach = (resize->mode == RESIZE_LINEAR ? 1 : 2) / squeeze(resize, a);
    taps.first = (int64_t)floor(taps.centre - reach) + 1;
    taps.count = (int64_t)ceil(taps.centre + reach) - taps.first;
    if (!resize->antialias && !resize->exclude_outside)
        return taps;
    double total = 0;
    for (int64_t tap = 0; tap < taps.count; tap++)
        total += raw_weight(resize, axis, &taps, tap);
    taps.total = total < 0 || total > 0 ? total : 1;
    return taps;
}

double resize_weight(const struct resize *resize, int axis, const struct resize_taps *taps, int64_t tap)
{
    return raw_weight(resize, axis, taps, tap) / taps->total;
}

int64_t resize_index(const struct resize *resize, int axis, const struct resize_taps *taps, int64_t tap)
{
    const int64_t index = taps->first + tap, last = resize->axis[axis].size - 1;
    return index < 0 ? 0 : index > last ? last : index;
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
    struct resize_taps taps[MAX_RANK];
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
            struct resize_taps taps = resize_taps(&resize, a, i);
            if (!taps.count)
                continue;
            int64_t first = resize_index(&resize, a, &taps, 0), last = resize_index(&resize, a, &taps, taps.count - 1);
            need.begin = first < need.begin ? first : need.begin;
            need.end = last + 1 > need.end ? last + 1 : need.end;
        }
        if (need.begin >= need.end)
            need = (struct range){0, 1};
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
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple,
     .cut = cut,
     .constant = constant},
    {.type = NULL},
};
