/* split_sums.c -- fully connected layers as sums over parts of their inputs, one part for each device.
 *
 * A layer behind another fully connected layer whose outputs are divided needs all of them on every device. As a sum of products with
 * parts of the inputs it needs them nowhere: each device multiplies what it has, and only the partial results travel (the second half
 * of what Megatron-LM does to every pair of layers; Shoeybi et al., 2019). The order of additions then depends on the devices. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "../operators/settle.h"
#include "edit.h"
#include "passes.h"

#include <string.h>

/* Fewer weights are not worth an exchange; with more rows of inputs partial results are larger than what they save. */
enum { LEAST_WEIGHTS = 1 << 16, MOST_ROWS = 8 };

/* Parts begin where outputs of a layer may be cut. */
enum { PART_STEP = 32 };

static const struct tensor *weights_of(const struct node *node)
{
    const struct tensor *b = node_input(node, 1);
    return b && tensor_is_constant(b) && b->type == TYPE_FLOAT && b->shape.rank == 2 ? b : NULL;
}

static bool is_plain_gemm(const struct node *node)
{
    const float alpha = node_float(node, "alpha", 1), beta = node_float(node, "beta", 1);
    return node_is(node, "Gemm") && !node_int(node, "transA", 0) && !(alpha < 1) && !(alpha > 1) && !(beta < 1) && !(beta > 1);
}

/* x, of few rows, times constant weights. */
static bool is_fully_connected(const struct node *node)
{
    const struct tensor *weights = weights_of(node), *x = node_input(node, 0);
    if (!weights || (!is_plain_gemm(node) && !node_is(node, "MatMul")) || tensor_is_constant(x) || x->shape.rank != 2)
        return false;
    return x->shape.dim[0] <= MOST_ROWS && shape_size(weights->shape) >= LEAST_WEIGHTS;
}

/* Does the node only change its input 0 element by element, or how it is shaped? */
static bool passes_through(const struct node *node)
{
    const struct tensor *x = node_input(node, 0);
    if (!x || tensor_is_constant(x) || node->output_count != 1 || shape_size(x->shape) != shape_size(node->output[0]->shape))
        return false;
    for (int i = 1; i < node->input_count; i++)
        if (node->input[i] && !tensor_is_constant(node->input[i]))
            return false;
    return node_is(node, "Flatten") || node_is(node, "Reshape") || (node->op->real && !node->checks);
}

/* The fully connected layer whose results it multiplies, or NULL. */
static const struct node *layer_before(const struct graph *graph, const struct node *node)
{
    const struct tensor *x = node->input[0];
    while (x->producer && graph_only_reader(graph, x) && passes_through(x->producer))
        x = x->producer->input[0];
    return x->producer && graph_only_reader(graph, x) && is_fully_connected(x->producer) ? x->producer : NULL;
}

static struct tensor *shaped(struct graph *graph, struct tensor *tensor, int home)
{
    node_infer(graph, tensor->producer);
    tensor->producer->home = home;
    return tensor;
}

/* Rows [begin, end) of the weights as the layer multiplies them. */
static struct tensor *weights_slice(struct graph *graph, const struct node *node, int64_t begin, int64_t end)
{
    const struct tensor *weights = weights_of(node);
    const bool turned = node_int(node, "transB", 0) != 0;
    const int64_t outputs = weights->shape.dim[turned ? 0 : 1], inputs = weights->shape.dim[turned ? 1 : 0], count = end - begin;
    const float *from = weights->data;
    float *data = arena_array(graph->arena, (size_t)(count * outputs), sizeof *data);
    if (!turned)
        memcpy(data, from + begin * outputs, (size_t)(count * outputs) * sizeof *data);
    for (int64_t o = 0; turned && o < outputs; o++)
        memcpy(data + o * count, from + o * inputs + begin, (size_t)count * sizeof *data);
    const struct shape shape = {.rank = 2, .dim = {turned ? outputs : count, turned ? count : outputs}};
    return graph_constant(graph, weights->name, TYPE_FLOAT, shape, data);
}

/* The product with inputs [begin, end), for a device. */
static struct tensor *partial_product(struct graph *graph, const struct node *node, int64_t begin, int64_t end, int device)
{
    struct tensor *slice[] = {node->input[0], integers_constant(graph, node, "start", TYPE_INT64, 1, &begin),
                              integers_constant(graph, node, "end", TYPE_INT64, 1, &end),
                              integers_constant(graph, node, "axis", TYPE_INT64, 1, (int64_t[]){1})};
    struct tensor *x = shaped(graph, node_before(graph, node, "", "Slice", 4, slice), device + 1);
    struct tensor *factor[] = {x, weights_slice(graph, node, begin, end)};
    struct tensor *product = node_before(graph, node, "", node->op_type, 2, factor);
    if (node_int(node, "transB", 0))
        set_int(graph, product->producer, "transB", 1);
    return shaped(graph, product, device + 1);
}

static void split(struct graph *graph, struct node *node, const struct cluster *cluster)
{
    const int64_t inputs = node->input[0]->shape.dim[1], steps = (inputs + PART_STEP - 1) / PART_STEP;
    struct tensor *term[MAX_DEVICES + 1];
    double total = 0, served = 0;
    int64_t begin = 0;
    int terms = 0;
    for (int d = 0; d < cluster->count; d++)
        total += cluster->device[d].speed;
    for (int d = 0; d < cluster->count; d++) {
        served += cluster->device[d].speed;
        int64_t end = PART_STEP * (int64_t)((double)steps * served / total + 0.5);
        end = end > inputs || d + 1 == cluster->count ? inputs : end;
        if (end > begin)
            term[terms++] = partial_product(graph, node, begin, end, d);
        begin = end > begin ? end : begin;
    }
    if (node_input(node, 2))
        term[terms++] = node->input[2];
    node_become(graph, node, "Sum", terms, term);
}

bool split_sums(struct graph *graph, const struct cluster *cluster)
{
    bool any = false;
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = graph->node[n];
        if (!is_fully_connected(node) || !layer_before(graph, node))
            continue;
        split(graph, node, cluster);
        n = graph_position(graph, node);
        any = true;
    }
    if (any)
        graph_sweep(graph);
    return any;
}
