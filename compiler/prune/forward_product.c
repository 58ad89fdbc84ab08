/* forward_product.c -- Gemm and MatMul over many samples. */
/* SPDX-License-Identifier: MIT */
#include "forward_inner.h"

#include "../passes/edit.h"
#include "parallel.h"

#include <cblas.h>

/* Tiles of columns are tasks. */
enum { TILE = 256 };

/* All samples are rows of one matrix: rows x depth by depth x columns. */
struct product {
    const float *a, *b;
    float *y;
    int64_t rows, depth, columns;
    bool transposed; /* b is columns x depth */
    float alpha;
};

static void multiply_tile(void *data, int64_t tile, int worker)
{
    (void)worker;
    const struct product *p = data;
    int64_t begin = tile * TILE, count = p->columns - begin < TILE ? p->columns - begin : TILE;
    const float *b = p->transposed ? p->b + begin * p->depth : p->b + begin;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, p->transposed ? CblasTrans : CblasNoTrans, (int)p->rows, (int)count,
                (int)p->depth, p->alpha, p->a, (int)p->depth, b, (int)(p->transposed ? p->depth : p->columns), 1,
                p->y + begin, (int)p->columns);
}

/* y = beta C, broadcast; or 0. */
static bool start_sum(const struct job *job, const struct product *p)
{
    const struct tensor *c = node_input(job->node, 2);
    if (node_is(job->node, "MatMul") || !c) {
        for (int64_t i = 0; i < p->rows * p->columns; i++)
            p->y[i] = 0;
        return true;
    }
    int64_t size = shape_size(c->shape);
    if (job->input[2].stride || (size != 1 && (size != p->columns || c->shape.dim[c->shape.rank - 1] != size)))
        return false;
    float beta = node_float(job->node, "beta", 1);
    const float *row = job->input[2].data;
    for (int64_t i = 0; i < p->rows; i++)
        for (int64_t k = 0; k < p->columns; k++)
            p->y[i * p->columns + k] = beta * row[size == 1 ? 0 : k];
    return true;
}

static bool multiply_constant(const struct job *job, struct product *p)
{
    if (!start_sum(job, p))
        return false;
    parallel_run((p->columns + TILE - 1) / TILE, multiply_tile, p);
    return true;
}

/* ---- both computed: stacks of matrices with the same leading axes, or one matrix for all ---- */

struct stacks {
    const struct job *job;
    int64_t matrices, rows, depth, columns; /* of a sample */
    bool same_b;
};

static void multiply_stack(void *data, int64_t i, int worker)
{
    (void)worker;
    const struct stacks *s = data;
    int64_t sample = i / s->matrices, matrix = i % s->matrices;
    const float *a = job_input(s->job, 0, sample) + matrix * s->rows * s->depth;
    const float *b = job_input(s->job, 1, sample) + (s->same_b ? 0 : matrix * s->depth * s->columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->rows, (int)s->columns, (int)s->depth, 1, a,
                (int)s->depth, b, (int)s->columns, 0,
                (float *)s->job->output[0] + i * s->rows * s->columns, (int)s->columns);
}

static bool multiply_stacks(const struct job *job)
{
    struct shape a = job->node->input[0]->shape, b = job->node->input[1]->shape;
    if (a.rank < 2 || b.rank < 2 || (b.rank != 2 && b.rank != a.rank))
        return false;
    struct stacks s = {.job = job,
                       .matrices = 1,
                       .rows = a.dim[a.rank - 2],
                       .depth = a.dim[a.rank - 1],
                       .columns = b.dim[b.rank - 1],
                       .same_b = b.rank == 2};
    for (int i = 0; i < a.rank - 2; i++) {
        if (!s.same_b && a.dim[i] != b.dim[i])
            return false;
        s.matrices *= a.dim[i];
    }
    if (!s.rows || !s.columns || !s.depth || !s.matrices)
        return false;
    parallel_run(job->samples * s.matrices, multiply_stack, &s);
    return true;
}

bool forward_product(const struct job *job)
{
    const struct node *node = job->node;
    bool gemm = node_is(node, "Gemm");
    if ((!gemm && !node_is(node, "MatMul")) || node->output[0]->type != TYPE_FLOAT)
        return false;
    struct shape a = node->input[0]->shape, b = node->input[1]->shape;
    if (b.rank == 2 && a.rank >= 2 && !job->input[1].stride && job->input[0].stride &&
        !(gemm && node_int(node, "transA", 0))) {
        bool transposed = gemm && node_int(node, "transB", 0);
        struct product p = {.a = job->input[0].data,
                            .b = job->input[1].data,
                            .y = job->output[0],
                            .depth = b.dim[transposed],
                            .columns = b.dim[!transposed],
                            .transposed = transposed,
                            .alpha = gemm ? node_float(node, "alpha", 1) : 1};
        p.rows = p.depth ? job->samples * (shape_size(a) / p.depth) : 0;
        return p.rows && p.columns && p.rows < INT32_MAX && multiply_constant(job, &p);
    }
    return !gemm && multiply_stacks(job);
}
