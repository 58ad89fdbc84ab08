/* unique.c -- Unique: elements or slices without repetition. How many there are depends on their values: mednn.Unique counts
 * them in room for a number that the model declares. */
/* SPDX-License-Identifier: MIT */
#include "unique.h"

#include "rows.h"
#include "settle.h"

#include <string.h>

struct slices slices_of(const struct node *node)
{
    const struct shape x = node->input[0]->shape;
    if (!node_attribute(node, "axis"))
        return (struct slices){-1, 1, shape_size(x), 1};
    struct slices s = {node_axis(node, 0), 1, 1, 1};
    for (int a = 0; a < x.rank; a++)
        *(a < s.axis ? &s.outer : a == s.axis ? &s.count : &s.inner) *= x.dim[a];
    return s;
}

/* -1, 0 or 1; NaN is greater than any number and equal to itself. */
static int compare_elements(enum type type, const void *data, int64_t i, int64_t k)
{
    if (type_is_float(type)) {
        const double a = element_real(type, data, i), b = element_real(type, data, k);
        return a < b || (a == a && b != b) ? -1 : a > b || (a != a && b == b);
    }
    const int64_t a = element_integer(type, data, i), b = element_integer(type, data, k);
    if (type == TYPE_UINT64)
        return (uint64_t)a < (uint64_t)b ? -1 : (uint64_t)a > (uint64_t)b;
    return a < b ? -1 : a > b;
}

static int compare_slices(const struct slices *s, enum type type, const void *data, int64_t i, int64_t k)
{
    int order = 0;
    for (int64_t o = 0; !order && o < s->outer; o++)
        for (int64_t n = 0; !order && n < s->inner; n++)
            order = compare_elements(type, data, (o * s->count + i) * s->inner + n, (o * s->count + k) * s->inner + n);
    return order;
}

/* What is found: the first slice of every kind, in the order of the result; of every slice, its kind; how many of each. */
struct kinds {
    int64_t count, *first, *kind, *members;
};

/* Kinds by their first slices, found one by one, then brought into order. */
static struct kinds find_kinds(struct arena *arena, const struct node *node, const void *data)
{
    const struct slices s = slices_of(node);
    const enum type type = node->input[0]->type;
    const size_t room = (size_t)s.count + 1;
    const bool sorted = node_int(node, "sorted", 1) != 0;
    struct kinds kinds = {0, arena_array(arena, room, sizeof(int64_t)), arena_array(arena, room, sizeof(int64_t)),
                          arena_array(arena, room, sizeof(int64_t))};
    for (int64_t i = 0; i < s.count; i++) {
        int64_t k = 0;
        while (k < kinds.count && compare_slices(&s, type, data, i, kinds.first[k]))
            k++;
        if (k == kinds.count) {
            while (sorted && k > 0 && compare_slices(&s, type, data, i, kinds.first[k - 1]) < 0) {
                kinds.first[k] = kinds.first[k - 1];
                k--;
            }
            kinds.first[k] = i;
            kinds.count++;
        }
    }
    for (int64_t i = 0; i < s.count; i++)
        for (int64_t k = 0; k < kinds.count; k++)
            if (!compare_slices(&s, type, data, i, kinds.first[k])) {
                kinds.kind[i] = k;
                kinds.members[k]++;
            }
    return kinds;
}

/* y: slices in room for `capacity`; the others may be NULL. What is not found is 0. Returns how many there are. */
static int64_t write_kinds(const struct node *node, const void *data, int64_t capacity, void *y, int64_t *first,
                           int64_t *kind, int64_t *members)
{
    struct arena scratch = {0};
    const struct slices s = slices_of(node);
    const enum type type = node->input[0]->type;
    const struct kinds kinds = find_kinds(&scratch, node, data);
    for (int64_t k = 0; k < capacity; k++) {
        const bool found = k < kinds.count;
        for (int64_t o = 0; y && o < s.outer; o++)
            for (int64_t n = 0; n < s.inner; n++)
                if (found)
                    element_copy(type, y, (o * capacity + k) * s.inner + n, data,
                                 (o * s.count + kinds.first[k]) * s.inner + n);
                else
                    element_set_integer(type, y, (o * capacity + k) * s.inner + n, 0);
        if (first)
            first[k] = found ? kinds.first[k] : 0;
        if (members)
            members[k] = found ? kinds.members[k] : 0;
    }
    if (kind)
        memcpy(kind, kinds.kind, (size_t)s.count * sizeof *kind);
    arena_free(&scratch);
    return kinds.count;
}

/* Outputs from `k` on: slices, their first places, the kinds of all, how many of each. */
static void set_outputs(struct node *node, int k, int64_t count)
{
    const struct slices s = slices_of(node);
    struct shape y = s.axis < 0 ? (struct shape){.rank = 1} : node->input[0]->shape;
    y.dim[s.axis < 0 ? 0 : s.axis] = count;
    output_set(node, k, node->input[0]->type, y);
    output_set(node, k + 1, TYPE_INT64, (struct shape){.rank = 1, .dim = {count}});
    output_set(node, k + 2, TYPE_INT64, (struct shape){.rank = 1, .dim = {s.count}});
    output_set(node, k + 3, TYPE_INT64, (struct shape){.rank = 1, .dim = {count}});
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    set_outputs(node, 0, write_kinds(node, constant_input(node, 0, "X")->data, 0, NULL, NULL, NULL, NULL));
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct shape y = node->output[0]->shape;
    const int axis = slices_of(node).axis;
    void *at[4] = {NULL};
    for (int k = 0; k < node->output_count; k++)
        at[k] = node->output[k] ? output[k] : NULL;
    write_kinds(node, input[0], y.dim[axis < 0 ? 0 : axis], at[0], at[1], at[2], at[3]);
}

/* ---- with a capacity ---- */

/* Output k of the node becomes `result`, through an Identity before it. */
static void hand_on(struct graph *graph, struct node *node, int k, struct tensor *result)
{
    if (!node_output(node, k))
        return;
    struct tensor *passed = node_before(graph, node, "", "Identity", 1, &result);
    passed->producer->output[0] = node->output[k];
    node->output[k]->producer = passed->producer;
    node->output[k] = NULL;
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 0))
        return;
    const int axis = slices_of(node).axis;
    const struct shape y = settled_shape(graph, node, 0, "X", axis < 0 ? 1 : node->input[0]->shape.rank);
    const int64_t capacity = y.dim[axis < 0 ? 0 : axis];
    struct tensor *count = node_before(graph, node, "mednn", "Unique", 1, node->input), *result[5] = {count};
    struct node *counting = count->producer;
    counting->output = arena_array(graph->arena, 5, sizeof *counting->output);
    counting->output_count = 5;
    for (int k = 0; k < 5; k++) {
        if (k)
            result[k] = graph_tensor(graph, count->name);
        result[k]->producer = counting;
        counting->output[k] = result[k];
    }
    counting->attribute = node->attribute;
    counting->attribute_count = node->attribute_count;
    set_int(graph, counting, "capacity", capacity);
    require_count(graph, node, count, capacity);
    for (int k = 1; k < 4; k++)
        hand_on(graph, node, k, result[k + 1]);
    node->output_count = 1;
    settle_as_identity(graph, node, result[1]);
}

static void infer_counted(struct graph *graph, struct node *node)
{
    (void)graph;
    const int64_t capacity = node_int(node, "capacity", -1);
    if (capacity < 0)
        node_fail(node, "no capacity");
    output_set(node, 0, TYPE_INT64, (struct shape){0});
    set_outputs(node, 1, capacity);
}

static void evaluate_counted(const struct node *node, const void *const input[], void *const output[])
{
    *(int64_t *)output[0] =
        write_kinds(node, input[0], node_int(node, "capacity", 0), output[1], output[2], output[3], output[4]);
}

const struct op unique_rows[] = {
    {.type = "Unique",
     .domain = "",
     .since_version = 11,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 4,
     .attributes = "axis sorted ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate},
    {.type = "Unique",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 5,
     .attributes = "axis capacity sorted ",
     .infer = infer_counted,
     .evaluate = evaluate_counted},
    {.type = NULL},
};
