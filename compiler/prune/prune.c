/* prune.c -- SMCD from calibration data to a smaller graph. */
/* SPDX-License-Identifier: MIT */
#include "prune.h"

#include "../support/fail.h"
#include "goals.h"
#include "guard.h"
#include "parallel.h"
#include "probe.h"
#include "repair.h"
#include "tune.h"
#include "variety.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* COPIES of samples while there are few of them; FOLDS: every so-manyth sample is kept apart for the guard, and all in
 * turn below FEW. Points that may differ there when the user did not say. */
enum { COPIES = 16, ENOUGH = 2048, FOLDS = 4, FEW = 256, TRIES = 3, INVENTED = 256, MOST_INVENTED = 4096 };
#define DEFAULT_DROP 30.0
/* Multiply-accumulates of all samples, above which there are no copies, and above which curves are not probed. */
#define COPY_WORK 2e11
#define PROBE_WORK 1e12
/* Noise costs nothing, so there are enough samples of it for every layer, within that work. */
#define INVENT_WORK 5e10

/* A pruning under way. */
struct pruning {
    struct graph *graph;
    const struct prune_options *options;
    struct prune_result *result;
    struct calibration samples;
    struct variety variety;
    struct layers layers;
    struct channels *channels;
    struct curves curves;
    struct goals goals;
    bool *may_go; /* [group] */
    int *snap, most_snap;
    bool *removed; /* [class] */
    int *count;    /* [curve]: classes that go */
    double tuning_rate; /* with which tuning was found to help; 0: it does not */
    const char *doing;
};

static void show_progress(void *data, int done, int all)
{
    const struct pruning *p = data;
    if (p->options->progress)
        fprintf(stderr, "\r\033[Kmednnc: %s: %d of %d%s", p->doing, done, all, done == all ? "\r\033[K" : "");
}

static void show_phase(const struct pruning *p, const char *doing)
{
    if (p->options->progress)
        fprintf(stderr, "\r\033[Kmednnc: %s\r", doing);
}

static double work_of(const struct pruning *p, int64_t samples)
{
    return (double)channels_macs(p->channels, NULL) * (double)samples;
}

static struct calibration enlarge(const struct pruning *p, const struct calibration *samples)
{
    int copies = 1;
    while (copies < COPIES && samples->samples * (copies + 1) <= ENOUGH &&
           work_of(p, samples->samples * (copies + 1)) <= COPY_WORK)
        copies++;
    return calibration_enlarge(p->graph, samples, p->variety, copies);
}

/* ---- what may go, and in which order ---- */

static int snap_of(const struct pruning *p, int channels)
{
    if (p->options->snap)
        return p->options->snap;
    return channels >= 256 ? 16 : channels >= 128 ? 8 : channels >= 64 ? 4 : 1;
}

static void choose_groups(struct pruning *p)
{
    struct arena *arena = p->graph->arena;
    size_t groups = (size_t)p->channels->group_count + 1;
    p->may_go = arena_array(arena, groups, sizeof *p->may_go);
    p->snap = arena_array(arena, groups, sizeof *p->snap);
    for (int g = 0; g < p->channels->group_count; g++) {
        const struct channel_group *group = &p->channels->group[g];
        p->may_go[g] = group->count > 1 && group->producer_count && group->consumer_count && !group->is_open &&
                       (p->options->streams || !group->is_stream);
        p->snap[g] = snap_of(p, group->count);
        if (p->may_go[g] && p->snap[g] > p->most_snap)
            p->most_snap = p->snap[g];
    }
}

/* Where data are too few, every channel looks superfluous. */
static void leave_thin(struct pruning *p, const struct readers *readers)
{
    int left = 0;
    for (int j = 0; j < p->curves.count; j++) {
        struct curve *curve = &p->curves.item[j];
        left += curve->thin ? curve->group_count : 0;
        curve->count = curve->thin || curve->failed ? 0 : curve->count;
    }
    for (int r = 0; left && r < readers->count; r++)
        if (readers->item[r].thin) {
            note("--prune: %" PRId64 " samples say too little about layer '%s' (%" PRId64 " rows for %" PRId64
                 " inputs, expected %d each); %d groups of channels whose readers are short of data stay whole",
                 p->samples.samples, readers->item[r].layer->node->name, readers->item[r].seen, readers->item[r].size,
                 GUARD_ROWS, left);
            break;
        }
}

static void compute_curves(struct pruning *p)
{
    struct calibration samples = enlarge(p, &p->samples);
    struct replay replay = replay_begin(p->graph, &samples, &p->layers);
    show_phase(p, "measuring what layers read");
    struct readers readers = readers_measure(&replay, p->channels, p->may_go);
    double *saved = arena_array(p->graph->arena, (size_t)p->channels->group_count + 1, sizeof *saved);
    for (int g = 0; g < p->channels->group_count; g++)
        saved[g] = goals_of_class(&p->goals, g);
    show_phase(p, "ordering channels");
    p->curves = curves_compute(p->channels, &readers, p->may_go, p->snap, saved);
    leave_thin(p, &readers);
    readers_free(&readers);
    replay_end(&replay);
    calibration_free(p->graph, &samples);
    if (work_of(p, p->samples.samples) * p->curves.count <= PROBE_WORK) {
        show_phase(p, "probing");
        probe_curves(p->graph, &p->samples, &p->layers, p->channels, &p->curves);
    }
}

/* ---- how many go ---- */

/* So that `part` of what was asked for goes. */
static void choose_classes(struct pruning *p, double part)
{
    goals_choose(&p->goals, &p->curves, part, 2 * p->most_snap, p->count, p->removed);
}

static void repair_on(struct pruning *p, const struct calibration *samples, const char *doing)
{
    struct calibration more = enlarge(p, samples);
    struct replay replay = replay_begin(p->graph, &more, &p->layers);
    p->doing = doing;
    if (p->options->no_repair)
        repair_nothing(&p->layers, p->channels, p->removed);
    else
        repair(&replay, &p->layers, p->channels, p->removed, show_progress, p);
    replay_end(&replay);
    calibration_free(p->graph, &more);
}

/* All weights together, after the repair; to find out whether it helps, half of the visits will do. */
static void tune_on(struct pruning *p, const struct calibration *samples, double rate, bool trial)
{
    struct tune_options options = tune_default(channels_macs(p->channels, NULL), samples->samples);
    p->doing = trial ? "judging" : "tuning";
    options.visits /= trial ? 2 : 1;
    options.rate = rate;
    options.variety = p->variety;
    options.progress = show_progress;
    options.data = p;
    p->result->tuned = tune(p->graph, &p->layers, samples, &options);
}

/* How the network may be tuned: not at all, or with such steps, gentle ones first. Weights that are fitted well already, or to few
 * samples, bear small steps only, or none. */
enum { WAYS = 3 };
static const double rates[WAYS] = {0, TUNE_RATE / 4, TUNE_RATE};

/* What came of each on samples that neither repair nor tuning saw. */
struct judgement {
    struct answers answers[WAYS];
    double *loss[WAYS]; /* [samples], see tune_loss(); NULL where tuning is not asked about */
    int64_t samples;
};

static struct judgement judgement_begin(const struct pruning *p, bool tuning)
{
    struct judgement judgement = {.samples = 0};
    size_t samples = (size_t)p->samples.samples;
    for (int way = 0; tuning && way < WAYS; way++) {
        judgement.loss[way] = memory_new(samples, sizeof(double));
        for (size_t i = 0; i < samples; i++)
            judgement.loss[way][i] = INFINITY; /* a way that is not judged is never the better one */
    }
    return judgement;
}

static void judgement_end(struct judgement *judgement)
{
    for (int way = 0; way < WAYS; way++)
        free(judgement->loss[way]);
}

static void judge(struct pruning *p, int way, const struct calibration *apart, struct judgement *judgement)
{
    answers_add(p->graph, apart, &p->layers, &judgement->answers[way]);
    if (judgement->loss[way])
        tune_loss(p->graph, &p->layers, apart, judgement->loss[way] + judgement->samples);
}

/* The network is repaired. */
static void judge_tuning(struct pruning *p, const struct calibration *seen, const struct calibration *apart,
                         struct judgement *judgement)
{
    for (int way = 1; way < WAYS; way++) {
        if (way > 1) {
            layers_free(&p->layers);
            repair_on(p, seen, "judging");
        }
        tune_on(p, seen, rates[way], true);
        if (!p->result->tuned)
            break;
        judge(p, way, apart, judgement);
    }
}

/* Is the mean of a - b above its standard error? */
static bool is_better(const double *b, const double *a, int64_t count)
{
    double sum = 0, square = 0, n = (double)count;
    for (int64_t s = 0; s < count; s++) {
        sum += a[s] - b[s];
        square += (a[s] - b[s]) * (a[s] - b[s]);
    }
    return count > 1 && sum > 0 && sum * sum * (n - 1) > n * square - sum * sum;
}

/* A bolder way has to be better by more than chance: few samples say little. */
static int best_way(const struct judgement *judgement)
{
    int best = 0;
    for (int way = 1; way < WAYS; way++)
        if (is_better(judgement->loss[way], judgement->loss[best], judgement->samples))
            best = way;
    return best;
}

/* Labels of other samples, or other classes' numbers, would let anything pass. */
static void check_labels(const struct pruning *p)
{
    int64_t classes = answers_classes(p->graph);
    if (!classes)
        fail("--labels %s: the model's output is no list of class scores; without labels its agreement with the whole model is "
             "what counts", p->options->labels);
    for (int64_t s = 0; s < p->samples.samples; s++)
        if (p->samples.label[s] < 0 || p->samples.label[s] >= classes)
            fail("%s: sample %" PRId64 " has label %" PRId64 ", but the model's classes are 0 to %" PRId64, p->options->labels, s,
                 p->samples.label[s], classes - 1);
}

/* When the whole network hardly beats guessing. */
static void doubt_labels(const struct pruning *p, const struct answers *answers)
{
    double right = answers->dense_right / answers->samples;
    if (p->samples.label && right * (double)answers_classes(p->graph) < 1.5 && answers_classes(p->graph) > 2)
        note("--labels %s: the whole network is right about %.3g %% of them only; are they the classes of these samples?",
             p->options->labels, 100 * right);
}

/* Points lost on samples that the repair did not see; the first time, how to tune is found out, too. */
static double measure_drop(struct pruning *p, bool first)
{
    int folds = p->samples.samples < FEW ? FOLDS : 1, best = 0;
    bool tuning = first && tune_default(channels_macs(p->channels, NULL), p->samples.samples).visits;
    struct judgement judgement = judgement_begin(p, tuning);
    for (int f = 0; f < folds; f++) {
        struct calibration seen = calibration_part(p->graph, &p->samples, FOLDS, f, false);
        struct calibration apart = calibration_part(p->graph, &p->samples, FOLDS, f, true);
        repair_on(p, &seen, "judging");
        judge(p, 0, &apart, &judgement);
        if (tuning)
            judge_tuning(p, &seen, &apart, &judgement);
        judgement.samples += apart.samples;
        layers_free(&p->layers);
        calibration_free(p->graph, &seen);
        calibration_free(p->graph, &apart);
    }
    if (first)
        doubt_labels(p, &judgement.answers[0]);
    if (tuning) {
        best = best_way(&judgement);
        p->tuning_rate = rates[best];
    }
    judgement_end(&judgement);
    const struct answers *answers = &judgement.answers[best];
    p->result->drop_of_classes = answers->classes;
    p->result->drop_of_labels = answers->classes && p->samples.label;
    return answers_drop(answers, p->samples.label);
}

/* Remove what was asked for, or as much of it as the samples that are kept apart allow. */
static void choose_amount(struct pruning *p)
{
    struct prune_result *result = p->result;
    double limit = p->options->max_drop >= 0 ? p->options->max_drop : DEFAULT_DROP;
    double part = 1, least = 0, most = 1;
    choose_classes(p, 1);
    result->drop = -1;
    bool open = limit < 100 || tune_default(channels_macs(p->channels, NULL), p->samples.samples).visits;
    if (!open || p->options->no_repair || !p->options->calibrate_count || p->samples.samples < 2 * FOLDS)
        return;
    result->drop = measure_drop(p, true);
    double refused = result->drop;
    if (refused <= limit)
        return;
    double best = 0, best_drop = 0;
    for (int i = 0; i < TRIES; i++) {
        part = (least + most) / 2;
        choose_classes(p, part);
        double drop = measure_drop(p, false);
        if (drop <= limit) {
            least = best = part;
            best_drop = drop;
        } else {
            most = part;
        }
    }
    choose_classes(p, best);
    result->limited = true;
    result->drop = best_drop;
    note("--prune: %.3g %% would lose %.3g points on samples kept apart (%s; at most %.3g may be lost): %.3g %% is removed "
         "instead; more calibration samples may allow more",
         100 * result->goal[0].wanted, refused,
         result->drop_of_labels    ? "accuracy"
         : result->drop_of_classes ? "agreement with the whole network"
                                   : "squared error of the outputs",
         limit, 100 * result->goal[0].reached);
}

/* ---- the result ---- */

static void describe_groups(struct pruning *p)
{
    struct prune_result *result = p->result;
    struct arena *arena = p->graph->arena;
    result->group = arena_array(arena, (size_t)p->channels->group_count + 1, sizeof *result->group);
    for (int g = 0; g < p->channels->group_count; g++) {
        const struct channel_group *group = &p->channels->group[g];
        struct prune_group row = {.name = group->name, .group = group, .before = group->count};
        for (int c = 0; c < group->count; c++)
            row.after += !p->removed[group->first + c];
        for (int j = 0; j < p->curves.count; j++)
            for (int i = 0; i < p->curves.item[j].group_count; i++)
                if (p->curves.item[j].group[i] == g)
                    row.score = p->curves.item[j].error[p->count[j]];
        if (p->may_go[g])
            result->group[result->group_count++] = row;
    }
}

static void describe_layers(struct pruning *p)
{
    struct prune_result *result = p->result;
    for (int i = 0; i < result->change.layer_count; i++) {
        struct prune_layer *row = &result->layer[i];
        const char *name = result->change.layer[i].name;
        row->error = row->score = -1;
        for (int l = 0; l < p->layers.count; l++)
            if (p->layers.item[l].refitted && !strcmp(p->layers.item[l].node->name, name))
                row->error = p->layers.item[l].error;
        for (int g = 0; g < result->group_count; g++)
            for (int k = 0; k < result->group[g].group->producer_count; k++)
                if (!strcmp(result->group[g].group->producer[k].node->name, name))
                    row->score = result->group[g].score;
    }
}

/* Better than none: what filters have in common shows on noise, too. */
static void invent_samples(struct pruning *p)
{
    int64_t samples = INVENTED;
    for (int l = 0; l < p->layers.count; l++) {
        const struct linear *linear = &p->layers.item[l].linear;
        int64_t wanted = GUARD_ROWS * linear->rows / (linear->positions > 0 ? linear->positions : 1) + 1;
        samples = wanted > samples ? wanted : samples;
    }
    double most = fmin(MOST_INVENTED, INVENT_WORK / (work_of(p, 1) + 1));
    if ((double)samples > fmax(most, INVENTED))
        samples = (int64_t)fmax(most, INVENTED);
    p->samples = calibration_invent(p->graph, &p->layers, samples);
    note("--prune without --calibrate: channels are chosen and repaired by noise, and nothing protects the accuracy; give samples "
         "of what the model will see");
}

void prune(struct graph *graph, const struct prune_options *options, struct prune_result *result)
{
    struct pruning p = {.graph = graph, .options = options, .result = result, .most_snap = 1};
    *result = (struct prune_result){.done = true, .repaired = !options->no_repair};
    matrix_begin();
    memory_keep();
    forward_check(graph);
    graph_change_begin(graph, &result->change);
    result->layer = arena_array(graph->arena, (size_t)result->change.layer_count + 1, sizeof *result->layer);
    if (options->calibrate_count)
        calibration_read(graph, options->calibrate, options->calibrate_count, options->labels, &p.samples);
    if (options->labels)
        check_labels(&p);
    channels_prepare(graph);
    layers_prepare(graph);
    p.layers = layers_find(graph);
    p.channels = channels_find(graph);
    if (!options->calibrate_count)
        invent_samples(&p);
    p.variety = variety_of(graph, &p.layers, &p.samples);
    result->samples = options->calibrate_count ? p.samples.samples : 0;
    p.removed = arena_array(graph->arena, (size_t)p.channels->class_count + 1, sizeof *p.removed);
    choose_groups(&p);
    goals_begin(&p.goals, graph, p.channels, options, result);
    /* Errors that few samples show are far too small for weights fitted to them: none may be called small enough to trade for time. */
    p.goals.time_counts = !options->calibrate_count || p.samples.samples >= FEW;
    compute_curves(&p);
    p.count = arena_array(graph->arena, (size_t)p.curves.count + 1, sizeof *p.count);
    choose_amount(&p);
    repair_on(&p, &p.samples, "repairing");
    result->tuned = false;
    if (p.tuning_rate > 0)
        tune_on(&p, &p.samples, p.tuning_rate, false);
    describe_groups(&p);
    describe_layers(&p);
    goals_foretell(&p.goals, p.removed, result);
    goals_end(&p.goals);
    curves_free(&p.curves);
    layers_commit(graph, &p.layers);
    graph_cut(graph, p.channels, p.removed);
    if (!options->calibrate_count)
        calibration_free(graph, &p.samples);
    graph_change_end(graph, &result->change);
}
