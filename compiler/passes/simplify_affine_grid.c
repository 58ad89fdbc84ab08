/* simplify_affine_grid.c -- AffineGrid as a product of the regular grid, a constant, and theta, in float32 or float64. */
/* SPDX-License-Identifier: MIT */
#include "../operators/affine_grid.h"
#include "edit.h"
#include "simplify.h"

/* [1][points][spatial axes, x first, and 1]. */
static struct tensor *regular_grid(struct graph *graph, const struct node *node, enum type type)
{
    const struct shape y = node->output[0]->shape;
    const int spatial = y.rank - 2;
    struct shape shape = {.rank = 3, .dim = {1, 1, spatial + 1}};
    for (int a = 1; a <= spatial; a++)
        shape.dim[1] *= y.dim[a];
    double *values = arena_array(graph->arena, (size_t)shape_size(shape), sizeof *values), *to = values;
    for (int64_t i = 0; i < shape.dim[1]; i++, *to++ = 1) {
        int64_t rest = i;
        for (int a = spatial; a >= 1; a--, to++) {
            *to = affine_coordinate(node, rest % y.dim[a], y.dim[a]);
            rest /= y.dim[a];
        }
    }
    return wide_reals(graph, arena_printf(graph->arena, "%s.grid", node->name), type, shape, values);
}

/* A Cast before `node` of a tensor that is shaped like its result. */
static struct tensor *cast_before(struct graph *graph, const struct node *node, struct tensor *x, enum type type)
{
    struct node *cast = node_insert(graph, node, "Cast", 1, x);
    cast->input[0] = x;
    cast->output[0]->type = type;
    node_set_attribute(graph, cast, (struct attribute){.name = "to", .kind = ATTRIBUTE_INT, .i = (int64_t)type});
    return cast->output[0];
}

bool affine_grid_to_product(struct graph *graph, struct node *node)
{
    static const int64_t order[] = {0, 2, 1};
    if (!node_is(node, "AffineGrid") || !shape_size(node->output[0]->shape))
        return false;
    const enum type type = node->input[0]->type, wide = type_is_wide(type) ? type : TYPE_FLOAT;
    struct tensor *theta = type == wide ? node->input[0] : cast_before(graph, node, node->input[0], wide);
    struct tensor *grid = regular_grid(graph, node, wide), *result;
    struct node *turn = node_insert(graph, node, "Transpose", 1, theta);
    struct node *product = node_insert(graph, node, "MatMul", 2, theta);
    turn->input[0] = theta;
    turn->output[0]->shape.dim[1] = theta->shape.dim[2];
    turn->output[0]->shape.dim[2] = theta->shape.dim[1];
    node_set_attribute(graph, turn,
                       (struct attribute){.name = "perm", .kind = ATTRIBUTE_INTS, .count = 3, .ints = order});
    product->input[0] = grid;
    product->input[1] = turn->output[0];
    product->output[0]->shape = (struct shape){.rank = 3, .dim = {theta->shape.dim[0], grid->shape.dim[1], theta->shape.dim[1]}};
    const struct shape y = node->output[0]->shape;
    struct tensor *sizes = new_integers(graph, arena_printf(graph->arena, "%s.size", node->name), y.rank, y.dim);
    result = type == wide ? product->output[0] : cast_before(graph, node, product->output[0], type);
    node_become(graph, node, "Reshape", 2, (struct tensor *[]){result, sizes});
    return true;
}
