/* test_export.c -- what --emit-onnx writes means the same when it is read back: every case of node_cases.c, and random
 * networks after compaction. */
/* SPDX-License-Identifier: MIT */
#include "frontend/export.h"
#include "frontend/import.h"
#include "interpret.h"
#include "node_cases.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "random_graphs.h"
#include "support/fail.h"
#include "support/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/test_export_XXXXXX";
static int tried, failures;

/* Inputs are matched by name: the file need not list those that nothing reads. */
static void check_back(struct arena *arena, const char *what, struct graph *graph, uint64_t seed)
{
    struct export_bytes file = export_model(graph);
    file_write(arena, path, file.bytes, file.size);
    struct graph *back = import_model(arena, path, &(struct import_options){0});
    upgrade(back);
    infer_shapes(back);
    const void **fed = arena_array(arena, (size_t)graph->input_count + 1, sizeof *fed), **again = fed;
    for (int i = 0; i < graph->input_count; i++)
        fed[i] = node_case_values(arena, graph->input[i], seed + (uint64_t)i);
    struct values before = interpret(arena, graph, fed), after = interpret(arena, back, again);
    tried++;
    for (int k = 0; k < graph->output_count; k++) {
        const struct tensor *y = graph->output[k], *z = back->output[k];
        if (strcmp(y->name, z->name) || !shape_equal(y->shape, z->shape) || y->type != z->type ||
            memcmp(value_of(&before, y), value_of(&after, z), (size_t)shape_size(y->shape) * type_size(y->type))) {
            failures++;
            printf("%s: output %d is another one when the file is read back (opset %d)\n", what, k, back->opset);
        }
    }
}

static void check_case(void *data)
{
    struct arena arena = {0};
    int i = *(int *)data;
    struct graph *graph = node_case_graph(&arena, i);
    bool plain = true;
    for (int n = 0; n < graph->node_count; n++)
        plain &= !*graph->node[n]->domain && graph->node[n]->op->evaluate;
    if (plain)
        check_back(&arena, node_case_line(i), graph, (uint64_t)i * 10);
    arena_free(&arena);
}

static void check_network(void *data)
{
    struct arena arena = {0};
    uint64_t seed = *(uint64_t *)data;
    struct graph_change change;
    const char *text = random_graph_text(&arena, seed);
    struct graph *graph = random_graph(&arena, text, seed);
    fold_scales(graph);
    compact_channels(graph, 0, &change);
    check_back(&arena, text, graph, seed);
    arena_free(&arena);
}

int main(void)
{
    int file = mkstemp(path);
    if (file < 0)
        return 99;
    close(file);
    note_silence();
    for (int i = 0; i < node_case_count(); i++)
        if (fail_catch(check_case, &i)) {
            failures++;
            printf("%s: see above\n", node_case_line(i));
        }
    for (uint64_t seed = 1; seed <= 60; seed++)
        failures += fail_catch(check_network, &seed) != 0;
    remove(path);
    printf("%d files, %d failures\n", tried, failures);
    return failures || tried < 300;
}
