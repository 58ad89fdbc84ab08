/* names.c -- stable identifiers; collisions resolved among the colliding only. */
/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name;
    int index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->index - y->index;
}

/* Kernels name their definitions NAME_shape, NAME_tile and the like, and pieces of a layer are called NAME_piece1 and
 * NAME_interior0: a node called "conv_tile" beside "conv" could meet them. Any node that extends another's name by one
 * lower-case word, or by such a number, counts as colliding. */
static bool may_meet(const char *shorter, const char *longer)
{
    size_t length = strlen(shorter);
    if (strncmp(shorter, longer, length) || longer[length] != '_')
        return false;
    const char *word = longer + length + 1;
    const bool numbered = !strncmp(word, "piece", 5) || !strncmp(word, "interior", 8);
    for (const char *p = word; *p; p++)
        if (!islower((unsigned char)*p) && *p != '_' && !(numbered && isdigit((unsigned char)*p)))
            return false;
    return true;
}

static const char *hashed(struct arena *arena, const char *identifier, const char *onnx_name)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)onnx_name, strlen(onnx_name));
    return arena_printf(arena, "%s_%02x%02x%02x%02x", identifier, hash[0], hash[1], hash[2], hash[3]);
}

/* `name` holds identifiers of `count` things whose ONNX names are `onnx_name`. */
static void resolve_collisions(struct arena *arena, const char **name, const char *const *onnx_name, size_t count)
{
    struct entry *entry = arena_array(arena, count + 1, sizeof *entry);
    for (size_t i = 0; i < count; i++)
        entry[i] = (struct entry){name[i], (int)i};
    qsort(entry, count, sizeof *entry, compare_entries);
    bool *collides = arena_array(arena, count + 1, sizeof *collides);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count && !strncmp(entry[i].name, entry[k].name, strlen(entry[i].name)); k++) {
            if (!strcmp(entry[i].name, entry[k].name))
                collides[entry[i].index] = collides[entry[k].index] = true;
            else if (may_meet(entry[i].name, entry[k].name))
                collides[entry[k].index] = true;
        }
    for (size_t i = 0; i < count; i++)
        if (collides[i])
            name[i] = hashed(arena, name[i], onnx_name[i]);
}

const char **names_of_layers(struct arena *arena, const struct graph *graph)
{
    size_t count = (size_t)graph->node_count;
    const char **name = arena_array(arena, count + 1, sizeof *name);
    const char **onnx_name = arena_array(arena, count + 1, sizeof *onnx_name);
    for (size_t i = 0; i < count; i++) {
        onnx_name[i] = graph->node[i]->name;
        name[i] = arena_printf(arena, "layer_%s", text_identifier(arena, onnx_name[i]));
    }
    resolve_collisions(arena, name, onnx_name, count);
    return name;
}

const char **names_of_tensors(struct arena *arena, const struct graph *graph)
{
    size_t count = (size_t)graph->tensor_count;
    const char **name = arena_array(arena, count + 1, sizeof *name);
    const char **onnx_name = arena_array(arena, count + 1, sizeof *onnx_name);
    for (size_t i = 0; i < count; i++) {
        onnx_name[i] = graph->tensor[i]->name;
        name[i] = text_identifier(arena, onnx_name[i]);
    }
    resolve_collisions(arena, name, onnx_name, count);
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
