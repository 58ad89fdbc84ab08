/* range.c -- Range: constant bounds fold; of computed ones the count is declared. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"
#include "settle.h"

#include <math.h>

/* start + delta * 0, 1, 2, ... */
static void settle(struct graph *graph, struct node *node)
{
    int computed = -1;
    for (int i = 0; i < 3; i++) {
        computed = input_is_computed(node, i) ? i : computed;
        if (shape_size(node->input[i]->shape) != 1)
            node_fail(node, "input %d is no scalar", i);
        input_same_type(node, i);
    }
    if (computed < 0)
        return;
    const struct shape y = settled_shape(graph, node, computed, "a bound", 1);
    if (y.dim[0] > 1 << 20)
        node_fail(node, "the result is declared to have %lld elements but at most %d are supported", (long long)y.dim[0],
                  1 << 20);
    int64_t *steps = arena_array(graph->arena, (size_t)y.dim[0], sizeof *steps);
    for (int64_t i = 0; i < y.dim[0]; i++)
        steps[i] = i;
    require(graph, node, range_holds(graph, node, y.dim[0]), "start, limit and delta do not give shape", y);
    struct tensor *factors[] = {
        integers_constant(graph, node, "steps", node->input[0]->type, (int)y.dim[0], steps), node->input[2]};
    node->input[1] = node_before(graph, node, "", "Mul", 2, factors);
    node->input_count = 2;
    node->op_type = "Add";
    node->op = op_find("", "Add", NEWEST_OPSET);
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    static const char *const names[] = {"start", "limit", "delta"};
    double value[3];
    for (int i = 0; i < 3; i++) {
        const struct tensor *scalar = constant_input(node, i, names[i]);
        if (shape_size(scalar->shape) != 1)
            node_fail(node, "%s is no scalar", names[i]);
        input_same_type(node, i);
        value[i] = tensor_double(scalar, 0);
    }
    double count = ceil((value[1] - value[0]) / value[2]);
    if (value[2] == 0 || !(count < 1e12))
        node_fail(node, "from %g to %g by %g is no range", value[0], value[1], value[2]);
    output_set(node, 0, node->input[0]->type,
               (struct shape){.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}});
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *y = node->output[0];
    for (int64_t i = 0; i < y->shape.dim[0]; i++)
        if (type_is_float(y->type))
            element_set_real(y->type, output[0], i,
                             element_real(y->type, input[0], 0) +
                                 (double)i * element_real(y->type, input[2], 0));
        else
            element_set_integer(y->type, output[0], i,
                                (int64_t)((uint64_t)element_integer(y->type, input[0], 0) +
                                          (uint64_t)i * (uint64_t)element_integer(y->type, input[2], 0)));
}

const struct op range_rows[] = {
    {.type = "Range",
     .domain = "",
     .since_version = 11,
     .min_inputs = 3,
     .max_inputs = 3,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_FLOAT) | TYPE_BIT(TYPE_DOUBLE) | TYPE_BIT(TYPE_INT16) | TYPE_BIT(TYPE_INT32) |
              TYPE_BIT(TYPE_INT64),
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate},
    {.type = NULL},
};
