/* expand.c -- Expand and Tile: copies of a tensor side by side. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <inttypes.h>

static struct shape read_shape(const struct node *node, const char *what)
{
    const struct tensor *list = constant_input(node, 1, what);
    struct shape shape = {0};
    if (list->shape.rank != 1 || list->shape.dim[0] > MAX_RANK)
        node_fail(node, "%s is no list of at most %d numbers", what, MAX_RANK);
    shape.rank = (int)list->shape.dim[0];
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = tensor_int(list, i);
        if (shape.dim[i] < 0)
            node_fail(node, "%s holds %" PRId64, what, shape.dim[i]);
    }
    return shape;
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape x = node->input[0]->shape, y = settled_shape(graph, node, 1, "shape", -1);
    const struct shape list = node->input[1]->shape;
    const int rank = list.rank == 1 && list.dim[0] > x.rank && list.dim[0] <= MAX_RANK ? (int)list.dim[0] : x.rank;
    struct shape both;
    if (y.rank != rank || !shape_broadcast(x, y, &both) || !shape_equal(both, y))
        node_fail(node, "%s does not expand to %s, the declared shape of the result", shape_string(graph->arena, x),
                  shape_string(graph->arena, y));
    require(graph, node, value_holds(graph, node, node->input[1], HOLDS_EXPAND, y.rank, y.dim, x),
            "shape does not give", y);
    node->input[1] = integers_constant(graph, node, "shape", TYPE_INT64, y.rank, y.dim);
}

static void settle_tile(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape x = node->input[0]->shape, y = settled_shape(graph, node, 1, "repeats", x.rank);
    struct shape repeats = {.rank = x.rank};
    for (int i = 0; i < x.rank; i++) {
        if (!x.dim[i] || y.dim[i] % x.dim[i])
            node_fail(node, "%s does not repeat to %s, the declared shape of the result", shape_string(graph->arena, x),
                      shape_string(graph->arena, y));
        repeats.dim[i] = y.dim[i] / x.dim[i];
    }
    settle_input(graph, node, 1, "repeats", HOLDS_EQUAL, repeats.rank, repeats.dim, (struct shape){0});
}

static void infer(struct graph *graph, struct node *node)
{
    struct shape shape, given = read_shape(node, "shape");
    if (!shape_broadcast(node->input[0]->shape, given, &shape))
        node_fail(node, "%s does not expand to %s", shape_string(graph->arena, node->input[0]->shape),
                  shape_string(graph->arena, given));
    output_set(node, 0, node->input[0]->type, shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at))
        element_copy(x->type, output[0], i, input[0], broadcast_offset(x->shape, y->shape.rank, at));
}

static void moves(const struct node *node, struct moves *moves)
{
    struct shape x = node->input[0]->shape, y = node->output[0]->shape;
    struct move *move = moves_add(moves, 0, x.rank, y);
    for (int i = 0; i < x.rank; i++) {
        move->input_axis[i] = y.rank - x.rank + i;
        move->input_step[i] = x.dim[i] != 1;
    }
}

static void couple(const struct node *node, struct couples *couples)
{
    couple_moves(node, couples);
    couple_pin_inputs(node, 1, couples);
}

static void cut(struct graph *graph, struct node *node, const struct cut *cut)
{
    struct shape y = cut_shape(cut, node->output[0]);
    cut_integers(graph, node, 1, y.rank, y.dim);
}

static void infer_tile(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape, repeats = read_shape(node, "repeats");
    if (repeats.rank != x.rank)
        node_fail(node, "%d repeats for an input of rank %d", repeats.rank, x.rank);
    for (int i = 0; i < x.rank; i++)
        if (__builtin_mul_overflow(x.dim[i], repeats.dim[i], &x.dim[i]))
            node_fail(node, "the result is too large");
    output_set(node, 0, node->input[0]->type, x);
}

static void evaluate_tile(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, from[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        for (int a = 0; a < x->shape.rank; a++)
            from[a] = at[a] % x->shape.dim[a];
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

/* Along each axis either a piece per copy or a piece per element of the input, whatever is fewer. */
static void moves_tile(const struct node *node, struct moves *moves)
{
    struct shape x = node->input[0]->shape, repeats = read_shape(node, "repeats"), pieces = x;
    for (int a = 0; a < x.rank; a++)
        pieces.dim[a] = repeats.dim[a] <= x.dim[a] ? repeats.dim[a] : x.dim[a];
    int64_t count = shape_size(pieces), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++, shape_next(pieces, at)) {
        struct move *move = moves_add(moves, 0, x.rank, x);
        for (int a = 0; a < x.rank; a++) {
            if (repeats.dim[a] <= x.dim[a]) {
                move->output_start[a] = at[a] * x.dim[a];
                continue;
            }
            move->count[a] = repeats.dim[a];
            move->output_start[a] = move->input_start[a] = at[a];
            move->output_step[a] = x.dim[a];
            move->input_step[a] = 0;
        }
    }
}

const struct op expand_rows[] = {
    {.type = "Expand",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple,
     .cut = cut},
    {.type = "Tile",
     .domain = "",
     .since_version = 13,
     .min_inputs = 2,
     .max_inputs = 2,
     .max_outputs = 1,
     .settle = settle_tile,
     .infer = infer_tile,
     .evaluate = evaluate_tile,
     .moves = moves_tile},
    {.type = NULL},
};
