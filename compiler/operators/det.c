/* det.c -- Det: the determinant of each matrix in the last two axes. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <math.h>

static void infer(struct graph *graph, struct node *node)
{
    struct shape x = node->input[0]->shape;
    if (x.rank < 2 || x.dim[x.rank - 1] != x.dim[x.rank - 2])
        node_fail(node, "X is %s, expected square matrices", shape_string(graph->arena, x));
    x.rank -= 2;
    output_set(node, 0, node->input[0]->type, x);
}

/* Gauss with pivots, in place. */
static double determinant(double *m, int64_t size)
{
    double result = 1;
    for (int64_t k = 0; k < size; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < size; i++)
            best = fabs(m[i * size + k]) > fabs(m[best * size + k]) ? i : best;
        result *= best == k ? 1 : -1;
        for (int64_t j = k; j < size && best != k; j++) {
            const double held = m[k * size + j];
            m[k * size + j] = m[best * size + j];
            m[best * size + j] = held;
        }
        const double pivot = m[k * size + k];
        result *= pivot;
        for (int64_t i = k + 1; i < size && pivot != 0; i++) {
            const double factor = m[i * size + k] / pivot;
            for (int64_t j = k + 1; j < size; j++)
                m[i * size + j] -= factor * m[k * size + j];
        }
    }
    return result;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const int64_t size = x->shape.dim[x->shape.rank - 1], count = shape_size(node->output[0]->shape);
    struct arena scratch = {0};
    double *matrix = arena_array(&scratch, (size_t)(size * size) + 1, sizeof *matrix);
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < size * size; k++)
            matrix[k] = element_real(x->type, input[0], i * size * size + k);
        element_set_real(x->type, output[0], i, determinant(matrix, size));
    }
    arena_free(&scratch);
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    for (int a = 0; a < region.rank; a++)
        need.axis[a] = region.axis[a];
    return need;
}

const struct op det_rows[] = {
    {.type = "Det",
     .domain = "",
     .since_version = 11,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
