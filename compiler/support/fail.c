/* fail.c -- one line, one jump. */
/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    jmp_buf *jump;
    const char *file;
    void (*undo)(void *data);
    void *undo_data;
    int status;
    bool silent;
} current;

void fail_about(const char *file)
{
    current.file = file;
}

void fail_cleanup(void (*undo)(void *data), void *data)
{
    current.undo = undo;
    current.undo_data = data;
}

/* Messages quote names from models: nothing in them may break the line or reach the terminal as a control. */
static void print_escaped(const char *bytes)
{
    for (; *bytes; bytes++) {
        unsigned char c = (unsigned char)*bytes;
        if (c < 32 || c >= 127)
            fprintf(stderr, "\\x%02X", c);
        else
            fputc(c, stderr);
    }
}

static void print_line(const char *kind, const char *format, va_list arguments)
{
    char line[2048];
    vsnprintf(line, sizeof line, format, arguments);
    fputs("mednnc: ", stderr);
    if (current.file) {
        print_escaped(current.file);
        fputs(": ", stderr);
    }
    fputs(kind, stderr);
    print_escaped(line);
    fputc('\n', stderr);
}

static noreturn void leave(int status)
{
    if (!current.jump)
        exit(status);
    current.status = status;
    longjmp(*current.jump, 1);
}

noreturn void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
    leave(STATUS_USAGE);
}

noreturn void fail_machine(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
    leave(STATUS_MACHINE);
}

void note(const char *format, ...)
{
    if (current.silent)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_line("note: ", format, arguments);
    va_end(arguments);
}

void note_silence(void)
{
    current.silent = true;
}

int fail_catch(void (*body)(void *data), void *data)
{
    jmp_buf jump;
    current.jump = &jump;
    current.status = STATUS_OK;
    if (!setjmp(jump))
        body(data);
    if (current.status && current.undo)
        current.undo(current.undo_data);
    current.jump = NULL;
    fail_cleanup(NULL, NULL);
    return current.status;
}
