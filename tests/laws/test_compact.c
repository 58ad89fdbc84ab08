/* test_compact.c -- compaction never changes outputs: random networks with channels of zeros, borders
 * included.
 *
 * Arguments: how many networks (default 400), the first seed (default 1). */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "passes/passes.h"
#include "prune/shuffles.h"
#include "random_graphs.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct test {
    uint64_t seed;
    const char *text;
    int64_t channels, removed;
    double worst;
};

static void run(void *data)
{
    struct test *test = data;
    struct arena arena = {0};
    struct graph_change change;
    test->text = random_graph_text(&arena, test->seed);
    struct graph *dense = random_graph(&arena, test->text, test->seed);
    struct graph *small = random_graph(&arena, test->text, test->seed);
    fold_scales(small);
    struct shuffles *shuffles = shuffles_gather(small);
    compact_channels(small, 0, &change);
    shuffles_restore(small, shuffles);
    test->channels = change.channels[0];
    test->removed = change.channels[0] - change.channels[1];
    for (int round = 0; round < 2; round++) {
        const void *input[] = {node_case_values(&arena, dense->input[0], test->seed + (uint64_t)round)};
        struct values a = interpret(&arena, dense, input), b = interpret(&arena, small, input);
        const struct tensor *y = dense->output[0];
        const float *want = value_of(&a, y), *got = value_of(&b, small->output[0]);
        double most = 0, worst = 0;
        for (int64_t i = 0; i < shape_size(y->shape); i++) {
            double difference = fabs((double)want[i] - (double)got[i]);
            most = fmax(most, fabs((double)want[i]));
            worst = difference > worst || isnan(difference) ? difference : worst;
        }
        if (!(worst <= test->worst * fmax(most, 1)))
            test->worst = worst / fmax(most, 1);
    }
    test->text = NULL;
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 400, failures = 0, touched = 0;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int64_t channels = 0, removed = 0;
    note_silence();
    for (int i = 0; i < count; i++) {
        struct test test = {.seed = first + (uint64_t)i};
        int status = fail_catch(run, &test);
        channels += test.channels;
        removed += test.removed;
        touched += test.removed > 0;
        if (!status && test.worst <= 1e-5)
            continue;
        struct arena arena = {0};
        failures++;
        printf("seed %llu: outputs differ by %.2g: %s\n", (unsigned long long)test.seed, test.worst,
               random_graph_text(&arena, test.seed));
        arena_free(&arena);
    }
    printf("%d networks, %d of them lost channels, %lld of %lld in all; %d failures\n", count, touched,
           (long long)removed, (long long)channels, failures);
    return failures || touched < count / 2;
}
