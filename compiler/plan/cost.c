/* cost.c -- the linear cost model: seconds are a sum over kinds of work. */
/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include "../operators/op.h"
#include "rates.h"

/* A model that hardly multiplies says little about a device: it is at most this many times faster at direct convolutions
 * than its gmacs. */
static const double MOST_ABOVE = 8;

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

static void add_work(struct work *sum, struct work more)
{
    for (int k = 0; k < WORK_KINDS; k++)
        sum->amount[k] += more.amount[k];
}

/* Of one inference on one device. */
static struct work graph_work(const struct graph *graph, double *macs)
{
    struct work sum = {{0}};
    *macs = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const struct region whole = region_whole(graph->node[n]->output[0]->shape);
        add_work(&sum, kernel_work(graph->node[n], whole));
        *macs += (double)node_macs(graph->node[n], whole);
    }
    for (int i = 0; i < graph->input_count; i++)
        add_work(&sum, copy_work(graph->input[i]));
    for (int i = 0; i < graph->output_count; i++)
        add_work(&sum, copy_work(graph->output[i]));
    return sum;
}

struct work cost_graph_work(const struct graph *graph)
{
    double macs;
    return graph_work(graph, &macs);
}

double cost_graph_seconds(const struct cost_model *model, int device, const struct graph *graph)
{
    const struct work work = cost_graph_work(graph);
    return cost_seconds(model, device, &work);
}

static double assumed_gmacs(const struct cluster *cluster, const struct device *device)
{
    double fastest = 0;
    for (int d = 0; d < cluster->count; d++)
        if (cluster->device[d].speed > fastest)
            fastest = cluster->device[d].speed;
    return device->gmacs > 0 ? device->gmacs : ASSUMED_GMACS * device->speed / fastest;
}

/* By how much the machine of the table is faster. */
static double slowness(const double reference[WORK_KINDS], const struct work *work, double macs, double gmacs)
{
    const double seconds = rates_seconds(reference, work);
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
    double macs;
    const struct work work = graph_work(graph, &macs);
    *model = (struct cost_model){.cluster = cluster};
    make_links(model, cluster);
    for (int d = 0; d < cluster->count; d++) {
        const struct device *device = &cluster->device[d];
        const double *reference = rates_of_target(device->target);
        const double slow = device->measured ? 1 : slowness(reference, &work, macs, assumed_gmacs(cluster, device));
        for (int k = 0; k < WORK_KINDS; k++)
            model->seconds[d][k] = device->measured ? device->seconds[k] : slow * reference[k];
        model->message_seconds[d] = device->measured ? device->message_seconds : slow * rates_message_seconds;
        model->byte_seconds[d] = device->measured ? device->byte_seconds : slow * rates_byte_seconds;
    }
}
