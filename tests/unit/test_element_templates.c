/* test_element_templates.c -- templates/elementwise.h, scalars.h, softmax.h, reduce.h, layout.h, move.h and copy.h
 * against element loops, over odd shapes and pieces. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

#include "../../templates/copy.h"
#include "../../templates/elementwise.h"
#include "../../templates/layout.h"
#include "../../templates/move.h"
#include "../../templates/reduce.h"
#include "../../templates/region.h"
#include "../../templates/scalars.h"
#include "../../templates/softmax.h"

/* Hashes a blocked tensor in an order that does not depend on W. */
static void hash_view(const float *array, struct view view, int64_t batch, int64_t channels, int64_t rows,
                      int64_t columns)
{
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t row = 0; row < rows; row++)
                for (int64_t column = 0; column < columns; column++)
                    hash_floats(array + view_at(view, n, c, row, column), 1);
}

static int64_t blocks_of(int64_t channels)
{
    return (channels + 15) / 16;
}

/* ---- element-wise, blocked ---- */

/* A storage with a random border and what lies before the piece in it. */
struct blocked {
    struct view view;
    int64_t size, n, row, column, first;
    float *data;
};

static struct blocked random_blocked(int64_t batch, int64_t channels, int64_t rows, int64_t columns)
{
    const int64_t top = random_between(0, 2), left = random_between(0, 2);
    const int64_t all_rows = rows + top + random_between(0, 1), all_columns = columns + left + random_between(0, 2);
    struct blocked b = {.view = BLOCKED(blocks_of(channels), all_rows, all_columns), .row = top, .column = left};
    b.size = batch * b.view.batch;
    b.first = view_at(b.view, 0, 0, top, left);
    b.data = floats(b.size, 0);
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t row = 0; row < all_rows; row++)
                for (int64_t column = 0; column < all_columns; column++)
                    b.data[view_at(b.view, n, c, row, column)] = random_float() * 4;
    return b;
}

static float at_blocked(const struct blocked *b, int along, int64_t n, int64_t c, int64_t row, int64_t column)
{
    return b->data[b->first + view_at(b->view, along & ALONG_N ? n : 0, along & ALONG_C ? c : 0,
                                      along & ALONG_ROWS ? row : 0, along & ALONG_COLUMNS ? column : 0)];
}

static float relu6(float x)
{
    return x < 0 ? 0 : x > 6 ? 6 : x;
}

static void test_blocked(void)
{
    for (int trial = 0; trial < 200; trial++) {
        const int64_t batch = random_between(1, 2), channels = random_between(1, 50), rows = random_between(1, 5);
        const int64_t columns = random_between(1, 9);
        const int along_a = trial % 3 ? ALONG_ALL : (int)random_between(0, 15), along_b = (int)random_between(0, 15);
        struct blocked a = random_blocked(batch, channels, rows, columns);
        struct blocked b = random_blocked(batch, channels, rows, columns);
        struct blocked r = random_blocked(batch, channels, rows, columns);
        struct blocked y = random_blocked(batch, channels, rows, columns), before = y;
        before.data = floats(y.size, 0);
        memcpy(before.data, y.data, (size_t)y.size * sizeof(float));
        const int number = trial % 5 == 0;
        const struct elementwise_blocked s = {.batch = batch,
                                              .cut = channels % 16 != 0,
                                              .rows = rows,
                                              .columns = columns,
                                              .y = y.view,
                                              .a = {.view = a.view, .along = along_a, .is_read = 1},
                                              .b = {.view = b.view, .along = along_b, .is_read = !number, .value = 0.25f},
                                              .adds_residual = trial % 2,
                                              .residual = r.view,
                                              .activation = trial % 4 ? ACTIVATION_CLIP : ACTIVATION_NONE,
                                              .beta = 6};
        elementwise_blocked(&s, function_sub, channels, y.data + y.first, a.data + a.first, number ? NULL : b.data + b.first,
                            NULL, r.data + r.first);
        for (int64_t n = 0; n < batch; n++)
            for (int64_t c = 0; c < blocks_of(channels) * 16; c++)
                for (int64_t row = 0; row < rows; row++)
                    for (int64_t column = 0; column < columns; column++) {
                        const int64_t at = y.first + view_at(y.view, n, c, row, column);
                        float expected = 0;
                        if (c < channels) {
                            const float right = number ? 0.25f : at_blocked(&b, along_b, n, c, row, column);
                            expected = at_blocked(&a, along_a, n, c, row, column) - right;
                            expected += s.adds_residual ? at_blocked(&r, ALONG_ALL, n, c, row, column) : 0;
                            expected = s.activation ? relu6(expected) : expected;
                        }
                        CHECK(y.data[at] == expected, "%g, expected %g", (double)y.data[at], (double)expected);
                        before.data[at] = y.data[at];
                    }
        CHECK(!memcmp(before.data, y.data, (size_t)y.size * sizeof(float)), "writes outside of the piece");
        hash_view(y.data + y.first, y.view, batch, channels, rows, columns);
        free(a.data);
        free(b.data);
        free(r.data);
        free(y.data);
        free(before.data);
    }
}

/* ---- element-wise, plain ---- */

static int64_t random_strides(int rank, const int64_t *count, int64_t *stride, int broadcast)
{
    int64_t size = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        const int still = broadcast && random_between(0, 2) == 0;
        stride[axis] = still ? 0 : size;
        size *= still ? 1 : count[axis] + random_between(0, 2);
    }
    return size;
}

static void test_plain(void)
{
    for (int trial = 0; trial < 300; trial++) {
        struct elementwise_plain s = {.rank = (int)random_between(1, 5), .b = {.value = 3}, .alpha = 0.5f};
        int64_t elements = 1, index[8] = {0};
        for (int axis = 0; axis < s.rank; axis++)
            elements *= s.count[axis] = random_between(1, axis == s.rank - 1 ? 40 : 4);
        const int64_t y_size = random_strides(s.rank, s.count, s.y, 0);
        float *a = random_floats(random_strides(s.rank, s.count, s.a.stride, 1));
        float *b = random_floats(random_strides(s.rank, s.count, s.b.stride, 1));
        float *r = random_floats(random_strides(s.rank, s.count, s.residual.stride, 0));
        float *y = floats(y_size, 7);
        const int number = trial % 4 == 0, adds = trial % 3 == 0;
        s.activation = trial % 2 ? ACTIVATION_LEAKY_RELU : ACTIVATION_NONE;
        elementwise_plain(&s, function_mul, y, a, number ? NULL : b, NULL, adds ? r : NULL);
        do {
            const float left = a[walk_at(s.rank, s.a.stride, index)];
            float expected = left * (number ? 3 : b[walk_at(s.rank, s.b.stride, index)]);
            expected += adds ? r[walk_at(s.rank, s.residual.stride, index)] : 0;
            expected = s.activation && expected < 0 ? expected * 0.5f : expected;
            float *got = &y[walk_at(s.rank, s.y, index)];
            CHECK(*got == expected, "%g, expected %g", (double)*got, (double)expected);
            hash_floats(got, 1);
            *got = 7;
        } while (walk_next(s.rank, s.count, index));
        for (int64_t i = 0; i < y_size; i++)
            CHECK(y[i] == 7, "writes outside of the piece at %d of %d", (int)i, (int)elements);
        free(a);
        free(b);
        free(r);
        free(y);
    }
}

static void test_scalars(void)
{
    const int64_t a[6] = {7, -7, INT64_MIN, INT64_MAX, 0, 3}, b[3] = {2, -1, 0};
    int64_t y[18];
    uint8_t truth[18];
    struct elementwise_scalar s = {.rank = 2,
                                   .count = {6, 3},
                                   .y = {.type = ELEMENT_INT64, .stride = {3, 1}},
                                   .a = {.type = ELEMENT_INT64, .stride = {1, 0}},
                                   .b = {.type = ELEMENT_INT64, .stride = {0, 1}}};
    elementwise_scalar(&s, NULL, integer_div, y, a, b, NULL);
    const int64_t quotient[18] = {3,         -7,        0, -3, 7, 0, INT64_MIN / 2, INT64_MIN, 0, INT64_MAX / 2,
                                  -INT64_MAX, 0, 0, 0, 0, 1, -3, 0};
    CHECK(!memcmp(y, quotient, sizeof y), "int64 division");
    s.y.type = ELEMENT_BOOL;
    elementwise_scalar(&s, NULL, integer_unsigned_less, truth, a, b, NULL);
    for (int i = 0; i < 18; i++)
        CHECK(truth[i] == ((uint64_t)a[i / 3] < (uint64_t)b[i % 3]), "uint64 less %d", i);
    const float x[6] = {1.5f, -1.5f, NAN, 1e30f, -1e30f, 300};
    const struct elementwise_scalar cast = {
        .rank = 1, .count = {6}, .y = {.type = ELEMENT_INT64, .stride = {1}}, .a = {.type = ELEMENT_FLOAT32, .stride = {1}}};
    elementwise_scalar(&cast, real_identity, NULL, y, x, NULL, NULL);
    const int64_t whole[6] = {1, -1, 0, INT64_MAX, INT64_MIN, 300};
    CHECK(!memcmp(y, whole, sizeof whole), "float32 to int64");
    const struct elementwise_scalar narrow = {
        .rank = 1, .count = {6}, .y = {.type = ELEMENT_UINT8, .stride = {1}}, .a = {.type = ELEMENT_FLOAT32, .stride = {1}}};
    elementwise_scalar(&narrow, real_identity, NULL, truth, x, NULL, NULL);
    CHECK(truth[0] == 1 && truth[1] == 255 && truth[5] == 44, "float32 to uint8 wraps around");
    const struct elementwise_scalar where = {.rank = 1,
                                             .count = {3},
                                             .y = {.type = ELEMENT_FLOAT32, .stride = {1}},
                                             .a = {.type = ELEMENT_BOOL, .stride = {1}},
                                             .b = {.type = ELEMENT_FLOAT32, .stride = {1}},
                                             .c = {.type = ELEMENT_FLOAT32, .stride = {0}}};
    const uint8_t condition[3] = {1, 0, 1};
    float chosen[3];
    elementwise_scalar(&where, real_where, NULL, chosen, condition, x, &x[3]);
    CHECK(chosen[0] == 1.5f && chosen[1] == 1e30f && isnan(chosen[2]), "where");
}

/* ---- along axes ---- */

static void test_softmax(void)
{
    for (int trial = 0; trial < 200; trial++) {
        struct softmax s = {.rank = (int)random_between(0, 3), .length = random_between(1, 70), .logarithm = trial % 2};
        s.begin = trial % 3 ? 0 : random_between(0, s.length - 1);
        s.end = trial % 3 ? s.length : random_between(s.begin + 1, s.length);
        int64_t index[8] = {0};
        s.x_step = trial % 4 ? 1 : random_between(2, 9);
        s.y_step = trial % 5 ? 1 : 3;
        for (int axis = 0; axis < s.rank; axis++)
            s.count[axis] = random_between(1, 4);
        const int64_t x_line = s.length * s.x_step, y_line = (s.end - s.begin) * s.y_step;
        int64_t lines = random_strides(s.rank, s.count, s.x_stride, 0);
        float *x = random_floats(lines * x_line);
        for (int axis = 0; axis < s.rank; axis++)
            s.x_stride[axis] *= x_line;
        lines = random_strides(s.rank, s.count, s.y_stride, 0);
        float *y = floats(lines * y_line, 0);
        for (int axis = 0; axis < s.rank; axis++)
            s.y_stride[axis] *= y_line;
        for (int64_t i = 0; i < x_line; i++)
            x[i] *= 100;
        softmax(&s, y, x);
        do {
            const float *from = x + walk_at(s.rank, s.x_stride, index), *to = y + walk_at(s.rank, s.y_stride, index);
            double greatest = -INFINITY, sum = 0;
            for (int64_t i = 0; i < s.length; i++)
                greatest = (double)from[i * s.x_step] > greatest ? (double)from[i * s.x_step] : greatest;
            for (int64_t i = 0; i < s.length; i++)
                sum += exp((double)from[i * s.x_step] - greatest);
            for (int64_t i = s.begin; i < s.end; i++) {
                const double shifted = (double)from[i * s.x_step] - greatest;
                const double expected = s.logarithm ? shifted - log(sum) : exp(shifted) / sum;
                const float *got = &to[(i - s.begin) * s.y_step];
                CHECK(fabs((double)*got - expected) <= 1e-6 * fmax(1, fabs(expected)), "%g, expected %g", (double)*got,
                      expected);
                hash_floats(got, 1);
            }
        } while (walk_next(s.rank, s.count, index));
        free(x);
        free(y);
    }
}

static void check_reduced(const struct reduce *s, const float *y, const float *x, double expected_start, int square)
{
    int64_t index[8] = {0};
    do {
        const float *from = x + walk_at(s->rank, s->x_stride, index), *got = y + walk_at(s->rank, s->y_stride, index);
        int64_t walked[8] = {0};
        double sum = expected_start, size = 0;
        do
            for (int64_t i = 0; i < s->length; i++) {
                const double value = (double)from[walk_at(s->walked, s->walked_stride, walked) + i * s->step];
                sum += square ? value * value : s->shifts ? exp(value) : value;
                size += fabs(value);
            }
        while (walk_next(s->walked, s->walked_count, walked));
        const double expected = square ? sqrt(sum) : s->shifts ? log(sum) : sum / (double)s->divisor;
        CHECK(fabs((double)*got - expected) <= 1e-6 * (1 + size), "%g, expected %g", (double)*got, expected);
        hash_floats(got, 1);
    } while (walk_next(s->rank, s->count, index));
}

static void test_reduce(void)
{
    for (int trial = 0; trial < 200; trial++) {
        struct reduce s = {.rank = (int)random_between(0, 3), .walked = (int)random_between(0, 2)};
        int64_t size = 1, y_size = 1;
        s.length = random_between(1, 50);
        s.step = trial % 2 ? 1 : 3;
        size *= s.length * s.step;
        for (int axis = 0; axis < s.walked; axis++, size *= s.walked_count[axis - 1]) {
            s.walked_count[axis] = random_between(1, 4);
            s.walked_stride[axis] = size;
        }
        for (int axis = 0; axis < s.rank; axis++, size *= s.count[axis - 1], y_size *= s.count[axis - 1]) {
            s.count[axis] = random_between(1, 4);
            s.x_stride[axis] = size;
            s.y_stride[axis] = y_size;
        }
        s.divisor = (float)random_between(1, 5);
        float *x = random_floats(size), *y = floats(y_size, 0);
        reduce(&s, function_identity, function_add, function_div, y, x);
        check_reduced(&s, y, x, 0, 0);
        reduce(&s, function_square, function_add, function_sqrt, y, x);
        check_reduced(&s, y, x, 0, 1);
        s.shifts = 1;
        reduce(&s, function_exp, function_add, function_log, y, x);
        check_reduced(&s, y, x, 0, 0);
        free(x);
        free(y);
    }
    const float x[LANES] = {-3, -1, -2};
    const struct reduce line = {.length = 3, .step = 1, .start = -INFINITY};
    float y;
    reduce(&line, function_identity, function_max, function_identity, &y, x);
    CHECK(y == -1, "%g", (double)y);
    const struct reduce product = {.length = 3, .step = 1, .start = 1};
    reduce(&product, function_identity, function_mul, function_identity, &y, x);
    CHECK(y == -6, "%g", (double)y);
}

/* ---- movement ---- */

static void test_layout(void)
{
    for (int trial = 0; trial < 200; trial++) {
        const int64_t batch = random_between(1, 2), channels = random_between(1, 50), rows = random_between(1, 5);
        const int64_t columns = random_between(1, 9), all_channels = channels + random_between(0, 3);
        const struct view plain = PLAIN(all_channels, rows + 1, columns + 2);
        struct blocked b = random_blocked(batch, channels, rows, columns);
        float *x = random_floats(batch * plain.batch), *y = floats(batch * plain.batch, 7);
        const struct layout in = {
            .x = plain, .y = b.view, .batch = batch, .channels = channels, .rows = rows, .columns = columns};
        struct layout out = in;
        out.x = in.y;
        out.y = in.x;
        for (int64_t i = 0; i < b.size; i++)
            b.data[i] = 7;
        layout_to_blocked(&in, b.data + b.first, x);
        layout_to_plain(&out, y, b.data + b.first);
        int64_t sevens = 0, sums = 0;
        for (int64_t n = 0; n < batch; n++)
            for (int64_t c = 0; c < blocks_of(channels) * 16; c++)
                for (int64_t row = 0; row < rows; row++)
                    for (int64_t column = 0; column < columns; column++) {
                        const float got = b.data[b.first + view_at(b.view, n, c, row, column)];
                        const int64_t at = view_at(plain, n, c, row, column);
                        CHECK(got == (c < channels ? x[at] : 0), "%g", (double)got);
                        CHECK(c >= channels || y[at] == x[at], "back");
                        sums++;
                    }
        for (int64_t i = 0; i < b.size; i++)
            sevens += b.data[i] == 7;
        CHECK(sevens == b.size - sums, "writes outside of the box");
        sevens = 0;
        for (int64_t i = 0; i < batch * plain.batch; i++)
            sevens += y[i] == 7;
        CHECK(sevens == batch * (plain.batch - channels * rows * columns), "writes outside of the box");
        free(b.data);
        free(x);
        free(y);
    }
}

static void test_move(void)
{
    for (int trial = 0; trial < 400; trial++) {
        const int64_t dim_x[4] = {random_between(1, 2), random_between(1, 50), random_between(1, 6), random_between(1, 9)};
        struct move_blocked s = {.x = BLOCKED(blocks_of(dim_x[1]), dim_x[2], dim_x[3])};
        int64_t dim_y[4], k[4] = {0};
        const int fill = trial % 5 == 0, aligned = trial % 2;
        for (int axis = 0; axis < 4; axis++) {
            s.x_step[axis] = axis == 1 && aligned ? 1 : random_between(-1, 2);
            s.x_start[axis] = random_between(0, dim_x[axis] - 1);
            if (axis == 1 && aligned)
                s.x_start[axis] = s.x_start[axis] / 16 * 16;
            const int64_t x_step = s.x_step[axis], room = x_step > 0   ? (dim_x[axis] - 1 - s.x_start[axis]) / x_step + 1
                                                          : x_step < 0 ? s.x_start[axis] + 1
                                                                       : 3;
            s.count[axis] = random_between(1, room);
            if (axis == 1 && aligned && trial % 4 == 1)
                s.count[axis] = room;
            s.y_step[axis] = axis == 1 && aligned ? 1 : random_between(1, 2);
            s.y_start[axis] = axis == 1 && aligned ? 16 * random_between(0, 1) : random_between(0, 2);
            dim_y[axis] = s.y_start[axis] + s.y_step[axis] * (s.count[axis] - 1) + 1;
        }
        s.whole_blocks = aligned && !fill && s.x_start[1] + s.count[1] == dim_x[1];
        const struct view view_y = BLOCKED(blocks_of(dim_y[1]), dim_y[2], dim_y[3]), view_x = s.x;
        s.y = view_y;
        if (fill)
            s.x = (struct view){0};
        float *x = floats(dim_x[0] * view_x.batch, 0), *y = floats(dim_y[0] * s.y.batch, 7);
        int64_t at_x[4] = {0};
        do
            x[view_at(view_x, at_x[0], at_x[1], at_x[2], at_x[3])] = random_float();
        while (walk_next(4, dim_x, at_x));
        move_blocked(&s, y, x);
        do {
            int64_t from[4], to[4];
            for (int axis = 0; axis < 4; axis++) {
                from[axis] = s.x_start[axis] + s.x_step[axis] * k[axis];
                to[axis] = s.y_start[axis] + s.y_step[axis] * k[axis];
            }
            float *got = &y[view_at(s.y, to[0], to[1], to[2], to[3])];
            const float expected = fill ? x[0] : x[view_at(view_x, from[0], from[1], from[2], from[3])];
            CHECK(*got == expected, "%g, expected %g", (double)*got, (double)expected);
            hash_floats(got, 1);
            *got = 7;
        } while (walk_next(4, s.count, k));
        int64_t others = 0, zeros = 0;
        for (int64_t i = 0; i < dim_y[0] * s.y.batch; i++) {
            others += y[i] != 7;
            zeros += y[i] == 0;
        }
        const int64_t lanes = blocks_of(dim_y[1]) * 16 - dim_y[1];
        CHECK(others == zeros && zeros == (s.whole_blocks ? s.count[0] * lanes * s.count[2] * s.count[3] : 0),
              "%d elements outside of the piece changed", (int)others);
        free(x);
        free(y);
    }
}

static void test_copy(void)
{
    static const int64_t shape[][4] = {{1, 1, 1, 60}, {1, 1, 12, 5}, {3, 4, 5, 1}, {2, 2, 3, 5}, {1, 5, 1, 12}, {30, 1, 1, 2}};
    float reference[60];
    for (int i = 0; i < 60; i++)
        reference[i] = random_float();
    for (int trial = 0; trial < 500; trial++) {
        const int64_t *dim = shape[random_between(0, 5)], *x_dim = shape[random_between(0, 5)];
        struct copy_reshaped s = {.rank = 4, .x_rank = 4, .size = 4};
        int64_t x_count[4], y_count[4], count[4], k[4] = {0}, x_size = 1, y_size = 1;
        for (int axis = 3; axis >= 0; axis--) {
            s.dim[axis] = dim[axis];
            s.x_dim[axis] = x_dim[axis];
            s.begin[axis] = random_between(0, dim[axis] - 1);
            s.end[axis] = random_between(s.begin[axis] + 1, dim[axis]);
            count[axis] = s.end[axis] - s.begin[axis];
            s.x_begin[axis] = -random_between(0, 1);
            x_count[axis] = x_dim[axis] - s.x_begin[axis] + random_between(0, 1);
            y_count[axis] = count[axis] + random_between(0, 2);
            s.x_stride[axis] = x_size;
            s.stride[axis] = y_size;
            x_size *= x_count[axis];
            y_size *= y_count[axis];
        }
        float *x = floats(x_size, 0), *y = floats(y_size, 7);
        int64_t at[4] = {0}, i = 0, first = 0;
        for (int axis = 0; axis < 4; axis++)
            first -= s.x_begin[axis] * s.x_stride[axis];
        do
            x[first + walk_at(4, s.x_stride, at)] = reference[i++];
        while (walk_next(4, x_dim, at));
        copy_reshaped(&s, y, x);
        do {
            int64_t index = 0;
            for (int axis = 0; axis < 4; axis++)
                index = index * dim[axis] + s.begin[axis] + k[axis];
            float *got = &y[walk_at(4, s.stride, k)];
            CHECK(*got == reference[index], "element %d", (int)index);
            *got = 7;
        } while (walk_next(4, count, k));
        for (i = 0; i < y_size; i++)
            CHECK(y[i] == 7, "writes outside of the box");
        free(x);
        free(y);
    }
}

int main(void)
{
    test_blocked();
    test_plain();
    test_scalars();
    test_softmax();
    test_reduce();
    test_layout();
    test_move();
    test_copy();
    return finish("element templates");
}
