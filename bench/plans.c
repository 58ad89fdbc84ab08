/* plans.c -- what the planner foretells: speed-ups over one device of all ways of dividing, for many clusters and links.
 *
 * plans [-n "2 3 4"] [-g "2 10"] [-r "200"] [-d "2"] [-u 4,2,1] [-P FILE.xml] [-s] [-z KIND] [-e EFFORT] [-f] [-l] MODEL.onnx...
 *
 * Numbers of devices, GMAC/s of the fastest, Mbit/s and milliseconds of its link, in all combinations; -u relative speeds
 * instead of -n; -P all devices in the proportions of device 0 of a cluster file, as mednn-probe writes it; -s one medium that all
 * share; -z what if that kind of work took no time; -e how long to search; -f how many more come out in a second instead of how much
 * sooner; -l what every device does at every layer, and where its time goes. Prints CSV, with the processor seconds that planning took. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "backend/cluster_file.h"
#include "frontend/import.h"
#include "kernels/kernel.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "plan/cost.h"
#include "support/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_VALUES = 16 };

struct values {
    int count;
    double value[MOST_VALUES];
};

struct wish {
    struct values devices, gmacs, mbit, delay;
    const char *speeds, *probed, *free_kind;
    struct device like; /* of which all devices have the rates, where `probed` */
    bool shared, layers, throughput;
    double effort;
    int argc;
    char **argv;
};

static struct values values_of(const char *text)
{
    struct values values = {0};
    char *end;
    for (double value = strtod(text, &end); end != text && values.count < MOST_VALUES; value = strtod(text, &end)) {
        values.value[values.count++] = value;
        text = end;
    }
    return values;
}

static struct graph *graph_of(struct arena *arena, const struct wish *wish, const char *path)
{
    const struct import_options options = {.open_dim = 1};
    static void (*const pass[])(struct graph *) = {upgrade, infer_shapes, fold_constants, simplify, fold_scales,
                                                   widen, split_pools, fuse};
    struct graph *graph = import_model(arena, path, &options);
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
        pass[i](graph);
    choose_kernels(graph, &(struct kernel_wish){.seconds = wish->probed ? wish->like.seconds : NULL});
    choose_layouts(graph);
    return graph;
}

static double milliseconds_at(const struct plan *plan, const struct node *node, int device, enum span_kind kind)
{
    double sum = 0;
    for (int i = 0; i < plan->forecast.span_count; i++) {
        const struct span *span = &plan->forecast.span[i];
        if (span->device == device && span->kind == kind && span->node == node)
            sum += span->end - span->begin;
    }
    return 1e3 * sum;
}

/* The box in which a device's part of a node lies, where it differs from the whole: "rows 0:12". */
static void print_piece(struct arena *arena, const struct plan *plan, const struct node *node, int device)
{
    const struct region_list *own = plan_own(plan, node->output[0], device);
    const struct region whole = region_whole(node->output[0]->shape);
    if (!own->count) {
        printf(" -");
        return;
    }
    const char *separator = " ";
    for (int i = 0; i < own->count; i++) {
        bool all = true;
        printf("%s", separator);
        for (int a = 0; a < whole.rank; a++) {
            const struct range range = own->item[i].axis[a];
            if (range.begin == 0 && range.end == whole.axis[a].end)
                continue;
            printf("%s%d:%lld-%lld", all ? "" : ",", a, (long long)range.begin, (long long)range.end);
            all = false;
        }
        printf("%s", all ? "all" : "");
        separator = "+";
    }
    (void)arena;
}

static void print_layers(struct arena *arena, const struct plan *plan)
{
    const int devices = plan->cluster->count;
    for (int n = -1; n < plan->graph->node_count; n++) {
        const struct node *node = n < 0 ? NULL : plan->graph->node[n];
        printf("# %-28.28s", node ? node->name : "(inputs, outputs)");
        if (node) {
            const struct shape shape = node->output[0]->shape;
            printf(" %-16s", node->kernel->name);
            for (int a = 0; a < shape.rank; a++)
                printf("%s%lld", a ? "x" : "", (long long)shape.dim[a]);
        }
        for (int d = 0; d < devices; d++) {
            printf(" |");
            if (node)
                print_piece(arena, plan, node, d);
            const double compute = milliseconds_at(plan, node, d, SPAN_COMPUTE);
            const double wait = milliseconds_at(plan, node, d, SPAN_WAIT), message = milliseconds_at(plan, node, d, SPAN_MESSAGE);
            printf("%s %.2f", node && n >= 0 && plan->divide[n * devices + d] ? plan->joined[n * devices + d] ? " /-" : " /" : "", compute);
            if (wait > 0.005)
                printf(" w%.2f", wait);
            if (message > 0.005)
                printf(" m%.2f", message);
        }
        printf("\n");
    }
}

static void print_shares(const struct plan *plan)
{
    const struct forecast *forecast = &plan->forecast;
    printf("# ms %.2f, %.2f MB, %d messages;", 1e3 * forecast->seconds, 1e-6 * forecast->bytes, forecast->messages);
    for (int d = 0; d < plan->cluster->count; d++)
        printf(" [%d compute %.2f wait %.2f message %.2f idle at the end %.2f]", d, 1e3 * forecast->compute[d], 1e3 * forecast->wait[d],
               1e3 * forecast->message[d],
               1e3 * (forecast->seconds - forecast->compute[d] - forecast->wait[d] - forecast->message[d]));
    printf("\n");
}

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void make_cluster(struct arena *arena, const struct wish *wish, const double setting[4], struct cluster *cluster)
{
    cluster_parse(arena, wish->speeds ? wish->speeds : arena_printf(arena, "%d", (int)setting[0]), cluster);
    double fastest = 0;
    for (int d = 0; d < cluster->count; d++)
        fastest = cluster->device[d].speed > fastest ? cluster->device[d].speed : fastest;
    for (int d = 0; d < cluster->count; d++) {
        struct device *device = &cluster->device[d];
        const double speed = device->speed;
        if (wish->probed)
            *device = wish->like;
        device->speed = speed;
        device->gmacs = setting[1] * speed / fastest;
    }
    cluster->network = (struct network){.latency = setting[3] * 1e-3, .rate = setting[2] * 1e6 / 8, .shared = wish->shared};
}

/* What would be if a kind of work took no time (or "message": the processor time of messages)? The rest stays as it is. */
static void take_away(const struct graph *graph, const char *kind, struct cluster *cluster)
{
    static struct cost_model model;
    cost_model_make(&model, graph, cluster);
    for (int d = 0; d < cluster->count; d++) {
        struct device *device = &cluster->device[d];
        device->measured = true;
        device->gmacs = 0;
        device->message_seconds = strcmp(kind, "message") ? model.message_seconds[d] : 0;
        device->byte_seconds = strcmp(kind, "message") ? model.byte_seconds[d] : 0;
        for (int k = 0; k < WORK_KINDS; k++)
            device->seconds[k] = strcmp(kind, work_name((enum work_kind)k)) ? model.seconds[d][k] : 0;
    }
}

/* One inference on the fastest device alone: the owner or another one. */
static double best_alone(const struct graph *graph, const struct cluster *cluster)
{
    static struct cost_model model;
    cost_model_make(&model, graph, cluster);
    double best = 0;
    for (int d = 0; d < cluster->count; d++) {
        const double seconds = cost_graph_seconds(&model, d, graph);
        best = d && best < seconds ? best : seconds;
    }
    return best;
}

static void print_setting(struct graph *graph, const char *name, const struct wish *wish, const double setting[4])
{
    static struct cluster cluster;
    struct plan plan;
    make_cluster(graph->arena, wish, setting, &cluster);
    if (wish->free_kind)
        take_away(graph, wish->free_kind, &cluster);
    const double begin = processor_seconds(), alone = best_alone(graph, &cluster);
    partition(graph, &cluster, (struct partition_wish){.mode = PARTITION_AUTO, .effort = wish->effort, .throughput = wish->throughput}, &plan);
    const double seconds = processor_seconds() - begin;
    printf("%s,%s,%g,%g,%g", name, wish->speeds ? wish->speeds : "", setting[1], setting[2], setting[3]);
    static const enum partition mode[] = {PARTITION_ROWS, PARTITION_GTDP, PARTITION_STAR, PARTITION_AUTO};
    int working = 0;
    for (int d = 0; d < cluster.count; d++)
        working += plan.forecast.compute[d] > 0;
    printf(",%d,%d", cluster.count, working);
    for (size_t i = 0; i < sizeof mode / sizeof *mode; i++)
        printf(",%.3f", alone / plan.comparison.seconds[mode[i]]);
    printf(",%.2f\n", seconds);
    if (wish->layers) {
        print_layers(graph->arena, &plan);
        print_shares(&plan);
    }
    fflush(stdout);
}

static void print_model(const struct wish *wish, const char *path)
{
    struct arena arena = {0};
    struct graph *graph = graph_of(&arena, wish, path);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const int counts = wish->speeds ? 1 : wish->devices.count;
    for (int g = 0; g < wish->gmacs.count; g++)
        for (int r = 0; r < wish->mbit.count; r++)
            for (int d = 0; d < wish->delay.count; d++)
                for (int n = 0; n < counts; n++) {
                    const double setting[] = {wish->devices.value[n], wish->gmacs.value[g], wish->mbit.value[r], wish->delay.value[d]};
                    print_setting(graph, arena_printf(&arena, "%.*s", (int)strcspn(name, "."), name), wish, setting);
                }
    arena_free(&arena);
}

static void see_probed(struct wish *wish)
{
    static struct cluster cluster;
    static struct arena arena;
    if (!wish->probed)
        return;
    cluster_file_read(&arena, wish->probed, &cluster);
    wish->like = cluster.device[0];
    if (!wish->like.measured)
        fail("%s: device 0 has no <rates>", wish->probed);
}

static void run(void *data)
{
    struct wish *wish = data;
    for (int option; (option = getopt(wish->argc, wish->argv, "n:g:r:d:u:P:sz:e:fl")) != -1;)
        switch (option) {
        case 'n':
            wish->devices = values_of(optarg);
            break;
        case 'g':
            wish->gmacs = values_of(optarg);
            break;
        case 'r':
            wish->mbit = values_of(optarg);
            break;
        case 'd':
            wish->delay = values_of(optarg);
            break;
        case 'u':
            wish->speeds = optarg;
            break;
        case 'P':
            wish->probed = optarg;
            break;
        case 's':
            wish->shared = true;
            break;
        case 'z':
            wish->free_kind = optarg;
            break;
        case 'e':
            wish->effort = strtod(optarg, NULL);
            break;
        case 'f':
            wish->throughput = true;
            break;
        case 'l':
            wish->layers = true;
            break;
        default:
            fail("usage: plans [-n COUNTS] [-g GMACS] [-r MBIT] [-d MS] [-u SPEEDS] [-P FILE] [-s] [-z KIND] [-e EFFORT] [-f] [-l] MODEL.onnx...");
        }
    see_probed(wish);
    printf("model,speeds,gmacs,mbit,ms,devices,working,rows,gtdp,star,auto,planning_s\n");
    for (int i = optind; i < wish->argc; i++)
        print_model(wish, wish->argv[i]);
}

int main(int argc, char **argv)
{
    struct wish wish = {.devices = values_of("2 3 4"), .gmacs = values_of("10"), .mbit = values_of("200"), .delay = values_of("2"),
                        .argc = argc, .argv = argv};
    return fail_catch(run, &wish);
}
