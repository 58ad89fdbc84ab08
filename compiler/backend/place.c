/* place.c -- boxes inside storages, as text. */
/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <inttypes.h>

struct map map_of(struct region region)
{
    const struct range one = {0, 1};
    const int rank = region.rank;
    return (struct map){.n = rank > 0 ? region.axis[0] : one,
                        .c = rank > 1 ? region.axis[1] : one,
                        .row = rank > 3 ? region.axis[2] : one,
                        .column = rank > 2 ? region.axis[rank - 1] : one};
}

const char *box_text(struct source *source, const struct tensor *tensor, struct region region)
{
    const struct map box = map_of(region), storage = map_of(source_storage(source, tensor));
    return arena_printf(source_arena(source),
                        "BOX(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                        ", %" PRId64 ")",
                        box.n.begin - storage.n.begin, box.n.end - storage.n.begin, box.c.begin - storage.c.begin,
                        box.c.end - storage.c.begin, box.row.begin - storage.row.begin,
                        box.row.end - storage.row.begin, box.column.begin - storage.column.begin,
                        box.column.end - storage.column.begin);
}

void write_clear_lanes(struct source *source, const struct tensor *tensor, struct region region)
{
    if (tensor->layout != LAYOUT_BLOCKED || region.axis[1].end != tensor->shape.dim[1] || region.axis[1].end % 16 == 0)
        return;
    source_printf(source, "    clear_lanes(%s, (struct view)%s,\n                %s);\n",
                  source_buffer(source, tensor), source_view(source, tensor), box_text(source, tensor, region));
}

void storage_strides(struct region storage, int64_t stride[MAX_RANK])
{
    int64_t elements = 1;
    for (int axis = storage.rank - 1; axis >= 0; axis--) {
        stride[axis] = elements;
        elements *= storage.axis[axis].end - storage.axis[axis].begin;
    }
}

const char *plain_at(struct source *source, const struct tensor *tensor, struct region region)
{
    const struct region storage = source_storage(source, tensor);
    int64_t stride[MAX_RANK], first = 0;
    storage_strides(storage, stride);
    for (int axis = 0; axis < storage.rank; axis++)
        first += (region.axis[axis].begin - storage.axis[axis].begin) * stride[axis];
    const char *buffer = source_buffer(source, tensor);
    return first ? arena_printf(source_arena(source), "%s + %" PRId64, buffer, first) : buffer;
}

const char *numbers_text(struct arena *arena, const int64_t *number, int count)
{
    struct text text = {.arena = arena};
    text_add(&text, "{");
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s%" PRId64, i ? ", " : "", number[i]);
    text_add(&text, count ? "}" : "0}");
    return text.bytes;
}
