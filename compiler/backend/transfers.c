/* transfers.c -- generated functions that move boxes between storages and the canonical order of wire and caller. */
/* SPDX-License-Identifier: MIT */
#include "device_source.h"
#include "place.h"

#include <inttypes.h>

static const struct buffer *buffer_on(const struct source *source, const struct tensor *tensor)
{
    return program_buffer(source->program, tensor, source->device);
}

/* Copy `region` of a blocked storage to (pack) or from (unpack) the canonical bytes at `wire`. */
static void print_blocked_copy(struct source *source, const struct tensor *tensor, struct region region,
                               const char *wire, bool pack)
{
    const char *buffer = source_buffer(source, tensor), *view = source_view(source, tensor);
    const char *box = box_text(source, tensor, region);
    if (pack) {
        source_printf(source, "    pack_region((float *)(%s), %s, (struct view)%s,\n                %s);\n", wire, buffer,
                      view, box);
        return;
    }
    source_printf(source, "    unpack_region(%s, (struct view)%s, (const float *)(%s),\n                  %s);\n", buffer,
                  view, wire, box);
    write_clear_lanes(source, tensor, region);
}

static void print_copy(struct source *source, const struct tensor *tensor, struct region region, const char *wire,
                       bool pack)
{
    if (tensor->layout == LAYOUT_BLOCKED) {
        print_blocked_copy(source, tensor, region, wire, pack);
        return;
    }
    int64_t stride[MAX_RANK];
    struct shape count = region_shape(region);
    storage_strides(source_storage(source, tensor), stride);
    const char *place = plain_at(source, tensor, region);
    const char *strides = numbers_text(source->arena, stride, count.rank);
    const char *counts = numbers_text(source->arena, count.dim, count.rank);
    source_printf(source, "    %s(%s, %s(const int64_t[])%s,%s\n%*s(const int64_t[])%s, %d, %zu);\n",
                  pack ? "pack_plain" : "unpack_plain", pack ? wire : place,
                  pack ? arena_printf(source->arena, "%s, ", place) : "", strides,
                  pack ? "" : arena_printf(source->arena, " %s,", wire), pack ? 15 : 17, "", counts, count.rank, type_size(tensor->type));
}

void source_clear_border(struct source *source, const struct tensor *tensor)
{
    struct region bounds = region_whole(tensor->shape), storage = source_storage(source, tensor), inner = storage;
    int rank = storage.rank;
    bool reaches_out = false;
    for (int a = 2; a < rank; a++) {
        inner.axis[a] = region_intersect(storage, bounds).axis[a];
        reaches_out |= inner.axis[a].begin != storage.axis[a].begin || inner.axis[a].end != storage.axis[a].end;
    }
    if (!reaches_out)
        return;
    source_use(source, "region.h");
    source_printf(source, "    clear_border(%s, (struct view)%s, %" PRId64 ",\n                 %s);\n",
                  source_buffer(source, tensor), source_view(source, tensor),
                  storage.axis[0].end - storage.axis[0].begin, box_text(source, tensor, inner));
}

static void print_head(struct source *source, const char *comment, const char *function, const char *parameters)
{
    source_use(source, "region.h");
    source_printf(source, "/* %s */\nSTEP void %s(unsigned char *restrict arena%s)\n{\n", comment, function,
                  parameters);
}

const char *source_load_function(struct source *source, const struct tensor *tensor)
{
    struct arena *arena = source->arena;
    const char *name = arena_printf(arena, "load_tensor_%s", source->tensor_name[tensor->id]);
    print_head(source, arena_printf(arena, "Input %s %s", text_escape(arena, tensor->name),
                                    shape_string(arena, tensor->shape)),
               name, ", const void *input");
    source_clear_border(source, tensor);
    print_copy(source, tensor, region_whole(tensor->shape), "input", false);
    source_end(source);
    return name;
}

const char *source_store_function(struct source *source, const struct tensor *tensor, int index)
{
    struct arena *arena = source->arena;
    const char *name = arena_printf(arena, "store_tensor_%s_%d", source->tensor_name[tensor->id], index);
    print_head(source, arena_printf(arena, "Output %s %s", text_escape(arena, tensor->name),
                                    shape_string(arena, tensor->shape)),
               name, ", void *output");
    if (tensor_is_constant(tensor)) {
        source_printf(source, "    (void)arena;\n    memcpy(output, %s, %zu);\n", source_buffer(source, tensor),
                      (size_t)shape_size(tensor->shape) * type_size(tensor->type));
    } else {
        print_copy(source, tensor, region_whole(tensor->shape), "output", true);
    }
    source_end(source);
    return name;
}

/* "send_tensor_x": of the first tensor of the exchange, which is in no other but for relays and parts. */
static const char *exchange_function_name(struct source *source, int exchange, bool sending)
{
    const struct program *program = source->program;
    const struct transfer *first = &program->transfer[program->exchange[exchange].first_transfer];
    const char *name = arena_printf(source->arena, "%s_tensor_%s%s", sending ? "send" : "receive",
                                    source->tensor_name[first->tensor->id], first->relayed ? "_relayed" : "");
    if (program->exchange[exchange].parts > 1)
        name = arena_printf(source->arena, "%s_part%d_of_device%d", name, program->exchange[exchange].part + 1, first->to);
    return name;
}

/* One transfer of a frame whose bytes begin at `offset` of the arena. */
static void print_transfer(struct source *source, const struct transfer *transfer, int peer, int64_t offset, bool sending)
{
    const struct plan *plan = source->program->plan;
    const char *wire = arena_printf(source->arena, "arena + %" PRId64, offset);
    const bool half = plan->wire_half && transfer->tensor->type == TYPE_FLOAT;
    source_printf(source, "    /* %s device %d: %s */\n", sending ? "to" : "from", peer,
                  region_string(source->arena, transfer->region));
    if (half)
        source_use(source, "wire.h");
    if (half && !sending)
        source_printf(source, "    widen_wire(%s, %" PRId64 ");\n", wire, region_size(transfer->region));
    print_copy(source, transfer->tensor, transfer->region, wire, sending);
    if (half && sending)
        source_printf(source, "    narrow_wire(%s, %" PRId64 ");\n", wire, region_size(transfer->region));
}

/* Copies for one frame. What is converted in the wire buffer needs the bytes behind it: packed first to last, unpacked last to
 * first. */
static void print_frame(struct source *source, const struct message *message)
{
    const struct program *program = source->program;
    int64_t offset = source->arena_base + message->offset;
    if (!message->sending)
        offset += message->bytes;
    for (int i = 0; i < message->transfer_count; i++) {
        const int index = message->transfer[message->sending ? i : message->transfer_count - 1 - i];
        const struct transfer *transfer = &program->transfer[index];
        const int64_t bytes = plan_wire_bytes(program->plan, transfer->tensor, region_size(transfer->region));
        print_transfer(source, transfer, message->peer, message->sending ? offset : offset - bytes, message->sending);
        offset += message->sending ? bytes : -bytes;
    }
}

/* Tensors whose life begins with this step. */
static void clear_borders(struct source *source, const struct exchange *exchange, int step)
{
    const struct tensor *last = NULL;
    for (int t = exchange->first_transfer; t < exchange->first_transfer + exchange->transfer_count; t++) {
        const struct transfer *transfer = &source->program->transfer[t];
        if (transfer->to != source->device || transfer->tensor == last)
            continue;
        last = transfer->tensor;
        if (buffer_on(source, last)->first_step == step)
            source_clear_border(source, last);
    }
}

/* Copies for all frames of one direction of an exchange on this device; NULL when there are none. */
static const char *exchange_function(struct source *source, const struct step *step, bool sending)
{
    struct arena *arena = source->arena;
    const struct program *program = source->program;
    const int index = (int)(step - program->step);
    const char *name = NULL;
    for (int m = 0; m < program->message_count[source->device]; m++) {
        const struct message *message = &program->message[source->device][m];
        if (message->exchange != step->exchange || message->sending != sending ||
            (!sending && message->last_step != index))
            continue;
        if (!name) {
            name = exchange_function_name(source, step->exchange, sending);
            print_head(source,
                       arena_printf(arena, "%s %s", sending ? "Pack" : "Unpack",
                                    program_exchange_name(arena, program, step->exchange)),
                       name, "");
            if (!sending)
                clear_borders(source, &program->exchange[step->exchange], index);
        }
        print_frame(source, message);
    }
    if (name)
        source_end(source);
    return name;
}

const char *source_pack_function(struct source *source, const struct step *step)
{
    return exchange_function(source, step, true);
}

const char *source_unpack_function(struct source *source, const struct step *step)
{
    return exchange_function(source, step, false);
}
