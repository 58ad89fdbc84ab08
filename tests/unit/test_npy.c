/* test_npy.c -- tensors in files: what fits is read, whatever is hostile is refused with a line. */
/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char error[512];

/* The bytes in a block of their own size, so that a sanitizer sees every step outside. */
static int parse(struct mednn_array *array, const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    *error = 0;
    int status = mednn_array_parse(array, "file", copy, size, error, sizeof error);
    free(copy);
    return status;
}

static void refuse(const void *bytes, size_t size, const char *part)
{
    struct mednn_array array;
    int status = parse(&array, bytes, size);
    CU_ASSERT_EQUAL(status, -1);
    CU_ASSERT_PTR_NULL(array.data);
    if (!strstr(error, part) || strncmp(error, "file: ", 6) || strchr(error, '\n')) {
        printf("\n    found '%s', expected '%s'", error, part);
        CU_FAIL("wrong line");
    }
    if (!status)
        mednn_array_free(&array);
}

/* ---- .npy ---- */

static size_t make_npy(unsigned char *bytes, int version, const char *header, const void *data, size_t size)
{
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    bytes[7] = 0;
    for (size_t i = 8; i < start; i++)
        bytes[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(bytes + start, header, length);
    memcpy(bytes + start + length, data, size);
    return start + length + size;
}

static void refuse_header(const char *header, size_t size, const char *part)
{
    unsigned char bytes[2048], data[1024] = {0};
    refuse(bytes, make_npy(bytes, 1, header, data, size), part);
}

static void test_npy_versions(void)
{
    static const float values[] = {1, 2, 3, 4, 5, 6};
    for (int version = 1; version <= 3; version++) {
        unsigned char bytes[256];
        struct mednn_array array;
        size_t size =
            make_npy(bytes, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n",
                     values, sizeof values);
        CU_ASSERT_EQUAL_FATAL(parse(&array, bytes, size), 0);
        CU_ASSERT(array.type == MEDNN_TYPE_FLOAT && array.rank == 2 && array.dim[0] == 2 &&
                  array.dim[1] == 3);
        CU_ASSERT(array.bytes == sizeof values && !memcmp(array.data, values, sizeof values));
        mednn_array_free(&array);
    }
}

/* numpy.save of the transpose of a matrix: columns first. */
static void test_npy_fortran_order(void)
{
    static const uint16_t file[2][3][2] = {{{1, 13}, {5, 17}, {9, 21}}, {{3, 15}, {7, 19}, {11, 23}}};
    unsigned char bytes[256];
    struct mednn_array array;
    size_t size = make_npy(bytes, 1, "{'descr': '<u2', 'fortran_order': True, 'shape': (2, 3, 2), }", file,
                           sizeof file);
    CU_ASSERT_EQUAL_FATAL(parse(&array, bytes, size), 0);
    CU_ASSERT_EQUAL_FATAL(array.bytes, sizeof file);
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 2; c++) {
                uint16_t value;
                memcpy(&value, array.data + 2 * ((a * 3 + b) * 2 + c), sizeof value);
                CU_ASSERT_EQUAL(value, ((const uint16_t *)file)[a + 2 * b + 6 * c]);
            }
    mednn_array_free(&array);
    static const float one = 7;
    CU_ASSERT_EQUAL_FATAL(
        parse(&array, bytes,
              make_npy(bytes, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': ()}", &one, sizeof one)),
        0);
    CU_ASSERT(array.rank == 0 && !memcmp(array.data, &one, sizeof one));
    mednn_array_free(&array);
    CU_ASSERT_EQUAL_FATAL(
        parse(&array, bytes,
              make_npy(bytes, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0)}", &one, 0)),
        0);
    CU_ASSERT_EQUAL(array.bytes, 0);
    mednn_array_free(&array);
}

static void test_npy_types(void)
{
    static const struct {
        const char *descr;
        int type;
        size_t size;
    } row[] = {{"<f4", 1, 4},  {"|u1", 2, 1},  {"|i1", 3, 1}, {"<u2", 4, 2},  {"<i2", 5, 2},
               {"<i4", 6, 4},  {"<i8", 7, 8},  {"|b1", 9, 1}, {"<f2", 10, 2}, {"<f8", 11, 8},
               {"<u4", 12, 4}, {"<u8", 13, 8}, {"|V2", 16, 2}};
    unsigned char bytes[256], data[64] = {0};
    char header[128];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mednn_array array;
        snprintf(header, sizeof header, "{\"shape\": ( 5 , ), \"fortran_order\":False,\"descr\" : \"%s\"}",
                 row[i].descr);
        CU_ASSERT_EQUAL_FATAL(parse(&array, bytes, make_npy(bytes, 1, header, data, 5 * row[i].size)), 0);
        CU_ASSERT(array.type == row[i].type && array.rank == 1 && array.dim[0] == 5);
        CU_ASSERT(mednn_type_size(array.type) == row[i].size);
        mednn_array_free(&array);
        refuse(bytes, make_npy(bytes, 1, header, data, 5 * row[i].size - 1), "do not fit its shape");
        refuse(bytes, make_npy(bytes, 1, header, data, 5 * row[i].size + 1), "do not fit its shape");
    }
}

static void test_npy_bool_is_normal(void)
{
    unsigned char bytes[128];
    struct mednn_array array;
    size_t size = make_npy(bytes, 1, "{'descr':'|b1','fortran_order':False,'shape':(3,)}", "\0\2\377", 3);
    CU_ASSERT_EQUAL_FATAL(parse(&array, bytes, size), 0);
    CU_ASSERT(!memcmp(array.data, "\0\1\1", 3));
    mednn_array_free(&array);
}

static void test_npy_hostile_headers(void)
{
    refuse_header("", 4, "no dictionary");
    refuse_header("{", 4, "no dictionary");
    refuse_header("{}", 4, "lacks");
    refuse_header("{'descr': '<f4', 'fortran_order': False}", 4, "lacks");
    refuse_header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, "repeated");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", 4, "unknown");
    refuse_header("{'descr': '>f4', 'fortran_order': False, 'shape': ()}", 4, "'>f4'");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': ()}", 4, "'|O'");
    refuse_header("{'descr': '<f4\x1b[', 'fortran_order': False, 'shape': ()}", 4, "no plain numbers");
    refuse_header("{'descr': '<f4<f4<f4<f4<f4<f4', 'fortran_order': False, 'shape': ()}", 4,
                  "no plain numbers");
    refuse_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", 4, "no plain numbers");
    refuse_header("{'descr': '<f4', 'fortran_order': Perhaps, 'shape': ()}", 4, "fortran_order");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1", 4, "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", 4, "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,,1)}", 4, "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1)}", 4, "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4,
                  "its shape");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 0,
                  "do not fit");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0)}", 0,
                  "do not fit");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 16, "do not fit");
}

static void test_npy_truncated(void)
{
    unsigned char bytes[256];
    size_t size = make_npy(bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                           "abcdefghijklmnopqrstuvwx", 24);
    for (size_t cut = 0; cut < size; cut++)
        refuse(bytes, cut, "");
    bytes[6] = 4;
    refuse(bytes, size, "unknown version");
    size = make_npy(bytes, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", "", 0);
    bytes[11] = 0xff;
    refuse(bytes, size, "truncated");
}

static void test_npy_round_trip(void)
{
    static const int64_t values[] = {-1, 2, INT64_MAX, INT64_MIN};
    char name[64];
    int ranks[] = {0, 1, 2, 9};
    snprintf(name, sizeof name, "test_npy-%ld.npy", (long)getpid());
    for (size_t i = 0; i < 4; i++) {
        struct mednn_array array = {.type = MEDNN_TYPE_INT64, .rank = ranks[i]}, again;
        for (int axis = 0; axis < array.rank; axis++)
            array.dim[axis] = axis == array.rank - 1 ? 4 : 1;
        array.bytes = array.rank ? sizeof values : 8;
        array.data = (unsigned char *)values;
        CU_ASSERT_EQUAL_FATAL(mednn_array_write(&array, name, error, sizeof error), 0);
        CU_ASSERT_EQUAL_FATAL(mednn_array_read(&again, name, error, sizeof error), 0);
        CU_ASSERT(again.type == array.type && again.rank == array.rank && again.bytes == array.bytes);
        CU_ASSERT(!memcmp(again.dim, array.dim, sizeof array.dim) &&
                  !memcmp(again.data, values, array.bytes));
        mednn_array_free(&again);
    }
    remove(name);
    struct mednn_array array = {.type = MEDNN_TYPE_INT64, .bytes = 8, .data = (unsigned char *)values};
    CU_ASSERT_EQUAL(mednn_array_write(&array, "/nonexistent/x.npy", error, sizeof error), -1);
    CU_ASSERT_EQUAL(mednn_array_read(&array, "/", error, sizeof error), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "not a regular file"));
}

/* ---- TensorProto ---- */

#define REFUSE(bytes, part) refuse(bytes, sizeof bytes - 1, part)
#define ACCEPT(bytes, type, rank, data)                                                                      \
    accept_bytes(bytes, sizeof bytes - 1, type, rank, data, sizeof data - 1)

static void accept_bytes(const char *bytes, size_t size, int type, int rank, const char *data,
                         size_t data_size)
{
    struct mednn_array array;
    int status = parse(&array, bytes, size);
    CU_ASSERT_EQUAL(status, 0);
    if (status) {
        puts(error);
        return;
    }
    CU_ASSERT(array.type == type && array.rank == rank);
    CU_ASSERT(array.bytes == data_size && !memcmp(array.data, data, data_size));
    mednn_array_free(&array);
}

static void test_proto_fields(void)
{
    /* dims unpacked and packed; raw_data; a name and a doc_string are skipped */
    ACCEPT("\x08\x01\x08\x02\x10\x02\x4a\x02xy\x42\x03nam\x62\x01z", 2, 2, "xy");
    ACCEPT("\x0a\x02\x01\x02\x10\x02\x4a\x02xy", 2, 2, "xy");
    ACCEPT("\x10\x01\x4a\x04wxyz", 1, 0, "wxyz");
    /* float_data packed, unpacked, and in two portions */
    ACCEPT("\x08\x02\x10\x01\x22\x08"
           "abcdefgh",
           1, 1, "abcdefgh");
    ACCEPT("\x08\x02\x10\x01\x25"
           "abcd\x25"
           "efgh",
           1, 1, "abcdefgh");
    ACCEPT("\x08\x02\x10\x01\x22\x04"
           "abcd\x25"
           "efgh",
           1, 1, "abcdefgh");
    ACCEPT("\x08\x01\x10\x0b\x52\x08"
           "abcdefgh",
           11, 1, "abcdefgh");
    /* int32_data for narrow types; -1 takes ten bytes */
    ACCEPT("\x08\x02\x10\x06\x2a\x0b\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 6, 1,
           "\5\0\0\0\xff\xff\xff\xff");
    ACCEPT("\x08\x02\x10\x03\x28\x05\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 3, 1, "\5\xff");
    ACCEPT("\x08\x01\x10\x0a\x2a\x02\x80\x78", 10, 1, "\0\x3c");
    ACCEPT("\x08\x02\x10\x09\x2a\x02\x02\x00", 9, 1, "\1\0");
    /* int64_data, uint64_data */
    ACCEPT("\x08\x01\x10\x07\x3a\x02\x80\x02", 7, 1, "\0\1\0\0\0\0\0\0");
    ACCEPT("\x08\x01\x10\x0c\x5a\x01\x07", 12, 1, "\7\0\0\0");
    /* packed integers of 4 and 2 bits, in either field */
    ACCEPT("\x08\x03\x10\x16\x4a\x02\x79\x08", 22, 1, "\xf9\x07\xf8");
    ACCEPT("\x08\x03\x10\x15\x2a\x02\x79\x08", 21, 1, "\x09\x07\x08");
    ACCEPT("\x08\x05\x10\x1a\x4a\x02\xe4\x01", 26, 1, "\0\x01\xfe\xff\x01");
    ACCEPT("\x08\x05\x10\x19\x4a\x02\xe4\x01", 25, 1, "\0\x01\x02\x03\x01");
    /* empty */
    ACCEPT("\x08\x00\x10\x01", 1, 1, "");
    ACCEPT("\x08\x00\x10\x16", 22, 1, "");
}

static void test_proto_hostile(void)
{
    REFUSE("", "neither");
    REFUSE("\xff\xff\xff\xff", "neither");
    REFUSE("\x00\x00", "neither");
    REFUSE("\x0b", "neither");
    REFUSE("\x08\x02", "neither");                        /* no data_type */
    REFUSE("\x08\x02\x10\x08\x32\x01x", "not supported"); /* strings */
    REFUSE("\x08\x02\x10\x63", "not supported");
    REFUSE("\x10\xff\xff\xff\xff\x0f", "not supported");
    REFUSE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01", "negative");
    REFUSE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01", "neither"); /* endless varint */
    REFUSE("\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x10\x01",
           "dimensions");
    REFUSE("\x08\xff\xff\xff\xff\x0f\x08\xff\xff\xff\xff\x0f\x08\xff\xff\xff\xff\x0f\x10\x01", "too large");
    REFUSE("\x08\xff\xff\xff\xff\x0f\x10\x01", "fewer elements");
    REFUSE("\x08\x02\x10\x02\x4a\x7fxy", "neither"); /* a length beyond the file */
    REFUSE("\x08\x02\x10\x02\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xy", "neither");
    REFUSE("\x08\x02\x10\x02\x4a\x01x", "do not fit");
    REFUSE("\x08\x02\x10\x02\x4a\x03xyz", "do not fit");
    REFUSE("\x08\x03\x10\x16\x4a\x01x", "do not fit"); /* packed */
    REFUSE("\x08\x03\x10\x16\x4a\x03xyz", "do not fit");
    REFUSE("\x08\xff\x01\x10\x16\x4a\x01x", "fewer elements");
    REFUSE("\x08\x02\x10\x01\x22\x07"
           "abcdefg",
           "do not fit");
    REFUSE("\x08\x02\x10\x01\x22\x0c"
           "abcdefghijkl",
           "do not fit");
    REFUSE("\x08\x02\x10\x01\x22\x08"
           "abcdefgh\x4a\x08"
           "abcdefgh",
           "do not fit");                                     /* both kinds of data */
    REFUSE("\x08\x02\x10\x01\x3a\x02\x01\x01", "do not fit"); /* the wrong kind of data */
    REFUSE("\x08\x01\x10\x07\x3a\x01\x80", "do not fit");
    REFUSE("\x08\x01\x10\x02\x70\x01\x4a\x01x", "another file");
    REFUSE("\x08\x01\x10\x02\x1a\x02\x08\x01\x4a\x01x", "segmented");
    REFUSE("\x08\x01\x15xxxx", "neither");     /* data_type of the wrong wire type */
    REFUSE("\x09xxxxxxxx\x10\x01", "neither"); /* dims of the wrong wire type */
}

/* Whatever is done to a good file, the answer is an answer: sanitizers watch. */
static void test_mutations(void)
{
    static const char proto[] = "\x08\x01\x08\x02\x10\x01\x42\x03nam\x22\x08"
                                "abcdefgh";
    unsigned char good[2][256], bytes[256];
    size_t size[2];
    memcpy(good[0], proto, size[0] = sizeof proto - 1);
    size[1] = make_npy(good[1], 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                       "abcdefghijklmnopqrstuvwx", 24);
    uint32_t state = 12345;
    int accepted = 0;
    for (int i = 0; i < 200000; i++) {
        memcpy(bytes, good[i % 2], size[i % 2]);
        for (int change = 0; change <= i % 3; change++) {
            state = state * 1664525 + 1013904223;
            bytes[(state >> 8) % size[i % 2]] = (unsigned char)(state >> 24);
        }
        struct mednn_array array;
        if (!parse(&array, bytes, size[i % 2])) {
            accepted++;
            mednn_array_free(&array);
        }
    }
    CU_ASSERT(accepted > 1000 && accepted < 199000);
}

/* ---- fitting ---- */

#define MATCH(batch) mednn_array_match(&array, "file", &tensor, batch, &samples, error, sizeof error)

static void test_match_shapes(void)
{
    static const struct {
        int rank;
        int64_t dim[4];
        bool plain, batch;
    } row[] = {{3, {1, 2, 3}, true, true},     {2, {2, 3}, true, false},        {3, {5, 2, 3}, false, true},
               {4, {5, 1, 2, 3}, false, true}, {4, {0, 1, 2, 3}, false, false}, {3, {1, 3, 2}, false, false},
               {0, {0}, false, false},         {1, {6}, false, false}};
    struct mednn_tensor tensor = {"x", 1, 3, {1, 2, 3}, 24};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mednn_array array = {.type = 1, .rank = row[i].rank};
        memcpy(array.dim, row[i].dim, sizeof row[i].dim);
        int64_t samples = 0;
        CU_ASSERT_EQUAL(!MATCH(false), row[i].plain);
        CU_ASSERT_EQUAL(!MATCH(true), row[i].batch);
        if (row[i].batch)
            CU_ASSERT_EQUAL(samples, array.dim[0]);
    }
    struct mednn_array array = {.type = 11, .rank = 3, .dim = {1, 2, 3}};
    int64_t samples;
    CU_ASSERT(MATCH(false) && strstr(error, "file: its elements are float64 but input 'x' has float32"));
    struct mednn_tensor scalar = {"s", 1, 0, {0}, 4};
    tensor = scalar;
    array = (struct mednn_array){.type = 1};
    CU_ASSERT(!MATCH(false) && MATCH(true));
    array = (struct mednn_array){.type = 1, .rank = 1, .dim = {7}};
    CU_ASSERT(MATCH(false) && !MATCH(true) && samples == 7);
    struct mednn_tensor any = {"a", 16, MEDNN_ANY_SHAPE, {0}, 0};
    tensor = any;
    array.type = MEDNN_TYPE_BFLOAT16;
    CU_ASSERT(!MATCH(false) && !MATCH(true) && samples == 7);
    array.type = MEDNN_TYPE_UINT16;
    CU_ASSERT(!MATCH(false));
    array.type = MEDNN_TYPE_INT16;
    CU_ASSERT(MATCH(false));
}

/* Integers of less than 8 bits come as int8 or uint8 in their range. */
static void test_match_narrow(void)
{
    unsigned char bytes[3] = {0xf8, 7, 0};
    struct mednn_tensor tensor = {"q", MEDNN_TYPE_INT4, 1, {3}, 3};
    struct mednn_array array = {.type = MEDNN_TYPE_INT8, .rank = 1, .dim = {3}, .bytes = 3, .data = bytes};
    int64_t samples;
    CU_ASSERT(!MATCH(false));
    bytes[2] = 8;
    CU_ASSERT(MATCH(false) && strstr(error, "file: element 2 is 8, which is no int4 of input 'q'"));
    bytes[2] = 0xf7;
    CU_ASSERT(MATCH(false) && strstr(error, "element 2 is -9"));
    array.type = MEDNN_TYPE_UINT8;
    CU_ASSERT(MATCH(false) && strstr(error, "its elements are uint8 but input 'q' has int4"));
    tensor.type = MEDNN_TYPE_UINT2;
    CU_ASSERT(MATCH(false) && strstr(error, "element 0 is 248, which is no uint2"));
    bytes[0] = 3, bytes[1] = bytes[2] = 0;
    CU_ASSERT(!MATCH(false));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("npy", NULL, NULL);
    CU_ADD_TEST(suite, test_npy_versions);
    CU_ADD_TEST(suite, test_npy_types);
    CU_ADD_TEST(suite, test_npy_fortran_order);
    CU_ADD_TEST(suite, test_npy_bool_is_normal);
    CU_ADD_TEST(suite, test_npy_hostile_headers);
    CU_ADD_TEST(suite, test_npy_truncated);
    CU_ADD_TEST(suite, test_npy_round_trip);
    CU_ADD_TEST(suite, test_proto_fields);
    CU_ADD_TEST(suite, test_proto_hostile);
    CU_ADD_TEST(suite, test_mutations);
    CU_ADD_TEST(suite, test_match_shapes);
    CU_ADD_TEST(suite, test_match_narrow);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
