/* matrix.h -- dense linear algebra for pruning, on OpenBLAS.
 *
 * Matrices are row-major. Of symmetric ones the lower triangle alone is kept and read. Results do not depend on the number of
 * processors: every element is computed by one task, and OpenBLAS runs on one thread inside of it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MATRIX_H
#define MEDNN_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

/* Before all others. */
void matrix_begin(void);

/* gram += x'x, x being rows x size. */
void gram_add(double *gram, const float *x, int64_t rows, int64_t size);
/* cross += x'y, y being rows x columns. */
void cross_add(double *cross, const float *x, const float *y, int64_t rows, int64_t size, int64_t columns);
/* y += x w */
void product_add(float *y, const float *x, const float *w, int64_t rows, int64_t size, int64_t columns);

/* Cholesky's factor in place of a positive definite matrix; false when it is not one. */
bool matrix_factor(double *a, int64_t size);
/* The inverse in place of its factor. */
void matrix_invert(double *factor, int64_t size);
/* Solve for b (size x columns) in place, given the factor. */
void matrix_solve(const double *factor, int64_t size, double *b, int64_t columns);

/* Element of a symmetric matrix. */
static inline double symmetric(const double *a, int64_t size, int64_t i, int64_t k)
{
    return i >= k ? a[i * size + k] : a[k * size + i];
}

/* Squared deviations of x (rows x columns) from the means of its columns, summed up. */
double columns_scatter(const float *x, int64_t rows, int64_t columns);

/* Sums over the rows of a matrix that comes in pieces: mean and centred second moments of its columns. */
struct moments {
    int64_t size, rows;
    double *gram;        /* size x size; after moments_finish() the centred covariance */
    double *sum, *shift; /* after moments_finish(), sum is the mean */
};

struct moments moments_begin(int64_t size);
/* x (rows x size) is centred in place around the first piece's mean, so that sums of squares do not cancel. */
void moments_add(struct moments *moments, float *x, int64_t rows);
void moments_finish(struct moments *moments);
void moments_free(struct moments *moments);

#endif
