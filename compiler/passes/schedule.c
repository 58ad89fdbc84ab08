/* schedule.c -- the one order of steps. */
/* SPDX-License-Identifier: MIT */
#include "passes.h"

#include <assert.h>

struct scheduler {
    struct arena *arena;
    const struct plan *plan;
    struct program *program;
    bool *pending; /* [exchange]: sent, not yet received */
};

static void add_step(struct scheduler *s, struct step step)
{
    struct program *program = s->program;
    *arena_append(s->arena, program->step, program->step_count, program->step_capacity) = step;
}

static bool has_transfers(const struct plan *plan, const struct tensor *tensor, bool relayed)
{
    for (int i = 0; i < plan->transfer_count; i++)
        if (plan->transfer[i].tensor == tensor && plan->transfer[i].relayed == relayed)
            return true;
    return false;
}

static void receive(struct scheduler *s, const struct tensor *tensor)
{
    for (int e = 0; e < s->program->exchange_count; e++)
        if (s->pending[e] && s->program->exchange[e].tensor == tensor) {
            s->pending[e] = false;
            add_step(s, (struct step){.kind = STEP_RECEIVE, .exchange = e, .tensor = s->program->exchange[e].tensor});
        }
}

static void send(struct scheduler *s, struct tensor *tensor)
{
    struct program *program = s->program;
    for (int relayed = 0; relayed < 2; relayed++) {
        if (!has_transfers(s->plan, tensor, relayed))
            continue;
        if (relayed)
            receive(s, tensor);
        int e = program->exchange_count;
        *arena_append(s->arena, program->exchange, program->exchange_count, program->exchange_capacity) =
            (struct exchange){.tensor = tensor, .relayed = relayed};
        s->pending[e] = true;
        add_step(s, (struct step){.kind = STEP_SEND, .exchange = e, .tensor = tensor});
    }
}

/* One frame per peer, with that peer's transfers in plan order. */
static struct message *message_to(struct scheduler *s, int device, int exchange, int peer, bool sending)
{
    struct program *program = s->program;
    for (int i = program->message_count[device] - 1; i >= 0; i--) {
        struct message *message = &program->message[device][i];
        if (message->exchange == exchange && message->peer == peer && message->sending == sending)
            return message;
    }
    int count = program->message_count[device]++;
    struct message *list = program->message[device];
    if (count % 16 == 0)
        list = arena_grow(s->arena, list, (size_t)count, (size_t)count + 16, sizeof *list);
    program->message[device] = list;
    list[count] = (struct message){.exchange = exchange, .peer = peer, .sending = sending};
    return &list[count];
}

static void add_to_message(struct scheduler *s, struct message *message, int transfer)
{
    int count = message->transfer_count++;
    if (count % 4 == 0)
        message->transfer =
            arena_grow(s->arena, message->transfer, (size_t)count, (size_t)count + 4, sizeof *message->transfer);
    message->transfer[count] = transfer;
    const struct transfer *moved = &s->plan->transfer[transfer];
    message->bytes += region_size(moved->region) * (int64_t)type_size(moved->tensor->type);
}

static void make_messages(struct scheduler *s)
{
    struct program *program = s->program;
    for (int e = 0; e < program->exchange_count; e++)
        for (int t = 0; t < s->plan->transfer_count; t++) {
            const struct transfer *transfer = &s->plan->transfer[t];
            if (transfer->tensor != program->exchange[e].tensor || transfer->relayed != program->exchange[e].relayed)
                continue;
            add_to_message(s, message_to(s, transfer->from, e, transfer->to, true), t);
            add_to_message(s, message_to(s, transfer->to, e, transfer->from, false), t);
        }
    for (int i = 0; i < program->step_count; i++)
        for (int d = 0; d < s->plan->cluster->count; d++)
            for (int k = 0; k < program->message_count[d]; k++) {
                struct message *message = &program->message[d][k];
                if (program->step[i].kind == STEP_SEND && message->exchange == program->step[i].exchange)
                    message->first_step = i;
                if (program->step[i].kind == STEP_RECEIVE && message->exchange == program->step[i].exchange)
                    message->last_step = i;
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
        .message = arena_array(arena, devices, sizeof(struct message *)),
        .message_count = arena_array(arena, devices, sizeof(int)),
        .arena_bytes = arena_array(arena, devices, sizeof(int64_t))};
    struct scheduler s = {arena, plan, program,
                          arena_array(arena, 2 * (size_t)graph->tensor_count + 1, sizeof(bool))};
    for (int i = 0; i < graph->input_count; i++) {
        add_step(&s, (struct step){.kind = STEP_LOAD, .tensor = graph->input[i], .index = i});
        send(&s, graph->input[i]);
    }
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i])
                receive(&s, node->input[i]);
        add_step(&s, (struct step){.kind = STEP_COMPUTE, .node = node});
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k])
                send(&s, node->output[k]);
    }
    for (int i = 0; i < graph->output_count; i++) {
        receive(&s, graph->output[i]);
        add_step(&s, (struct step){.kind = STEP_STORE, .tensor = graph->output[i], .index = i});
    }
    make_messages(&s);
}
