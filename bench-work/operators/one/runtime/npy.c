/* npy.c -- reading and writing .npy files, and whether an array fits a tensor. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_LIMIT = 65536, SHAPE_TEXT = 256 };

/* Types of ONNX and of NumPy, which knows bfloat16 only as two opaque bytes, and integers of less than 8 bits not at all:
 * what it says means the first row that has it. */
static const struct type_row {
    int type;
    unsigned size;
    const char *name, *descr;
} type_table[] = {{MEDNN_TYPE_FLOAT, 4, "float32", "<f4"},     {MEDNN_TYPE_UINT8, 1, "uint8", "|u1"},
                  {MEDNN_TYPE_INT8, 1, "int8", "|i1"},         {MEDNN_TYPE_UINT16, 2, "uint16", "<u2"},
                  {MEDNN_TYPE_INT16, 2, "int16", "<i2"},       {MEDNN_TYPE_INT32, 4, "int32", "<i4"},
                  {MEDNN_TYPE_INT64, 8, "int64", "<i8"},       {MEDNN_TYPE_BOOL, 1, "bool", "|b1"},
                  {MEDNN_TYPE_FLOAT16, 2, "float16", "<f2"},   {MEDNN_TYPE_DOUBLE, 8, "float64", "<f8"},
                  {MEDNN_TYPE_UINT32, 4, "uint32", "<u4"},     {MEDNN_TYPE_UINT64, 8, "uint64", "<u8"},
                  {MEDNN_TYPE_BFLOAT16, 2, "bfloat16", "|V2"}, {MEDNN_TYPE_BFLOAT16, 2, "bfloat16", "<V2"},
                  {MEDNN_TYPE_UINT4, 1, "uint4", "|u1"},       {MEDNN_TYPE_INT4, 1, "int4", "|i1"},
                  {MEDNN_TYPE_UINT2, 1, "uint2", "|u1"},       {MEDNN_TYPE_INT2, 1, "int2", "|i1"}};

static const struct type_row *find_type(int type)
{
    for (size_t i = 0; i < sizeof type_table / sizeof *type_table; i++)
        if (type_table[i].type == type)
            return &type_table[i];
    return NULL;
}

size_t mednn_type_size(int type)
{
    const struct type_row *row = find_type(type);
    return row ? row->size : 0;
}

const char *mednn_type_name(int type)
{
    const struct type_row *row = find_type(type);
    return row ? row->name : type == MEDNN_TYPE_STRING ? "string" : "an unknown type";
}

unsigned mednn_type_bits(int type)
{
    if (type == MEDNN_TYPE_UINT4 || type == MEDNN_TYPE_INT4)
        return 4;
    return type == MEDNN_TYPE_UINT2 || type == MEDNN_TYPE_INT2 ? 2 : 8 * (unsigned)mednn_type_size(type);
}

bool mednn_type_is_signed(int type)
{
    return type == MEDNN_TYPE_INT4 || type == MEDNN_TYPE_INT2;
}

void mednn_array_free(struct mednn_array *array)
{
    free(array->data);
    *array = (struct mednn_array){0};
}

/* ---- the header: a Python dictionary of three entries, in any order ---- */

struct cursor {
    const char *at, *end;
};

static bool skip(struct cursor *text, char c)
{
    while (text->at < text->end && strchr(" \t\n", *text->at) && *text->at)
        text->at++;
    if (text->at >= text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

/* A quoted string without escapes, copied; false when it is longer than the room. */
static bool read_string(struct cursor *text, char *string, size_t room)
{
    char quote = '\'';
    if (!skip(text, quote)) {
        quote = '"';
        if (!skip(text, quote))
            return false;
    }
    size_t length = 0;
    while (text->at < text->end && *text->at != quote && *text->at >= ' ' && *text->at != '\\') {
        if (length + 1 >= room)
            return false;
        string[length++] = *text->at++;
    }
    string[length] = 0;
    return skip(text, quote);
}

static bool read_number(struct cursor *text, int64_t *number)
{
    const char *start;
    (void)skip(text, '\n'); /* white space in front */
    for (start = text->at, *number = 0; text->at < text->end && *text->at >= '0' && *text->at <= '9';
         text->at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *text->at - '0', number))
            return false;
    return text->at > start;
}

static bool read_word(struct cursor *text, const char *word)
{
    size_t length = strlen(word);
    (void)skip(text, '\n');
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length))
        return false;
    text->at += length;
    return true;
}

static bool read_shape(struct cursor *text, struct mednn_array *array)
{
    if (!skip(text, '('))
        return false;
    for (array->rank = 0; !skip(text, ')'); array->rank++) {
        if (array->rank && !skip(text, ','))
            return false;
        if (array->rank && skip(text, ')'))
            return true;
        if (array->rank == MEDNN_ARRAY_RANK || !read_number(text, &array->dim[array->rank]))
            return false;
    }
    return true;
}

/* NULL, or what is wrong. */
static const char *read_entries(struct cursor *text, struct mednn_array *array, char *descr, size_t room,
                                bool *fortran)
{
    bool has_descr = false, has_order = false, has_shape = false;
    if (!skip(text, '{'))
        return "its header is no dictionary";
    while (!skip(text, '}')) {
        char key[32];
        if (!read_string(text, key, sizeof key) || !skip(text, ':'))
            return "its header is no dictionary";
        if (!strcmp(key, "descr") && !has_descr) {
            has_descr = true;
            if (!read_string(text, descr, room))
                return "its elements are no plain numbers";
        } else if (!strcmp(key, "fortran_order") && !has_order) {
            has_order = true;
            *fortran = read_word(text, "True");
            if (!*fortran && !read_word(text, "False"))
                return "its fortran_order is neither True nor False";
        } else if (!strcmp(key, "shape") && !has_shape) {
            has_shape = true;
            if (!read_shape(text, array))
                return "its shape is no list of at most 9 numbers";
        } else {
            return "its header has an unknown or repeated entry";
        }
        if (!skip(text, ',') && (text->at >= text->end || *text->at != '}'))
            return "its header is no dictionary";
    }
    return has_descr && has_order && has_shape ? NULL : "its header lacks descr, fortran_order or shape";
}

static bool count_bytes(const struct mednn_array *array, size_t *bytes)
{
    uint64_t product = mednn_type_size(array->type);
    /* An axis of 0 does not excuse the others from fitting. */
    bool empty = false;
    for (int i = 0; i < array->rank; i++) {
        if (array->dim[i] < 0)
            return false;
        empty |= !array->dim[i];
        if (array->dim[i] && __builtin_mul_overflow(product, (uint64_t)array->dim[i], &product))
            return false;
    }
    if (product > SIZE_MAX / 2)
        return false;
    *bytes = empty ? 0 : (size_t)product;
    return true;
}

static int fail_file(char *error, size_t error_size, const char *path, const char *what)
{
    snprintf(error, error_size, "%s: %s", path, what);
    return -1;
}

/* The first axis of `bytes` runs fastest, of the array the last one. */
static void copy_from_fortran(struct mednn_array *array, const unsigned char *bytes)
{
    const size_t width = mednn_type_size(array->type);
    size_t stride[MEDNN_ARRAY_RANK] = {0}, next = width, from = 0;
    int64_t index[MEDNN_ARRAY_RANK] = {0};
    for (int i = 0; i < array->rank; i++) {
        stride[i] = next;
        next *= (size_t)array->dim[i];
    }
    for (size_t to = 0; to < array->bytes; to += width) {
        memcpy(array->data + to, bytes + from, width);
        for (int i = array->rank - 1; i >= 0; i--) {
            from += stride[i];
            if (++index[i] < array->dim[i])
                break;
            from -= stride[i] * (size_t)index[i];
            index[i] = 0;
        }
    }
}

static int parse_npy(struct mednn_array *array, const char *path, const unsigned char *bytes, size_t size,
                     char *error, size_t error_size)
{
    unsigned version = bytes[6];
    size_t start = version == 1 ? 10 : 12;
    if (version < 1 || version > 3 || bytes[7])
        return fail_file(error, error_size, path, "unknown version of .npy; expected 1, 2 or 3");
    if (size < start)
        return fail_file(error, error_size, path, "truncated .npy header");
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > HEADER_LIMIT || length > size - start)
        return fail_file(error, error_size, path, "truncated .npy header");
    struct cursor text = {(const char *)bytes + start, (const char *)bytes + start + length};
    char descr[16];
    bool fortran = false;
    const char *trouble = read_entries(&text, array, descr, sizeof descr, &fortran);
    if (trouble)
        return fail_file(error, error_size, path, trouble);
    for (size_t i = 0; !array->type && i < sizeof type_table / sizeof *type_table; i++)
        if (!strcmp(type_table[i].descr, descr))
            array->type = type_table[i].type;
    if (!array->type) {
        for (char *p = descr; *p; p++)
            if (*p < ' ' || *p > '~')
                *p = '?';
        snprintf(error, error_size,
                 "%s: unknown element type '%s'; expected little-endian numbers such as '<f4'", path, descr);
        return -1;
    }
    size -= start + length;
    if (!count_bytes(array, &array->bytes) || array->bytes != size) {
        snprintf(error, error_size, "%s: %zu bytes of data do not fit its shape and type %s", path, size,
                 mednn_type_name(array->type));
        return -1;
    }
    array->data = malloc(size ? size : 1);
    if (!array->data)
        return fail_file(error, error_size, path, "out of memory");
    if (fortran)
        copy_from_fortran(array, bytes + start + length);
    else
        memcpy(array->data, bytes + start + length, size);
    return 0;
}

int mednn_array_parse(struct mednn_array *array, const char *path, const unsigned char *bytes, size_t size,
                      char *error, size_t error_size)
{
    *array = (struct mednn_array){0};
    int status = size >= 10 && !memcmp(bytes, "\x93NUMPY", 6)
                     ? parse_npy(array, path, bytes, size, error, error_size)
                     : mednn_tensor_proto_parse(array, path, bytes, size, error, error_size);
    if (status)
        mednn_array_free(array);
    else if (array->type == MEDNN_TYPE_BOOL)
        for (size_t i = 0; i < array->bytes; i++)
            array->data[i] = array->data[i] != 0; /* C knows no other bools */
    return status;
}

/* ---- files ---- */

static int read_whole(int file, unsigned char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(file, bytes + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        done += (size_t)count;
    }
    return 0;
}

int mednn_array_read(struct mednn_array *array, const char *path, char *error, size_t error_size)
{
    *array = (struct mednn_array){0};
    /* O_NONBLOCK: opening a FIFO must not wait. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file < 0 || fstat(file, &status)) {
        fail_file(error, error_size, path, strerror(errno));
        if (file >= 0)
            close(file);
        return -1;
    }
    int result = -1;
    unsigned char *bytes = NULL;
    if (!S_ISREG(status.st_mode))
        fail_file(error, error_size, path, "is not a regular file");
    else if (status.st_size < 1)
        fail_file(error, error_size, path, "is empty; expected a .npy file or an ONNX TensorProto");
    else if ((uintmax_t)status.st_size > SIZE_MAX / 2 || !(bytes = malloc((size_t)status.st_size)))
        fail_file(error, error_size, path, "is too large for the memory");
    else if (read_whole(file, bytes, (size_t)status.st_size))
        fail_file(error, error_size, path, "cannot be read to its end");
    else
        result = mednn_array_parse(array, path, bytes, (size_t)status.st_size, error, error_size);
    free(bytes);
    close(file);
    return result;
}

static size_t print_shape(char *text, int rank, const int64_t *dim, const char *between)
{
    size_t length = 0;
    text[0] = 0;
    for (int i = 0; i < rank; i++)
        length += (size_t)sprintf(text + length, "%s%" PRId64, i ? between : "", dim[i]);
    return length;
}

int mednn_array_write(const struct mednn_array *array, const char *path, char *error, size_t error_size)
{
    unsigned char head[10 + 512] = "\x93NUMPY\x01";
    const struct type_row *type = find_type(array->type);
    if (!type)
        return fail_file(error, error_size, path, "a .npy file cannot hold this type");
    char *text = (char *)head + 10, shape[SHAPE_TEXT], temporary[4096];
    print_shape(shape, array->rank, array->dim, ", ");
    int length = sprintf(text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }", type->descr,
                         shape, array->rank == 1 ? "," : "");
    /* The data starts at a multiple of 64, as NumPy writes it. */
    size_t total = ((size_t)length + 11 + 63) / 64 * 64;
    memset(text + length, ' ', total - 11 - (size_t)length);
    head[total - 1] = '\n';
    head[8] = (unsigned char)((total - 10) & 255);
    head[9] = (unsigned char)((total - 10) >> 8);
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp", path) >= sizeof temporary)
        return fail_file(error, error_size, path, "name too long");
    FILE *file = fopen(temporary, "wb");
    if (!file)
        return fail_file(error, error_size, temporary, strerror(errno));
    bool whole =
        fwrite(head, 1, total, file) == total && fwrite(array->data, 1, array->bytes, file) == array->bytes;
    int trouble = errno;
    if (fclose(file) && whole) {
        whole = false;
        trouble = errno;
    }
    if (whole && rename(temporary, path)) {
        whole = false;
        trouble = errno;
    }
    if (whole)
        return 0;
    remove(temporary);
    return fail_file(error, error_size, path, strerror(trouble));
}

/* ---- fitting ---- */

static bool dims_equal(int rank, const int64_t *a, const int64_t *b)
{
    return !rank || !memcmp(a, b, (size_t)rank * sizeof *a);
}

static bool fits(int rank, const int64_t *dim, const struct mednn_tensor *tensor)
{
    if (tensor->rank == MEDNN_ANY_SHAPE || (rank == tensor->rank && dims_equal(rank, dim, tensor->dim)))
        return true;
    return tensor->rank && tensor->dim[0] == 1 && rank == tensor->rank - 1 &&
           dims_equal(rank, dim, tensor->dim + 1);
}

/* Those of NumPy's types that stand for others. */
static bool stands_for(int found, int wanted)
{
    if (wanted == MEDNN_TYPE_BFLOAT16)
        return found == MEDNN_TYPE_UINT16;
    return mednn_type_bits(wanted) < 8 && found == (mednn_type_is_signed(wanted) ? MEDNN_TYPE_INT8 : MEDNN_TYPE_UINT8);
}

/* The first element that `type`, of less than 8 bits, cannot hold; array->bytes when there is none. */
static size_t first_outside(const struct mednn_array *array, int type)
{
    const bool is_signed = mednn_type_is_signed(type);
    const int range = 1 << mednn_type_bits(type), least = is_signed ? -range / 2 : 0;
    size_t i = 0;
    for (; i < array->bytes; i++) {
        const int value = is_signed ? (signed char)array->data[i] : array->data[i];
        if (value < least || value >= least + range)
            break;
    }
    return i;
}

int mednn_array_match(const struct mednn_array *array, const char *path, const struct mednn_tensor *tensor,
                      bool batch, int64_t *samples, char *error, size_t error_size)
{
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (array->type != tensor->type && !stands_for(array->type, tensor->type)) {
        snprintf(error, error_size, "%s: its elements are %s but input '%s' has %s", path,
                 mednn_type_name(array->type), tensor->name, mednn_type_name(tensor->type));
        return -1;
    }
    const size_t outside = mednn_type_bits(tensor->type) < 8 ? first_outside(array, tensor->type) : array->bytes;
    if (outside < array->bytes) {
        snprintf(error, error_size, "%s: element %zu is %d, which is no %s of input '%s'", path, outside,
                 mednn_type_is_signed(tensor->type) ? (signed char)array->data[outside] : array->data[outside],
                 mednn_type_name(tensor->type), tensor->name);
        return -1;
    }
    bool fit = batch ? array->rank && array->dim[0] > 0 && fits(array->rank - 1, array->dim + 1, tensor)
                     : fits(array->rank, array->dim, tensor);
    if (!fit) {
        print_shape(found, array->rank, array->dim, "x");
        print_shape(wanted, tensor->rank, tensor->dim, "x");
        const char *count = !batch ? "" : tensor->rank ? "SAMPLESx" : "SAMPLES";
        snprintf(error, error_size, "%s: its shape is %s but input '%s' has %s%s", path,
                 *found ? found : "scalar", tensor->name, count, *wanted || batch ? wanted : "scalar");
        return -1;
    }
    *samples = batch ? array->dim[0] : 1;
    return 0;
}
