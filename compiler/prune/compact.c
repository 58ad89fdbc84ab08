/* compact.c -- removes channels that are zero, constant or never read. */
/* SPDX-License-Identifier: MIT */
#include "compact.h"

#include "../operators/known.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What one round knows. */
struct round {
    struct graph *graph;
    struct channels *channels;
    struct known *known;
    bool *removed; /* per class */
    int *merged;   /* per class: the constant class that takes over what it contributes, or -1 */
};

/* What classes contribute to the results of one node. */
struct site {
    const struct contraction *contraction;
    struct linear linear;
    bool is_linear; /* with weights that nobody else reads */
    struct node
        *adder; /* a constant per output is or can be input `place` of this node; NULL: there is none */
    int place;
};

/* The node, where it takes a bias; else an Add of one number per output that is the only reader of the
 * result. */
static void find_adder(const struct round *round, struct site *site)
{
    struct node *node = (struct node *)(uintptr_t)site->contraction->node;
    const struct linear *linear = &site->linear;
    site->place = linear->bias;
    if (linear->bias >= 0) {
        site->adder = linear->bias_scale != 0 ? node : NULL;
        return;
    }
    struct node *reader = graph_only_reader(round->graph, node->output[0]);
    if (!reader || *reader->domain || strcmp(reader->op_type, "Add") || linear->group != 1)
        return;
    site->place = reader->input[0] == node->output[0];
    const struct tensor *other = reader->input[site->place];
    if (tensor_is_constant(other) && other->type == TYPE_FLOAT && other->uses == 1 && other->shape.rank &&
        other->shape.dim[other->shape.rank - 1] == linear->columns &&
        shape_size(other->shape) == linear->columns && linear->output_axis == node->output[0]->shape.rank - 1)
        site->adder = reader;
}

static struct site site_of(const struct round *round, int i)
{
    struct site site = {.contraction = &round->channels->couples.contraction[i]};
    const struct node *node = site.contraction->node;
    site.is_linear = node->op->linear && node->op->linear(node, &site.linear) &&
                     node->input[site.linear.weights]->uses == 1 && site.linear.scale != 0;
    if (site.is_linear && !site.linear.padded)
        find_adder(round, &site);
    return site;
}

static double value_at(const struct round *round, const struct contraction *contraction, bool second,
                       int64_t i)
{
    const struct node *node = contraction->node;
    return second ? known_slice(round->known, node->input[contraction->input_b], contraction->axis_b, i)
                  : known_slice(round->known, node->input[contraction->input_a], contraction->axis_a, i);
}

static int64_t site_length(const struct site *site)
{
    return site->contraction->node->input[site->contraction->input_a]->shape.dim[site->contraction->axis_a];
}

static int class_at(const struct round *round, const struct site *site, int64_t i)
{
    const struct contraction *contraction = site->contraction;
    return channels_class(round->channels, contraction->node->input[contraction->input_a],
                          contraction->axis_a, i);
}

static bool is_zero(const struct round *round, const struct site *site, int64_t i)
{
    return value_at(round, site->contraction, false, i) == 0 ||
           value_at(round, site->contraction, true, i) == 0;
}

/* ---- which classes can go ---- */

enum verdict { GOES, CONSTANT, STAYS };

static enum verdict *judge(const struct round *round)
{
    size_t classes = (size_t)round->channels->class_count;
    enum verdict *verdict = arena_array(round->graph->arena, classes + 1, sizeof *verdict);
    for (int c = 0; c < round->channels->couples.contraction_count; c++) {
        struct site site = site_of(round, c);
        for (int64_t i = 0; i < site_length(&site); i++) {
            int class = class_at(round, &site, i);
            if (class < 0 || is_zero(round, &site, i))
                continue;
            bool constant = site.is_linear && !isnan(value_at(round, site.contraction, false, i));
            if (!constant)
                verdict[class] = STAYS;
            else if (!site.adder && verdict[class] == GOES)
                verdict[class] = CONSTANT;
        }
    }
    return verdict;
}

/* The smallest magnitude that the class has where it is read and not multiplied with zeros. */
static double *smallest_values(const struct round *round)
{
    size_t classes = (size_t)round->channels->class_count;
    double *smallest = arena_array(round->graph->arena, classes + 1, sizeof *smallest);
    for (size_t c = 0; c < classes; c++)
        smallest[c] = (double)INFINITY;
    for (int c = 0; c < round->channels->couples.contraction_count; c++) {
        struct site site = site_of(round, c);
        for (int64_t i = 0; i < site_length(&site); i++) {
            int class = class_at(round, &site, i);
            double value = fabs(value_at(round, site.contraction, false, i));
            if (class >= 0 && (isnan(value) || value < smallest[class]))
                smallest[class] = isnan(value) ? 0 : value;
        }
    }
    return smallest;
}

/* In every group one of the classes that are constant stands for all of them: the largest, so that no weight
 * grows much. */
static void choose_merged(struct round *round, const enum verdict verdict[])
{
    double *smallest = smallest_values(round);
    for (int g = 0; g < round->channels->group_count; g++) {
        const struct channel_group *group = &round->channels->group[g];
        int best = -1;
        for (int c = group->first; c < group->first + group->count; c++)
            if (verdict[c] == CONSTANT && smallest[c] > 0 && isfinite(smallest[c]) &&
                (best < 0 || smallest[c] > smallest[best]))
                best = c;
        for (int c = group->first; c < group->first + group->count; c++) {
            round->merged[c] = verdict[c] == CONSTANT && c != best ? best : -1;
            round->removed[c] = verdict[c] == GOES || round->merged[c] >= 0;
        }
    }
}

/* ---- what they leave behind ---- */

/* Weights as an array that may be changed. */
static float *own_weights(struct graph *graph, struct tensor *tensor)
{
    size_t size = (size_t)shape_size(tensor->shape) * sizeof(float);
    float *copy = arena_copy(graph->arena, tensor->data, size);
    tensor->data = copy;
    return copy;
}

/* The slice of the class that stands for the class of slice i, at the same place within its class. */
static int64_t substitute(const struct round *round, const struct site *site, int64_t i)
{
    int class = class_at(round, site, i), other = round->merged[class];
    int64_t place = 0, at = 0;
    for (int64_t k = 0; k < i; k++)
        place += class_at(round, site, k) == class;
    while (class_at(round, site, at) != other || place-- > 0)
        at++;
    return at;
}

/* Weights of slice i, times what its value is to that of its substitute, are added to those of the
 * substitute. */
static void merge_slice(const struct round *round, const struct site *site, float *weights, int64_t i)
{
    const struct linear *linear = &site->linear;
    int64_t to = substitute(round, site, i);
    double ratio =
        value_at(round, site->contraction, false, i) / value_at(round, site->contraction, false, to);
    for (int64_t t = 0; t < linear->taps; t++)
        for (int64_t m = 0; m < linear->columns; m++) {
            float *target = &weights[linear_at(linear, 0, to * linear->taps + t, m)];
            double weight = (double)weights[linear_at(linear, 0, i * linear->taps + t, m)];
            *target = (float)((double)*target + ratio * weight);
        }
}

static void add_to_bias(const struct linear *linear, const float *weights, int64_t i, double value,
                        double bias[])
{
    for (int64_t m = 0; m < linear->columns; m++) {
        double sum = 0;
        for (int64_t t = 0; t < linear->taps; t++)
            sum += (double)weights[linear_at(linear, 0, i * linear->taps + t, m)];
        bias[m] += value * sum * linear->scale / (linear->bias < 0 ? 1 : linear->bias_scale);
    }
}

/* A bias that waits until the graph is cut. */
struct later {
    struct node *node;
    int input;
    int64_t count;
    double *bias;
};

/* Move what the slices of one site contribute: into other weights, or (returned) into the bias. */
static double *settle_site(const struct round *round, const struct site *site)
{
    const struct linear *linear = &site->linear;
    struct tensor *w = site->is_linear ? site->contraction->node->input[linear->weights] : NULL;
    float *weights = NULL;
    double *bias = NULL;
    for (int64_t i = 0; i < site_length(site); i++) {
        int class = class_at(round, site, i);
        if (class < 0 || !round->removed[class] || is_zero(round, site, i))
            continue;
        assert(site->is_linear);
        if (round->merged[class] >= 0) {
            weights = weights ? weights : own_weights(round->graph, w);
            merge_slice(round, site, weights, i);
        } else {
            if (!bias)
                bias = arena_array(round->graph->arena, (size_t)linear->columns, sizeof *bias);
            add_to_bias(linear, w->data, i, value_at(round, site->contraction, false, i), bias);
        }
    }
    return bias;
}

/* Sums for the outputs that stay, to the front. */
static int64_t keep_sums(const struct round *round, const struct node *node, const struct linear *linear,
                         double bias[])
{
    const struct tensor *y = node->output[0];
    int64_t kept = 0;
    for (int64_t m = 0; m < linear->columns; m++) {
        int class = channels_class(round->channels, y, linear->output_axis, m);
        if (class < 0 || !round->removed[class])
            bias[kept++] = bias[m];
    }
    return kept;
}

static void set_bias(struct graph *graph, const struct later *later)
{
    struct node *node = later->node;
    struct tensor *old = node_input(node, later->input);
    float *values = arena_array(graph->arena, (size_t)later->count, sizeof *values);
    for (int64_t m = 0; m < later->count; m++)
        values[m] = (float)((old ? tensor_double(old, m) : 0) + later->bias[m]);
    if (old && old->uses == 1) {
        old->data = values;
        return;
    }
    while (node->input_count <= later->input)
        node_add_input(graph, node, NULL);
    node->input[later->input] =
        graph_constant(graph, old ? old->name : arena_printf(graph->arena, "%s.bias", node->name), TYPE_FLOAT,
                       old ? old->shape : shape_of(1, &later->count), values);
}

static void cut_round(struct round *round)
{
    int count = round->channels->couples.contraction_count, waiting = 0;
    struct later *later = arena_array(round->graph->arena, (size_t)count + 1, sizeof *later);
    for (int c = 0; c < count; c++) {
        struct site site = site_of(round, c);
        double *bias = settle_site(round, &site);
        if (!bias)
            continue;
        int64_t kept = keep_sums(round, site.contraction->node, &site.linear, bias);
        later[waiting++] = (struct later){site.adder, site.place, kept, bias};
    }
    graph_cut(round->graph, round->channels, round->removed);
    for (int i = 0; i < waiting; i++)
        set_bias(round->graph, &later[i]);
    graph_sweep(round->graph);
}

/* Returns how many classes went. */
static int compact_once(struct graph *graph, double zero_threshold)
{
    struct round round = {.graph = graph, .channels = channels_find(graph)};
    size_t classes = (size_t)round.channels->class_count;
    int count = 0;
    round.known = known_find(&round.channels->couples, zero_threshold);
    round.removed = arena_array(graph->arena, classes + 1, sizeof *round.removed);
    round.merged = arena_array(graph->arena, classes + 1, sizeof *round.merged);
    choose_merged(&round, judge(&round));
    channels_keep_one(round.channels, round.removed);
    for (size_t c = 0; c < classes; c++)
        count += round.removed[c];
    if (count)
        cut_round(&round);
    return count;
}

int compact(struct graph *graph, double zero_threshold)
{
    int total = 0;
    for (int count; (count = compact_once(graph, zero_threshold)) > 0;)
        total += count;
    return total;
}
