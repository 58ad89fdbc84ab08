/* move.c -- every operator that only moves data: copies of boxes between plain or between blocked storages. */
/* SPDX-License-Identifier: MIT */
#include "../ir/number.h"
#include "../operators/op.h"
#include "layer.h"

#include <assert.h>
#include <inttypes.h>

/* Shorter runs take as long as their elements one by one. */
enum { FEWEST_IN_RUN = 8 };

/* Measured: what moving a lane takes, in elements that are moved one by one. */
static const double LANE_BY_LANE = 0.5;

/* The loops of a piece that write into `region`: `first` <= k < `first` + `count`; false when none does. */
static bool clip_piece(const struct move *move, struct region region, int64_t first[MAX_RANK], int64_t count[MAX_RANK])
{
    for (int axis = 0; axis < region.rank; axis++) {
        const int64_t start = move->output_start[axis], step = move->output_step[axis];
        const struct range range = region.axis[axis];
        int64_t begin = range.begin <= start ? 0 : (range.begin - start + step - 1) / step;
        int64_t end = range.end <= start ? 0 : (range.end - start + step - 1) / step;
        if (end > move->count[axis])
            end = move->count[axis];
        if (begin >= end)
            return false;
        first[axis] = begin;
        count[axis] = end - begin;
    }
    return true;
}

/* Where loop `first` begins along input axis `axis`. */
static int64_t input_begin(const struct move *move, int axis, const int64_t first[MAX_RANK])
{
    const int64_t step = move->input_step[axis];
    return move->input_start[axis] + (step ? step * first[move->input_axis[axis]] : 0);
}

static bool has_pieces(const struct node *node)
{
    struct arena arena = {0};
    const bool some = node->op->moves && node_moves(&arena, node).count > 0;
    arena_free(&arena);
    return some;
}

/* ---- plain ---- */

/* A pointer to the fill value. */
static const char *fill_text(struct arena *arena, enum type type, double fill)
{
    const char *c_type = type_c_name(type);
    if (type == TYPE_FLOAT)
        return arena_printf(arena, "&(const float){%s}", float_text(arena, fill));
    if (type == TYPE_DOUBLE && fill - fill == 0)
        return arena_printf(arena, "&(const double){%.17g}", fill);
    if (type == TYPE_DOUBLE)
        return arena_printf(arena, "&(const double){(double)%s}", float_text(arena, fill));
    if (type == TYPE_FLOAT16 || type == TYPE_BFLOAT16)
        return arena_printf(arena, "&(const uint16_t){%u}",
                            type == TYPE_FLOAT16 ? number_to_half((float)fill) : number_to_bfloat16((float)fill));
    const int64_t value = number_to_int(fill);
    if (value == INT64_MIN)
        return arena_printf(arena, "&(const %s){INT64_MIN}", c_type);
    return arena_printf(arena, "&(const %s){%" PRId64 "}", c_type, value);
}

static void write_plain(struct source *source, const struct node *node, const struct move *move, double fill,
                        struct region region)
{
    struct arena *arena = source_arena(source);
    const struct tensor *y = node->output[0];
    const struct region storage = source_storage(source, y);
    int64_t first[MAX_RANK], count[MAX_RANK], y_stride[MAX_RANK], to_stride[MAX_RANK], from_stride[MAX_RANK] = {0};
    if (!clip_piece(move, region, first, count))
        return;
    struct region start = storage;
    storage_strides(storage, y_stride);
    for (int axis = 0; axis < storage.rank; axis++) {
        start.axis[axis].begin = move->output_start[axis] + move->output_step[axis] * first[axis];
        to_stride[axis] = move->output_step[axis] * y_stride[axis];
    }
    const char *to = plain_at(source, y, start), *to_text = numbers_text(arena, to_stride, storage.rank);
    const char *count_text = numbers_text(arena, count, storage.rank);
    if (move->input < 0) {
        source_printf(source, "    fill_box(%s, (const int64_t[])%s, (const int64_t[])%s,\n             %d, %zu, %s);\n",
                      to, to_text, count_text, storage.rank, type_size(y->type), fill_text(arena, y->type, fill));
        return;
    }
    const struct tensor *x = node->input[move->input];
    struct region from = source_storage(source, x);
    int64_t x_stride[MAX_RANK];
    storage_strides(from, x_stride);
    for (int axis = 0; axis < from.rank; axis++) {
        from.axis[axis].begin = input_begin(move, axis, first);
        if (move->input_step[axis])
            from_stride[move->input_axis[axis]] += move->input_step[axis] * x_stride[axis];
    }
    source_printf(source,
                  "    copy_box(%s, (const int64_t[])%s,\n             %s, (const int64_t[])%s,\n"
                  "             (const int64_t[])%s, %d, %zu);\n",
                  to, to_text, plain_at(source, x, from), numbers_text(arena, from_stride, storage.rank), count_text,
                  storage.rank, type_size(y->type));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct moves moves = node_moves(source_arena(source), node);
    source_use(source, "region.h");
    source_function(source);
    for (int i = 0; i < moves.count; i++)
        write_plain(source, node, &moves.item[i], moves.fill, *region);
    source_end(source);
}

/* How many elements lie side by side in both tensors: along the last axes, as far as they are moved whole. */
static int64_t run_of(const struct node *node, const struct move *move, const int64_t count[MAX_RANK])
{
    const struct shape y = node->output[0]->shape;
    const struct shape x = move->input < 0 ? y : node->input[move->input]->shape;
    int64_t run = 1;
    for (int axis = y.rank - 1, from = x.rank - 1; axis >= 0 && from >= 0; axis--, from--) {
        if (move->output_step[axis] != 1 ||
            (move->input >= 0 && (move->input_step[from] != 1 || move->input_axis[from] != axis)))
            break;
        run *= count[axis];
        if (count[axis] != y.dim[axis] || count[axis] != x.dim[from])
            break;
    }
    return run;
}

typedef void add_move(const struct node *node, const struct move *move, const int64_t first[MAX_RANK],
                      const int64_t count[MAX_RANK], struct work *work);

static double size_of(const struct node *node, const int64_t count[MAX_RANK])
{
    double size = 1;
    for (int axis = 0; axis < node->output[0]->shape.rank; axis++)
        size *= (double)count[axis];
    return size;
}

static void add_moves(const struct node *node, struct region piece, struct work *work, add_move *add)
{
    struct arena scratch = {0};
    int64_t first[MAX_RANK], count[MAX_RANK];
    const struct moves moves = node_moves(&scratch, node);
    for (int i = 0; i < moves.count; i++)
        if (clip_piece(&moves.item[i], piece, first, count))
            add(node, &moves.item[i], first, count, work);
    arena_free(&scratch);
}

/* Runs are copied at once, what is strewn element by element. */
static void add_plain(const struct node *node, const struct move *move, const int64_t first[MAX_RANK],
                      const int64_t count[MAX_RANK], struct work *work)
{
    (void)first;
    if (run_of(node, move, count) >= FEWEST_IN_RUN)
        work->amount[WORK_VECTOR] += (move->input < 0 ? 1 : 2) * size_of(node, count);
    else
        work->amount[WORK_ELEMENT] += size_of(node, count);
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    add_moves(node, piece, work, add_plain);
}

const struct kernel kernel_move = {.name = "move", .accepts = has_pieces, .work = work, .emit = emit};

/* ---- blocked ---- */

/* Every axis of the input follows the same axis of the output. */
static bool is_straight(const struct node *node, const struct move *move)
{
    if (move->input < 0)
        return true;
    const struct tensor *x = node->input[move->input];
    if (!tensor_can_block(x) || tensor_is_constant(x) || x->shape.rank != node->output[0]->shape.rank)
        return false;
    for (int axis = 0; axis < x->shape.rank; axis++)
        if (move->input_step[axis] && move->input_axis[axis] != axis)
            return false;
    return true;
}

static bool accepts_blocked(const struct node *node)
{
    if (!tensor_can_block(node_output(node, 0)) || !node->op->moves)
        return false;
    struct arena arena = {0};
    const struct moves moves = node_moves(&arena, node);
    bool straight = moves.count > 0;
    for (int i = 0; i < moves.count; i++)
        straight = straight && is_straight(node, &moves.item[i]);
    arena_free(&arena);
    return straight;
}

/* Whole vectors, the pad lanes of the blocks too; or lane by lane from block to block. */
static void add_blocked(const struct node *node, const struct move *move, const int64_t first[MAX_RANK],
                        const int64_t count[MAX_RANK], struct work *work)
{
    const int64_t from = move->input < 0 ? 0 : input_begin(move, 1, first);
    const int64_t to = move->output_start[1] + move->output_step[1] * first[1];
    const double size = size_of(node, count), lanes = (double)round_up(count[1], BLOCK) / (double)count[1];
    work->amount[WORK_VECTOR] += 2 * lanes * size;
    if (move->output_step[1] != 1 || from % BLOCK || to % BLOCK)
        work->amount[WORK_ELEMENT] += LANE_BY_LANE * size;
}

static void work_blocked(const struct node *node, struct region piece, struct work *work)
{
    add_moves(node, piece, work, add_blocked);
}

/* Axes of rank 3 and 4 as N, C, rows, columns. */
struct straight {
    int64_t count[4], x_start[4], x_step[4], y_start[4], y_step[4];
    bool whole_blocks;
};

static struct straight straighten(struct source *source, const struct node *node, const struct move *move,
                                  const int64_t first[MAX_RANK], const int64_t count[MAX_RANK])
{
    struct straight s = {.count = {1, 1, 1, 1}};
    const struct tensor *y = node->output[0], *x = move->input < 0 ? NULL : node->input[move->input];
    const struct region storage = source_storage(source, y);
    for (int axis = 0; axis < storage.rank; axis++) {
        const int to = axis == 2 && storage.rank == 3 ? 3 : axis;
        s.count[to] = count[axis];
        s.y_step[to] = move->output_step[axis];
        s.y_start[to] = move->output_start[axis] + move->output_step[axis] * first[axis] - storage.axis[axis].begin;
        if (!x)
            continue;
        s.x_step[to] = move->input_step[axis];
        s.x_start[to] = input_begin(move, axis, first) - source_storage(source, x).axis[axis].begin;
    }
    s.whole_blocks = x && s.y_step[1] == 1 && s.x_step[1] == 1 && (s.x_start[1] - s.y_start[1]) % BLOCK == 0 &&
                     s.y_start[1] + s.count[1] + storage.axis[1].begin == y->shape.dim[1] &&
                     s.x_start[1] + s.count[1] + source_storage(source, x).axis[1].begin == x->shape.dim[1];
    return s;
}

/* Where element (n, c, row, column) of a storage lies, as a number of bytes in the arena. */
static int64_t address(struct source *source, const struct tensor *tensor, const int64_t at[4])
{
    const struct map storage = map_of(source_storage(source, tensor));
    const int64_t rows = storage.row.end - storage.row.begin, columns = storage.column.end - storage.column.begin;
    const int64_t block = at[0] * ((storage.c.end - storage.c.begin) / BLOCK) + at[1] / BLOCK;
    const int64_t pixel = (block * rows + at[2]) * columns + at[3];
    return source_offset(source, tensor) + (pixel * BLOCK + at[1] % BLOCK) * (int64_t)sizeof(float);
}

/* Is the piece where it belongs already, because both tensors share memory? */
static bool lies_in_place(struct source *source, const struct tensor *y, const struct tensor *x, const struct straight *s)
{
    const struct map from = map_of(source_storage(source, x)), to = map_of(source_storage(source, y));
    if (from.row.end - from.row.begin != to.row.end - to.row.begin || s->count[0] != 1 ||
        from.column.end - from.column.begin != to.column.end - to.column.begin)
        return false;
    for (int axis = 0; axis < 4; axis++)
        if (s->count[axis] != 1 && (s->x_step[axis] != 1 || s->y_step[axis] != 1))
            return false;
    return address(source, x, s->x_start) == address(source, y, s->y_start);
}

/* Writes the shape of piece `k`, and its call to `body`; returns whether pad lanes are still to be cleared. */
static bool write_blocked(struct source *source, const struct node *node, const struct move *move, double fill, int k,
                          struct region region, struct text *body)
{
    struct arena *arena = source_arena(source);
    const struct tensor *y = node->output[0], *x = move->input < 0 ? NULL : node->input[move->input];
    const char *shape = arena_printf(arena, k ? "%s_shape%d" : "%s_shape", source_name(source), k);
    int64_t first[MAX_RANK], count[MAX_RANK];
    if (!clip_piece(move, region, first, count))
        return false;
    const struct straight s = straighten(source, node, move, first, count);
    if (x && lies_in_place(source, y, x, &s))
        return false;
    source_printf(source, "static const struct move_blocked %s = {\n    .x = %s, .y = %s, .count = %s,\n", shape,
                  x ? source_view(source, x) : "{0}", source_view(source, y), numbers_text(arena, s.count, 4));
    source_printf(source, "    .x_start = %s, .x_step = %s, .y_start = %s, .y_step = %s%s};\n\n",
                  numbers_text(arena, s.x_start, 4), numbers_text(arena, s.x_step, 4),
                  numbers_text(arena, s.y_start, 4), numbers_text(arena, s.y_step, 4),
                  s.whole_blocks ? ",\n    .whole_blocks = 1" : "");
    text_printf(body, "    move_blocked(&%s, %s,\n                 %s);\n", shape, source_buffer(source, y),
                x ? source_buffer(source, x) : fill_text(arena, TYPE_FLOAT, fill));
    return !s.whole_blocks &&
           move->output_start[1] + move->output_step[1] * (first[1] + count[1] - 1) + 1 == y->shape.dim[1];
}

static void emit_blocked(struct source *source, const struct node *node, const struct region *region)
{
    const struct moves moves = node_moves(source_arena(source), node);
    struct text body = {.arena = source_arena(source)};
    bool clears = false;
    source_use(source, "move.h");
    source_use(source, "region.h");
    for (int i = 0; i < moves.count; i++)
        clears |= write_blocked(source, node, &moves.item[i], moves.fill, i, *region, &body);
    source_function(source);
    source_printf(source, "%s", body.bytes ? body.bytes : "    (void)arena; /* all of it lies there already */\n");
    if (clears)
        write_clear_lanes(source, node->output[0], *region);
    source_end(source);
}

const struct kernel kernel_move_blocked = {
    .name = "move_blocked", .accepts = accepts_blocked, .layout = layer_blocked, .parts_in_place = true,
    .work = work_blocked, .emit = emit_blocked};
