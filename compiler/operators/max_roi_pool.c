/* max_roi_pool.c -- MaxRoiPool: maxima of the whole elements of boxes, bin by bin. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>

static void infer(struct graph *graph, struct node *node)
{
    const struct shape x = node->input[0]->shape, rois = node->input[1]->shape;
    int64_t pooled[2];
    if (x.rank != 4 || rois.rank != 2 || rois.dim[1] != 5)
        node_fail(node, "X is %s and rois %s, expected N x C x H x W and R x 5", shape_string(graph->arena, x),
                  shape_string(graph->arena, rois));
    input_same_type(node, 1);
    if (!shape_size(x))
        node_fail(node, "X is empty");
    const struct attribute *attribute = node_attribute(node, "pooled_shape");
    if (!attribute || attribute->count != 2)
        node_fail(node, "pooled_shape has %" PRId64 " entries, expected 2", attribute ? attribute->count : 0);
    for (int i = 0; i < 2; i++) {
        pooled[i] = node_ints(node, "pooled_shape", i, 0);
        if (pooled[i] < 1 || pooled[i] > INT16_MAX)
            node_fail(node, "pooled_shape holds %" PRId64, pooled[i]);
    }
    output_set(node, 0, node->input[0]->type, shape_of(4, (const int64_t[]){rois.dim[0], x.dim[1], pooled[0], pooled[1]}));
}

/* Boxes of all types but float64 are computed in float, as ONNX Runtime does. */
static double rounded(enum type type, double value)
{
    return type == TYPE_DOUBLE ? value : (double)(float)value;
}

/* Elements [begin, end) of an axis of `size`, which bin `bin` of `bins` holds of the box from `first` to `last`. */
static struct range bin_range(const struct node *node, double first, double last, int64_t bin, int64_t bins, int64_t size)
{
    const enum type type = node->input[0]->type;
    const double scale = (double)node_float(node, "spatial_scale", 1), most = 1e9;
    const double start = round(fmin(fmax(rounded(type, first * scale), -most), most));
    const double end = round(fmin(fmax(rounded(type, last * scale), -most), most));
    const double each = rounded(type, fmax(end - start + 1, 1) / (double)bins);
    const double from = floor(rounded(type, (double)bin * each)) + start;
    const double to = ceil(rounded(type, (double)(bin + 1) * each)) + start;
    return (struct range){(int64_t)fmin(fmax(from, 0), (double)size), (int64_t)fmin(fmax(to, 0), (double)size)};
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int64_t height = x->shape.dim[2], width = x->shape.dim[3], size = shape_size(y->shape);
    int64_t at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double box[5];
        for (int k = 0; k < 5; k++)
            box[k] = element_real(x->type, input[1], at[0] * 5 + k);
        const struct range row = bin_range(node, box[2], box[4], at[2], y->shape.dim[2], height);
        const struct range column = bin_range(node, box[1], box[3], at[3], y->shape.dim[3], width);
        const int64_t n = (int64_t)fmin(fmax(box[0], 0), (double)(x->shape.dim[0] - 1));
        const int64_t plane = (n * x->shape.dim[1] + at[1]) * height;
        double most = row.begin < row.end && column.begin < column.end ? -INFINITY : 0;
        for (int64_t r = row.begin; r < row.end; r++)
            for (int64_t c = column.begin; c < column.end; c++)
                most = fmax(most, element_real(x->type, input[0], (plane + r) * width + c));
        element_set_real(y->type, output[0], i, most);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    need.axis[input ? 0 : 1] = region.axis[input ? 0 : 1];
    return need;
}

const struct op max_roi_pool_rows[] = {
    {.type = "MaxRoiPool",
     .domain = "",
     .since_version = 1,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .types = TYPES_FLOAT & ~TYPE_BIT(TYPE_BFLOAT16),
     .attributes = "pooled_shape spatial_scale ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_reads},
    {.type = NULL},
};
