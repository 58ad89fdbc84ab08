/* pool.c -- MaxPool, AveragePool, LpPool and their global forms. */
/* SPDX-License-Identifier: MIT */
#include "conv.h"
#include "known.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct window window = *pool_window(node);
    struct shape x = node->input[0]->shape, y = x;
    int64_t ceil_mode = node_int(node, "ceil_mode", 0);
    if (ceil_mode != 0 && ceil_mode != 1)
        node_fail(node, "ceil_mode is %" PRId64 ", expected 0 or 1", ceil_mode);
    for (int i = 0; i < window.spatial; i++)
        y.dim[i + 2] = window_output(node, &window, i, x.dim[i + 2], ceil_mode);
    output_set(node, 0, node->input[0]->type, y);
    if (!strcmp(node->op->type, "MaxPool")) {
        int64_t order = node_int(node, "storage_order", 0);
        if (order != 0 && order != 1)
            node_fail(node, "storage_order is %" PRId64 ", expected 0 or 1", order);
        output_set(node, 1, TYPE_INT64, y);
    }
}

/* Visits the elements of one window, in row-major order, padding left out. */
struct visit {
    const struct window *window;
    struct shape input, taps;
    const int64_t *at; /* of the output element */
    int64_t tap[MAX_RANK], from[MAX_RANK];
    int64_t left;
};

static struct visit visit_begin(const struct window *window, struct shape input, const int64_t *at)
{
    struct visit visit = {.window = window, .input = input, .at = at, .taps = {.rank = window->spatial}};
    for (int i = 0; i < window->spatial; i++)
        visit.taps.dim[i] = window->kernel[i];
    visit.left = shape_size(visit.taps);
    return visit;
}

static bool visit_next(struct visit *visit)
{
    const struct window *window = visit->window;
    while (visit->left > 0) {
        bool inside = true;
        visit->from[0] = visit->at[0];
        visit->from[1] = visit->at[1];
        for (int i = 0; i < window->spatial; i++) {
            int64_t from = visit->at[i + 2] * window->stride[i] - window->pad_begin[i] +
                           visit->tap[i] * window->dilation[i];
            visit->from[i + 2] = from;
            inside &= from >= 0 && from < visit->input.dim[i + 2];
        }
        visit->left--;
        shape_next(visit->taps, visit->tap);
        if (inside)
            return true;
    }
    return false;
}

/* ---- MaxPool ---- */

static int64_t column_major_offset(struct shape shape, const int64_t at[])
{
    int64_t offset = 0, plane = 1;
    for (int i = shape.rank - 1; i >= 2; i--) {
        offset = offset * shape.dim[i] + at[i];
        plane *= shape.dim[i];
    }
    return (at[0] * shape.dim[1] + at[1]) * plane + offset;
}

static void evaluate_max(const struct node *node, const void *const input[], void *const output[])
{
    struct window window = *pool_window(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    bool column_major = node_int(node, "storage_order", 0) == 1;
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        struct visit visit = visit_begin(&window, x->shape, at);
        double most = -INFINITY;
        int64_t best = -1;
        while (visit_next(&visit)) {
            double value = element_real(x->type, input[0], shape_offset(x->shape, visit.from));
            if (best < 0 || value > most || isnan(value)) {
                most = value;
                best = column_major ? column_major_offset(x->shape, visit.from)
                                    : shape_offset(x->shape, visit.from);
            }
        }
        element_set_real(y->type, output[0], i, most);
        if (node_output(node, 1))
            ((int64_t *)output[1])[i] = best;
    }
}

/* ---- AveragePool ---- */

/* Elements of the window that count: padding up to pad_end, but not what ceil_mode hangs over it. */
static int64_t padded_count(const struct window *window, struct shape input, const int64_t at[])
{
    int64_t count = 1;
    for (int i = 0; i < window->spatial; i++) {
        int64_t inside = 0;
        for (int64_t k = 0; k < window->kernel[i]; k++)
            inside += at[i + 2] * window->stride[i] + k * window->dilation[i] <
                      window->pad_begin[i] + input.dim[i + 2] + window->pad_end[i];
        count *= inside;
    }
    return count;
}

static void evaluate_average(const struct node *node, const void *const input[], void *const output[])
{
    struct window window = *pool_window(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    bool include_pad = node_int(node, "count_include_pad", 0) != 0;
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        struct visit visit = visit_begin(&window, x->shape, at);
        double sum = 0;
        int64_t count = 0;
        for (; visit_next(&visit); count++)
            sum += element_real(x->type, input[0], shape_offset(x->shape, visit.from));
        if (include_pad)
            count = padded_count(&window, x->shape, at);
        element_set_real(y->type, output[0], i, count ? sum / (double)count : 0);
    }
}

/* Zeros of the padding may count. */
static void constant_average(const struct node *node, const struct known *known, int output, int axis,
                             double value[])
{
    (node_int(node, "count_include_pad", 0) ? constant_zero : constant_same)(node, known, output, axis,
                                                                             value);
}

/* ---- LpPool ---- */

static double power_of(const struct node *node)
{
    int64_t p = node_int(node, "p", 2);
    if (p < 1 || p > 64)
        node_fail(node, "p is %" PRId64 ", expected 1 to 64", p);
    return (double)p;
}

static void infer_lp(struct graph *graph, struct node *node)
{
    power_of(node);
    infer(graph, node);
}

static void evaluate_lp(const struct node *node, const void *const input[], void *const output[])
{
    struct window window = *pool_window(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    double p = power_of(node);
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        struct visit visit = visit_begin(&window, x->shape, at);
        double sum = 0;
        while (visit_next(&visit))
            sum += pow(fabs(element_real(x->type, input[0], shape_offset(x->shape, visit.from))), p);
        element_set_real(y->type, output[0], i, pow(sum, 1 / p));
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)input;
    (void)output;
    const struct window *window = pool_window(node);
    for (int i = 0; i < window->spatial; i++)
        region.axis[i + 2] = window_reads(window, i, region.axis[i + 2]);
    return region;
}

/* The indices count channels. */
static void couple_max(const struct node *node, struct couples *couples)
{
    (node_output(node, 1) ? couple_pin_node : couple_reads)(node, couples);
}

/* ---- global pooling ---- */

static void infer_global(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape shape = node->input[0]->shape;
    if (shape.rank < 3)
        node_fail(node, "X has rank %d, expected at least 3 (N x C x spatial axes)", shape.rank);
    if (!shape_size(shape))
        node_fail(node, "X is empty");
    for (int i = 2; i < shape.rank; i++)
        shape.dim[i] = 1;
    output_set(node, 0, node->input[0]->type, shape);
}

static void evaluate_global(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    bool average = !strcmp(node->op->type, "GlobalAveragePool");
    int64_t maps = shape_size(y->shape), plane = shape_size(x->shape) / maps;
    for (int64_t i = 0; i < maps; i++) {
        double sum = 0, most = -INFINITY;
        for (int64_t k = 0; k < plane; k++) {
            double value = element_real(x->type, input[0], i * plane + k);
            sum += value;
            most = value > most || isnan(value) ? value : most;
        }
        element_set_real(y->type, output[0], i, average ? sum / (double)plane : most);
    }
}

static void infer_global_lp(struct graph *graph, struct node *node)
{
    power_of(node);
    infer_global(graph, node);
}

static void evaluate_global_lp(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t maps = shape_size(y->shape), plane = shape_size(x->shape) / maps;
    double p = power_of(node);
    for (int64_t i = 0; i < maps; i++) {
        double sum = 0;
        for (int64_t k = 0; k < plane; k++)
            sum += pow(fabs(element_real(x->type, input[0], i * plane + k)), p);
        element_set_real(y->type, output[0], i, pow(sum, 1 / p));
    }
}

static struct region reads_global(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    need.axis[0] = region.axis[0];
    need.axis[1] = region.axis[1];
    return need;
}

const struct op pool_rows[] = {
    {.type = "AveragePool",
     .domain = "",
     .since_version = 19,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides ",
     .infer = infer,
     .evaluate = evaluate_average,
     .reads = reads,
     .couple = couple_reads,
     .constant = constant_average},
    {.type = "GlobalAveragePool",
     .domain = "",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .infer = infer_global,
     .evaluate = evaluate_global,
     .reads = reads_global,
     .couple = couple_reads,
     .constant = constant_same},
    {.type = "GlobalLpPool",
     .domain = "",
     .since_version = 2,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "p ",
     .infer = infer_global_lp,
     .evaluate = evaluate_global_lp,
     .reads = reads_global,
     .couple = couple_reads,
     .constant = constant_zero},
    {.type = "GlobalMaxPool",
     .domain = "",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .infer = infer_global,
     .evaluate = evaluate_global,
     .reads = reads_global,
     .couple = couple_reads,
     .constant = constant_same},
    {.type = "LpPool",
     .domain = "",
     .since_version = 18,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "auto_pad ceil_mode dilations kernel_shape p pads strides ",
     .infer = infer_lp,
     .evaluate = evaluate_lp,
     .reads = reads,
     .couple = couple_reads,
     .constant = constant_zero},
    {.type = "MaxPool",
     .domain = "",
     .since_version = 12,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 2,
     .types = TYPES_FLOAT | TYPE_BIT(TYPE_INT8) | TYPE_BIT(TYPE_UINT8),
     .attributes = "auto_pad ceil_mode dilations kernel_shape pads storage_order strides ",
     .infer = infer,
     .evaluate = evaluate_max,
     .reads = reads,
     .couple = couple_max,
     .constant = constant_same},
    {.type = NULL},
};
