/* test_region_template.c -- templates/region.h against element loops. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

#include "../../templates/region.h"

static void test_boxes(size_t size)
{
    for (int trial = 0; trial < 300; trial++) {
        const int rank = (int)random_between(0, 5);
        int64_t dim[8], count[8], begin[8], stride[8], elements = 1, wired = 1, first = 0;
        for (int axis = rank - 1; axis >= 0; axis--) {
            dim[axis] = random_between(1, 6);
            begin[axis] = random_between(0, dim[axis] - 1);
            count[axis] = random_between(0, dim[axis] - begin[axis]);
            if (random_between(0, 2) == 0)
                begin[axis] = 0, count[axis] = dim[axis];
            stride[axis] = elements;
            first += begin[axis] * elements;
            elements *= dim[axis];
            wired *= count[axis];
        }
        unsigned char *storage = malloc((size_t)elements * size), *copy = malloc((size_t)elements * size);
        unsigned char *wire = malloc((size_t)wired * size + 1);
        for (int64_t i = 0; i < elements * (int64_t)size; i++)
            storage[i] = (unsigned char)random_bits();
        pack_plain(wire, storage + first * (int64_t)size, stride, count, rank, size);
        memset(copy, 0, (size_t)elements * size);
        unpack_plain(copy + first * (int64_t)size, stride, wire, count, rank, size);
        int64_t seen = 0;
        for (int64_t i = 0; i < elements; i++) {
            int inside = 1;
            for (int axis = 0; axis < rank; axis++) {
                const int64_t at = i / stride[axis] % dim[axis] - begin[axis];
                inside = inside && at >= 0 && at < count[axis];
            }
            const unsigned char *from = storage + i * (int64_t)size, zero[8] = {0};
            CHECK(memcmp(copy + i * (int64_t)size, inside ? from : zero, size) == 0, "element %d", (int)i);
            if (inside)
                CHECK(memcmp(wire + seen++ * (int64_t)size, from, size) == 0, "wire %d", (int)i);
        }
        CHECK(seen == wired, "%d of %d", (int)seen, (int)wired);
        free(storage);
        free(copy);
        free(wire);
    }
}

static void test_view(int blocked)
{
    for (int trial = 0; trial < 200; trial++) {
        const int64_t batch = random_between(1, 2), channels = random_between(1, 50);
        const int64_t rows = random_between(1, 9), columns = random_between(1, 12), blocks = (channels + 15) / 16;
        const struct view plain = PLAIN(channels, rows, columns), packed = BLOCKED(blocks, rows, columns);
        const struct view view = blocked ? packed : plain;
        const int64_t size = batch * view.batch;
        float *storage = random_floats(size), *copy = floats(size, 7);
        struct box box = {.n_end = batch, .c_end = channels, .row_end = rows, .column_end = columns};
        if (trial % 2) {
            box.c_begin = random_between(0, channels - 1);
            box.c_end = random_between(box.c_begin, channels);
            box.row_begin = random_between(0, rows);
            box.row_end = random_between(box.row_begin, rows);
            box.column_begin = random_between(0, columns);
            box.column_end = random_between(box.column_begin, columns);
        }
        const int64_t wired = (box.n_end - box.n_begin) * (box.c_end - box.c_begin) *
                              (box.row_end - box.row_begin) * (box.column_end - box.column_begin);
        float *wire = floats(wired, 0);
        pack_region(wire, storage, view, box);
        unpack_region(copy, view, wire, box);
        clear_lanes(storage, view, box);
        int64_t seen = 0, outside = 0;
        for (int64_t n = 0; n < batch; n++)
            for (int64_t c = 0; c < (blocked ? blocks * 16 : channels); c++)
                for (int64_t row = 0; row < rows; row++)
                    for (int64_t column = 0; column < columns; column++) {
                        const int64_t at = view_at(view, n, c, row, column);
                        const int cell = row >= box.row_begin && row < box.row_end &&
                                         column >= box.column_begin && column < box.column_end;
                        if (cell && c >= box.c_begin && c < box.c_end) {
                            CHECK(wire[seen++] == storage[at] && copy[at] == storage[at], "wrong element");
                            outside += copy[at] == 7;
                        } else {
                            outside += copy[at] == 7;
                        }
                        if (blocked && cell && c >= box.c_end && c < (box.c_end + 15) / 16 * 16)
                            CHECK(storage[at] == 0, "lane not cleared");
                    }
        CHECK(seen == wired && outside == size - wired, "%d of %d", (int)seen, (int)wired);
        clear_border(storage, view, batch, box);
        for (int64_t n = 0; n < batch; n++)
            for (int64_t c = 0; c < (blocked ? blocks * 16 : channels); c++)
                for (int64_t row = 0; row < rows; row++)
                    for (int64_t column = 0; column < columns; column++) {
                        const int cell = row >= box.row_begin && row < box.row_end &&
                                         column >= box.column_begin && column < box.column_end;
                        const int lane = c >= box.c_end && c < (box.c_end + 15) / 16 * 16 && blocked;
                        CHECK((storage[view_at(view, n, c, row, column)] != 0) == (cell && !lane), "border");
                    }
        free(storage);
        free(copy);
        free(wire);
    }
}

int main(void)
{
    test_boxes(1);
    test_boxes(2);
    test_boxes(4);
    test_boxes(8);
    test_view(0);
    test_view(1);
    return finish("region");
}
