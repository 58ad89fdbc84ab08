/* optimizer.c -- Adagrad, Adam and Momentum of ai.onnx.preview.training: element-wise formulas, written out.
 *
 * Inputs are R (the rate), T (how often it was done before), then n tensors of each kind: X, the gradients G and one or two
 * states; outputs are the new X and states. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <string.h>

enum { RATE, COUNT, FIRST };

/* A node that is being written out. */
struct formula {
    struct graph *graph;
    struct node *node;
    enum type type;
    struct tensor *rate, *count; /* both of `type` */
};

static struct tensor *f(const struct formula *formula, const char *op_type, struct tensor *a, struct tensor *b)
{
    return combined(formula->graph, formula->node, op_type, a, b);
}

static struct tensor *number(const struct formula *formula, double value)
{
    return real_constant(formula->graph, formula->node, formula->type, value);
}

static struct tensor *attribute(const struct formula *formula, const char *name, float otherwise)
{
    return number(formula, node_float(formula->node, name, otherwise));
}

static struct tensor *scaled(const struct formula *formula, const char *name, float otherwise, struct tensor *x)
{
    return f(formula, "Mul", attribute(formula, name, otherwise), x);
}

/* G + norm_coefficient X */
static struct tensor *regularized(const struct formula *formula, struct tensor *x, struct tensor *g)
{
    return f(formula, "Add", scaled(formula, "norm_coefficient", 0, x), g);
}

/* a while T > 0, else b */
static struct tensor *after_first(const struct formula *formula, struct tensor *a, struct tensor *b)
{
    struct tensor *input[] = {f(formula, "Greater", formula->count, number(formula, 0)), a, b};
    return node_before(formula->graph, formula->node, "", "Where", 3, input);
}

static void adagrad(const struct formula *formula, struct tensor *const in[], struct tensor *out[])
{
    struct tensor *decay = f(formula, "Add", number(formula, 1), scaled(formula, "decay_factor", 0, formula->count));
    struct tensor *rate = f(formula, "Div", formula->rate, decay), *g = regularized(formula, in[0], in[1]);
    out[1] = f(formula, "Add", in[2], f(formula, "Mul", g, g));
    struct tensor *root = f(formula, "Add", f(formula, "Sqrt", out[1], NULL), attribute(formula, "epsilon", 1e-6f));
    out[0] = f(formula, "Sub", in[0], f(formula, "Div", f(formula, "Mul", rate, g), root));
}

/* factor a + (1 - factor) b */
static struct tensor *mixed(const struct formula *formula, const char *name, float otherwise, struct tensor *a,
                            struct tensor *b)
{
    const double factor = node_float(formula->node, name, otherwise);
    return f(formula, "Add", f(formula, "Mul", number(formula, factor), a), f(formula, "Mul", number(formula, 1 - factor), b));
}

/* 1 - factor^T */
static struct tensor *correction(const struct formula *formula, const char *name, float otherwise)
{
    return f(formula, "Sub", number(formula, 1), f(formula, "Pow", attribute(formula, name, otherwise), formula->count));
}

static void adam(const struct formula *formula, struct tensor *const in[], struct tensor *out[])
{
    struct tensor *g = regularized(formula, in[0], in[1]);
    out[1] = mixed(formula, "alpha", 0.9f, in[2], g);
    out[2] = mixed(formula, "beta", 0.999f, in[3], f(formula, "Mul", g, g));
    struct tensor *root = f(formula, "Add", f(formula, "Sqrt", out[2], NULL), attribute(formula, "epsilon", 1e-6f));
    struct tensor *rate = f(formula, "Mul", formula->rate, f(formula, "Sqrt", correction(formula, "beta", 0.999f), NULL));
    rate = after_first(formula, f(formula, "Div", rate, correction(formula, "alpha", 0.9f)), formula->rate);
    out[0] = f(formula, "Sub", in[0], f(formula, "Div", f(formula, "Mul", rate, out[1]), root));
    const double post = node_float(formula->node, "norm_coefficient_post", 0);
    out[0] = f(formula, "Mul", number(formula, 1 - post), out[0]);
}

static void momentum(const struct formula *formula, struct tensor *const in[], struct tensor *out[])
{
    static const char *const required[] = {"alpha", "beta", "norm_coefficient", "mode"};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!node_attribute(formula->node, required[i]))
            node_fail(formula->node, "attribute %s is missing", required[i]);
    const char *mode = node_string(formula->node, "mode", "");
    const bool nesterov = !strcmp(mode, "nesterov");
    if (!nesterov && strcmp(mode, "standard"))
        node_fail(formula->node, "mode is neither standard nor nesterov");
    struct tensor *g = regularized(formula, in[0], in[1]);
    struct tensor *beta = after_first(formula, attribute(formula, "beta", 1), number(formula, 1));
    out[1] = f(formula, "Add", scaled(formula, "alpha", 0, in[2]), f(formula, "Mul", beta, g));
    struct tensor *step = nesterov ? f(formula, "Add", g, scaled(formula, "alpha", 0, out[1])) : out[1];
    out[0] = f(formula, "Sub", in[0], f(formula, "Mul", formula->rate, step));
}

static void check_scalar(const struct node *node, int i, const char *what)
{
    const struct tensor *tensor = node_input(node, i);
    if (!tensor || shape_size(tensor->shape) != 1 || tensor->shape.rank > 1)
        node_fail(node, "%s is no scalar", what);
}

/* How many tensors of each kind there are. */
static int check_inputs(const struct node *node, int kinds)
{
    const int tensors = node->input_count - FIRST, count = tensors / kinds;
    check_scalar(node, RATE, "R");
    check_scalar(node, COUNT, "T");
    if (count < 1 || tensors % kinds || node->output_count > count * (kinds - 1))
        node_fail(node, "%d inputs and %d outputs are not R, T and %d tensors for each that is optimised", node->input_count,
                  node->output_count, kinds);
    for (int i = FIRST; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i], *x = node->input[FIRST + (i - FIRST) % count];
        if (!tensor || !x || !shape_equal(tensor->shape, x->shape))
            node_fail(node, "input %d is missing or has another shape than the tensor that it belongs to", i);
        if (tensor->type != x->type || tensor->type != node->input[FIRST]->type)
            node_fail(node, "input %d has type %s but the first tensor %s", i, type_name(tensor->type),
                      type_name(node->input[FIRST]->type));
        if (tensor->type != TYPE_FLOAT && tensor->type != TYPE_DOUBLE)
            node_fail(node, "input %d has type %s, expected float32 or float64", i, type_name(tensor->type));
    }
    return count;
}

/* As a number of the formula's type, of rank 0: a vector of one element would lend its rank to scalars. */
static struct tensor *as_number(const struct formula *formula, int i)
{
    struct tensor *cast = f(formula, "Cast", formula->node->input[i], NULL);
    set_int(formula->graph, cast->producer, "to", formula->type);
    if (!formula->node->input[i]->shape.rank)
        return cast;
    return f(formula, "Reshape", cast, integers_constant(formula->graph, formula->node, "shape", TYPE_INT64, 0, NULL));
}

static void settle(struct graph *graph, struct node *node, int kinds,
                   void (*write)(const struct formula *formula, struct tensor *const in[], struct tensor *out[]))
{
    const int count = check_inputs(node, kinds);
    struct formula formula = {.graph = graph, .node = node, .type = node->input[FIRST]->type};
    formula.rate = as_number(&formula, RATE);
    formula.count = as_number(&formula, COUNT);
    struct tensor **result = arena_array(graph->arena, (size_t)(count * (kinds - 1)), sizeof *result);
    for (int i = 0; i < count; i++) {
        struct tensor *in[4], *out[3];
        for (int k = 0; k < kinds; k++)
            in[k] = node->input[FIRST + k * count + i];
        write(&formula, in, out);
        for (int k = 0; k < kinds - 1; k++)
            result[k * count + i] = out[k];
    }
    settle_outputs(graph, node, result);
}

static void settle_adagrad(struct graph *graph, struct node *node)
{
    settle(graph, node, 3, adagrad);
}

static void settle_adam(struct graph *graph, struct node *node)
{
    settle(graph, node, 4, adam);
}

static void settle_momentum(struct graph *graph, struct node *node)
{
    settle(graph, node, 3, momentum);
}

#define ROW(name, hook, names)                                                                                       \
    {                                                                                                                \
        .type = name, .domain = "ai.onnx.preview.training", .since_version = 1, .min_inputs = 3, .max_inputs = -1,   \
        .max_outputs = INT32_MAX, .types = TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_DOUBLE), .attributes = names,        \
        .settle = hook                                                                                               \
    }

/* Without `infer`: `settle` leaves nothing of them. */
const struct op optimizer_rows[] = {
    ROW("Adagrad", settle_adagrad, "decay_factor epsilon norm_coefficient "),
    ROW("Adam", settle_adam, "alpha beta epsilon norm_coefficient norm_coefficient_post "),
    ROW("Momentum", settle_momentum, "alpha beta mode norm_coefficient "),
    {.type = NULL},
};
