/* elementwise_blocked.c -- element-wise operators on blocked tensors by templates/elementwise.h. */
/* SPDX-License-Identifier: MIT */
#include "element.h"

#include <inttypes.h>
#include <string.h>

static struct map box_of(const struct tensor *tensor)
{
    return map_of(region_whole(tensor->shape));
}

/* The channels of a computed operand must be where the output's are; a constant may vary along them alone. */
static bool can_load(const struct element_operand *operand, const struct tensor *y)
{
    const struct tensor *x = operand->tensor;
    if (!x || x == y || shape_size(x->shape) == 1)
        return true;
    const int channels = element_axis(x, y->shape.rank, 1);
    if (channels < 0)
        return x->shape.rank <= y->shape.rank;
    if (tensor_is_constant(x))
        return shape_size(x->shape) == x->shape.dim[channels];
    return x->shape.rank == y->shape.rank;
}

static bool accepts(const struct node *node)
{
    struct element_call call;
    const struct tensor *y = node_output(node, 0);
    int k = 0;
    if (!tensor_can_block(y))
        return false;
    for (; element_vector_call(node, k, &call); k++)
        for (int i = 0; i < call.operands; i++)
            if (!can_load(&call.x[i], y))
                return false;
    return k > 0;
}

/* Operands without channels are read lane by lane: as they come. */
static enum layout layout(const struct node *node, int input)
{
    if (input < 0)
        return LAYOUT_BLOCKED;
    const struct tensor *x = node->input[input], *y = node->output[0];
    if (x->shape.rank != y->shape.rank || !tensor_can_block(x))
        return LAYOUT_PLAIN;
    return x->shape.dim[1] == y->shape.dim[1] ? LAYOUT_BLOCKED : layer_incoming(node, input);
}

/* Per-channel constants, with zeros in the pad lanes. */
static const char *bake_channels(struct source *source, const struct tensor *constant, const char *role,
                                 struct range channels)
{
    const int64_t count = channels.end - channels.begin;
    float *packed = source_scratch(source, (size_t)round_up(count, BLOCK) * sizeof *packed);
    for (int64_t c = 0; c < count; c++)
        packed[c] = ((const float *)constant->data)[channels.begin + c];
    return source_weights(source, role, constant, packed, (size_t)round_up(count, BLOCK));
}

static bool is_vector(const struct tensor *x, const struct tensor *y)
{
    return !tensor_is_constant(x) && x->layout == LAYOUT_BLOCKED && x->shape.dim[1] == y->shape.dim[1];
}

static const char *along_text(struct arena *arena, const struct tensor *x, const struct tensor *y)
{
    static const char *const name[] = {"ALONG_N", "ALONG_C", "ALONG_ROWS", "ALONG_COLUMNS"};
    const int rank = y->shape.rank;
    struct text text = {.arena = arena};
    if (is_vector(x, y) && shape_equal(x->shape, y->shape))
        return "ALONG_ALL";
    for (int axis = 0; axis < rank; axis++)
        if (element_axis(x, rank, axis) >= 0 || (axis == 1 && is_vector(x, y)))
            text_printf(&text, "%s%s", text.length ? " | " : "", name[axis == 2 && rank == 3 ? 3 : axis]);
    return text.length ? text.bytes : "0";
}

static const char *view_of(struct source *source, const struct tensor *tensor, struct map box)
{
    return box.n.end - box.n.begin == 1 ? source_sample_view(source, tensor) : source_view(source, tensor);
}

/* Writes the initialiser of operand `name`; returns the pointer. */
static const char *write_operand(struct source *source, const struct element_operand *operand, const char *name, int k,
                                 const struct tensor *y, struct region region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *x = operand->tensor;
    const int rank = y->shape.rank;
    if (!x) {
        source_printf(source, ",\n    .%s = {.value = %s}", name, float_text(arena, operand->number));
        return "NULL";
    }
    const struct map box = map_of(region), whole = box_of(x);
    if (tensor_is_constant(x) && element_axis(x, rank, 1) >= 0) {
        source_printf(source, ",\n    .%s = {.view = BLOCKED(1, 1, 1), .along = ALONG_C, .is_read = 1}", name);
        return bake_channels(source, x, arena_printf(arena, k ? "%s%d" : "%s", name, k), box.c);
    }
    const char *along = along_text(arena, x, y);
    if (!tensor_is_constant(x) && x->layout == LAYOUT_BLOCKED) {
        source_printf(source, ",\n    .%s = {.view = %s, .along = %s, .is_read = 1}", name, view_of(source, x, box), along);
        return source_at(source, x, whole.n.end == 1 ? 0 : box.n.begin, whole.c.end == 1 ? 0 : box.c.begin,
                         whole.row.end == 1 ? 0 : box.row.begin, whole.column.end == 1 ? 0 : box.column.begin);
    }
    const struct element_place place = element_place(source, operand, region);
    source_printf(source, ",\n    .%s = {.view = {%" PRId64 ", 0, %" PRId64 ", %" PRId64 ", 0}, .along = %s, .is_read = 1}", name,
                  place.stride[0], rank > 3 ? place.stride[2] : 0, place.stride[rank - 1], along);
    return place.at;
}

/* The loop of an earlier layer serves where nothing but the number of channels differs. */
static void emit_call(struct source *source, const struct node *node, struct region region, int k, bool last,
                      const struct element_call *call, struct text *body)
{
    static const char *const name[] = {"a", "b", "c"};
    struct arena *arena = source_arena(source);
    const struct tensor *y = node->output[0];
    const struct map box = map_of(region);
    const int64_t channels = box.c.end - box.c.begin;
    const char *number = k ? arena_printf(arena, "%d", k) : "", *operand[3] = {"NULL", "NULL", "NULL"};
    const char *shape = arena_printf(arena, "%s_shape%s", source_name(source), number);
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .batch = %" PRId64 ", .rows = %" PRId64 ", .columns = %" PRId64 ", .cut = %d, .y = %s",
                  box.n.end - box.n.begin, box.row.end - box.row.begin, box.column.end - box.column.begin,
                  channels % BLOCK != 0, view_of(source, y, box));
    for (int i = 0; i < call->operands; i++)
        operand[i] = write_operand(source, &call->x[i], name[i], k, y, region);
    if (last)
        write_epilogue(source, node);
    const char *values = source_taken(source, mark), *own = arena_printf(arena, "%s_loop%s", source_name(source), number);
    const char *loop = source_same(source, arena_printf(arena, "%s%s", call->function, values), own);
    if (loop == own)
        source_printf(source, "static const struct elementwise_blocked %s%s};\nELEMENTWISE_LOOP(%s, %s, function_%s)\n\n", shape,
                      values, loop, shape, call->function);
    text_printf(body, "    %s(%" PRId64 ", %s,\n    %*s %s, %s, %s, %s);\n", loop, channels,
                source_at(source, y, box.n.begin, box.c.begin, box.row.begin, box.column.begin), (int)strlen(loop), "",
                operand[0], operand[1], operand[2], last ? residual_at(source, node, region) : "NULL");
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct text body = {.arena = source_arena(source)};
    struct element_call call, next;
    source_use(source, "elementwise.h");
    element_vector_call(node, 0, &call);
    for (int k = 0, more = 1; more; k++, call = next) {
        more = element_vector_call(node, k + 1, &next);
        element_use(source, &call);
        emit_call(source, node, *region, k, !more, &call, &body);
    }
    const bool clears = activation_is_smooth(node->epilogue.activation) && !epilogue_keeps_zero(&node->epilogue);
    if (clears)
        source_use(source, "region.h");
    source_function(source);
    source_printf(source, "%s", body.bytes);
    if (clears)
        write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

const struct kernel kernel_elementwise_blocked = {
    .name = "elementwise_blocked", .accepts = accepts, .layout = layout, .in_place = true, .work = layer_blocks_work, .emit = emit};
