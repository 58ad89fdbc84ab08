/* compare.c -- compares arrays in files (.npy, ONNX TensorProto): outputs with references, scores with labels. */
/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: compare close EXPECTED ACTUAL [TOLERANCE]  within 1e-4 of the largest expected magnitude\n"
                            "       compare same A B                     the same type, shape and bytes\n"
                            "       compare predictions SCORES SCORES    the same largest score in every row\n"
                            "       compare labels SCORES LABELS [SHIFT] prints the accuracy; class = label + SHIFT\n";

enum { STATUS_DIFFERENT = 1, STATUS_USAGE = 2 };
#define TOLERANCE 1e-4

static double element(const struct mednn_array *array, int64_t i)
{
    const unsigned char *at = array->data + (size_t)i * mednn_type_size(array->type);
    union {
        float f;
        double d;
        int8_t i8;
        uint16_t u16;
        int32_t i32;
        int64_t i64;
    } value = {0};
    memcpy(&value, at, mednn_type_size(array->type));
    switch (array->type) {
    case MEDNN_TYPE_FLOAT:
        return value.f;
    case MEDNN_TYPE_DOUBLE:
        return value.d;
    case MEDNN_TYPE_UINT8:
    case MEDNN_TYPE_BOOL:
        return *at;
    case MEDNN_TYPE_INT8:
        return value.i8;
    case MEDNN_TYPE_UINT16:
        return value.u16;
    case MEDNN_TYPE_INT32:
        return value.i32;
    default:
        return (double)value.i64;
    }
}

static int64_t array_size(const struct mednn_array *array)
{
    return (int64_t)(array->bytes / mednn_type_size(array->type));
}

static bool is_comparable(const struct mednn_array *array, const char *path)
{
    switch (array->type) {
    case MEDNN_TYPE_FLOAT:
    case MEDNN_TYPE_DOUBLE:
    case MEDNN_TYPE_UINT8:
    case MEDNN_TYPE_BOOL:
    case MEDNN_TYPE_INT8:
    case MEDNN_TYPE_UINT16:
    case MEDNN_TYPE_INT32:
    case MEDNN_TYPE_INT64:
        return true;
    default:
        fprintf(stderr, "compare: %s: cannot compare %s\n", path, mednn_type_name(array->type));
        return false;
    }
}

static bool same_shape(const struct mednn_array *a, const struct mednn_array *b)
{
    return a->type == b->type && a->rank == b->rank &&
           !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) && a->bytes == b->bytes;
}

static int compare_close(const struct mednn_array *expected, const struct mednn_array *actual, double tolerance)
{
    double largest = 0, worst = 0;
    int64_t worst_at = 0;
    for (int64_t i = 0; i < array_size(expected); i++) {
        double value = fabs(element(expected, i)), difference = fabs(element(expected, i) - element(actual, i));
        if (value > largest)
            largest = value;
        if (!(difference <= worst)) {
            worst = isnan(difference) ? INFINITY : difference;
            worst_at = i;
        }
    }
    double relative = largest > 0 ? worst / largest : worst;
    printf("max error %.3g of max magnitude %.6g\n", relative, largest);
    if (relative <= tolerance)
        return 0;
    fprintf(stderr, "compare: element %" PRId64 ": expected %.9g, got %.9g\n", worst_at, element(expected, worst_at),
            element(actual, worst_at));
    return STATUS_DIFFERENT;
}

static int compare_same(const struct mednn_array *a, const struct mednn_array *b)
{
    for (size_t i = 0; i < a->bytes; i++)
        if (a->data[i] != b->data[i]) {
            int64_t at = (int64_t)(i / mednn_type_size(a->type));
            fprintf(stderr, "compare: element %" PRId64 " differs: %.9g and %.9g\n", at, element(a, at), element(b, at));
            return STATUS_DIFFERENT;
        }
    return 0;
}

/* Index of the largest of a row's scores, the first of equals. */
static int64_t prediction(const struct mednn_array *scores, int64_t row, int64_t classes)
{
    int64_t best = 0;
    for (int64_t i = 1; i < classes; i++)
        if (element(scores, row * classes + i) > element(scores, row * classes + best))
            best = i;
    return best;
}

static int compare_predictions(const struct mednn_array *a, const struct mednn_array *b)
{
    if (a->rank < 1 || a->dim[0] < 1) {
        fputs("compare: no rows\n", stderr);
        return STATUS_DIFFERENT;
    }
    int64_t rows = a->dim[0], classes = array_size(a) / rows, different = 0;
    for (int64_t r = 0; r < rows; r++)
        different += prediction(a, r, classes) != prediction(b, r, classes);
    printf("%" PRId64 " of %" PRId64 " predictions differ\n", different, rows);
    return different ? STATUS_DIFFERENT : 0;
}

static int compare_labels(const struct mednn_array *scores, const struct mednn_array *labels, long shift)
{
    int64_t rows = array_size(labels), right = 0;
    if (rows < 1 || scores->rank < 1 || scores->dim[0] != rows) {
        fprintf(stderr, "compare: %" PRId64 " labels for %" PRId64 " rows of scores\n", rows,
                scores->rank ? scores->dim[0] : 0);
        return STATUS_DIFFERENT;
    }
    for (int64_t r = 0; r < rows; r++)
        right += (double)prediction(scores, r, array_size(scores) / rows) == element(labels, r) + (double)shift;
    printf("%.2f %% (%" PRId64 " of %" PRId64 ")\n", 100.0 * (double)right / (double)rows, right, rows);
    return 0;
}

static int compare(const char *what, const struct mednn_array *a, const struct mednn_array *b, const char *more)
{
    if (!strcmp(what, "labels"))
        return compare_labels(a, b, more ? strtol(more, NULL, 10) : 0);
    if (!same_shape(a, b)) {
        fprintf(stderr, "compare: types or shapes differ\n");
        return STATUS_DIFFERENT;
    }
    if (!strcmp(what, "close"))
        return compare_close(a, b, more ? atof(more) : TOLERANCE);
    return !strcmp(what, "same") ? compare_same(a, b) : compare_predictions(a, b);
}

static bool is_usage(int argc, char **argv)
{
    if (argc == 5)
        return !strcmp(argv[1], "labels") || !strcmp(argv[1], "close");
    return argc == 4 && (!strcmp(argv[1], "close") || !strcmp(argv[1], "same") || !strcmp(argv[1], "predictions") ||
                         !strcmp(argv[1], "labels"));
}

int main(int argc, char **argv)
{
    if (!is_usage(argc, argv)) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    struct mednn_array a = {0}, b = {0};
    char error[500] = "";
    int status = STATUS_USAGE;
    if (mednn_array_read(&a, argv[2], error, sizeof error) || mednn_array_read(&b, argv[3], error, sizeof error))
        fprintf(stderr, "compare: %s\n", error);
    else if (is_comparable(&a, argv[2]) && is_comparable(&b, argv[3]))
        status = compare(argv[1], &a, &b, argc == 5 ? argv[4] : NULL);
    if (status == STATUS_DIFFERENT)
        fprintf(stderr, "compare: %s differs from %s\n", argv[3], argv[2]);
    mednn_array_free(&a);
    mednn_array_free(&b);
    return status;
}
