/* sequence.c -- sequences of known length, and optional values of which is known whether they are there: lists of tensors while shapes are inferred, of which nothing is left afterwards. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <string.h>

static struct tensor **new_items(struct graph *graph, int count)
{
    return arena_array(graph->arena, (size_t)count + 1, sizeof(struct tensor *));
}

/* The node's result is this list. */
static void become(struct graph *graph, struct node *node, int count, struct tensor **item)
{
    if (!node_output(node, 0))
        node_fail(node, "output 0 is missing");
    struct sequence *sequence = arena_alloc(graph->arena, sizeof *sequence);
    *sequence = (struct sequence){count, item};
    node->output[0]->sequence = sequence;
}

static const struct sequence *sequence_of(const struct node *node)
{
    const struct tensor *tensor = node_input(node, 0);
    if (!tensor || !tensor->sequence)
        node_fail(node, "input 0 is no sequence");
    return tensor->sequence;
}

static void settle_empty(struct graph *graph, struct node *node)
{
    become(graph, node, 0, NULL);
}

static void settle_construct(struct graph *graph, struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (!node->input[i] || node->input[i]->sequence)
            node_fail(node, "input %d is no tensor", i);
    become(graph, node, node->input_count, node->input);
}

/* Position input `i`, which counts from the end when it is negative, among `count`; the last but `absent` when it is absent. */
static int position_of(const struct node *node, int i, int count, int absent)
{
    const struct tensor *position = constant_input(node, i, "position");
    if (!position)
        return absent;
    if (shape_size(position->shape) != 1)
        node_fail(node, "position is no single number");
    const int64_t value = tensor_int(position, 0), at = value < 0 ? value + count : value;
    if (at < 0 || at >= count)
        node_fail(node, "position %lld is out of range for %d", (long long)value, count);
    return (int)at;
}

static void settle_insert(struct graph *graph, struct node *node)
{
    const struct sequence *from = sequence_of(node);
    if (!node_input(node, 1) || node->input[1]->sequence)
        node_fail(node, "input 1 is no tensor");
    /* One more place than there are tensors; -1 is before the last of these. */
    const struct tensor *position = constant_input(node, 2, "position");
    int at = from->count;
    if (position && (shape_size(position->shape) != 1 || tensor_int(position, 0) != from->count))
        at = position_of(node, 2, from->count, 0);
    struct tensor **item = new_items(graph, from->count + 1);
    for (int i = 0; i <= from->count; i++)
        item[i] = i == at ? node->input[1] : from->item[i - (i > at)];
    become(graph, node, from->count + 1, item);
}

static void settle_erase(struct graph *graph, struct node *node)
{
    const struct sequence *from = sequence_of(node);
    const int at = position_of(node, 1, from->count, from->count - 1);
    if (at < 0)
        node_fail(node, "the sequence is empty");
    struct tensor **item = new_items(graph, from->count);
    for (int i = 0; i + 1 < from->count; i++)
        item[i] = from->item[i + (i >= at)];
    become(graph, node, from->count - 1, item);
}

struct tensor *item_of(const struct node *node, const struct sequence *sequence, int i)
{
    if (!sequence->item[i])
        node_fail(node, "element %d of the sequence has a size that is computed at run time", i);
    return sequence->item[i];
}

static void settle_at(struct graph *graph, struct node *node)
{
    const struct sequence *sequence = sequence_of(node);
    if (!node_input(node, 1))
        node_fail(node, "input 1, the position, is missing");
    settle_as_identity(graph, node, item_of(node, sequence, position_of(node, 1, sequence->count, 0)));
}

static void settle_length(struct graph *graph, struct node *node)
{
    const int64_t length = sequence_of(node)->count;
    settle_as_identity(graph, node, integers_constant(graph, node, "length", TYPE_INT64, -1, &length));
}

static void settle_concat(struct graph *graph, struct node *node)
{
    const struct sequence *sequence = sequence_of(node);
    const bool is_new = node_int(node, "new_axis", 0) != 0;
    if (!node_attribute(node, "axis") || !sequence->count)
        node_fail(node, sequence->count ? "attribute axis is missing" : "the sequence is empty");
    const int64_t axis = node_int(node, "axis", 0);
    struct tensor **item = new_items(graph, sequence->count);
    for (int i = 0; i < sequence->count; i++) {
        item[i] = item_of(node, sequence, i);
        if (is_new)
            item[i] = combined(graph, node, "Unsqueeze", item[i],
                               integers_constant(graph, node, "axis", TYPE_INT64, 1, &axis));
    }
    struct tensor *joined = node_before(graph, node, "", "Concat", sequence->count, item);
    set_int(graph, joined->producer, "axis", axis);
    settle_as_identity(graph, node, joined);
}

/* Sizes of the parts along an axis of `size` elements; -1 where run time says them. */
static int64_t *part_sizes(struct graph *graph, const struct node *node, int64_t size, int *count)
{
    const struct tensor *split = node_input(node, 1);
    const bool is_list = split && split->shape.rank == 1;
    if (split && split->shape.rank > 1)
        node_fail(node, "split has rank %d, expected a scalar or a vector", split->shape.rank);
    if (!is_list)
        constant_input(node, 1, "split");
    const bool is_open = is_list && !tensor_is_constant(split);
    const int64_t chunk = split && !is_list ? tensor_int(split, 0) : 1;
    if (chunk < 1)
        node_fail(node, "split is %lld", (long long)chunk);
    const int64_t parts = is_list ? split->shape.dim[0] : size / chunk + (size % chunk != 0);
    if (parts > 1 << 16)
        node_fail(node, "it gives %lld tensors but at most %d are supported", (long long)parts, 1 << 16);
    int64_t *sizes = arena_array(graph->arena, (size_t)parts + 1, sizeof *sizes), rest = size;
    for (int64_t i = 0; i < parts; i++) {
        sizes[i] = is_open ? -1 : is_list ? tensor_int(split, i) : chunk < rest ? chunk : rest;
        if (!is_open && (sizes[i] < 0 || sizes[i] > rest))
            node_fail(node, "part %lld has %lld elements but %lld are left", (long long)i, (long long)sizes[i],
                      (long long)rest);
        rest -= is_open ? 0 : sizes[i];
    }
    if (!is_open && rest)
        node_fail(node, "the parts leave %lld of %lld elements over", (long long)rest, (long long)size);
    *count = (int)parts;
    return sizes;
}

static void settle_split(struct graph *graph, struct node *node)
{
    if (node->settling) { /* the parts are there, and their shapes known */
        node->output[0]->sequence = node->settling;
        return;
    }
    const struct tensor *x = node_input(node, 0);
    if (!x || x->sequence)
        node_fail(node, "input 0 is no tensor");
    const int64_t axis = node_axis(node, 0);
    int count;
    int64_t *sizes = part_sizes(graph, node, x->shape.dim[axis], &count), start = 0;
    struct tensor **item = new_items(graph, count);
    for (int i = 0; i < count && sizes[i] >= 0; i++, start += sizes[i - 1]) {
        const int64_t end = start + sizes[i];
        struct tensor *input[] = {node->input[0], integers_constant(graph, node, "start", TYPE_INT64, 1, &start),
                                  integers_constant(graph, node, "end", TYPE_INT64, 1, &end),
                                  integers_constant(graph, node, "axis", TYPE_INT64, 1, &axis)};
        item[i] = node_before(graph, node, "", "Slice", 4, input);
        if (!node_input(node, 1) && !node_int(node, "keepdims", 1))
            item[i] = combined(graph, node, "Squeeze", item[i], input[3]);
    }
    become(graph, node, count, item);
    node->settling = (void *)node->output[0]->sequence;
}

/* ---- optional values: what they hold, or this ---- */

static const struct sequence nothing;

static void settle_optional(struct graph *graph, struct node *node)
{
    struct tensor *x = node_input(node, 0);
    if (!x && node_output(node, 0))
        node->output[0]->sequence = &nothing;
    else if (x && x->sequence)
        node->output[0]->sequence = x->sequence;
    else if (x)
        settle_as_identity(graph, node, x);
}

static void settle_get(struct graph *graph, struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    if (!x || x->sequence == &nothing)
        node_fail(node, "the optional value is not there");
    settle_optional(graph, node);
}

static void settle_has(struct graph *graph, struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    uint8_t *has = arena_alloc(graph->arena, sizeof *has);
    *has = x && x->sequence != &nothing;
    settle_as_identity(graph, node, graph_constant(graph, arena_printf(graph->arena, "%s.has", node->name), TYPE_BOOL, (struct shape){0}, has));
}

#define ROW(name, since, least, most, names, hook)                                                                  \
    {                                                                                                                \
        .type = name, .domain = "", .since_version = since, .min_inputs = least, .max_inputs = most,                 \
        .max_outputs = 1, .attributes = names, .settle = hook, .sequences = true                                     \
    }

/* Without `infer`: `settle` leaves nothing of them. */
const struct op sequence_rows[] = {
    ROW("ConcatFromSequence", 11, 1, 1, "axis new_axis ", settle_concat),
    ROW("Optional", 15, 0, 1, "type ", settle_optional),
    ROW("OptionalGetElement", 18, 1, 1, NULL, settle_get),
    ROW("OptionalHasElement", 18, 0, 1, NULL, settle_has),
    ROW("SequenceAt", 11, 2, 2, NULL, settle_at),
    ROW("SequenceConstruct", 11, 1, -1, NULL, settle_construct),
    ROW("SequenceEmpty", 11, 0, 0, "dtype ", settle_empty),
    ROW("SequenceErase", 11, 1, 2, NULL, settle_erase),
    ROW("SequenceInsert", 11, 2, 3, NULL, settle_insert),
    ROW("SequenceLength", 11, 1, 1, NULL, settle_length),
    ROW("SplitToSequence", 11, 1, 2, "axis keepdims ", settle_split),
    {.type = NULL},
};
