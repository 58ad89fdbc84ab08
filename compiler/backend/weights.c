/* weights.c -- numbers, string literals or a binary file. */
/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name, *from; /* from: ONNX name and shape, escaped, or NULL */
    enum type type;
    size_t count;
    int64_t offset;    /* in the file */
    const void *bytes; /* kept only while everything may still become readable text */
    char digest[2 * crypto_hash_sha256_BYTES + 1];
};

struct weights {
    struct arena *arena;
    struct folder *folder;
    enum weights_form form;
    const char *symbol, *file_name;
    FILE *file; /* open once the form is a file */
    struct entry *entry;
    int count, capacity;
    int64_t bytes;
};

struct weights *weights_begin(struct arena *arena, struct folder *folder, enum weights_form form, const char *symbol,
                              const char *file_name)
{
    struct weights *weights = arena_alloc(arena, sizeof *weights);
    *weights = (struct weights){
        .arena = arena, .folder = folder, .form = form, .symbol = symbol, .file_name = file_name};
    return weights;
}

static size_t entry_bytes(const struct entry *entry)
{
    return entry->count * type_size(entry->type);
}

static void append(struct weights *weights, const struct entry *entry, const void *bytes)
{
    static const unsigned char zeros[WEIGHTS_ALIGNMENT];
    size_t size = entry_bytes(entry), padding = (size_t)(-size & (WEIGHTS_ALIGNMENT - 1));
    folder_append(weights->file, bytes, size);
    folder_append(weights->file, zeros, padding);
}

/* From now on bytes go to the file; those that were kept go first. */
static void start_file(struct weights *weights)
{
    weights->file = folder_open(weights->folder, weights->file_name);
    for (int i = 0; i < weights->count; i++)
        append(weights, &weights->entry[i], weights->entry[i].bytes);
}

static void set_digest(struct entry *entry, const void *bytes)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes, entry_bytes(entry));
    sodium_bin2hex(entry->digest, sizeof entry->digest, hash, sizeof hash);
}

void weights_add(struct weights *weights, const char *name, const struct tensor *from, enum type type,
                 const void *values, size_t count)
{
    struct arena *arena = weights->arena;
    struct entry entry = {.name = name, .type = type, .count = count, .offset = weights->bytes};
    if (from)
        entry.from = arena_printf(arena, "%s %s", text_escape(arena, from->name), shape_string(arena, from->shape));
    set_digest(&entry, values);
    int64_t size = (int64_t)entry_bytes(&entry);
    weights->bytes += (size + WEIGHTS_ALIGNMENT - 1) / WEIGHTS_ALIGNMENT * WEIGHTS_ALIGNMENT;
    bool file = weights->form == WEIGHTS_INCBIN || weights->form == WEIGHTS_FILE ||
                (weights->form == WEIGHTS_AUTO && weights->bytes > WEIGHTS_READABLE_BYTES);
    if (file && !weights->file)
        start_file(weights);
    if (file)
        append(weights, &entry, values);
    else
        entry.bytes = arena_copy(arena, values, (size_t)size);
    *arena_append(arena, weights->entry, weights->count, weights->capacity) = entry;
}

void weights_end(struct weights *weights)
{
    if (weights->file)
        folder_close(weights->file);
    if (weights->form == WEIGHTS_AUTO)
        weights->form = weights->file ? WEIGHTS_INCBIN : WEIGHTS_INLINE;
    if (!weights->count)
        weights->form = WEIGHTS_INLINE;
}

int64_t weights_bytes(const struct weights *weights)
{
    return weights->bytes;
}

const char *weights_symbol(const struct weights *weights)
{
    return weights->symbol;
}

bool weights_have_form(const struct weights *weights, enum weights_form form)
{
    return weights->form == form;
}

static const char *c_type(const struct entry *entry)
{
    const char *name = type_c_name(entry->type);
    return name ? name : "uint16_t"; /* float16 and bfloat16 travel as their bits */
}

static bool is_readable(const struct weights *weights)
{
    return weights->bytes <= WEIGHTS_READABLE_BYTES;
}

void weights_declare(const struct weights *weights, struct text *text)
{
    if (weights->form == WEIGHTS_INCBIN)
        text_printf(text, "extern const unsigned char %s[%" PRId64 "] __attribute__((visibility(\"hidden\")));\n",
                    weights->symbol, weights->bytes);
    for (int i = 0; i < weights->count; i++) {
        const struct entry *entry = &weights->entry[i];
        if (weights->form == WEIGHTS_INCBIN)
            text_printf(text, "#define %s ((const %s *)(%s + %" PRId64 "))\n", entry->name, c_type(entry),
                        weights->symbol, entry->offset);
        else if (weights->form == WEIGHTS_FILE)
            text_printf(text, "#define %s ((const %s *)(*(const unsigned char *const *)arena + %" PRId64 "))\n",
                        entry->name, c_type(entry), entry->offset);
        else if (is_readable(weights))
            text_printf(text, "static const %s %s[%zu];\n", c_type(entry), entry->name, entry->count);
        else
            text_printf(text,
                        "union %s__union { unsigned char bytes[%zu]; %s values[%zu]; };\n"
                        "static const union %s__union %s__data;\n"
                        "#define %s %s__data.values\n",
                        entry->name, entry_bytes(entry), c_type(entry), entry->count, entry->name, entry->name,
                        entry->name, entry->name);
    }
}

static void print_float(struct text *text, double value, int digits, const char *suffix)
{
    char number[64];
    if (isnan(value))
        text_printf(text, "(%s)__builtin_nan(\"\")", *suffix ? "float" : "double");
    else if (isinf(value))
        text_printf(text, "%s(%s)__builtin_inf()", value < 0 ? "-" : "", *suffix ? "float" : "double");
    else {
        snprintf(number, sizeof number, "%.*g", digits, value);
        text_printf(text, "%s%s%s", number, strpbrk(number, ".e") ? "" : ".0", suffix);
    }
}

static void print_value(struct text *text, const struct entry *entry, size_t i)
{
    switch (entry->type) {
    case TYPE_FLOAT:
        print_float(text, ((const float *)entry->bytes)[i], 9, "f");
        break;
    case TYPE_DOUBLE:
        print_float(text, ((const double *)entry->bytes)[i], 17, "");
        break;
    case TYPE_UINT64:
        text_printf(text, "%" PRIu64 "u", ((const uint64_t *)entry->bytes)[i]);
        break;
    case TYPE_INT64: {
        int64_t value = ((const int64_t *)entry->bytes)[i];
        text_printf(text, value == INT64_MIN ? "INT64_MIN" : "%" PRId64, value);
        break;
    }
    case TYPE_FLOAT16:
    case TYPE_BFLOAT16:
        text_printf(text, "%u", ((const uint16_t *)entry->bytes)[i]);
        break;
    default: {
        struct tensor tensor = {.type = entry->type, .data = entry->bytes};
        text_printf(text, entry->type == TYPE_UINT32 ? "%" PRId64 "u" : "%" PRId64, tensor_int(&tensor, (int64_t)i));
    }
    }
}

static void define_numbers(struct text *text, const struct entry *entry)
{
    text_printf(text, "static const %s %s[%zu] __attribute__((aligned(64))) = {", c_type(entry), entry->name,
                entry->count);
    for (size_t i = 0; i < entry->count; i++) {
        text_add(text, i % 8 ? " " : "\n    ");
        print_value(text, entry, i);
        text_add(text, ",");
    }
    text_add(text, "\n};\n");
}

/* Octal escapes of three digits: no digit that follows can be drawn in. */
static void define_string(struct text *text, const struct entry *entry)
{
    const unsigned char *byte = entry->bytes;
    size_t size = entry_bytes(entry);
    text_printf(text,
                "static const union %s__union %s__data __attribute__((aligned(64))) = {.bytes =\n    \"", entry->name,
                entry->name);
    for (size_t i = 0; i < size; i++) {
        if (i && i % 64 == 0)
            text_add(text, "\"\n    \"");
        char escape[5];
        snprintf(escape, sizeof escape, "\\%03o", byte[i]);
        text_add_bytes(text, escape, 4);
    }
    text_add(text, "\"};\n");
}

void weights_define(const struct weights *weights, struct text *text)
{
    if (weights->form == WEIGHTS_INCBIN)
        text_printf(text,
                    "__asm__(\".pushsection .rodata\\n\"\n"
                    "        \".balign 64\\n\"\n"
                    "        \"%s:\\n\"\n"
                    "        \".incbin \\\"%s\\\"\\n\"\n"
                    "        \".popsection\\n\");\n",
                    weights->symbol, weights->file_name);
    for (int i = 0; i < weights->count; i++) {
        const struct entry *entry = &weights->entry[i];
        text_printf(text, "/* %s: %s[%zu]%s%s, SHA-256 %s */\n", entry->name, c_type(entry), entry->count,
                    entry->from ? " from " : "", entry->from ? entry->from : "", entry->digest);
        if (weights->form != WEIGHTS_INLINE)
            continue;
        if (is_readable(weights))
            define_numbers(text, entry);
        else
            define_string(text, entry);
    }
}
