/* program.c -- reading, printing and checking programs. */
/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "bands.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct buffer *program_buffer(const struct program *program, const struct tensor *tensor, int device)
{
    return &program->buffer[tensor->id * program->plan->cluster->count + device];
}

struct buffer *program_scratch(const struct program *program, int node_index, int device)
{
    return &program->scratch[node_index * program->plan->cluster->count + device];
}

int64_t program_scratch_bytes(const struct program *program, int device)
{
    int64_t most = 0;
    for (int i = 0; i < program->plan->graph->node_count; i++) {
        const struct buffer *buffer = program_scratch(program, i, device);
        if (buffer->used && buffer->bytes > most)
            most = buffer->bytes;
    }
    return most;
}

static int compare_offsets(const void *left, const void *right)
{
    const struct buffer *a = *(const struct buffer *const *)left, *b = *(const struct buffer *const *)right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return (a > b) - (a < b);
}

/* Bytes that are covered at one step; buffers by offset. */
static int64_t covered_bytes(struct buffer *const *buffer, int count, int step)
{
    int64_t covered = 0, end = 0;
    for (int i = 0; i < count; i++) {
        const int64_t begin = buffer[i]->offset > end ? buffer[i]->offset : end;
        const int64_t last = buffer[i]->offset + buffer[i]->bytes;
        if (buffer[i]->first_step > step || buffer[i]->last_step < step || last <= begin)
            continue;
        covered += last - begin;
        end = last;
    }
    return covered;
}

int64_t program_activation_bytes(const struct program *program, int device)
{
    const struct graph *graph = program->plan->graph;
    struct arena scratch = {0};
    struct buffer **buffer = arena_array(&scratch, (size_t)graph->tensor_count + 1, sizeof *buffer);
    int count = 0;
    int64_t most = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        buffer[count] = program_buffer(program, graph->tensor[t], device);
        count += buffer[count]->used;
    }
    qsort(buffer, (size_t)count, sizeof *buffer, compare_offsets);
    for (int i = 0; i < count; i++) { /* memory is taken where a buffer begins to live */
        const int64_t bytes = covered_bytes(buffer, count, buffer[i]->first_step);
        most = bytes > most ? bytes : most;
    }
    arena_free(&scratch);
    return most;
}

static int index_of(const struct program *program, const struct step *step)
{
    return (int)(step - program->step);
}

int program_awaited(const struct program *program, const struct step *early, int device)
{
    int begin = index_of(program, early), end = begin + 1, awaited = -1;
    while (program->step[end].kind != STEP_COMPUTE || !program->step[end].boxes[device].count)
        end++;
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *message = &program->message[device][m];
        if (!message->sending && message->last_step > begin && message->last_step < end)
            awaited = message->exchange;
    }
    return awaited;
}

int program_flushed(const struct program *program, const struct step *step, int device)
{
    const int index = index_of(program, step);
    int flushed = -1;
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *message = &program->message[device][m];
        if (message->sending && message->last_step == index && message->first_step < index)
            flushed = message->exchange;
    }
    return flushed;
}

static bool has_message(const struct program *program, const struct step *step, int device)
{
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *message = &program->message[device][m];
        if (message->exchange == step->exchange &&
            (step->kind == STEP_SEND || (!message->sending && message->last_step == index_of(program, step))))
            return true;
    }
    return false;
}

bool program_takes_part(const struct program *program, const struct step *step, int device)
{
    switch (step->kind) {
    case STEP_LOAD:
    case STEP_STORE:
        return device == 0;
    case STEP_EARLY:
        return step->boxes[device].count && program_awaited(program, step, device) >= 0;
    case STEP_COMPUTE:
    case STEP_LATE:
        return step->boxes[device].count;
    default:
        return has_message(program, step, device);
    }
}

static bool is_computation(const struct step *step)
{
    return step->kind == STEP_EARLY || step->kind == STEP_COMPUTE || step->kind == STEP_LATE;
}

bool program_node_steps(const struct program *program, int node_index, int device, int *first, int *last)
{
    *first = -1;
    for (int i = 0; i < program->step_count; i++)
        if (is_computation(&program->step[i]) && program->step[i].node_index == node_index &&
            program_takes_part(program, &program->step[i], device)) {
            *first = *first < 0 ? i : *first;
            *last = i;
        }
    return *first >= 0;
}

const char *program_exchange_name(struct arena *arena, const struct program *program, int exchange)
{
    const struct exchange *e = &program->exchange[exchange];
    struct text text = {.arena = arena};
    const struct tensor *last = NULL;
    for (int t = e->first_transfer; t < e->first_transfer + e->transfer_count; t++)
        if (program->transfer[t].tensor != last) {
            text_printf(&text, "%s%s", last ? ", " : "", text_escape(arena, program->transfer[t].tensor->name));
            last = program->transfer[t].tensor;
        }
    if (e->parts > 1)
        text_printf(&text, " part %d of %d for device %d", e->part + 1, e->parts, program->transfer[e->first_transfer].to);
    return text.bytes;
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

static void print_boxes(struct text *text, const struct region_list *boxes)
{
    for (int i = 0; i < boxes->count; i++)
        text_printf(text, " %s", region_string(text->arena, boxes->item[i]));
    text_add(text, "\n");
}

/* Does the step compute a part of what the device computes of the node? */
static bool is_divided(const struct program *program, const struct step *step, int device)
{
    const struct region_list *own = plan_own(program->plan, step->node->output[0], device);
    return step->boxes[device].count && regions_size(&step->boxes[device]) != regions_size(own);
}

static void print_step(struct text *text, const struct program *program, int index)
{
    static const char *const kind[] = {"load", "early", "receive", "compute", "send", "late", "store"};
    const struct step *step = &program->step[index];
    text_printf(text, "%d %s ", index, kind[step->kind]);
    if (is_computation(step))
        text_printf(text, "%s %s/%s:", text_escape(text->arena, step->node->name), step->node->op_type,
                    step->node->kernel->name);
    else if (step->kind == STEP_SEND || step->kind == STEP_RECEIVE)
        text_printf(text, "%s exchange %d:", program_exchange_name(text->arena, program, step->exchange), step->exchange);
    else
        text_printf(text, "%s:", text_escape(text->arena, step->tensor->name));
    for (int d = 0; d < program->plan->cluster->count; d++) {
        if (!program_takes_part(program, step, d))
            continue;
        text_printf(text, " %d", d);
        const int flushed = step->kind == STEP_SEND ? program_flushed(program, step, d) : -1;
        if (flushed >= 0)
            text_printf(text, " (after %d has left)", flushed);
    }
    text_add(text, "\n");
    for (int d = 0; is_computation(step) && step->kind != STEP_LATE && d < program->plan->cluster->count; d++) {
        if (!is_divided(program, step, d))
            continue;
        text_printf(text, "    %d", d);
        print_boxes(text, &step->boxes[d]);
    }
}

void program_print(struct text *text, const struct program *program)
{
    const struct graph *graph = program->plan->graph;
    int devices = program->plan->cluster->count;
    for (int i = 0; i < program->step_count; i++)
        print_step(text, program, i);
    bands_print(text, program);
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
        for (int i = 0; i < graph->node_count; i++) {
            const struct buffer *buffer = program_scratch(program, i, d);
            if (buffer->used)
                text_printf(text, "    %" PRId64 " +%" PRId64 " steps %d to %d scratch\n", buffer->offset, buffer->bytes,
                            buffer->first_step, buffer->last_step);
        }
        for (int m = 0; m < program->message_count[d]; m++) {
            const struct message *message = &program->message[d][m];
            text_printf(text, "    %" PRId64 " +%" PRId64 " steps %d to %d exchange %d %s %d\n", message->offset,
                        message->bytes, message->first_step, message->last_step, message->exchange,
                        message->sending ? "to" : "from", message->peer);
        }
    }
}

/* An output takes over its first input's memory while the node is computed; so may the next, while pieces of both are computed in
 * turn. */
static bool takes_over(const struct program *program, const struct buffer *a, const struct buffer *b, int device)
{
    const struct step *step = &program->step[b->first_step];
    int first, last;
    if (a->offset != b->offset || !is_computation(step) ||
        !program_node_steps(program, step->node_index, device, &first, &last) || b->first_step != first ||
        !step->node->kernel->in_place || !step->node->input[0] ||
        program_buffer(program, step->node->output[0], device) != b)
        return false;
    const struct buffer *input = program_buffer(program, step->node->input[0], device);
    return input->used && input->last_step == last && input->first_step < b->first_step &&
           (input == a || takes_over(program, a, input, device));
}

static bool apart(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

static bool together(const struct buffer *a, int first_step, int last_step)
{
    return a->first_step <= last_step && first_step <= a->last_step;
}

static void verify_buffer(const struct program *program, const struct buffer *a, int device)
{
    const struct graph *graph = program->plan->graph;
    assert(a->offset % 64 == 0 && a->offset + a->bytes <= program->arena_bytes[device]);
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct buffer *b = program_buffer(program, graph->tensor[t], device);
        assert(a == b || !b->used || !together(a, b->first_step, b->last_step) ||
               apart(a->offset, a->bytes, b->offset, b->bytes) || takes_over(program, a, b, device) ||
               takes_over(program, b, a, device) || (a->group && a->group == b->group));
        (void)b;
    }
    for (int i = 0; i < graph->node_count; i++) {
        const struct buffer *b = program_scratch(program, i, device);
        assert(a == b || !b->used || !together(a, b->first_step, b->last_step) ||
               apart(a->offset, a->bytes, b->offset, b->bytes));
        (void)b;
    }
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *b = &program->message[device][m];
        assert(!together(a, b->first_step, b->last_step) || apart(a->offset, a->bytes, b->offset, b->buffer_bytes));
        (void)b;
    }
}

static void verify_messages(const struct program *program, int device)
{
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *a = &program->message[device][m];
        const struct step *last = &program->step[a->last_step];
        assert(program->step[a->first_step].kind == STEP_SEND && program->step[a->first_step].exchange == a->exchange);
        assert(a->first_step < a->last_step && (a->sending || last->kind == STEP_RECEIVE));
        assert(a->sending || last->exchange == a->exchange);
        for (int k = 0; k < m; k++) {
            const struct message *b = &program->message[device][k];
            bool at_once = a->first_step <= b->last_step && b->first_step <= a->last_step;
            assert(!at_once || apart(a->offset, a->buffer_bytes, b->offset, b->buffer_bytes));
            (void)at_once;
        }
        (void)last;
    }
}

/* The boxes of all the node's steps are what the device owns, once. */
static void verify_boxes(struct arena *scratch, const struct program *program, int node_index, int device)
{
    struct region_list done = {0};
    const struct region_list *own =
        plan_own(program->plan, program->plan->graph->node[node_index]->output[0], device);
    for (int i = 0; i < program->step_count; i++) {
        const struct step *step = &program->step[i];
        if ((step->kind != STEP_COMPUTE && step->kind != STEP_LATE) || step->node_index != node_index)
            continue;
        for (int k = 0; k < step->boxes[device].count; k++) {
            const int64_t before = regions_size(&done);
            regions_add(scratch, &done, step->boxes[device].item[k]);
            assert(regions_size(&done) == before + region_size(step->boxes[device].item[k]) && "computed twice");
            (void)before;
        }
    }
    assert(regions_size(&done) == regions_size(own));
    for (int i = 0; i < own->count; i++)
        regions_subtract(scratch, &done, own->item[i]);
    assert(done.count == 0);
}

/* One device follows the steps with what it holds of every tensor. What EARLY computes is there for certain only after LATE. */
struct holdings {
    struct arena *arena;
    const struct program *program;
    int device;
    struct region_list *held; /* by tensor id */
};

static void hold(struct holdings *h, const struct tensor *tensor, struct region region)
{
    regions_add(h->arena, &h->held[tensor->id], region);
}

static void assert_held(struct holdings *h, const struct tensor *tensor, struct region region)
{
    struct region_list missing = {0};
    regions_add(h->arena, &missing, region);
    for (int i = 0; i < h->held[tensor->id].count; i++)
        regions_subtract(h->arena, &missing, h->held[tensor->id].item[i]);
    assert(missing.count == 0 && "used before it is there");
    (void)missing;
}

static void follow_boxes(struct holdings *h, const struct step *step)
{
    const struct node *node = step->node;
    for (int k = 0; k < node->output_count; k++) {
        if (!node->output[k])
            continue;
        assert(k == 0 || !is_divided(h->program, step, h->device));
        const struct region_list *boxes =
            k ? plan_own(h->program->plan, node->output[k], h->device) : &step->boxes[h->device];
        for (int b = 0; b < boxes->count; b++) {
            for (int i = 0; i < node->input_count; i++)
                if (node->input[i] && !tensor_is_constant(node->input[i]))
                    assert_held(h, node->input[i], node_reads(node, i, k, boxes->item[b]));
            if (step->kind != STEP_EARLY)
                hold(h, node->output[k], boxes->item[b]);
        }
    }
}

static void follow_messages(struct holdings *h, int step, bool sending)
{
    const struct program *program = h->program;
    for (int m = 0; m < program->message_count[h->device]; m++) {
        const struct message *message = &program->message[h->device][m];
        if (message->sending != sending || (sending ? message->first_step : message->last_step) != step)
            continue;
        for (int t = 0; t < message->transfer_count; t++) {
            const struct transfer *transfer = &program->transfer[message->transfer[t]];
            if (sending)
                assert_held(h, transfer->tensor, transfer->region);
            else
                hold(h, transfer->tensor, transfer->region);
        }
    }
}

static void follow(struct holdings *h)
{
    for (int i = 0; i < h->program->step_count; i++) {
        const struct step *step = &h->program->step[i];
        if (!program_takes_part(h->program, step, h->device))
            continue;
        if (step->kind == STEP_LOAD)
            hold(h, step->tensor, region_whole(step->tensor->shape));
        else if (step->kind == STEP_STORE && !tensor_is_constant(step->tensor))
            assert_held(h, step->tensor, region_whole(step->tensor->shape));
        else if (step->kind == STEP_SEND || step->kind == STEP_RECEIVE)
            follow_messages(h, i, step->kind == STEP_SEND);
        else if (is_computation(step))
            follow_boxes(h, step);
    }
}

void program_verify(const struct program *program)
{
    const struct graph *graph = program->plan->graph;
    for (int d = 0; d < program->plan->cluster->count; d++) {
        struct arena scratch = {0};
        struct holdings holdings = {&scratch, program, d,
                                    arena_array(&scratch, (size_t)graph->tensor_count, sizeof(struct region_list))};
        follow(&holdings);
        for (int n = 0; n < graph->node_count; n++) {
            verify_boxes(&scratch, program, n, d);
            if (program_scratch(program, n, d)->used)
                verify_buffer(program, program_scratch(program, n, d), d);
        }
        for (int t = 0; t < graph->tensor_count; t++) {
            const struct buffer *buffer = program_buffer(program, graph->tensor[t], d);
            if (buffer->used)
                verify_buffer(program, buffer, d);
        }
        verify_messages(program, d);
        bands_verify(program, d);
        arena_free(&scratch);
    }
}
