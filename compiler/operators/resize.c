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

void resize_modes(const struct node *node, struct resize *resize)
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
int resize_list_axes(const struct node *node, int rank, int axes[MAX_RANK])
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
    int axes[MAX_RANK], count = resize_list_axes(node, x.rank, axes);
    resize_modes(node, &resize);
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
    int axes[MAX_RANK], count = resize_list_axes(node, node->input[0]->shape.rank, axes);
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
     .settle = resize_settle,
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple,
     .cut = cut,
     .constant = constant},
    {.type = NULL},
};
