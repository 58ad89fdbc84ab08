/* test_models.c -- whole models through the graph passes, computed by `evaluate`, against ONNX Runtime's
 * outputs.
 *
 * Arguments: models (.onnx) with NAME.testdata/test_data_set_0 beside them; none: those of $MEDNN_DATA/models
 * that the passes can take. Skips (77) when there are none. */
/* SPDX-License-Identifier: MIT */
#include "frontend/import.h"
#include "interpret.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "support/fail.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *model;
    struct arena *arena;
    double worst; /* largest difference relative to max|output| */
    int before, after;
};

static struct tensor *read_numbered(struct test *test, const char *kind, int i)
{
    return tensor_read(test->arena, arena_printf(test->arena, "%.*s.testdata/test_data_set_0/%s_%d.pb",
                                                 (int)strlen(test->model) - 5, test->model, kind, i));
}

static void check_outputs(struct test *test, const struct graph *graph, const void *const input[])
{
    struct values values = interpret(test->arena, graph, input);
    for (int i = 0; i < graph->output_count; i++) {
        const struct tensor *expected = read_numbered(test, "output", i), *got = graph->output[i];
        if (!expected || !shape_equal(expected->shape, got->shape) || expected->type != got->type)
            fail("output %d is %s, expected %s", i, shape_string(test->arena, got->shape),
                 expected ? shape_string(test->arena, expected->shape) : "nothing");
        struct tensor view = *got;
        view.data = value_of(&values, got);
        double most = 0, worst = 0;
        for (int64_t k = 0; k < shape_size(got->shape); k++) {
            double difference = fabs(tensor_double(&view, k) - tensor_double(expected, k));
            most = fmax(most, fabs(tensor_double(expected, k)));
            worst = difference > worst || isnan(difference) ? difference : worst;
        }
        if (!(worst <= test->worst * most))
            test->worst = worst / most;
    }
}

static void compact_all(struct graph *graph)
{
    struct graph_change change;
    compact_channels(graph, 0, &change);
}

static void run(void *data)
{
    struct test *test = data;
    struct tensor *input[64];
    const void *fed[64];
    const char *pinned[64];
    int count = 0;
    for (; count < 64 && (input[count] = read_numbered(test, "input", count)); count++)
        fed[count] = input[count]->data;
    struct import_options options = {.open_dim = 1};
    struct graph *graph = import_model(test->arena, test->model, &options);
    for (int i = 0; i < graph->input_count && i < count; i++)
        pinned[i] = arena_printf(test->arena, "%s=%s", graph->input[i]->name,
                                 shape_string(test->arena, input[i]->shape));
    options.input_shape = pinned;
    options.input_shape_count = count;
    graph = import_model(test->arena, test->model, &options);
    test->before = graph->node_count;
    void (*const passes[])(struct graph *) = {upgrade, infer_shapes, fold_constants, simplify, fold_scales, compact_all, fuse};
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        passes[i](graph);
    test->after = graph->node_count;
    check_outputs(test, graph, fed);
}

static bool run_test(const char *model)
{
    struct arena arena = {0};
    struct test test = {.model = model, .arena = &arena};
    fail_about(model);
    int status = fail_catch(run, &test);
    bool good = !status && test.worst <= 1e-4;
    if (!status)
        printf("%s %s: %d nodes of %d, worst difference %.2g\n", good ? "PASS" : "FAIL", model, test.after,
               test.before, test.worst);
    else
        printf("NO %s\n", model);
    fflush(stdout);
    arena_free(&arena);
    return good || status;
}

static int is_model(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".onnx");
}

int main(int count, char **argument)
{
    const char *root = getenv("MEDNN_DATA");
    bool good = true;
    for (int i = 1; i < count; i++)
        good &= run_test(argument[i]);
    if (count > 1)
        return good ? 0 : 1;
    char path[4096];
    struct dirent **entry;
    snprintf(path, sizeof path, "%s/models", root ? root : "");
    int entries = root ? scandir(path, &entry, is_model, alphasort) : 0;
    for (int i = 0; i < entries; i++) {
        snprintf(path, sizeof path, "%s/models/%s", root, entry[i]->d_name);
        good &= run_test(path);
        free(entry[i]);
    }
    if (entries <= 0)
        return 77;
    free(entry);
    return good ? 0 : 1;
}
