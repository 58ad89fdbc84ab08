/* test_random.c -- random numbers have the distribution that they were asked for, and are the same each time. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "passes/passes.h"

#include <math.h>
#include <stdio.h>

/* What is drawn, and the mean, variance and bounds of its elements. */
static const struct {
    const char *line;
    double mean, variance, least, most;
} draws[] = {
    {"RandomUniform shape=[100,100] seed=3.0", 0.5, 1.0 / 12, 0, 1},
    {"RandomUniform shape=[10000] low=-2.0 high=4.0", 1, 3, -2, 4},
    {"RandomNormal shape=[10000] seed=3.0", 0, 1, -6, 6},
    {"RandomNormal shape=[10000] mean=5.0 scale=3.0 dtype=11", 5, 9, -13, 23},
    {"RandomNormalLike float64:100x100 seed=1.0", 0, 1, -6, 6},
    {"RandomUniformLike int32:100x100 dtype=1 seed=1.0", 0.5, 1.0 / 12, 0, 1},
    {"%a Expand #0.25 @100,100; Bernoulli %a dtype=6 seed=2.0", 0.25, 0.1875, 0, 1},
    {"%a Expand #0.25 @100,100; Bernoulli %a", 0.25, 0.1875, 0, 1},
    /* 0, 1, 2 with probabilities 0.2, 0.5, 0.3 */
    {"%a Reshape #-1.6094379,-0.6931472,-1.2039728 @1,3; Multinomial %a sample_size=10000 seed=4.0", 1.1, 0.49, 0, 2},
};
enum { DRAWS = sizeof draws / sizeof *draws };

static int failures;

static const struct tensor *drawn(struct arena *arena, const char *line)
{
    struct graph *graph = graph_of_opset(arena, line, 22, 1);
    upgrade(graph);
    infer_shapes(graph);
    return graph->output[0];
}

static void run(void *data)
{
    for (int i = 0; i < DRAWS; i++) {
        const struct tensor *y = drawn(data, draws[i].line), *again = drawn(data, draws[i].line);
        const int64_t size = shape_size(y->shape);
        double sum = 0, squares = 0;
        bool fine = size == 10000 && tensor_is_constant(y) && tensor_is_constant(again);
        for (int64_t k = 0; fine && k < size; k++) {
            const double x = tensor_double(y, k);
            fine = x >= draws[i].least && x <= draws[i].most && x == tensor_double(again, k);
            sum += x;
            squares += x * x;
        }
        const double mean = sum / (double)size, variance = squares / (double)size - mean * mean;
        /* four standard errors of the mean; the variance within a tenth */
        fine = fine && fabs(mean - draws[i].mean) <= 4 * sqrt(draws[i].variance / (double)size) &&
               fabs(variance / draws[i].variance - 1) <= 0.1;
        if (!fine) {
            printf("FAIL %s: mean %g, variance %g\n", draws[i].line, mean, variance);
            failures++;
        }
    }
    printf("%d draws, %d failures\n", DRAWS, failures);
}

int main(void)
{
    return run_in_arena(run) || failures;
}
