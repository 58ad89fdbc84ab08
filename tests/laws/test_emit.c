/* test_emit.c -- generated C computes what evaluate computes, for every case of cases_*.c, and the same on N devices.
 *
 * All cases that some kernel accepts become one graph of independent nodes, so that there is one program to compile. The
 * program runs on one device and on several, where all nodes are divided into urgent and interior boxes that can be; integers
 * must agree exactly with evaluate, floats within 1e-5, doubles within 1e-12, and the files of N devices with those of one byte for byte. In
 * `make check-again` mednnc compiles all programs, and two of them are built. Needs MEDNN_RUN and a C compiler in CC. */
/* SPDX-License-Identifier: MIT */
#include "backend/cluster_file.h"
#include "interpret.h"
#include "kernels/kernel.h"
#include "node_cases.h"
#include "operators/op.h"
#include "programs.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

/* The graph of all cases, and what each of its inputs is fed. */
struct collection {
    struct graph *graph;
    const void **value; /* per graph input */
    int *output_case;   /* per graph output */
    int cases, refused;
};

static void take_tensor(struct collection *all, struct tensor *tensor, int index)
{
    struct graph *graph = all->graph;
    tensor->name = arena_printf(graph->arena, "case%d.%s", index, tensor->name);
    *arena_append(graph->arena, graph->tensor, graph->tensor_count, graph->tensor_capacity) = tensor;
}

static void take_case(struct collection *all, struct graph *one, int index)
{
    struct graph *graph = all->graph;
    struct arena *arena = graph->arena;
    for (int t = 0; t < one->tensor_count; t++)
        take_tensor(all, one->tensor[t], index);
    one->node[0]->name = arena_printf(arena, "case%d", index);
    *arena_append(arena, graph->node, graph->node_count, graph->node_capacity) = one->node[0];
    for (int i = 0; i < one->input_count; i++) {
        graph->input[graph->input_count] = one->input[i];
        all->value[graph->input_count++] = node_case_values(arena, one->input[i], (uint64_t)(index * 10 + i));
    }
    for (int k = 0; k < one->output_count; k++) {
        graph->output[graph->output_count] = one->output[k];
        all->output_case[graph->output_count++] = index;
    }
    all->cases++;
}

/* Recurrent layers become other nodes first: in one piece, or one for each step where devices are to share them. */
static void expand(struct graph *graph, const char *devices)
{
    struct cluster cluster;
    cluster_parse(graph->arena, devices, &cluster);
    expand_recurrent(graph, &cluster, PARTITION_ROWS);
}

static bool has_kernels(struct arena *arena, int index)
{
    struct graph *graph = node_case_graph(arena, index);
    const struct kernel *candidate[1];
    expand(graph, "1");
    for (int n = 0; n < graph->node_count; n++)
        if (!kernel_candidates(graph->node[n], candidate, 1))
            return false;
    return true;
}

static struct collection collect(struct arena *arena)
{
    enum { MOST = 4096 };
    struct collection all = {.graph = arena_alloc(arena, sizeof *all.graph),
                             .value = arena_array(arena, MOST, sizeof *all.value),
                             .output_case = arena_array(arena, MOST, sizeof *all.output_case)};
    *all.graph = (struct graph){.arena = arena,
                                .name = "cases",
                                .opset = NEWEST_OPSET,
                                .input = arena_array(arena, MOST, sizeof *all.graph->input),
                                .output = arena_array(arena, MOST, sizeof *all.graph->output)};
    for (int i = 0; i < node_case_count(); i++) {
        struct graph *one = node_case_graph(arena, i);
        bool empty = false;
        for (int t = 0; t < one->tensor_count; t++)
            empty |= shape_size(one->tensor[t]->shape) == 0;
        if (!empty && has_kernels(arena, i)) {
            take_case(&all, one, i);
        } else {
            printf("no kernel: %s\n", node_case_line(i));
            all.refused++;
        }
    }
    graph_index(all.graph);
    return all;
}

static double tolerance(enum type type)
{
    return type == TYPE_DOUBLE ? 1e-12 : type_is_float(type) ? 1e-5 : 0;
}

/* Winograd's algorithm rounds on the scale of the largest element. */
static double absolute_tolerance(const char *line, const struct tensor *expected)
{
    double largest = 1;
    const int64_t size = shape_size(expected->shape);
    for (int64_t i = 0; !strncmp(line, "Conv ", 5) && i < size; i++)
        largest = fmax(largest, fabs(tensor_double(expected, i)));
    return tolerance(expected->type) * largest;
}

/* Beside the program for one device. */
static const struct {
    const char *folder;
    struct program_wish wish;
} others[] = {{"several", {"1,1,1", PARTITION_ROWS, 1, false}},
              {"rectangles", {"3,1,2", PARTITION_GTDP, 1, true}},
              {"searched", {"2,1", PARTITION_AUTO, 1, false}}};
enum { OTHERS = sizeof others / sizeof *others };

/* How many of them are built and run. */
static int others_built(void)
{
    return programs_again() ? 1 : OTHERS;
}

static void check_outputs(const struct collection *all, const struct values *values)
{
    struct arena *arena = all->graph->arena;
    for (int k = 0; k < all->graph->output_count; k++) {
        struct tensor *tensor = all->graph->output[k], expected = *tensor;
        expected.data = value_of(values, tensor);
        struct mednn_array one = programs_output("one", k);
        const char *line = node_case_line(all->output_case[k]);
        const char *wrong = compare(arena, tensor, one.data, &expected, tolerance(tensor->type), absolute_tolerance(line, &expected));
        if (wrong) {
            printf("FAIL emit differs from evaluate: %s: %s\n", line, wrong);
            failures++;
        }
        for (int i = 0; i < others_built(); i++) {
            struct mednn_array other = programs_output(others[i].folder, k);
            if (other.bytes != one.bytes || memcmp(other.data, one.data, one.bytes)) {
                printf("FAIL %s devices differ from one: %s\n", others[i].folder, line);
                failures++;
            }
            mednn_array_free(&other);
        }
        mednn_array_free(&one);
    }
}

/* Ready for a partition. */
static struct collection collect_ready(struct arena *arena, const char *devices)
{
    struct collection all = collect(arena);
    expand(all.graph, devices);
    choose_kernels(all.graph, NULL);
    choose_layouts(all.graph);
    return all;
}

static void run(void *data)
{
    struct arena *arena = data;
    struct collection all = collect(arena);
    programs_write_inputs(all.graph, all.value);
    struct values values = interpret(arena, all.graph, all.value);
    const struct collection one = collect_ready(arena, "1"), several = collect_ready(arena, "3");
    programs_run(one.graph, &(struct program_wish){"1", PARTITION_ROWS, 1, false}, "one");
    for (int i = 0; i < OTHERS; i++)
        (i < others_built() ? programs_run : programs_compile)(several.graph, &others[i].wish, others[i].folder);
    check_outputs(&all, &values);
    printf("%d cases computed, %d without a kernel, %d failures\n", all.cases, all.refused, failures);
}

int main(void)
{
    return programs_main(run, &failures);
}
