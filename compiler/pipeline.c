/* pipeline.c -- the passes in order, and the one place that runs them. */
/* SPDX-License-Identifier: MIT */
#include "pipeline.h"

#include "backend/cluster_file.h"
#include "backend/emit.h"
#include "backend/report.h"
#include "frontend/export.h"
#include "frontend/import.h"
#include "inspect.h"
#include "ir/graph_print.h"
#include "list_operators.h"
#include "plan/program.h"
#include "passes/passes.h"
#include "prune/prune.h"
#include "prune/shuffles.h"
#include "support/fail.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A compilation on its way through the passes. */
struct compilation {
    struct arena *arena;
    const struct options *options;
    struct cluster cluster;
    struct graph *graph;
    struct plan plan;
    struct program program;
    struct graph_change compaction;
    struct prune_result pruning;
    struct shuffles *shuffles; /* while channels may go */
    struct export_bytes exported;
    bool complete; /* all passes ran */
};

enum stage { STAGE_GRAPH, STAGE_PLAN, STAGE_PROGRAM };

struct pass {
    const char *name;
    void (*graph)(struct graph *graph); /* passes over the graph */
    void (*run)(struct compilation *compilation); /* the others */
    enum stage stage;                   /* what can be printed and verified afterwards */
};

static void run_compact_channels(struct compilation *c)
{
    c->shuffles = shuffles_gather(c->graph);
    if (!c->options->no_compact)
        compact_channels(c->graph, c->options->zero_threshold, &c->compaction);
}

static void run_prune(struct compilation *c)
{
    const struct options *options = c->options;
    const struct prune_options prune_options = {.macs = options->prune,
                                                .bytes = options->prune_bytes,
                                                .calibrate = options->calibrate,
                                                .calibrate_count = options->calibrate_count,
                                                .labels = options->labels,
                                                .max_drop = options->max_drop,
                                                .snap = options->prune_snap,
                                                .streams = options->prune_streams,
                                                .progress = !options->quiet && isatty(STDERR_FILENO)};
    if (options->prune <= 0 && options->prune_bytes <= 0)
        return;
    prune(c->graph, &prune_options, &c->pruning);
    prune_print(c->arena, &c->pruning, options->verbose);
}

static void run_restore_shuffles(struct compilation *c)
{
    shuffles_restore(c->graph, c->shuffles);
}

static void run_emit_onnx(struct compilation *c)
{
    if (c->options->emit_onnx)
        c->exported = export_model(c->graph);
}

static void run_partition(struct compilation *c)
{
    const struct partition_wish wish = {.mode = c->options->partition,
                                        .throughput = c->options->throughput,
                                        .no_overlap = c->options->no_overlap,
                                        .wire_half = c->options->wire_half};
    partition(c->graph, &c->cluster, wish, &c->plan);
}

static void run_schedule(struct compilation *c)
{
    schedule(&c->plan, &c->program);
}

static void run_place_buffers(struct compilation *c)
{
    place_buffers(&c->program);
}

static const struct pass passes[] = {
    {"upgrade", upgrade, NULL, STAGE_GRAPH},
    {"infer_shapes", infer_shapes, NULL, STAGE_GRAPH},
    {"fold_constants", fold_constants, NULL, STAGE_GRAPH},
    {"simplify", simplify, NULL, STAGE_GRAPH},
    {"fold_scales", fold_scales, NULL, STAGE_GRAPH},
    {"compact_channels", NULL, run_compact_channels, STAGE_GRAPH},
    {"prune", NULL, run_prune, STAGE_GRAPH},
    {"restore_shuffles", NULL, run_restore_shuffles, STAGE_GRAPH},
    {"emit_onnx", NULL, run_emit_onnx, STAGE_GRAPH},
    {"widen", widen, NULL, STAGE_GRAPH},
    {"fuse", fuse, NULL, STAGE_GRAPH},
    {"choose_kernels", choose_kernels, NULL, STAGE_GRAPH},
    {"choose_layouts", choose_layouts, NULL, STAGE_GRAPH},
    {"partition", NULL, run_partition, STAGE_PLAN},
    {"schedule", NULL, run_schedule, STAGE_PLAN},
    {"place_buffers", NULL, run_place_buffers, STAGE_PROGRAM},
};
enum { PASS_COUNT = sizeof passes / sizeof *passes };

static bool names_pass(const char *name)
{
    for (int i = 0; i < PASS_COUNT; i++)
        if (!strcmp(passes[i].name, name))
            return true;
    return false;
}

static void check_pass_names(const struct options *options)
{
    for (int i = 0; i < options->dump_count; i++)
        if (strcmp(options->dump[i], "import") && !names_pass(options->dump[i]))
            fail("--dump=%s: no such pass; mednnc --list-passes lists them", options->dump[i]);
    if (options->stop_after && !names_pass(options->stop_after))
        fail("--stop-after=%s: no such pass; mednnc --list-passes lists them", options->stop_after);
}

static void dump(const struct compilation *c, const char *pass, enum stage stage)
{
    bool wanted = false;
    for (int i = 0; i < c->options->dump_count; i++)
        wanted |= !strcmp(c->options->dump[i], pass);
    if (!wanted)
        return;
    struct text text = {.arena = c->arena};
    if (stage == STAGE_GRAPH)
        graph_print(&text, c->graph);
    else if (stage == STAGE_PLAN && !c->program.plan)
        plan_print(&text, &c->plan);
    else
        program_print(&text, &c->program);
    fputs(text.bytes ? text.bytes : "", stdout);
}

static void verify(const struct compilation *c, enum stage stage)
{
    graph_verify(c->graph);
    if (stage >= STAGE_PLAN)
        plan_verify(&c->plan);
    if (stage >= STAGE_PROGRAM)
        program_verify(&c->program);
}

/* As far as the options want it. */
static void run_passes(struct compilation *c)
{
    for (int i = 0; i < PASS_COUNT; i++) {
        if (c->options->verbose)
            note("%s", passes[i].name);
        if (passes[i].graph)
            passes[i].graph(c->graph);
        else
            passes[i].run(c);
        verify(c, passes[i].stage);
        dump(c, passes[i].name, passes[i].stage);
        if (c->options->stop_after && !strcmp(c->options->stop_after, passes[i].name))
            return;
        if (!c->options->output && !c->options->stop_after && c->exported.bytes)
            return;
    }
    c->complete = true;
}

static void choose_cluster(struct compilation *c)
{
    if (c->options->cluster_file) {
        fail_about(c->options->cluster_file);
        cluster_file_read(c->arena, c->options->cluster_file, &c->cluster);
    } else {
        cluster_parse(c->arena, c->options->devices ? c->options->devices : "1", &c->cluster);
    }
    for (int d = 0; d < c->cluster.count; d++) {
        struct device *device = &c->cluster.device[d];
        if (!device->target)
            device->target = c->options->target;
        if (!device->threads)
            device->threads = c->options->threads ? c->options->threads : 1;
    }
}

static void discard(void *folder)
{
    folder_discard(folder);
}

static void write_output(struct compilation *c)
{
    struct folder *folder = folder_begin(c->arena, c->options->output);
    fail_cleanup(discard, folder);
    struct emit_options emit = {.model_path = c->options->model,
                                .options_text = options_canonical(c->arena, c->options),
                                .float_fma = c->options->float_fma,
                                .weights = c->options->weights,
                                .compaction = &c->compaction,
                                .pruning = &c->pruning};
    struct device_facts *facts = arena_array(c->arena, (size_t)c->cluster.count, sizeof *facts);
    emit_tree(folder, &c->program, &emit, facts);
    report_write(folder, &c->program, &emit, facts);
    folder_commit(folder);
    fail_cleanup(NULL, NULL);
}

static void compile(struct arena *arena, const struct options *options)
{
    struct compilation c = {.arena = arena, .options = options};
    check_pass_names(options);
    choose_cluster(&c);
    fail_about(options->model);
    const struct import_options import = {.input_shape = options->input_shape,
                                          .input_shape_count = options->input_shape_count,
                                          .dim = options->dim,
                                          .dim_count = options->dim_count};
    c.graph = import_model(arena, options->model, &import);
    c.graph->no_winograd = options->no_winograd;
    graph_verify(c.graph);
    dump(&c, "import", STAGE_GRAPH);
    run_passes(&c);
    if (c.exported.bytes)
        file_write(arena, options->emit_onnx, c.exported.bytes, c.exported.size);
    if (c.complete && options->output)
        write_output(&c);
}

static void list_passes(void)
{
    for (int i = 0; i < PASS_COUNT; i++)
        puts(passes[i].name);
}

void pipeline_run(struct arena *arena, const struct options *options)
{
    switch (options->command) {
    case COMMAND_COMPILE:
        compile(arena, options);
        break;
    case COMMAND_INSPECT:
        fail_about(options->model);
        inspect(arena, options->model);
        break;
    case COMMAND_LIST_PASSES:
        list_passes();
        break;
    case COMMAND_LIST_OPERATORS:
        list_operators(arena);
        break;
    case COMMAND_NOTHING:
        break;
    }
}
