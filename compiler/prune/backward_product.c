/* backward_product.c -- gradients of Gemm and MatMul. */
/* SPDX-License-Identifier: MIT */
#include "backward_inner.h"

#include "../passes/edit.h"
#include "parallel.h"

#include <cblas.h>
#include <stdlib.h>

/* ---- by a constant matrix: all samples are rows of one product ---- */

struct constant {
    const struct backward *backward;
    int64_t rows; /* of a sample */
    int depth, columns;
    bool transposed; /* b is columns x depth */
    float alpha, beta;
};

static void back_rows(void *data, int64_t first, int64_t count, float *sum)
{
    const struct constant *p = data;
    const struct backward *b = p->backward;
    int rows = (int)(count * p->rows), depth = p->depth, columns = p->columns;
    const float *x = backward_input(b, 0, first), *w = b->input[1].data;
    const float *dy = b->given[0] + first * p->rows * columns;
    if (b->wanted[0])
        cblas_sgemm(CblasRowMajor, CblasNoTrans, p->transposed ? CblasNoTrans : CblasTrans, rows, depth, columns, p->alpha,
                    dy, columns, w, p->transposed ? depth : columns, 1, b->wanted[0] + first * p->rows * depth, depth);
    if (b->wanted[1] && p->transposed)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, columns, depth, rows, p->alpha, dy, columns, x, depth, 1, sum,
                    depth);
    else if (b->wanted[1])
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, depth, columns, rows, p->alpha, x, depth, dy, columns, 1, sum,
                    columns);
    if (b->node->input_count > 2 && b->wanted[2])
        for (int64_t r = 0; r < rows; r++)
            for (int64_t k = 0; k < columns; k++)
                sum[(int64_t)depth * columns + k] += p->beta * dy[r * columns + k];
}

static void run_constant(const struct backward *b)
{
    const struct node *node = b->node;
    bool gemm = node_is(node, "Gemm"), transposed = gemm && node_int(node, "transB", 0);
    struct shape w = node->input[1]->shape;
    struct constant p = {.backward = b,
                         .depth = (int)w.dim[transposed],
                         .columns = (int)w.dim[!transposed],
                         .transposed = transposed,
                         .alpha = gemm ? node_float(node, "alpha", 1) : 1,
                         .beta = gemm ? node_float(node, "beta", 1) : 1};
    p.rows = shape_size(node->input[0]->shape) / p.depth;
    int64_t weights = (int64_t)p.depth * p.columns, size = weights + p.columns;
    float *total = memory_new((size_t)size, sizeof *total);
    for (int64_t i = 0; i < size; i++)
        total[i] = 0;
    backward_chunks(b, (size_t)size, total, back_rows, &p);
    for (int64_t i = 0; b->wanted[1] && i < weights; i++)
        b->wanted[1][i] += total[i];
    for (int64_t k = 0; node->input_count > 2 && b->wanted[2] && k < p.columns; k++)
        b->wanted[2][k] += total[weights + k];
    free(total);
}

/* ---- both computed: stacks of matrices with the same leading axes ---- */

static void back_stack(void *data, int64_t i, int worker)
{
    (void)worker;
    const struct backward *b = data;
    struct shape x = b->node->input[0]->shape, w = b->node->input[1]->shape;
    int rows = (int)x.dim[x.rank - 2], depth = (int)x.dim[x.rank - 1], columns = (int)w.dim[w.rank - 1];
    int64_t matrices = shape_size(x) / rows / depth, sample = i / matrices, matrix = i % matrices;
    const float *left = backward_input(b, 0, sample) + matrix * rows * depth;
    const float *right = backward_input(b, 1, sample) + matrix * depth * columns;
    const float *dy = b->given[0] + i * rows * columns;
    if (b->wanted[0])
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, depth, columns, 1, dy, columns, right, columns, 1,
                    b->wanted[0] + i * rows * depth, depth);
    if (b->wanted[1])
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, depth, columns, rows, 1, left, depth, dy, columns, 1,
                    b->wanted[1] + i * depth * columns, columns);
}

/* ---- both ---- */

static bool is_constant(const struct node *node)
{
    return tensor_is_constant(node->input[1]) && node->input[1]->shape.rank == 2;
}

static void run(const struct backward *b)
{
    struct shape x = b->node->input[0]->shape;
    if (is_constant(b->node))
        run_constant(b);
    else
        parallel_run(b->samples * (shape_size(x) / x.dim[x.rank - 2] / x.dim[x.rank - 1]), back_stack,
                     (void *)(uintptr_t)b);
}

static bool can(const struct node *node, int input)
{
    bool gemm = node_is(node, "Gemm");
    if ((!gemm && !node_is(node, "MatMul")) || tensor_is_constant(node->input[0]) || (gemm && node_int(node, "transA", 0)))
        return false;
    struct shape x = node->input[0]->shape, w = node->input[1]->shape;
    if (is_constant(node)) {
        struct shape c = input == 2 ? node->input[2]->shape : (struct shape){0};
        bool row = input != 2 || (c.rank && shape_size(c) == w.dim[!node_int(node, "transB", 0)] &&
                                  c.dim[c.rank - 1] == shape_size(c));
        return x.rank >= 2 && row;
    }
    if (gemm || tensor_is_constant(node->input[1]) || x.rank < 2 || x.rank != w.rank)
        return false;
    for (int a = 0; a < x.rank - 2; a++)
        if (x.dim[a] != w.dim[a])
            return false;
    return true;
}

const struct backward_kind backward_product = {can, run};
