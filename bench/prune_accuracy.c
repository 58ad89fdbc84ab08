/* prune_accuracy.c -- what pruning does to the predictions of a classifier, by the compiler's own arithmetic.
 *
 * prune_accuracy MODEL.onnx CALIBRATE.npy|- TEST_X.npy TEST_Y.npy|- SHIFT FRACTION [SNAP]
 *
 * Prints accuracies in per cent of the dense network, the pruned one without repair and with it, on the rows of TEST_X whose
 * classes are TEST_Y + SHIFT; what is lost, with the paired standard error; and how often the repaired network agrees
 * with the dense one. TEST_Y -: nothing is known of the classes, and agreement, the outputs' squared error against their
 * variance and the divergence of the answers are all there is. */
/* SPDX-License-Identifier: MIT */
#include "frontend/import.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "prune/prune.h"
#include "prune/replay.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct predictions {
    int64_t samples;
    int *class;
    float *output;
    int64_t size;
};

struct bench {
    int argc;
    char **argv;
    struct arena arena;
};

static void take_classes(void *data, const struct batch *batch)
{
    const struct tensor *y = batch->replay->graph->output[0];
    struct stack stack = batch_dense(batch, y);
    struct predictions *answers = data;
    int64_t size = shape_size(y->shape);
    for (int64_t s = 0; s < batch->count; s++) {
        const float *row = (const float *)stack.data + s * size;
        int best = 0;
        for (int64_t i = 1; i < size; i++)
            if (row[i] > row[best])
                best = (int)i;
        answers->class[batch->first + s] = best;
        memcpy(answers->output + (batch->first + s) * size, row, (size_t)size * sizeof *row);
    }
}

static struct graph *read_graph(struct arena *arena, const char *path)
{
    const struct import_options import = {.dim = (const char *[]){"batch=1", "N=1"}, .dim_count = 0};
    struct graph *graph = import_model(arena, path, &import);
    upgrade(graph);
    infer_shapes(graph);
    fold_constants(graph);
    simplify(graph);
    fold_scales(graph);
    return graph;
}

static struct predictions classify(struct graph *graph, const char *x, const char *labels, struct calibration *test)
{
    graph_index(graph);
    struct layers layers = layers_find(graph);
    calibration_read(graph, &x, 1, labels, test);
    struct replay replay = replay_begin(graph, test, &layers);
    struct predictions answers = {test->samples,
                              arena_array(graph->arena, (size_t)test->samples, sizeof *answers.class),
                              NULL, 0};
    answers.size = shape_size(graph->output[0]->shape);
    answers.output = arena_array(graph->arena, (size_t)(answers.samples * answers.size), sizeof(float));
    replay_run(&replay, graph->node_count, (struct replay_visitor){.batch_done = take_classes, .data = &answers});
    replay_end(&replay);
    return answers;
}

/* Probabilities from logits, or from what is a list of probabilities. */
static void probabilities(const float *output, int64_t size, double p[])
{
    double most = -INFINITY, sum = 0;
    bool done = true;
    for (int64_t i = 0; i < size; i++) {
        most = fmax(most, (double)output[i]);
        sum += (double)output[i];
        done &= output[i] >= 0;
    }
    done &= fabs(sum - 1) < 1e-3;
    sum = 0;
    for (int64_t i = 0; i < size; i++)
        sum += p[i] = done ? (double)output[i] + 1e-9 : exp((double)output[i] - most);
    for (int64_t i = 0; i < size; i++)
        p[i] /= sum;
}

/* Kullback and Leibler's, of the dense network's answers from the pruned one's. */
static double divergence(const struct predictions *dense, const struct predictions *pruned)
{
    double *p = malloc(2 * (size_t)dense->size * sizeof *p), *q = p + dense->size, sum = 0;
    for (int64_t s = 0; p && s < dense->samples; s++) {
        probabilities(dense->output + s * dense->size, dense->size, p);
        probabilities(pruned->output + s * dense->size, dense->size, q);
        for (int64_t i = 0; i < dense->size; i++)
            sum += p[i] > 0 ? p[i] * log(p[i] / fmax(q[i], 1e-300)) : 0;
    }
    free(p);
    return sum / (double)dense->samples;
}

static void compare(const char *what, const struct predictions *dense, const struct predictions *pruned,
                    const int64_t *label, int64_t shift)
{
    double sum = 0, square = 0, right = 0, agree = 0, n = (double)dense->samples;
    for (int64_t s = 0; s < dense->samples; s++) {
        int before = label && dense->class[s] == label[s] + shift, after = label && pruned->class[s] == label[s] + shift;
        sum += before - after;
        square += (before - after) * (before - after);
        right += after;
        agree += dense->class[s] == pruned->class[s];
    }
    double off = 0, all = 0, mean = 0;
    int64_t values = dense->samples * dense->size;
    for (int64_t i = 0; i < values; i++)
        mean += (double)dense->output[i] / (double)values;
    for (int64_t i = 0; i < values; i++) {
        double a = (double)dense->output[i], b = (double)pruned->output[i];
        off += (a - b) * (a - b);
        all += (a - mean) * (a - mean);
    }
    printf("%s output error %.5f, divergence %.5f nats\n", what, off / all, divergence(dense, pruned));
    if (!label) {
        printf("%s agrees %.2f\n", what, 100 * agree / n);
        return;
    }
    printf("%s %.2f (lost %.2f +- %.2f, agrees %.2f)\n", what, 100 * right / n, 100 * sum / n,
           100 * sqrt((square / n - sum * sum / n / n) / n), 100 * agree / n);
}

static void run(void *data)
{
    struct bench *bench = data;
    char **argv = bench->argv;
    struct calibration test;
    int64_t shift = atoi(argv[5]);
    struct graph *graph = read_graph(&bench->arena, argv[1]);
    struct predictions dense = classify(graph, argv[3], strcmp(argv[4], "-") ? argv[4] : NULL, &test);
    for (int repaired = 0; repaired < 2; repaired++) {
        const char *calibrate = argv[2];
        struct prune_options options = {.macs = atof(argv[6]),
                                        .calibrate = &calibrate,
                                        .calibrate_count = strcmp(calibrate, "-") != 0,
                                        .snap = bench->argc > 7 ? atoi(argv[7]) : 0,
                                        .max_drop = -1,
                                        .no_repair = !repaired};
        struct prune_result result;
        clock_t before = clock();
        graph = read_graph(&bench->arena, argv[1]);
        prune(graph, &options, &result);
        struct predictions pruned = classify(graph, argv[3], strcmp(argv[4], "-") ? argv[4] : NULL, &test);
        if (!repaired)
            compare("dense", &dense, &dense, test.label, shift);
        compare(repaired ? "repaired" : "unrepaired", &dense, &pruned, test.label, shift);
        if (repaired) {
            printf("removed %.2f of %.2f asked for, drop on samples kept apart %.2f%s, %.1f s of processor time\n",
                   100 * result.goal[0].reached, 100 * result.goal[0].wanted, result.drop, result.tuned ? ", tuned" : "", (double)(clock() - before) / CLOCKS_PER_SEC);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {.argc = argc, .argv = argv};
    if (argc < 7) {
        fputs("usage: prune_accuracy MODEL.onnx CALIBRATE.npy TEST_X.npy TEST_Y.npy SHIFT FRACTION [SNAP]\n", stderr);
        return 2;
    }
    int status = fail_catch(run, &bench);
    arena_free(&bench.arena);
    return status;
}
