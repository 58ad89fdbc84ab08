/* depth_to_space.c -- DepthToSpace and SpaceToDepth. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <inttypes.h>
#include <string.h>

static int64_t block_size(const struct node *node)
{
    int64_t block = node_int(node, "blocksize", 0);
    if (block < 1 || block > INT16_MAX)
        node_fail(node, "blocksize is %" PRId64, block);
    if (node->input[0]->shape.rank != 4)
        node_fail(node, "the input has rank %d, expected 4", node->input[0]->shape.rank);
    return block;
}

/* DCR: the block's position is the major part of a channel's number; CRD: the minor part. */
static bool depth_first(const struct node *node)
{
    const char *mode = node_string(node, "mode", "DCR");
    if (strcmp(mode, "DCR") && strcmp(mode, "CRD"))
        node_fail(node, "mode is '%.40s', expected DCR or CRD", mode);
    return mode[0] == 'D';
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    int64_t block = block_size(node);
    struct shape shape = node->input[0]->shape;
    depth_first(node);
    if (shape.dim[1] % (block * block))
        node_fail(node, "%" PRId64 " channels do not divide by blocksize %" PRId64 " squared", shape.dim[1],
                  block);
    shape.dim[1] /= block * block;
    if (__builtin_mul_overflow(shape.dim[2], block, &shape.dim[2]) ||
        __builtin_mul_overflow(shape.dim[3], block, &shape.dim[3]))
        node_fail(node, "the result is too large");
    output_set(node, 0, node->input[0]->type, shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t block = block_size(node), size = shape_size(y->shape), at[MAX_RANK] = {0};
    bool depth = depth_first(node);
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        int64_t within = at[2] % block * block + at[3] % block;
        int64_t channel = depth ? within * y->shape.dim[1] + at[1] : at[1] * block * block + within;
        int64_t from[] = {at[0], channel, at[2] / block, at[3] / block};
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

static void moves(const struct node *node, struct moves *moves)
{
    struct shape x = node->input[0]->shape, y = node->output[0]->shape, count = x;
    int64_t block = block_size(node);
    bool depth = depth_first(node);
    count.dim[1] = y.dim[1];
    for (int64_t i = 0; i < block * block; i++) {
        struct move *move = moves_add(moves, 0, 4, count);
        move->output_start[2] = i / block;
        move->output_start[3] = i % block;
        move->output_step[2] = move->output_step[3] = block;
        move->input_start[1] = depth ? i * y.dim[1] : i;
        move->input_step[1] = depth ? 1 : block * block;
    }
}

static void infer_back(struct graph *graph, struct node *node)
{
    (void)graph;
    int64_t block = block_size(node);
    struct shape shape = node->input[0]->shape;
    if (shape.dim[2] % block || shape.dim[3] % block)
        node_fail(node, "%" PRId64 "x%" PRId64 " does not divide by blocksize %" PRId64, shape.dim[2],
                  shape.dim[3], block);
    if (__builtin_mul_overflow(shape.dim[1], block * block, &shape.dim[1]))
        node_fail(node, "the result is too large");
    shape.dim[2] /= block;
    shape.dim[3] /= block;
    output_set(node, 0, node->input[0]->type, shape);
}

static void evaluate_back(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    int64_t block = block_size(node), size = shape_size(y->shape), at[MAX_RANK] = {0},
            channels = x->shape.dim[1];
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        int64_t within = at[1] / channels;
        int64_t from[] = {at[0], at[1] % channels, at[2] * block + within / block,
                          at[3] * block + within % block};
        element_copy(x->type, output[0], i, input[0], shape_offset(x->shape, from));
    }
}

static void moves_back(const struct node *node, struct moves *moves)
{
    struct shape x = node->input[0]->shape, count = node->output[0]->shape;
    int64_t block = block_size(node);
    count.dim[1] = x.dim[1];
    for (int64_t i = 0; i < block * block; i++) {
        struct move *move = moves_add(moves, 0, 4, count);
        move->output_start[1] = i * x.dim[1];
        move->input_start[2] = i / block;
        move->input_start[3] = i % block;
        move->input_step[2] = move->input_step[3] = block;
    }
}

const struct op depth_to_space_rows[] = {
    {.type = "DepthToSpace",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "blocksize mode ",
     .infer = infer,
     .evaluate = evaluate,
     .moves = moves,
     .constant = constant_moves,
     .couple = couple_moves},
    {.type = "SpaceToDepth",
     .domain = "",
     .since_version = 13,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .attributes = "blocksize ",
     .infer = infer_back,
     .evaluate = evaluate_back,
     .moves = moves_back,
     .constant = constant_moves,
     .couple = couple_moves},
    {.type = NULL},
};
