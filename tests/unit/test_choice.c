/* test_choice.c -- which kernel is taken: tables of costs, what was measured, turns. */
/* SPDX-License-Identifier: MIT */
#include "backend/cluster_file.h"
#include "ir/graph_print.h"
#include "kernels/tuning.h"
#include "passes/passes.h"
#include "plan/rates.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

/* One convolution of stride 1 of a blocked map that a convolution before it makes; the map keeps its size. */
static struct node *conv_graph_of(struct arena *arena, struct graph *graph, const char *name, int64_t channels, int64_t edge,
                                  int64_t taps)
{
    *graph = (struct graph){.arena = arena, .name = "g", .opset = 21};
    struct tensor *x = graph_tensor(graph, "x");
    x->type = TYPE_FLOAT;
    x->shaped = true;
    x->shape = (struct shape){4, {1, channels, edge, edge}};
    graph->input = arena_copy(arena, &x, sizeof x);
    const int64_t pads[] = {taps / 2, taps / 2, taps / 2, taps / 2};
    const int64_t *kept = arena_copy(arena, pads, sizeof pads);
    const struct attribute attributes[] = {{.name = "pads", .kind = ATTRIBUTE_INTS, .count = 4, .ints = kept},
                                           {.name = "group", .kind = ATTRIBUTE_INT, .count = 1, .i = 1}};
    for (int layer = 0; layer < 2; layer++) {
        struct node *node = graph_node(graph, layer, "Conv", "Conv", 2, 1);
        const struct shape shape = {4, {channels, channels, taps, taps}};
        node->input[0] = x;
        node->input[1] = graph_constant(graph, "w", TYPE_FLOAT, shape, arena_array(arena, (size_t)shape_size(shape), sizeof(float)));
        /* The same in another order where the name is another. */
        for (int a = 0; a < 2; a++)
            node_set_attribute(graph, node, attributes[strcmp(name, "x") ? a : 1 - a]);
        x = node->output[0] = graph_tensor(graph, name);
    }
    graph->output = arena_copy(arena, &x, sizeof x);
    graph->input_count = graph->output_count = 1;
    upgrade(graph);
    infer_shapes(graph);
    return graph->node[1];
}

static struct node *conv_graph(struct arena *arena, struct graph *graph, const char *name, int64_t channels, int64_t edge)
{
    return conv_graph_of(arena, graph, name, channels, edge, 3);
}

static const char *kernel_for_taps(int64_t channels, int64_t edge, int64_t taps, const struct kernel_wish *wish)
{
    struct arena arena = {0};
    struct graph graph;
    const struct node *node = conv_graph_of(&arena, &graph, "y", channels, edge, taps);
    choose_kernels(&graph, wish);
    const char *name = node->kernel->name;
    arena_free(&arena);
    return name;
}

static const char *kernel_for(int64_t channels, int64_t edge, const struct kernel_wish *wish)
{
    return kernel_for_taps(channels, edge, 3, wish);
}

/* Small maps of many channels: narrow vectors multiply more slowly, while weights come as fast, and Winograd's algorithm pays. */
static void by_target(void)
{
    const struct kernel_wish wide = {.seconds = rates_of_target("x86-64-v4")}, narrow = {.seconds = rates_of_target("x86-64-v3")};
    CU_ASSERT_STRING_EQUAL(kernel_for(512, 7, &wide), "conv_direct");
    CU_ASSERT_STRING_EQUAL(kernel_for(512, 7, &narrow), "conv_winograd_2");
    CU_ASSERT_STRING_EQUAL(kernel_for(64, 56, &wide), "conv_winograd_4");
    CU_ASSERT_STRING_EQUAL(kernel_for(64, 56, NULL), "conv_winograd_4");
    CU_ASSERT_STRING_EQUAL(kernel_for(64, 56, &(struct kernel_wish){.no_winograd = true}), "conv_direct");
    CU_ASSERT_STRING_EQUAL(kernel_for_taps(64, 27, 5, NULL), "conv_winograd_2_5");
    CU_ASSERT_STRING_EQUAL(kernel_for_taps(64, 11, 5, NULL), "conv_direct"); /* few tiles */
    CU_ASSERT_STRING_EQUAL(kernel_for_taps(64, 27, 7, NULL), "conv_direct");
    CU_ASSERT(rates_of_target(NULL) == rates_of_target("x86-64-v4"));
}

static bool is_table(const struct cluster *cluster, const double *table)
{
    double seconds[WORK_KINDS];
    rates_of_cluster(cluster, seconds);
    return !memcmp(seconds, table, sizeof seconds);
}

/* One choice for the cluster, the same however many devices that are alike it has. */
static void by_cluster(void)
{
    static const char *const devices[] = {"1", "3", "7", "2,1,1"};
    struct arena arena = {0};
    struct cluster cluster;
    for (int i = 0; i < 4; i++) {
        cluster_parse(&arena, devices[i], &cluster);
        CU_ASSERT(is_table(&cluster, rates_of_target(NULL)));
        for (int d = 0; d < cluster.count; d++)
            cluster.device[d].target = "armv8-a";
        CU_ASSERT(is_table(&cluster, rates_of_target("armv8-a")));
    }
    cluster_parse(&arena, "2", &cluster);
    cluster.device[1].target = "x86-64-v3";
    double mixed[WORK_KINDS];
    rates_of_cluster(&cluster, mixed);
    const double *v4 = rates_of_target("x86-64-v4"), *v3 = rates_of_target("x86-64-v3");
    const double multiple = mixed[WORK_WEIGHTS] / mixed[WORK_DIRECT];
    const double one = v3[WORK_WEIGHTS] / v3[WORK_DIRECT], other = v4[WORK_WEIGHTS] / v4[WORK_DIRECT];
    CU_ASSERT(multiple > (one < other ? one : other) && multiple < (one < other ? other : one));
    for (int d = 0; d < 2; d++) {
        cluster.device[d].measured = true;
        for (int k = 0; k < WORK_KINDS; k++)
            cluster.device[d].seconds[k] = 1e-9 * (k + 1);
    }
    CU_ASSERT(is_table(&cluster, cluster.device[0].seconds));
    arena_free(&arena);
}

static const struct kernel_price *price_of(const struct node *node, const char *kernel)
{
    for (int i = 0; i < node->choice->count; i++)
        if (!strcmp(node->choice->price[i].kernel->name, kernel))
            return &node->choice->price[i];
    return NULL;
}

static const char *description(struct arena *arena, const struct node *node)
{
    struct text text = {.arena = arena};
    node_describe(&text, node);
    return text.bytes;
}

/* What was measured decides; what was not is as much slower or faster than foretold as the rest of the layer. */
static void by_measurement(void)
{
    struct arena arena = {0};
    struct graph graph, other;
    struct tuning tuning = {0};
    struct node *node = conv_graph(&arena, &graph, "x", 64, 56);
    const char *layer = description(&arena, node);
    CU_ASSERT_STRING_EQUAL(description(&arena, conv_graph(&arena, &other, "another", 64, 56)), layer);
    CU_ASSERT_STRING_NOT_EQUAL(description(&arena, conv_graph(&arena, &other, "y", 64, 28)), layer);
    choose_kernels(&graph, NULL);
    const double grouped = price_of(node, "conv_grouped")->seconds, direct = price_of(node, "conv_direct")->seconds;
    CU_ASSERT_STRING_EQUAL(node->kernel->name, "conv_winograd_4");
    CU_ASSERT(!price_of(node, "conv_direct")->measured);

    tuning_add(&arena, &tuning, layer, kernel_find("conv_direct"), 0.9e-3);
    tuning_add(&arena, &tuning, layer, kernel_find("conv_winograd_4"), 1e-3);
    tuning_add(&arena, &tuning, layer, kernel_find("conv_direct"), 1.1e-3); /* the shortest stays */
    CU_ASSERT(tuning.count == 1 && tuning.layer[0].count == 2);
    choose_kernels(&graph, &(struct kernel_wish){.tuning = &tuning});
    CU_ASSERT_STRING_EQUAL(node->kernel->name, "conv_direct");
    CU_ASSERT(price_of(node, "conv_direct")->measured && price_of(node, "conv_winograd_4")->measured);
    CU_ASSERT(!price_of(node, "conv_grouped")->measured);
    /* Seconds besides the conversions, which the last layer of a graph needs. */
    CU_ASSERT(price_of(node, "conv_direct")->seconds >= 0.9e-3 && price_of(node, "conv_direct")->seconds < 1.3e-3);
    CU_ASSERT(price_of(node, "conv_grouped")->seconds > 0.9 * grouped / direct * 0.9e-3);

    /* Of one layer only: the one before it is the same here, another one is not. */
    struct node *strange = conv_graph(&arena, &other, "y", 64, 28);
    choose_kernels(&other, &(struct kernel_wish){.tuning = &tuning});
    CU_ASSERT(!price_of(strange, "conv_direct")->measured);
    arena_free(&arena);
}

/* Every kernel in question gets its turn; those that take far longer and those of other layouts are not in question. */
static void in_turns(void)
{
    struct arena arena = {0};
    struct graph graph;
    struct node *node = conv_graph(&arena, &graph, "y", 64, 56);
    choose_kernels(&graph, NULL);
    const int turns = choose_kernels_turns(&graph);
    CU_ASSERT(turns >= 2 && choose_kernels_is_open(node));
    const struct kernel *taken[32] = {NULL};
    for (int turn = 1; turn <= turns && turn < 32; turn++) {
        choose_kernels(&graph, &(struct kernel_wish){.turn = turn});
        taken[turn] = node->kernel;
        CU_ASSERT(strcmp(node->kernel->name, "conv_grouped") != 0);
        for (int before = 1; before < turn; before++)
            CU_ASSERT(taken[before] != node->kernel);
    }
    arena_free(&arena);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("choice", NULL, NULL);
    CU_add_test(suite, "targets", by_target);
    CU_add_test(suite, "clusters", by_cluster);
    CU_add_test(suite, "measured", by_measurement);
    CU_add_test(suite, "turns", in_turns);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
