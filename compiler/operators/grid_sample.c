/* grid_sample.c -- GridSample: elements at computed positions, interpolated. */
/* SPDX-License-Identifier: MIT */
#include "grid_sample.h"

#include "couple.h"
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct grid_sample grid_sample_of(const struct node *node)
{
    const char *mode = node_string(node, "mode", "linear"), *padding = node_string(node, "padding_mode", "zeros");
    struct grid_sample sample = {.align_corners = node_int(node, "align_corners", 0) != 0};
    /* Two words per mode: bilinear and bicubic were the names before opset 20. */
    if (!strcmp(mode, "nearest"))
        sample.mode = SAMPLE_NEAREST;
    else if (!strcmp(mode, "linear") || !strcmp(mode, "bilinear"))
        sample.mode = SAMPLE_LINEAR;
    else if (!strcmp(mode, "cubic") || !strcmp(mode, "bicubic"))
        sample.mode = SAMPLE_CUBIC;
    else
        node_fail(node, "mode is '%.40s', expected nearest, linear or cubic", mode);
    if (!strcmp(padding, "zeros"))
        sample.padding = SAMPLE_ZEROS;
    else if (!strcmp(padding, "border"))
        sample.padding = SAMPLE_BORDER;
    else if (!strcmp(padding, "reflection"))
        sample.padding = SAMPLE_REFLECTION;
    else
        node_fail(node, "padding_mode is '%.40s', expected zeros, border or reflection", padding);
    return sample;
}

static void infer(struct graph *graph, struct node *node)
{
    struct shape x = node->input[0]->shape, grid = node->input[1]->shape, y = x;
    struct grid_sample sample = grid_sample_of(node);
    if (x.rank < 3 || x.rank > 5 || grid.rank != x.rank || grid.dim[x.rank - 1] != x.rank - 2 ||
        grid.dim[0] != x.dim[0])
        node_fail(node, "X is %s and grid %s, expected N x C x 1 to 3 axes and N x the output's x as many coordinates",
                  shape_string(graph->arena, x), shape_string(graph->arena, grid));
    if (sample.mode == SAMPLE_CUBIC && x.rank != 4)
        node_fail(node, "mode cubic with %d spatial axes, expected 2", x.rank - 2);
    if (!type_is_float(node->input[1]->type))
        node_fail(node, "grid has type %s, expected floats", type_name(node->input[1]->type));
    if (!shape_size(x))
        node_fail(node, "X is empty");
    for (int i = 2; i < y.rank; i++)
        y.dim[i] = grid.dim[i - 1];
    output_set(node, 0, node->input[0]->type, y);
}

/* From -1 .. 1 to elements. */
static double denormalise(const struct grid_sample *sample, double x, int64_t size)
{
    return sample->align_corners ? (x + 1) / 2 * (double)(size - 1) : ((x + 1) * (double)size - 1) / 2;
}

/* Mirrored into [low, high]. */
static double reflect(double x, double low, double high)
{
    double length = high - low;
    if (length <= 0)
        return low;
    double away = fmod(fabs(x - low), 2 * length);
    return low + (away > length ? 2 * length - away : away);
}

/* The element that a tap at `index` takes; -1: a zero. */
static int64_t element_at(const struct grid_sample *sample, double index, int64_t size)
{
    double last = (double)(size - 1);
    if (sample->padding == SAMPLE_REFLECTION)
        index = sample->align_corners ? reflect(index, 0, last) : reflect(index, -0.5, last + 0.5);
    if (sample->padding != SAMPLE_ZEROS)
        index = fmin(fmax(index, 0), last);
    return index >= 0 && index <= last ? (int64_t)index : -1;
}

/* Positions beyond these are alike; NaN goes to the beginning. */
static double tame(double x)
{
    return x > -1e9 ? (x < 1e9 ? x : 1e9) : -1e9;
}

struct taps {
    int count;
    int64_t index[4];
    double weight[4];
};

static double cubic(double distance)
{
    const double x = fabs(distance), a = -0.75;
    return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

static struct taps find_taps(const struct grid_sample *sample, double coordinate, int64_t size)
{
    double x = tame(denormalise(sample, coordinate, size)), last = (double)(size - 1);
    struct taps taps = {.count = sample->mode == SAMPLE_NEAREST ? 1 : sample->mode == SAMPLE_LINEAR ? 2 : 4};
    if (sample->mode != SAMPLE_CUBIC && sample->padding == SAMPLE_BORDER)
        x = fmin(fmax(x, 0), last);
    if (sample->mode != SAMPLE_CUBIC && sample->padding == SAMPLE_REFLECTION)
        x = sample->align_corners ? reflect(x, 0, last) : fmin(fmax(reflect(x, -0.5, last + 0.5), 0), last);
    double first = sample->mode == SAMPLE_NEAREST ? nearbyint(x) : floor(x) - (sample->mode == SAMPLE_CUBIC);
    for (int i = 0; i < taps.count; i++) {
        double at = first + i, distance = fabs(at - x);
        taps.index[i] = element_at(sample, at, size);
        taps.weight[i] = taps.count == 1 ? 1 : taps.count == 2 ? 1 - distance : cubic(distance);
    }
    return taps;
}

static double sample_element(const struct grid_sample *sample, const struct tensor *x, const void *data, int64_t at[],
                             const double coordinate[])
{
    struct taps taps[3];
    struct shape counts = {.rank = x->shape.rank - 2};
    int64_t tap[MAX_RANK] = {0}, from[MAX_RANK] = {at[0], at[1]};
    for (int i = 0; i < counts.rank; i++) {
        taps[i] = find_taps(sample, coordinate[i], x->shape.dim[i + 2]);
        counts.dim[i] = taps[i].count;
    }
    double sum = 0;
    do {
        double weight = 1;
        bool inside = true;
        for (int i = 0; i < counts.rank; i++) {
            from[i + 2] = taps[i].index[tap[i]];
            weight *= taps[i].weight[tap[i]];
            inside &= from[i + 2] >= 0;
        }
        if (inside)
            sum += weight * element_real(x->type, data, shape_offset(x->shape, from));
    } while (shape_next(counts, tap));
    return sum;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *grid = node->input[1], *y = node->output[0];
    struct grid_sample sample = grid_sample_of(node);
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, place[MAX_RANK];
    const int axes = x->shape.rank - 2;
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double coordinate[3];
        place[0] = at[0];
        for (int a = 0; a < axes; a++)
            place[a + 1] = at[a + 2];
        for (int a = 0; a < axes; a++) { /* the last axis comes first */
            place[axes + 1] = axes - 1 - a;
            coordinate[a] = element_real(grid->type, input[1], shape_offset(grid->shape, place));
        }
        element_set_real(y->type, output[0], i, sample_element(&sample, x, input[0], at, coordinate));
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    need.axis[0] = region.axis[0];
    if (input == 0)
        need.axis[1] = region.axis[1];
    for (int a = 2; a < region.rank && input == 1; a++)
        need.axis[a - 1] = region.axis[a];
    return need;
}

const struct op grid_sample_rows[] = {
    {.type = "GridSample",
     .domain = "",
     .since_version = 20,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "align_corners mode padding_mode ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .couple = couple_reads},
    {.type = NULL},
};
