/* test_prune.c -- the arithmetic of pruning: fast forms equal `evaluate`, and channels that others can stand in for go
 * without a trace. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "operators/op.h"
#include "prune/forward.h"
#include "prune/matrix.h"
#include "prune/prune.h"

#include "../../runtime/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;

#define CHECK(condition, ...)                                                                                \
    ((condition) ? (void)0 : (failures++, printf(__VA_ARGS__), (void)puts("")))

/* ---- forward_node ---- */

/* Of nodes with more multiply-accumulates than LARGE only the last sample is compared: `evaluate` is slow. */
enum { SAMPLES = 3, MAX_TENSORS = 80, LARGE = 10000000 };

/* Winograd's algorithm rounds on the scale of the largest element. */
static double scale_of(const struct node *node, const float *y)
{
    const bool rounds_more = !strcmp(node->op_type, "Conv");
    double largest = 1;
    for (int64_t i = 0; rounds_more && i < shape_size(node->output[0]->shape); i++)
        largest = fmax(largest, fabs((double)y[i]));
    return largest;
}

static bool same(const struct node *node, const struct tensor *tensor, const char *a, const char *b)
{
    const double tolerance = 2e-5;
    if (tensor->type != TYPE_FLOAT)
        return !memcmp(a, b, tensor_bytes(tensor));
    const double scale = scale_of(node, (const float *)(const void *)b);
    for (size_t i = 0; i < tensor_bytes(tensor) / sizeof(float); i++) {
        double x = (double)((const float *)(const void *)a)[i], y = (double)((const float *)(const void *)b)[i];
        if (x != y && !(isnan(x) && isnan(y)) && !(fabs(x - y) <= tolerance * fmax(scale, fabs(y))))
            return false;
    }
    return true;
}

static void check_forward(struct arena *arena, const struct graph *graph, const char *line)
{
    const struct node *node = graph->node[0];
    if (graph->node_count != 1 || !node->op->evaluate || node->input_count > 64)
        return;
    struct stack input[MAX_TENSORS] = {{0}};
    void *output[MAX_TENSORS] = {NULL}, *wanted[MAX_TENSORS] = {NULL};
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (!tensor)
            continue;
        input[i] = (struct stack){tensor->data, 0};
        if (tensor->data)
            continue;
        char *all = arena_alloc(arena, SAMPLES * tensor_bytes(tensor));
        for (uint64_t s = 0; s < SAMPLES; s++)
            memcpy(all + s * tensor_bytes(tensor), node_case_values(arena, tensor, s + 7), tensor_bytes(tensor));
        input[i] = (struct stack){all, tensor_bytes(tensor)};
    }
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k]) {
            output[k] = arena_alloc(arena, SAMPLES * tensor_bytes(node->output[k]));
            wanted[k] = arena_alloc(arena, tensor_bytes(node->output[k]));
        }
    forward_node(node, SAMPLES, input, output);
    const bool is_large = node->op->macs && node->op->macs(node, region_whole(node->output[0]->shape)) > LARGE;
    for (size_t s = is_large ? SAMPLES - 1 : 0; s < SAMPLES; s++) {
        const void *one[MAX_TENSORS];
        for (int i = 0; i < node->input_count; i++)
            one[i] = input[i].data ? (const char *)input[i].data + s * input[i].stride : NULL;
        node_evaluate(arena, node, one, wanted);
        for (int k = 0; k < node->output_count; k++)
            CHECK(!output[k] || same(node, node->output[k], (char *)output[k] + s * tensor_bytes(node->output[k]), wanted[k]),
                  "%s: sample %zu of output %d differs from evaluate", line, s, k);
    }
}

/* Convolutions that are wide enough for Winograd's algorithm. */
static void check_wide_convolutions(struct arena *arena)
{
    static const char *const wide[] = {
        "Conv 2x48x9x10 =56x48x3x3 =56 pads=[1,1,1,1]", "Conv 1x50x4x70 =49x50x3x3 pads=[2,0,1,3]",
        "Conv 1x64x8x8 =48x64x3x3 =48", "Conv 1x48x40x5 =48x48x3x3 =48 auto_pad=SAME_UPPER"};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        check_forward(arena, graph_from_text(arena, wide[i], i), wide[i]);
}

/* ---- matrices ---- */

enum { ROWS = 700, SIZE = 300, COLUMNS = 5 };

static double uniform(uint64_t *state)
{
    return (double)(random_next(state) >> 11) / 9007199254740992.0 - 0.5;
}

static void check_matrices(struct arena *arena)
{
    uint64_t state = 5;
    float *x = arena_array(arena, ROWS * SIZE, sizeof *x), *copy = arena_array(arena, ROWS * SIZE, sizeof *copy);
    for (int i = 0; i < ROWS * SIZE; i++)
        x[i] = copy[i] = (float)(uniform(&state) + 100);
    struct moments moments = moments_begin(SIZE);
    moments_add(&moments, copy, 200);
    moments_add(&moments, copy + 200 * SIZE, ROWS - 200);
    moments_finish(&moments);
    for (int i = 0; i < SIZE; i += 37)
        for (int k = 0; k <= i; k += 41) {
            double a = 0, b = 0, product = 0;
            for (int r = 0; r < ROWS; r++) {
                a += (double)x[r * SIZE + i] / ROWS;
                b += (double)x[r * SIZE + k] / ROWS;
            }
            for (int r = 0; r < ROWS; r++)
                product += ((double)x[r * SIZE + i] - a) * ((double)x[r * SIZE + k] - b) / ROWS;
            CHECK(fabs(product - moments.gram[i * SIZE + k]) < 1e-6, "covariance %d %d", i, k);
            CHECK(fabs(a - moments.sum[i]) < 1e-6, "mean %d", i);
        }
    double *factor = arena_array(arena, SIZE * SIZE, sizeof *factor), *inverse = arena_array(arena, SIZE * SIZE, sizeof *inverse);
    double *b = arena_array(arena, SIZE * COLUMNS, sizeof *b), *right = arena_array(arena, SIZE * COLUMNS, sizeof *right);
    for (int i = 0; i < SIZE * COLUMNS; i++)
        right[i] = b[i] = uniform(&state);
    for (int i = 0; i < SIZE; i++)
        moments.gram[i * SIZE + i] += 0.01;
    memcpy(factor, moments.gram, SIZE * SIZE * sizeof *factor);
    CHECK(matrix_factor(factor, SIZE), "a positive matrix has a factor");
    matrix_solve(factor, SIZE, b, COLUMNS);
    memcpy(inverse, factor, SIZE * SIZE * sizeof *factor);
    matrix_invert(inverse, SIZE);
    for (int i = 0; i < SIZE; i++)
        for (int c = 0; c < COLUMNS; c++) {
            double back = 0, by_inverse = 0;
            for (int k = 0; k < SIZE; k++) {
                back += symmetric(moments.gram, SIZE, i, k) * b[k * COLUMNS + c];
                by_inverse += symmetric(inverse, SIZE, i, k) * right[k * COLUMNS + c];
            }
            CHECK(fabs(back - right[i * COLUMNS + c]) < 1e-8, "solution %d %d", i, c);
            CHECK(fabs(by_inverse - b[i * COLUMNS + c]) < 1e-8, "inverse %d %d", i, c);
        }
    factor[0] = -1;
    CHECK(!matrix_factor(factor, SIZE), "a negative matrix has none");
    moments_free(&moments);
}

/* ---- pruning ---- */

static const char network[] = "%a Conv 1x3x8x8 =16x3x3x3 =16 pads=[1,1,1,1]; %b Relu %a; %c Conv %b =8x16x3x3 =8 pads=[1,1,1,1]; "
                              "%d Relu %c; %e GlobalAveragePool %d; %f Flatten %e; Gemm %f =8x4 =4";
enum { IMAGES = 32, IMAGE = 3 * 8 * 8 };

/* Filters 8..15 of the first layer become multiples of 0..7, which the second layer's weights can take over. */
static struct graph *doubled_network(struct arena *arena)
{
    struct graph *graph = graph_from_text(arena, network, 3);
    struct node *conv = graph->node[0];
    float *w = arena_copy(arena, conv->input[1]->data, tensor_bytes(conv->input[1]));
    float *b = arena_copy(arena, conv->input[2]->data, tensor_bytes(conv->input[2]));
    for (int i = 0; i < 8 * 27; i++)
        w[8 * 27 + i] = (1 + (float)(i / 27) / 4) * w[i];
    for (int i = 0; i < 8; i++)
        b[8 + i] = (1 + (float)i / 4) * b[i];
    conv->input[1]->data = w;
    conv->input[2]->data = b;
    return graph;
}

static double output_error(struct arena *arena, const float *images)
{
    struct graph *dense = doubled_network(arena), *pruned = doubled_network(arena);
    char path[] = "/tmp/test_prune_XXXXXX", error[200];
    int file = mkstemp(path);
    CHECK(file >= 0, "a temporary file");
    close(file);
    struct mednn_array array = {.type = MEDNN_TYPE_FLOAT,
                                .rank = 4,
                                .dim = {IMAGES, 3, 8, 8},
                                .bytes = IMAGES * IMAGE * sizeof(float),
                                .data = (unsigned char *)(uintptr_t)images};
    CHECK(!mednn_array_write(&array, path, error, sizeof error), "%s", error);
    const char *calibrate = path;
    struct prune_options options = {
        .macs = 0.45, .calibrate = &calibrate, .calibrate_count = 1, .max_drop = -1, .snap = 1};
    struct prune_result result;
    prune(pruned, &options, &result);
    remove(path);
    CHECK(result.goal[0].reached >= 0.45 && result.goal[0].reached <= 0.55, "%.3f of the work went, 0.45 was asked for", result.goal[0].reached);
    CHECK(result.change.layer[0].outputs[1] == 8, "%d of 16 filters are left, 8 are enough",
          (int)result.change.layer[0].outputs[1]);
    CHECK(result.drop == 0, "%.3f %% of the answers differ", result.drop);
    double off = 0, all = 0;
    for (uint64_t s = 0; s < 20; s++) {
        const void *input = node_case_values(arena, dense->input[0], 1000 + s);
        const struct values a = interpret(arena, dense, &input), b = interpret(arena, pruned, &input);
        const float *x = value_of(&a, dense->output[0]), *y = value_of(&b, pruned->output[0]);
        for (int i = 0; i < 4; i++) {
            off += pow((double)(x[i] - y[i]), 2);
            all += pow((double)x[i], 2);
        }
    }
    return off / all;
}

static void check_pruning(struct arena *arena)
{
    uint64_t state = 11;
    float *images = arena_array(arena, IMAGES * IMAGE, sizeof *images);
    for (int i = 0; i < IMAGES * IMAGE; i++)
        images[i] = (float)(4 * uniform(&state));
    double error = output_error(arena, images);
    CHECK(error < 1e-5, "the pruned network's outputs are %.2g off", error);
}

static void run(void *data)
{
    struct arena *arena = data;
    matrix_begin();
    for (int i = 0; i < node_case_count(); i++)
        check_forward(arena, node_case_graph(arena, i), node_case_line(i));
    check_wide_convolutions(arena);
    check_matrices(arena);
    check_pruning(arena);
    printf("%d failures\n", failures);
}

int main(void)
{
    return run_in_arena(run) || failures;
}
