/* kernels.c -- the rates of real kernels on this machine, from small networks of one kind of layer each. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../backend/emit.h"
#include "../backend/report.h"
#include "../measure.h"
#include "../passes/passes.h"
#include "../plan/cost.h"
#include "../plan/rates.h"
#include "../support/fail.h"
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A chain of equal layers on channels x rows x columns (or rows x channels, of rank 2); each keeps the shape. */
struct chain {
    const char *op;
    int channels, rows, columns, kernel, group;
    const char *by; /* this kernel, which larger maps would get; NULL: the one that is chosen */
};

/* Together they tell the kinds of work apart: computing grows with the map, reading weights does not. */
static const struct chain chains[] = {
    {"Conv", 64, 56, 56, 1, 1, NULL},
    {"Conv", 256, 28, 28, 1, 1, NULL},
    {"Conv", 256, 7, 14, 1, 1, NULL},
    {"Conv", 1024, 7, 7, 1, 1, NULL},
    {"Conv", 1024, 2, 7, 1, 1, NULL},
    {"Conv", 128, 28, 28, 3, 1, "conv_direct"},
    {"Conv", 512, 7, 7, 3, 1, "conv_direct"},
    {"Conv", 512, 2, 7, 3, 1, "conv_direct"},
    {"Conv", 64, 112, 112, 3, 1, "conv_winograd_4"},
    {"Conv", 128, 16, 56, 3, 1, "conv_winograd_4"},
    {"Conv", 256, 56, 56, 3, 1, "conv_winograd_4"},
    {"Conv", 512, 28, 28, 3, 1, "conv_winograd_4"},
    {"Conv", 512, 8, 28, 3, 1, "conv_winograd_4"},
    {"Conv", 512, 4, 28, 3, 1, "conv_winograd_4"},
    {"Conv", 256, 14, 14, 3, 1, "conv_winograd_2"},
    {"Conv", 256, 4, 14, 3, 1, "conv_winograd_2"},
    {"Conv", 512, 14, 14, 3, 1, "conv_winograd_2"},
    {"Conv", 512, 4, 14, 3, 1, "conv_winograd_2"},
    {"Conv", 128, 56, 56, 3, 128, NULL},
    {"Conv", 512, 14, 14, 3, 512, NULL},
    {"Conv", 32, 28, 28, 3, 2, NULL},
    {"MatMul", 768, 197, 0, 0, 1, NULL},
    {"MatMul", 768, 50, 0, 0, 1, NULL},
    {"MatMul", 4096, 1, 0, 0, 1, NULL},
    {"MaxPool", 128, 56, 56, 3, 1, NULL},
    {"MaxPool", 128, 56, 56, 1, 1, NULL},
    {"Transpose", 256, 256, 0, 0, 1, NULL},
    {"Conv", 16, 2, 2, 3, 16, NULL},
};
enum { CHAINS = sizeof chains / sizeof *chains, ROUNDS = 4000, ATTEMPTS = 3, MOST_TOGETHER = 4 };

/* Bytes of weights that a chain has, if its layers are not too small: those of real networks do not stay in a core's cache. */
static const double CHAIN_BYTES = 128e6;
enum { FEWEST_LAYERS = 4, MOST_LAYERS = 64 };
/* Processor seconds that an attempt takes. */
static const double ATTEMPT_SECONDS = 0.3;

/* How strongly the proportions of the reference machine hold where measurements do not tell kinds apart. */
static const double PRIOR = 0.003;

static struct attribute ints(struct arena *arena, const char *name, int64_t value, int count)
{
    int64_t *values = arena_array(arena, (size_t)count, sizeof *values);
    for (int i = 0; i < count; i++)
        values[i] = value;
    return (struct attribute){.name = name, .kind = ATTRIBUTE_INTS, .count = count, .ints = values};
}

/* Small numbers, so that chains neither grow nor vanish into denormals. */
static struct tensor *weights(struct graph *graph, struct shape shape, int64_t depth)
{
    const int64_t size = shape_size(shape);
    float *values = arena_array(graph->arena, (size_t)size, sizeof *values);
    for (int64_t i = 0; i < size; i++)
        values[i] = (float)(i * 7919 % 2001 - 1000) / 1000 / (float)(depth + 1) + 1 / (float)depth;
    return graph_constant(graph, "w", TYPE_FLOAT, shape, values);
}

static struct tensor *add_layer(struct graph *graph, const struct chain *chain, struct tensor *x)
{
    const bool conv = !strcmp(chain->op, "Conv"), product = !strcmp(chain->op, "MatMul");
    const int64_t c = chain->channels, each = c / chain->group, taps = chain->kernel * chain->kernel;
    struct node *node = graph_node(graph, graph->node_count, chain->op, chain->op, conv || product ? 2 : 1, 1);
    node->input[0] = x;
    if (conv)
        node->input[1] = weights(graph, (struct shape){4, {c, each, chain->kernel, chain->kernel}}, each * taps);
    if (product)
        node->input[1] = weights(graph, (struct shape){2, {c, c}}, c);
    if (chain->columns) {
        node_set_attribute(graph, node, ints(graph->arena, "kernel_shape", chain->kernel, 2));
        node_set_attribute(graph, node, ints(graph->arena, "pads", chain->kernel / 2, 4));
    }
    if (conv)
        node_set_attribute(graph, node,
                           (struct attribute){.name = "group", .kind = ATTRIBUTE_INT, .count = 1, .i = chain->group});
    node->output[0] = graph_tensor(graph, "y");
    return node->output[0];
}

/* Bytes of weights of a layer as its kernel reads them. */
static double weights_of(const struct chain *chain)
{
    const double each = 4.0 * chain->channels * chain->channels / chain->group;
    if (!strcmp(chain->op, "MatMul"))
        return each;
    if (strcmp(chain->op, "Conv"))
        return 0;
    const int tile = !chain->by ? 0 : !strcmp(chain->by, "conv_winograd_4") ? 6 : !strcmp(chain->by, "conv_winograd_2") ? 4 : 0;
    return each * (tile ? tile * tile : chain->kernel * chain->kernel);
}

static int layers_of(const struct chain *chain)
{
    const double bytes = weights_of(chain), layers = bytes > 0 ? CHAIN_BYTES / bytes : 0;
    return layers < FEWEST_LAYERS ? FEWEST_LAYERS : layers > MOST_LAYERS ? MOST_LAYERS : (int)layers;
}

static struct graph *graph_of(struct arena *arena, const struct chain *chain)
{
    struct graph *graph = arena_alloc(arena, sizeof *graph);
    *graph = (struct graph){.arena = arena, .name = "probe", .opset = 21};
    struct tensor *x = graph_tensor(graph, "x");
    x->type = TYPE_FLOAT;
    x->shaped = true;
    x->shape = chain->columns ? (struct shape){4, {1, chain->channels, chain->rows, chain->columns}}
                              : (struct shape){2, {chain->rows, chain->channels}};
    graph->input = arena_copy(arena, &x, sizeof x);
    for (int i = layers_of(chain); i > 0; i--)
        x = add_layer(graph, chain, x);
    graph->output = arena_copy(arena, &x, sizeof x);
    graph->input_count = graph->output_count = 1;
    upgrade(graph);
    infer_shapes(graph);
    choose_kernels(graph, NULL);
    for (int n = 0; chain->by && n < graph->node_count; n++)
        graph->node[n]->kernel = kernel_find(chain->by);
    choose_layouts(graph);
    return graph;
}

static void write_program(struct graph *graph, const char *path)
{
    static struct cluster cluster = {.count = 1, .device[0] = {.name = "device0", .speed = 1, .address = "127.0.0.1", .port = 7700}};
    struct plan plan;
    struct program program;
    struct device_facts facts;
    partition(graph, &cluster, (struct partition_wish){.mode = PARTITION_SINGLE}, &plan);
    schedule(&plan, &program);
    place_buffers(&program);
    struct folder *folder = folder_begin(graph->arena, path);
    const struct emit_options options = {
        .model_path = "probe.onnx", .options_text = "probe", .float_fma = true, .weights = WEIGHTS_AUTO};
    emit_tree(folder, &program, &options, &facts);
    report_write(folder, &program, &options, &facts);
    folder_commit(folder);
}

/* Processor time of all child processes so far. */
static double children_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Processor time of so many inferences in a row, start and end of the program included. */
static double time_program(const char *path, int repeat)
{
    char command[512];
    snprintf(command, sizeof command, "'%s'/device0 --random --repeat %d >/dev/null", path, repeat);
    const double begin = children_seconds();
    if (system(command))
        fail("the program in %s does not run", path);
    return children_seconds() - begin;
}

/* Of one inference: processor time, by the least of a few runs of many and of one, because a busy machine only ever adds to them. */
static double run_program(const char *path)
{
    const double one = time_program(path, 1), some = time_program(path, 4);
    const double least_part = 0.02; /* of the whole program's time, whose start and end vary */
    const double each = (some - one) / 3 > least_part * some ? (some - one) / 3 : least_part * some;
    const int repeat = 2 + (int)(ATTEMPT_SECONDS / (each > 1e-5 ? each : 1e-5));
    double least_many = 0, least_one = one;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double many = time_program(path, 1 + repeat), again = time_program(path, 1);
        least_many = !i || many < least_many ? many : least_many;
        least_one = again < least_one ? again : least_one;
    }
    const double seconds = (least_many - least_one) / repeat;
    return seconds > 1e-9 ? seconds : 1e-9;
}

/* Non-negative least squares of relative errors, one unknown after the other, with a weak pull towards the reference. What a chain
 * waits for depends on the rates found so far. */
static void fit(struct work work[], const double seconds[], const double reference[], double result[])
{
    struct work waited[CHAINS];
    double scale = 0;
    for (int i = 0; i < CHAINS; i++)
        scale += seconds[i] / rates_seconds(reference, &work[i]) / CHAINS;
    for (int k = 0; k < WORK_KINDS; k++)
        result[k] = scale * reference[k];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHAINS; i++)
            waited[i] = rates_waited(result, &work[i]);
        for (int k = 0; k < WORK_KINDS; k++) {
            const double unit = 1 / (scale * reference[k]);
            double slope = PRIOR * unit * unit, at = PRIOR * unit;
            for (int i = 0; i < CHAINS; i++) {
                double rest = seconds[i];
                for (int j = 0; j < WORK_KINDS; j++)
                    rest -= j == k ? 0 : result[j] * waited[i].amount[j];
                const double amount = waited[i].amount[k] / seconds[i];
                slope += amount * amount;
                at += amount * rest / seconds[i];
            }
            const double least = 0.01 * scale * reference[k];
            result[k] = at / slope > least ? at / slope : least;
        }
    }
}

/* The programs of chains [first, first + count), built together and run one after the other; their folders, which are large, are
 * emptied, but for the objects of the runtime: all programs have the same. */
static void measure_chains(const char *folder, int first, int count, struct work work[], double seconds[])
{
    struct arena arena = {0}; /* weights are large, too */
    const char *path[MOST_TOGETHER];
    for (int i = 0; i < count; i++) {
        struct graph *graph = graph_of(&arena, &chains[first + i]);
        path[i] = arena_printf(&arena, "%s/%d", folder, first + i);
        work[first + i] = cost_graph_work(graph);
        write_program(graph, path[i]);
        if (first && system(arena_printf(&arena, "cp '%s'/0/runtime/*.o '%s/runtime'", folder, path[i])))
            fail_machine("cannot copy in %s", folder);
    }
    measure_make(&arena, path, count);
    for (int i = 0; i < count; i++) {
        const struct chain chain = chains[first + i];
        seconds[first + i] = run_program(path[i]);
        note("%s%s%s of %d x %d x %d, %d layers: %.3f ms", chain.op, chain.by ? " by " : "", chain.by ? chain.by : "",
             chain.channels, chain.rows, chain.columns, layers_of(&chain), seconds[first + i] * 1e3);
        if (system(arena_printf(&arena, "rm -f '%s'/device0*", path[i])))
            fail_machine("cannot remove what is in %s", path[i]);
    }
    arena_free(&arena);
}

void probe_kernels(struct arena *arena, struct device *device)
{
    const char *folder = measure_folder(arena);
    const int processors = (int)sysconf(_SC_NPROCESSORS_ONLN), most = processors < MOST_TOGETHER ? processors : MOST_TOGETHER;
    const int together = most > 1 ? most : 1;
    struct work work[CHAINS];
    double seconds[CHAINS];
    for (int i = 0; i < CHAINS; i += together)
        measure_chains(folder, i, i + together < CHAINS ? together : CHAINS - i, work, seconds);
    fit(work, seconds, rates_of_target(NULL), device->seconds);
    device->measured = true;
    for (int i = 0; i < CHAINS; i++) {
        const double expected = rates_seconds(device->seconds, &work[i]);
        if (expected > 1.3 * seconds[i] || expected < 0.7 * seconds[i])
            note("%s of %d x %d does not fit the model: %.3f ms, foretold %.3f ms", chains[i].op, chains[i].channels,
                 chains[i].rows, seconds[i] * 1e3, expected * 1e3);
    }
    measure_folder_remove();
}
