/* roi_align.c -- RoiAlign: averages or maxima of interpolated samples in boxes. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void infer(struct graph *graph, struct node *node)
{
    const char *mode = node_string(node, "mode", "avg");
    const char *coordinate = node_string(node, "coordinate_transformation_mode", "half_pixel");
    struct shape x = node->input[0]->shape, rois = node->input[1]->shape, index = node->input[2]->shape;
    if (strcmp(mode, "avg") && strcmp(mode, "max"))
        node_fail(node, "mode is '%.40s', expected avg or max", mode);
    if (strcmp(coordinate, "half_pixel") && strcmp(coordinate, "output_half_pixel"))
        node_fail(node, "coordinate_transformation_mode is '%.40s', expected half_pixel or output_half_pixel",
                  coordinate);
    if (x.rank != 4 || rois.rank != 2 || rois.dim[1] != 4 || index.rank != 1 || index.dim[0] != rois.dim[0])
        node_fail(node, "X is %s, rois %s and batch_indices %s, expected N x C x H x W, R x 4 and R",
                  shape_string(graph->arena, x), shape_string(graph->arena, rois), shape_string(graph->arena, index));
    input_same_type(node, 1);
    if (node->input[2]->type != TYPE_INT64)
        node_fail(node, "batch_indices has type %s, expected int64", type_name(node->input[2]->type));
    if (!shape_size(x))
        node_fail(node, "X is empty");
    int64_t height = node_int(node, "output_height", 1), width = node_int(node, "output_width", 1);
    int64_t ratio = node_int(node, "sampling_ratio", 0);
    if (height < 1 || width < 1 || ratio < 0 || ratio > 1 << 15)
        node_fail(node, "output is %" PRId64 " x %" PRId64 " with sampling_ratio %" PRId64, height, width, ratio);
    output_set(node, 0, node->input[0]->type,
               shape_of(4, (const int64_t[]){rois.dim[0], x.dim[1], height, width}));
}

/* One axis of a box: where bins begin and how they are sampled. */
struct bins {
    double start, size;
    int64_t samples;
};

static struct bins find_bins(const struct node *node, double begin, double end, int64_t outputs)
{
    double scale = (double)node_float(node, "spatial_scale", 1);
    bool half = !strcmp(node_string(node, "coordinate_transformation_mode", "half_pixel"), "half_pixel");
    int64_t ratio = node_int(node, "sampling_ratio", 0);
    double start = begin * scale - (half ? 0.5 : 0), length = end * scale - (half ? 0.5 : 0) - start;
    if (!half)
        length = fmax(length, 1);
    struct bins bins = {start, length / (double)outputs, ratio};
    double needed = ceil(bins.size);
    if (!ratio) /* a box far larger than any map is no box */
        bins.samples = needed > 0 && needed < 32768 ? (int64_t)needed : 0;
    return bins;
}

struct tap {
    int64_t low, high;
    double part; /* of high */
    bool inside;
};

static struct tap find_tap(const struct bins *bins, int64_t bin, int64_t sample, int64_t size)
{
    double at = bins->start + (double)bin * bins->size +
                ((double)sample + 0.5) * bins->size / (double)bins->samples;
    struct tap tap = {.inside = at >= -1 && at <= (double)size};
    if (!tap.inside)
        return tap;
    at = fmax(at, 0);
    tap.low = (int64_t)at;
    tap.high = tap.low + 1;
    tap.part = at - (double)tap.low;
    if (tap.low >= size - 1) {
        tap.low = tap.high = size - 1;
        tap.part = 0;
    }
    return tap;
}

static double sample_bin(const struct node *node, const struct tensor *x, const void *data, int64_t plane,
                         const struct bins bins[2], const int64_t at[])
{
    const int64_t height = x->shape.dim[2], width = x->shape.dim[3];
    bool most = !strcmp(node_string(node, "mode", "avg"), "max"), first = true;
    double result = 0;
    for (int64_t i = 0; i < bins[0].samples; i++)
        for (int64_t j = 0; j < bins[1].samples; j++) {
            struct tap row = find_tap(&bins[0], at[2], i, height), column = find_tap(&bins[1], at[3], j, width);
            double corner[4] = {0};
            for (int k = 0; k < 4 && row.inside && column.inside; k++)
                corner[k] = (k & 2 ? row.part : 1 - row.part) * (k & 1 ? column.part : 1 - column.part) *
                            element_real(x->type, data,
                                         (plane * height + (k & 2 ? row.high : row.low)) * width +
                                             (k & 1 ? column.high : column.low));
            if (most) {
                double value = fmax(fmax(corner[0], corner[1]), fmax(corner[2], corner[3]));
                result = first ? value : fmax(result, value);
            } else {
                result += corner[0] + corner[1] + corner[2] + corner[3];
            }
            first = false;
        }
    int64_t count = bins[0].samples * bins[1].samples;
    return most ? result : result / (double)(count > 1 ? count : 1);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double box[4];
        int64_t n = ((const int64_t *)input[2])[at[0]], last = x->shape.dim[0] - 1;
        for (int k = 0; k < 4; k++)
            box[k] = element_real(x->type, input[1], at[0] * 4 + k);
        struct bins bins[2] = {find_bins(node, box[1], box[3], y->shape.dim[2]),
                               find_bins(node, box[0], box[2], y->shape.dim[3])};
        n = n < 0 ? 0 : n > last ? last : n;
        element_set_real(y->type, output[0], i,
                         sample_bin(node, x, input[0], n * x->shape.dim[1] + at[1], bins, at));
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    if (input == 0)
        need.axis[1] = region.axis[1];
    else
        need.axis[0] = region.axis[0];
    return need;
}

const struct op roi_align_rows[] = {
    {.type = "RoiAlign",
     .domain = "",
     .since_version = 16,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes =
         "coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_reads},
    {.type = NULL},
};
