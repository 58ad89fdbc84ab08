/* program.c -- reading, printing and checking programs. */
/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "../kernels/kernel.h"

#include <assert.h>
#include <inttypes.h>

struct buffer *program_buffer(const struct program *program, const struct tensor *tensor, int device)
{
    return &program->buffer[tensor->id * program->plan->cluster->count + device];
}

struct buffer *program_scratch(const struct program *program, int step, int device)
{
    return &program->scratch[step * program->plan->cluster->count + device];
}

int64_t program_scratch_bytes(const struct program *program, int device)
{
    int64_t most = 0;
    for (int i = 0; i < program->step_count; i++) {
        const struct buffer *buffer = program_scratch(program, i, device);
        if (buffer->used && buffer->bytes > most)
            most = buffer->bytes;
    }
    return most;
}

bool program_takes_part(const struct program *program, const struct step *step, int device)
{
    if (step->kind == STEP_LOAD || step->kind == STEP_STORE)
        return device == 0;
    if (step->kind == STEP_COMPUTE) {
        for (int k = 0; k < step->node->output_count; k++)
            if (step->node->output[k] && plan_own(program->plan, step->node->output[k], device)->count)
                return true;
        return false;
    }
    for (int m = 0; m < program->message_count[device]; m++)
        if (program->message[device][m].exchange == step->exchange)
            return true;
    return false;
}

static int64_t bytes_moved(const struct program *program, int device, bool sending)
{
    int64_t bytes = 0;
    for (int m = 0; m < program->message_count[device]; m++)
        if (program->message[device][m].sending == sending)
            bytes += program->message[device][m].bytes;
    return bytes;
}

int64_t program_bytes_sent(const struct program *program, int device)
{
    return bytes_moved(program, device, true);
}

int64_t program_bytes_received(const struct program *program, int device)
{
    return bytes_moved(program, device, false);
}

static void print_step(struct text *text, const struct program *program, int index)
{
    static const char *const kind[] = {"load", "compute", "send", "receive", "store"};
    const struct step *step = &program->step[index];
    const char *name = step->kind == STEP_COMPUTE ? step->node->name : step->tensor->name;
    text_printf(text, "%d %s %s", index, kind[step->kind], text_escape(text->arena, name));
    if (step->kind == STEP_COMPUTE)
        text_printf(text, " %s/%s", step->node->op_type, step->node->kernel->name);
    if (step->kind == STEP_SEND || step->kind == STEP_RECEIVE)
        text_printf(text, " exchange %d", step->exchange);
    text_add(text, ":");
    for (int d = 0; d < program->plan->cluster->count; d++)
        if (program_takes_part(program, step, d))
            text_printf(text, " %d", d);
    text_add(text, "\n");
}

void program_print(struct text *text, const struct program *program)
{
    const struct graph *graph = program->plan->graph;
    int devices = program->plan->cluster->count;
    for (int i = 0; i < program->step_count; i++)
        print_step(text, program, i);
    for (int d = 0; d < devices; d++) {
        text_printf(text, "device %d: arena %" PRId64 " bytes, sends %" PRId64 ", receives %" PRId64 "\n", d,
                    program->arena_bytes[d], program_bytes_sent(program, d), program_bytes_received(program, d));
        for (int t = 0; t < graph->tensor_count; t++) {
            const struct buffer *buffer = program_buffer(program, graph->tensor[t], d);
            if (buffer->used)
                text_printf(text, "    %" PRId64 " +%" PRId64 " steps %d to %d %s %s\n", buffer->offset, buffer->bytes,
                            buffer->first_step, buffer->last_step, text_escape(text->arena, graph->tensor[t]->name),
                            region_string(text->arena, buffer->storage));
        }
        for (int i = 0; i < program->step_count; i++) {
            const struct buffer *buffer = program_scratch(program, i, d);
            if (buffer->used)
                text_printf(text, "    %" PRId64 " +%" PRId64 " step %d scratch\n", buffer->offset, buffer->bytes, i);
        }
        for (int m = 0; m < program->message_count[d]; m++) {
            const struct message *message = &program->message[d][m];
            text_printf(text, "    %" PRId64 " +%" PRId64 " steps %d to %d exchange %d %s %d\n", message->offset,
                        message->bytes, message->first_step, message->last_step, message->exchange,
                        message->sending ? "to" : "from", message->peer);
        }
    }
}

/* The step at which an output takes over its first input's memory shares one step with it. */
static bool takes_over(const struct program *program, const struct buffer *a, const struct buffer *b, int device)
{
    if (a->last_step != b->first_step || a->offset != b->offset)
        return false;
    const struct step *step = &program->step[b->first_step];
    return step->kind == STEP_COMPUTE && step->node->kernel->in_place && step->node->input[0] &&
           program_buffer(program, step->node->input[0], device) == a &&
           program_buffer(program, step->node->output[0], device) == b;
}

static bool apart(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

static void verify_buffer(const struct program *program, const struct buffer *a, int device)
{
    const struct graph *graph = program->plan->graph;
    assert(a->offset % 64 == 0 && a->offset + a->bytes <= program->arena_bytes[device]);
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct buffer *b = program_buffer(program, graph->tensor[t], device);
        bool together = b->used && a->first_step <= b->last_step && b->first_step <= a->last_step;
        assert(a == b || !together || apart(a->offset, a->bytes, b->offset, b->bytes) ||
               takes_over(program, a, b, device) || takes_over(program, b, a, device));
        (void)together;
    }
    for (int i = a->first_step; i <= a->last_step; i++) {
        const struct buffer *b = program_scratch(program, i, device);
        assert(a == b || !b->used || apart(a->offset, a->bytes, b->offset, b->bytes));
        (void)b;
    }
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *b = &program->message[device][m];
        bool together = a->first_step <= b->last_step && b->first_step <= a->last_step;
        assert(!together || apart(a->offset, a->bytes, b->offset, b->bytes));
        (void)together;
    }
}

void program_verify(const struct program *program)
{
    const struct graph *graph = program->plan->graph;
    for (int d = 0; d < program->plan->cluster->count; d++) {
        for (int t = 0; t < graph->tensor_count; t++) {
            const struct buffer *buffer = program_buffer(program, graph->tensor[t], d);
            if (buffer->used)
                verify_buffer(program, buffer, d);
        }
        for (int i = 0; i < program->step_count; i++)
            if (program_scratch(program, i, d)->used)
                verify_buffer(program, program_scratch(program, i, d), d);
        for (int m = 0; m < program->message_count[d]; m++)
            assert(program->message[d][m].first_step < program->message[d][m].last_step);
    }
}
