/* name_map.c -- open addressing in a table of a power of two. */
/* SPDX-License-Identifier: MIT */
#include "name_map.h"

#include <stdint.h>
#include <string.h>

static size_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

/* The name's slot, or the free one where it belongs. */
static struct name_entry *find_slot(const struct name_map *map, const char *name)
{
    size_t at = hash_name(name) & (map->capacity - 1);
    while (map->slot[at].name && strcmp(map->slot[at].name, name))
        at = (at + 1) & (map->capacity - 1);
    return &map->slot[at];
}

struct name_entry *name_find(const struct name_map *map, const char *name)
{
    if (!map->capacity)
        return NULL;
    struct name_entry *slot = find_slot(map, name);
    return slot->name ? slot : NULL;
}

static void grow(struct arena *arena, struct name_map *map)
{
    struct name_map grown = {.count = map->count, .capacity = map->capacity ? 2 * map->capacity : 8};
    grown.slot = arena_array(arena, grown.capacity, sizeof *grown.slot);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slot[i].name)
            *find_slot(&grown, map->slot[i].name) = map->slot[i];
    *map = grown;
}

struct name_entry *name_add(struct arena *arena, struct name_map *map, const char *name)
{
    if (2 * (map->count + 1) > map->capacity)
        grow(arena, map);
    struct name_entry *slot = find_slot(map, name);
    if (!slot->name) {
        slot->name = name;
        map->count++;
    }
    return slot;
}
