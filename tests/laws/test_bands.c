/* test_bands.c -- layers in bands compute what whole layers do, byte for byte: on one device, and, but for `make check-again`, on
 * several and with threads; and so do smooth activations that the layers before them apply. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "programs.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

/* All smooth activations behind all kernels that apply them, with pad lanes, rows that end within a vector and tiles that run on from row
 * to row. */
#define SMOOTH                                                                                                                    \
    "%a Conv 1x3x57x41 =20x3x3x3 =20 strides=[2,2] pads=[1,1,1,1]; %b Swish %a; %c Conv %b =20x1x3x3 =20 group=20 pads=[1,1,1,1]; " \
    "%d Sigmoid %c; %e Conv %d =40x20x3x3 =40 pads=[1,1,1,1]; %f Gelu %e; %g Conv %f =40x40x1x1 =40; %h Add %g %f; "               \
    "%i Swish %h alpha=1.702; %j Conv %i =36x10x3x3 =36 group=4 pads=[1,1,1,1]; %k Mish %j; "                                      \
    "%l Conv %k =48x36x5x5 =48 strides=[2,2] pads=[2,2,2,2]; %m Gelu %l approximate=tanh; %n Conv %m =64x48x1x1 =64; %o Tanh %n; " \
    "%p Conv %o =20x64x3x3 =20 pads=[1,1,1,1]; %q Mul %p %p; %r Sigmoid %q; %s Reshape %r @1,20,165; %t MatMul %s =165x70; "       \
    "%u Gelu %t; %v Add %u =70; %w Swish %v; %x Reshape %w @20,70; %y Gemm %x =70x33 =33; %z Mish %y; %A Transpose %z; "           \
    "%B MatMul %z %A; %C Tanh %B; %D Gemm %C =20x70 =70; Swish %D"
enum { SMOOTH_FUSED = 14 /* activations, and a sum */ };

/* Networks whose layers overlap in all ways: strides, kernels of many sizes, borders, sums of a layer and one before, pools, layers
 * that two others read, maps that no band divides evenly. */
static const char *const networks[] = {
    ("%a Conv 1x3x61x45 =32x3x3x3 =32 strides=[2,2] pads=[1,1,1,1]; %b Clip %a #0 #6; "
     "%c Conv %b =32x1x3x3 =32 group=32 pads=[1,1,1,1]; %d Conv %c =24x32x1x1 =24; "
     "%e Conv %d =96x24x1x1 =96; %f Clip %e #0 #6; %g Conv %f =96x1x3x3 =96 group=96 pads=[1,1,1,1]; "
     "%h Conv %g =24x96x1x1 =24; %i Add %h %d; %j Conv %i =40x24x5x5 =40 pads=[2,2,2,2]"),
    ("%a Conv 1x16x40x28 =32x16x3x3 =32 pads=[1,1,1,1]; %b Relu %a; %c Conv %b =32x32x3x3 =32 pads=[1,1,1,1]; %d Relu %c; "
     "%e MaxPool %d kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]; %f Conv %e =32x32x3x3 =32 pads=[1,1,1,1]; %g Add %f %e; "
     "%h Relu %g; %i Conv %h =48x32x1x1; %j Conv %h =48x32x1x1 =48; %k Add %i %j; "
     "%l AveragePool %k kernel_shape=[2,2] strides=[2,2]; %m Conv %l =16x48x3x3 =16 dilations=[2,2] pads=[2,2,2,2]"),
    ("%a Conv 2x8x33x17 =20x8x3x3 =20; %b HardSwish %a; %c Conv %b =20x20x3x1 pads=[1,0,1,0]; %d Sigmoid %c; %e Mul %d %c; "
     "%f Conv %e =36x20x1x1 =36; %g Conv %f =36x1x5x5 group=36 pads=[2,2,2,2] strides=[2,1]; %h GlobalAveragePool %g"),
    /* Two layers in a row that work in place, plain ones, whose pieces take turns on several devices. */
    ("%a Conv 1x16x24x20 =40x16x3x3 =40 pads=[1,1,1,1]; %b Conv %a =12x40x3x3 =12 pads=[1,1,1,1]; %c Concat %a %b axis=1; "
     "%d Mul %c =1x52x1x1; %e Add %d =1x52x1x1; %f Relu %e; %g Conv %f =32x52x1x1 =32; %h Conv %g =12x32x3x3 =12 pads=[1,1,1,1]; "
     "%i Concat %f %h axis=1; %j Conv %i =16x64x3x3 pads=[1,1,1,1]; %k Conv %j =32x16x3x3 pads=[1,1,1,1]; %l Conv %k =16x32x1x1"),
    /* What was put together in the memory of %a is worked on in place, while the rest of %b, which reads %a, is still to come. */
    ("%x Conv 1x16x24x20 =32x16x3x3 =32 pads=[1,1,1,1]; %a Tanh %x; %b Conv %a =32x32x3x3 =32 pads=[1,1,1,1]; %c Concat %a %b axis=1; "
     "%d Sigmoid %c; %e Conv %d =32x64x1x1 =32; %f Conv %e =16x32x3x3 =16 pads=[1,1,1,1]; %g Conv %f =16x16x3x3 pads=[1,1,1,1]; %h Conv %g =32x16x3x3 pads=[1,1,1,1]; "
     "%i Conv %h =16x32x1x1"),
    SMOOTH,
};

static void check(const char *folder, int network)
{
    struct mednn_array whole = programs_output("whole", 0), banded = programs_output(folder, 0);
    if (whole.bytes != banded.bytes || memcmp(whole.data, banded.data, whole.bytes)) {
        printf("FAIL network %d: %s differs from whole layers\n", network, folder);
        failures++;
    }
    mednn_array_free(&whole);
    mednn_array_free(&banded);
}

/* Whole layers compute what evaluate does. */
static void check_whole(const float *want, int64_t size, int network)
{
    struct mednn_array whole = programs_output("whole", 0);
    const float *got = (const float *)(const void *)whole.data;
    double largest = 0, worst = 0;
    for (int64_t i = 0; i < size; i++) {
        largest = fmax(largest, fabs((double)want[i]));
        worst = fmax(worst, fabs((double)want[i] - (double)got[i]));
    }
    if (!(worst <= 1e-4 * largest)) {
        printf("FAIL network %d: differs by %g of %g from evaluate\n", network, worst, largest);
        failures++;
    }
    mednn_array_free(&whole);
}

/* Activations by themselves give the same bytes. */
static void check_smooth(struct arena *arena, int network)
{
    struct graph *graph = graph_from_text(arena, networks[network], (uint64_t)network + 1);
    const int nodes = graph->node_count;
    choose_kernels(graph, NULL);
    choose_layouts(graph);
    programs_run(graph, &(struct program_wish){"1", PARTITION_ROWS, 1, false}, "alone");
    check("alone", network);
    graph = graph_from_text(arena, networks[network], (uint64_t)network + 1);
    fuse(graph);
    if (graph->node_count != nodes - SMOOTH_FUSED) {
        printf("FAIL network %d: %d nodes became %d\n", network, nodes, graph->node_count);
        failures++;
    }
}

static void run(void *data)
{
    struct arena *arena = data;
    for (int n = 0; n < (int)(sizeof networks / sizeof *networks); n++) {
        struct graph *graph = graph_from_text(arena, networks[n], (uint64_t)n + 1);
        const void *input[] = {node_case_values(arena, graph->input[0], (uint64_t)n)};
        const struct values values = interpret(arena, graph, input);
        const float *want = value_of(&values, graph->output[0]);
        programs_write_inputs(graph, input);
        split_pools(graph);
        fuse(graph);
        choose_kernels(graph, NULL);
        choose_layouts(graph);
        programs_run(graph, &(struct program_wish){"1", PARTITION_ROWS, 1, false}, "whole");
        check_whole(want, shape_size(graph->output[0]->shape), n);
        const int runs = programs_run(graph, &(struct program_wish){"1", PARTITION_ROWS, 1, true}, "bands");
        printf("network %d: %d runs of bands\n", n, runs);
        failures += runs == 0;
        check("bands", n);
        if (!programs_again()) {
            programs_run(graph, &(struct program_wish){"1", PARTITION_ROWS, 2, true}, "threads");
            programs_run(graph, &(struct program_wish){"1,2", PARTITION_ROWS, 1, true}, "devices");
            check("threads", n);
            check("devices", n);
        }
        if (n == (int)(sizeof networks / sizeof *networks) - 1)
            check_smooth(arena, n);
        programs_shell("rm -rf whole* bands* threads* devices* alone*");
    }
    printf("%d failures\n", failures);
}

int main(void)
{
    return programs_main(run, &failures);
}
