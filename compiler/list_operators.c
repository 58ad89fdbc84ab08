/* list_operators.c -- the operators that mednnc knows, for people and for docs/operators.md. */
/* SPDX-License-Identifier: MIT */
#include "list_operators.h"

#include "operators/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    unsigned types;
    const char *name;
} groups[] = {{TYPES_FLOAT, "floats"},
              {TYPES_INTEGER, "integers"},
              {TYPES_SIGNED, "signed"},
              {TYPES_UNSIGNED, "unsigned"}};

/* Whole groups by their names, then single types. */
static const char *types_text(struct arena *arena, unsigned types)
{
    if (!types)
        return " all";
    const char *text = "";
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if ((types & groups[i].types) == groups[i].types) {
            text = arena_printf(arena, "%s %s", text, groups[i].name);
            types &= ~groups[i].types;
        }
    for (int type = 0; type < 32; type++)
        if (types & TYPE_BIT(type))
            text = arena_printf(arena, "%s %s", text, type_name((enum type)type));
    return text;
}

static int by_name(const void *a, const void *b)
{
    const struct op *x = *(const struct op *const *)a, *y = *(const struct op *const *)b;
    return strcmp(x->type, y->type);
}

void list_operators(struct arena *arena)
{
    int count;
    const struct op *const *table = op_table(&count);
    const struct op **sorted = arena_copy(arena, table, (size_t)count * sizeof *table);
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    printf("%-22s %5s %6s %6s %s\n", "operator", "since", "splits", "prunes", "types");
    for (int i = 0; i < count; i++)
        if (!*sorted[i]->domain) /* others are made by passes, never met in models */
            printf("%-22s %5d %6s %6s%s\n", sorted[i]->type, sorted[i]->since_version,
                   sorted[i]->reads || sorted[i]->moves ? "yes" : "no", sorted[i]->couple ? "yes" : "no",
                   types_text(arena, sorted[i]->types));
}
