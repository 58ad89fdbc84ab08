/* schedule.c -- the one order of steps. */
/* SPDX-License-Identifier: MIT */
#include "../plan/bands.h"
#include "../plan/phases.h"
#include "passes.h"

#include <assert.h>
#include <stdlib.h>

/* A wire buffer is free again when its device sends something so many exchanges later, or after so many bytes, which leaves the
 * frame time to travel. */
enum { EXCHANGES_UNTIL_FLUSH = 12, BYTES_UNTIL_FLUSH = 2 << 20 };

struct scheduler {
    struct arena *arena;
    const struct plan *plan;
    struct program *program;
    int devices;
    struct region_list **interior; /* [node index]: by device, once the node is scheduled; NULL where it is not divided */
    int waiting[MAX_DEVICES];      /* the first node whose interior waits until nodes joined to it have sent, or -1 */
};

static int add_step(struct scheduler *s, struct step step)
{
    struct program *program = s->program;
    *arena_append(s->arena, program->step, program->step_count, program->step_capacity) = step;
    return program->step_count - 1;
}

/* ---- messages ---- */

/* The message of an exchange to or from a peer: the last ones of the list are those of the newest exchange. */
static struct message *message_to(struct scheduler *s, int device, int exchange, int peer, bool sending)
{
    struct program *program = s->program;
    for (int i = program->message_count[device] - 1; i >= 0; i--) {
        struct message *message = &program->message[device][i];
        if (message->exchange != exchange)
            break;
        if (message->peer == peer && message->sending == sending)
            return message;
    }
    int count = program->message_count[device]++;
    struct message *list = program->message[device];
    if (count % 16 == 0)
        list = arena_grow(s->arena, list, (size_t)count, (size_t)count + 16, sizeof *list);
    program->message[device] = list;
    list[count] = (struct message){
        .exchange = exchange, .peer = peer, .sending = sending, .first_step = program->step_count, .last_step = -1};
    return &list[count];
}

static void add_to_message(struct scheduler *s, struct message *message, int transfer)
{
    int count = message->transfer_count++;
    if (count % 4 == 0)
        message->transfer =
            arena_grow(s->arena, message->transfer, (size_t)count, (size_t)count + 4, sizeof *message->transfer);
    message->transfer[count] = transfer;
    const struct transfer *moved = &s->program->transfer[transfer];
    const int64_t elements = region_size(moved->region);
    const int64_t end = message->bytes + elements * (int64_t)type_size(moved->tensor->type);
    message->buffer_bytes = end > message->buffer_bytes ? end : message->buffer_bytes;
    message->bytes += plan_wire_bytes(s->plan, moved->tensor, elements);
}

/* A device that sends again waits for its frames of long ago. */
static void end_old_sends(struct scheduler *s, int device, int exchange)
{
    struct program *program = s->program;
    int exchanges = 0, last = exchange;
    int64_t bytes = 0, bytes_of_last = 0;
    for (int i = program->message_count[device] - 1; i >= 0; i--) {
        struct message *message = &program->message[device][i];
        if (!message->sending || message->exchange == exchange)
            continue;
        if (message->last_step >= 0)
            break;
        if (message->exchange != last) {
            exchanges++;
            bytes += bytes_of_last;
            bytes_of_last = 0;
            last = message->exchange;
        }
        bytes_of_last += message->bytes;
        if (exchanges >= EXCHANGES_UNTIL_FLUSH || bytes >= BYTES_UNTIL_FLUSH)
            message->last_step = program->step_count;
    }
}

static bool sends_in(const struct program *program, int device, int exchange)
{
    for (int i = program->message_count[device] - 1; i >= 0; i--) {
        if (program->message[device][i].exchange != exchange)
            return false;
        if (program->message[device][i].sending)
            return true;
    }
    return false;
}

/* ---- exchanges ---- */

static bool is_among(struct tensor *const *tensor, int count, const struct tensor *wanted)
{
    for (int i = 0; i < count; i++)
        if (tensor[i] == wanted)
            return true;
    return false;
}

enum { EVERYBODY = -1 };

/* One exchange of a part of the tensors' transfers to a device, or to everybody, if there are any; -1 otherwise. */
static int send_part(struct scheduler *s, struct tensor *const *tensor, int count, bool relayed, int to, int part, int parts)
{
    struct program *program = s->program;
    const int e = program->exchange_count, first = program->transfer_count;
    for (int i = 0; i < s->plan->transfer_count; i++) {
        struct transfer transfer = s->plan->transfer[i];
        if (transfer.relayed != relayed || (to != EVERYBODY && transfer.to != to) || !is_among(tensor, count, transfer.tensor))
            continue;
        transfer.region = phases_part(transfer.region, part, parts);
        if (region_is_empty(transfer.region))
            continue;
        const int t = program->transfer_count;
        *arena_append(s->arena, program->transfer, program->transfer_count, program->transfer_capacity) = transfer;
        add_to_message(s, message_to(s, transfer.from, e, transfer.to, true), t);
        add_to_message(s, message_to(s, transfer.to, e, transfer.from, false), t);
    }
    if (program->transfer_count == first)
        return -1;
    *arena_append(s->arena, program->exchange, program->exchange_count, program->exchange_capacity) =
        (struct exchange){first, program->transfer_count - first, part, parts};
    for (int d = 0; d < s->devices; d++)
        if (sends_in(program, d, e))
            end_old_sends(s, d, e);
    add_step(s, (struct step){.kind = STEP_SEND, .exchange = e});
    return e;
}

static bool carries(const struct program *program, const struct message *message, const struct tensor *tensor)
{
    for (int i = 0; i < message->transfer_count; i++)
        if (program->transfer[message->transfer[i]].tensor == tensor)
            return true;
    return false;
}

/* Messages that are still to be received, marked for a RECEIVE step that follows. */
enum { UNPLACED = -1, WANTED = -2 };

static void want_tensor(struct scheduler *s, int device, const struct tensor *tensor)
{
    struct program *program = s->program;
    for (int i = 0; i < program->message_count[device]; i++) {
        struct message *message = &program->message[device][i];
        if (!message->sending && message->last_step == UNPLACED && carries(program, message, tensor))
            message->last_step = WANTED;
    }
}

static void want_exchange(struct scheduler *s, int exchange)
{
    for (int d = 0; d < s->devices; d++)
        for (int i = 0; i < s->program->message_count[d]; i++) {
            struct message *message = &s->program->message[d][i];
            if (!message->sending && message->exchange == exchange && message->last_step == UNPLACED)
                message->last_step = WANTED;
        }
}

/* A RECEIVE step for what is wanted of an exchange. */
static void receive(struct scheduler *s, int exchange)
{
    for (int d = 0; d < s->devices; d++)
        for (int i = 0; i < s->program->message_count[d]; i++) {
            struct message *message = &s->program->message[d][i];
            if (message->exchange == exchange && message->last_step == WANTED)
                message->last_step = s->program->step_count;
        }
    add_step(s, (struct step){.kind = STEP_RECEIVE, .exchange = exchange});
}

/* Marks the exchanges of which something is wanted; returns whether there are any. */
static bool find_wanted(struct scheduler *s, bool *wanted)
{
    bool any = false;
    for (int d = 0; d < s->devices; d++)
        for (int i = 0; i < s->program->message_count[d]; i++)
            if (s->program->message[d][i].last_step == WANTED)
                any = wanted[s->program->message[d][i].exchange] = true;
    return any;
}

static void receive_wanted(struct scheduler *s)
{
    bool *wanted = arena_array(s->arena, (size_t)s->program->exchange_count + 1, sizeof *wanted);
    if (find_wanted(s, wanted))
        for (int e = 0; e < s->program->exchange_count; e++)
            if (wanted[e])
                receive(s, e);
}

/* The tensors' transfers in one exchange, after those that travel in parts, device by device: the first can begin while the others'
 * parts travel. */
static void send(struct scheduler *s, struct tensor *const *tensor, int count, bool relayed)
{
    struct tensor **whole = arena_array(s->arena, (size_t)count + 1, sizeof *whole);
    int whole_count = 0;
    for (int i = 0; i < count; i++) {
        const int parts = tensor[i] ? phases_parts(s->plan, tensor[i]) : 1;
        if (parts == 1)
            whole[whole_count++] = tensor[i];
        for (int to = 0; parts > 1 && to < s->devices; to++)
            for (int part = 0; part < parts; part++)
                send_part(s, &tensor[i], 1, relayed, to, part, parts);
    }
    const int e = send_part(s, whole, whole_count, relayed, EVERYBODY, 0, 1);
    if (e < 0 || !s->plan->no_overlap)
        return;
    want_exchange(s, e);
    receive_wanted(s);
}

/* What is relayed goes on as soon as it has come in. */
static void relay(struct scheduler *s, struct tensor *const *tensor, int count)
{
    for (int i = 0; i < s->plan->transfer_count; i++)
        if (s->plan->transfer[i].relayed && is_among(tensor, count, s->plan->transfer[i].tensor))
            want_tensor(s, s->plan->transfer[i].from, s->plan->transfer[i].tensor);
    receive_wanted(s);
    send(s, tensor, count, true);
}

/* ---- nodes ---- */

static bool any_box(const struct scheduler *s, const struct region_list *boxes)
{
    for (int d = 0; d < s->devices; d++)
        if (boxes[d].count)
            return true;
    return false;
}

/* A node on its way through the schedule; lists are by device. */
struct computation {
    struct step step;
    struct region_list *urgent, *interior;
    struct region_list *arrival[MAX_DEVICES]; /* by part, where an input arrives in parts: boxes instead of `urgent` */
    const struct tensor *streamed[MAX_DEVICES];
    int parts[MAX_DEVICES], taken[MAX_DEVICES];
};

/* An input that arrives in parts: what can be computed after each of them. */
static void divide_arrivals(struct scheduler *s, struct computation *c, int device, int input)
{
    const struct tensor *tensor = c->step.node->input[input];
    const int parts = phases_parts(s->plan, tensor);
    if (parts == 1 || c->streamed[device] || !c->urgent[device].count)
        return;
    c->streamed[device] = tensor;
    c->parts[device] = parts;
    c->arrival[device] = arena_array(s->arena, (size_t)parts, sizeof *c->arrival[device]);
    phases_arrivals(s->arena, s->plan, c->step.node_index, device, input, parts, &c->urgent[device], c->arrival[device]);
}

/* The boxes that the parts up to `part` make possible and that are not in a step yet. */
static struct region_list take_arrivals(struct scheduler *s, struct computation *c, int device, int part)
{
    struct region_list boxes = {0};
    for (; c->taken[device] <= part; c->taken[device]++) {
        const struct region_list *list = &c->arrival[device][c->taken[device]];
        for (int i = 0; i < list->count; i++)
            regions_add(s->arena, &boxes, list->item[i]);
    }
    return boxes;
}

static void divide(struct scheduler *s, struct computation *c)
{
    const struct node *node = c->step.node;
    c->urgent = arena_array(s->arena, (size_t)s->devices, sizeof *c->urgent);
    c->interior = arena_array(s->arena, (size_t)s->devices, sizeof *c->interior);
    for (int d = 0; d < s->devices; d++) {
        struct phases phases;
        int awaited = 0, streamed = -1;
        phases_of(s->arena, s->plan, c->step.node_index, d, &phases);
        c->urgent[d] = phases.urgent;
        c->interior[d] = phases.interior;
        for (int i = 0; i < node->input_count; i++)
            if (phases_awaited(s->arena, s->plan, c->step.node_index, d, i).count) {
                want_tensor(s, d, node->input[i]);
                streamed = i;
                awaited++;
            }
        if (awaited == 1)
            divide_arrivals(s, c, d, streamed);
    }
}

static void add_computation(struct scheduler *s, const struct computation *c, enum step_kind kind,
                            struct region_list *boxes)
{
    struct step step = c->step;
    step.kind = kind;
    step.boxes = boxes;
    add_step(s, step);
}

/* After a RECEIVE: what a part that is not the last one makes possible. */
static void compute_arrivals(struct scheduler *s, struct computation *c, int exchange)
{
    const struct exchange *e = &s->program->exchange[exchange];
    struct region_list *boxes = arena_array(s->arena, (size_t)s->devices, sizeof *boxes);
    const struct transfer *first = &s->program->transfer[e->first_transfer]; /* all go to one device where there are parts */
    if (e->part + 1 < e->parts && c->streamed[first->to] == first->tensor)
        boxes[first->to] = take_arrivals(s, c, first->to, e->part);
    if (!any_box(s, boxes))
        return;
    add_computation(s, c, STEP_COMPUTE, boxes);
}

/* The interiors that have waited for this node, and its own, on devices where it is not joined to the next one. */
static void compute_late(struct scheduler *s, int index)
{
    int first = index;
    bool joined[MAX_DEVICES];
    for (int d = 0; d < s->devices; d++) {
        joined[d] = phases_joined(s->plan, index, d);
        if (s->waiting[d] < 0)
            s->waiting[d] = index;
        if (!joined[d] && s->waiting[d] < first)
            first = s->waiting[d];
    }
    for (int n = first; n <= index; n++) {
        if (!s->interior[n])
            continue;
        const struct computation c = {.step = {.node = s->plan->graph->node[n], .node_index = n}};
        struct region_list *boxes = arena_array(s->arena, (size_t)s->devices, sizeof *boxes);
        for (int d = 0; d < s->devices; d++)
            if (!joined[d] && s->waiting[d] <= n)
                boxes[d] = s->interior[n][d];
        if (any_box(s, boxes))
            add_computation(s, &c, STEP_LATE, boxes);
    }
    for (int d = 0; d < s->devices; d++)
        if (!joined[d])
            s->waiting[d] = -1;
}

static void compute(struct scheduler *s, int index)
{
    struct node *node = s->plan->graph->node[index];
    struct computation c = {.step = {.node = node, .node_index = index}};
    bool *wanted = arena_array(s->arena, (size_t)s->program->exchange_count + 1, sizeof *wanted);
    divide(s, &c);
    const bool divided = any_box(s, c.interior);
    if (find_wanted(s, wanted) && divided)
        add_computation(s, &c, STEP_EARLY, c.interior);
    for (int e = 0; e < s->program->exchange_count; e++)
        if (wanted[e]) {
            receive(s, e);
            compute_arrivals(s, &c, e);
        }
    for (int d = 0; d < s->devices; d++)
        if (c.streamed[d])
            c.urgent[d] = take_arrivals(s, &c, d, c.parts[d] - 1);
    add_computation(s, &c, STEP_COMPUTE, c.urgent);
    send(s, node->output, node->output_count, false);
    s->interior[index] = divided ? c.interior : NULL;
    compute_late(s, index);
    relay(s, node->output, node->output_count);
}

/* Buffers of messages that nothing has ended yet live to the last step. */
static void end_messages(struct scheduler *s)
{
    for (int d = 0; d < s->devices; d++)
        for (int i = 0; i < s->program->message_count[d]; i++) {
            struct message *message = &s->program->message[d][i];
            assert(message->sending || message->last_step >= 0);
            if (message->last_step < 0)
                message->last_step = s->program->step_count - 1;
        }
}

void schedule(const struct plan *plan, struct program *program)
{
    const struct graph *graph = plan->graph;
    struct arena *arena = graph->arena;
    size_t devices = (size_t)plan->cluster->count;
    *program = (struct program){
        .plan = plan,
        .buffer = arena_array(arena, (size_t)graph->tensor_count * devices, sizeof(struct buffer)),
        .scratch = arena_array(arena, (size_t)graph->node_count * devices + 1, sizeof(struct buffer)),
        .message = arena_array(arena, devices, sizeof(struct message *)),
        .message_count = arena_array(arena, devices, sizeof(int)),
        .bands = arena_array(arena, devices, sizeof(struct band_runs)),
        .arena_bytes = arena_array(arena, devices, sizeof(int64_t))};
    struct scheduler s = {.arena = arena,
                          .plan = plan,
                          .program = program,
                          .devices = plan->cluster->count,
                          .interior = arena_array(arena, (size_t)graph->node_count + 1, sizeof(struct region_list *))};
    for (int d = 0; d < s.devices; d++)
        s.waiting[d] = -1;
    for (int i = 0; i < graph->input_count; i++)
        if (!graph->input[i]->is_only_type)
            add_step(&s, (struct step){.kind = STEP_LOAD, .tensor = graph->input[i], .index = i});
    send(&s, graph->input, graph->input_count, false);
    relay(&s, graph->input, graph->input_count);
    for (int n = 0; n < graph->node_count; n++)
        compute(&s, n);
    for (int i = 0; i < graph->output_count; i++) {
        want_tensor(&s, 0, graph->output[i]);
        receive_wanted(&s);
        add_step(&s, (struct step){.kind = STEP_STORE, .tensor = graph->output[i], .index = i});
    }
    for (int e = 0; e < program->exchange_count; e++)
        want_exchange(&s, e); /* what nobody reads has to come in all the same */
    receive_wanted(&s);
    end_messages(&s);
}
