/* mel_weight_matrix.c -- MelWeightMatrix, written out: triangles over the bins of a spectrum, evenly wide on the mel scale. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>

enum { MEL_BINS, DFT_LENGTH, SAMPLE_RATE, LOWER_EDGE, UPPER_EDGE };

/* A node that is being written out, in double precision. */
struct mel {
    struct graph *graph;
    struct node *node;
    int64_t bins, spectrum; /* columns and rows of the result */
};

static struct tensor *f(const struct mel *mel, const char *op_type, struct tensor *a, struct tensor *b)
{
    return combined(mel->graph, mel->node, op_type, a, b);
}

static struct tensor *number(const struct mel *mel, double value)
{
    return real_constant(mel->graph, mel->node, TYPE_DOUBLE, value);
}

static struct tensor *as_double(const struct mel *mel, int input)
{
    struct tensor *cast = f(mel, "Cast", mel->node->input[input], NULL);
    set_int(mel->graph, cast->producer, "to", TYPE_DOUBLE);
    return cast;
}

/* first, first + 1, ... as a column or a row. */
static struct tensor *count_up(const struct mel *mel, int64_t first, int64_t count, bool row)
{
    int64_t *values = arena_array(mel->graph->arena, (size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = first + i;
    struct tensor *tensor = integers_constant(mel->graph, mel->node, "numbers", TYPE_DOUBLE, (int)count, values);
    tensor->shape = row ? shape_of(2, (const int64_t[]){1, count}) : shape_of(2, (const int64_t[]){count, 1});
    return tensor;
}

/* 2595 log10(1 + hertz / 700) */
static struct tensor *to_mel(const struct mel *mel, struct tensor *hertz)
{
    struct tensor *ratio = f(mel, "Add", number(mel, 1), f(mel, "Div", hertz, number(mel, 700)));
    return f(mel, "Mul", number(mel, 2595 / log(10)), f(mel, "Log", ratio, NULL));
}

/* The bins of the spectrum in which the triangles' corners number first, first + 1, ... lie. */
static struct tensor *corners(const struct mel *mel, int64_t first)
{
    struct tensor *low = to_mel(mel, as_double(mel, LOWER_EDGE)), *high = to_mel(mel, as_double(mel, UPPER_EDGE));
    struct tensor *step = f(mel, "Div", f(mel, "Sub", high, low), number(mel, (double)(mel->bins + 2)));
    struct tensor *at = f(mel, "Add", f(mel, "Mul", count_up(mel, first, mel->bins, true), step), low);
    struct tensor *power = f(mel, "Exp", f(mel, "Mul", at, number(mel, log(10) / 2595)), NULL);
    struct tensor *hertz = f(mel, "Mul", number(mel, 700), f(mel, "Sub", power, number(mel, 1)));
    struct tensor *scale = f(mel, "Add", as_double(mel, DFT_LENGTH), number(mel, 1));
    return f(mel, "Floor", f(mel, "Div", f(mel, "Mul", scale, hertz), as_double(mel, SAMPLE_RATE)), NULL);
}

/* (a - b) / max(whole, 1): a side of the triangles. */
static struct tensor *side(const struct mel *mel, struct tensor *a, struct tensor *b, struct tensor *end, struct tensor *begin)
{
    return f(mel, "Div", f(mel, "Sub", a, b), f(mel, "Max", f(mel, "Sub", end, begin), number(mel, 1)));
}

static int64_t given(const struct node *node, int i, const char *what, int64_t least)
{
    const int64_t value = tensor_int(node->input[i], 0);
    if (value < least || value > 1 << 24)
        node_fail(node, "%s is %" PRId64, what, value);
    return value;
}

/* Sizes that are computed follow from the declared shape: the spectrum of an even number of samples. */
static void settle(struct graph *graph, struct node *node)
{
    static const char *const names[] = {"num_mel_bins", "dft_length"};
    const int64_t type = node_int(node, "output_datatype", TYPE_FLOAT);
    struct mel mel = {.graph = graph, .node = node};
    if (type < 0 || type > TYPE_BFLOAT16 || !(TYPES_NUMBER & TYPE_BIT(type)))
        node_fail(node, "output_datatype %" PRId64 " is no type of numbers", type);
    for (int i = 0; i <= UPPER_EDGE; i++)
        if (shape_size(node->input[i]->shape) != 1)
            node_fail(node, "input %d is no scalar", i);
    for (int i = MEL_BINS; i <= DFT_LENGTH; i++)
        if (input_is_computed(node, i)) {
            const struct shape y = settled_shape(graph, node, i, names[i], 2);
            const int64_t expected = i == MEL_BINS ? y.dim[1] : 2 * (y.dim[0] - 1);
            settle_input(graph, node, i, names[i], HOLDS_EQUAL, 1, &expected, (struct shape){0});
        }
    mel.bins = given(node, MEL_BINS, names[MEL_BINS], 1);
    mel.spectrum = given(node, DFT_LENGTH, names[DFT_LENGTH], 0) / 2 + 1;
    struct tensor *at = count_up(&mel, 0, mel.spectrum, false), *low = corners(&mel, 0), *middle = corners(&mel, 1),
                  *high = corners(&mel, 2);
    struct tensor *sides = f(&mel, "Min", side(&mel, at, low, middle, low), side(&mel, high, at, high, middle));
    struct tensor *choice[] = {f(&mel, "Equal", at, middle), number(&mel, 1), f(&mel, "Max", sides, number(&mel, 0))};
    struct tensor *result = f(&mel, "Cast", node_before(graph, node, "", "Where", 3, choice), NULL);
    set_int(graph, result->producer, "to", type);
    settle_as_identity(graph, node, result);
}

const struct op mel_weight_matrix_rows[] = {
    {.type = "MelWeightMatrix",
     .domain = "",
     .since_version = 17,
     .min_inputs = 5,
     .max_inputs = 5,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64),
     .attributes = "output_datatype ",
     .settle = settle},
    {.type = NULL},
};
