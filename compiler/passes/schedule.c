/* schedule.c -- the one order of steps. */
/* SPDX-License-Identifier: MIT */
#include "../plan/phases.h"
#include "passes.h"

#include <assert.h>
#include <stdlib.h>

/* A wire buffer is free again when its device sends the fourth frame after it, which leaves the frame time to travel. */
enum { FRAMES_UNTIL_FLUSH = 4 };

struct scheduler {
    struct arena *arena;
    const struct plan *plan;
    struct program *program;
    int devices;
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
    message->bytes += region_size(moved->region) * (int64_t)type_size(moved->tensor->type);
}

/* A device that sends again waits for its frames of long ago. */
static void end_old_sends(struct scheduler *s, int device, int exchange)
{
    struct program *program = s->program;
    int sends = 0;
    for (int i = program->message_count[device] - 1; i >= 0; i--) {
        struct message *message = &program->message[device][i];
        if (!message->sending || message->exchange == exchange)
            continue;
        if (message->last_step >= 0)
            break;
        if (++sends >= FRAMES_UNTIL_FLUSH)
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

/* One exchange of the tensors' transfers, if there are any; -1 otherwise. */
static int send(struct scheduler *s, struct tensor *const *tensor, int count, bool relayed)
{
    struct program *program = s->program;
    const int e = program->exchange_count, first = program->transfer_count;
    for (int i = 0; i < s->plan->transfer_count; i++) {
        const struct transfer *transfer = &s->plan->transfer[i];
        if (transfer->relayed != relayed || !is_among(tensor, count, transfer->tensor))
            continue;
        const int t = program->transfer_count++;
        program->transfer[t] = *transfer;
        add_to_message(s, message_to(s, transfer->from, e, transfer->to, true), t);
        add_to_message(s, message_to(s, transfer->to, e, transfer->from, false), t);
    }
    if (program->transfer_count == first)
        return -1;
    *arena_append(s->arena, program->exchange, program->exchange_count, program->exchange_capacity) =
        (struct exchange){first, program->transfer_count - first};
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

/* RECEIVE steps for what is wanted, in the order of exchanges. Returns whether there is any. */
static bool receive_wanted(struct scheduler *s)
{
    struct program *program = s->program;
    bool *wanted = arena_array(s->arena, (size_t)program->exchange_count + 1, sizeof *wanted), any = false;
    for (int d = 0; d < s->devices; d++)
        for (int i = 0; i < program->message_count[d]; i++)
            if (program->message[d][i].last_step == WANTED)
                any = wanted[program->message[d][i].exchange] = true;
    for (int e = 0; any && e < program->exchange_count; e++) {
        if (!wanted[e])
            continue;
        for (int d = 0; d < s->devices; d++)
            for (int i = 0; i < program->message_count[d]; i++) {
                struct message *message = &program->message[d][i];
                if (message->exchange == e && message->last_step == WANTED)
                    message->last_step = program->step_count;
            }
        add_step(s, (struct step){.kind = STEP_RECEIVE, .exchange = e});
    }
    return any;
}

/* Send the outputs of a step; what is relayed goes on as soon as it has come in. */
static void exchange_tensors(struct scheduler *s, struct tensor *const *tensor, int count)
{
    const int e = send(s, tensor, count, false);
    if (e >= 0 && s->plan->no_overlap) {
        want_exchange(s, e);
        receive_wanted(s);
    }
}

static void relay_tensors(struct scheduler *s, struct tensor *const *tensor, int count)
{
    for (int i = 0; i < s->plan->transfer_count; i++)
        if (s->plan->transfer[i].relayed && is_among(tensor, count, s->plan->transfer[i].tensor))
            want_tensor(s, s->plan->transfer[i].from, s->plan->transfer[i].tensor);
    receive_wanted(s);
    const int e = send(s, tensor, count, true);
    if (e >= 0 && s->plan->no_overlap) {
        want_exchange(s, e);
        receive_wanted(s);
    }
}

/* ---- nodes ---- */

static bool any_box(const struct scheduler *s, const struct region_list *boxes)
{
    for (int d = 0; d < s->devices; d++)
        if (boxes[d].count)
            return true;
    return false;
}

static void compute(struct scheduler *s, int index)
{
    struct node *node = s->plan->graph->node[index];
    struct step step = {.node = node, .node_index = index};
    struct region_list *urgent = arena_array(s->arena, (size_t)s->devices, sizeof *urgent);
    struct region_list *interior = arena_array(s->arena, (size_t)s->devices, sizeof *interior);
    for (int d = 0; d < s->devices; d++) {
        struct phases phases;
        phases_of(s->arena, s->plan, index, d, &phases);
        urgent[d] = phases.urgent;
        interior[d] = phases.interior;
        for (int i = 0; i < node->input_count; i++)
            if (phases_awaited(s->arena, s->plan, index, d, i).count)
                want_tensor(s, d, node->input[i]);
    }
    const int early = any_box(s, interior) ? s->program->step_count : -1;
    if (early >= 0) {
        step.kind = STEP_EARLY;
        step.boxes = interior;
        add_step(s, step);
    }
    if (!receive_wanted(s) && early >= 0)
        s->program->step_count = early; /* nobody waits */
    step.kind = STEP_COMPUTE;
    step.boxes = urgent;
    add_step(s, step);
    exchange_tensors(s, node->output, node->output_count);
    if (early >= 0) {
        step.kind = STEP_LATE;
        step.boxes = interior;
        add_step(s, step);
    }
    relay_tensors(s, node->output, node->output_count);
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
        .transfer = arena_array(arena, (size_t)plan->transfer_count + 1, sizeof(struct transfer)),
        .buffer = arena_array(arena, (size_t)graph->tensor_count * devices, sizeof(struct buffer)),
        .message = arena_array(arena, devices, sizeof(struct message *)),
        .message_count = arena_array(arena, devices, sizeof(int)),
        .arena_bytes = arena_array(arena, devices, sizeof(int64_t))};
    struct scheduler s = {arena, plan, program, plan->cluster->count};
    for (int i = 0; i < graph->input_count; i++)
        add_step(&s, (struct step){.kind = STEP_LOAD, .tensor = graph->input[i], .index = i});
    exchange_tensors(&s, graph->input, graph->input_count);
    relay_tensors(&s, graph->input, graph->input_count);
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
