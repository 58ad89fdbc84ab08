/* test_onnx_nodes.c -- the operators' `evaluate` against ONNX's own backend tests (Debian: libonnx-testdata).
 *
 * Inputs become constants, so that shapes may depend on them and the whole graph folds. Tests of operators
 * that the table does not have are counted, not failed. Arguments: parts of names of tests, whose messages
 * are then shown. Skips (77) without the data. */
/* SPDX-License-Identifier: MIT */
#include "frontend/import.h"
#include "interpret.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "support/fail.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const groups[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};

/* Refused on purpose: random numbers, which are others, and those of training, strings, sequences and optional values as results;
 * and results that were made with another epsilon than the node has. */
static const char *const refused[] = {
    "test_adam_multiple",
    "test_bernoulli",
    "test_bernoulli_double",
    "test_bernoulli_double_expanded",
    "test_bernoulli_expanded",
    "test_bernoulli_seed",
    "test_bernoulli_seed_expanded",
    "test_cast_FLOAT_to_STRING",
    "test_castlike_FLOAT_to_STRING_expanded",
    "test_if_opt",
    "test_if_seq",
    "test_training_dropout",
    "test_training_dropout_default",
    "test_training_dropout_default_mask",
    "test_training_dropout_mask",
};

static bool is_refused(const char *folder)
{
    const char *name = strrchr(folder, '/') + 1;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!strcmp(name, refused[i]))
            return true;
    return false;
}

struct test {
    const char *folder;
    struct arena *arena;
    bool unknown; /* holds an operator that the table does not have */
    const char *difference;
};

static struct tensor *read_numbered(struct test *test, const char *kind, int i)
{
    return tensor_read(test->arena,
                       arena_printf(test->arena, "%s/test_data_set_0/%s_%d.pb", test->folder, kind, i));
}

static bool has_unknown(const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++)
        if (!op_find(graph->node[n]->domain, graph->node[n]->op_type, NEWEST_OPSET))
            return true;
    return false;
}

static void run(void *data)
{
    struct test *test = data;
    const char *path = arena_printf(test->arena, "%s/model.onnx", test->folder);
    test->unknown = true; /* models that the importer refuses hold no operator of the table */
    struct import_options options = {.open_dim = 1};
    struct graph *graph = import_model(test->arena, path, &options);
    test->unknown = has_unknown(graph);
    if (test->unknown)
        return;
    for (int i = 0; i < graph->input_count; i++) {
        struct tensor *input = read_numbered(test, "input", i);
        if (!input)
            fail("input %d is missing", i);
        if (graph->input[i]->type != TYPE_BFLOAT16) /* whose files hold uint16 */
            graph->input[i]->type = input->type;
        graph->input[i]->shape = input->shape;
        graph->input[i]->data = input->data;
    }
    upgrade(graph);
    infer_shapes(graph);
    fold_constants(graph);
    for (int i = 0; i < graph->output_count; i++) {
        struct tensor *expected = read_numbered(test, "output", i);
        if (!expected)
            fail("output %d is missing", i);
        if (!tensor_is_constant(graph->output[i]))
            fail("output %d was not computed", i);
        double relative = 1e-3;
        if (graph->output[i]->type == TYPE_BFLOAT16) { /* whose files hold truncated values, as uint16 */
            expected->type = TYPE_BFLOAT16;
            relative = 1.0 / 128;
        }
        test->difference =
            compare(test->arena, graph->output[i], graph->output[i]->data, expected, relative, 1e-7);
        if (test->difference)
            return;
    }
}

struct counts {
    int passed, failed, unknown, refused;
};

static void run_test(const char *folder, bool verbose, struct counts *counts)
{
    struct arena arena = {0};
    struct test test = {.folder = folder, .arena = &arena};
    fail_about(folder);
    int saved = dup(2); /* refusals of operators to come are no news */
    if (!verbose && !freopen("/dev/null", "w", stderr))
        exit(1);
    int status = fail_catch(run, &test);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    if (test.unknown)
        counts->unknown++;
    else if ((status == STATUS_USAGE || test.difference) && is_refused(folder))
        counts->refused++;
    else if (status || test.difference || is_refused(folder)) {
        counts->failed++;
        printf("FAIL %s: %s\n", folder,
               test.difference ? test.difference
               : status        ? "refused (give its name to see why)"
                               : "passes, but is listed as refused");
    } else
        counts->passed++;
    arena_free(&arena);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int count, char **argument)
{
    const char *root = getenv("ONNX_TESTDATA");
    if (!root)
        root = "/usr/lib/python3/dist-packages/onnx/backend/test/data";
    struct counts counts = {0};
    bool verbose = count > 1;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        char path[4096];
        struct dirent **entry;
        snprintf(path, sizeof path, "%s/%s", root, groups[g]);
        int entries = scandir(path, &entry, NULL, by_name);
        for (int i = 0; i < entries; i++) {
            bool wanted = entry[i]->d_name[0] != '.';
            for (int a = 1; a < count && wanted; a++)
                wanted = strstr(entry[i]->d_name, argument[a]) != NULL;
            snprintf(path, sizeof path, "%s/%s/%s", root, groups[g], entry[i]->d_name);
            if (wanted)
                run_test(path, verbose, &counts);
            free(entry[i]);
        }
        if (entries >= 0)
            free(entry);
    }
    printf("%d passed, %d failed, %d refused on purpose, %d of operators that mednnc does not have\n",
           counts.passed, counts.failed, counts.refused, counts.unknown);
    if (!counts.passed && !counts.failed && !counts.unknown)
        return 77;
    return counts.failed ? 1 : 0;
}
