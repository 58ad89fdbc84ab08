/* wire_check.c -- one walk over the wire format, with a fixed stack. */
/* SPDX-License-Identifier: MIT */
#include "wire_check.h"

#include "../support/fail.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, GROUP_BEGIN = 3, GROUP_END = 4, FIXED32 = 5 };
enum { MAX_FIELDS = 64, MAX_QUOTAS = 8 };

/* What protobuf-c takes per field beside the field's own bytes: its record of the field, a pointer, rounding.
 */
enum { FIELD_OVERHEAD = 160 };

struct walk {
    const uint8_t *start;
    const struct wire_limits *limits;
    size_t memory;
    size_t seen[MAX_QUOTAS];
};

/* A message that is being walked, and where in it the walk is. */
struct frame {
    const struct frame *outer;
    const ProtobufCMessageDescriptor *message;
    const uint8_t *at, *end;
    const ProtobufCFieldDescriptor *field; /* NULL: unknown */
    uint32_t tag;
    uint32_t index[MAX_FIELDS]; /* occurrences of each field so far */
    int depth;
};

/* "graph.node[3].name" into `path`; deep paths lose their beginning. */
static void print_path(const struct frame *frame, char *path, size_t size)
{
    size_t used = size - 1;
    path[used] = 0;
    for (; frame; frame = frame->outer) {
        char part[128];
        const ProtobufCFieldDescriptor *field = frame->field;
        if (!field)
            snprintf(part, sizeof part, "field %u", frame->tag);
        else if (field->label == PROTOBUF_C_LABEL_REPEATED)
            snprintf(part, sizeof part, "%s[%u]", field->name,
                     frame->index[field - frame->message->fields] - 1);
        else
            snprintf(part, sizeof part, "%s", field->name);
        size_t length = strlen(part), dot = used < size - 1;
        if (length + dot + 4 > used) {
            used -= 3;
            memcpy(path + used, "...", 3);
            break;
        }
        if (dot)
            path[--used] = '.';
        used -= length;
        memcpy(path + used, part, length);
    }
    memmove(path, path + used, size - used);
}

__attribute__((format(printf, 3, 4))) static noreturn void
wire_fail(const struct walk *walk, const struct frame *frame, const char *format, ...)
{
    char message[256], path[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (frame->tag)
        print_path(frame, path, sizeof path);
    else if (frame->outer)
        print_path(frame->outer, path, sizeof path);
    else
        snprintf(path, sizeof path, "the file");
    fail("byte %zu: %s: %s", (size_t)(frame->at - walk->start), path, message);
}

/* Values have up to 64 bits, in 10 bytes; keys and lengths up to 32, in 5. */
static uint64_t read_varint(const struct walk *walk, struct frame *frame, const uint8_t *end, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        if (frame->at + i == end)
            wire_fail(walk, frame, "number is cut off by the end of its message");
        uint8_t byte = frame->at[i];
        if (i == 9 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            frame->at += i + 1;
            return value;
        }
    }
    wire_fail(walk, frame, "number is longer than %u bytes", bytes);
}

static void take_memory(struct walk *walk, const struct frame *frame, size_t bytes)
{
    if (__builtin_add_overflow(walk->memory, bytes, &walk->memory) ||
        walk->memory > walk->limits->memory_bytes)
        wire_fail(walk, frame, "the model would take more than %zu bytes of memory",
                  walk->limits->memory_bytes);
}

/* The wire type of one value, and its bytes in memory. */
static int wire_type_of(ProtobufCType type, size_t *size)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        *size = 4;
        return FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        *size = 8;
        return FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        *size = 0;
        return LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
        *size = 4;
        return VARINT;
    default:
        *size = 8;
        return VARINT;
    }
}

static void skip_fixed(const struct walk *walk, struct frame *frame, size_t size)
{
    if ((size_t)(frame->end - frame->at) < size)
        wire_fail(walk, frame, "%zu bytes are cut off by the end of their message", size);
    frame->at += size;
}

static void check_packed(struct walk *walk, struct frame *frame, const uint8_t *end)
{
    size_t size, count = 0;
    int wire_type = wire_type_of(frame->field->type, &size);
    if (wire_type == VARINT) {
        for (; frame->at < end; count++)
            read_varint(walk, frame, end, 10);
    } else {
        size_t bytes = (size_t)(end - frame->at);
        if (bytes % size)
            wire_fail(walk, frame, "%zu bytes are no whole number of %zu-byte values", bytes, size);
        count = bytes / size;
        frame->at = end;
    }
    take_memory(walk, frame, count * size);
}

/* Documentation may be long; everything else is quoted in messages and generated files. */
static bool may_be_long(const ProtobufCFieldDescriptor *field)
{
    return !strcmp(field->name, "doc_string") || !strcmp(field->name, "value");
}

static void check_string(struct walk *walk, struct frame *frame, size_t length)
{
    if (memchr(frame->at, 0, length))
        wire_fail(walk, frame, "string contains a zero byte");
    if (length > walk->limits->string_bytes && !may_be_long(frame->field))
        wire_fail(walk, frame, "string has %zu bytes but the limit is %zu", length,
                  walk->limits->string_bytes);
    take_memory(walk, frame, length + 1);
    frame->at += length;
}

static void check_message(struct walk *walk, const struct frame *outer,
                          const ProtobufCMessageDescriptor *message, const uint8_t *at, const uint8_t *end);

static void check_submessage(struct walk *walk, struct frame *frame, const uint8_t *end)
{
    const ProtobufCFieldDescriptor *field = frame->field;
    if (frame->depth >= walk->limits->depth)
        wire_fail(walk, frame, "messages are nested more than %d deep", walk->limits->depth);
    if (field->label != PROTOBUF_C_LABEL_REPEATED && frame->index[field - frame->message->fields] > 1)
        wire_fail(walk, frame, "field occurs twice but may occur once");
    check_message(walk, frame, field->descriptor, frame->at, end);
    frame->at = end;
}

static void check_length_delimited(struct walk *walk, struct frame *frame)
{
    uint64_t length = read_varint(walk, frame, frame->end, 5);
    if (length > (uint64_t)(frame->end - frame->at))
        wire_fail(walk, frame, "length %llu runs past the end of its message, %zu bytes further",
                  (unsigned long long)length, (size_t)(frame->end - frame->at));
    const uint8_t *end = frame->at + length;
    if (!frame->field) {
        take_memory(walk, frame, (size_t)length);
        frame->at = end;
    } else if (frame->field->type == PROTOBUF_C_TYPE_MESSAGE) {
        check_submessage(walk, frame, end);
    } else if (frame->field->type == PROTOBUF_C_TYPE_STRING) {
        check_string(walk, frame, (size_t)length);
    } else if (frame->field->type == PROTOBUF_C_TYPE_BYTES) {
        take_memory(walk, frame, (size_t)length);
        frame->at = end;
    } else if (frame->field->label == PROTOBUF_C_LABEL_REPEATED) {
        check_packed(walk, frame, end);
    } else {
        wire_fail(walk, frame, "one number is expected but a list was found");
    }
}

static void check_field(struct walk *walk, struct frame *frame)
{
    const uint8_t *begin = frame->at;
    frame->tag = 0;
    frame->field = NULL;
    uint64_t key = read_varint(walk, frame, frame->end, 5);
    int wire_type = (int)(key & 7);
    if (key >> 3 == 0 || key >> 32) {
        frame->at = begin;
        wire_fail(walk, frame, "field number %llu is out of range", (unsigned long long)(key >> 3));
    }
    frame->tag = (uint32_t)(key >> 3);
    for (unsigned i = 0; i < frame->message->n_fields && !frame->field; i++)
        if (frame->message->fields[i].id == frame->tag)
            frame->field = &frame->message->fields[i];
    if (frame->field)
        frame->index[frame->field - frame->message->fields]++;
    take_memory(walk, frame, FIELD_OVERHEAD);

    size_t size;
    int expected = frame->field ? wire_type_of(frame->field->type, &size) : wire_type;
    if (wire_type == GROUP_BEGIN || wire_type == GROUP_END || wire_type > FIXED32)
        wire_fail(walk, frame, "wire type %d is not used in ONNX files", wire_type);
    if (wire_type != expected && wire_type != LENGTH)
        wire_fail(walk, frame, "wire type %d was found but %d is expected", wire_type, expected);
    if (wire_type == VARINT)
        read_varint(walk, frame, frame->end, 10);
    else if (wire_type == LENGTH)
        check_length_delimited(walk, frame);
    else
        skip_fixed(walk, frame, wire_type == FIXED64 ? 8 : 4);
}

static void check_message(struct walk *walk, const struct frame *outer,
                          const ProtobufCMessageDescriptor *message, const uint8_t *at, const uint8_t *end)
{
    assert(message->n_fields <= MAX_FIELDS);
    struct frame frame = {
        .outer = outer, .message = message, .at = at, .end = end, .depth = outer ? outer->depth + 1 : 0};
    for (int i = 0; i < walk->limits->quota_count; i++)
        if (walk->limits->quota[i].message == message && ++walk->seen[i] > walk->limits->quota[i].limit)
            wire_fail(walk, &frame, "more than %zu %s", walk->limits->quota[i].limit,
                      walk->limits->quota[i].what);
    take_memory(walk, &frame, message->sizeof_message);
    while (frame.at < end)
        check_field(walk, &frame);
}

void wire_check(const uint8_t *bytes, size_t size, const ProtobufCMessageDescriptor *message,
                const struct wire_limits *limits)
{
    assert(limits->quota_count <= MAX_QUOTAS);
    struct walk walk = {.start = bytes, .limits = limits};
    check_message(&walk, NULL, message, bytes, bytes + size);
}
