/* random.c -- random numbers: made when the model is compiled, the same in every inference.
 *
 * ONNX leaves the values open. They follow from the attribute seed, or where there is none from the node's name, so that programs
 * stay deterministic. Bernoulli and Multinomial are written out: they compare computed probabilities with such numbers. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- the generator: splitmix64 (Steele, Lea and Flood, OOPSLA 2014) ---- */

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t seed_of(const struct node *node)
{
    uint64_t state = 0;
    const float given = node_float(node, "seed", 0);
    if (node_attribute(node, "seed")) {
        uint32_t bits;
        memcpy(&bits, &given, sizeof bits);
        return bits;
    }
    for (const char *c = node->name; *c; c++) {
        state ^= (unsigned char)*c;
        random_next(&state);
    }
    return state;
}

/* In [0, 1), with the 24 bits of a float: it stays below 1 in every type but the halves. */
static double uniform(uint64_t *state)
{
    return (double)(random_next(state) >> 40) * 0x1p-24;
}

/* By Box and Muller's transform. */
static double normal(uint64_t *state)
{
    const double radius = sqrt(-2 * log(1 - uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

/* ---- RandomNormal, RandomUniform and those like a tensor ---- */

static enum type output_type(const struct node *node, enum type otherwise, unsigned types)
{
    const int64_t type = node_int(node, "dtype", (int64_t)otherwise);
    if (type < 0 || type > TYPE_BFLOAT16 || !(types & TYPE_BIT(type)))
        node_fail(node, "dtype %" PRId64 " is no type of its results", type);
    return (enum type)type;
}

static void infer(struct graph *graph, struct node *node)
{
    const struct attribute *shape = node_attribute(node, "shape");
    (void)graph;
    if (node->input_count) {
        output_set(node, 0, output_type(node, node->input[0]->type, TYPES_FLOAT), node->input[0]->shape);
        return;
    }
    if (!shape || shape->kind != ATTRIBUTE_INTS || shape->count > MAX_RANK)
        node_fail(node, "attribute shape, a list of at most %d numbers, is missing", MAX_RANK);
    for (int64_t i = 0; i < shape->count; i++)
        if (shape->ints[i] < 0)
            node_fail(node, "shape has %" PRId64, shape->ints[i]);
    output_set(node, 0, output_type(node, TYPE_FLOAT, TYPES_FLOAT), shape_of((int)shape->count, shape->ints));
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *y = node->output[0];
    const bool is_normal = !strncmp(node->op->type, "RandomNormal", 12);
    const double from = (double)node_float(node, is_normal ? "mean" : "low", 0);
    const double scale = is_normal ? (double)node_float(node, "scale", 1) : (double)node_float(node, "high", 1) - from;
    const int64_t size = shape_size(y->shape);
    uint64_t state = seed_of(node);
    (void)input;
    for (int64_t i = 0; i < size; i++)
        element_set_real(y->type, output[0], i, from + scale * (is_normal ? normal(&state) : uniform(&state)));
}

/* ---- Bernoulli and Multinomial ---- */

static void become_cast(struct graph *graph, struct node *node, struct tensor *result, enum type type)
{
    settle_as_identity(graph, node, result);
    node->op_type = "Cast";
    node->op = op_find("", "Cast", NEWEST_OPSET);
    set_int(graph, node, "to", (int64_t)type);
}

/* uniform < probability */
static void settle_bernoulli(struct graph *graph, struct node *node)
{
    struct tensor *x = node->input[0], *numbers = combined(graph, node, "RandomUniformLike", x, NULL);
    const enum type type = output_type(node, x->type, TYPES_NUMBER | TYPES_BOOL);
    if (node_attribute(node, "seed"))
        node_set_attribute(graph, numbers->producer, *node_attribute(node, "seed"));
    become_cast(graph, node, combined(graph, node, "Less", numbers, x), type);
}

/* The largest of logarithms of probabilities plus Gumbel's noise is drawn with those probabilities. */
static void settle_multinomial(struct graph *graph, struct node *node)
{
    struct tensor *x = node->input[0];
    const int64_t samples = node_int(node, "sample_size", 1), axis = 1;
    const enum type type = output_type(node, TYPE_INT32, TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64));
    if (x->shape.rank != 2 || samples < 1 || samples > 1 << 20)
        node_fail(node, "the input has rank %d, expected 2, and sample_size is %" PRId64, x->shape.rank, samples);
    const int64_t dim[] = {x->shape.dim[0], samples, x->shape.dim[1]};
    const struct shape shape = shape_of(3, dim);
    const int64_t size = shape_size(shape);
    void *data = arena_array(graph->arena, (size_t)size + 1, type_size(x->type));
    uint64_t state = seed_of(node);
    for (int64_t i = 0; i < size; i++)
        element_set_real(x->type, data, i, -log(-log(uniform(&state) + 0x1p-25)));
    struct tensor *noise = graph_constant(graph, arena_printf(graph->arena, "%s.noise", node->name), x->type, shape, data);
    struct tensor *apart = combined(graph, node, "Unsqueeze", x, integers_constant(graph, node, "axis", TYPE_INT64, 1, &axis));
    struct tensor *drawn = combined(graph, node, "ArgMax", combined(graph, node, "Add", apart, noise), NULL);
    set_int(graph, drawn->producer, "axis", 2);
    set_int(graph, drawn->producer, "keepdims", 0);
    become_cast(graph, node, drawn, type);
}

#define RANDOM(name, inputs, names, alike)                                                                  \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 1, .min_inputs = inputs, .max_inputs = inputs,          \
        .max_outputs = 1, .attributes = names, .infer = infer, .evaluate = evaluate, .shape_only = alike     \
    }

const struct op random_rows[] = {
    {.type = "Bernoulli",
     .domain = "",
     .since_version = 15,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "dtype seed ",
     .settle = settle_bernoulli},
    {.type = "Multinomial",
     .domain = "",
     .since_version = 7,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "dtype sample_size seed ",
     .settle = settle_multinomial},
    RANDOM("RandomNormal", 0, "dtype mean scale seed shape ", false),
    RANDOM("RandomNormalLike", 1, "dtype mean scale seed ", true),
    RANDOM("RandomUniform", 0, "dtype high low seed shape ", false),
    RANDOM("RandomUniformLike", 1, "dtype high low seed ", true),
    {.type = NULL},
};
