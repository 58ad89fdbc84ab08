/* test_winograd_template.c -- templates/conv_winograd.h against plain loops, and its pieces against the whole. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

/* The tiles with sizes known at run time are beyond gcc's analysis. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

#include "../../templates/conv_winograd.h"
#include "../../templates/region.h"

struct problem {
    int64_t batch, channels, outputs, panel, rows, columns, most_tiles;
    int size, taps, scaled, halfway, adds_residual;
    enum activation activation;
    float alpha, beta;
    int64_t border; /* cells around what is read and written */
};

struct data {
    struct view x, y;
    int64_t x_rows, x_columns, y_size;
    float *input, *weights, *packed, *bias, *residual, *output;
};

static int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

static int edge_of(const struct problem *p)
{
    return p->size + p->taps - 1;
}

/* G g of one line of a kernel: rows of G as Lavin and Gray have them, of 1, k, k^2, ... at each point k. */
static double weight_line(const struct problem *p, const double g[5], int point)
{
    static const double at[] = {0, 1, -1, 2, -2};
    static const double factor[2][5] = {{1, 0.5, 0.5, 0, 0}, {0.25, -1.0 / 6, -1.0 / 6, 1.0 / 24, 1.0 / 24}};
    double sum = 0;
    if (point == edge_of(p) - 1)
        return g[p->taps - 1];
    for (int k = p->taps; k--;)
        sum = sum * at[point] + g[k];
    return sum * factor[edge_of(p) == 6][point];
}

/* The same in float and without the factor, of a kernel of 3 taps. */
static float scaled_weight_line(const struct problem *p, const double *g, int point)
{
    static const float at[] = {0, 1, -1, 2, -2};
    const float first = (float)g[0], middle = (float)g[1], last = (float)g[2];
    return point == edge_of(p) - 1 ? last : (first + at[point] * at[point] * last) + at[point] * middle;
}

/* Number `at` of those in memory for a kernel: at point (at % edge, at / edge), or halfway of row at % taps at column at / taps. */
static float weight_at(const struct problem *p, const float *kernel, int at)
{
    const int edge = edge_of(p), j = p->halfway ? at / p->taps : at / edge;
    double along[5];
    for (int k = 0; k < p->taps; k++) {
        double g[5];
        for (int i = 0; i < p->taps; i++)
            g[i] = kernel[p->taps * k + i];
        along[k] = weight_line(p, g, j);
    }
    if (p->halfway)
        return (float)along[at % p->taps];
    return p->scaled ? scaled_weight_line(p, along, at % edge) : (float)weight_line(p, along, at % edge);
}

static int64_t numbers_of(const struct problem *p)
{
    return edge_of(p) * (p->halfway ? p->taps : edge_of(p));
}

static float *pack_weights(const struct problem *p, const float *weights)
{
    const int64_t outputs = round_up(p->outputs, 16), together = p->halfway ? p->taps : 1;
    float *packed = floats(numbers_of(p) * outputs * p->channels, 0), *at = packed;
    for (int64_t number = 0; number < numbers_of(p); number += together)
        for (int64_t first = 0; first < outputs; first += p->panel) {
            const int64_t width = outputs - first < p->panel ? 16 : p->panel;
            for (int64_t c = 0; c < p->channels * together; c++)
                for (int64_t o = first; o < first + width; o++)
                    *at++ = o < p->outputs ? weight_at(p, weights + (o * p->channels + c / together) * p->taps * p->taps,
                                                       (int)(number + c % together))
                                           : 0;
        }
    return packed;
}

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
    d.x_rows = round_up(p->rows, p->size) + p->taps - 1 + 2 * p->border;
    d.x_columns = round_up(p->columns, p->size) + p->taps - 1 + p->border;
    const struct view x = BLOCKED(round_up(p->channels, 16) / 16, d.x_rows, d.x_columns);
    const struct view y = BLOCKED(round_up(p->outputs, 16) / 16, p->rows + 2 * p->border, p->columns + p->border);
    d.x = x;
    d.y = y;
    d.y_size = p->batch * d.y.batch;
    d.input = random_view(d.x, p->batch, p->channels, d.x_rows, d.x_columns);
    d.weights = random_floats(p->outputs * p->channels * p->taps * p->taps);
    d.packed = pack_weights(p, d.weights);
    d.bias = floats(round_up(p->outputs, 16), 0);
    for (int64_t i = 0; i < p->outputs; i++)
        d.bias[i] = random_float();
    d.residual = random_view(d.y, p->batch, p->outputs, p->rows + 2 * p->border, p->columns + p->border);
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
    switch (p->activation) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_CLIP:
        return x < p->alpha ? p->alpha : x > p->beta ? p->beta : x;
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? x * p->alpha : x;
    default:
        return x;
    }
}

/* One output element before its activation, in double precision. */
static double sum_of(const struct problem *p, const struct data *d, int64_t n, int64_t o, int64_t row, int64_t column)
{
    double sum = d->bias[o];
    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t tap = 0; tap < p->taps * p->taps; tap++) {
            const int64_t at =
                view_at(d->x, n, c, p->border + row + tap / p->taps, p->border / 2 + column + tap % p->taps);
            sum += (double)d->input[at] * d->weights[(o * p->channels + c) * p->taps * p->taps + tap];
        }
    if (p->adds_residual)
        sum += d->residual[view_at(d->y, n, o, p->border + row, p->border / 2 + column)];
    return sum;
}

static void compare(const char *name, const struct problem *p, const struct data *d)
{
    int64_t touched = 0;
    double worst = 0, largest = 1;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t o = 0; o < round_up(p->outputs, 16); o++)
            for (int64_t row = 0; row < p->rows; row++)
                for (int64_t column = 0; column < p->columns; column++, touched++) {
                    const float y = d->output[view_at(d->y, n, o, p->border + row, p->border / 2 + column)];
                    const double sum = o < p->outputs ? sum_of(p, d, n, o, row, column) : 0;
                    worst = fmax(worst, o < p->outputs ? fabs(y - activated(p, sum)) : 0);
                    largest = fmax(largest, fabs(sum));
                    hash_floats(&y, 1);
                    if (o >= p->outputs && activated(p, 0) == 0)
                        CHECK(y == 0, "%s: pad lane is %g", name, y);
                }
    CHECK(worst < 2e-5 * largest, "%s: off by %g of %g", name, worst, largest);
    int64_t kept = 0;
    for (int64_t i = 0; i < d->y_size; i++)
        kept += d->output[i] == 5;
    CHECK(kept == d->y_size - touched, "%s: wrote outside of the piece", name);
}

/* The same templates with sizes known at run time, for any number of shapes. */
static struct conv_winograd any_shape;
static struct conv_direct any_product_shape;
CONV_WINOGRAD_HALFWAY_TILES(any, HALF_PANEL)
CONV_DIRECT_TILES(any_product, HALF_PANEL)
static const struct conv_winograd_tiles any_whole_tiles = {any_input, any_whole, any_part, &any_product_tiles, NULL};

static void compute(const struct problem *p, struct data *d, struct box box)
{
    const int64_t rows = box.row_end - box.row_begin, columns = box.column_end - box.column_begin;
    const int64_t all = tile_count(rows, p->size) * tile_count(columns, p->size);
    const int64_t tiles = all < p->most_tiles ? all : p->most_tiles, outputs = box.c_end - box.c_begin;
    const struct conv_direct product = CONV_WINOGRAD_PRODUCT(p->channels, outputs, p->panel, tiles, p->size, p->halfway);
    any_product_shape = product;
    any_shape = (struct conv_winograd){.x = d->x,
                                       .y = d->y,
                                       .residual = d->y,
                                       .batch = box.n_end - box.n_begin,
                                       .channels = p->channels,
                                       .outputs = outputs,
                                       .rows = rows,
                                       .columns = columns,
                                       .size = p->size,
                                       .taps = p->taps,
                                       .scaled = p->scaled,
                                       .halfway = p->halfway,
                                       .tiles = tiles,
                                       .adds_residual = p->adds_residual,
                                       .activation = p->activation,
                                       .alpha = p->alpha,
                                       .beta = p->beta};
    const int64_t together = p->halfway ? p->taps : 1, matrices = numbers_of(p) / together;
    const int64_t all_outputs = round_up(p->outputs, 16), depth = p->channels * together;
    const int64_t held = round_up(outputs, 16) * depth;
    float *scratch = floats(conv_winograd_scratch(&any_shape, &any_product_shape), NAN);
    float *weights = floats(matrices * held, 0);
    for (int64_t i = 0; i < matrices; i++)
        memcpy(weights + i * held, d->packed + (i * all_outputs + box.c_begin) * depth, (size_t)held * sizeof(float));
    const int64_t y = view_at(d->y, box.n_begin, box.c_begin, p->border + box.row_begin,
                              p->border / 2 + box.column_begin);
    conv_winograd(&any_shape, &any_product_shape, p->halfway ? &any_tiles : &any_whole_tiles,
                  d->input + view_at(d->x, box.n_begin, 0, p->border + box.row_begin, p->border / 2 + box.column_begin),
                  weights, d->bias + box.c_begin, d->residual + y, d->output + y, scratch);
    free(scratch);
    free(weights);
}

/* The whole, then the same in eight pieces that begin on tiles, with blocks of another size: equal to the bit. */
static void test_problem(const char *name, const struct problem *p)
{
    struct data d = make(p);
    const struct box whole = {0, p->batch, 0, p->outputs, 0, p->rows, 0, p->columns};
    compute(p, &d, whole);
    compare(name, p, &d);
    float *first = d.output;
    d.output = floats(d.y_size, 5);
    struct problem other = *p;
    other.most_tiles = random_between(1, 9);
    const int64_t row = random_between(0, (p->rows - 1) / p->size) * p->size;
    const int64_t column = random_between(0, (p->columns - 1) / p->size) * p->size;
    const int64_t c = random_between(0, (p->outputs - 1) / p->panel) * p->panel;
    for (int part = 0; part < 8; part++) {
        struct box box = whole;
        *(part & 1 ? &box.row_begin : &box.row_end) = row;
        *(part & 2 ? &box.column_begin : &box.column_end) = column;
        *(part & 4 ? &box.c_begin : &box.c_end) = c;
        if (box.row_begin < box.row_end && box.column_begin < box.column_end && box.c_begin < box.c_end)
            compute(&other, &d, box);
    }
    CHECK(memcmp(first, d.output, (size_t)d.y_size * sizeof(float)) == 0, "%s: pieces differ from the whole", name);
    if (p->halfway) {
        other.halfway = 0;
        free(d.packed);
        d.packed = pack_weights(&other, d.weights);
        compute(&other, &d, whole);
        CHECK(memcmp(first, d.output, (size_t)d.y_size * sizeof(float)) == 0, "%s: differs with whole weights", name);
    }
    free(first);
    drop(&d);
}

static void test_random(int size, int taps, int scaled, int halfway)
{
    for (int trial = 0; trial < 40; trial++) {
        struct problem p = {.batch = random_between(1, 2),
                            .channels = trial % 3 && !halfway ? random_between(1, trial % 8 ? 50 : 150) : 16 * random_between(1, 9),
                            .outputs = random_between(1, 70),
                            .rows = random_between(1, 20),
                            .columns = random_between(1, 20),
                            .most_tiles = random_between(1, 30),
                            .size = size,
                            .taps = taps,
                            .scaled = scaled,
                            .halfway = halfway,
                            .adds_residual = (int)random_between(0, 1),
                            .activation = (enum activation)random_between(0, 3),
                            .alpha = 0.125f,
                            .beta = 0.75f,
                            .border = random_between(0, 3)};
        p.panel = p.outputs <= 16 || trial % 4 == 0 ? 16 : 32;
        test_problem(taps == 5 ? "F(2x2, 5x5)" : size == 2 ? "F(2x2, 3x3)" : "F(4x4, 3x3)", &p);
    }
}

/* Shapes known to the compiler, as in generated files. */
#define WINOGRAD(name, kind, c, m, p, h, w, t, z, r, half, ...)                                            \
    static const struct problem name##_problem = {1, c, m, p, h, w, t, z, r, half, half, __VA_ARGS__};           \
    static const struct conv_winograd name##_shape = {                                                     \
        .x = BLOCKED((c + 15) / 16, (h + z - 1) / z * z + r - 1, (w + z - 1) / z * z + r - 1),             \
        .y = BLOCKED((m + 15) / 16, h, w),                                                                 \
        .residual = BLOCKED((m + 15) / 16, h, w),                                                          \
        .batch = 1,                                                                                        \
        .channels = c,                                                                                     \
        .outputs = m,                                                                                      \
        .rows = h,                                                                                         \
        .columns = w,                                                                                      \
        .size = z,                                                                                         \
        .taps = r,                                                                                         \
        .scaled = half,                                                                                    \
        .halfway = half,                                                                                   \
        .tiles = t,                                                                                        \
        __VA_ARGS__};                                                                                      \
    static const struct conv_direct name##_product_shape =                                                \
        CONV_WINOGRAD_PRODUCT(c, m, p, t, z, half);                                                        \
    CONV_WINOGRAD_##kind(name, HALF_PANEL)                                                                 \
    static void test_##name(void)                                                                          \
    {                                                                                                      \
        const struct problem *problem = &name##_problem;                                                   \
        struct data d = make(problem);                                                                     \
        float *scratch = floats(conv_winograd_scratch(&name##_shape, &name##_product_shape), NAN);         \
        conv_winograd(&name##_shape, &name##_product_shape, &name##_tiles, d.input, d.packed, d.bias,      \
                      d.residual, d.output, scratch);                                                      \
        compare(#name, problem, &d);                                                                       \
        const float *first = d.output;                                                                     \
        d.output = floats(d.y_size, 5);                                                                    \
        const struct box whole = {0, 1, 0, m, 0, h, 0, w};                                                 \
        compute(problem, &d, whole);                                                                       \
        CHECK(memcmp(first, d.output, (size_t)d.y_size * sizeof(float)) == 0,                              \
              #name ": differs with sizes known at run time");                                             \
        free((void *)(uintptr_t)first);                                                                    \
        free(scratch);                                                                                     \
        drop(&d);                                                                                          \
    }

WINOGRAD(four_even, TILES, 32, 64, 32, 28, 28, 49, 4, 3, 0, .adds_residual = 1, .activation = ACTIVATION_RELU)
WINOGRAD(four_odd, TILES, 20, 48, 32, 13, 30, 11, 4, 3, 0, .activation = ACTIVATION_RELU)
WINOGRAD(two_even, TILES, 16, 16, 16, 14, 14, 49, 2, 3, 0, .activation = ACTIVATION_NONE)
WINOGRAD(half_even, HALFWAY_TILES, 160, 64, 32, 28, 28, 49, 4, 3, 1, .adds_residual = 1)
WINOGRAD(half_odd, HALFWAY_TILES, 96, 48, 32, 7, 9, 6, 4, 3, 1, .activation = ACTIVATION_RELU)
WINOGRAD(half_few, HALFWAY_TILES, 80, 80, 32, 8, 26, 14, 4, 3, 1, .activation = ACTIVATION_RELU)
WINOGRAD(half_one, HALFWAY_TILES, 64, 16, 16, 4, 17, 5, 4, 3, 1, .adds_residual = 1)
WINOGRAD(half_two, HALFWAY_TILES, 80, 80, 32, 7, 7, 16, 2, 3, 1, .activation = ACTIVATION_RELU)
WINOGRAD(five_even, TILES, 64, 48, 32, 28, 14, 49, 2, 5, 0, .adds_residual = 1, .activation = ACTIVATION_RELU)
WINOGRAD(five_odd, TILES, 20, 80, 32, 27, 9, 20, 2, 5, 0, .activation = ACTIVATION_NONE)
WINOGRAD(two_odd, TILES, 33, 40, 32, 7, 7, 16, 2, 3, 0, .adds_residual = 1, .activation = ACTIVATION_RELU)

int main(void)
{
    test_random(2, 3, 0, 0);
    test_random(4, 3, 0, 0);
    test_random(4, 3, 1, 0);
    test_random(4, 3, 1, 1);
    test_random(2, 3, 1, 1);
    test_random(2, 5, 0, 0);
    test_four_even();
    test_four_odd();
    test_half_even();
    test_half_odd();
    test_half_few();
    test_half_one();
    test_two_even();
    test_two_odd();
    test_half_two();
    test_five_even();
    test_five_odd();
    return finish("winograd");
}
