/* known.c -- which slices hold one value only, from the constants forwards. */
/* SPDX-License-Identifier: MIT */
#include "known.h"

#include "rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MAX_OPERANDS = 256 };

double known_slice(const struct known *known, const struct tensor *tensor, int axis, int64_t index)
{
    int64_t slice = couples_slice(known->couples, tensor, axis, index);
    return slice ? known->value[slice] : (double)NAN;
}

double known_tensor(const struct tensor *tensor)
{
    if (!tensor_is_constant(tensor) || !shape_size(tensor->shape))
        return (double)NAN;
    int64_t size = shape_size(tensor->shape);
    double first = tensor_double(tensor, 0);
    for (int64_t i = 1; i < size; i++)
        if (tensor_double(tensor, i) != first)
            return (double)NAN;
    return first;
}

/* ---- constants ---- */

/* All elements within `threshold` of 0 count as 0; else they must be equal. */
static double slice_of_constant(const struct tensor *tensor, int axis, int64_t index, double threshold)
{
    int64_t inner = 1, length = tensor->shape.dim[axis];
    for (int a = axis + 1; a < tensor->shape.rank; a++)
        inner *= tensor->shape.dim[a];
    int64_t outer = shape_size(tensor->shape) / (length * inner);
    double first = tensor_double(tensor, index * inner);
    bool small = true, equal = true;
    for (int64_t i = 0; i < outer && (small || equal); i++)
        for (int64_t k = 0; k < inner && (small || equal); k++) {
            double element = tensor_double(tensor, (i * length + index) * inner + k);
            small &= fabs(element) <= threshold;
            equal &= element == first;
        }
    return small ? 0 : equal ? first : (double)NAN;
}

static bool is_free(const struct couples *couples, const struct tensor *tensor, int axis)
{
    if (!couples_follows(couples, tensor, axis))
        return false;
    for (int64_t i = 0; i < tensor->shape.dim[axis]; i++)
        if (couples_root(couples, tensor, axis, i))
            return true;
    return false;
}

static void know_constant(struct known *known, const struct tensor *tensor, double threshold)
{
    for (int axis = 0; axis < tensor->shape.rank; axis++)
        if (shape_size(tensor->shape) && is_free(known->couples, tensor, axis))
            for (int64_t i = 0; i < tensor->shape.dim[axis]; i++)
                known->value[couples_slice(known->couples, tensor, axis, i)] =
                    slice_of_constant(tensor, axis, i, threshold);
}

/* ---- the whole graph ---- */

static void know_output(struct known *known, const struct node *node, int output)
{
    const struct tensor *y = node->output[output];
    for (int axis = 0; axis < y->shape.rank; axis++) {
        if (!is_free(known->couples, y, axis))
            continue;
        double *value = &known->value[couples_slice(known->couples, y, axis, 0)];
        node->op->constant(node, known, output, axis, value);
        for (int64_t i = 0; i < y->shape.dim[axis]; i++)
            if (!isfinite(value[i]))
                value[i] = (double)NAN;
    }
}

struct known *known_find(const struct couples *couples, double zero_threshold)
{
    const struct graph *graph = couples->graph;
    struct known *known = arena_alloc(couples->arena, sizeof *known);
    *known =
        (struct known){couples, arena_array(couples->arena, (size_t)couples->slice_count, sizeof(double))};
    for (int64_t i = 0; i < couples->slice_count; i++)
        known->value[i] = (double)NAN;
    bool *weights = arena_array(couples->arena, (size_t)graph->tensor_count, sizeof *weights);
    for (int n = 0; n < graph->node_count; n++) {
        const struct tensor *input = node_input(graph->node[n], 1);
        if (graph->node[n]->op->macs && input)
            weights[input->id] = true;
    }
    for (int t = 0; t < graph->tensor_count; t++)
        if (tensor_is_constant(graph->tensor[t]) && type_is_float(graph->tensor[t]->type))
            know_constant(known, graph->tensor[t], weights[t] ? zero_threshold : 0);
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->node[n]->output_count; k++) {
            const struct tensor *y = graph->node[n]->output[k];
            if (y && graph->node[n]->op->constant && type_is_float(y->type))
                know_output(known, graph->node[n], k);
        }
    return known;
}

/* ---- hooks ---- */

/* The value of an operand where the output has index `index` along `axis`, broadcasting considered. */
static double operand_value(const struct known *known, const struct tensor *operand, int rank, int axis,
                            int64_t index)
{
    axis -= rank - operand->shape.rank;
    if (axis >= 0 && operand->shape.dim[axis] > 1)
        return known_slice(known, operand, axis, index);
    return known_tensor(operand);
}

void constant_elementwise(const struct node *node, const struct known *known, int output, int axis,
                          double value[])
{
    const bool product = !strcmp(node->op->type, "Mul");
    (void)output;
    const struct tensor *y = node->output[0];
    if (node->input_count > MAX_OPERANDS)
        return;
    for (int64_t i = 0; i < y->shape.dim[axis]; i++) {
        double x[MAX_OPERANDS] = {0};
        bool all = true, zero = false;
        for (int k = 0; k < node->input_count; k++)
            if (node->input[k]) {
                x[k] = operand_value(known, node->input[k], y->shape.rank, axis, i);
                all &= !isnan(x[k]);
                zero |= x[k] == 0;
            }
        if (product && zero)
            value[i] = 0;
        else if (all)
            value[i] = (double)(float)node->op->real(node, x);
    }
}

void constant_same(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    const struct tensor *x = node->input[0];
    int64_t length = node->output[output]->shape.dim[axis];
    if (output == 0 && axis < x->shape.rank && x->shape.dim[axis] == length)
        for (int64_t i = 0; i < length; i++)
            value[i] = known_slice(known, x, axis, i);
}

void constant_zero(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    constant_same(node, known, output, axis, value);
    for (int64_t i = 0; i < node->output[output]->shape.dim[axis]; i++)
        if (value[i] != 0)
            value[i] = (double)NAN;
}

/* One slice of the output gets what this piece copies into it: the same as other pieces did, or it is
 * unknown. */
static void merge(double *value, bool *met, double other)
{
    *value = *met && *value != other ? (double)NAN : other;
    *met = true;
}

void constant_moves(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    struct arena scratch = {0};
    struct moves moves = node_moves(&scratch, node);
    (void)output;
    bool *met = arena_array(&scratch, (size_t)node->output[0]->shape.dim[axis], sizeof *met);
    for (int m = 0; m < moves.count; m++) {
        const struct move *move = &moves.item[m];
        const struct tensor *x = move->input < 0 ? NULL : node->input[move->input];
        int from = -1;
        for (int a = 0; x && a < move->input_rank; a++)
            if (move->input_step[a] && move->input_axis[a] == axis)
                from = a;
        for (int64_t k = 0; k < move->count[axis]; k++) {
            int64_t i = move->output_start[axis] + k * move->output_step[axis];
            merge(&value[i], &met[i],
                  !x ? moves.fill
                  : from < 0
                      ? (double)NAN
                      : known_slice(known, x, from, move->input_start[from] + k * move->input_step[from]));
        }
    }
    arena_free(&scratch);
}

/* Sum over the inputs of what is known; NAN when an unknown input, or a constant one beside padding, is read.
 */
static double linear_value(const struct node *node, const struct known *known, const struct linear *linear,
                           int64_t g, int64_t m)
{
    const struct tensor *x = node->input[linear->data], *w = node->input[linear->weights];
    const float *matrix = w->data;
    int64_t inputs = linear->rows / linear->taps;
    double sum = 0;
    if (known_slice(known, w, linear->column_axis, g * linear->columns + m) == 0)
        return 0;
    for (int64_t s = 0; s < inputs; s++) {
        double data = known_slice(known, x, linear->data_axis, g * inputs + s), weights = 0;
        bool zero = true;
        for (int64_t t = 0; t < linear->taps && data != 0; t++) {
            double weight = (double)matrix[linear_at(linear, g, s * linear->taps + t, m)];
            zero &= weight == 0;
            weights += weight;
        }
        if (data == 0 || zero)
            continue;
        if (isnan(data) || linear->padded)
            return (double)NAN;
        sum += data * weights;
    }
    return sum;
}

void constant_linear(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    struct linear linear;
    (void)output;
    if (!node->op->linear(node, &linear) || axis != linear.output_axis)
        return;
    for (int64_t g = 0; g < linear.group; g++)
        for (int64_t m = 0; m < linear.columns; m++) {
            int64_t i = g * linear.columns + m;
            double bias = linear.biased ? tensor_double(node->input[linear.bias], i) : 0;
            value[i] = linear.scale * linear_value(node, known, &linear, g, m) + linear.bias_scale * bias;
        }
}
