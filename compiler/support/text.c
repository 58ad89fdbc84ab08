/* text.c -- growing strings, and names made harmless. */
/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reserve(struct text *text, size_t more)
{
    if (text->length + more + 1 <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 4096;
    while (capacity < text->length + more + 1)
        capacity *= 2;
    text->bytes = arena_grow(text->arena, text->bytes, text->length, capacity, 1);
    text->capacity = capacity;
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
    reserve(text, count);
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = 0;
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_vprintf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    reserve(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

static bool stands_as_it_is(unsigned char c)
{
    return isascii(c) && (isalnum(c) || strchr("_./:-", c)) && c;
}

static bool stands_in_a_sentence(unsigned char c)
{
    return isascii(c) && isprint(c) && !strchr("\"\\?", c); /* no trigraphs */
}

static const char *escape(struct arena *arena, const char *name, const char *format, bool (*stands)(unsigned char))
{
    char *result = arena_alloc(arena, 5 * strlen(name) + 1), *p = result;
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (stands(c))
            *p++ = (char)c;
        else
            p += sprintf(p, format, c);
    }
    *p = 0;
    return result;
}

const char *text_escape(struct arena *arena, const char *name)
{
    return escape(arena, name, "\\x%02X", stands_as_it_is);
}

const char *text_escape_literal(struct arena *arena, const char *name)
{
    return escape(arena, name, "\\\\x%02X", stands_as_it_is);
}

const char *text_escape_sentence(struct arena *arena, const char *sentence)
{
    return escape(arena, sentence, "\\\\x%02X", stands_in_a_sentence);
}

/* The keywords of C11, GNU C and C++, and a few names that generated files use themselves. */
static bool is_reserved(const char *word)
{
    static const char *const reserved[] = {
        "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class", "const",
        "constexpr", "continue", "decltype", "default", "delete", "do", "double", "else", "enum", "explicit",
        "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "linux", "long",
        "main", "mutable", "namespace", "new", "noexcept", "not", "nullptr", "operator", "or", "private",
        "protected", "public", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct",
        "switch", "template", "this", "throw", "true", "try", "typedef", "typename", "typeof", "union", "unix",
        "unsigned", "using", "virtual", "void", "volatile", "while", "xor", "arena", "session"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (!strcmp(word, reserved[i]))
            return true;
    return false;
}

const char *text_identifier(struct arena *arena, const char *name)
{
    size_t length = strlen(name);
    char *result = arena_alloc(arena, length + 4), *p = result;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        bool letter = isascii(c) && isalnum(c);
        /* No leading or doubled underscores: those names belong to the C implementation. */
        if (letter)
            *p++ = (char)c;
        else if (p > result && p[-1] != '_')
            *p++ = '_';
    }
    while (p > result && p[-1] == '_')
        p--;
    *p = 0;
    if (p == result || isdigit((unsigned char)*result)) {
        memmove(result + 1, result, strlen(result) + 1);
        *result = 'n';
    } else if (is_reserved(result)) {
        strcat(result, "_");
    }
    return result;
}
