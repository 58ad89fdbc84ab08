/* test_cut.c -- cutting slices out of a node equals zeroing them, for every case of node_cases.c.
 *
 * Any set of classes of slices: with those slices of all inputs set to zero, the other slices of the outputs
 * are what the cut node computes from inputs without them. */
/* SPDX-License-Identifier: MIT */
#include "node_cases.h"
#include "prune/channels.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures, cuts;
static const char *current = "";

#define CHECK(condition, ...)                                                                                \
    ((condition) ? (void)0 : (failures++, printf("%s: ", current), printf(__VA_ARGS__), (void)puts("")))

static bool next(struct shape shape, int64_t at[])
{
    for (int a = shape.rank - 1; a >= 0; a--) {
        if (++at[a] < shape.dim[a])
            return true;
        at[a] = 0;
    }
    return false;
}

static bool goes(const struct channels *channels, const struct tensor *tensor, const int64_t at[],
                 const bool removed[])
{
    for (int a = 0; a < tensor->shape.rank; a++) {
        int class = channels_class(channels, tensor, a, at[a]);
        if (class >= 0 && removed[class])
            return true;
    }
    return false;
}

/* A copy of the elements with what goes set to zero, and another one without it. */
static void *zeroed(struct arena *arena, const struct channels *channels, const struct tensor *tensor,
                    const void *values, const bool removed[], void **rest)
{
    size_t size = type_size(tensor->type), count = (size_t)shape_size(tensor->shape);
    char *copy = arena_copy(arena, values, count * size), *kept = arena_alloc(arena, count * size);
    int64_t at[MAX_RANK] = {0};
    *rest = kept;
    for (size_t i = 0; i < count; i++, next(tensor->shape, at)) {
        if (goes(channels, tensor, at, removed)) {
            memset(copy + i * size, 0, size);
        } else {
            memcpy(kept, copy + i * size, size);
            kept += size;
        }
    }
    return copy;
}

/* Values of the node's inputs and outputs, dense and cut. */
enum { MAX_TENSORS = 80 };
struct values {
    const void *input[MAX_TENSORS];
    void *output[MAX_TENSORS];
};

static void outputs_new(struct arena *arena, const struct node *node, struct values *values)
{
    for (int k = 0; k < node->output_count; k++)
        values->output[k] =
            arena_alloc(arena, (size_t)shape_size(node->output[k]->shape) * type_size(node->output[k]->type));
}

static bool close_enough(const struct tensor *tensor, const void *a, const void *b)
{
    if (tensor->type != TYPE_FLOAT)
        return !memcmp(a, b, type_size(tensor->type));
    double x = (double)*(const float *)a, y = (double)*(const float *)b;
    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-5 * fmax(1, fabs(x));
}

/* Keep what stays of every dense output as an array of its own. */
static void keep_outputs(struct arena *arena, const struct channels *channels, const struct node *node,
                         const bool removed[], struct values *dense)
{
    for (int k = 0; k < node->output_count; k++)
        zeroed(arena, channels, node->output[k], dense->output[k], removed, &dense->output[k]);
}

static void compare(const struct node *node, const struct values *dense, const struct values *cut)
{
    for (int k = 0; k < node->output_count; k++) {
        const struct tensor *y = node->output[k];
        size_t size = type_size(y->type);
        for (int64_t i = 0; i < shape_size(y->shape); i++)
            if (!close_enough(y, (char *)dense->output[k] + (size_t)i * size,
                              (char *)cut->output[k] + (size_t)i * size)) {
                CHECK(false, "element %lld of output %d is another one when the node is cut", (long long)i,
                      k);
                break;
            }
    }
}

static void try_cut(int index, uint64_t seed)
{
    struct arena arena = {0};
    struct graph *graph = node_case_graph(&arena, index);
    struct node *node = graph->node[0];
    struct values dense = {{NULL}, {NULL}}, cut = {{NULL}, {NULL}};
    int inputs = graph->input_count, outputs = graph->output_count;
    graph->input_count = graph->output_count = 0; /* nothing is pinned from outside */
    struct channels *channels = channels_find(graph);
    graph->input_count = inputs;
    graph->output_count = outputs;
    bool *removed = arena_array(&arena, (size_t)channels->class_count + 1, sizeof *removed), any = false;
    uint64_t share = 2 + random_next(&seed) % 4;
    for (int c = 0; c < channels->class_count; c++)
        removed[c] = random_next(&seed) % share == 0;
    channels_keep_one(channels, removed);
    for (int c = 0; c < channels->class_count; c++)
        any |= removed[c];
    void *rest[MAX_TENSORS];
    for (int i = 0; any && i < node->input_count; i++)
        if (node->input[i]) {
            const void *values = tensor_is_constant(node->input[i])
                                     ? node->input[i]->data
                                     : node_case_values(&arena, node->input[i], (uint64_t)(index * 10 + i));
            /* lists of indices and sizes are no values */
            const bool list = tensor_is_constant(node->input[i]) && !type_is_float(node->input[i]->type);
            dense.input[i] = zeroed(&arena, channels, node->input[i], values, removed, &rest[i]);
            if (list)
                dense.input[i] = values;
        }
    if (any) {
        cuts++;
        outputs_new(&arena, node, &dense);
        node_evaluate(&arena, node, dense.input, dense.output);
        keep_outputs(&arena, channels, node, removed, &dense);
        graph_cut(graph, channels, removed);
        for (int i = 0; i < node->input_count; i++)
            if (node->input[i])
                cut.input[i] = tensor_is_constant(node->input[i]) ? node->input[i]->data : rest[i];
        outputs_new(&arena, node, &cut);
        node_evaluate(&arena, node, cut.input, cut.output);
        compare(node, &dense, &cut);
    }
    arena_free(&arena);
}

static void check_all(void *data)
{
    int count, least = *(int *)data;
    const struct op *const *table = op_table(&count);
    bool *tried = calloc((size_t)count, sizeof *tried);
    for (int i = 0; i < node_case_count(); i++) {
        struct arena arena = {0};
        struct graph *graph = node_case_graph(&arena, i);
        int before = cuts;
        current = node_case_line(i);
        if (graph->node[0]->op->couple)
            for (int k = 0; k < least; k++)
                try_cut(i, (uint64_t)(i * 1000 + k));
        for (int o = 0; o < count; o++)
            tried[o] |= table[o] == graph->node[0]->op && cuts > before;
        arena_free(&arena);
    }
    for (int o = 0; o < count; o++) {
        current = table[o]->type;
        CHECK(tried[o] || !table[o]->couple || *table[o]->domain,
              "no case of tests/laws/node_cases.c has slices that can be cut");
    }
    free(tried);
}

int main(int argc, char **argv)
{
    int tries = argc > 1 ? atoi(argv[1]) : 12;
    if (fail_catch(check_all, &tries))
        failures++;
    printf("%d cuts, %d failures\n", cuts, failures);
    return failures || !cuts;
}
