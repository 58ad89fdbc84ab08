/* arena.h -- all memory of one compilation, freed at once. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ARENA_H
#define MEDNN_ARENA_H

#include <stddef.h>

struct arena_block;

/* {0} is an empty arena. */
struct arena {
    struct arena_block *last;
    size_t total; /* bytes asked for so far */
};

/* `size` zeroed bytes, aligned to 64. Never NULL: exhaustion ends the compilation through fail_machine(). */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for `count` elements; an overflowing product counts as exhaustion. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of `size` bytes. */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* A copy of a string. */
char *arena_string(struct arena *arena, const char *string);

/* A formatted string. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Grow an array that was allocated here from `count` to `capacity` elements; the old block stays until the end. */
void *arena_grow(struct arena *arena, const void *array, size_t count, size_t capacity, size_t size);

/* The arena is empty again, but keeps one block of its memory for what comes. */
void arena_reset(struct arena *arena);

/* Free everything; the arena is empty again. */
void arena_free(struct arena *arena);

/* A new element slot at the end of a growing array: doubles the capacity when it is full. */
#define arena_append(arena, array, count, capacity)                                                        \
    (((count) == (capacity)                                                                                \
          ? ((capacity) = (capacity) ? 2 * (capacity) : 8,                                                 \
             (array) = arena_grow((arena), (array), (size_t)(count), (size_t)(capacity), sizeof *(array))) \
          : (array)),                                                                                      \
     &(array)[(count)++])

#endif
