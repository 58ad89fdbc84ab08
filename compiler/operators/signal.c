/* signal.c -- DFT, and the window functions, which always fold. */
/* SPDX-License-Identifier: MIT */
#include "signal.h"

#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* ---- windows ---- */

static void settle_window(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 0))
        return;
    const struct shape y = settled_shape(graph, node, 0, "size", 1);
    settle_input(graph, node, 0, "size", HOLDS_EQUAL, 1, y.dim, (struct shape){0});
}

static void infer_window(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct tensor *size = constant_input(node, 0, "size");
    int64_t type = node_int(node, "output_datatype", TYPE_FLOAT);
    if (shape_size(size->shape) != 1 || tensor_int(size, 0) < 0)
        node_fail(node, "size is no single number of at least 0");
    if (type < 0 || type > TYPE_BFLOAT16 || !(TYPES_NUMBER & TYPE_BIT(type)))
        node_fail(node, "output_datatype %" PRId64 " is no type of numbers", type);
    output_set(node, 0, (enum type)type, shape_of(1, (const int64_t[]){tensor_int(size, 0)}));
}

static void evaluate_window(const struct node *node, const void *const input[], void *const output[])
{
    (void)input;
    const struct tensor *y = node->output[0];
    /* a - b cos(2 pi n / N) + c cos(4 pi n / N) */
    double a = 0.5, b = 0.5, c = 0;
    int64_t count = y->shape.dim[0];
    double period = (double)(count - (node_int(node, "periodic", 1) ? 0 : 1));
    if (!strcmp(node->op->type, "HammingWindow")) {
        a = 25.0 / 46;
        b = 21.0 / 46;
    } else if (!strcmp(node->op->type, "BlackmanWindow")) {
        a = 0.42;
        c = 0.08;
    }
    for (int64_t i = 0; i < count; i++) {
        double angle = period > 0 ? 2 * PI * (double)i / period : 0;
        element_set_real(y->type, output[0], i, a - b * cos(angle) + c * cos(2 * angle));
    }
}

/* ---- DFT ---- */

struct dft dft_of(const struct node *node)
{
    struct shape x = node->input[0]->shape;
    const struct tensor *length = constant_input(node, 1, "dft_length"), *axis = constant_input(node, 2, "axis");
    struct dft dft = {.inverse = node_int(node, "inverse", 0) != 0, .onesided = node_int(node, "onesided", 0) != 0};
    if (x.rank < 2 || (x.dim[x.rank - 1] != 1 && x.dim[x.rank - 1] != 2))
        node_fail(node, "the input's last axis is no real (1) or complex number (2)");
    if ((axis && shape_size(axis->shape) != 1) || (length && shape_size(length->shape) != 1))
        node_fail(node, "axis or dft_length is no single number");
    dft.axis = shape_axis(x.rank, axis ? tensor_int(axis, 0) : -2);
    if (dft.axis < 0 || dft.axis == x.rank - 1)
        node_fail(node, "the axis is out of range for rank %d, or that of the complex numbers", x.rank);
    dft.length = length ? tensor_int(length, 0) : x.dim[dft.axis];
    dft.complex = x.dim[x.rank - 1] == 2;
    if (dft.length < 1 || dft.length > INT32_MAX)
        node_fail(node, "dft_length is %" PRId64, dft.length);
    if (dft.onesided && (dft.inverse || dft.complex))
        node_fail(node, "onesided is for real input, forwards");
    return dft;
}

static void infer_dft(struct graph *graph, struct node *node)
{
    (void)graph;
    struct dft dft = dft_of(node);
    struct shape y = node->input[0]->shape;
    y.dim[dft.axis] = dft.onesided ? dft.length / 2 + 1 : dft.length;
    y.dim[y.rank - 1] = 2;
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate_dft(const struct node *node, const void *const input[], void *const output[])
{
    struct dft dft = dft_of(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int last = y->shape.rank - 1;
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, from[MAX_RANK];
    int64_t count = x->shape.dim[dft.axis] < dft.length ? x->shape.dim[dft.axis] : dft.length;
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double sum = 0;
        memcpy(from, at, sizeof from);
        for (int64_t k = 0; k < count; k++) {
            double turn = 2 * PI * (double)(k * at[dft.axis] % dft.length) / (double)dft.length;
            double sine = dft.inverse ? sin(turn) : -sin(turn), imaginary = 0;
            from[dft.axis] = k;
            from[last] = 0;
            double real = element_real(x->type, input[0], shape_offset(x->shape, from));
            from[last] = 1;
            if (dft.complex)
                imaginary = element_real(x->type, input[0], shape_offset(x->shape, from));
            sum += at[last] ? real * sine + imaginary * cos(turn) : real * cos(turn) - imaginary * sine;
        }
        element_set_real(y->type, output[0], i, dft.inverse ? sum / (double)dft.length : sum);
    }
}

static struct region reads_dft(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct shape x = node->input[input]->shape;
    struct dft dft = dft_of(node);
    if (input > 0)
        return region_whole(x);
    region.axis[dft.axis] = (struct range){0, x.dim[dft.axis] < dft.length ? x.dim[dft.axis] : dft.length};
    region.axis[x.rank - 1] = (struct range){0, x.dim[x.rank - 1]};
    return region;
}

static int64_t macs_dft(const struct node *node, struct region region)
{
    struct dft dft = dft_of(node);
    return region_size(region) * dft.length * (dft.complex ? 2 : 1);
}

#define WINDOW(name)                                                                                         \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 17, .min_inputs = 1, .max_inputs = 1, .max_outputs = 1, \
        .types = TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64), .attributes = "output_datatype periodic ",     \
        .settle = settle_window, .infer = infer_window, .evaluate = evaluate_window                                                   \
    }

const struct op signal_rows[] = {
    WINDOW("BlackmanWindow"),
    {.type = "DFT",
     .domain = "",
     .since_version = 20,
     .min_inputs = 1,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "inverse onesided ",
     .infer = infer_dft,
     .evaluate = evaluate_dft,
     .reads = reads_dft,
     .macs = macs_dft},
    WINDOW("HammingWindow"),
    WINDOW("HannWindow"),
    {.type = NULL},
};
