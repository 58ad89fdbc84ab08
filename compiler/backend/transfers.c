/* transfers.c -- generated functions that move boxes between storages and the canonical order of wire and caller. */
/* SPDX-License-Identifier: MIT */
#include "device_source.h"

#include <inttypes.h>

static const struct buffer *buffer_on(const struct source *source, const struct tensor *tensor)
{
    return program_buffer(source->program, tensor, source->device);
}

static bool is_blocked(const struct tensor *tensor)
{
    return tensor->layout == LAYOUT_BLOCKED;
}

/* `region` relative to the storage, as BOX(...) over N, C, rows, columns. */
static const char *box_text(struct arena *arena, struct region region, struct region storage)
{
    struct range axis[4] = {{0, 1}, {0, 1}, {0, 1}, {0, 1}};
    for (int i = 0; i < region.rank; i++) {
        int at = i < 2 ? i : i + 4 - region.rank;
        axis[at] = (struct range){region.axis[i].begin - storage.axis[i].begin,
                                  region.axis[i].end - storage.axis[i].begin};
    }
    return arena_printf(arena,
                        "BOX(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                        ", %" PRId64 ")",
                        axis[0].begin, axis[0].end, axis[1].begin, axis[1].end, axis[2].begin, axis[2].end,
                        axis[3].begin, axis[3].end);
}

static const char *numbers_text(struct arena *arena, const int64_t *number, int count)
{
    struct text text = {.arena = arena};
    text_add(&text, "(const int64_t[]){");
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s%" PRId64, i ? ", " : "", number[i]);
    text_add(&text, count ? "}" : "0}");
    return text.bytes;
}

/* Copy `region` of a tensor's storage to (pack) or from (unpack) the canonical bytes at `wire`. */
static void print_copy(struct source *source, const struct tensor *tensor, struct region region, const char *wire,
                       bool pack)
{
    struct arena *arena = source->arena;
    struct region storage = source_storage(source, tensor);
    const char *buffer = source_buffer(source, tensor);
    if (is_blocked(tensor)) {
        const char *view = source_view(source, tensor), *box = box_text(arena, region, storage);
        if (pack) {
            source_printf(source, "    pack_region((float *)(%s), %s, (struct view)%s,\n                %s);\n", wire,
                          buffer, view, box);
            return;
        }
        source_printf(source, "    unpack_region(%s, (struct view)%s, (const float *)(%s),\n                  %s);\n",
                      buffer, view, wire, box);
        if (region.axis[1].end == tensor->shape.dim[1] && region.axis[1].end % 16)
            source_printf(source, "    clear_lanes(%s, (struct view)%s,\n                %s);\n", buffer, view, box);
        return;
    }
    int64_t stride[MAX_RANK], count[MAX_RANK], step = 1, first = 0;
    for (int a = region.rank - 1; a >= 0; a--) {
        stride[a] = step;
        count[a] = region.axis[a].end - region.axis[a].begin;
        first += step * (region.axis[a].begin - storage.axis[a].begin);
        step *= storage.axis[a].end - storage.axis[a].begin;
    }
    const char *place = first ? arena_printf(arena, "%s + %" PRId64, buffer, first) : buffer;
    const char *strides = numbers_text(arena, stride, region.rank), *counts = numbers_text(arena, count, region.rank);
    if (pack)
        source_printf(source, "    pack_plain(%s, %s, %s,\n               %s, %d, %zu);\n", wire, place, strides,
                      counts, region.rank, type_size(tensor->type));
    else
        source_printf(source, "    unpack_plain(%s, %s, %s,\n                 %s, %d, %zu);\n", place, strides, wire,
                      counts, region.rank, type_size(tensor->type));
}

void source_clear_border(struct source *source, const struct tensor *tensor)
{
    const struct buffer *buffer = buffer_on(source, tensor);
    struct region bounds = region_whole(tensor->shape), storage = buffer->storage, inner = storage;
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
                  storage.axis[0].end - storage.axis[0].begin, box_text(source->arena, inner, storage));
}

static void print_head(struct source *source, const char *comment, const char *function, const char *parameters)
{
    source_use(source, "region.h");
    source_printf(source, "/* %s */\nstatic void %s(unsigned char *restrict arena%s)\n{\n", comment, function,
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

/* Copies for all frames of one direction of an exchange on this device. */
static const char *exchange_function(struct source *source, const struct step *step, bool sending)
{
    struct arena *arena = source->arena;
    const struct program *program = source->program;
    const struct exchange *exchange = &program->exchange[step->exchange];
    const struct tensor *tensor = exchange->tensor;
    const char *name = NULL;
    for (int m = 0; m < program->message_count[source->device]; m++) {
        const struct message *message = &program->message[source->device][m];
        if (message->exchange != step->exchange || message->sending != sending)
            continue;
        if (!name) {
            name = arena_printf(arena, "%s_tensor_%s%s", sending ? "send" : "receive",
                                source->tensor_name[tensor->id], exchange->relayed ? "_relayed" : "");
            print_head(source, arena_printf(arena, "%s %s", sending ? "Pack" : "Unpack",
                                            text_escape(arena, tensor->name)),
                       name, "");
            const struct buffer *buffer = buffer_on(source, tensor);
            if (!sending && &program->step[buffer->first_step] == step)
                source_clear_border(source, tensor);
        }
        int64_t offset = source->arena_base + message->offset;
        for (int i = 0; i < message->transfer_count; i++) {
            const struct transfer *transfer = &program->plan->transfer[message->transfer[i]];
            source_printf(source, "    /* %s device %d: %s */\n", sending ? "to" : "from", message->peer,
                          region_string(arena, transfer->region));
            print_copy(source, tensor, transfer->region, arena_printf(arena, "arena + %" PRId64, offset), sending);
            offset += region_size(transfer->region) * (int64_t)type_size(tensor->type);
        }
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
