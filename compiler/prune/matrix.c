/* matrix.c -- dense linear algebra for pruning, on OpenBLAS. */
/* SPDX-License-Identifier: MIT */
#include "matrix.h"

#include "parallel.h"

#include <assert.h>
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK's interface for Fortran: column-major, so its upper triangle is our lower one. */
void dpotrf_(const char *triangle, const int *n, double *a, const int *stride, int *info);
void dpotri_(const char *triangle, const int *n, double *a, const int *stride, int *info);

/* ROWS: sums of single precision are added up in double after that many. */
enum { TILE = 256, ROWS = 4096 };

void matrix_begin(void)
{
    openblas_set_num_threads(1);
}

static int64_t tiles(int64_t size)
{
    return (size + TILE - 1) / TILE;
}

static int tile_size(int64_t size, int64_t tile)
{
    return (int)(size - tile * TILE < TILE ? size - tile * TILE : TILE);
}

/* sum (double) += x'y for one tile of the result. */
struct cross {
    double *sum;
    const float *x, *y;
    int64_t rows, size, columns;
    bool lower;
    int64_t tile;    /* of the result: large ones, where there are enough of them, are packed less often */
    float **scratch; /* per worker: tile x tile */
};

static void add_tile(void *data, int64_t task, int worker)
{
    const struct cross *c = data;
    int64_t across = (c->columns + c->tile - 1) / c->tile, top = task / across * c->tile, left = task % across * c->tile;
    if (c->lower && left > top)
        return;
    int height = (int)(c->size - top < c->tile ? c->size - top : c->tile);
    int width = (int)(c->columns - left < c->tile ? c->columns - left : c->tile), stride = (int)c->tile;
    bool half = c->lower && left == top;
    float *part = c->scratch[worker];
    for (int64_t r = 0; r < c->rows; r += ROWS) {
        int rows = (int)(c->rows - r < ROWS ? c->rows - r : ROWS);
        const float *x = c->x + r * c->size + top, *y = c->y + r * c->columns + left;
        if (half)
            cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, height, rows, 1, x, (int)c->size, 0, part, stride);
        else
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, height, width, rows, 1, x, (int)c->size, y,
                        (int)c->columns, 0, part, stride);
        for (int a = 0; a < height; a++)
            for (int b = 0; b < (half ? a + 1 : width); b++)
                c->sum[(top + a) * c->columns + left + b] += (double)part[a * stride + b];
    }
}

static void cross_run(struct cross *c)
{
    int workers = parallel_workers();
    float *scratch[MOST_WORKERS];
    c->tile = c->size >= 8 * TILE ? 2 * TILE : TILE;
    for (int w = 0; w < workers; w++)
        scratch[w] = memory_new((size_t)(c->tile * c->tile), sizeof **scratch);
    c->scratch = scratch;
    int64_t down = (c->size + c->tile - 1) / c->tile, across = (c->columns + c->tile - 1) / c->tile;
    parallel_run(down * across, add_tile, c);
    for (int w = 0; w < workers; w++)
        free(scratch[w]);
}

void gram_add(double *gram, const float *x, int64_t rows, int64_t size)
{
    struct cross c = {.sum = gram, .x = x, .y = x, .rows = rows, .size = size, .columns = size, .lower = true};
    cross_run(&c);
}

void cross_add(double *cross, const float *x, const float *y, int64_t rows, int64_t size, int64_t columns)
{
    struct cross c = {.sum = cross, .x = x, .y = y, .rows = rows, .size = size, .columns = columns};
    cross_run(&c);
}

struct product {
    float *y;
    const float *x, *w;
    int64_t rows, size, columns;
};

static void product_rows(void *data, int64_t task, int worker)
{
    (void)worker;
    const struct product *p = data;
    int64_t begin = task * TILE;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tile_size(p->rows, task), (int)p->columns, (int)p->size, 1,
                p->x + begin * p->size, (int)p->size, p->w, (int)p->columns, 1, p->y + begin * p->columns,
                (int)p->columns);
}

void product_add(float *y, const float *x, const float *w, int64_t rows, int64_t size, int64_t columns)
{
    struct product p = {y, x, w, rows, size, columns};
    if (size && columns)
        parallel_run(tiles(rows), product_rows, &p);
}

bool matrix_factor(double *a, int64_t size)
{
    int n = (int)size, info = 0;
    dpotrf_("U", &n, a, &n, &info);
    return info == 0;
}

void matrix_invert(double *factor, int64_t size)
{
    int n = (int)size, info = 0;
    dpotri_("U", &n, factor, &n, &info);
    assert(info == 0);
}

struct solve {
    const double *factor;
    double *b;
    int64_t size, columns;
};

static void solve_columns(void *data, int64_t task, int worker)
{
    (void)worker;
    const struct solve *s = data;
    double *b = s->b + task * TILE;
    int n = (int)s->size, width = tile_size(s->columns, task), stride = (int)s->columns;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, width, 1, s->factor, n, b, stride);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, n, width, 1, s->factor, n, b, stride);
}

void matrix_solve(const double *factor, int64_t size, double *b, int64_t columns)
{
    struct solve s = {factor, b, size, columns};
    parallel_run(tiles(columns), solve_columns, &s);
}

/* ---- moments ---- */

struct moments moments_begin(int64_t size)
{
    struct moments moments = {.size = size};
    moments.gram = memory_new((size_t)(size * size), sizeof *moments.gram);
    moments.sum = memory_new((size_t)size, sizeof *moments.sum);
    moments.shift = memory_new((size_t)size, sizeof *moments.shift);
    memset(moments.gram, 0, (size_t)(size * size) * sizeof *moments.gram);
    memset(moments.sum, 0, (size_t)size * sizeof *moments.sum);
    memset(moments.shift, 0, (size_t)size * sizeof *moments.shift);
    return moments;
}

void moments_add(struct moments *moments, float *x, int64_t rows)
{
    int64_t size = moments->size;
    if (!moments->rows && rows) {
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < size; i++)
                moments->shift[i] += (double)x[r * size + i];
        for (int64_t i = 0; i < size; i++)
            moments->shift[i] = (double)(float)(moments->shift[i] / (double)rows);
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < size; i++) {
            x[r * size + i] -= (float)moments->shift[i];
            moments->sum[i] += (double)x[r * size + i];
        }
    gram_add(moments->gram, x, rows, size);
    moments->rows += rows;
}

void moments_finish(struct moments *moments)
{
    int64_t size = moments->size;
    double rows = (double)moments->rows;
    for (int64_t i = 0; i < size; i++)
        moments->sum[i] /= rows;
    for (int64_t i = 0; i < size; i++)
        for (int64_t k = 0; k <= i; k++)
            moments->gram[i * size + k] =
                moments->gram[i * size + k] / rows - moments->sum[i] * moments->sum[k];
    for (int64_t i = 0; i < size; i++)
        moments->sum[i] += moments->shift[i];
}

void moments_free(struct moments *moments)
{
    free(moments->gram);
    free(moments->sum);
    free(moments->shift);
    *moments = (struct moments){0};
}

double columns_scatter(const float *x, int64_t rows, int64_t columns)
{
    double scatter = 0;
    for (int64_t k = 0; k < columns; k++) {
        double sum = 0, square = 0;
        for (int64_t r = 0; r < rows; r++) {
            double value = (double)x[r * columns + k];
            sum += value;
            square += value * value;
        }
        scatter += square - sum * sum / (double)rows;
    }
    return scatter;
}
