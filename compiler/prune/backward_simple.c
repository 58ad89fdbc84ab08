/* backward_simple.c -- gradients of pools and of pure data movement. */
/* SPDX-License-Identifier: MIT */
#include "backward_inner.h"
#include "forward_inner.h"

#include "../operators/op.h"
#include "../passes/edit.h"
#include "parallel.h"

/* ---- pools of two spatial axes ---- */

struct back_pool {
    const struct backward *backward;
    struct pool pool;
};

static void spread(const struct pool *pool, struct range rows, struct range columns, float value, float *dx)
{
    for (int64_t r = rows.begin; r < rows.end; r++)
        for (int64_t c = columns.begin; c < columns.end; c++)
            dx[r * pool->size[1] + c] += value;
}

/* The largest element, the first of equal ones. */
static int64_t largest(const struct pool *pool, struct range rows, struct range columns, const float *x)
{
    int64_t best = rows.begin * pool->size[1] + columns.begin;
    for (int64_t r = rows.begin; r < rows.end; r++)
        for (int64_t c = columns.begin; c < columns.end; c++)
            if (x[r * pool->size[1] + c] > x[best])
                best = r * pool->size[1] + c;
    return best;
}

static void back_map(const struct pool *pool, const float *x, const float *dy, float *dx)
{
    for (int64_t row = 0; row < pool->result[0]; row++)
        for (int64_t column = 0; column < pool->result[1]; column++) {
            struct range rows = pool_taps(&pool->window, 0, row, pool->size[0]);
            struct range columns = pool_taps(&pool->window, 1, column, pool->size[1]);
            int64_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
            int64_t count = pool->include_pad ? pool->window.kernel[0] * pool->window.kernel[1] : inside;
            float given = dy[row * pool->result[1] + column];
            if (rows.end <= rows.begin || columns.end <= columns.begin)
                continue;
            if (pool->average)
                spread(pool, rows, columns, given / (float)count, dx);
            else
                dx[largest(pool, rows, columns, x)] += given;
        }
}

static void back_pool_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct back_pool *back = data;
    const struct pool *pool = &back->pool;
    int64_t from = pool->size[0] * pool->size[1], to = pool->result[0] * pool->result[1];
    const float *x = backward_input(back->backward, 0, sample);
    const float *dy = back->backward->given[0] + sample * pool->maps * to;
    float *dx = back->backward->wanted[0] + sample * pool->maps * from;
    for (int64_t m = 0; m < pool->maps; m++)
        back_map(pool, x + m * from, dy + m * to, dx + m * from);
}

static void run_pool(const struct backward *b)
{
    const struct job job = {b->node, b->samples, b->input, b->output};
    struct back_pool back = {.backward = b};
    if (pool_of(&job, &back.pool))
        parallel_run(b->samples, back_pool_sample, &back);
}

static bool can_pool(const struct node *node, int input)
{
    const struct job job = {.node = node};
    struct pool pool;
    return input == 0 && pool_of(&job, &pool);
}

const struct backward_kind backward_pool = {can_pool, run_pool};

/* ---- data movement: what was copied from a to b goes back from b to a ---- */

struct back_moves {
    const struct backward *backward;
    struct moves moves;
};

/* A piece as loops over offsets. */
struct loops {
    int rank;
    int64_t count[MAX_RANK], from[MAX_RANK], to[MAX_RANK]; /* steps in the input and in the output */
    int64_t from_start, to_start;
};

static struct loops loops_of(const struct move *move, struct shape x, struct shape y)
{
    struct loops loops = {.rank = y.rank};
    int64_t stride = 1;
    for (int a = y.rank - 1; a >= 0; a--) {
        loops.count[a] = move->count[a];
        loops.to[a] = stride * move->output_step[a];
        loops.to_start += stride * move->output_start[a];
        stride *= y.dim[a];
    }
    stride = 1;
    for (int a = x.rank - 1; a >= 0; a--) {
        loops.from_start += stride * move->input_start[a];
        if (move->input_step[a])
            loops.from[move->input_axis[a]] += stride * move->input_step[a];
        stride *= x.dim[a];
    }
    return loops;
}

static void add_back(const struct loops *loops, int axis, const float *dy, float *dx)
{
    if (axis == loops->rank) {
        *dx += *dy;
        return;
    }
    for (int64_t k = 0; k < loops->count[axis]; k++)
        if (axis == loops->rank - 1)
            dx[k * loops->from[axis]] += dy[k * loops->to[axis]];
        else
            add_back(loops, axis + 1, dy + k * loops->to[axis], dx + k * loops->from[axis]);
}

static void back_moves_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct back_moves *back = data;
    const struct node *node = back->backward->node;
    struct shape y = node->output[0]->shape;
    const float *dy = back->backward->given[0] + sample * shape_size(y);
    for (int m = 0; m < back->moves.count; m++) {
        const struct move *move = &back->moves.item[m];
        float *dx = move->input < 0 ? NULL : back->backward->wanted[move->input];
        if (!dx)
            continue;
        struct shape x = node->input[move->input]->shape;
        struct loops loops = loops_of(move, x, y);
        add_back(&loops, 0, dy + loops.to_start, dx + sample * shape_size(x) + loops.from_start);
    }
}

static void run_moves(const struct backward *b)
{
    struct arena scratch = {0};
    struct back_moves back = {b, node_moves(&scratch, b->node)};
    parallel_run(b->samples, back_moves_sample, &back);
    arena_free(&scratch);
}

static bool can_move(const struct node *node, int input)
{
    struct arena scratch = {0};
    struct moves moves = node_moves(&scratch, node);
    bool found = false;
    for (int m = 0; m < moves.count; m++)
        found |= moves.item[m].input == input;
    arena_free(&scratch);
    return found && !tensor_is_constant(node->input[input]) && node->output_count == 1;
}

const struct backward_kind backward_moves = {can_move, run_moves};

/* ---- reshaping: the order of elements stays ---- */

static void back_same_sample(void *data, int64_t sample, int worker)
{
    (void)worker;
    const struct backward *b = data;
    int64_t size = shape_size(b->node->input[0]->shape);
    for (int64_t i = sample * size; i < (sample + 1) * size; i++)
        b->wanted[0][i] += b->given[0][i];
}

static void run_same(const struct backward *b)
{
    parallel_run(b->samples, back_same_sample, (void *)(uintptr_t)b);
}

static bool can_same(const struct node *node, int input)
{
    static const char *const types[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"};
    for (size_t k = 0; input == 0 && k < sizeof types / sizeof *types; k++)
        if (node_is(node, types[k]))
            return !tensor_is_constant(node->input[0]);
    return false;
}

const struct backward_kind backward_same = {can_same, run_same};
