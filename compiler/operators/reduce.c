/* reduce.c -- Reduce*: one number from all elements along some axes. Adding one is a row. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <math.h>
#include <string.h>

/* long double holds every int64 exactly on the machines that have it wider than double. */
typedef long double real;

static real add(real sum, real x)
{
    return sum + x;
}

static real add_absolute(real sum, real x)
{
    return sum + fabsl(x);
}

static real add_square(real sum, real x)
{
    return sum + x * x;
}

static real add_exp(real sum, real x)
{
    return sum + expl(x);
}

static real multiply(real product, real x)
{
    return product * x;
}

static real greater(real most, real x)
{
    return x > most || isnan(x) ? x : most;
}

static real lesser(real least, real x)
{
    return x < least || isnan(x) ? x : least;
}

static real plain(real sum, int64_t count)
{
    (void)count;
    return sum;
}

static real divide(real sum, int64_t count)
{
    return sum / (real)count;
}

static real root(real sum, int64_t count)
{
    (void)count;
    return sqrtl(sum);
}

static real logarithm(real sum, int64_t count)
{
    (void)count;
    return logl(sum);
}

static const struct reduction {
    const char *type;
    real start;
    real (*step)(real result, real x);
    real (*finish)(real result, int64_t count);
} reductions[] = {
    {"ReduceL1", 0, add_absolute, plain},
    {"ReduceL2", 0, add_square, root},
    {"ReduceLogSum", 0, add, logarithm},
    {"ReduceLogSumExp", 0, add_exp, logarithm},
    {"ReduceMax", -INFINITY, greater, plain},
    {"ReduceMean", 0, add, divide},
    {"ReduceMin", INFINITY, lesser, plain},
    {"ReduceProd", 1, multiply, plain},
    {"ReduceSum", 0, add, plain},
    {"ReduceSumSquare", 0, add_square, plain},
};

bool reduce_axes(const struct node *node, bool reduced[MAX_RANK])
{
    int rank = node->input[0]->shape.rank, axis[MAX_RANK];
    int count = input_axes(node, 1, rank, axis);
    memset(reduced, 0, MAX_RANK * sizeof *reduced);
    if (!count && node_int(node, "noop_with_empty_axes", 0))
        return false;
    for (int i = 0; i < rank; i++)
        reduced[i] = !count;
    for (int i = 0; i < count; i++)
        reduced[axis[i]] = true;
    return true;
}

/* ---- axes that are computed: every choice that has the declared shape, and the one that is meant is taken ---- */

struct choice {
    struct tensor *truth, *result;
};

/* The shape that is left when the axes of the set go. */
static struct shape shape_without(struct shape x, unsigned set, bool keep)
{
    struct shape y = {0};
    for (int i = 0; i < x.rank; i++)
        if (!(set >> i & 1) || keep)
            y.dim[y.rank++] = set >> i & 1 ? 1 : x.dim[i];
    return y;
}

static struct choice make_choice(struct graph *graph, struct node *node, unsigned set)
{
    int64_t axes[MAX_RANK];
    int count = 0;
    for (int i = 0; i < MAX_RANK; i++)
        if (set >> i & 1)
            axes[count++] = i;
    const struct shape rank = {.rank = 1, .dim = {node->input[0]->shape.rank}};
    struct tensor *input[] = {node->input[0], integers_constant(graph, node, "axes", TYPE_INT64, count, axes)};
    struct choice choice = {.truth = value_holds(graph, node, node->input[1], HOLDS_AXES, count, axes, rank)};
    choice.result = node_before(graph, node, "", node->op_type, 2, input);
    choice.result->producer->attribute = node->attribute;
    choice.result->producer->attribute_count = node->attribute_count;
    return choice;
}

static void settle(struct graph *graph, struct node *node)
{
    if (!input_is_computed(node, 1))
        return;
    const struct shape x = node->input[0]->shape, y = settled_shape(graph, node, 1, "axes", -1);
    const int64_t count = shape_size(node->input[1]->shape);
    const bool keep = node_int(node, "keepdims", 1) != 0;
    struct tensor *any = NULL, *result = NULL;
    for (unsigned set = 0; set < 1u << x.rank; set++) {
        if (__builtin_popcount(set) != count || !shape_equal(shape_without(x, set, keep), y))
            continue;
        const struct choice choice = make_choice(graph, node, set);
        struct tensor *both[] = {choice.truth, any}, *either[] = {choice.truth, choice.result, result};
        any = any ? node_before(graph, node, "", "Or", 2, both) : choice.truth;
        result = result ? node_before(graph, node, "", "Where", 3, either) : choice.result;
    }
    if (!any)
        node_fail(node, "no %lld axes of %s give %s, the declared shape of the result", (long long)count,
                  shape_string(graph->arena, x), shape_string(graph->arena, y));
    require(graph, node, any, "axes do not give", y);
    settle_as_identity(graph, node, result);
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct shape x = node->input[0]->shape, y = {0};
    bool reduced[MAX_RANK], keep = node_int(node, "keepdims", 1) != 0;
    reduce_axes(node, reduced);
    for (int i = 0; i < x.rank; i++)
        if (!reduced[i] || keep)
            y.dim[y.rank++] = reduced[i] ? 1 : x.dim[i];
    output_set(node, 0, node->input[0]->type, y);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0], *y = node->output[0];
    const struct reduction *reduction = reductions;
    bool reduced[MAX_RANK];
    reduce_axes(node, reduced);
    while (strcmp(reduction->type, node->op->type))
        reduction++;
    /* Walk the kept axes outside and the reduced ones inside. */
    struct shape outer = x->shape, inner = x->shape;
    for (int i = 0; i < x->shape.rank; i++)
        *(reduced[i] ? &outer.dim[i] : &inner.dim[i]) = 1;
    int64_t results = shape_size(y->shape), count = shape_size(inner), at[MAX_RANK] = {0};
    for (int64_t i = 0; i < results; i++, shape_next(outer, at)) {
        real result = reduction->start;
        int64_t within[MAX_RANK] = {0}, position[MAX_RANK];
        for (int64_t k = 0; k < count; k++, shape_next(inner, within)) {
            for (int a = 0; a < x->shape.rank; a++)
                position[a] = at[a] + within[a];
            int64_t offset = shape_offset(x->shape, position);
            result = reduction->step(result, type_is_float(x->type) || x->type == TYPE_UINT64
                                                 ? (real)element_real(x->type, input[0], offset)
                                                 : (real)element_integer(x->type, input[0], offset));
        }
        result = reduction->finish(result, count);
        if (type_is_float(y->type))
            element_set_real(y->type, output[0], i, (double)result);
        else
            element_set_integer(y->type, output[0], i,
                                result >= (real)INT64_MAX   ? INT64_MAX
                                : result <= (real)INT64_MIN ? INT64_MIN
                                                            : (int64_t)result);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    bool reduced[MAX_RANK], keep = node_int(node, "keepdims", 1) != 0;
    if (input > 0)
        return need;
    reduce_axes(node, reduced);
    int from = 0;
    for (int i = 0; i < need.rank; i++) {
        if (!reduced[i])
            need.axis[i] = region.axis[from++];
        else if (keep)
            from++;
    }
    return need;
}

/* Maxima and means of one value are that value; sums of zeros are zero. */
static void constant(const struct node *node, const struct known *known, int output, int axis, double value[])
{
    static const char *const same[] = {"ReduceMax", "ReduceMean", "ReduceMin"};
    static const char *const zero[] = {"ReduceL1", "ReduceL2", "ReduceSum", "ReduceSumSquare"};
    const struct tensor *x = node->input[0];
    bool reduced[MAX_RANK], keep = node_int(node, "keepdims", 1) != 0, is_same = false, is_zero = false;
    int from = 0;
    (void)output;
    reduce_axes(node, reduced);
    for (int to = 0; from < x->shape.rank; from++)
        if (keep || !reduced[from])
            if (to++ == axis)
                break;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        is_same |= !strcmp(node->op->type, same[i]);
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
        is_zero |= !strcmp(node->op->type, zero[i]);
    for (int64_t i = 0; i < node->output[0]->shape.dim[axis]; i++) {
        double known_value = known_slice(known, x, from, i);
        if (is_same || (is_zero && known_value == 0))
            value[i] = known_value;
    }
}

#define ROW(name, allowed)                                                                                   \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 18, .min_inputs = 1, .max_inputs = 2, .max_outputs = 1, \
        .types = allowed, .attributes = "keepdims noop_with_empty_axes ", .settle = settle, .infer = infer,  \
        .evaluate = evaluate, .reads = reads, .couple = couple_reads, .constant = constant                   \
    }

const struct op reduce_rows[] = {
    ROW("ReduceL1", TYPES_NUMBER),
    ROW("ReduceL2", TYPES_NUMBER),
    ROW("ReduceLogSum", TYPES_NUMBER),
    ROW("ReduceLogSumExp", TYPES_NUMBER),
    ROW("ReduceMax", TYPES_NUMBER | TYPES_BOOL),
    ROW("ReduceMean", TYPES_NUMBER),
    ROW("ReduceMin", TYPES_NUMBER | TYPES_BOOL),
    ROW("ReduceProd", TYPES_NUMBER),
    ROW("ReduceSum", TYPES_NUMBER),
    ROW("ReduceSumSquare", TYPES_NUMBER),
    {.type = NULL},
};
