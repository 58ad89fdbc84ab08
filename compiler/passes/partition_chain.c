/* partition_chain.c -- dynamic programming over ways of dividing: a start for the search that knows what moving data costs. */
/* SPDX-License-Identifier: MIT */
#include "partition_state.h"

#include "../operators/op.h"

#include <math.h>

enum { ROUNDS = 3 };

/* What moving data takes: on its way, and the processors. */
struct move_seconds {
    double travel, message;
};

/* A way to divide a node, and what its pieces read: of input i on device d, need[i * devices + d]. */
struct variant {
    struct division division;
    struct region *need;
    double compute;
    struct move_seconds outside; /* to exchange the graph's inputs and outputs */
};

struct chain {
    const struct search *s;
    const struct cost_model *model;
    double exposed;
    struct variant **variant;  /* [node * OPTIONS + option], NULL where it is not allowed */
    struct move_seconds *edge; /* [(node * OPTIONS + option) * OPTIONS + parent's option] */
    double *cost;              /* with all that hangs on it */
    int *parent;               /* the node that feeds it last; -1 */
    unsigned char *option;     /* of the round before */
};

static const double LINK_SHARE = 1;

static void add_seconds(struct move_seconds *sum, struct move_seconds one)
{
    sum->travel += one.travel;
    sum->message += one.message;
}

static double exposed_seconds(const struct chain *c, struct move_seconds moving)
{
    return c->exposed * moving.travel + moving.message;
}

/* Seconds until each device has what it `needs` and does not hold: the busiest way in or, from one device alone, out. */
static struct move_seconds moving_seconds(const struct chain *c, const struct tensor *tensor, const struct region need[],
                                          const struct region held[])
{
    double most = 0, sum = 0, message = 0;
    int holders = 0;
    for (int d = 0; d < c->s->cluster->count; d++) {
        holders += !region_is_empty(held[d]);
        const int64_t missing = region_size(need[d]) - region_size(region_intersect(need[d], held[d]));
        if (missing <= 0)
            continue;
        const double bytes = (double)(missing * (int64_t)type_size(tensor->type));
        const double seconds = bytes / c->model->rate[d ? 0 : c->s->cluster->count - 1][d] * LINK_SHARE;
        const double cost = 2 * (c->model->message_seconds[d] + bytes * c->model->byte_seconds[d]);
        sum += seconds;
        most = seconds > most ? seconds : most;
        message = cost > message ? cost : message;
    }
    if (!(sum > 0))
        return (struct move_seconds){0};
    const double travel = (holders > 1 && !c->model->cluster->network.shared ? most : sum) + c->model->latency[c->s->cluster->count - 1][0];
    return (struct move_seconds){travel, message};
}

static int output_number(const struct node *node, const struct tensor *tensor)
{
    int k = 0;
    while (node->output[k] != tensor)
        k++;
    return k;
}

/* Between a variant of a tensor's producer (NULL: device 0 has all) and one of its reader (NULL: device 0 wants all). */
static struct move_seconds edge_seconds(const struct chain *c, const struct tensor *tensor, const struct node *producer,
                                        const struct variant *from, int input, const struct variant *to)
{
    const int devices = c->s->cluster->count;
    struct region alone[MAX_DEVICES], held[MAX_DEVICES];
    for (int d = 0; d < devices; d++) {
        alone[d] = d ? (struct region){0} : region_whole(tensor->shape);
        held[d] = from ? piece_of_output(producer, output_number(producer, tensor), from->division.piece[d]) : alone[d];
    }
    return moving_seconds(c, tensor, to ? &to->need[input * devices] : alone, held);
}

static struct variant *variant_of(const struct chain *c, int n, int option)
{
    return c->variant[n * OPTIONS + option];
}

/* Between options of two nodes, over all tensors from one to the other. */
static struct move_seconds between(const struct chain *c, int from, int from_option, int to, int to_option)
{
    const struct node *producer = c->s->graph->node[from], *reader = c->s->graph->node[to];
    struct move_seconds sum = {0};
    for (int i = 0; i < reader->input_count; i++)
        if (reader->input[i] && c->s->goal->producer[reader->input[i]->id] == from)
            add_seconds(&sum, edge_seconds(c, reader->input[i], producer, variant_of(c, from, from_option), i,
                                           variant_of(c, to, to_option)));
    return sum;
}

static struct variant *new_variant(const struct chain *c, struct arena *arena, int n, int option, int count)
{
    const struct search *s = c->s;
    const struct node *node = s->graph->node[n];
    const int devices = s->cluster->count;
    struct variant *variant = arena_alloc(arena, sizeof *variant);
    struct choice cut;
    int axis;
    share_out(s, &cut, option, option == OPTION_SINGLE ? 1 : count);
    const enum way way = way_of(option, &axis);
    divide_node(node, way, axis, &cut.shares, &variant->division);
    variant->need = arena_array(arena, (size_t)(node->input_count * devices) + 1, sizeof *variant->need);
    for (int d = 0; d < devices; d++) {
        const struct work work = kernel_work(node, variant->division.piece[d]);
        const double seconds = cost_seconds(c->model, d, &work);
        variant->compute = seconds > variant->compute ? seconds : variant->compute;
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i] && !tensor_is_constant(node->input[i]))
                variant->need[i * devices + d] = piece_reads(node, i, variant->division.piece[d]);
    }
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && !tensor_is_constant(node->input[i]) && s->goal->producer[node->input[i]->id] < 0)
            add_seconds(&variant->outside, edge_seconds(c, node->input[i], NULL, NULL, i, variant));
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k] && graph_is_output(s->graph, node->output[k]))
            add_seconds(&variant->outside, edge_seconds(c, node->output[k], node, variant, 0, NULL));
    return variant;
}

static int parent_of(const struct chain *c, int n)
{
    const struct node *node = c->s->graph->node[n];
    int parent = -1;
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && c->s->goal->producer[node->input[i]->id] > parent)
            parent = c->s->goal->producer[node->input[i]->id];
    return parent;
}

static void list_variants(struct chain *c, struct arena *arena, int count)
{
    for (int n = 0; n < c->s->graph->node_count; n++)
        for (int option = 0; option < OPTIONS; option++) {
            if (!is_allowed(c->s, n, option))
                continue;
            c->variant[n * OPTIONS + option] = new_variant(c, arena, n, option, count);
            for (int other = 0; c->parent[n] >= 0 && other < OPTIONS; other++)
                if (variant_of(c, c->parent[n], other))
                    c->edge[(n * OPTIONS + option) * OPTIONS + other] = between(c, c->parent[n], other, n, option);
        }
}

/* The cheapest option of a node under one of its parent (-1: there is none). */
static int cheapest(const struct chain *c, int n, int parent_option, double *seconds)
{
    int best = OPTION_SINGLE;
    *seconds = INFINITY;
    for (int option = 0; option < OPTIONS; option++) {
        if (!variant_of(c, n, option))
            continue;
        double cost = c->cost[n * OPTIONS + option];
        if (parent_option >= 0)
            cost += exposed_seconds(c, c->edge[(n * OPTIONS + option) * OPTIONS + parent_option]);
        if (cost < *seconds) {
            *seconds = cost;
            best = option;
        }
    }
    return best;
}

/* What the branches that join at a node cost it, with what feeds them as it was. */
static void add_branches(struct chain *c, int n)
{
    const struct node *node = c->s->graph->node[n];
    for (int i = 0; i < node->input_count; i++) {
        const int from = node->input[i] ? c->s->goal->producer[node->input[i]->id] : -1;
        if (from < 0 || from == c->parent[n])
            continue;
        for (int option = 0; option < OPTIONS; option++)
            if (variant_of(c, n, option))
                c->cost[n * OPTIONS + option] +=
                    exposed_seconds(c, edge_seconds(c, node->input[i], c->s->graph->node[from],
                                                    variant_of(c, from, c->option[from]), i, variant_of(c, n, option)));
    }
}

static void run_round(struct chain *c, bool branches)
{
    const int nodes = c->s->graph->node_count;
    for (int i = 0; i < nodes * OPTIONS; i++)
        if (c->variant[i])
            c->cost[i] = c->variant[i]->compute + exposed_seconds(c, c->variant[i]->outside);
    for (int n = nodes - 1; n >= 0; n--) {
        if (branches)
            add_branches(c, n);
        for (int option = 0; c->parent[n] >= 0 && option < OPTIONS; option++) {
            double seconds;
            if (!variant_of(c, c->parent[n], option))
                continue;
            cheapest(c, n, option, &seconds);
            c->cost[c->parent[n] * OPTIONS + option] += seconds;
        }
    }
    for (int n = 0; n < nodes; n++) {
        double seconds;
        c->option[n] = (unsigned char)cheapest(c, n, c->parent[n] < 0 ? -1 : c->option[c->parent[n]], &seconds);
    }
}

void plant_chain(struct search *s, const struct cost_model *model, int count, const double exposed[], int times)
{
    struct arena arena = {0};
    const size_t nodes = (size_t)s->graph->node_count, cells = nodes * OPTIONS;
    struct chain c = {.s = s,
                      .model = model,
                      .variant = arena_array(&arena, cells, sizeof *c.variant),
                      .edge = arena_array(&arena, cells * OPTIONS, sizeof *c.edge),
                      .cost = arena_array(&arena, cells, sizeof *c.cost),
                      .parent = arena_array(&arena, nodes, sizeof *c.parent),
                      .option = arena_array(&arena, nodes, 1)};
    for (int n = 0; n < s->graph->node_count; n++)
        c.parent[n] = parent_of(&c, n);
    list_variants(&c, &arena, count);
    for (int i = 0; i < times; i++) {
        c.exposed = exposed[i];
        for (int round = 0; round < ROUNDS; round++)
            run_round(&c, round > 0);
        for (int n = 0; n < s->graph->node_count; n++) {
            share_out(s, &s->trial[n], c.option[n], c.option[n] == OPTION_SINGLE ? 1 : count);
            s->trial[n].follows = s->place[n].follows && !s->place[n].works && c.option[n] != OPTION_SINGLE;
        }
        take_all(s);
    }
    arena_free(&arena);
}
