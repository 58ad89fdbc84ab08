/* choose_kernels.c -- one kernel per node, for the whole cluster. */
/* SPDX-License-Identifier: MIT */
#include "../ir/graph_print.h"
#include "../kernels/tuning.h"
#include "../operators/op.h"
#include "../plan/rates.h"
#include "passes.h"

#include <stdlib.h>

enum { MOST_CANDIDATES = 32 };

/* What is foretold is not so wrong that what takes more times the cheapest would win. */
static const double WORTH_A_TRY = 3;

struct choosing {
    const struct graph *graph;
    const struct kernel_wish *wish;
    const double *seconds; /* per unit of each kind of work */
};

static double conversion_seconds(const struct choosing *c, const struct tensor *tensor)
{
    const struct work work = kernel_conversion_work(tensor);
    return rates_seconds(c->seconds, &work);
}

/* Of inputs that the kernel wants in another layout, and of outputs that the caller, whose arrays are plain, gets. */
static double conversions(const struct choosing *c, const struct node *node, const struct kernel *kernel)
{
    double seconds = 0;
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (tensor && !tensor_is_constant(tensor) && tensor->producer && tensor->layout != kernel_layout(kernel, node, i))
            seconds += conversion_seconds(c, tensor);
    }
    for (int i = 0; i < node->output_count; i++)
        if (node->output[i] && graph_is_output(c->graph, node->output[i]) &&
            kernel_layout(kernel, node, -1) == LAYOUT_BLOCKED)
            seconds += conversion_seconds(c, node->output[i]);
    return seconds;
}

/* What was measured takes the place of what was foretold. What was not takes as many times the foretold as the others did: the
 * machine need not be as fast as the table of costs says. */
static void take_measured(const struct choosing *c, const struct node *node, struct kernel_choice *choice)
{
    struct text text = {.arena = c->graph->arena};
    double measured = 0, foretold = 0;
    if (!c->wish->tuning)
        return;
    node_describe(&text, node);
    const struct tuned_layer *layer = tuning_find(c->wish->tuning, text.bytes);
    for (int i = 0; layer && i < choice->count; i++) {
        const struct kernel_price *price = &choice->price[i];
        const double seconds = tuning_seconds(layer, price->kernel);
        measured += seconds;
        foretold += seconds > 0 ? price->seconds - conversions(c, node, price->kernel) : 0;
    }
    for (int i = 0; foretold > 0 && i < choice->count; i++) {
        struct kernel_price *price = &choice->price[i];
        const double seconds = tuning_seconds(layer, price->kernel), machine = measured / foretold;
        price->measured = seconds > 0;
        price->seconds = machine * (price->measured ? conversions(c, node, price->kernel) : price->seconds) + seconds;
    }
}

/* The prices of all kernels that may be taken: node->choice. */
static void weigh(const struct choosing *c, struct node *node)
{
    const struct kernel *candidate[MOST_CANDIDATES];
    const int candidates = kernel_candidates(node, candidate, MOST_CANDIDATES);
    struct kernel_choice *choice = arena_alloc(c->graph->arena, sizeof *choice);
    *choice = (struct kernel_choice){
        .products_per_float = (double)sizeof(float) * c->seconds[WORK_STREAM] / c->seconds[WORK_WINOGRAD],
        .price = arena_array(c->graph->arena, (size_t)candidates + 1, sizeof *choice->price)};
    node->choice = choice; /* kernels look into it */
    for (int i = 0; i < candidates; i++) {
        if (candidate[i]->winograd && c->wish->no_winograd)
            continue;
        struct work work = {{0}};
        if (node->output_count)
            work = kernel_work_by(candidate[i], node, region_whole(node->output[0]->shape));
        choice->price[choice->count++] = (struct kernel_price){
            .kernel = candidate[i], .seconds = rates_seconds(c->seconds, &work) + conversions(c, node, candidate[i])};
    }
    take_measured(c, node, choice);
}

/* Winograd's algorithm rounds more and has more weights, which every device reads again for its part of the layer: it must be
 * foretold to save a quarter. What was measured is believed. */
static const double LEAST_SAVED = 0.25;

/* Seconds to compare prices by. */
static double weight_of(const struct kernel_price *price)
{
    return price->seconds / (price->kernel->winograd && !price->measured ? 1 - LEAST_SAVED : 1);
}

/* The cheapest kernel, with or without Winograd's algorithm, or NULL. */
static const struct kernel_price *cheapest(const struct kernel_choice *choice, bool winograd)
{
    const struct kernel_price *best = NULL;
    for (int i = 0; i < choice->count; i++) {
        const struct kernel_price *price = &choice->price[i];
        if ((winograd || !price->kernel->winograd) && (!best || weight_of(price) < weight_of(best)))
            best = price;
    }
    return best;
}

static bool same_layouts(const struct node *node, const struct kernel *a, const struct kernel *b)
{
    bool same = true;
    for (int i = -1; i < node->input_count; i++)
        same = same && kernel_layout(a, node, i) == kernel_layout(b, node, i);
    return same;
}

/* The kernels that are worth a try; returns how many. */
static int worth_a_try(const struct node *node, const struct kernel *kernel[MOST_CANDIDATES])
{
    const struct kernel_choice *choice = node->choice;
    const struct kernel_price *best = cheapest(choice, true);
    int count = 0;
    for (int i = 0; i < choice->count; i++)
        if (choice->price[i].seconds <= WORTH_A_TRY * best->seconds &&
            same_layouts(node, choice->price[i].kernel, best->kernel))
            kernel[count++] = choice->price[i].kernel;
    return count;
}

bool choose_kernels_is_open(const struct node *node)
{
    const struct kernel *kernel[MOST_CANDIDATES];
    return node->choice && worth_a_try(node, kernel) > 1;
}

int choose_kernels_turns(const struct graph *graph)
{
    const struct kernel *kernel[MOST_CANDIDATES];
    int turns = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const int count = graph->node[n]->choice ? worth_a_try(graph->node[n], kernel) : 0;
        turns = count > turns ? count : turns;
    }
    return turns;
}

static void set_kernel(struct node *node, const struct kernel *kernel)
{
    node->kernel = kernel;
    for (int i = 0; i < node->output_count; i++)
        if (node->output[i])
            node->output[i]->layout = kernel_layout(kernel, node, -1);
}

/* What the weights may grow by: half of the model's, or a size that hardly matters. */
static int64_t growth_allowed(const struct graph *graph)
{
    const int64_t hardly = 64 << 20;
    int64_t bytes = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]))
            bytes += shape_size(graph->tensor[t]->shape) * (int64_t)type_size(graph->tensor[t]->type);
    return bytes / 2 > hardly ? bytes / 2 : hardly;
}

/* A node that uses Winograd's algorithm: what it adds to the weights, and saves for each byte of it. */
struct growth {
    struct node *node;
    const struct kernel *otherwise;
    int64_t bytes;
    double gain;
    int order;
};

static int compare_gains(const void *left, const void *right)
{
    const struct growth *a = left, *b = right;
    if (a->gain < b->gain || a->gain > b->gain)
        return a->gain < b->gain ? -1 : 1;
    return a->order - b->order;
}

/* Give up Winograd's algorithm where it gains least for the bytes that it adds, until the rest is allowed. */
static void limit_growth(const struct graph *graph)
{
    struct growth *growth = arena_array(graph->arena, (size_t)graph->node_count + 1, sizeof *growth);
    int64_t added = 0, allowed = growth_allowed(graph);
    int count = 0;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        if (!node->kernel->winograd)
            continue;
        const struct kernel_price *own = cheapest(node->choice, true), *otherwise = cheapest(node->choice, false);
        const int64_t bytes = node->kernel->added_weights(node);
        growth[count] = (struct growth){node, otherwise->kernel, bytes,
                                        (otherwise->seconds - own->seconds) / (double)bytes, count};
        count++;
        added += bytes;
    }
    qsort(growth, (size_t)count, sizeof *growth, compare_gains);
    for (int i = 0; i < count && added > allowed; i++) {
        set_kernel(growth[i].node, growth[i].otherwise);
        added -= growth[i].bytes;
    }
}

static noreturn void fail_without_kernel(const struct graph *graph, const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    const bool other = x && !type_is_wide(x->type);
    node_fail(node, "no kernel computes this combination of types, shapes and attributes (%s %s)%s", x ? type_name(x->type) : "",
              x ? shape_string(graph->arena, x->shape) : "", other ? "; cast its inputs to float32" : "");
}

void choose_kernels(struct graph *graph, const struct kernel_wish *wish)
{
    static const struct kernel_wish usual = {0};
    struct choosing c = {.graph = graph, .wish = wish ? wish : &usual};
    c.seconds = c.wish->seconds ? c.wish->seconds : rates_of_target(NULL);
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        weigh(&c, node);
        if (!node->choice->count)
            fail_without_kernel(graph, node);
        const struct kernel *kernel[MOST_CANDIDATES] = {cheapest(node->choice, true)->kernel};
        const int turns = c.wish->turn ? worth_a_try(node, kernel) : 1;
        set_kernel(node, kernel[c.wish->turn ? (c.wish->turn - 1) % turns : 0]);
    }
    if (!c.wish->turn)
        limit_growth(graph);
}
