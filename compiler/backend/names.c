/* names.c -- stable identifiers; collisions resolved among the colliding only. */
/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name;
    int node;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->node - y->node;
}

/* Kernels name their definitions NAME_shape, NAME_tile and the like: a node called "conv_tile" beside "conv" could
 * meet them. Any node that extends another's name by one lower-case word counts as colliding. */
static bool may_meet(const char *shorter, const char *longer)
{
    size_t length = strlen(shorter);
    if (strncmp(shorter, longer, length) || longer[length] != '_')
        return false;
    for (const char *p = longer + length + 1; *p; p++)
        if (!islower((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

static const char *hashed(struct arena *arena, const char *identifier, const char *onnx_name)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)onnx_name, strlen(onnx_name));
    return arena_printf(arena, "%s_%02x%02x%02x%02x", identifier, hash[0], hash[1], hash[2], hash[3]);
}

const char **names_of_layers(struct arena *arena, const struct graph *graph)
{
    size_t count = (size_t)graph->node_count;
    const char **name = arena_array(arena, count + 1, sizeof *name);
    struct entry *entry = arena_array(arena, count + 1, sizeof *entry);
    for (int i = 0; i < graph->node_count; i++) {
        name[i] = arena_printf(arena, "layer_%s", text_identifier(arena, graph->node[i]->name));
        entry[i] = (struct entry){name[i], i};
    }
    qsort(entry, count, sizeof *entry, compare_entries);
    bool *collides = arena_array(arena, count + 1, sizeof *collides);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count && !strncmp(entry[i].name, entry[k].name, strlen(entry[i].name)); k++) {
            if (!strcmp(entry[i].name, entry[k].name))
                collides[entry[i].node] = collides[entry[k].node] = true;
            else if (may_meet(entry[i].name, entry[k].name))
                collides[entry[k].node] = true;
        }
    for (int i = 0; i < graph->node_count; i++)
        if (collides[i])
            name[i] = hashed(arena, name[i], graph->node[i]->name);
    return name;
}

const char *names_prefix(struct arena *arena, const char *model_path)
{
    const char *slash = strrchr(model_path, '/');
    char *base = arena_string(arena, slash ? slash + 1 : model_path);
    size_t length = strlen(base);
    if (length > 5 && !strcmp(base + length - 5, ".onnx"))
        base[length - 5] = 0;
    return text_identifier(arena, base);
}

const char *names_capitals(struct arena *arena, const char *name)
{
    char *result = arena_string(arena, name);
    for (char *p = result; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return result;
}
