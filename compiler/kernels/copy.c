/* copy.c -- operators that change a tensor's shape and keep its elements in their order. */
/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    static const char *const types[] = {"BitCast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"};
    if (*node->domain || node_output(node, 1))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i], node->op_type))
            return true;
    return false;
}

static int64_t index_of(struct shape shape, struct region box)
{
    int64_t index = 0;
    for (int axis = 0; axis < shape.rank; axis++)
        index = index * shape.dim[axis] + box.axis[axis].begin;
    return index;
}

/* Is the box one run of the tensor's row-major order? All axes whole but the first that is longer than 1. */
static bool is_run(struct shape shape, struct region box)
{
    bool longer = false;
    for (int axis = 0; axis < shape.rank; axis++) {
        const struct range range = box.axis[axis];
        if (range.begin < 0 || range.end > shape.dim[axis] ||
            (longer && (range.begin != 0 || range.end != shape.dim[axis])))
            return false;
        longer |= range.end - range.begin != 1;
    }
    return true;
}

static const char *offset_text(struct source *source, const struct tensor *tensor, int64_t offset)
{
    const char *buffer = source_buffer(source, tensor);
    return offset ? arena_printf(source_arena(source), "%s + %" PRId64, buffer, offset) : buffer;
}

/* Runs in both storages. */
static void write_run(struct source *source, const struct tensor *y, const struct tensor *x, int64_t x_begin,
                      struct region region)
{
    const char *to = offset_text(source, y, index_of(y->shape, region) - index_of(y->shape, source_storage(source, y)));
    const char *from = offset_text(source, x, index_of(y->shape, region) - x_begin);
    /* BitCast changes the type that both are cast to. */
    const char *to_place = strchr(to, ')'), *from_place = strchr(from, ')');
    if (to_place && from_place ? !strcmp(to_place, from_place) : !strcmp(to, from))
        source_printf(source, "    (void)arena; /* in place */\n");
    else
        source_printf(source, "    memcpy(%s, %s, %" PRId64 ");\n", to, from,
                      region_size(region) * (int64_t)type_size(y->type));
}

/* A scalar counts as a vector of one element. */
static struct region at_least_vector(struct region box)
{
    if (box.rank == 0)
        box = (struct region){.some = true, .rank = 1, .axis = {{0, 1}}};
    return box;
}

/* "{0, 3}" of the beginnings or ends of a box. */
static const char *bounds_text(struct arena *arena, struct region box, bool ends)
{
    int64_t bound[MAX_RANK];
    for (int axis = 0; axis < box.rank; axis++)
        bound[axis] = ends ? box.axis[axis].end : box.axis[axis].begin;
    return numbers_text(arena, bound, box.rank);
}

static void write_shape(struct source *source, const struct tensor *y, const struct tensor *x, struct region region)
{
    struct arena *arena = source_arena(source);
    const struct region x_storage = at_least_vector(source_storage(source, x));
    const struct region y_storage = at_least_vector(source_storage(source, y)), box = at_least_vector(region);
    int64_t stride[MAX_RANK], x_stride[MAX_RANK];
    storage_strides(y_storage, stride);
    storage_strides(x_storage, x_stride);
    source_printf(source,
                  "static const struct copy_reshaped %s_shape = {\n    .rank = %d, .x_rank = %d, .size = %zu,\n"
                  "    .dim = %s, .begin = %s, .end = %s, .stride = %s,\n"
                  "    .x_dim = %s, .x_begin = %s, .x_stride = %s};\n\n",
                  source_name(source), box.rank, x_storage.rank, type_size(y->type),
                  bounds_text(arena, at_least_vector(region_whole(y->shape)), true), bounds_text(arena, box, false),
                  bounds_text(arena, box, true), numbers_text(arena, stride, box.rank),
                  bounds_text(arena, at_least_vector(region_whole(x->shape)), true),
                  bounds_text(arena, x_storage, false), numbers_text(arena, x_stride, x_storage.rank));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct region from = source_storage(source, x);
    const bool runs = is_run(y->shape, *region) && is_run(y->shape, source_storage(source, y)) && is_run(x->shape, from);
    if (!runs) {
        source_use(source, "copy.h");
        write_shape(source, y, x, *region);
    }
    source_function(source);
    if (runs)
        write_run(source, y, x, index_of(x->shape, from), *region);
    else
        source_printf(source, "    copy_reshaped(&%s_shape, %s,\n                  %s);\n", source_name(source),
                      plain_at(source, y, *region), source_buffer(source, x));
    source_end(source);
}

/* Runs of elements, where they do not lie there already. */
static void work(const struct node *node, struct region piece, struct work *work)
{
    (void)node;
    work->amount[WORK_VECTOR] += 2 * (double)region_size(piece);
}

const struct kernel kernel_copy = {.name = "copy", .accepts = accepts, .in_place = true, .work = work, .emit = emit};

/* ---- from a blocked vector: channels lie one after the other ---- */

static bool accepts_blocked(const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    return accepts(node) && tensor_can_block(x) && !tensor_is_constant(x) &&
           shape_size(x->shape) == x->shape.dim[1];
}

static enum layout layout_blocked(const struct node *node, int input)
{
    (void)node;
    return input == 0 ? LAYOUT_BLOCKED : LAYOUT_PLAIN;
}

/* The runs of a box, one after the other: `at` is the first element of the next. */
static bool next_run(const struct tensor *y, struct region box, struct region *run)
{
    for (int axis = y->shape.rank - 1; axis >= 0; axis--) {
        struct range *range = &run->axis[axis];
        if (range->end - range->begin == box.axis[axis].end - box.axis[axis].begin)
            continue;
        range->begin++;
        range->end++;
        if (range->end <= box.axis[axis].end)
            return true;
        *range = (struct range){box.axis[axis].begin, box.axis[axis].begin + 1};
    }
    return false;
}

/* A box as its storage counts. */
static struct region within(struct region box, struct region storage)
{
    for (int axis = 0; axis < box.rank; axis++) {
        box.axis[axis].begin -= storage.axis[axis].begin;
        box.axis[axis].end -= storage.axis[axis].begin;
    }
    return box;
}

/* The largest run at the beginning of a box that is one in the storage too. */
static struct region first_run(const struct tensor *y, struct region box, struct region storage)
{
    const struct shape stored = region_shape(storage);
    struct region run = box;
    for (int axis = 0; axis < y->shape.rank && !(is_run(y->shape, run) && is_run(stored, within(run, storage))); axis++)
        run.axis[axis].end = run.axis[axis].begin + 1;
    return run;
}

static void emit_blocked(struct source *source, const struct node *node, const struct region *region)
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct region storage = source_storage(source, x), target = source_storage(source, y);
    const bool dense = region_size(storage) == storage.axis[1].end - storage.axis[1].begin;
    const bool runs = dense && is_run(y->shape, *region) && is_run(y->shape, target);
    source_use(source, "region.h");
    source_function(source);
    if (runs) {
        write_run(source, y, x, storage.axis[1].begin, *region);
        source_end(source);
        return;
    }
    struct region run = first_run(y, *region, target);
    do {
        const int64_t c = index_of(y->shape, run);
        struct region from = region_whole(x->shape);
        from.axis[1] = (struct range){c, c + region_size(run)};
        source_printf(source, "    pack_region(%s, %s, (struct view)%s,\n                %s);\n",
                      plain_at(source, y, run), source_buffer(source, x), source_view(source, x),
                      box_text(source, x, from));
    } while (next_run(y, *region, &run));
    source_end(source);
}

const struct kernel kernel_copy_blocked = {.name = "copy_blocked",
                                           .accepts = accepts_blocked,
                                           .layout = layout_blocked,
                                           .in_place = true,
                                           .work = work,
                                           .emit = emit_blocked};
