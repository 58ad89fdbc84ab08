/* place_buffers.c -- storage of every tensor on every device, and one arena by lifetime. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "../plan/bands.h"
#include "../plan/threads.h"
#include "../support/fail.h"
#include "passes.h"

#include <assert.h>
#include <stdlib.h>

enum { ARENA_ALIGNMENT = 64, BLOCK_CHANNELS = 16 };

/* A piece of memory to place: a tensor's buffer (or several that share it), a step's scratch or a message's wire buffer. */
struct item {
    int64_t bytes, offset;
    int first_step, last_step;
    int order;     /* tie-break: deterministic placement */
    int merged_in; /* index of the item whose memory this one shares, or -1 */
    int64_t begin; /* where in that memory */
    bool is_part;  /* of what is put together, or that itself */
    struct buffer *buffer;
    struct message *message;
};

struct items {
    struct arena *arena;
    int count, capacity;
    struct item *item;
};

static int64_t aligned(int64_t bytes)
{
    return (bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
}

static void cover_region(struct buffer *buffer, struct region region)
{
    buffer->storage = region_cover(buffer->storage, region);
}

static void extend_life(struct buffer *buffer, int step)
{
    if (!buffer->used || step < buffer->first_step)
        buffer->first_step = step;
    if (!buffer->used || step > buffer->last_step)
        buffer->last_step = step;
    buffer->used = true;
}

/* What computing `piece` touches of its inputs, borders included. */
static void cover_touched(struct program *program, const struct node *node, int device, int k, struct region piece)
{
    for (int i = 0; i < node->input_count; i++) {
        if (!node->input[i] || tensor_is_constant(node->input[i]))
            continue;
        if (region_is_empty(bands_first_storage(program, device, node->input[i])))
            cover_region(program_buffer(program, node->input[i], device), kernel_touches(node, i, k, piece));
    }
}

static void need_scratch_for(struct program *program, const struct step *step, int device, struct region box)
{
    struct buffer *scratch = program_scratch(program, step->node_index, device);
    const struct region_list parts = threads_divide(program->plan->graph->arena, step->node, box,
                                                    program->plan->cluster->device[device].threads);
    const int64_t bytes = threads_scratch(step->node, &parts, parts.count);
    if (bytes > scratch->bytes)
        scratch->bytes = aligned(bytes);
}

static void need_scratch(struct program *program, int step, int device)
{
    const struct band_run *run = bands_at(program, device, step);
    const struct region_list *boxes = &program->step[step].boxes[device];
    for (int band = 0; run && band < run->band_count; band++)
        if (!region_is_empty(bands_box(run, band, step)))
            need_scratch_for(program, &program->step[step], device, bands_box(run, band, step));
    for (int i = 0; !run && i < boxes->count; i++)
        need_scratch_for(program, &program->step[step], device, boxes->item[i]);
}

/* What a node reads and writes lives from its first step to its last: which of its boxes is computed when is decided at run
 * time. */
static void extend_over_node(struct buffer *buffer, int first_step, int last_step)
{
    extend_life(buffer, first_step);
    extend_life(buffer, last_step);
}

/* An output and what is touched to compute it. What is inner to a run of bands has memory for a band. */
static void visit_output(struct program *program, const struct node *node, int device, int k)
{
    struct buffer *buffer = program_buffer(program, node->output[k], device);
    const struct region_list *own = plan_own(program->plan, node->output[k], device);
    const struct region banded = bands_first_storage(program, device, node->output[k]);
    for (int i = 0; i < own->count; i++) {
        if (region_is_empty(banded))
            cover_region(buffer, own->item[i]);
        cover_touched(program, node, device, k, own->item[i]);
    }
    cover_region(buffer, banded);
}

static void visit_computation(struct program *program, int step, int device)
{
    const struct node *node = program->step[step].node;
    const struct band_run *run = bands_at(program, device, step);
    int first, last;
    if (!program_takes_part(program, &program->step[step], device) ||
        !program_node_steps(program, program->step[step].node_index, device, &first, &last))
        return;
    if (node->kernel->scratch) {
        struct buffer *scratch = program_scratch(program, program->step[step].node_index, device);
        need_scratch(program, step, device);
        if (scratch->bytes)
            extend_over_node(scratch, first, last);
    }
    if (run) { /* its layers take turns */
        first = run->first_step;
        last = run->last_step;
    }
    for (int k = 0; k < node->output_count; k++) {
        if (!node->output[k])
            continue;
        visit_output(program, node, device, k);
        extend_over_node(program_buffer(program, node->output[k], device), first, last);
    }
    for (int i = 0; i < node->input_count; i++) {
        if (!node->input[i] || tensor_is_constant(node->input[i]))
            continue;
        struct buffer *buffer = program_buffer(program, node->input[i], device);
        if (program->step[step].kind == STEP_EARLY && !buffer->used)
            continue; /* all of it is received before COMPUTE */
        extend_life(buffer, step);
        extend_life(buffer, last);
    }
}

static void visit_exchange(struct program *program, int step, int device)
{
    const bool sending = program->step[step].kind == STEP_SEND;
    for (int m = 0; m < program->message_count[device]; m++) {
        const struct message *message = &program->message[device][m];
        if (message->sending != sending || (sending ? message->first_step : message->last_step) != step)
            continue;
        for (int i = 0; i < message->transfer_count; i++) {
            const struct transfer *transfer = &program->transfer[message->transfer[i]];
            struct buffer *buffer = program_buffer(program, transfer->tensor, device);
            cover_region(buffer, transfer->region);
            extend_life(buffer, step);
        }
    }
}

/* First and last use, and the box that must be stored. */
static void find_lives(struct program *program, int device)
{
    for (int i = 0; i < program->step_count; i++) {
        const struct step *step = &program->step[i];
        switch (step->kind) {
        case STEP_EARLY:
        case STEP_COMPUTE:
        case STEP_LATE:
            visit_computation(program, i, device);
            break;
        case STEP_SEND:
        case STEP_RECEIVE:
            visit_exchange(program, i, device);
            break;
        default:
            if (device == 0 && !tensor_is_constant(step->tensor)) {
                struct buffer *buffer = program_buffer(program, step->tensor, 0);
                cover_region(buffer, region_whole(step->tensor->shape));
                extend_life(buffer, i);
            }
        }
    }
}

static void set_size(struct buffer *buffer, const struct tensor *tensor)
{
    if (tensor->layout == LAYOUT_BLOCKED && !region_is_empty(buffer->storage)) {
        struct range *channels = &buffer->storage.axis[1];
        channels->begin = channels->begin / BLOCK_CHANNELS * BLOCK_CHANNELS;
        channels->end = (channels->end + BLOCK_CHANNELS - 1) / BLOCK_CHANNELS * BLOCK_CHANNELS;
    }
    int64_t size = shape_size(region_shape(buffer->storage)), bytes;
    if (__builtin_mul_overflow(size, (int64_t)type_size(tensor->type), &bytes) || bytes > INT64_MAX / 64)
        fail("tensor '%s' needs more memory than can be addressed", tensor->name);
    buffer->bytes = aligned(bytes);
}

/* The item whose memory an item lies in, through sharing, and where. */
static struct item *home_of(struct items *items, struct item *item, int64_t *begin)
{
    *begin = 0;
    while (item->merged_in >= 0) {
        *begin += item->begin;
        item = &items->item[item->merged_in];
    }
    return item;
}

/* A tensor's own item. */
static struct item *item_of(struct items *items, const struct buffer *buffer)
{
    for (int i = 0; i < items->count; i++)
        if (items->item[i].buffer == buffer)
            return &items->item[i];
    return NULL;
}

static void merge(struct items *items, struct item *guest, struct item *home, int64_t begin)
{
    guest->merged_in = (int)(home - items->item);
    guest->begin = begin;
    if (guest->last_step > home->last_step)
        home->last_step = guest->last_step;
    if (guest->first_step < home->first_step)
        home->first_step = guest->first_step;
}

/* ---- inputs in the memory of what is put together from them ---- */

/* A piece that copies all of input `x` to whole blocks of channels of `y`, whose storage has the same rows and columns: where
 * the storage of x would lie in that of y, or -1. */
static int64_t place_in(const struct node *node, const struct move *move, const struct buffer *x, const struct buffer *y)
{
    const struct tensor *from = node->input[move->input], *to = node->output[0];
    const int64_t channels = from->shape.dim[1];
    int64_t block = BLOCK_CHANNELS * (int64_t)sizeof(float);
    for (int axis = 0; axis < to->shape.rank; axis++) {
        const struct range *a = &x->storage.axis[axis], *b = &y->storage.axis[axis];
        if (move->input_axis[axis] != axis || move->input_step[axis] != 1 || move->output_step[axis] != 1 ||
            move->input_start[axis] || move->count[axis] != from->shape.dim[axis])
            return -1;
        if (axis != 1 && (move->output_start[axis] || a->begin != b->begin || a->end != b->end))
            return -1;
        if (axis > 1)
            block *= b->end - b->begin;
    }
    const int64_t start = move->output_start[1], first = x->storage.axis[1].begin + start - y->storage.axis[1].begin;
    if (start % BLOCK_CHANNELS || (channels % BLOCK_CHANNELS && start + channels != to->shape.dim[1]) || first < 0 ||
        x->storage.axis[1].end + start > y->storage.axis[1].end || y->storage.axis[0].end - y->storage.axis[0].begin != 1)
        return -1;
    return first / BLOCK_CHANNELS * block;
}

/* The item of the piece's input and its place in the output, or NULL where it must be copied. */
static struct item *part_of(const struct program *program, struct items *items, int device, const struct node *node,
                            const struct move *move, int64_t *place)
{
    const struct tensor *x = move->input < 0 ? NULL : node->input[move->input], *y = node->output[0];
    if (!x || tensor_is_constant(x) || x->layout != LAYOUT_BLOCKED || x->shape.rank != y->shape.rank)
        return NULL;
    const struct buffer *from = program_buffer(program, x, device);
    *place = from->used ? place_in(node, move, from, program_buffer(program, y, device)) : -1;
    return *place < 0 ? NULL : item_of(items, from);
}

/* All parts lie together in one memory already, as they should lie in the output: so does that. */
static bool share_whole(const struct program *program, struct items *items, int device, const struct node *node,
                        const struct moves *moves, struct item *output)
{
    struct item *home = NULL;
    int64_t begin = 0;
    for (int i = 0; i < moves->count; i++) {
        int64_t place, at;
        struct item *part = part_of(program, items, device, node, &moves->item[i], &place);
        struct item *memory = part ? home_of(items, part, &at) : NULL;
        if (!memory || memory == part || memory == output || (home && (memory != home || at - place != begin)))
            return false;
        home = memory;
        begin = at - place;
    }
    if (!home || begin < 0 || begin + output->bytes > home->bytes)
        return false;
    merge(items, output, home, begin);
    output->is_part = true;
    return true;
}

/* From the last node to the first, so that what is put together step by step lies in the memory of its last form. */
static void share_parts(struct program *program, struct items *items, int device)
{
    const struct graph *graph = program->plan->graph;
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct node *node = graph->node[n];
        int first, last;
        if (!node->kernel->parts_in_place || !program_node_steps(program, n, device, &first, &last))
            continue;
        const struct moves moves = node_moves(items->arena, node);
        struct item *output = item_of(items, program_buffer(program, node->output[0], device));
        if (!output || (output->merged_in < 0 && share_whole(program, items, device, node, &moves, output)))
            continue;
        for (int i = 0; i < moves.count; i++) {
            int64_t place, begin;
            struct item *part = part_of(program, items, device, node, &moves.item[i], &place);
            struct item *home = home_of(items, output, &begin);
            if (!part || part->merged_in >= 0 || part == home)
                continue;
            merge(items, part, home, begin + place);
            part->is_part = output->is_part = true;
        }
    }
}

/* ---- outputs in the memory of inputs ---- */

/* Does every element of the output lie where the input's element of the same position lies? */
static bool same_bytes(const struct node *node, const struct buffer *input, const struct buffer *output)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    if (type_size(x->type) != type_size(y->type) || shape_size(x->shape) != shape_size(y->shape) ||
        input->bytes != output->bytes)
        return false;
    if (x->layout == y->layout && x->shape.rank == y->shape.rank && region_equal(input->storage, output->storage))
        return true;
    /* A reshape of a whole tensor. */
    return region_size(input->storage) == shape_size(x->shape) && region_size(output->storage) == shape_size(y->shape);
}

/* Of its first input: they may be computed between two steps of the node, after it has overwritten some. */
static bool has_other_readers(const struct graph *graph, const struct node *node)
{
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n] != node && graph->node[n]->input[i] == node->input[0])
                return true;
    return false;
}

/* A kernel that works in place lets its output take over the memory of an input that dies here. */
static void share_in_place(struct program *program, struct items *items, int device)
{
    const struct graph *graph = program->plan->graph;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        int first, last;
        if (!node->kernel->in_place || !node->input[0] || tensor_is_constant(node->input[0]) ||
            !program_node_steps(program, n, device, &first, &last))
            continue;
        struct buffer *input = program_buffer(program, node->input[0], device);
        struct buffer *output = program_buffer(program, node->output[0], device);
        if (!output->used || output->first_step != first || !input->used || input->last_step != last)
            continue;
        bool read_twice = false, reads_others = false;
        for (int i = 1; i < node->input_count; i++) {
            read_twice |= node->input[i] == node->input[0];
            reads_others |= node->input[i] && !tensor_is_constant(node->input[i]);
        }
        if (read_twice || !same_bytes(node, input, output))
            continue;
        struct item *guest = item_of(items, output), *own = item_of(items, input);
        int64_t begin;
        struct item *home = own ? home_of(items, own, &begin) : NULL;
        /* Not in memory that others read later, or here at other places; nor between two steps of the node, where it holds parts of
         * what was put together or has readers that are computed in turn with the node. */
        if (!home || !guest || guest->merged_in >= 0 || home == guest || home->last_step != last ||
            (own->is_part && reads_others) || (first != last && (own->is_part || has_other_readers(graph, node))))
            continue;
        merge(items, guest, home, begin);
    }
}

static int compare_items(const void *left, const void *right)
{
    const struct item *a = *(const struct item *const *)left, *b = *(const struct item *const *)right;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return a->order - b->order;
}

/* Largest first, each at the lowest offset that is free during its life. */
static int64_t place_items(struct items *items)
{
    struct item **order = arena_array(items->arena, (size_t)items->count + 1, sizeof *order);
    int count = 0;
    for (int i = 0; i < items->count; i++)
        if (items->item[i].merged_in < 0 && items->item[i].bytes)
            order[count++] = &items->item[i];
    qsort(order, (size_t)count, sizeof *order, compare_items);
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
        struct item *item = order[i];
        int64_t offset = 0;
        for (bool moved = true; moved;) {
            moved = false;
            for (int k = 0; k < i; k++) {
                const struct item *other = order[k];
                if (other->last_step < item->first_step || item->last_step < other->first_step ||
                    other->offset + other->bytes <= offset || offset + item->bytes <= other->offset)
                    continue;
                offset = other->offset + other->bytes;
                moved = true;
            }
        }
        item->offset = offset;
        if (offset + item->bytes > total)
            total = offset + item->bytes;
    }
    return total;
}

static void collect_items(struct program *program, struct items *items, int device)
{
    const struct graph *graph = program->plan->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        struct buffer *buffer = program_buffer(program, graph->tensor[t], device);
        if (!buffer->used)
            continue;
        set_size(buffer, graph->tensor[t]);
        *arena_append(items->arena, items->item, items->count, items->capacity) =
            (struct item){buffer->bytes, 0, buffer->first_step, buffer->last_step, items->count, -1, 0, false, buffer, NULL};
    }
    for (int i = 0; i < graph->node_count; i++) {
        struct buffer *buffer = program_scratch(program, i, device);
        if (buffer->used)
            *arena_append(items->arena, items->item, items->count, items->capacity) =
                (struct item){buffer->bytes, 0, buffer->first_step, buffer->last_step, items->count, -1, 0, false, buffer, NULL};
    }
    for (int m = 0; m < program->message_count[device]; m++) {
        struct message *message = &program->message[device][m];
        *arena_append(items->arena, items->item, items->count, items->capacity) = (struct item){
            aligned(message->buffer_bytes), 0, message->first_step, message->last_step, items->count, -1, 0, false, NULL, message};
    }
}

void place_buffers(struct program *program)
{
    struct items items = {.arena = program->plan->graph->arena};
    for (int d = 0; d < program->plan->cluster->count; d++) {
        items.count = items.capacity = 0;
        items.item = NULL;
        find_lives(program, d);
        collect_items(program, &items, d);
        share_parts(program, &items, d);
        share_in_place(program, &items, d);
        program->arena_bytes[d] = place_items(&items);
        for (int i = 0; i < items.count; i++) {
            int64_t begin;
            const struct item *home = home_of(&items, &items.item[i], &begin);
            if (items.item[i].buffer) {
                items.item[i].buffer->offset = home->offset + begin;
                items.item[i].buffer->group = items.item[i].is_part ? 1 + (int)(home - items.item) : 0;
            } else {
                items.item[i].message->offset = home->offset;
            }
        }
    }
}
