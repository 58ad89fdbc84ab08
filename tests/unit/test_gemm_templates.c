/* test_gemm_templates.c -- templates/gemm.h and matmul.h against plain loops. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

/* The tiles with sizes known at run time are beyond gcc's analysis. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

#include "../../templates/gemm.h"
#include "../../templates/matmul.h"

static int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

static struct gemm gemm_any_shape;
GEMM_TILES(gemm_any, HALF_PANEL)

/* weights[depth][outputs], a part of the outputs as gemm() wants them. */
static float *pack(const float *weights, int64_t depth, int64_t outputs, int64_t begin, int64_t end, int64_t panel)
{
    const int64_t rounded = round_up(end - begin, 16);
    float *packed = floats(rounded * depth, 0), *at = packed;
    for (int64_t first = 0; first < rounded; first += panel) {
        const int64_t width = rounded - first < panel ? 16 : panel;
        for (int64_t d = 0; d < depth; d++)
            for (int64_t o = first; o < first + width; o++)
                *at++ = begin + o < end ? weights[d * outputs + begin + o] : 0;
    }
    return packed;
}

static void test_gemm(void)
{
    for (int trial = 0; trial < 120; trial++) {
        const int64_t rows = trial % 2 ? 1 : random_between(1, 40), depth = random_between(1, 70);
        const int64_t outputs = random_between(1, trial % 3 ? 90 : 500), panel = outputs <= 16 ? 16 : 32;
        const int64_t x_row = depth + random_between(0, 3), y_row = outputs + random_between(0, 3);
        float *x = random_floats(rows * x_row), *weights = random_floats(depth * outputs);
        float *bias = floats(round_up(outputs, 16), 0), *residual = random_floats(rows * y_row);
        float *whole = floats(rows * y_row, 5), *parts = floats(rows * y_row, 5), *scratch = floats(3 * 16 * round_up(depth, 16), 5);
        for (int64_t o = 0; o < outputs; o++)
            bias[o] = random_float();
        gemm_any_shape = (struct gemm){.depth = depth,
                                       .panel = panel,
                                       .x_row = x_row,
                                       .x_depth = 1,
                                       .y_row = y_row,
                                       .residual_row = y_row,
                                       .adds_residual = trial % 5 == 0,
                                       .activation = trial % 7 == 0 ? ACTIVATION_RELU : ACTIVATION_NONE};
        const int64_t row = random_between(0, rows), cut = random_between(0, (outputs - 1) / panel) * panel;
        for (int part = 0; part < 5; part++) {
            const int64_t row_begin = part > 0 && part & 1 ? row : 0, row_end = part > 0 && !(part & 1) ? row : rows;
            const int64_t begin = part > 2 ? cut : 0, end = part == 1 || part == 2 ? cut : outputs;
            if (row_begin == row_end || begin == end)
                continue;
            gemm_any_shape.rows = row_end - row_begin;
            gemm_any_shape.scratch = gemm_any_shape.rows > 1 ? trial / 2 % 4 * 16 * round_up(depth, 16) : 0;
            gemm_any_shape.chunk = trial / 8 % 3 && depth > 16 ? trial / 8 % 3 * 16 : depth;
            gemm_any_shape.outputs = end - begin;
            float *packed = pack(weights, depth, outputs, begin, end, panel);
            float *part_bias = floats(round_up(end - begin, 16), 0);
            memcpy(part_bias, bias + begin, (size_t)(end - begin) * sizeof(float));
            gemm(&gemm_any_shape, &gemm_any_tiles, x + row_begin * x_row, packed, part_bias,
                 residual + row_begin * y_row + begin, (part ? parts : whole) + row_begin * y_row + begin, scratch);
            free(packed);
            free(part_bias);
        }
        for (int64_t r = 0; r < rows; r++)
            for (int64_t o = 0; o < y_row; o++) {
                const float y = whole[r * y_row + o];
                double sum = o < outputs ? bias[o] : 5;
                for (int64_t d = 0; d < depth && o < outputs; d++)
                    sum += (double)x[r * x_row + d] * weights[d * outputs + o];
                if (o < outputs && gemm_any_shape.adds_residual)
                    sum += residual[r * y_row + o];
                if (gemm_any_shape.activation && sum < 0)
                    sum = 0;
                CHECK(fabs(y - sum) < 1e-4, "gemm %d: %g is not %g", trial, y, sum);
                hash_floats(&y, 1);
            }
        CHECK(memcmp(whole, parts, (size_t)(rows * y_row) * sizeof(float)) == 0, "gemm %d: parts differ", trial);
        free(x);
        free(weights);
        free(bias);
        free(residual);
        free(whole);
        free(parts);
        free(scratch);
    }
}

static struct matmul matmul_any_shape;
MATMUL_TILES(matmul_any)

static void test_matmul(void)
{
    for (int trial = 0; trial < 100; trial++) {
        const int64_t rows = random_between(1, 40), depth = random_between(1, 50), columns = random_between(1, 70);
        const int transposed = trial % 4 == 0;
        const int64_t b_depth = transposed ? 1 : columns + 1, b_column = transposed ? depth + 2 : 1;
        const int64_t b_size = transposed ? columns * b_column : depth * b_depth;
        float *a = random_floats(rows * depth), *b = random_floats(b_size);
        float *whole = floats(rows * columns, 5), *parts = floats(rows * columns, 5);
        matmul_any_shape = (struct matmul){.depth = depth,
                                           .a_row = depth,
                                           .a_depth = 1,
                                           .b_depth = b_depth,
                                           .b_column = b_column,
                                           .y_row = columns,
                                           .scale = trial % 3 ? 1 : 0.5f};
        matmul_any_shape.rows = rows;
        matmul_any_shape.columns = columns;
        matmul(&matmul_any_shape, &matmul_any_tiles, a, b, NULL, NULL, whole);
        const int64_t row = random_between(0, rows), cut = random_between(0, columns);
        for (int part = 0; part < 4; part++) {
            const int64_t r = part & 1 ? row : 0, c = part & 2 ? cut : 0;
            matmul_any_shape.rows = part & 1 ? rows - row : row;
            matmul_any_shape.columns = part & 2 ? columns - cut : cut;
            if (matmul_any_shape.rows > 0 && matmul_any_shape.columns > 0)
                matmul(&matmul_any_shape, &matmul_any_tiles, a + r * depth, b + c * b_column, NULL, NULL,
                       parts + r * columns + c);
        }
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++) {
                double sum = 0;
                for (int64_t d = 0; d < depth; d++)
                    sum += (double)a[r * depth + d] * b[d * b_depth + c * b_column];
                sum *= matmul_any_shape.scale;
                CHECK(fabs(whole[r * columns + c] - sum) < 1e-4, "matmul %d", trial);
            }
        hash_floats(whole, rows * columns);
        CHECK(memcmp(whole, parts, (size_t)(rows * columns) * sizeof(float)) == 0, "matmul %d: parts differ", trial);
        free(a);
        free(b);
        free(whole);
        free(parts);
    }
}

int main(void)
{
    test_gemm();
    test_matmul();
    return finish("gemm");
}
