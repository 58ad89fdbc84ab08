/* settle.c -- constants in place of values that decide shapes, and the checks that go with them. */
/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include "rows.h"

#include <assert.h>
#include <string.h>

bool input_is_computed(const struct node *node, int i)
{
    const struct tensor *tensor = node_input(node, i);
    return tensor && !tensor_is_constant(tensor);
}

/* What the first element-wise node that reads the tensor makes of it: most likely of the same shape, and if not, the check at
 * run time says so. */
static const struct tensor *same_shape_result(const struct graph *graph, const struct tensor *tensor)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *reader = graph->node[n];
        if (!reader->op || !(reader->op->real || reader->op->integer || !strcmp(reader->op->type, "Cast")))
            continue;
        for (int i = 0; i < reader->input_count; i++)
            if (reader->input[i] == tensor)
                return reader->output[0];
    }
    return NULL;
}

bool declared_shape(const struct graph *graph, const struct node *node, int k, struct shape *shape)
{
    const struct tensor *tensor = node_output(node, k);
    for (int steps = 0; tensor && !tensor->is_declared && steps < graph->node_count; steps++)
        tensor = same_shape_result(graph, tensor);
    if (!tensor || !tensor->is_declared)
        return false;
    *shape = tensor->declared;
    return true;
}

noreturn void fail_undeclared(const struct node *node, int i, const char *what)
{
    node_fail(node,
              "%s ('%s') is computed at run time and the model does not declare the shape of the result; pin dynamic "
              "dimensions with --input-shape or --dim, or give the model a value_info",
              what, node->input[i]->name);
}

struct shape settled_shape(const struct graph *graph, const struct node *node, int i, const char *what, int rank)
{
    struct shape shape;
    if (!declared_shape(graph, node, 0, &shape))
        fail_undeclared(node, i, what);
    if (rank >= 0 && shape.rank != rank)
        node_fail(node, "the result is declared to have rank %d but has rank %d", shape.rank, rank);
    return shape;
}

/* ---- building ---- */

struct tensor *node_before(struct graph *graph, const struct node *node, const char *domain, const char *op_type,
                           int input_count, struct tensor *const input[])
{
    const char *name = arena_printf(graph->arena, "%s.%s", node->name, op_type);
    struct node *added = graph_node(graph, graph_position(graph, node), name, op_type, input_count, 1);
    added->domain = domain;
    added->op = op_find(domain, op_type, NEWEST_OPSET);
    assert(added->op);
    added->when = node->when;
    for (int i = 0; i < input_count; i++)
        added->input[i] = input[i];
    added->output[0] = graph_tensor(graph, name);
    added->output[0]->producer = added;
    return added->output[0];
}

struct tensor *combined(struct graph *graph, const struct node *node, const char *op_type, struct tensor *a, struct tensor *b)
{
    struct tensor *input[] = {a, b};
    return node_before(graph, node, "", op_type, b ? 2 : 1, input);
}

struct tensor *real_constant(struct graph *graph, const struct node *node, enum type type, double value)
{
    void *data = arena_alloc(graph->arena, type_size(type));
    element_set_real(type, data, 0, value);
    return graph_constant(graph, arena_printf(graph->arena, "%s.constant", node->name), type, (struct shape){0}, data);
}

void set_ints(struct graph *graph, struct node *node, const char *name, int count, const int64_t *values)
{
    node_set_attribute(graph, node,
                       (struct attribute){.name = name,
                                          .kind = ATTRIBUTE_INTS,
                                          .count = count,
                                          .ints = arena_copy(graph->arena, values, (size_t)count * sizeof *values)});
}

void set_int(struct graph *graph, struct node *node, const char *name, int64_t value)
{
    node_set_attribute(graph, node, (struct attribute){.name = name, .kind = ATTRIBUTE_INT, .i = value});
}

struct tensor *integers_constant(struct graph *graph, const struct node *node, const char *what, enum type type, int count,
                                 const int64_t *values)
{
    const int elements = count < 0 ? 1 : count;
    void *data = arena_array(graph->arena, (size_t)elements + 1, type_size(type));
    for (int i = 0; i < elements; i++)
        if (type_is_float(type))
            element_set_real(type, data, i, (double)values[i]);
        else
            element_set_integer(type, data, i, values[i]);
    const struct shape shape = {.rank = count >= 0, .dim = {elements}};
    return graph_constant(graph, arena_printf(graph->arena, "%s.%s", node->name, what), type, shape, data);
}

/* ---- checks ---- */

static const char *const kind_names[HOLDS_KINDS] = {"equal",  "at_most", "reshape", "reshape_zero",
                                                    "expand", "squeeze", "axes",    "range"};

struct holds holds_of(const struct node *node)
{
    const struct attribute *expected = node_attribute(node, "expected"), *from = node_attribute(node, "from");
    const char *kind = node_string(node, "kind", "equal");
    struct holds holds = {.kind = HOLDS_EQUAL, .from_count = from ? (int)from->count : 0};
    while (strcmp(kind, kind_names[holds.kind]))
        assert(holds.kind < HOLDS_RANGE), holds.kind++;
    assert(expected && expected->kind == ATTRIBUTE_INTS);
    holds.count = expected->count;
    holds.expected = expected->ints;
    holds.from = from ? from->ints : NULL;
    return holds;
}

static struct tensor *add_holds(struct graph *graph, const struct node *node, int inputs, struct tensor *const input[],
                                enum holds_kind kind, int count, const int64_t *expected, struct shape from)
{
    struct tensor *truth = node_before(graph, node, "mednn", "Holds", inputs, input);
    struct node *holds = truth->producer;
    node_set_attribute(graph, holds,
                       (struct attribute){.name = "kind", .kind = ATTRIBUTE_STRING, .s = kind_names[kind]});
    set_ints(graph, holds, "expected", count, expected);
    set_ints(graph, holds, "from", from.rank, from.dim);
    return truth;
}

struct tensor *value_holds(struct graph *graph, const struct node *node, struct tensor *value, enum holds_kind kind,
                           int count, const int64_t *expected, struct shape from)
{
    return add_holds(graph, node, 1, &value, kind, count, expected, from);
}

struct tensor *range_holds(struct graph *graph, const struct node *node, int64_t count)
{
    return add_holds(graph, node, 3, node->input, HOLDS_RANGE, 1, &count, (struct shape){0});
}

void require(struct graph *graph, const struct node *node, struct tensor *truth, const char *what, struct shape shape)
{
    struct tensor *input[] = {truth, node->when};
    struct node *added = node_before(graph, node, "mednn", "Require", node->when ? 2 : 1, input)->producer;
    const char *message = arena_printf(graph->arena, "%s '%s': %s %s, which the program was compiled for", node->op_type,
                                       node->name, what, shape_string(graph->arena, shape));
    added->checks = true;
    added->when = NULL;
    node_set_attribute(graph, added,
                       (struct attribute){.name = "message", .kind = ATTRIBUTE_STRING, .s = message});
}

void settle_input(struct graph *graph, struct node *node, int i, const char *what, enum holds_kind kind, int count,
                  const int64_t *expected, struct shape from)
{
    struct tensor *value = node->input[i];
    const struct shape shape = value->shape;
    if (shape_size(shape) != count)
        node_fail(node, "%s has %lld elements but the declared shape of the result asks for %d", what,
                  (long long)shape_size(shape), count);
    require(graph, node, value_holds(graph, node, value, kind, count, expected, from),
            arena_printf(graph->arena, "%s would not mean", what), shape_of(count < MAX_RANK ? count : MAX_RANK, expected));
    node->input[i] = integers_constant(graph, node, what, value->type, shape.rank ? count : -1, expected);
}

void settle_as_identity(struct graph *graph, struct node *node, struct tensor *result)
{
    node->domain = "";
    node->op_type = "Identity";
    node->op = op_find("", "Identity", NEWEST_OPSET);
    node->input = arena_array(graph->arena, 1, sizeof *node->input);
    node->input[0] = result;
    node->input_count = 1;
    node->attribute_count = 0;
}

void settle_outputs(struct graph *graph, struct node *node, struct tensor *const result[])
{
    for (int k = 1; k < node->output_count; k++)
        if (node->output[k]) {
            struct node *giver = combined(graph, node, "Identity", result[k], NULL)->producer;
            giver->output[0] = node->output[k];
            giver->output[0]->producer = giver;
        }
    node->output_count = 1;
    settle_as_identity(graph, node, result[0]);
}

void settle_result(struct graph *graph, struct node *node, struct tensor *result, struct shape y)
{
    if (!shape_size(y))
        result = graph_constant(graph, arena_printf(graph->arena, "%s.empty", node->name), result->type, y,
                                arena_alloc(graph->arena, 1));
    settle_as_identity(graph, node, result);
}

/* A first output, before the one that a node of ours has: never empty, so that some device computes the node. */
static struct tensor *add_first_output(struct graph *graph, struct node *node, const char *what)
{
    struct tensor *added = graph_tensor(graph, arena_printf(graph->arena, "%s.%s", node->name, what));
    struct tensor **output = arena_array(graph->arena, 2, sizeof *output);
    output[0] = added;
    output[1] = node->output[0];
    node->output = output;
    node->output_count = 2;
    added->producer = node;
    return added;
}

struct tensor *settle_axis(struct graph *graph, struct node *node, const char *op_type, int axis, int64_t count,
                           const char *what, struct shape y)
{
    const struct shape x = node->input[0]->shape;
    struct tensor *indices = node_before(graph, node, "mednn", op_type, node->input_count - 1, node->input + 1);
    struct node *chooses = indices->producer;
    set_int(graph, chooses, "axis", axis);
    set_int(graph, chooses, "rank", x.rank);
    set_int(graph, chooses, "size", x.dim[axis]);
    set_int(graph, chooses, "count", count);
    require(graph, node, add_first_output(graph, chooses, "fits"), what, y);
    struct tensor *input[] = {node->input[0], indices};
    struct tensor *gathered = node_before(graph, node, "", "Gather", 2, input);
    set_int(graph, gathered->producer, "axis", axis);
    gathered->type = node->input[0]->type;
    gathered->shape = x;
    gathered->shape.dim[axis] = count;
    node->input[0] = gathered;
    return indices;
}

/* Does anything but the caller read the result? */
static bool is_read_inside(const struct graph *graph, const struct tensor *tensor)
{
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n]->input_count; i++)
            if (graph->node[n]->input[i] == tensor)
                return true;
    return !graph_is_output(graph, tensor);
}

void require_count(struct graph *graph, const struct node *node, struct tensor *count, int64_t capacity)
{
    const bool exact = is_read_inside(graph, node->output[0]);
    require(graph, node,
            value_holds(graph, node, count, exact ? HOLDS_EQUAL : HOLDS_AT_MOST, 1, &capacity, (struct shape){0}),
            exact ? "the number of results is not" : "the number of results is more than", shape_of(1, &capacity));
}

void settle_count(struct graph *graph, struct node *node, const char *op_type, int64_t capacity)
{
    struct tensor *result = node_before(graph, node, "mednn", op_type, node->input_count, node->input);
    struct node *counting = result->producer;
    struct tensor *count = add_first_output(graph, counting, "count");
    counting->attribute = node->attribute;
    counting->attribute_count = node->attribute_count;
    set_int(graph, counting, "capacity", capacity);
    require_count(graph, node, count, capacity);
    settle_as_identity(graph, node, result);
}
