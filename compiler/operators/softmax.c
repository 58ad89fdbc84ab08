/* softmax.c -- Softmax and LogSoftmax along one axis. */
/* SPDX-License-Identifier: MIT */
#include "couple.h"
#include "rows.h"

#include <math.h>
#include <string.h>

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    if (node->input[0]->shape.rank)
        node_axis(node, -1);
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    bool logarithm = !strcmp(node->op->type, "LogSoftmax");
    int axis = x->shape.rank ? node_axis(node, -1) : 0;
    int64_t length = x->shape.rank ? x->shape.dim[axis] : 1, step = 1, size = shape_size(x->shape);
    for (int i = axis + 1; i < x->shape.rank; i++)
        step *= x->shape.dim[i];
    for (int64_t line = 0; length && line < size / length; line++) {
        int64_t start = line / step * step * length + line % step;
        double most = -INFINITY, sum = 0;
        for (int64_t i = 0; i < length; i++)
            most = fmax(most, element_real(x->type, input[0], start + i * step));
        for (int64_t i = 0; i < length; i++)
            sum += exp(element_real(x->type, input[0], start + i * step) - most);
        for (int64_t i = 0; i < length; i++) {
            double shifted = element_real(x->type, input[0], start + i * step) - most;
            element_set_real(x->type, output[0], start + i * step,
                             logarithm ? shifted - log(sum) : exp(shifted) / sum);
        }
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct shape shape = node->input[input]->shape;
    if (shape.rank) {
        int axis = node_axis(node, -1);
        region.axis[axis] = (struct range){0, shape.dim[axis]};
    }
    return region;
}

#define ROW(name)                                                                                            \
    {                                                                                                        \
        .type = name, .domain = "", .since_version = 13, .min_inputs = 1, .max_inputs = 1, .max_outputs = 1, \
        .types = TYPES_FLOAT, .attributes = "axis ", .infer = infer, .evaluate = evaluate, .reads = reads,   \
        .couple = couple_reads                                                                               \
    }

const struct op softmax_rows[] = {ROW("LogSoftmax"), ROW("Softmax"), {.type = NULL}};
