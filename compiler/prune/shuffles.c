/* shuffles.c -- channel shuffles as one Gather, and back. */
/* SPDX-License-Identifier: MIT */
#include "shuffles.h"

#include <assert.h>
#include <string.h>

struct shuffle {
    struct node *node;    /* the Gather */
    int64_t groups, each; /* channel a of group b goes from b * each + a to a * groups + b */
};

struct shuffles {
    int count, capacity;
    struct shuffle *item;
};

static bool is(const struct node *node, const char *op_type)
{
    return node && !*node->domain && !strcmp(node->op_type, op_type);
}

/* What only `reader` reads. */
static struct node *private_producer(const struct graph *graph, const struct node *reader)
{
    struct tensor *tensor = reader->input[0];
    return tensor && tensor->producer && graph_only_reader(graph, tensor) == reader ? tensor->producer : NULL;
}

static bool swaps_groups(const struct node *transpose)
{
    int rank = transpose->input[0]->shape.rank;
    if (rank < 3 || node_ints(transpose, "perm", 0, -1) != 0 || node_ints(transpose, "perm", 1, -1) != 2 ||
        node_ints(transpose, "perm", 2, -1) != 1)
        return false;
    for (int a = 3; a < rank; a++)
        if (node_ints(transpose, "perm", a, -1) != a)
            return false;
    return true;
}

/* Is `split` the shape `whole` with axis 1 in two parts? */
static bool splits_channels(struct shape whole, struct shape split)
{
    if (whole.rank < 2 || split.rank != whole.rank + 1 || split.dim[0] != whole.dim[0] || split.dim[1] < 2 ||
        split.dim[2] < 2)
        return false;
    for (int a = 2; a < whole.rank; a++)
        if (split.dim[a + 1] != whole.dim[a])
            return false;
    return true;
}

static int64_t *shuffled(struct arena *arena, int64_t groups, int64_t each)
{
    int64_t *from = arena_array(arena, (size_t)(groups * each), sizeof *from);
    for (int64_t i = 0; i < groups * each; i++)
        from[i] = i % groups * each + i / groups;
    return from;
}

static void become(struct graph *graph, struct node *node, const char *op_type, struct tensor *x,
                   struct tensor *list)
{
    node->op_type = op_type;
    node->op = op_find("", op_type, graph->opset);
    assert(node->op);
    node->input = arena_array(graph->arena, 2, sizeof *node->input);
    node->input[0] = x;
    node->input[1] = list;
    node->input_count = list ? 2 : 1;
    node->attribute_count = 0;
}

static bool gather_shuffle(struct graph *graph, struct node *last, struct shuffles *shuffles)
{
    struct node *transpose = is(last, "Reshape") ? private_producer(graph, last) : NULL;
    struct node *first = is(transpose, "Transpose") ? private_producer(graph, transpose) : NULL;
    if (!is(first, "Reshape"))
        return false;
    struct tensor *x = first->input[0];
    struct shape split = first->output[0]->shape;
    if (!shape_equal(x->shape, last->output[0]->shape) || !splits_channels(x->shape, split) ||
        !swaps_groups(transpose))
        return false;
    int64_t channels = x->shape.dim[1];
    become(graph, last, "Gather", x,
           graph_constant(graph, arena_printf(graph->arena, "%s.channels", last->name), TYPE_INT64,
                          shape_of(1, &channels), shuffled(graph->arena, split.dim[1], split.dim[2])));
    node_set_attribute(graph, last, (struct attribute){.name = "axis", .kind = ATTRIBUTE_INT, .i = 1});
    *arena_append(graph->arena, shuffles->item, shuffles->count, shuffles->capacity) =
        (struct shuffle){last, split.dim[1], split.dim[2]};
    return true;
}

struct shuffles *shuffles_gather(struct graph *graph)
{
    struct shuffles *shuffles = arena_alloc(graph->arena, sizeof *shuffles);
    graph_index(graph);
    for (int n = 0; n < graph->node_count; n++)
        gather_shuffle(graph, graph->node[n], shuffles);
    graph_sweep(graph);
    return shuffles;
}

/* ---- back ---- */

static int position(const struct graph *graph, const struct node *node)
{
    int n = 0;
    while (n < graph->node_count && graph->node[n] != node)
        n++;
    return n;
}

static struct tensor *list_of(struct graph *graph, const struct node *node, const char *what,
                              struct shape shape)
{
    int64_t rank = shape.rank;
    return graph_constant(graph, arena_printf(graph->arena, "%s.%s", node->name, what), TYPE_INT64,
                          shape_of(1, &rank), arena_copy(graph->arena, shape.dim, sizeof shape.dim));
}

/* A new node in front of `node` that computes `op_type` of x. */
static struct node *put_before(struct graph *graph, const struct node *node, const char *op_type,
                               struct tensor *x, struct tensor *list)
{
    struct node *made = graph_node(graph, position(graph, node),
                                   arena_printf(graph->arena, "%s.%s", node->name, op_type), op_type, 2, 1);
    become(graph, made, op_type, x, list);
    made->output[0] =
        graph_tensor(graph, arena_printf(graph->arena, "%s.%s", node->output[0]->name, op_type));
    return made;
}

static void restore(struct graph *graph, const struct shuffle *shuffle)
{
    struct node *node = shuffle->node;
    struct tensor *x = node->input[0];
    struct shape whole = x->shape,
                 split = {.rank = whole.rank + 1, .dim = {whole.dim[0], shuffle->groups, shuffle->each}};
    int64_t perm[MAX_RANK] = {0, 2, 1};
    for (int a = 3; a < split.rank; a++) {
        split.dim[a] = whole.dim[a - 1];
        perm[a] = a;
    }
    struct node *first = put_before(graph, node, "Reshape", x, list_of(graph, node, "groups", split));
    node_infer(graph, first);
    struct node *transpose = put_before(graph, node, "Transpose", first->output[0], NULL);
    node_set_attribute(graph, transpose,
                       (struct attribute){.name = "perm",
                                          .kind = ATTRIBUTE_INTS,
                                          .count = split.rank,
                                          .ints = arena_copy(graph->arena, perm, sizeof perm)});
    node_infer(graph, transpose);
    become(graph, node, "Reshape", transpose->output[0], list_of(graph, node, "shape", whole));
    node_infer(graph, node);
}

void shuffles_restore(struct graph *graph, const struct shuffles *shuffles)
{
    for (int i = 0; shuffles && i < shuffles->count; i++) {
        const struct shuffle *shuffle = &shuffles->item[i];
        int64_t count = shuffle->groups * shuffle->each,
                *from = shuffled(graph->arena, shuffle->groups, shuffle->each);
        const struct node *node = shuffle->node;
        if (position(graph, node) < graph->node_count && is(node, "Gather") &&
            node->input[0]->shape.dim[1] == count && shape_size(node->input[1]->shape) == count &&
            !memcmp(node->input[1]->data, from, (size_t)count * sizeof *from))
            restore(graph, shuffle);
    }
    graph_sweep(graph);
}
