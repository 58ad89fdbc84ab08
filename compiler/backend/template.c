/* template.c -- finding and filling templates. */
/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <assert.h>
#include <string.h>

const char *template_text(const char *name)
{
    for (const struct embedded_file *file = template_files; file->name; file++)
        if (!strcmp(file->name, name))
            return file->text;
    assert(false && "template exists");
    return "";
}

static const char *value_of(const struct substitution *list, const char *name, size_t length)
{
    for (; list->name; list++)
        if (strlen(list->name) == length && !memcmp(list->name, name, length))
            return list->value;
    return NULL;
}

/* The end of "@NAME@" at `at`, with its value; NULL when `at` starts no known name. */
static const char *match(const char *at, const struct substitution *list, const char **value)
{
    if (*at != '@')
        return NULL;
    const char *close = strchr(at + 1, '@');
    *value = close ? value_of(list, at + 1, (size_t)(close - at - 1)) : NULL;
    return *value ? close + 1 : NULL;
}

void template_expand(struct text *text, const char *template_name, const struct substitution *list)
{
    const char *at = template_text(template_name), *value;
    bool line_start = true;
    while (*at) {
        const char *after = match(at, list, &value);
        if (!after) {
            line_start = *at == '\n';
            text_add_bytes(text, at++, 1);
            continue;
        }
        text_add(text, value);
        size_t length = strlen(value);
        bool whole_line = line_start && *after == '\n';
        if (whole_line && (!length || value[length - 1] == '\n'))
            after++;
        line_start = length ? value[length - 1] == '\n' : line_start && whole_line;
        at = after;
    }
}
