/* split_pools.c -- pooling of whole maps in two steps: within each row, then over the rows.
 *
 * The second step alone needs more than one row, so that devices that share a map by rows pool it where it lies and exchange a number per
 * row and channel instead of the map. It is done for every graph, divided or not, because means of means round differently. */
/* SPDX-License-Identifier: MIT */
#include "../operators/conv.h"
#include "edit.h"
#include "passes.h"

enum { ROW_AXIS = 2 };

/* One window, without padding, which is the map. */
static bool pools_map(const struct node *node)
{
    const struct shape x = node->input[0]->shape;
    const struct window window = *pool_window(node);
    for (int a = 0; a < window.spatial; a++)
        if (window.kernel[a] != x.dim[a + 2] || window.pad_begin[a] || window.pad_end[a])
            return false;
    return true;
}

/* Which operator pools the rows of the maps that the node pools; *global: which one the maps. NULL: it does something else. */
static const char *pool_of_rows(const struct node *node, const char **global)
{
    static const char *const pool[] = {"AveragePool", "MaxPool"}, *const whole[] = {"GlobalAveragePool", "GlobalMaxPool"};
    for (size_t i = 0; i < sizeof pool / sizeof *pool; i++)
        if (node_is(node, whole[i]) || (node_is(node, pool[i]) && !node_output(node, 1) && pools_map(node))) {
            *global = whole[i];
            return pool[i];
        }
    return NULL;
}

/* Float16 and integers are rounded after every node: they stay in one step. */
static bool is_worth_it(const struct tensor *x)
{
    const int64_t rows = x->shape.rank > ROW_AXIS ? x->shape.dim[ROW_AXIS] : 1;
    int64_t columns = 1;
    for (int a = ROW_AXIS + 1; a < x->shape.rank; a++)
        columns *= x->shape.dim[a];
    return type_is_wide(x->type) && rows > 1 && columns > 1;
}

static bool split_pool(struct graph *graph, struct node *node)
{
    const char *global, *pool = pool_of_rows(node, &global);
    if (!pool || !is_worth_it(node->input[0]))
        return false;
    struct tensor *x = node->input[0];
    const int spatial = x->shape.rank - 2;
    int64_t *window = arena_copy(graph->arena, &x->shape.dim[ROW_AXIS], (size_t)spatial * sizeof *window);
    window[0] = 1;
    struct node *rows = node_insert(graph, node, pool, 1, x);
    rows->input[0] = x;
    node_set_attribute(graph, rows,
                       (struct attribute){.name = "kernel_shape", .kind = ATTRIBUTE_INTS, .count = spatial, .ints = window});
    for (int a = ROW_AXIS + 1; a < x->shape.rank; a++)
        rows->output[0]->shape.dim[a] = 1;
    node_become(graph, node, global, 1, rows->output);
    return true;
}

void split_pools(struct graph *graph)
{
    static graph_rule *const rules[] = {split_pool};
    rules_apply(graph, rules, 1);
}
