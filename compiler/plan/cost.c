/* cost.c -- the cost model: what layers take by their kinds of work, and what messages take. */
/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include "../operators/op.h"
#include "rates.h"

#include <string.h>

/* A model that hardly multiplies says little about a device: it is at most this many times faster at direct convolutions
 * than its gmacs. */
static const double MOST_ABOVE = 8;

/* Waking the thread that sends takes so much of the time of sending a message and receiving one, by half: a system call either way, but
 * nothing to carry. Over the links of bench/phones. */
static const double TELLING = 0.4;

double cost_seconds(const struct cost_model *model, int device, const struct work *work)
{
    return rates_seconds(model->seconds[device], work);
}

static struct work copy_work(const struct tensor *tensor)
{
    struct work work = {{0}};
    const double size = (double)shape_size(tensor->shape);
    work.amount[WORK_VECTOR] = 2 * size;
    work.amount[WORK_ACTIVATIONS] = 2 * size * (double)type_size(tensor->type);
    return work;
}

double cost_copy_seconds(const struct cost_model *model, int device, const struct tensor *tensor)
{
    const struct work work = copy_work(tensor);
    return cost_seconds(model, device, &work);
}

/* Of node number `n`, or what follows them: copies of inputs and outputs. */
static struct work part_work(const struct graph *graph, int n)
{
    if (n < graph->node_count)
        return kernel_work(graph->node[n], region_whole(graph->node[n]->output[0]->shape));
    n -= graph->node_count;
    return copy_work(n < graph->input_count ? graph->input[n] : graph->output[n - graph->input_count]);
}

static int part_count(const struct graph *graph)
{
    return graph->node_count + graph->input_count + graph->output_count;
}

struct work cost_graph_work(const struct graph *graph)
{
    struct work sum = {{0}};
    for (int n = 0; n < part_count(graph); n++) {
        const struct work work = part_work(graph, n);
        for (int k = 0; k < WORK_KINDS; k++)
            sum.amount[k] += work.amount[k];
    }
    return sum;
}

static double graph_seconds(const struct graph *graph, const double seconds[WORK_KINDS])
{
    double sum = 0;
    for (int n = 0; n < part_count(graph); n++) {
        const struct work work = part_work(graph, n);
        sum += rates_seconds(seconds, &work);
    }
    return sum;
}

static double graph_macs(const struct graph *graph)
{
    double macs = 0;
    for (int n = 0; n < graph->node_count; n++)
        macs += (double)node_macs(graph->node[n], region_whole(graph->node[n]->output[0]->shape));
    return macs;
}

double cost_graph_seconds(const struct cost_model *model, int device, const struct graph *graph)
{
    return graph_seconds(graph, model->seconds[device]);
}

double cost_gmacs(const struct cluster *cluster, const struct device *device)
{
    double fastest = 0;
    for (int d = 0; d < cluster->count; d++)
        if (cluster->device[d].speed > fastest)
            fastest = cluster->device[d].speed;
    return device->gmacs > 0 ? device->gmacs : ASSUMED_GMACS * device->speed / fastest;
}

/* By how much the machine of the table is faster. */
static double slowness(const double reference[WORK_KINDS], double seconds, double macs, double gmacs)
{
    const double scale = seconds > 0 ? macs / (gmacs * 1e9) / seconds : 0;
    const double least = 1e-9 / (gmacs * MOST_ABOVE) / reference[WORK_DIRECT];
    return scale > least ? scale : least;
}

static double lesser_rate(double a, double b)
{
    return a > 0 && (!(b > 0) || a < b) ? a : b;
}

static void make_links(struct cost_model *model, const struct cluster *cluster)
{
    const struct network *network = &cluster->network;
    const double rate = network->rate > 0 ? network->rate : ASSUMED_RATE;
    const double latency = network->rate > 0 ? network->latency : ASSUMED_LATENCY;
    for (int from = 0; from < cluster->count; from++)
        for (int to = 0; to < cluster->count; to++) {
            model->latency[from][to] = latency;
            model->rate[from][to] =
                lesser_rate(lesser_rate(cluster->device[from].up, cluster->device[to].down), rate);
        }
    for (int i = 0; i < network->link_count; i++) {
        const struct link *link = &network->link[i];
        model->latency[link->from][link->to] = link->latency;
        model->rate[link->from][link->to] = link->rate;
    }
}

void cost_model_make(struct cost_model *model, const struct graph *graph, const struct cluster *cluster)
{
    const double macs = graph_macs(graph);
    *model = (struct cost_model){.cluster = cluster};
    make_links(model, cluster);
    const double *last = NULL;
    double alone = 0; /* seconds of the graph by that table */
    for (int d = 0; d < cluster->count; d++) {
        const struct device *device = &cluster->device[d];
        const double *reference = device->measured ? device->seconds : rates_of_target(device->target);
        const bool scaled = !device_keeps_rates(device);
        if (scaled && (!last || memcmp(reference, last, sizeof device->seconds)))
            alone = graph_seconds(graph, last = reference);
        const double slow = scaled ? slowness(reference, alone, macs, cost_gmacs(cluster, device)) : 1;
        for (int k = 0; k < WORK_KINDS; k++)
            model->seconds[d][k] = slow * reference[k];
        model->message_seconds[d] = slow * (device->measured ? device->message_seconds : rates_message_seconds);
        model->byte_seconds[d] = slow * (device->measured ? device->byte_seconds : rates_byte_seconds);
        model->pack_seconds[d] = 2 * model->seconds[d][WORK_ACTIVATIONS];
        model->tell_seconds[d] = TELLING * model->message_seconds[d];
    }
}
