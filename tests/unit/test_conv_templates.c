/* test_conv_templates.c -- templates/conv_direct.h and conv_depthwise.h against plain loops. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

/* The tiles with sizes known at run time are beyond gcc's analysis. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

#include "../../templates/conv_depthwise.h"
#include "../../templates/conv_direct.h"
#include "../../templates/region.h"

/* A convolution as the model says it; shapes of pieces follow from it. */
struct problem {
    int64_t batch, channels, outputs, panel, rows, columns; /* rows, columns: of the output */
    int64_t kernel_rows, kernel_columns, stride_rows, stride_columns, dilation_rows, dilation_columns;
    int plain, depthwise, adds_residual;
    enum activation activation;
    float alpha, beta;
    /* memory: cells around what is read and written */
    int64_t x_border, y_border;
};

struct data {
    struct view x, y;
    int64_t x_rows, x_columns, x_size, y_size;
    float *input, *weights, *packed, *bias, *residual, *output;
};

static int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

static float *pack_weights(const struct problem *p, const float *weights)
{
    const int64_t taps = p->kernel_rows * p->kernel_columns, outputs = round_up(p->outputs, 16);
    float *packed = floats((p->depthwise ? 1 : p->channels) * taps * outputs, 0), *at = packed;
    if (p->depthwise) {
        for (int64_t c = 0; c < p->outputs; c++)
            for (int64_t tap = 0; tap < taps; tap++)
                packed[(c / 16 * taps + tap) * 16 + c % 16] = weights[c * taps + tap];
        return packed;
    }
    for (int64_t first = 0; first < outputs; first += p->panel) {
        const int64_t width = outputs - first < p->panel ? 16 : p->panel;
        for (int64_t block = 0; block < p->channels; block += 16)
            for (int64_t tap = 0; tap < taps; tap++)
                for (int64_t c = block; c < block + 16 && c < p->channels; c++)
                    for (int64_t o = first; o < first + width; o++)
                        *at++ = o < p->outputs ? weights[(o * p->channels + c) * taps + tap] : 0;
    }
    return packed;
}

/* The same numbers at the same indices whatever the layout; pad lanes are zero. */
static float *random_view(struct view view, int64_t batch, int64_t channels, int64_t rows, int64_t columns)
{
    float *array = floats(batch * view.batch, 0);
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t row = 0; row < rows; row++)
                for (int64_t column = 0; column < columns; column++)
                    array[view_at(view, n, c, row, column)] = random_float();
    return array;
}

static struct data make(const struct problem *p)
{
    struct data d = {0};
    const int64_t border = p->x_border, taps = p->kernel_rows * p->kernel_columns;
    d.x_rows = (p->rows - 1) * p->stride_rows + (p->kernel_rows - 1) * p->dilation_rows + 1 + 2 * border;
    d.x_columns = (p->columns - 1) * p->stride_columns + (p->kernel_columns - 1) * p->dilation_columns + 1 + border;
    const struct view plain = PLAIN(p->channels, d.x_rows, d.x_columns);
    const struct view x = BLOCKED(round_up(p->channels, 16) / 16, d.x_rows, d.x_columns);
    const struct view y = BLOCKED(round_up(p->outputs, 16) / 16, p->rows + 2 * p->y_border, p->columns + p->y_border);
    d.x = p->plain ? plain : x;
    d.y = y;
    d.x_size = p->batch * d.x.batch;
    d.y_size = p->batch * d.y.batch;
    d.input = random_view(d.x, p->batch, p->channels, d.x_rows, d.x_columns);
    d.weights = random_floats(p->outputs * (p->depthwise ? 1 : p->channels) * taps);
    d.packed = pack_weights(p, d.weights);
    d.bias = floats(round_up(p->outputs, 16), 0);
    for (int64_t i = 0; i < p->outputs; i++)
        d.bias[i] = random_float();
    d.residual = random_view(d.y, p->batch, p->outputs, p->rows + 2 * p->y_border, p->columns + p->y_border);
    d.output = floats(d.y_size, 5);
    return d;
}

static void drop(struct data *d)
{
    free(d->input);
    free(d->weights);
    free(d->packed);
    free(d->bias);
    free(d->residual);
    free(d->output);
}

static double activated(const struct problem *p, double x)
{
    const double hard = x * p->alpha + p->beta, swish = x / 6 + 0.5;
    switch (p->activation) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_CLIP:
        return x < p->alpha ? p->alpha : x > p->beta ? p->beta : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? x * p->alpha : x;
    case ACTIVATION_HARD_SIGMOID:
        return hard < 0 ? 0 : hard > 1 ? 1 : hard;
    case ACTIVATION_HARD_SWISH:
        return x * (swish < 0 ? 0 : swish > 1 ? 1 : swish);
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

/* One output element in double precision. */
static double expect(const struct problem *p, const struct data *d, int64_t n, int64_t o, int64_t row, int64_t column)
{
    const int64_t channels = p->depthwise ? 1 : p->channels, taps = p->kernel_rows * p->kernel_columns;
    double sum = d->bias[o];
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < p->kernel_rows; i++)
            for (int64_t j = 0; j < p->kernel_columns; j++) {
                const int64_t at = view_at(d->x, n, p->depthwise ? o : c,
                                           p->x_border + row * p->stride_rows + i * p->dilation_rows,
                                           p->x_border / 2 + column * p->stride_columns + j * p->dilation_columns);
                sum += (double)d->input[at] * d->weights[(o * channels + c) * taps + i * p->kernel_columns + j];
            }
    if (p->adds_residual)
        sum += d->residual[view_at(d->y, n, o, p->y_border + row, p->y_border / 2 + column)];
    return activated(p, sum);
}

static void compare(const char *name, const struct problem *p, const struct data *d)
{
    int64_t touched = 0;
    double worst = 0;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t o = 0; o < round_up(p->outputs, 16); o++)
            for (int64_t row = 0; row < p->rows; row++)
                for (int64_t column = 0; column < p->columns; column++, touched++) {
                    const float y = d->output[view_at(d->y, n, o, p->y_border + row, p->y_border / 2 + column)];
                    const double gap = o < p->outputs ? fabs(y - expect(p, d, n, o, row, column)) : 0;
                    worst = gap > worst ? gap : worst;
                    hash_floats(&y, 1);
                    if (o >= p->outputs && activated(p, 0) == 0)
                        CHECK(y == 0, "%s: pad lane is %g", name, y);
                }
    CHECK(worst < 1e-4, "%s: off by %g", name, worst);
    int64_t kept = 0;
    for (int64_t i = 0; i < d->y_size; i++)
        kept += d->output[i] == 5;
    CHECK(kept == d->y_size - touched, "%s: wrote outside of the piece", name);
}

/* The shape of the part of the problem that a box of the output needs. */
static struct conv_direct direct_piece(const struct problem *p, const struct data *d, struct box box)
{
    return (struct conv_direct){.x = d->x,
                                .y = d->y,
                                .residual = d->y,
                                .batch = box.n_end - box.n_begin,
                                .channels = p->channels,
                                .outputs = box.c_end - box.c_begin,
                                .panel = p->panel,
                                .rows = box.row_end - box.row_begin,
                                .columns = box.column_end - box.column_begin,
                                .kernel_rows = p->kernel_rows,
                                .kernel_columns = p->kernel_columns,
                                .stride_rows = p->stride_rows,
                                .stride_columns = p->stride_columns,
                                .dilation_rows = p->dilation_rows,
                                .dilation_columns = p->dilation_columns,
                                .adds_residual = p->adds_residual,
                                .activation = p->activation,
                                .alpha = p->alpha,
                                .beta = p->beta};
}

static struct conv_depthwise depthwise_piece(const struct problem *p, const struct data *d, struct box box)
{
    return (struct conv_depthwise){.x = d->x,
                                   .y = d->y,
                                   .residual = d->y,
                                   .batch = box.n_end - box.n_begin,
                                   .channels = box.c_end - box.c_begin,
                                   .rows = box.row_end - box.row_begin,
                                   .columns = box.column_end - box.column_begin,
                                   .kernel_rows = p->kernel_rows,
                                   .kernel_columns = p->kernel_columns,
                                   .stride_rows = p->stride_rows,
                                   .stride_columns = p->stride_columns,
                                   .dilation_rows = p->dilation_rows,
                                   .dilation_columns = p->dilation_columns,
                                   .adds_residual = p->adds_residual,
                                   .activation = p->activation,
                                   .alpha = p->alpha,
                                   .beta = p->beta};
}

/* Pointers to the first elements of a piece. */
static int64_t x_first(const struct problem *p, const struct data *d, struct box box)
{
    return view_at(d->x, box.n_begin, p->depthwise ? box.c_begin : 0, p->x_border + box.row_begin * p->stride_rows,
                   p->x_border / 2 + box.column_begin * p->stride_columns);
}

static int64_t y_first(const struct problem *p, const struct data *d, struct box box)
{
    return view_at(d->y, box.n_begin, box.c_begin, p->y_border + box.row_begin, p->y_border / 2 + box.column_begin);
}

/* Not constant: the same templates with sizes known at run time, for any number of shapes. */
static struct conv_direct direct_shape;
CONV_DIRECT_TILES(direct, HALF_PANEL)
static struct conv_depthwise depthwise_shape;
CONV_DEPTHWISE_TILES(depthwise)

static void compute(const struct problem *p, struct data *d, struct box box)
{
    const float *x = d->input + x_first(p, d, box), *residual = d->residual + y_first(p, d, box);
    float *y = d->output + y_first(p, d, box);
    const int64_t taps = p->kernel_rows * p->kernel_columns * (p->depthwise ? 1 : p->channels);
    const float *w = d->packed + box.c_begin * taps, *bias = d->bias + box.c_begin;
    if (p->depthwise) {
        depthwise_shape = depthwise_piece(p, d, box);
        conv_depthwise(&depthwise_shape, &depthwise_tiles, x, w, bias, residual, y);
    } else {
        direct_shape = direct_piece(p, d, box);
        conv_direct(&direct_shape, &direct_tiles, x, w, bias, residual, y);
    }
}

/* The whole, then the same in four pieces: equal to the bit. */
static void test_problem(const char *name, const struct problem *p)
{
    struct data d = make(p);
    const struct box whole = {0, p->batch, 0, p->outputs, 0, p->rows, 0, p->columns};
    compute(p, &d, whole);
    compare(name, p, &d);
    float *first = d.output;
    d.output = floats(d.y_size, 5);
    const int64_t row = random_between(0, p->rows), column = random_between(0, p->columns);
    const int64_t grid = p->depthwise ? 16 : p->panel, c = random_between(0, (p->outputs - 1) / grid) * grid;
    for (int part = 0; part < 8; part++) {
        struct box box = whole;
        *(part & 1 ? &box.row_begin : &box.row_end) = row;
        *(part & 2 ? &box.column_begin : &box.column_end) = column;
        *(part & 4 ? &box.c_begin : &box.c_end) = c;
        if (box.row_begin < box.row_end && box.column_begin < box.column_end && box.c_begin < box.c_end)
            compute(p, &d, box);
    }
    CHECK(memcmp(first, d.output, (size_t)d.y_size * sizeof(float)) == 0, "%s: pieces differ from the whole", name);
    free(first);
    drop(&d);
}

static void test_random(int depthwise)
{
    for (int trial = 0; trial < 60; trial++) {
        struct problem p = {.batch = random_between(1, 2),
                            .channels = random_between(1, 40),
                            .outputs = random_between(1, 70),
                            .rows = random_between(1, 9),
                            .columns = random_between(1, 30),
                            .kernel_rows = random_between(1, 4),
                            .kernel_columns = random_between(1, 4),
                            .stride_rows = random_between(1, 3),
                            .stride_columns = random_between(1, 3),
                            .dilation_rows = random_between(1, 2),
                            .dilation_columns = random_between(1, 2),
                            .adds_residual = (int)random_between(0, 1),
                            .activation = (enum activation)random_between(0, 5),
                            .alpha = 0.125f,
                            .beta = 0.75f,
                            .depthwise = depthwise,
                            .x_border = random_between(0, 3),
                            .y_border = random_between(0, 3)};
        if (trial % 3 == 0)
            p.dilation_rows = p.dilation_columns = p.stride_rows = p.stride_columns = 1;
        p.panel = p.outputs <= 16 || trial % 4 == 0 ? 16 : 32;
        if (depthwise)
            p.channels = p.outputs;
        else if (p.channels < 16)
            p.plain = trial % 2;
        test_problem("random", &p);
    }
}

/* 1x1 kernels over pixels side by side, to rows with borders: tiles run on from row to row, those of pieces of columns do not. */
static void test_runs_on(void)
{
    int ran_on = 0;
    for (int trial = 0; trial < 40; trial++) {
        struct problem p = {.batch = random_between(1, 2),
                            .channels = random_between(16, 200),
                            .outputs = random_between(1, 70),
                            .rows = random_between(1, 9),
                            .columns = random_between(1, 40),
                            .kernel_rows = 1,
                            .kernel_columns = 1,
                            .stride_rows = 1,
                            .stride_columns = 1,
                            .dilation_rows = 1,
                            .dilation_columns = 1,
                            .adds_residual = trial % 2,
                            .activation = ACTIVATION_LEAKY_RELU,
                            .alpha = 0.125f,
                            .y_border = random_between(0, 3)};
        p.panel = p.outputs <= 16 || trial % 4 == 0 ? 16 : 32;
        test_problem("runs on", &p);
        const struct conv_direct whole = {.x = BLOCKED(1, p.rows, p.columns), .channels = p.channels,
                                          .panel = p.panel, .rows = p.rows, .columns = p.columns,
                                          .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1};
        ran_on += conv_direct_cut(&whole).runs_on;
    }
    CHECK(ran_on > 3, "%d of 40 maps were cut into tiles that run on", ran_on);
}

/* Shapes known to the compiler, as in generated files. */
#define DIRECT(name, c, m, p, h, w, kh, kw, sh, sw, dh, dw, ...)                                           \
    static const struct problem name##_problem = {1,  c,  m,  p,  h,  w,          kh,                      \
                                                  kw, sh, sw, dh, dw, __VA_ARGS__};                        \
    static const struct conv_direct name##_shape = {                                                       \
        .x = BLOCKED((c + 15) / 16, (h - 1) * sh + (kh - 1) * dh + 1, (w - 1) * sw + (kw - 1) * dw + 1),   \
        .y = BLOCKED((m + 15) / 16, h, w),                                                                 \
        .residual = BLOCKED((m + 15) / 16, h, w),                                                          \
        .batch = 1,                                                                                        \
        .channels = c,                                                                                     \
        .outputs = m,                                                                                      \
        .panel = p,                                                                                        \
        .rows = h,                                                                                         \
        .columns = w,                                                                                      \
        .kernel_rows = kh,                                                                                 \
        .kernel_columns = kw,                                                                              \
        .stride_rows = sh,                                                                                 \
        .stride_columns = sw,                                                                              \
        .dilation_rows = dh,                                                                               \
        .dilation_columns = dw,                                                                            \
        .activation = ACTIVATION_RELU};                                                                    \
    CONV_DIRECT_TILES(name, HALF_PANEL)                                                                    \
    static void test_##name(void)                                                                          \
    {                                                                                                      \
        struct data d = make(&name##_problem);                                                             \
        conv_direct(&name##_shape, &name##_tiles, d.input, d.packed, d.bias, d.residual, d.output);        \
        compare(#name, &name##_problem, &d);                                                               \
        check_same(&name##_problem, &d);                                                                   \
        drop(&d);                                                                                          \
    }

/* Constant and run-time sizes give the same bits. */
static void check_same(const struct problem *p, struct data *d)
{
    float *first = d->output;
    d->output = floats(d->y_size, 5);
    compute(p, d, (struct box){0, p->batch, 0, p->outputs, 0, p->rows, 0, p->columns});
    CHECK(memcmp(first, d->output, (size_t)d->y_size * sizeof(float)) == 0, "constant shape differs");
    free(d->output);
    d->output = first;
}

DIRECT(three, 64, 64, 32, 14, 30, 3, 3, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(small_map, 40, 48, 32, 7, 7, 3, 3, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(pointwise, 24, 90, 32, 1, 49, 1, 1, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(strided, 17, 16, 16, 5, 29, 3, 5, 2, 2, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(dilated, 16, 33, 32, 3, 13, 3, 3, 1, 1, 2, 2, .activation = ACTIVATION_RELU)
/* Deep: weights in chunks of channels, the last one not whole; for groups of tiles, the last one not full. */
DIRECT(deep, 250, 40, 32, 9, 26, 3, 3, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(deep_small, 200, 32, 32, 4, 7, 3, 3, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(rows_run_on, 40, 60, 32, 5, 17, 1, 1, 1, 1, 1, 1, .activation = ACTIVATION_RELU)
DIRECT(one_column, 35, 10, 16, 9, 1, 3, 1, 1, 1, 1, 1, .activation = ACTIVATION_RELU)

int main(void)
{
    test_random(0);
    test_random(1);
    test_three();
    test_small_map();
    test_pointwise();
    test_strided();
    test_dilated();
    test_deep();
    test_deep_small();
    test_one_column();
    test_runs_on();
    test_rows_run_on();
    return finish("conv");
}
