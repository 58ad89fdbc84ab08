/* transpose.c -- Transpose. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <inttypes.h>

/* Axis of the input that becomes axis i of the output. */
static int64_t source_axis(const struct node *node, int i)
{
    return node_ints(node, "perm", i, node->input[0]->shape.rank - 1 - i);
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape, y = {.rank = x.rank};
    const struct attribute *perm = node_attribute(node, "perm");
    bool seen[MAX_RANK] = {false};
    node_ints(node, "perm", 0, 0); /* checks the kind */
    if (perm && perm->count != x.rank)
        node_fail(node, "perm has %" PRId64 " entries but the input has rank %d", perm->count, x.rank);
    for (int i = 0; i < x.rank; i++) {
        int64_t axis = source_axis(node, i);
        if (axis < 0 || axis >= x.rank || seen[axis])
            node_fail(node, "perm is no permutation of the %d axes", x.rank);
        seen[axis] = true;
        y.dim[i] = x.dim[axis];
    }
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t size = shape_size(y->shape), at[MAX_RANK] = {0}, from[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        for (int a = 0; a < x->shape.rank; a++)
            from[source_axis(node, a)] = at[a];
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

static void moves(const struct node *node, struct moves *moves)
{
    int rank = node->input[0]->shape.rank;
    struct move *move = moves_add(moves, 0, rank, node->output[0]->shape);
    for (int i = 0; i < rank; i++)
        move->input_axis[source_axis(node, i)] = i;
}

const struct op transpose_rows[] = {
    {.type = "Transpose",
     .domain = "",
     .since_version = 21,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "perm ",
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple_moves},
    {.type = NULL},
};
