/* arena.c -- chained blocks; large requests get a block of their own. */
/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include "fail.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, BLOCK_BYTES = 1 << 18 };

struct arena_block {
    struct arena_block *previous;
    size_t used, size;
    unsigned char *bytes;
};

/* Small requests share blocks and zero what they take; a large one gets pages that are zero already. */
static struct arena_block *new_block(struct arena_block *previous, size_t size, bool large)
{
    if (size > SIZE_MAX - sizeof(struct arena_block) - 2 * ALIGNMENT)
        return NULL;
    const size_t bytes = sizeof(struct arena_block) + ALIGNMENT + size;
    struct arena_block *block = large ? calloc(1, bytes) : malloc(bytes);
    if (!block)
        return NULL;
    uintptr_t start = (uintptr_t)(block + 1);
    size_t skip = (size_t)(-start & (ALIGNMENT - 1));
    *block = (struct arena_block){.previous = previous, .size = size, .bytes = (unsigned char *)(block + 1) + skip};
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        fail_machine("out of memory (%zu bytes asked for)", size);
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!rounded)
        rounded = ALIGNMENT;
    struct arena_block *block = arena->last;
    bool is_zero = false;
    if (!block || block->size - block->used < rounded) {
        /* A large block goes behind the current one, which still has room for small requests. */
        bool large = rounded > BLOCK_BYTES / 4;
        struct arena_block *fresh = new_block(large && block ? block->previous : block, large ? rounded : BLOCK_BYTES, large);
        if (!fresh)
            fail_machine("out of memory (%zu bytes asked for, %zu in use)", size, arena->total);
        if (large && block)
            block->previous = fresh;
        else
            arena->last = fresh;
        block = fresh;
        is_zero = large;
    }
    void *result = block->bytes + block->used;
    if (!is_zero)
        memset(result, 0, rounded);
    block->used += rounded;
    arena->total += rounded;
    return result;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        fail_machine("out of memory (%zu x %zu bytes asked for)", count, size);
    return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_copy(arena, string, strlen(string) + 1);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *string = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    return string;
}

void *arena_grow(struct arena *arena, const void *array, size_t count, size_t capacity, size_t size)
{
    void *grown = arena_array(arena, capacity, size);
    if (count)
        memcpy(grown, array, count * size);
    return grown;
}

void arena_reset(struct arena *arena)
{
    if (!arena->last)
        return;
    struct arena kept = {.last = arena->last->previous};
    arena_free(&kept);
    arena->last->previous = NULL;
    arena->last->used = 0;
    arena->total = 0;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->last, *previous; block; block = previous) {
        previous = block->previous;
        free(block);
    }
    *arena = (struct arena){0};
}
