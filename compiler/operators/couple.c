/* couple.c -- union and find over slices, and the hooks that most operators share. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"

#include "rows.h"

#include <assert.h>
#include <string.h>

/* Longer axes are never channels; following them would cost memory that the model does not pay for. */
enum { MAX_LENGTH = 1 << 20, MAX_SLICES = 1 << 25 };

/* ---- slices ---- */

bool couples_follows(const struct couples *couples, const struct tensor *tensor, int axis)
{
    const struct graph *graph = couples->graph;
    return tensor->id < couples->tensor_count && graph->tensor[tensor->id] == tensor &&
           couples->base[tensor->id][axis] >= 0;
}

int64_t couples_slice(const struct couples *couples, const struct tensor *tensor, int axis, int64_t index)
{
    if (!couples_follows(couples, tensor, axis))
        return 0;
    assert(index >= 0 && index < tensor->shape.dim[axis]);
    return couples->base[tensor->id][axis] + index;
}

static int find(const struct couples *couples, int slice)
{
    int *parent = couples->parent;
    while (parent[slice] != slice) {
        parent[slice] = parent[parent[slice]];
        slice = parent[slice];
    }
    return slice;
}

int couples_root(const struct couples *couples, const struct tensor *tensor, int axis, int64_t index)
{
    return find(couples, (int)couples_slice(couples, tensor, axis, index));
}

/* The smaller number becomes the root: 0 wins always, and the result does not depend on the order of ties. */
static void unite(struct couples *couples, int a, int b)
{
    a = find(couples, a);
    b = find(couples, b);
    if (a < b)
        couples->parent[b] = a;
    else
        couples->parent[a] = b;
}

void couple_slices(struct couples *couples, const struct tensor *a, int axis_a, int64_t index_a,
                   const struct tensor *b, int axis_b, int64_t index_b)
{
    unite(couples, (int)couples_slice(couples, a, axis_a, index_a),
          (int)couples_slice(couples, b, axis_b, index_b));
}

void couple_axes(struct couples *couples, const struct tensor *a, int axis_a, const struct tensor *b,
                 int axis_b)
{
    int64_t length = a->shape.dim[axis_a];
    assert(length == b->shape.dim[axis_b]);
    for (int64_t i = 0; length <= MAX_LENGTH && i < length; i++)
        couple_slices(couples, a, axis_a, i, b, axis_b, i);
}

void couple_contracted(struct couples *couples, const struct node *node, int input_a, int axis_a, int input_b,
                       int axis_b)
{
    couple_axes(couples, node->input[input_a], axis_a, node->input[input_b], axis_b);
    struct contraction *contraction = arena_append(couples->arena, couples->contraction,
                                                   couples->contraction_count, couples->contraction_capacity);
    *contraction = (struct contraction){node, input_a, axis_a, input_b, axis_b};
}

void couple_packed(struct couples *couples, const struct tensor *a, int axis, const struct tensor *b,
                   int first, int last)
{
    struct packed *packed =
        arena_append(couples->arena, couples->packed, couples->packed_count, couples->packed_capacity);
    *packed = (struct packed){a, b, axis, first, last};
}

void couple_pin_slice(struct couples *couples, const struct tensor *tensor, int axis, int64_t index)
{
    unite(couples, 0, (int)couples_slice(couples, tensor, axis, index));
}

void couple_pin_axis(struct couples *couples, const struct tensor *tensor, int axis)
{
    if (couples_follows(couples, tensor, axis))
        for (int64_t i = 0; i < tensor->shape.dim[axis]; i++)
            couple_pin_slice(couples, tensor, axis, i);
}

void couple_pin(struct couples *couples, const struct tensor *tensor)
{
    for (int axis = 0; axis < tensor->shape.rank; axis++)
        couple_pin_axis(couples, tensor, axis);
}

void couple_pin_inputs(const struct node *node, int first, struct couples *couples)
{
    for (int i = first; i < node->input_count; i++)
        if (node->input[i])
            couple_pin(couples, node->input[i]);
}

void couple_pin_node(const struct node *node, struct couples *couples)
{
    couple_pin_inputs(node, 0, couples);
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k])
            couple_pin(couples, node->output[k]);
}

/* ---- the whole graph ---- */

static void number_slices(struct couples *couples)
{
    const struct graph *graph = couples->graph;
    couples->base = arena_array(couples->arena, (size_t)graph->tensor_count, sizeof *couples->base);
    couples->slice_count = 1;
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = graph->tensor[t];
        for (int axis = 0; axis < MAX_RANK; axis++) {
            int64_t length = tensor->shaped && axis < tensor->shape.rank ? tensor->shape.dim[axis] : 0;
            bool followed = length > 1 && length <= MAX_LENGTH && couples->slice_count + length <= MAX_SLICES;
            couples->base[t][axis] = followed ? couples->slice_count : -1;
            couples->slice_count += followed ? length : 0;
        }
    }
    couples->parent = arena_array(couples->arena, (size_t)couples->slice_count, sizeof *couples->parent);
    for (int i = 0; i < couples->slice_count; i++)
        couples->parent[i] = i;
}

/* What a subgraph reads of its surroundings. */
static void pin_captured(struct couples *couples, const struct node *node)
{
    for (int i = 0; i < node->attribute_count; i++) {
        const struct graph *inner = node->attribute[i].graph;
        for (int n = 0; inner && n < inner->node_count; n++) {
            for (int k = 0; k < inner->node[n]->input_count; k++) {
                const struct tensor *tensor = inner->node[n]->input[k];
                if (tensor && tensor->id < couples->graph->tensor_count &&
                    couples->graph->tensor[tensor->id] == tensor)
                    couple_pin(couples, tensor);
            }
            pin_captured(couples, inner->node[n]);
        }
    }
}

static bool is_pinned_axis(const struct couples *couples, const struct tensor *tensor, int axis)
{
    int64_t length = couples_follows(couples, tensor, axis) ? tensor->shape.dim[axis] : 0;
    for (int64_t i = 0; i < length; i++)
        if (couples_root(couples, tensor, axis, i))
            return false;
    return true;
}

/* Axis `chosen` of b moves in blocks of the packed axis; its fellows stay. */
static void choose_packed(struct couples *couples, const struct packed *packed)
{
    int chosen = couples_follows(couples, packed->a, packed->axis) ? packed->first : packed->last;
    while (chosen < packed->last && is_pinned_axis(couples, packed->b, chosen))
        chosen++;
    int64_t inner = 1, length = packed->a->shape.dim[packed->axis];
    for (int axis = packed->first; axis < packed->last; axis++)
        if (axis != chosen)
            couple_pin_axis(couples, packed->b, axis);
    for (int axis = chosen + 1; axis < packed->last; axis++)
        inner *= packed->b->shape.dim[axis];
    if (chosen == packed->last) {
        couple_pin_axis(couples, packed->a, packed->axis);
        return;
    }
    for (int64_t i = 0; i < length; i++)
        couple_slices(couples, packed->a, packed->axis, i, packed->b, chosen,
                      i / inner % packed->b->shape.dim[chosen]);
}

void couples_find(struct arena *arena, const struct graph *graph, struct couples *couples)
{
    *couples = (struct couples){.arena = arena, .graph = graph, .tensor_count = graph->tensor_count};
    number_slices(couples);
    for (int i = 0; i < graph->input_count; i++)
        couple_pin(couples, graph->input[i]);
    for (int i = 0; i < graph->output_count; i++)
        couple_pin(couples, graph->output[i]);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        assert(node->op && !node->epilogue.residual && !node->epilogue.activation);
        (node->op->couple ? node->op->couple : couple_pin_node)(node, couples);
        pin_captured(couples, node);
    }
    for (int i = 0; i < couples->packed_count; i++)
        choose_packed(couples, &couples->packed[i]);
}

/* ---- shared hooks ---- */

/* Does index i along `axis` of the output need index i along `input_axis` of the input and nothing else, for
 * all i? */
static bool reads_one_to_one(const struct node *node, int output, int axis, int input, int input_axis)
{
    struct shape y = node->output[output]->shape;
    if (y.dim[axis] != node->input[input]->shape.dim[input_axis] || y.dim[axis] > MAX_LENGTH)
        return false;
    struct region region = region_whole(y);
    for (int64_t i = 0; i < y.dim[axis]; i++) {
        region.axis[axis] = (struct range){i, i + 1};
        struct region reads = node_touches(node, input, output, region);
        if (!reads.some || reads.axis[input_axis].begin != i || reads.axis[input_axis].end != i + 1)
            return false;
    }
    return true;
}

/* Scale and bias go one to one with an axis that the operator reads whole. */
static bool is_normalised(const struct tensor *x, const struct tensor *y, int axis, const bool used[])
{
    return x && x->shape.rank == y->shape.rank && x->shape.dim[axis] == y->shape.dim[axis] && !used[axis];
}

void couple_reads(const struct node *node, struct couples *couples)
{
    bool used[2][64][MAX_RANK] = {{{false}}};
    if (node->input_count > 64 || node->output_count > 64) {
        couple_pin_node(node, couples);
        return;
    }
    for (int k = 0; k < node->output_count; k++)
        for (int b = 0; node->output[k] && b < node->output[k]->shape.rank; b++)
            for (int i = 0; i < node->input_count; i++)
                for (int a = 0; node->input[i] && a < node->input[i]->shape.rank; a++)
                    if (node->output[k]->shape.dim[b] > 1 && reads_one_to_one(node, k, b, i, a)) {
                        couple_axes(couples, node->output[k], b, node->input[i], a);
                        used[1][k][b] = used[0][i][a] = true;
                    }
    for (int i = 0; i < node->input_count; i++)
        for (int a = 0; node->input[i] && a < node->input[i]->shape.rank; a++)
            if (!used[0][i][a])
                couple_pin_axis(couples, node->input[i], a);
    for (int k = 0; k < node->output_count; k++)
        for (int b = 0; node->output[k] && b < node->output[k]->shape.rank; b++)
            if (!used[1][k][b] || is_normalised(node->input[0], node->output[k], b, used[0][0]))
                couple_pin_axis(couples, node->output[k], b);
}

static void couple_move(const struct node *node, const struct move *move, struct couples *couples)
{
    const struct tensor *y = node->output[0], *x = move->input < 0 ? NULL : node->input[move->input];
    for (int a = 0; x && a < move->input_rank; a++) {
        int b = move->input_axis[a];
        if (move->count[b] > MAX_LENGTH) {
            couple_pin_axis(couples, x, a);
            couple_pin_axis(couples, y, b);
            continue;
        }
        if (!move->input_step[a])
            couple_pin_slice(couples, x, a, move->input_start[a]);
        for (int64_t k = 0; move->input_step[a] && k < move->count[b]; k++)
            couple_slices(couples, x, a, move->input_start[a] + k * move->input_step[a], y, b,
                          move->output_start[b] + k * move->output_step[b]);
    }
}

void couple_moves(const struct node *node, struct couples *couples)
{
    struct arena scratch = {0};
    struct moves moves = node_moves(&scratch, node);
    for (int i = 0; i < moves.count; i++)
        couple_move(node, &moves.item[i], couples);
    if (!moves.count)
        couple_pin_node(node, couples);
    arena_free(&scratch);
}

/* ---- cuts ---- */

bool cut_keeps(const struct cut *cut, const struct tensor *tensor, int axis, int64_t index)
{
    return !cut->goes[couples_slice(cut->couples, tensor, axis, index)];
}

int64_t cut_count(const struct cut *cut, const struct tensor *tensor, int axis, int64_t begin, int64_t end)
{
    int64_t count = 0;
    for (int64_t i = begin; i < end; i++)
        count += cut_keeps(cut, tensor, axis, i);
    return count;
}

struct shape cut_shape(const struct cut *cut, const struct tensor *tensor)
{
    struct shape shape = tensor->shape;
    for (int axis = 0; axis < shape.rank; axis++)
        if (couples_follows(cut->couples, tensor, axis))
            shape.dim[axis] = cut_count(cut, tensor, axis, 0, shape.dim[axis]);
    return shape;
}

void cut_integers(struct graph *graph, struct node *node, int input, int count, const int64_t *values)
{
    const char *name = node_input(node, input) ? node->input[input]->name
                                               : arena_printf(graph->arena, "%s.%d", node->name, input);
    while (node->input_count <= input)
        node_add_input(graph, node, NULL);
    node->input[input] = graph_constant(graph, name, TYPE_INT64, (struct shape){.rank = 1, .dim = {count}},
                                        arena_copy(graph->arena, values, (size_t)count * sizeof *values));
}
