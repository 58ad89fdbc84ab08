/* elementwise.c -- element-wise operators on plain tensors: floats by templates/elementwise.h, other types by
 * templates/scalars.h. */
/* SPDX-License-Identifier: MIT */
#include "element.h"

#include <inttypes.h>
#include <string.h>

/* The loops over a piece: output, operands, residual. */
enum { LOOP_Y, LOOP_OPERANDS, LOOP_RESIDUAL = LOOP_OPERANDS + MAX_ELEMENT_OPERANDS, LOOP_STRIDES };

struct loops {
    int rank;
    int64_t count[MAX_RANK], stride[LOOP_STRIDES][MAX_RANK];
    const char *at[LOOP_STRIDES];
};

static void add_loop(struct loops *loops, int which, struct element_place place, int rank)
{
    loops->at[which] = place.at;
    memcpy(loops->stride[which], place.stride, (size_t)rank * sizeof *place.stride);
}

/* Can axis `inner` go on where `outer` steps, for everybody? */
static bool can_join(const struct loops *loops, int outer, int inner)
{
    for (int i = 0; i < LOOP_STRIDES; i++)
        if (loops->stride[i][outer] != loops->stride[i][inner] * loops->count[inner])
            return false;
    return true;
}

/* Fewest axes; at least one. */
static void join_axes(struct loops *loops)
{
    int kept = 0;
    for (int axis = 0; axis < loops->rank; axis++) {
        if (loops->count[axis] == 1)
            continue;
        const bool join = kept > 0 && can_join(loops, kept - 1, axis);
        const int to = join ? kept - 1 : kept++;
        loops->count[to] = (join ? loops->count[to] : 1) * loops->count[axis];
        for (int i = 0; i < LOOP_STRIDES; i++)
            loops->stride[i][to] = loops->stride[i][axis];
    }
    if (!kept) {
        kept = 1;
        loops->count[0] = 1;
        for (int i = 0; i < LOOP_STRIDES; i++)
            loops->stride[i][0] = i == LOOP_Y;
    }
    loops->rank = kept;
}

static struct loops make_loops(struct source *source, const struct node *node, struct region region,
                               const struct element_call *call, bool last)
{
    struct loops loops = {.rank = region.rank};
    for (int i = 0; i < LOOP_STRIDES; i++)
        loops.at[i] = "NULL";
    for (int axis = 0; axis < region.rank; axis++)
        loops.count[axis] = region.axis[axis].end - region.axis[axis].begin;
    add_loop(&loops, LOOP_Y, element_place(source, &(struct element_operand){node->output[0], 0}, region), region.rank);
    for (int i = 0; i < call->operands; i++)
        add_loop(&loops, LOOP_OPERANDS + i, element_place(source, &call->x[i], region), region.rank);
    if (last && node->epilogue.residual)
        add_loop(&loops, LOOP_RESIDUAL,
                 element_place(source, &(struct element_operand){node_input(node, node->epilogue.residual), 0}, region),
                 region.rank);
    join_axes(&loops);
    return loops;
}

static const char *shape_name(struct source *source, int k)
{
    return arena_printf(source_arena(source), k ? "%s_shape%d" : "%s_shape", source_name(source), k);
}

static const char *const operand_name[] = {"a", "b", "c"};

/* ---- floats ---- */

static void emit_vector_call(struct source *source, const struct node *node, struct region region, int k, bool last,
                             const struct element_call *call, struct text *body)
{
    struct arena *arena = source_arena(source);
    const struct loops loops = make_loops(source, node, region, call, last);
    const char *shape = shape_name(source, k);
    source_printf(source,
                  "static const struct elementwise_plain %s = {\n    .rank = %d, .count = %s, .y = %s", shape,
                  loops.rank, numbers_text(arena, loops.count, loops.rank),
                  numbers_text(arena, loops.stride[LOOP_Y], loops.rank));
    for (int i = 0; i < call->operands; i++)
        if (call->x[i].tensor)
            source_printf(source, ",\n    .%s = {.stride = %s}", operand_name[i],
                          numbers_text(arena, loops.stride[LOOP_OPERANDS + i], loops.rank));
        else
            source_printf(source, ",\n    .%s = {.value = %s}", operand_name[i], float_text(arena, call->x[i].number));
    if (last && node->epilogue.residual)
        source_printf(source, ",\n    .residual = {.stride = %s}",
                      numbers_text(arena, loops.stride[LOOP_RESIDUAL], loops.rank));
    if (last)
        write_activation(source, node);
    source_printf(source, "};\n\n");
    text_printf(body, "    elementwise_plain(&%s, function_%s, %s,\n                      %s, %s, %s, %s);\n", shape,
                call->function, loops.at[LOOP_Y], loops.at[LOOP_OPERANDS], loops.at[LOOP_OPERANDS + 1],
                loops.at[LOOP_OPERANDS + 2], loops.at[LOOP_RESIDUAL]);
}

/* ---- other types ---- */

static void emit_scalar_call(struct source *source, const struct node *node, struct region region, int k, bool last,
                             const struct element_call *call, struct text *body)
{
    struct arena *arena = source_arena(source);
    const struct loops loops = make_loops(source, node, region, call, last);
    const char *shape = shape_name(source, k);
    source_printf(source,
                  "static const struct elementwise_scalar %s = {\n    .rank = %d, .count = %s,\n"
                  "    .y = {.type = %s, .stride = %s}",
                  shape, loops.rank, numbers_text(arena, loops.count, loops.rank),
                  element_type_text(node->output[0]->type), numbers_text(arena, loops.stride[LOOP_Y], loops.rank));
    for (int i = 0; i < call->operands; i++)
        if (call->x[i].tensor)
            source_printf(source, ",\n    .%s = {.type = %s, .stride = %s}", operand_name[i],
                          element_type_text(call->x[i].tensor->type),
                          numbers_text(arena, loops.stride[LOOP_OPERANDS + i], loops.rank));
        else
            source_printf(source, ",\n    .%s = {.value = %s}", operand_name[i], float_text(arena, call->x[i].number));
    source_printf(source, "};\n\n");
    text_printf(body, "    elementwise_scalar(&%s, %s%s%s%s, %s,\n                       %s, %s, %s);\n", shape,
                call->integer ? "NULL, integer_" : "real_", call->accuracy, call->function, call->integer ? "" : ", NULL", loops.at[LOOP_Y], loops.at[LOOP_OPERANDS],
                loops.at[LOOP_OPERANDS + 1], loops.at[LOOP_OPERANDS + 2]);
}

/* ---- both ---- */

typedef bool call_function(const struct node *node, int k, struct element_call *call);
typedef void emit_function(struct source *source, const struct node *node, struct region region, int k, bool last,
                           const struct element_call *call, struct text *body);

static void emit_calls(struct source *source, const struct node *node, struct region region, call_function *get,
                       emit_function *emit)
{
    struct text body = {.arena = source_arena(source)};
    struct element_call call, next;
    get(node, 0, &call);
    for (int k = 0, more = 1; more; k++, call = next) {
        more = get(node, k + 1, &next);
        element_use(source, &call);
        emit(source, node, region, k, !more, &call, &body);
    }
    source_function(source);
    source_printf(source, "%s", body.bytes);
    source_end(source);
}

static bool accepts_vector(const struct node *node)
{
    struct element_call call;
    return element_vector_call(node, 0, &call);
}

static void emit_vector(struct source *source, const struct node *node, const struct region *region)
{
    source_use(source, "elementwise.h");
    emit_calls(source, node, *region, element_vector_call, emit_vector_call);
}

static bool accepts_scalar(const struct node *node)
{
    struct element_call call;
    return !accepts_vector(node) && !node->epilogue.residual && !node->epilogue.activation &&
           element_scalar_call(node, 0, &call);
}

static void emit_scalar(struct source *source, const struct node *node, const struct region *region)
{
    source_use(source, "scalars.h");
    emit_calls(source, node, *region, element_scalar_call, emit_scalar_call);
}

const struct kernel kernel_elementwise = {
    .name = "elementwise", .accepts = accepts_vector, .in_place = true, .work = layer_vector_work, .emit = emit_vector};

const struct kernel kernel_elementwise_scalar = {
    .name = "elementwise_scalar", .accepts = accepts_scalar, .in_place = true, .emit = emit_scalar};
