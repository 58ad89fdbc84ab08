/* test_pool_template.c -- templates/pool.h and conv_grouped.h against plain loops. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

#include "../../templates/conv_grouped.h"
#include "../../templates/pool.h"

/* One spatial axis as the model says it, and the part [begin, end) of the outputs that a piece computes. */
struct axis {
    int64_t size, kernel, stride, dilation, pad_begin, pad_end, outputs, begin, end, storage_begin, storage_end;
};

static struct axis random_axis(void)
{
    struct axis a = {.size = random_between(1, 12),
                     .kernel = random_between(1, 3),
                     .stride = random_between(1, 3),
                     .dilation = random_between(1, 2)};
    const int64_t extent = (a.kernel - 1) * a.dilation + 1;
    do {
        a.pad_begin = random_between(0, a.kernel - 1);
        a.pad_end = random_between(0, a.kernel - 1);
        a.size += a.size + a.pad_begin + a.pad_end < extent;
    } while (a.size + a.pad_begin + a.pad_end < extent);
    const int64_t room = a.size + a.pad_begin + a.pad_end - extent;
    a.outputs = room / a.stride + 1;
    if (room % a.stride && a.outputs * a.stride < a.size + a.pad_begin)
        a.outputs++;
    a.begin = random_between(0, a.outputs - 1);
    a.end = random_between(a.begin + 1, a.outputs);
    a.storage_begin = random_between(-1, 0);
    a.storage_end = a.size + random_between(0, 1);
    return a;
}

static struct pool_axis piece_axis(const struct axis *a)
{
    return (struct pool_axis){.outputs = a->end - a->begin,
                              .kernel = a->kernel,
                              .stride = a->stride,
                              .dilation = a->dilation,
                              .first = a->begin * a->stride - a->pad_begin - a->storage_begin,
                              .low = -a->storage_begin,
                              .high = a->size - a->storage_begin,
                              .padded = a->size + a->pad_end - a->storage_begin};
}

/* Where tap k of output o reads; -1 outside of the tensor. */
static int64_t tap_at(const struct axis *a, int64_t o, int64_t k)
{
    const int64_t at = o * a->stride - a->pad_begin + k * a->dilation;
    return at >= 0 && at < a->size ? at : -1;
}

static int64_t padded_taps(const struct axis *a, int64_t o)
{
    int64_t taps = 0;
    for (int64_t k = 0; k < a->kernel; k++)
        taps += o * a->stride - a->pad_begin + k * a->dilation < a->size + a->pad_end;
    return taps;
}

/* One output of a pooling of a map that value() gives. */
static double pooled(const struct axis *row, const struct axis *column, int64_t r, int64_t c, const float *map,
                     int64_t row_stride, int64_t column_stride, int average, int counts_padding)
{
    double result = average ? 0 : -INFINITY;
    int64_t count = 0;
    for (int64_t i = 0; i < row->kernel; i++)
        for (int64_t j = 0; j < column->kernel; j++) {
            const int64_t at_row = tap_at(row, r, i), at_column = tap_at(column, c, j);
            if (at_row < 0 || at_column < 0)
                continue;
            const double value = map[(at_row - row->storage_begin) * row_stride +
                                     (at_column - column->storage_begin) * column_stride];
            result = average ? result + value : value > result || isnan(value) ? value : result;
            count++;
        }
    if (counts_padding)
        count = padded_taps(row, r) * padded_taps(column, c);
    return average ? result / (double)(count ? count : 1) : result;
}

/* NaN and infinities of both signs, here and there. */
static void spoil(float *x, int64_t count)
{
    static const float value[] = {NAN, INFINITY, -INFINITY};
    for (int64_t at = random_between(0, 40); at < count; at += random_between(1, 80))
        x[at] = value[random_between(0, 2)];
}

static void test_blocked(void)
{
    for (int trial = 0; trial < 300; trial++) {
        const struct axis row = random_axis(), column = random_axis();
        const int64_t channels = random_between(1, 40), batch = random_between(1, 2), blocks = (channels + 15) / 16;
        const int64_t x_rows = row.storage_end - row.storage_begin, x_columns = column.storage_end - column.storage_begin;
        const struct view x_view = BLOCKED(blocks, x_rows, x_columns), y_view = BLOCKED(blocks, row.outputs, column.outputs);
        const struct pool shape = {.x = x_view,
                                   .y = y_view,
                                   .batch = batch,
                                   .channels = channels,
                                   .row = piece_axis(&row),
                                   .column = piece_axis(&column),
                                   .average = trial % 2,
                                   .counts_padding = trial % 4 == 1};
        float *x = random_floats(batch * x_view.batch), *y = floats(batch * y_view.batch, 5);
        if (trial % 8 == 0)
            spoil(x, batch * x_view.batch);
        pool(&shape, x, y + view_at(y_view, 0, 0, row.begin, column.begin));
        for (int64_t n = 0; n < batch; n++)
            for (int64_t c = 0; c < channels; c++)
                for (int64_t i = 0; i < row.outputs; i++)
                    for (int64_t j = 0; j < column.outputs; j++) {
                        const float value = y[view_at(y_view, n, c, i, j)];
                        const int inside = i >= row.begin && i < row.end && j >= column.begin && j < column.end;
                        const double right =
                            inside ? pooled(&row, &column, i, j, x + view_at(x_view, n, c, 0, 0), x_view.row,
                                            x_view.column, shape.average, shape.counts_padding)
                                   : 5;
                        CHECK(value == right || fabs(value - right) < 1e-5 || (isnan(value) && isnan(right)),
                              "pool %d: %g is not %g", trial, value, right);
                    }
        free(x);
        free(y);
    }
}

/* Whole maps, and parts of maps that are pooled row by row or some rows at a time. */
static void test_lines(void)
{
    for (int trial = 0; trial < 120; trial++) {
        const int64_t channels = random_between(1, 40), outputs = trial % 3 ? random_between(1, 5) : 1;
        const int64_t rows = trial % 3 == 1 ? 1 : random_between(1, 9), columns = random_between(1, 9), first = random_between(0, 2);
        const int64_t blocks = (channels + 15) / 16;
        const struct view x_view = BLOCKED(blocks, first + outputs * rows, columns), y_view = BLOCKED(blocks, outputs + 1, 1);
        const struct pool_lines shape = {.x = x_view,
                                         .y = y_view,
                                         .batch = 1,
                                         .channels = channels,
                                         .outputs = outputs,
                                         .rows = rows,
                                         .columns = columns,
                                         .average = trial % 2};
        float *x = random_floats(x_view.batch), *y = floats(y_view.batch, 5);
        pool_lines(&shape, x + view_at(x_view, 0, 0, first, 0), y);
        for (int64_t c = 0; c < channels; c++) {
            for (int64_t r = 0; r < outputs; r++) {
                double sum = 0, most = -INFINITY;
                for (int64_t i = 0; i < rows * columns; i++) {
                    const double value = x[view_at(x_view, 0, c, first + r * rows + i / columns, i % columns)];
                    sum += value;
                    most = value > most ? value : most;
                }
                const float value = y[view_at(y_view, 0, c, r, 0)];
                CHECK(fabs(value - (trial % 2 ? sum / (double)(rows * columns) : most)) < 1e-5, "lines %d", trial);
                hash_floats(&value, 1);
            }
            CHECK(y[view_at(y_view, 0, c, outputs, 0)] == 5, "lines %d: a row behind them", trial);
        }
        free(x);
        free(y);
    }
}

/* NaN is the maximum wherever it stands. */
static void test_nan(void)
{
    const struct pool_lines shape = {
        .x = BLOCKED(1, 1, 5), .y = BLOCKED(1, 1, 1), .batch = 1, .channels = 16, .outputs = 1, .rows = 1, .columns = 5};
    float *x = floats(16 * 5, 1), *y = floats(16, 0);
    for (int64_t c = 0; c < 5; c++)
        x[view_at(shape.x, 0, c, 0, c)] = NAN;
    pool_lines(&shape, x, y);
    for (int64_t c = 0; c < 16; c++)
        CHECK(c < 5 ? isnan(y[view_at(shape.y, 0, c, 0, 0)]) : y[view_at(shape.y, 0, c, 0, 0)] == 1, "channel %d", (int)c);
    free(x);
    free(y);
}

static void test_grouped(void)
{
    for (int trial = 0; trial < 100; trial++) {
        const struct axis row = random_axis(), column = random_axis();
        const int64_t group = random_between(1, 3), channels = random_between(1, 20), outputs = random_between(1, 4);
        const int64_t x_rows = row.storage_end - row.storage_begin, x_columns = column.storage_end - column.storage_begin;
        const int64_t x_plane = x_rows * x_columns, y_plane = row.outputs * column.outputs;
        const int64_t first = random_between(0, group * outputs - 1), taps = row.kernel * column.kernel;
        const struct pool_axis r = piece_axis(&row), c = piece_axis(&column);
        const struct conv_grouped shape = {
            .batch = 1,
            .outputs = group * outputs - first,
            .first_output = first,
            .group_outputs = outputs,
            .group_channels = channels,
            .x_channel = x_plane,
            .x_axis = {0, x_columns, 1},
            .y_channel = y_plane,
            .y_axis = {0, column.outputs, 1},
            .axis = {{1, 1, 1, 1, 0, 0, 1},
                     {r.outputs, r.kernel, r.stride, r.dilation, r.first, r.low, r.high},
                     {c.outputs, c.kernel, c.stride, c.dilation, c.first, c.low, c.high}}};
        float *x = random_floats(group * channels * x_plane), *w = random_floats(group * outputs * channels * taps);
        float *bias = random_floats(group * outputs), *y = floats(group * outputs * y_plane, 5);
        conv_grouped(&shape, x, w, bias, NULL, y + first * y_plane + row.begin * column.outputs + column.begin);
        for (int64_t o = 0; o < group * outputs; o++)
            for (int64_t i = 0; i < y_plane; i++) {
                const int64_t at_r = i / column.outputs, at_c = i % column.outputs;
                double sum = bias[o];
                for (int64_t k = 0; k < channels * taps; k++) {
                    const int64_t from_r = tap_at(&row, at_r, k / column.kernel % row.kernel);
                    const int64_t from_c = tap_at(&column, at_c, k % column.kernel);
                    if (from_r >= 0 && from_c >= 0)
                        sum += (double)w[o * channels * taps + k] *
                               x[(o / outputs * channels + k / taps) * x_plane + (from_r - row.storage_begin) * x_columns +
                                 from_c - column.storage_begin];
                }
                const int inside = o >= first && at_r >= row.begin && at_r < row.end && at_c >= column.begin &&
                                   at_c < column.end;
                CHECK(fabs(y[o * y_plane + i] - (inside ? sum : 5)) < 1e-4, "grouped %d", trial);
            }
        hash_floats(y, group * outputs * y_plane);
        free(x);
        free(w);
        free(bias);
        free(y);
    }
}

int main(void)
{
    test_blocked();
    test_lines();
    test_nan();
    test_grouped();
    return finish("pool");
}
