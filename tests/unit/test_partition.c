/* test_partition.c -- plans of random chains of convolutions: nothing missing, nothing twice, shares as fair as rows allow. */
/* SPDX-License-Identifier: MIT */
#include "operators/op.h"
#include "kernels/kernel.h"
#include "passes/passes.h"
#include "plan/divide.h"
#include "plan/program.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 400, LARGEST_CHAIN = 5 };

static int random_from(int low, int high)
{
    return low + rand() % (high - low + 1);
}

static struct attribute ints(struct arena *arena, const char *name, int64_t a, int64_t b, int64_t c, int64_t d, int count)
{
    int64_t values[] = {a, b, c, d};
    return (struct attribute){.name = name,
                              .kind = ATTRIBUTE_INTS,
                              .count = count,
                              .ints = arena_copy(arena, values, sizeof values)};
}

/* Appends a Conv with a random window to `x`; NULL where the window does not fit. */
static struct tensor *add_conv(struct graph *graph, struct tensor *x)
{
    struct arena *arena = graph->arena;
    int kernel_rows = random_from(1, 5), kernel_columns = random_from(1, 5), stride = random_from(1, 2);
    int pad_rows = rand() % kernel_rows, pad_columns = rand() % kernel_columns, outputs = random_from(1, 40);
    if (x->shape.dim[2] + 2 * pad_rows < kernel_rows || x->shape.dim[3] + 2 * pad_columns < kernel_columns)
        return NULL;
    struct node *node = graph_node(graph, graph->node_count, "conv", "Conv", 2, 1);
    struct shape w = {4, {outputs, x->shape.dim[1], kernel_rows, kernel_columns}};
    node->input[0] = x;
    node->input[1] = graph_constant(graph, "w", TYPE_FLOAT, w,
                                    arena_array(arena, (size_t)shape_size(w), sizeof(float)));
    node_set_attribute(graph, node, ints(arena, "pads", pad_rows, pad_columns, pad_rows, pad_columns, 4));
    node_set_attribute(graph, node, ints(arena, "strides", stride, stride, 0, 0, 2));
    node->output[0] = graph_tensor(graph, "y");
    return node->output[0];
}

static struct graph *random_chain(struct arena *arena)
{
    struct graph *graph = arena_alloc(arena, sizeof *graph);
    *graph = (struct graph){.arena = arena, .name = "chain", .opset = 21};
    struct tensor *x = graph_tensor(graph, "x");
    x->type = TYPE_FLOAT;
    x->shaped = true;
    x->shape = (struct shape){4, {1, random_from(1, 20), random_from(1, 40), random_from(1, 40)}};
    graph->input = arena_copy(arena, &x, sizeof x);
    graph->input_count = 1;
    graph->output_count = 1;
    for (int i = random_from(1, LARGEST_CHAIN); i > 0; i--) {
        struct tensor *y = add_conv(graph, x);
        if (!y)
            break;
        graph->output = arena_copy(arena, &y, sizeof y);
        upgrade(graph);
        infer_shapes(graph);
        x = y;
    }
    return graph->node_count ? graph : NULL;
}

static struct cluster random_cluster(void)
{
    struct cluster cluster = {.count = random_from(1, 16)};
    bool equal = rand() % 2;
    for (int d = 0; d < cluster.count; d++)
        cluster.device[d] = (struct device){.name = "", .speed = equal ? 1 : random_from(1, 8)};
    return cluster;
}

/* No device computes more than its fair share plus one step of the grid of rows or columns (or, where there is only one, one panel). */
static void check_shares(const struct plan *plan, const struct node *node)
{
    struct shape y = node->output[0]->shape;
    double total = 0, step = 0;
    int devices = 0;
    for (int d = 0; d < plan->cluster->count; d++) {
        total += plan->cluster->device[d].speed;
        devices += plan_own(plan, node->output[0], d)->count > 0;
    }
    if (devices < 2)
        return;
    for (int a = 1; a < 4; a++) {
        double one = (double)(a == 1 ? 32 : kernel_grid(node, a)) / (double)y.dim[a];
        if ((a > 1 || y.dim[2] * y.dim[3] == 1) && y.dim[a] > 1 && one > step)
            step = one;
    }
    for (int d = 0; d < plan->cluster->count; d++) {
        double share = (double)regions_size(plan_own(plan, node->output[0], d)) / (double)shape_size(y);
        CU_ASSERT(share <= plan->cluster->device[d].speed / total + step + 1e-9);
    }
}

static int early_steps(const struct program *program)
{
    int count = 0;
    for (int i = 0; i < program->step_count; i++)
        count += program->step[i].kind == STEP_EARLY;
    return count;
}

static struct cluster slow_cluster(void)
{
    struct cluster cluster = random_cluster();
    for (int d = 0; d < cluster.count; d++) {
        cluster.device[d].measured = true;
        for (int k = 0; k < WORK_KINDS; k++)
            cluster.device[d].seconds[k] = 1e-6 / cluster.device[d].speed;
    }
    cluster.network = (struct network){.latency = 1e-4 * random_from(0, 20), .rate = 1e5 * random_from(1, 100),
                                       .shared = rand() % 2};
    return cluster;
}

/* Every layer is divided by its own rule, whatever the planner thinks pays; sometimes as phases_pay() says. Layers are joined to
 * the next one wherever that is possible, sometimes. */
static void divide_at_random(struct arena *arena, struct plan *plan, int round)
{
    const int cells = plan->graph->node_count * plan->cluster->count;
    bool *divide = arena_array(arena, (size_t)cells, sizeof *divide), *joined = arena_array(arena, (size_t)cells, sizeof *joined);
    for (int i = 0; i < cells; i++) {
        divide[i] = rand() % 4 > 0;
        joined[i] = rand() % 4 > 0;
    }
    plan->divide = round % 3 ? divide : NULL;
    plan->joined = round % 2 ? joined : NULL;
}

/* Schedule and place; returns how many steps begin early. */
static int check_program(const struct plan *plan)
{
    struct program program;
    schedule(plan, &program);
    if (rand() % 2)
        band(&program, (struct band_wish){.bytes = 1 << (8 + rand() % 12), .everywhere = true});
    place_buffers(&program);
    program_verify(&program);
    return early_steps(&program);
}

/* Nothing is computed twice, nothing is left out, and the shares are fair. */
static void check_work(const struct plan *plan, bool fair)
{
    const struct graph *graph = plan->graph;
    int64_t macs = 0, divided = 0;
    for (int n = 0; n < graph->node_count; n++) {
        if (fair)
            check_shares(plan, graph->node[n]);
        macs += node_macs(graph->node[n], region_whole(graph->node[n]->output[0]->shape));
        for (int d = 0; d < plan->cluster->count; d++)
            divided += plan_macs(plan, graph->node[n], d);
    }
    CU_ASSERT(macs == divided);
}

static bool is_used(const struct plan *plan, const struct tensor *tensor, int device)
{
    const struct region_list *own = plan_own(plan, tensor, device), *need = plan_need(plan, tensor, device);
    for (int i = 0; i < own->count; i++)
        for (int k = 0; k < need->count; k++)
            if (!region_is_empty(region_intersect(own->item[i], need->item[k])))
                return true;
    for (int t = 0; t < plan->transfer_count; t++)
        if (plan->transfer[t].tensor == tensor && plan->transfer[t].from == device)
            return true;
    return false;
}

static bool computed_elsewhere(const struct plan *plan, const struct tensor *tensor, int device)
{
    struct region_list rest = {0};
    for (int i = 0; i < plan_own(plan, tensor, device)->count; i++)
        regions_add(plan->graph->arena, &rest, plan_own(plan, tensor, device)->item[i]);
    for (int d = 0; d < plan->cluster->count; d++)
        for (int i = 0; d != device && i < plan_own(plan, tensor, d)->count; i++)
            regions_subtract(plan->graph->arena, &rest, plan_own(plan, tensor, d)->item[i]);
    return !rest.count;
}

/* No device computes for nobody what others compute, too. */
static void check_use(const struct plan *plan)
{
    for (int n = 0; n < plan->graph->node_count; n++)
        for (int d = 0; d < plan->cluster->count; d++) {
            const struct node *node = plan->graph->node[n];
            bool used = !computed_elsewhere(plan, node->output[0], d) || !plan_own(plan, node->output[0], d)->count;
            for (int k = 0; k < node->output_count; k++)
                used |= node->output[k] && is_used(plan, node->output[k], d);
            CU_ASSERT(used);
        }
}

static void random_plans(enum partition mode)
{
    int early = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = {0};
        struct graph *graph = random_chain(&arena);
        if (graph) {
            struct cluster cluster = random_cluster();
            struct plan plan;
            choose_kernels(graph, NULL);
            choose_layouts(graph);
            partition(graph, &cluster, (struct partition_wish){.mode = mode}, &plan);
            plan_verify(&plan);
            divide_at_random(&arena, &plan, round);
            early += check_program(&plan);
            check_work(&plan, mode != PARTITION_SINGLE);
        }
        arena_free(&arena);
    }
    CU_ASSERT(mode == PARTITION_SINGLE ? early == 0 : early > ROUNDS / 10);
}

static double bytes_of(const struct plan *plan)
{
    double bytes = 0;
    for (int i = 0; i < plan->transfer_count; i++)
        bytes += (double)(region_size(plan->transfer[i].region) * (int64_t)type_size(plan->transfer[i].tensor->type));
    return bytes;
}

static bool same_plans(const struct plan *a, const struct plan *b)
{
    struct text left = {.arena = a->graph->arena}, right = {.arena = a->graph->arena};
    plan_print(&left, a);
    plan_print(&right, b);
    return !strcmp(left.bytes, right.bytes);
}

/* Plans of the search are sound, never foretold to be slower than a baseline, the same every time, and what the simulation
 * takes for sent is what is sent. */
static void searched(void)
{
    int several = 0;
    for (int round = 0; round < ROUNDS / 4; round++) {
        struct arena arena = {0};
        struct graph *graph = random_chain(&arena);
        if (graph) {
            const struct cluster cluster = slow_cluster();
            const struct partition_wish wish = {
                .mode = PARTITION_AUTO, .throughput = round % 5 == 0, .effort = 0.002};
            struct plan plan, again;
            choose_kernels(graph, NULL);
            choose_layouts(graph);
            partition(graph, &cluster, wish, &plan);
            partition(graph, &cluster, wish, &again);
            plan_verify(&plan);
            CU_ASSERT(same_plans(&plan, &again));
            check_use(&plan);
            check_program(&plan);
            for (int i = 0; i < PARTITIONS; i++)
                CU_ASSERT(!(plan.comparison.seconds[i] > 0) ||
                          plan.comparison.seconds[PARTITION_AUTO] <= plan.comparison.seconds[i]);
            CU_ASSERT(fabs(bytes_of(&plan) - plan.forecast.bytes) < 0.5);
            CU_ASSERT(plan.forecast.seconds > 0);
            several += plan.transfer_count > 0;
        }
        arena_free(&arena);
    }
    CU_ASSERT(several > ROUNDS / 16);
}

static void rows(void)
{
    random_plans(PARTITION_ROWS);
}

static void gtdp(void)
{
    random_plans(PARTITION_GTDP);
}

static void star(void)
{
    random_plans(PARTITION_STAR);
}

static void single(void)
{
    random_plans(PARTITION_SINGLE);
}

static struct node *add_whole_conv(struct graph *graph, struct shape x, int64_t outputs)
{
    struct node *node = graph_node(graph, 0, "conv", "Conv", 2, 1);
    const struct shape w = {4, {outputs, x.dim[1], 1, 1}};
    node->input[0] = graph_tensor(graph, "x");
    node->input[0]->type = TYPE_FLOAT;
    node->input[0]->shaped = true;
    node->input[0]->shape = x;
    node->input[1] =
        graph_constant(graph, "w", TYPE_FLOAT, w, arena_array(graph->arena, (size_t)shape_size(w), sizeof(float)));
    node->output[0] = graph_tensor(graph, "y");
    graph->input = arena_copy(graph->arena, &node->input[0], sizeof node->input[0]);
    graph->output = arena_copy(graph->arena, &node->output[0], sizeof node->output[0]);
    graph->input_count = graph->output_count = 1;
    return node;
}

/* Pairs share the channels of their rows; of an odd number of devices the first has its rows alone. Nothing is computed twice. */
static void pairs(void)
{
    struct arena arena = {0};
    struct graph graph = {.arena = &arena, .name = "g", .opset = 21};
    const struct node *node = add_whole_conv(&graph, (struct shape){4, {1, 64, 14, 14}}, 512);
    upgrade(&graph);
    infer_shapes(&graph);
    choose_kernels(&graph, NULL);
    choose_layouts(&graph);
    for (int count = 1; count <= 5; count++) {
        struct division division;
        struct shares shares = {.count = count};
        int64_t size = 0;
        for (int i = 0; i <= count; i++)
            shares.bound[i] = (float)i / (float)count;
        for (int i = 0; i < count; i++)
            shares.device[i] = (unsigned char)i;
        divide_node(node, WAY_HYBRID, 0, &shares, &division);
        for (int d = 0; d < count; d++) {
            const struct range channels = division.piece[d].axis[1], rows = division.piece[d].axis[2];
            const bool alone = d == 0 && count % 2;
            size += region_size(division.piece[d]);
            CU_ASSERT_EQUAL(channels.end - channels.begin, alone ? 512 : 256);
            if (d)
                CU_ASSERT_EQUAL(rows.begin, divide_is_pair(count, d) ? division.piece[d - 1].axis[2].begin : division.piece[d - 1].axis[2].end);
            CU_ASSERT_EQUAL(divide_is_pair(count, d + 1), !alone && channels.begin == 0);
        }
        CU_ASSERT_EQUAL(size, 512 * 14 * 14);
    }
    arena_free(&arena);
}

int main(void)
{
    srand(2017);
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("partition", NULL, NULL);
    CU_add_test(suite, "rows", rows);
    CU_add_test(suite, "gtdp", gtdp);
    CU_add_test(suite, "star", star);
    CU_add_test(suite, "single", single);
    CU_add_test(suite, "auto", searched);
    CU_add_test(suite, "pairs", pairs);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
