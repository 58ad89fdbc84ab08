/* name_map.h -- a hash table from strings. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NAME_MAP_H
#define MEDNN_NAME_MAP_H

#include "arena.h"

struct name_entry {
    const char *name; /* not copied */
    void *value;
    unsigned number;
};

/* {0} is an empty map. */
struct name_map {
    struct name_entry *slot;
    size_t count, capacity;
};

/* The entry of `name`, or NULL. */
struct name_entry *name_find(const struct name_map *map, const char *name);

/* The entry of `name`, made with a value of NULL when there is none. Valid until the next name_add(). */
struct name_entry *name_add(struct arena *arena, struct name_map *map, const char *name);

#endif
