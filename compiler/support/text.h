/* text.h -- a string that grows in memory: generated files are built in it and written whole. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TEXT_H
#define MEDNN_TEXT_H

#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* {.arena = a} is an empty text. `bytes` is always terminated once something was added. */
struct text {
    struct arena *arena;
    char *bytes;
    size_t length, capacity;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_vprintf(struct text *text, const char *format, va_list arguments);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A name from a model, fit for a C comment, a Makefile comment or a terminal: only [A-Za-z0-9_./:-] stand as they
 * are, every other byte becomes \xHH. */
const char *text_escape(struct arena *arena, const char *name);

/* The same for the inside of a C string literal that shows text_escape()'s form when printed. */
const char *text_escape_literal(struct arena *arena, const char *name);

/* A sentence for the inside of a C string literal, to be read on a terminal: printable ASCII stands as it is; quotes, backslashes
 * and every other byte show text_escape()'s form when printed. */
const char *text_escape_sentence(struct arena *arena, const char *sentence);

/* A valid C identifier made from a name: [A-Za-z0-9_], never empty, never starting with a digit, never a keyword. */
const char *text_identifier(struct arena *arena, const char *name);

#endif
