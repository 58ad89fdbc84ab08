/* kernels.c -- the rates of real kernels on this machine, from small networks of one kind of layer each. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../backend/emit.h"
#include "../backend/report.h"
#include "../passes/passes.h"
#include "../plan/cost.h"
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
    int layers, channels, rows, columns, kernel, group;
    int repeat;
    bool cold; /* with so many layers that their weights do not fit into the last cache: those of real networks do not */
};

/* Together they tell the kinds of work apart. */
static const struct chain chains[] = {
    {"Conv", 4, 256, 28, 28, 1, 1, 60, false},   /* direct */
    {"Conv", 4, 1024, 7, 7, 1, 1, 60, false},    /* direct, more weights */
    {"Conv", 4, 512, 7, 7, 3, 1, 20, true}, /* direct, mostly weights */
    {"Conv", 4, 64, 56, 56, 3, 1, 60, false},    /* Winograd, large tiles, few weights */
    {"Conv", 4, 256, 28, 28, 3, 1, 20, false},   /* Winograd */
    {"Conv", 4, 256, 14, 14, 3, 1, 60, false},   /* Winograd, small tiles */
    {"Conv", 4, 512, 14, 14, 3, 1, 20, true}, /* Winograd, mostly weights */
    {"Conv", 6, 128, 56, 56, 3, 128, 60, false}, /* depthwise */
    {"Conv", 4, 32, 28, 28, 3, 2, 20, false},    /* grouped: plain loops */
    {"MatMul", 4, 768, 197, 0, 0, 1, 20, false}, /* matrix */
    {"MatMul", 4, 3072, 1, 0, 0, 1, 20, true}, /* stream */
    {"MaxPool", 6, 128, 56, 56, 3, 1, 60, false}, /* vector */
    {"MaxPool", 6, 128, 56, 56, 1, 1, 60, false}, /* activations */
    {"Transpose", 4, 256, 256, 0, 0, 1, 200, false}, /* element */
    {"Conv", 64, 16, 2, 2, 1, 1, 2000, false},   /* calls */
};
enum { CHAINS = sizeof chains / sizeof *chains, ROUNDS = 4000, ATTEMPTS = 3 };

/* How strongly the proportions of the reference machine hold where measurements do not tell kinds apart. */
static const double PRIOR = 0.02;

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
    for (int i = 0; i < chain->layers; i++)
        x = add_layer(graph, chain, x);
    graph->output = arena_copy(arena, &x, sizeof x);
    graph->input_count = graph->output_count = 1;
    upgrade(graph);
    infer_shapes(graph);
    choose_kernels(graph);
    choose_layouts(graph);
    return graph;
}

/* Up to half a gigabyte of weights. */
static struct chain sized(struct chain chain)
{
    const double most = 512e6, bytes = 4.0 * chain.channels * chain.channels * (chain.kernel ? chain.kernel * chain.kernel : 1);
    double cache = (double)sysconf(_SC_LEVEL3_CACHE_SIZE);
    cache = cache < most ? cache : most;
    if (chain.cold && bytes * chain.layers < cache) {
        const int layers = (int)(cache / bytes) + 1;
        chain.repeat = 1 + chain.repeat * chain.layers / layers;
        chain.layers = layers;
    }
    return chain;
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

/* Of one inference: processor time, the least of a few attempts, because a busy machine only ever adds to it. */
static double run_program(const char *path, int repeat)
{
    char command[512];
    double one = 0, many = 0;
    snprintf(command, sizeof command, "make -s -C '%s' device0 >/dev/null 2>&1", path);
    if (system(command))
        fail("the C compiler or make does not work: try make -C %s", path);
    for (int i = 0; i < ATTEMPTS; i++) {
        const double least = time_program(path, 1), most = time_program(path, 1 + repeat);
        one = !i || least < one ? least : one;
        many = !i || most < many ? most : many;
    }
    return many > one ? (many - one) / repeat : 1e-9;
}

/* Non-negative least squares of relative errors, one unknown after the other, with a weak pull towards the reference. */
static void fit(struct work work[], const double seconds[], const double reference[], double result[])
{
    double scale = 0;
    for (int i = 0; i < CHAINS; i++) {
        double expected = 0;
        for (int k = 0; k < WORK_KINDS; k++)
            expected += reference[k] * work[i].amount[k];
        scale += seconds[i] / expected / CHAINS;
    }
    for (int k = 0; k < WORK_KINDS; k++)
        result[k] = scale * reference[k];
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < WORK_KINDS; k++) {
            const double unit = 1 / (scale * reference[k]);
            double slope = PRIOR * unit * unit, at = PRIOR * unit;
            for (int i = 0; i < CHAINS; i++) {
                double rest = seconds[i];
                for (int j = 0; j < WORK_KINDS; j++)
                    rest -= j == k ? 0 : result[j] * work[i].amount[j];
                const double amount = work[i].amount[k] / seconds[i];
                slope += amount * amount;
                at += amount * rest / seconds[i];
            }
            const double least = 0.01 * scale * reference[k];
            result[k] = at / slope > least ? at / slope : least;
        }
}

void probe_kernels(struct arena *arena, struct device *device)
{
    char folder[] = "/tmp/mednn-probe.XXXXXX";
    struct work work[CHAINS];
    double seconds[CHAINS];
    if (!mkdtemp(folder))
        fail_machine("cannot make a folder in /tmp");
    for (int i = 0; i < CHAINS; i++) {
        const char *path = arena_printf(arena, "%s/%d", folder, i);
        const struct chain chain = sized(chains[i]);
        struct graph *graph = graph_of(arena, &chain);
        work[i] = cost_graph_work(graph);
        write_program(graph, path);
        seconds[i] = run_program(path, chain.repeat);
        note("%s of %d x %d, %d layers: %.3f ms", chain.op, chain.channels, chain.rows, chain.layers,
             seconds[i] * 1e3);
    }
    fit(work, seconds, cost_reference(), device->seconds);
    device->measured = true;
    for (int i = 0; i < CHAINS; i++) {
        double expected = 0;
        for (int k = 0; k < WORK_KINDS; k++)
            expected += device->seconds[k] * work[i].amount[k];
        if (expected > 1.3 * seconds[i] || expected < 0.7 * seconds[i])
            note("%s of %d x %d does not fit the model: %.3f ms, foretold %.3f ms", chains[i].op, chains[i].channels,
                 chains[i].rows, seconds[i] * 1e3, expected * 1e3);
    }
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command))
        note("%s is left over", folder);
}
