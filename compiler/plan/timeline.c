/* timeline.c -- the simulation itself: devices, messages, time. */
/* SPDX-License-Identifier: MIT */
#include "timeline.h"

#include "timeline_state.h"

#include <stdlib.h>
#include <string.h>

/* Of plans that are equally good when inputs keep coming, the one whose inferences take less time is better: what it counts. */
static const double PART_OF_LATENCY = 1e-3;

struct simulation {
    struct timeline *t;
    const struct cost_model *model;
    struct forecast *forecast; /* or NULL */
    struct arena *trace;       /* of spans, or NULL */
    const struct node *node;   /* what spans are about */
    double now[MAX_DEVICES], up[MAX_DEVICES], down[MAX_DEVICES], medium;
    double way[MAX_DEVICES]; /* up, when these frames began to leave */
    double carrier[MAX_DEVICES]; /* when the thread that sends and receives has nothing to do any more */
    /* Seconds of work: devices, their carriers, ways, the medium. */
    double busy[MAX_DEVICES], carried[MAX_DEVICES], sends[MAX_DEVICES], receives[MAX_DEVICES], carries;
    double *first, *arrival, *unpack; /* the timeline's, as the next two */
    struct frame *frame;
    int *frame_of, frame_count;
    bool told[MAX_DEVICES]; /* the carrier, of frames that leave now */
    int waiting[MAX_DEVICES], done[MAX_DEVICES]; /* the first node whose interior is not computed yet; how many boxes of it are */
};

static void pass(struct simulation *s, int device, enum span_kind kind, double seconds)
{
    struct forecast *forecast = s->forecast;
    const double begin = s->now[device];
    if (!(seconds > 0))
        return;
    s->now[device] += seconds;
    if (kind != SPAN_WAIT)
        s->busy[device] += seconds;
    if (!forecast)
        return;
    double *sum = kind == SPAN_COMPUTE ? forecast->compute : kind == SPAN_WAIT ? forecast->wait : forecast->message;
    sum[device] += seconds;
    if (s->trace)
        *arena_append(s->trace, forecast->span, forecast->span_count, forecast->span_capacity) =
            (struct span){device, kind, s->node, begin, s->now[device]};
}

/* ---- messages ---- */

/* What travels in parts is as many messages. */
static void add_frame(struct simulation *s, int from, int to, double bytes, int parts)
{
    int *index = &s->frame_of[from * s->t->devices + to];
    if (!*index) {
        s->frame[s->frame_count++] = (struct frame){.from = from, .to = to};
        *index = s->frame_count;
    }
    struct frame *frame = &s->frame[*index - 1];
    frame->bytes += bytes;
    frame->messages = parts > frame->messages ? parts : frame->messages;
}

static int compare_frames(const void *left, const void *right)
{
    const struct frame *a = left, *b = right;
    if (a->ready < b->ready || a->ready > b->ready)
        return a->ready < b->ready ? -1 : 1;
    return a->from != b->from ? a->from - b->from : a->to - b->to;
}

static int compare_sizes(const void *left, const void *right)
{
    const struct frame *a = left, *b = right;
    if (a->from != b->from)
        return a->from - b->from;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes ? 1 : a->to - b->to;
}

/* Frames for several peers leave together. Connections share the way up fairly once they have found out how fast it is, which takes a
 * latency or so: of long frames all arrive late, short ones go one by one. */
static void share_ways(struct simulation *s)
{
    qsort(s->frame, (size_t)s->frame_count, sizeof *s->frame, compare_sizes);
    for (int first = 0, last; first < s->frame_count; first = last) {
        double smaller = 0;
        for (last = first; last < s->frame_count && s->frame[last].from == s->frame[first].from;)
            last++;
        for (int i = first; i < last; i++) {
            struct frame *frame = &s->frame[i];
            const double seconds = frame->bytes / s->model->rate[frame->from][frame->to];
            const double fair = seconds / (seconds + s->model->latency[frame->from][frame->to]);
            frame->shared = smaller + fair * seconds * (last - i - 1);
            smaller += seconds;
        }
    }
}

/* When the frame has arrived. It flows through: the way down begins to fill a latency after the way up. */
static double travel(struct simulation *s, const struct frame *frame)
{
    const double latency = s->model->latency[frame->from][frame->to];
    const double seconds = frame->bytes / s->model->rate[frame->from][frame->to];
    s->carries += seconds;
    s->sends[frame->from] += seconds;
    s->receives[frame->to] += seconds;
    if (s->model->cluster->network.shared) {
        const double begin = frame->ready > s->medium ? frame->ready : s->medium;
        s->medium = begin + seconds;
        return s->medium + latency;
    }
    double *up = &s->up[frame->from], *down = &s->down[frame->to];
    const double begin = frame->ready > s->way[frame->from] ? frame->ready : s->way[frame->from];
    const double end = begin + frame->shared + seconds;
    *up = end > *up ? end : *up;
    const double first = begin + latency > *down ? begin + latency : *down;
    *down = first + seconds > end + latency ? first + seconds : end + latency;
    return *down;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* What the carrier at one end has to do for a frame. */
static double carrier_seconds(struct simulation *s, const struct frame *frame, int device)
{
    const double seconds = frame->messages * s->model->message_seconds[device] + frame->bytes * s->model->byte_seconds[device];
    s->carried[device] += seconds;
    return seconds;
}

/* When the frame leaves that is ready at `ready`: its time passes while it does. */
static double carry_out(struct simulation *s, const struct frame *frame, double ready)
{
    const double begin = larger(ready, s->carrier[frame->from]);
    s->carrier[frame->from] = begin + carrier_seconds(s, frame, frame->from);
    return begin;
}

/* When the program has the frame whose last part arrives at `arrival`. */
static double carry_in(struct simulation *s, const struct frame *frame, double arrival)
{
    const double parts = frame->messages, seconds = carrier_seconds(s, frame, frame->to);
    const double travels = frame->bytes / s->model->rate[frame->from][frame->to];
    const double begin = larger(arrival - travels * (parts - 1) / parts, s->carrier[frame->to]);
    return s->carrier[frame->to] = larger(begin + seconds, arrival + seconds / parts);
}

/* Every sender packs its frames, one after the other, tells its carrier, and goes on. A frame leaves when it, or its first part, is
 * packed and the carrier comes to it; those of one message each leave together. */
static void pack_frames(struct simulation *s)
{
    for (int i = 0; i < s->frame_count; i++) {
        struct frame *frame = &s->frame[i];
        const int from = frame->from;
        const double parts = frame->messages, tell = s->told[from] && parts == 1 ? 0 : s->model->tell_seconds[from];
        const double cost = frame->bytes * s->model->pack_seconds[from] + parts * tell;
        s->told[from] = true;
        pass(s, from, SPAN_MESSAGE, cost);
        frame->ready = s->now[from] - cost * (parts - 1) / parts;
    }
    for (int i = 0; i < s->frame_count; i++) {
        struct frame *frame = &s->frame[i];
        frame->ready = carry_out(s, frame, frame->messages == 1 ? s->now[frame->from] : frame->ready);
        s->told[frame->from] = false;
    }
}

/* Let the frames travel, and note when each tensor is where it is wanted: with the last frame that brings some of it. */
static void send_frames(struct simulation *s, struct tensor *const *tensor, int tensors)
{
    const int devices = s->t->devices;
    share_ways(s);
    pack_frames(s);
    memcpy(s->way, s->up, (size_t)devices * sizeof *s->way);
    qsort(s->frame, (size_t)s->frame_count, sizeof *s->frame, compare_frames);
    for (int i = 0; i < s->frame_count; i++) {
        const struct frame *frame = &s->frame[i];
        const double arrival = carry_in(s, frame, travel(s, frame));
        const double cost = frame->bytes * s->model->pack_seconds[frame->to];
        for (int k = 0; k < tensors; k++) {
            if (!tensor[k])
                continue;
            const int at = tensor[k]->id * devices + frame->to;
            const double rest = frame->bytes / s->model->rate[frame->from][frame->to];
            const int parts = deliveries_of(s->t, tensor[k])->parts;
            const double first = arrival - rest * (parts - 1) / parts;
            if (arrival > s->arrival[at])
                s->arrival[at] = arrival;
            if (first > s->first[at])
                s->first[at] = first;
            s->unpack[at] += k ? 0 : cost;
        }
        s->frame_of[frame->from * devices + frame->to] = 0;
        if (s->forecast) {
            s->forecast->bytes += frame->bytes;
            s->forecast->messages += frame->messages;
        }
    }
    s->frame_count = 0;
}

static void receive(struct simulation *s, int device, double arrival, double unpack)
{
    if (arrival > s->now[device])
        pass(s, device, SPAN_WAIT, arrival - s->now[device]);
    pass(s, device, SPAN_MESSAGE, unpack);
}

static void receive_tensor(struct simulation *s, const struct tensor *tensor, int device)
{
    const int at = tensor->id * s->t->devices + device;
    receive(s, device, s->arrival[at], s->unpack[at]);
    s->unpack[at] = 0;
}

static bool is_sent(const struct timeline *t, const struct tensor *tensor)
{
    return tensor && deliveries_of(t, tensor)->count > 0;
}

/* What devices compute goes to those that need it, or, where everything passes through device 0, to that one first. */
static void exchange(struct simulation *s, struct tensor *const *tensor, int count)
{
    for (int k = 0; k < count; k++) {
        if (!is_sent(s->t, tensor[k]))
            continue;
        const struct deliveries *list = deliveries_of(s->t, tensor[k]);
        for (int i = 0; i < list->count; i++) {
            const struct delivery *item = &list->item[i];
            add_frame(s, item->from, s->t->rules.relay && item->from ? 0 : item->to, item->bytes, list->parts);
        }
    }
    if (!s->frame_count)
        return;
    send_frames(s, tensor, count);
    for (int k = 0; k < count && s->t->rules.no_overlap; k++)
        for (int d = 0; tensor[k] && d < s->t->devices; d++)
            receive_tensor(s, tensor[k], d);
}

/* Device 0 hands out what others need of others, once it has come in. */
static void relay(struct simulation *s, struct tensor *const *tensor, int count)
{
    for (int k = 0; k < count; k++) {
        if (!is_sent(s->t, tensor[k]))
            continue;
        const struct deliveries *list = deliveries_of(s->t, tensor[k]);
        bool any = false;
        for (int i = 0; i < list->count; i++)
            any |= list->item[i].from && list->item[i].to;
        if (!any)
            continue;
        receive_tensor(s, tensor[k], 0);
        for (int i = 0; i < list->count; i++)
            if (list->item[i].from && list->item[i].to)
                add_frame(s, 0, list->item[i].to, list->item[i].bytes, list->parts);
        send_frames(s, &tensor[k], 1);
    }
}

/* ---- nodes ---- */

/* Boxes of the interior while what is awaited has not come; returns how many were done. */
static int compute_early(struct simulation *s, int device, const struct phase_times *times, double arrival)
{
    int done = 0;
    while (done < times->interior_count && s->now[device] < arrival)
        pass(s, device, SPAN_COMPUTE, times->interior[done++]);
    return done;
}

/* What the node waits for: when all of it has come, when the first parts have, and in how many parts it comes. */
struct awaited {
    double first, arrival;
    int parts;
};

static bool awaits_input(const struct simulation *s, const struct phase_times *times, int input)
{
    const int bit = input < 63 ? input : 63;
    return times->awaits >> bit & 1 && s->node->input[input] && !tensor_is_constant(s->node->input[input]);
}

static struct awaited awaited_of(const struct simulation *s, const struct phase_times *times, int device)
{
    struct awaited awaited = {.parts = times->awaits ? PHASES_MOST_PARTS : 1};
    for (int i = 0; i < s->node->input_count && times->awaits; i++) {
        if (!awaits_input(s, times, i))
            continue;
        const struct tensor *tensor = s->node->input[i];
        const int at = tensor->id * s->t->devices + device, parts = deliveries_of(s->t, tensor)->parts;
        awaited.first = s->first[at] > awaited.first ? s->first[at] : awaited.first;
        awaited.arrival = s->arrival[at] > awaited.arrival ? s->arrival[at] : awaited.arrival;
        awaited.parts = parts < awaited.parts ? parts : awaited.parts;
    }
    return awaited;
}

/* Each part makes as much of the urgent boxes possible; the last one comes with the whole. Returns how many boxes of the
 * interior were done. */
static int compute_urgent(struct simulation *s, int n, int device)
{
    const struct phase_times *times = times_of(s->t, n, device);
    const struct awaited awaited = awaited_of(s, times, device);
    const bool divides = times->divided || (times->awaits && times->interior_count &&
                                            timeline_dividing_pays(times, awaited.first - s->now[device]));
    const int done = divides ? compute_early(s, device, times, awaited.first) : 0;
    const double urgent = divides ? times->urgent : times->whole;
    s->t->divides[n * s->t->devices + device] = divides;
    receive(s, device, awaited.first, 0);
    for (int i = 0; i < s->node->input_count && times->awaits; i++)
        if (awaits_input(s, times, i)) {
            const int at = s->node->input[i]->id * s->t->devices + device;
            pass(s, device, SPAN_MESSAGE, s->unpack[at]);
            s->unpack[at] = 0;
        }
    const double last = urgent / awaited.parts;
    pass(s, device, SPAN_COMPUTE, urgent - last);
    receive(s, device, awaited.arrival, 0);
    pass(s, device, SPAN_COMPUTE, last);
    return done;
}

/* What is left of the interiors that have waited for node number `n`, and of its own. */
static void compute_late(struct simulation *s, int n, int device)
{
    if (timeline_joined(s->t, n, device))
        return;
    for (int waited = s->waiting[device]; waited <= n; waited++) {
        const struct phase_times *times = times_of(s->t, waited, device);
        s->node = s->t->graph->node[waited];
        for (int i = waited == s->waiting[device] ? s->done[device] : 0; timeline_divides(s->t, waited, device) && i < times->interior_count; i++)
            pass(s, device, SPAN_COMPUTE, times->interior[i]);
    }
    s->waiting[device] = n + 1;
}

static void run_node(struct simulation *s, int n)
{
    const int devices = s->t->devices;
    s->node = s->t->graph->node[n];
    for (int d = 0; d < devices; d++) {
        const int done = compute_urgent(s, n, d);
        if (s->waiting[d] == n)
            s->done[d] = done;
    }
    exchange(s, s->node->output, s->node->output_count);
    for (int d = 0; d < devices; d++)
        compute_late(s, n, d);
    s->node = s->t->graph->node[n];
    if (s->t->rules.relay)
        relay(s, s->node->output, s->node->output_count);
}

/* One inference; returns when its outputs are there. */
static double run_inference(struct simulation *s)
{
    const struct graph *graph = s->t->graph;
    const size_t cells = (size_t)graph->tensor_count * (size_t)s->t->devices;
    memset(s->first, 0, cells * sizeof *s->first);
    memset(s->arrival, 0, cells * sizeof *s->arrival);
    memset(s->unpack, 0, cells * sizeof *s->unpack);
    s->node = NULL;
    for (int i = 0; i < graph->input_count; i++)
        pass(s, 0, SPAN_COMPUTE, cost_copy_seconds(s->model, 0, graph->input[i]));
    exchange(s, graph->input, graph->input_count);
    for (int n = 0; n < graph->node_count; n++)
        run_node(s, n);
    s->node = NULL;
    for (int i = 0; i < graph->output_count; i++) {
        receive_tensor(s, graph->output[i], 0);
        pass(s, 0, SPAN_COMPUTE, cost_copy_seconds(s->model, 0, graph->output[i]));
    }
    return s->now[0];
}

/* Seconds between outputs when there are always inferences to go on with: what the busiest device or way has to do for one. */
static double interval_of(const struct simulation *s)
{
    const bool shared = s->model->cluster->network.shared;
    double most = shared ? s->carries : 0;
    for (int d = 0; d < s->t->devices; d++) {
        most = larger(most, larger(s->busy[d], s->carried[d]));
        if (!shared)
            most = larger(most, larger(s->sends[d], s->receives[d]));
    }
    return most;
}

double timeline_run(struct timeline *timeline, bool throughput, struct forecast *forecast, struct arena *arena)
{
    timeline_settle(timeline);
    struct simulation s = {.t = timeline,
                           .model = timeline->model,
                           .first = timeline->first,
                           .arrival = timeline->arrival,
                           .unpack = timeline->unpack,
                           .frame = timeline->frame,
                           .frame_of = timeline->frame_of};
    if (forecast) {
        *forecast = (struct forecast){0};
        s.forecast = forecast;
        s.trace = arena;
    }
    const double seconds = run_inference(&s), interval = interval_of(&s);
    if (forecast) {
        forecast->seconds = seconds;
        forecast->interval = interval;
    }
    return throughput ? interval + PART_OF_LATENCY * seconds : seconds;
}
