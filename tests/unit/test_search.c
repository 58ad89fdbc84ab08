/* test_search.c -- what the planner promises, by its own forecast: never slower than simpler plans or one device, several devices
 * where they pay, the same plan every time, memory respected. */
/* SPDX-License-Identifier: MIT */
#include "kernels/kernel.h"
#include "operators/op.h"
#include "passes/passes.h"
#include "plan/cost.h"

#include <CUnit/Basic.h>
#include <string.h>

/* A part of the usual effort: the promises hold for any. */
static const double EFFORT = 0.1;

static struct tensor *add_node(struct graph *graph, const char *type, struct tensor *x, struct tensor *weights)
{
    struct node *node = graph_node(graph, graph->node_count, type, type, weights ? 2 : 1, 1);
    node->input[0] = x;
    if (weights)
        node->input[1] = weights;
    node->output[0] = graph_tensor(graph, "y");
    return node->output[0];
}

static void set_ints(struct graph *graph, const char *name, int64_t value, int count)
{
    int64_t *values = arena_array(graph->arena, (size_t)count, sizeof *values);
    for (int i = 0; i < count; i++)
        values[i] = value;
    node_set_attribute(graph, graph->node[graph->node_count - 1],
                       (struct attribute){.name = name, .kind = ATTRIBUTE_INTS, .count = count, .ints = values});
}

static struct tensor *zeros(struct graph *graph, struct shape shape)
{
    return graph_constant(graph, "w", TYPE_FLOAT, shape, arena_array(graph->arena, (size_t)shape_size(shape), sizeof(float)));
}

static struct tensor *add_conv(struct graph *graph, struct tensor *x, int64_t from, int64_t to, int64_t kernel, int64_t stride)
{
    struct tensor *y = add_node(graph, "Conv", x, zeros(graph, (struct shape){4, {to, from, kernel, kernel}}));
    set_ints(graph, "pads", kernel / 2, 4);
    set_ints(graph, "strides", stride, 2);
    return y;
}

static struct tensor *add_pool(struct graph *graph, struct tensor *x)
{
    struct tensor *y = add_node(graph, "MaxPool", x, NULL);
    set_ints(graph, "kernel_shape", 2, 2);
    set_ints(graph, "strides", 2, 2);
    return y;
}

static struct tensor *begin_graph(struct arena *arena, struct graph *graph, int64_t channels, int64_t edge)
{
    *graph = (struct graph){.arena = arena, .name = "g", .opset = 21};
    struct tensor *x = graph_tensor(graph, "x");
    x->type = TYPE_FLOAT;
    x->shaped = true;
    x->shape = (struct shape){4, {1, channels, edge, edge}};
    graph->input = arena_copy(arena, &x, sizeof x);
    graph->input_count = graph->output_count = 1;
    return x;
}

static void end_graph(struct graph *graph, struct tensor *y)
{
    graph->output = arena_copy(graph->arena, &y, sizeof(struct tensor *));
    upgrade(graph);
    infer_shapes(graph);
    split_pools(graph);
    fuse(graph);
    choose_kernels(graph, NULL);
    choose_layouts(graph);
}

/* Like VGG-16 with half of its channels: large maps first, then weights, then fully connected layers. */
static void make_plain(struct arena *arena, struct graph *graph)
{
    struct tensor *x = begin_graph(arena, graph, 3, 224);
    static const int64_t channels[] = {3, 32, 64, 128, 256, 256};
    for (int stage = 0; stage < 5; stage++) {
        x = add_conv(graph, x, channels[stage], channels[stage + 1], 3, 1);
        x = add_conv(graph, x, channels[stage + 1], channels[stage + 1], 3, 1);
        x = add_pool(graph, x);
    }
    x = add_node(graph, "Flatten", x, NULL);
    x = add_node(graph, "MatMul", x, zeros(graph, (struct shape){2, {256 * 49, 1024}}));
    end_graph(graph, add_node(graph, "MatMul", x, zeros(graph, (struct shape){2, {1024, 100}})));
}

/* Like ResNet-50: bottlenecks around residual streams. */
static void make_residual(struct arena *arena, struct graph *graph)
{
    struct tensor *x = begin_graph(arena, graph, 3, 224);
    x = add_pool(graph, add_conv(graph, x, 3, 64, 7, 2));
    int64_t from = 64;
    for (int stage = 0; stage < 3; stage++)
        for (int block = 0; block < 2; block++) {
            const int64_t inner = (int64_t)64 << stage, to = 4 * inner, stride = stage && !block ? 2 : 1;
            struct tensor *y = add_conv(graph, add_conv(graph, x, from, inner, 1, 1), inner, inner, 3, stride);
            y = add_conv(graph, y, inner, to, 1, 1);
            if (!block)
                x = add_conv(graph, x, from, to, 1, stride);
            x = add_node(graph, "Add", y, x);
            from = to;
        }
    end_graph(graph, add_node(graph, "GlobalAveragePool", x, NULL));
}

/* Every channel of x times a number that depends on all of x (squeeze and excitation). */
static struct tensor *add_excitation(struct graph *graph, struct tensor *x, int64_t channels)
{
    struct tensor *y = add_conv(graph, add_node(graph, "GlobalAveragePool", x, NULL), channels, channels / 4, 1, 1);
    y = add_conv(graph, add_node(graph, "Relu", y, NULL), channels / 4, channels, 1, 1);
    return add_node(graph, "Mul", x, add_node(graph, "Sigmoid", y, NULL));
}

/* Like EfficientNet-B0: depthwise convolutions, and in every block something that needs the whole map. */
static void make_excited(struct arena *arena, struct graph *graph)
{
    struct tensor *x = add_conv(graph, begin_graph(arena, graph, 3, 224), 3, 32, 3, 2);
    int64_t from = 32;
    for (int block = 0; block < 6; block++) {
        const int64_t inner = 4 * from, to = block % 2 ? from : 3 * from / 2;
        x = add_conv(graph, add_conv(graph, x, from, inner, 1, 1), 1, inner, 3, block % 2 ? 1 : 2);
        node_set_attribute(graph, graph->node[graph->node_count - 1],
                           (struct attribute){.name = "group", .kind = ATTRIBUTE_INT, .i = inner});
        x = add_conv(graph, add_excitation(graph, x, inner), inner, to, 1, 1);
        from = to;
    }
    end_graph(graph, add_node(graph, "GlobalAveragePool", x, NULL));
}

struct setting {
    double speed[8]; /* until 0 */
    double gmacs, mbit, milliseconds;
    bool shared;
};

static struct cluster cluster_of(const struct setting *setting)
{
    struct cluster cluster = {.network = {.latency = setting->milliseconds * 1e-3, .rate = setting->mbit * 1e6 / 8,
                                          .shared = setting->shared}};
    double fastest = 0;
    for (; cluster.count < 8 && setting->speed[cluster.count] > 0; cluster.count++)
        fastest = setting->speed[cluster.count] > fastest ? setting->speed[cluster.count] : fastest;
    for (int d = 0; d < cluster.count; d++)
        cluster.device[d] = (struct device){.name = "", .speed = setting->speed[d], .gmacs = setting->gmacs * setting->speed[d] / fastest};
    return cluster;
}

static bool same_plans(const struct plan *a, const struct plan *b)
{
    struct text left = {.arena = a->graph->arena}, right = {.arena = a->graph->arena};
    plan_print(&left, a);
    plan_print(&right, b);
    return !strcmp(left.bytes, right.bytes);
}

/* Checks a plan against the simpler ones; returns by how much it is faster than the fastest device alone. */
static double speed_up(struct graph *graph, const struct cluster *cluster)
{
    static struct plan plan, again;
    static struct cost_model model;
    const struct partition_wish wish = {.mode = PARTITION_AUTO, .effort = EFFORT};
    partition(graph, cluster, wish, &plan);
    partition(graph, cluster, wish, &again);
    plan_verify(&plan);
    CU_ASSERT(same_plans(&plan, &again));
    for (int i = 0; i < PARTITIONS; i++)
        CU_ASSERT(plan.comparison.seconds[PARTITION_AUTO] <= plan.comparison.seconds[i]);
    CU_ASSERT_DOUBLE_EQUAL(plan.forecast.seconds, plan.comparison.seconds[PARTITION_AUTO], 1e-9);
    cost_model_make(&model, graph, cluster);
    double alone = cost_graph_seconds(&model, 0, graph);
    for (int d = 1; d < cluster->count; d++) {
        const double seconds = cost_graph_seconds(&model, d, graph);
        alone = seconds < alone ? seconds : alone;
    }
    return alone / plan.forecast.seconds;
}

static double foretold(void (*make)(struct arena *, struct graph *), struct setting setting)
{
    struct arena arena = {0};
    struct graph graph;
    make(&arena, &graph);
    const struct cluster cluster = cluster_of(&setting);
    const double result = speed_up(&graph, &cluster);
    arena_free(&arena);
    return result;
}

/* Slow devices with good links share the work. */
static void shares(void)
{
    CU_ASSERT(foretold(make_plain, (struct setting){{1, 1}, 2, 200, 2, false}) > 1.65);
    CU_ASSERT(foretold(make_plain, (struct setting){{1, 1, 1, 1}, 2, 200, 2, false}) > 2.6);
    CU_ASSERT(foretold(make_residual, (struct setting){{1, 1}, 2, 200, 2, false}) > 1.7);
    CU_ASSERT(foretold(make_residual, (struct setting){{1, 1, 1, 1}, 2, 600, 1, false}) > 2.5);
}

/* No step from one device to a good division is small, nor from two devices to four. */
static void shares_in_spite_of_pools(void)
{
    CU_ASSERT(foretold(make_excited, (struct setting){{1, 1}, 3, 200, 2, false}) > 1.1);
    CU_ASSERT(foretold(make_excited, (struct setting){{1, 1, 1, 1}, 3, 200, 2, false}) > 1.1);
}

/* Quick devices with bad links leave it to one; so do media that all share. */
static void stays_alone(void)
{
    const double least = 0.999;
    CU_ASSERT(foretold(make_residual, (struct setting){{1, 1, 1}, 1000, 10, 20, false}) > least);
    CU_ASSERT(foretold(make_residual, (struct setting){{1, 1, 1, 1}, 100, 50, 3, true}) > least);
    CU_ASSERT(foretold(make_plain, (struct setting){{1, 1}, 300, 50, 10, true}) > least);
}

/* Ideal: 1.75, if every device did not have to read all weights. */
static void unequal(void)
{
    CU_ASSERT(foretold(make_plain, (struct setting){{4, 2, 1}, 2, 200, 2, false}) > 1.3);
    CU_ASSERT(foretold(make_residual, (struct setting){{4, 2, 1}, 2, 200, 2, false}) > 1.4);
    CU_ASSERT(foretold(make_plain, (struct setting){{1, 2, 4}, 2, 200, 2, false}) > 1.25);
}

static int64_t weights_at(const struct plan *plan, int device)
{
    int64_t bytes = 0;
    for (int n = 0; n < plan->graph->node_count; n++) {
        const struct node *node = plan->graph->node[n];
        const struct region_list *own = plan_own(plan, node->output[0], device);
        for (int i = 0; own->count && i < node->input_count; i++)
            if (node->input[i] && tensor_is_constant(node->input[i]))
                bytes += region_size(piece_reads(node, i, regions_cover(own))) * (int64_t)sizeof(float);
    }
    return bytes;
}

/* A device that cannot hold the model's weights gets as much of the work as it can hold. */
static void respects_memory(void)
{
    struct arena arena = {0};
    struct graph graph;
    static struct plan plan;
    make_plain(&arena, &graph);
    struct cluster cluster = cluster_of(&(struct setting){{1, 1, 1}, 2, 200, 2, false});
    cluster.device[1].memory = 16 << 20;
    cluster.device[2].memory = 1 << 10;
    partition(&graph, &cluster, (struct partition_wish){.mode = PARTITION_AUTO, .effort = EFFORT}, &plan);
    CU_ASSERT(weights_at(&plan, 1) <= cluster.device[1].memory);
    CU_ASSERT(plan.forecast.compute[1] > 0);
    CU_ASSERT(!(plan.forecast.compute[2] > 0));
    arena_free(&arena);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("search", NULL, NULL);
    CU_add_test(suite, "shares", shares);
    CU_add_test(suite, "shares in spite of pools", shares_in_spite_of_pools);
    CU_add_test(suite, "stays alone", stays_alone);
    CU_add_test(suite, "unequal", unequal);
    CU_add_test(suite, "memory", respects_memory);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
