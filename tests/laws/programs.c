/* programs.c -- graphs compiled, built with the C compiler and run. */
/* SPDX-License-Identifier: MIT */
#include "programs.h"

#include "backend/cluster_file.h"
#include "backend/emit.h"
#include "backend/report.h"
#include "kernels/kernel.h"
#include "plan/bands.h"
#include "support/fail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void programs_shell(const char *command)
{
    int status = system(command);
    if (status) {
        printf("FAIL: status %d of: %s\n", status, command);
        exit(1);
    }
}

bool programs_again(void)
{
    const char *word = getenv("MEDNN_AGAIN");
    return word && *word;
}

static void make_program(struct graph *graph, const struct program_wish *wish, struct cluster *cluster, struct plan *plan,
                         struct program *program)
{
    cluster_parse(graph->arena, wish->devices, cluster);
    for (int d = 0; d < cluster->count; d++) {
        cluster->device[d].threads = wish->threads;
        cluster->device[d].measured = wish->mode == PARTITION_AUTO;
        for (int k = 0; k < WORK_KINDS && wish->mode == PARTITION_AUTO; k++)
            cluster->device[d].seconds[k] = 1e-3 / cluster->device[d].speed;
    }
    partition(graph, cluster, (struct partition_wish){.mode = wish->mode, .effort = 0.1}, plan);
    bool *divide = arena_array(graph->arena, (size_t)(graph->node_count * cluster->count), sizeof *divide);
    for (int i = 0; i < graph->node_count * cluster->count; i++)
        divide[i] = true;
    plan->divide = plan->joined = divide;
    plan_verify(plan);
    schedule(plan, program);
    if (wish->bands)
        band(program, (struct band_wish){.bytes = 1 << 14, .everywhere = true});
    place_buffers(program);
    program_verify(program);
}

int programs_compile(struct graph *graph, const struct program_wish *wish, const char *folder)
{
    struct arena *arena = graph->arena;
    struct cluster cluster;
    struct plan plan;
    struct program program;
    struct device_facts facts[MAX_DEVICES];
    int runs = 0;
    make_program(graph, wish, &cluster, &plan, &program);
    for (int d = 0; d < cluster.count; d++)
        runs += program.bands[d].count;
    struct folder *output = folder_begin(arena, folder);
    struct emit_options options = {
        .model_path = folder, .options_text = wish->devices, .float_fma = true, .weights = WEIGHTS_AUTO};
    emit_tree(output, &program, &options, facts);
    report_write(output, &program, &options, facts);
    folder_commit(output);
    return runs;
}

int programs_run(struct graph *graph, const struct program_wish *wish, const char *folder)
{
    struct arena *arena = graph->arena;
    const int runs = programs_compile(graph, wish, folder);
    programs_shell(arena_printf(arena, "MAKEFLAGS= make -s -C %s -j2 CFLAGS=-O1", folder));
    struct text words = {.arena = arena};
    for (int i = 0; i < graph->input_count; i++)
        text_printf(&words, " --input inputs/%d.npy", i);
    programs_shell(arena_printf(arena, "\"$MEDNN_RUN\" %s --output-dir %s.out%s >/dev/null", folder, folder,
                                words.bytes ? words.bytes : ""));
    return runs;
}

void programs_write_inputs(const struct graph *graph, const void *const *value)
{
    char error[512];
    programs_shell("rm -rf inputs && mkdir inputs");
    for (int i = 0; i < graph->input_count; i++) {
        const struct tensor *tensor = graph->input[i];
        struct mednn_array array = {.type = (int)tensor->type, .rank = tensor->shape.rank,
                                    .bytes = (size_t)shape_size(tensor->shape) * type_size(tensor->type),
                                    .data = (unsigned char *)value[i]};
        memcpy(array.dim, tensor->shape.dim, sizeof tensor->shape.dim);
        if (mednn_array_write(&array, arena_printf(graph->arena, "inputs/%d.npy", i), error, sizeof error)) {
            puts(error);
            exit(1);
        }
    }
}

struct mednn_array programs_output(const char *folder, int k)
{
    char path[256], error[512];
    struct mednn_array array;
    snprintf(path, sizeof path, "%s.out/output_%d.npy", folder, k);
    if (mednn_array_read(&array, path, error, sizeof error)) {
        puts(error);
        exit(1);
    }
    return array;
}

int programs_main(void (*run)(void *arena), const int *failures)
{
    struct arena arena = {0};
    char folder[] = "programs.XXXXXX";
    if (!getenv("MEDNN_RUN")) {
        puts("MEDNN_RUN is not set");
        return 77;
    }
    if (sodium_init() < 0 || !mkdtemp(folder) || chdir(folder)) {
        puts("cannot make a work folder");
        return 1;
    }
    int status = fail_catch(run, &arena);
    if (!*failures && !status && !chdir(".."))
        programs_shell(arena_printf(&arena, "rm -rf %s", folder));
    arena_free(&arena);
    return *failures || status;
}
