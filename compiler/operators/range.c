/* range.c -- Range with constant bounds. */
/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "rows.h"

#include <math.h>

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
     .infer = infer,
     .evaluate = evaluate},
    {.type = NULL},
};
