/* judge.c -- a generated program's outputs against a data set of ONNX's backend suite, by the suite's own rule. */
/* SPDX-License-Identifier: MIT */
#include "../laws/interpret.h"
#include "npy.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: judge outputs DATA_SET OUTPUTS      all DATA_SET/output_I.pb against OUTPUTS/output_I.npy\n"
                            "       judge near DATA_SET OUTPUTS         the same, floats within 1e-5 of the largest expected one (of 16 bits: 1e-2, of 64: 1e-12)\n";

enum { STATUS_DIFFERENT = 1, STATUS_UNREADABLE = 3 };

struct words {
    struct arena *arena;
    char **word;
    const char *difference;
};

static struct mednn_array read_array(const char *path)
{
    struct mednn_array array;
    char error[512];
    if (mednn_array_read(&array, path, error, sizeof error))
        fail("%s", error);
    return array;
}

/* Of 1 at least. */
static double largest_of(const struct tensor *tensor)
{
    double largest = 1;
    const int64_t size = shape_size(tensor->shape);
    for (int64_t i = 0; i < size; i++)
        if (isfinite(tensor_double(tensor, i)))
            largest = fmax(largest, fabs(tensor_double(tensor, i)));
    return largest;
}

static const char *compare_files(struct arena *arena, const char *expected_path, const char *actual_path, bool near)
{
    struct mednn_array expected = read_array(expected_path), actual = read_array(actual_path);
    struct tensor want = {.type = (enum type)expected.type, .data = expected.data},
                  got = {.type = (enum type)actual.type, .data = actual.data};
    want.shape = shape_of(expected.rank, expected.dim);
    got.shape = shape_of(actual.rank, actual.dim);
    bool exact = !type_is_float(got.type);
    /* The suite holds bfloat16 as uint16 and compares the bits as numbers. */
    if (got.type == TYPE_BFLOAT16 && want.type == TYPE_UINT16)
        got.type = TYPE_UINT16;
    const double part = want.type == TYPE_DOUBLE ? 1e-12 : want.type == TYPE_FLOAT ? 1e-5 : 1e-2;
    const double relative = exact ? 0 : near ? part : 1e-3, absolute = exact ? 0 : near ? part * largest_of(&want) : 1e-7;
    const char *difference = compare(arena, &got, got.data, &want, relative, absolute);
    mednn_array_free(&expected);
    mednn_array_free(&actual);
    return difference;
}

static void run(void *data)
{
    struct words *words = data;
    for (int i = 0; !words->difference; i++) {
        const char *expected = arena_printf(words->arena, "%s/output_%d.pb", words->word[2], i);
        if (access(expected, F_OK)) {
            if (!i)
                fail("no %s", expected);
            return;
        }
        words->difference = compare_files(words->arena, expected,
                                          arena_printf(words->arena, "%s/output_%d.npy", words->word[3], i),
                                          !strcmp(words->word[1], "near"));
        if (words->difference)
            printf("output %d: %s\n", i, words->difference);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "outputs") && strcmp(argv[1], "near"))) {
        fputs(usage, stderr);
        return STATUS_UNREADABLE;
    }
    struct arena arena = {0};
    struct words words = {.arena = &arena, .word = argv};
    int status = fail_catch(run, &words) ? STATUS_UNREADABLE : words.difference ? STATUS_DIFFERENT : 0;
    arena_free(&arena);
    return status;
}
