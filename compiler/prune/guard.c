/* guard.c -- what a pruned network answers on samples that it was not repaired with. */
/* SPDX-License-Identifier: MIT */
#include "guard.h"

struct comparison {
    struct answers *answers;
    double sum, square, count;
};

static int64_t largest(const float *values, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

static void compare_values(struct comparison *c, const float *dense, const float *pruned, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double a = (double)dense[i], b = (double)pruned[i];
        c->answers->error += (a - b) * (a - b);
        c->sum += a;
        c->square += a * a;
    }
    c->count += (double)count;
}

static void compare_batch(void *data, const struct batch *batch)
{
    struct comparison *c = data;
    const struct graph *graph = batch->replay->graph;
    const int64_t *label = batch->replay->calibration->label;
    for (int k = 0; k < graph->output_count; k++) {
        const struct tensor *y = graph->output[k];
        if (y->type != TYPE_FLOAT || !y->producer)
            continue;
        const float *dense = batch_dense(batch, y).data, *pruned = batch_pruned(batch, y).data;
        int64_t size = shape_size(y->shape);
        compare_values(c, dense, pruned, size * batch->count);
        for (int64_t s = 0; c->answers->classes && s < batch->count; s++) {
            int64_t before = largest(dense + s * size, size), after = largest(pruned + s * size, size);
            c->answers->agree += before == after;
            c->answers->dense_right += label && before == label[batch->first + s];
            c->answers->pruned_right += label && after == label[batch->first + s];
        }
    }
    c->answers->samples += (double)batch->count;
}

int64_t answers_classes(const struct graph *graph)
{
    if (graph->output_count != 1 || graph->output[0]->type != TYPE_FLOAT || !graph->output[0]->producer)
        return 0;
    struct shape shape = graph->output[0]->shape;
    int wide = 0;
    for (int a = 0; a < shape.rank; a++)
        wide += shape.dim[a] != 1;
    return wide == 1 ? shape_size(shape) : 0;
}

void answers_add(const struct graph *graph, const struct calibration *calibration, const struct layers *layers,
                 struct answers *answers)
{
    struct comparison comparison = {.answers = answers};
    struct replay replay = replay_begin(graph, calibration, layers);
    answers->classes = answers_classes(graph) > 0;
    replay_compare(&replay);
    replay_run(&replay, graph->node_count, (struct replay_visitor){.batch_done = compare_batch, .data = &comparison});
    replay_end(&replay);
    if (comparison.count > 0)
        answers->variance += comparison.square - comparison.sum * comparison.sum / comparison.count;
}

double answers_drop(const struct answers *answers, bool labels)
{
    if (answers->classes && labels)
        return 100 * (answers->dense_right - answers->pruned_right) / answers->samples;
    if (answers->classes)
        return 100 * (1 - answers->agree / answers->samples);
    return answers->variance > 0 ? 100 * answers->error / answers->variance : 0;
}
