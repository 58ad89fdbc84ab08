/* tensor_scatter.c -- TensorScatter: new rows written into a cache. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <inttypes.h>
#include <string.h>

enum { CACHE, UPDATE, INDICES };

static void infer(struct graph *graph, struct node *node)
{
    const struct shape cache = node->input[CACHE]->shape, update = node->input[UPDATE]->shape;
    const struct tensor *indices = node_input(node, INDICES);
    const char *mode = node_string(node, "mode", "linear");
    const int axis = node_axis(node, -2);
    input_same_type(node, UPDATE);
    if (strcmp(mode, "linear") && strcmp(mode, "circular"))
        node_fail(node, "mode is '%.40s', expected linear or circular", mode);
    if (axis == 0)
        node_fail(node, "axis 0 is that of the batch");
    bool fits = update.rank == cache.rank;
    for (int a = 0; fits && a < cache.rank; a++)
        fits = a == axis ? update.dim[a] <= cache.dim[a] : update.dim[a] == cache.dim[a];
    if (!fits)
        node_fail(node, "update is %s, which does not fit the cache %s along axis %d", shape_string(graph->arena, update),
                  shape_string(graph->arena, cache), axis);
    if (indices && (indices->type != TYPE_INT64 || indices->shape.rank != 1 || indices->shape.dim[0] != cache.dim[0]))
        node_fail(node, "write_indices has type %s and rank %d, expected %" PRId64 " numbers of type int64",
                  type_name(indices->type), indices->shape.rank, cache.dim[0]);
    output_set(node, 0, node->input[CACHE]->type, cache);
}

/* What falls outside of the cache is left out. */
static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *cache = node->input[CACHE], *update = node->input[UPDATE];
    const int axis = node_axis(node, -2);
    const int64_t length = cache->shape.dim[axis], size = shape_size(update->shape);
    const bool circular = !strcmp(node_string(node, "mode", "linear"), "circular");
    memcpy(output[0], input[CACHE], (size_t)shape_size(cache->shape) * type_size(cache->type));
    int64_t at[MAX_RANK] = {0}, to[MAX_RANK];
    for (int64_t i = 0; i < size; i++, shape_next(update->shape, at)) {
        memcpy(to, at, sizeof to);
        if (node_input(node, INDICES))
            to[axis] = (int64_t)((uint64_t)((const int64_t *)input[INDICES])[at[0]] + (uint64_t)at[axis]);
        if (circular)
            to[axis] = (to[axis] % length + length) % length;
        if (to[axis] >= 0 && to[axis] < length)
            element_copy(cache->type, output[0], shape_offset(cache->shape, to), input[UPDATE], i);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    if (input == INDICES)
        return (struct region){.some = true, .rank = 1, .axis = {region.axis[0]}};
    if (input == UPDATE) {
        const int axis = node_axis(node, -2);
        region.axis[axis] = (struct range){0, node->input[UPDATE]->shape.dim[axis]};
    }
    return region;
}

const struct op tensor_scatter_rows[] = {
    {.type = "TensorScatter",
     .domain = "",
     .since_version = 24,
     .min_inputs = 2,
     .max_inputs = 3,
     .max_outputs = 1,
     .attributes = "axis mode ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
