/* prune.c -- SMCD from calibration data to a smaller graph. */
/* SPDX-License-Identifier: MIT */
#include "prune.h"

#include "../support/fail.h"
#include "budget.h"
#include "parallel.h"
#include "probe.h"
#include "repair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pruning under way. */
struct pruning {
    struct graph *graph;
    const struct prune_options *options;
    struct prune_result *result;
    struct calibration calibration;
    struct layers layers;
    struct channels *channels;
    struct curves curves;
    struct cost cost;
    bool *may_go;  /* [group] */
    bool *removed; /* [class] */
    int *count;    /* [curve]: classes that go */
};

static void choose_groups(struct pruning *p)
{
    p->may_go = arena_array(p->graph->arena, (size_t)p->channels->group_count + 1, sizeof *p->may_go);
    for (int g = 0; g < p->channels->group_count; g++) {
        const struct channel_group *group = &p->channels->group[g];
        p->may_go[g] = group->count > 1 && group->producer_count && group->consumer_count && !group->is_open &&
                       (p->options->streams || !group->is_stream);
    }
}

static void compute_curves(struct pruning *p)
{
    struct replay replay = replay_begin(p->graph, &p->calibration, &p->layers);
    struct readers readers = readers_measure(&replay, p->channels);
    double *class_macs = arena_array(p->graph->arena, (size_t)p->channels->group_count + 1, sizeof *class_macs);
    p->cost = cost_of_macs(p->channels, NULL, NULL);
    cost_finish(&p->cost, p->channels);
    for (int g = 0; g < p->channels->group_count; g++)
        class_macs[g] = cost_of_class(&p->cost, g);
    p->curves = curves_compute(p->channels, &readers, p->may_go, p->result->snap, class_macs);
    readers_free(&readers);
    replay_end(&replay);
}

static void choose_classes(struct pruning *p)
{
    p->count = arena_array(p->graph->arena, (size_t)p->curves.count + 1, sizeof *p->count);
    p->removed = arena_array(p->graph->arena, (size_t)p->channels->class_count + 1, sizeof *p->removed);
    budget_choose(&p->cost, p->channels, &p->curves, p->options->macs, p->result->snap, p->count);
    for (int j = 0; j < p->curves.count; j++)
        for (int q = 0; q < p->count[j]; q++)
            p->removed[p->curves.item[j].order[q]] = true;
}

static void repair_network(struct pruning *p)
{
    struct replay replay = replay_begin(p->graph, &p->calibration, &p->layers);
    if (p->options->no_repair)
        repair_nothing(&p->layers, p->channels, p->removed);
    else
        repair(&replay, &p->layers, p->channels, p->removed, NULL, NULL);
    replay_end(&replay);
}

static void describe(struct pruning *p)
{
    struct prune_result *result = p->result;
    struct arena *arena = p->graph->arena;
    result->group = arena_array(arena, (size_t)p->channels->group_count + 1, sizeof *result->group);
    for (int g = 0; g < p->channels->group_count; g++) {
        const struct channel_group *group = &p->channels->group[g];
        struct prune_group row = {.name = group->name, .before = group->count};
        for (int c = 0; c < group->count; c++)
            row.after += !p->removed[group->first + c];
        result->group[result->group_count++] = row;
    }
    result->layer = arena_array(arena, (size_t)p->layers.count + 1, sizeof *result->layer);
    for (int i = 0; i < p->layers.count; i++) {
        const struct layer *layer = &p->layers.item[i];
        const struct tensor *weights = layer->node->input[layer->linear.weights];
        struct prune_layer row = {.name = layer->node->name, .op_type = layer->node->op_type, .rows = layer->rows};
        row.error = layer->refitted ? layer->error : -1;
        for (int after = 0; after < 2; after++) {
            const bool *removed = after ? p->removed : NULL;
            row.macs[after] = channels_node_macs(p->channels, layer->node, removed);
            row.outputs[after] = channels_kept(p->channels, weights, layer->linear.column_axis, removed);
            row.inputs[after] = channels_kept(p->channels, weights, layer->linear.row_axis, removed);
        }
        result->layer[result->layer_count++] = row;
    }
    for (int after = 0; after < 2; after++) {
        result->macs[after] = channels_macs(p->channels, after ? p->removed : NULL);
        result->parameters[after] = channels_parameters(p->channels, after ? p->removed : NULL);
    }
    result->reached = 1 - (double)result->macs[1] / (double)result->macs[0];
}

void prune(struct graph *graph, const struct prune_options *options, struct prune_result *result)
{
    struct pruning p = {.graph = graph, .options = options, .result = result};
    *result = (struct prune_result){.done = true, .wanted = options->macs, .snap = options->snap ? options->snap : 1};
    matrix_begin();
    forward_check(graph);
    calibration_read(graph, options->calibrate, options->calibrate_count, NULL, &p.calibration);
    result->samples = p.calibration.samples;
    channels_prepare(graph);
    layers_prepare(graph);
    p.layers = layers_find(graph);
    p.channels = channels_find(graph);
    choose_groups(&p);
    compute_curves(&p);
    if (getenv("PROBE"))
        probe_curves(graph, &p.calibration, &p.layers, p.channels, &p.curves);
    choose_classes(&p);
    curves_free(&p.curves);
    repair_network(&p);
    describe(&p);
    layers_commit(graph, &p.layers);
    graph_cut(graph, p.channels, p.removed);
}
