/* pipeline.c -- the passes in order, and the one place that runs them. */
/* SPDX-License-Identifier: MIT */
#include "pipeline.h"

#include "backend/cluster_file.h"
#include "backend/emit.h"
#include "backend/report.h"
#include "backend/tuning_file.h"
#include "frontend/export.h"
#include "frontend/import.h"
#include "inspect.h"
#include "ir/graph_print.h"
#include "list_operators.h"
#include "measure.h"
#include "plan/program.h"
#include "passes/passes.h"
#include "plan/rates.h"
#include "prune/prospect.h"
#include "prune/prune.h"
#include "prune/shuffles.h"
#include "support/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A compilation on its way through the passes. */
struct compilation {
    struct arena *arena;
    const struct options *options;
    struct cluster cluster;
    struct tuning tuning;
    struct graph *graph;
    struct plan plan;
    struct program program;
    struct graph_change compaction;
    struct prune_result pruning;
    struct shuffles *shuffles; /* while channels may go */
    struct export_bytes exported;
    bool complete; /* all passes ran */
    const char *measured; /* folder for the programs that are run for --measure; NULL: none are */
    bool is_whole;        /* this process writes the network that is not pruned, to be measured */
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

static struct partition_wish wish_of(const struct compilation *c)
{
    return (struct partition_wish){.mode = c->options->partition,
                                   .throughput = c->options->throughput,
                                   .no_overlap = c->options->no_overlap,
                                   .wire_half = c->options->wire_half};
}

/* For --measure, a second process compiles the network as it is now into a folder of its own. */
static void fork_whole(struct compilation *c)
{
    c->measured = measure_folder(c->arena);
    fflush(stdout);
    pid_t child = fork();
    if (child) {
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status)
            fail_machine("--measure: the whole network could not be compiled");
        return;
    }
    struct options *options = arena_copy(c->arena, c->options, sizeof *options);
    options->output = arena_printf(c->arena, "%s/whole", c->measured);
    options->emit_onnx = NULL;
    options->dump_count = 0;
    options->verbose = false;
    c->options = options;
    c->measured = NULL;
    c->is_whole = true;
}

static void choose(const struct compilation *c, struct graph *graph)
{
    double seconds[WORK_KINDS];
    rates_of_cluster(&c->cluster, seconds);
    choose_kernels(graph, &(struct kernel_wish){.seconds = seconds,
                                                .no_winograd = c->options->no_winograd,
                                                .tuning = c->options->tune ? &c->tuning : NULL,
                                                .turn = c->options->turn});
}

/* What is behind pruning in the table below, as far as the plan. */
static void look_ahead_kernels(const void *data, struct graph *graph)
{
    widen(graph);
    split_pools(graph);
    fuse(graph);
    choose(data, graph);
    choose_layouts(graph);
}

static void look_ahead_plan(const void *data, struct graph *graph, const struct cluster *cluster, double effort, struct plan *plan)
{
    struct partition_wish wish = wish_of(data);
    wish.effort = effort;
    partition(graph, cluster, wish, plan);
}

static void run_prune(struct compilation *c)
{
    const struct options *options = c->options;
    const struct prospect_wish wish = {
        .cluster = &c->cluster, .choose_kernels = look_ahead_kernels, .divide = look_ahead_plan, .data = c};
    const struct prune_options prune_options = {.macs = options->prune,
                                                .bytes = options->prune_bytes,
                                                .latency = options->latency,
                                                .latency_ms = options->latency_ms,
                                                .wish = &wish,
                                                .calibrate = options->calibrate,
                                                .calibrate_count = options->calibrate_count,
                                                .labels = options->labels,
                                                .max_drop = options->max_drop,
                                                .snap = options->prune_snap,
                                                .streams = options->prune_streams,
                                                .no_repair = options->no_repair,
                                                .progress = !options->quiet && isatty(STDERR_FILENO)};
    if (!options_prune(options))
        return;
    if (options->measure && !options->stop_after)
        fork_whole(c);
    if (c->is_whole)
        return;
    prune(c->graph, &prune_options, &c->pruning);
    if (!c->measured)
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

static void run_expand_recurrent(struct compilation *c)
{
    expand_recurrent(c->graph, &c->cluster, c->options->partition);
}

static void run_choose_kernels(struct compilation *c)
{
    choose(c, c->graph);
    bool measured = !c->options->tune;
    for (int n = 0; n < c->graph->node_count; n++)
        for (int i = 0; i < c->graph->node[n]->choice->count; i++)
            measured |= c->graph->node[n]->choice->price[i].measured;
    if (!measured)
        note("%s: none of its layers is in this model", c->options->tune);
}

/* With rates as they were measured for pruning. */
static const struct cluster *cluster_of(const struct compilation *c)
{
    return c->pruning.rates ? c->pruning.rates : &c->cluster;
}

/* What a plan for the network promises, as it would go on from here. */
static double foretold(const struct compilation *c, struct graph *graph)
{
    struct plan plan;
    look_ahead_kernels(c, graph);
    partition(graph, cluster_of(c), wish_of(c), &plan);
    return c->options->throughput ? plan.forecast.interval : plan.forecast.seconds;
}

/* Where sums over parts make a faster plan. */
static void run_split_sums(struct compilation *c)
{
    if (!c->options->partial_sums || c->cluster.count < 2 || c->options->partition != PARTITION_AUTO)
        return;
    struct arena trial = {0};
    struct graph *split = graph_copy(&trial, c->graph);
    if (split_sums(split, cluster_of(c)) && foretold(c, split) < foretold(c, graph_copy(&trial, c->graph)))
        split_sums(c->graph, cluster_of(c));
    arena_free(&trial);
}

static void run_partition(struct compilation *c)
{
    partition(c->graph, cluster_of(c), wish_of(c), &c->plan);
    c->plan.cluster = &c->cluster;
}

static void run_schedule(struct compilation *c)
{
    schedule(&c->plan, &c->program);
}

static void run_band(struct compilation *c)
{
    band(&c->program, (struct band_wish){0});
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
    {"split_pools", split_pools, NULL, STAGE_GRAPH},
    {"expand_recurrent", NULL, run_expand_recurrent, STAGE_GRAPH},
    {"split_sums", NULL, run_split_sums, STAGE_GRAPH},
    {"fuse", fuse, NULL, STAGE_GRAPH},
    {"choose_kernels", NULL, run_choose_kernels, STAGE_GRAPH},
    {"choose_layouts", choose_layouts, NULL, STAGE_GRAPH},
    {"partition", NULL, run_partition, STAGE_PLAN},
    {"schedule", NULL, run_schedule, STAGE_PLAN},
    {"band", NULL, run_band, STAGE_PLAN},
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
        graph_print(&text, c->graph, kernel_print);
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

/* What a device of little memory must have. */
static void print_memory(const struct compilation *c, const struct device_facts *facts)
{
    const double mebibyte = 1 << 20;
    for (int d = 0; d < c->cluster.count; d++)
        note("device %d: %.2f MiB of activations at the most, %.2f MiB of scratch memory, %.2f MiB in all; %.2f MiB of weights", d,
             (double)program_activation_bytes(&c->program, d) / mebibyte, (double)program_scratch_bytes(&c->program, d) / mebibyte,
             (double)c->program.arena_bytes[d] / mebibyte, (double)facts[d].weights_bytes / mebibyte);
}

static void write_folder(struct compilation *c, const char *path)
{
    struct folder *folder = folder_begin(c->arena, path);
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
    if (c->options->verbose && path == c->options->output)
        print_memory(c, facts);
}

static void write_output(struct compilation *c)
{
    if (c->measured) {
        const char *folder[2] = {arena_printf(c->arena, "%s/whole", c->measured),
                                 arena_printf(c->arena, "%s/pruned", c->measured)};
        write_folder(c, folder[1]);
        measure_pair(c->arena, folder, c->pruning.measured);
        prune_print(c->arena, &c->pruning, c->options->verbose);
    }
    write_folder(c, c->options->output);
    if (c->is_whole)
        exit(fflush(stdout) ? STATUS_MACHINE : STATUS_OK);
}

struct graph *pipeline_compile(struct arena *arena, const struct options *options)
{
    struct compilation c = {.arena = arena, .options = options};
    check_pass_names(options);
    choose_cluster(&c);
    if (options->tune) {
        fail_about(options->tune);
        tuning_read(arena, options->tune, &c.tuning);
    }
    fail_about(options->model);
    const struct import_options import = {.input_shape = options->input_shape,
                                          .input_shape_count = options->input_shape_count,
                                          .dim = options->dim,
                                          .dim_count = options->dim_count};
    c.graph = import_model(arena, options->model, &import);
    graph_verify(c.graph);
    dump(&c, "import", STAGE_GRAPH);
    run_passes(&c);
    if (c.exported.bytes)
        file_write(arena, options->emit_onnx, c.exported.bytes, c.exported.size);
    if (c.complete && options->output)
        write_output(&c);
    return c.graph;
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
        pipeline_compile(arena, options);
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
