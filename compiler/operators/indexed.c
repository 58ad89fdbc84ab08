/* indexed.c -- which axes of data, indices and result belong together. */
/* SPDX-License-Identifier: MIT */
#include "indexed.h"

#include <string.h>

bool node_is_scatter(const struct node *node)
{
    return !strncmp(node->op->type, "Scatter", 7);
}

static struct indexed elements(const struct node *node)
{
    const int axis = node_axis(node, 0);
    struct indexed indexed = {.rank = node->input[1]->shape.rank, .components = 1, .component_axis = {axis}};
    for (int i = 0; i < indexed.rank; i++) {
        indexed.data_axis[i] = i == axis ? -1 : i;
        indexed.index_axis[i] = i;
    }
    return indexed;
}

static void append(struct indexed *indexed, int data_axis, int index_axis)
{
    indexed->data_axis[indexed->rank] = data_axis;
    indexed->index_axis[indexed->rank++] = index_axis;
}

static struct indexed along_axis(const struct node *node)
{
    const int axis = node_axis(node, 0), rank = node->input[0]->shape.rank;
    struct indexed indexed = {.components = 1, .component_axis = {axis}};
    for (int i = 0; i < axis; i++)
        append(&indexed, i, -1);
    for (int i = 0; i < node->input[1]->shape.rank; i++)
        append(&indexed, -1, i);
    for (int i = axis + 1; i < rank; i++)
        append(&indexed, i, -1);
    return indexed;
}

static struct indexed slices(const struct node *node)
{
    const struct shape data = node->input[0]->shape, indices = node->input[1]->shape;
    const int batch = (int)node_int(node, "batch_dims", 0), last = indices.rank - 1;
    struct indexed indexed = {.components = (int)indices.dim[last], .last_axis_is_components = true};
    for (int i = 0; i < indexed.components; i++)
        indexed.component_axis[i] = batch + i;
    for (int i = 0; i < last; i++)
        append(&indexed, i < batch ? i : -1, i);
    for (int i = batch + indexed.components; i < data.rank; i++)
        append(&indexed, i, -1);
    return indexed;
}

struct indexed node_indexed(const struct node *node)
{
    const char *type = node->op->type;
    if (!strcmp(type, "Gather"))
        return along_axis(node);
    return strstr(type, "Elements") ? elements(node) : slices(node);
}

struct region indexed_data(const struct node *node, struct region region)
{
    const struct indexed indexed = node_indexed(node);
    struct region data = region_whole(node->input[0]->shape);
    for (int i = 0; i < indexed.rank; i++)
        if (indexed.data_axis[i] >= 0)
            data.axis[indexed.data_axis[i]] = region.axis[i];
    return data;
}

struct region indexed_indices(const struct node *node, struct region region)
{
    const struct indexed indexed = node_indexed(node);
    struct region indices = region_whole(node->input[1]->shape);
    for (int i = 0; i < indexed.rank; i++)
        if (indexed.index_axis[i] >= 0)
            indices.axis[indexed.index_axis[i]] = region.axis[i];
    return indices;
}

struct region indexed_updates(const struct node *node, struct region region)
{
    const struct indexed indexed = node_indexed(node);
    struct region updates = region_whole(node->input[2]->shape);
    for (int i = 0; i < indexed.rank; i++)
        if (indexed.data_axis[i] >= 0)
            updates.axis[i] = region.axis[indexed.data_axis[i]];
    return updates;
}
