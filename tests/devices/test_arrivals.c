/* test_arrivals.c -- whenever frames come, N devices compute what one does, byte for byte: all at once, as late as they can, by chance.
 *
 * What a device computes between two exchanges depends on what has arrived; on a quiet machine it nearly always goes the same way.
 * Here networks are compiled for several clusters, all nodes divided and joined that can be, and their programs linked with a
 * transport that decides (arrivals.h). Needs a C compiler in CC. With MEDNN_LONG every network is
 * compiled for every cluster, in `make check-again` half as many as otherwise. */
/* SPDX-License-Identifier: MIT */
#include "../laws/node_cases.h"
#include "../laws/programs.h"
#include "support/file.h"

#include <stdio.h>
#include <stdlib.h>

static int failures;

/* Layers with borders behind layers without, sums, maps that two layers read, memory that is used again, strides, pools: what a
 * device divides in all ways. */
static const char *const networks[] = {
    /* A bottleneck and a block of two. */
    ("%a Conv 1x8x28x24 =32x8x3x3 =32 pads=[1,1,1,1]; %b Relu %a; %c Conv %b =16x32x1x1 =16; %d Relu %c; "
     "%e Conv %d =16x16x3x3 =16 pads=[1,1,1,1]; %f Relu %e; %g Conv %f =32x16x1x1 =32; %h Add %g %b; %i Relu %h; "
     "%j Conv %i =32x32x3x3 =32 pads=[1,1,1,1]; %k Relu %j; %l Conv %k =32x32x3x3 =32 pads=[1,1,1,1]; %m Add %l %i; %n Relu %m; "
     "%o Conv %n =16x32x3x3 =16 strides=[2,2] pads=[1,1,1,1]"),
    /* Depthwise layers between 1x1 layers. */
    ("%a Conv 1x3x41x25 =16x3x3x3 =16 strides=[2,2] pads=[1,1,1,1]; %b Clip %a #0 #6; %c Conv %b =48x16x1x1 =48; %d Clip %c #0 #6; "
     "%e Conv %d =48x1x3x3 =48 group=48 pads=[1,1,1,1]; %f Clip %e #0 #6; %g Conv %f =16x48x1x1 =16; %h Add %g %b; "
     "%i Conv %h =48x16x1x1 =48; %j Conv %i =48x1x5x5 =48 group=48 pads=[2,2,2,2]; %k HardSwish %j; %l Conv %k =24x48x1x1 =24"),
    /* What was put together is worked on in place; pools. */
    ("%x Conv 1x16x26x20 =32x16x3x3 =32 pads=[1,1,1,1]; %a Tanh %x; %b Conv %a =32x32x3x3 =32 pads=[1,1,1,1]; %c Concat %a %b axis=1; "
     "%d Sigmoid %c; %e Conv %d =32x64x1x1 =32; %f Conv %e =16x32x3x3 =16 pads=[1,1,1,1]; "
     "%g MaxPool %f kernel_shape=[3,3] strides=[1,1] pads=[1,1,1,1]; %h Conv %g =32x16x3x3 pads=[1,1,1,1]; "
     "%i AveragePool %h kernel_shape=[2,2] strides=[2,2]; %j Conv %i =16x32x3x3 =16 pads=[1,1,1,1]"),
    /* Whole maps of 7 rows, of one row and of one column are pooled. */
    ("%a Conv 1x8x14x13 =40x8x3x3 =40 strides=[2,2] pads=[1,1,1,1]; %b HardSwish %a; %c Conv %b =40x1x3x3 =40 group=40 pads=[1,1,1,1]; "
     "%d GlobalAveragePool %c; %e Conv %d =8x40x1x1 =8; %f Relu %e; %g Conv %f =40x8x1x1 =40; %h Sigmoid %g; %i Mul %c %h; "
     "%j Conv %i =24x40x1x1 =24; %k GlobalMaxPool %j; %l Mul %k %j; %m Conv %l =24x24x7x1 =24; %n Conv %l =24x24x1x7 =24; "
     "%o GlobalAveragePool %m; %p GlobalAveragePool %n; %q Concat %o %p axis=1; %r Conv %l =48x24x3x3 =48; %s Mul %r %q; "
     "%t GlobalAveragePool %s"),
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* A cluster, and the networks (bits) that the plain test compiles for it: those programs differ most. */
static const struct {
    struct program_wish wish;
    unsigned networks;
} clusters[] = {
    {{"1,1", PARTITION_ROWS, 1, false}, 0},      {{"2,1", PARTITION_ROWS, 2, false}, 4},     {{"1,1,1", PARTITION_ROWS, 1, false}, 8},
    {{"1,1,1", PARTITION_ROWS, 2, true}, 0},     {{"1,1,1,1", PARTITION_ROWS, 1, true}, 2},  {{"1,1,1,1", PARTITION_ROWS, 2, false}, 0},
    {{"2,1", PARTITION_GTDP, 1, false}, 1},      {{"2,1", PARTITION_GTDP, 2, true}, 0},      {{"1,1,1,1", PARTITION_GTDP, 1, false}, 0},
    {{"2,1", PARTITION_AUTO, 1, false}, 4},      {{"1,1", PARTITION_AUTO, 2, false}, 2},     {{"1,1,1", PARTITION_AUTO, 1, false}, 9},
    {{"1,1,1", PARTITION_AUTO, 2, false}, 0},    {{"1,1,1,1", PARTITION_AUTO, 1, false}, 0}, {{"1,1,1,1", PARTITION_AUTO, 2, false}, 0},
};
enum { CLUSTERS = sizeof clusters / sizeof *clusters };

/* The runtime without what moves bytes, and what takes its place. */
static void build_runtime(struct arena *arena)
{
    programs_shell(arena_printf(arena,
                                "mkdir objects && cd objects && for part in \"$SRCDIR\"/tests/devices/arrivals.c \"$SRCDIR\"/runtime/session.c "
                                "\"$SRCDIR\"/runtime/weights.c \"$SRCDIR\"/runtime/pool.c \"$SRCDIR\"/runtime/turns.c "
                                "\"$SRCDIR\"/runtime/profile.c \"$SRCDIR\"/runtime/pages.c \"$SRCDIR\"/runtime/slow.c "
                                "\"$SRCDIR\"/runtime/trace.c; do ${CC:-cc} -std=c11 -O1 -pthread -D_POSIX_C_SOURCE=200809L "
                                "-DMEDNN_TRANSPORT=mednn_transport_arrivals -I\"$SRCDIR\"/runtime -Wall -Wextra -Werror -c \"$part\" || exit 1; done"));
}

/* The programs of a folder in one, beside the one for one device, and its run. */
static void run_devices(struct arena *arena, const char *folder, int devices, const char *name)
{
    struct text table = {.arena = arena}, objects = {.arena = arena};
    text_printf(&table, "#include \"arrivals.h\"\nextern const struct mednn_program one_device0;\n");
    for (int d = 0; d < devices; d++) {
        text_printf(&table, "extern const struct mednn_program %s_device%d;\n", folder, d);
        text_printf(&objects, " device%d.o", d);
    }
    text_printf(&table, "const struct mednn_program *const arrivals_program[] = {&one_device0");
    for (int d = 0; d < devices; d++)
        text_printf(&table, ", &%s_device%d", folder, d);
    text_printf(&table, "};\nconst uint32_t arrivals_programs = %d;\n", devices + 1);
    file_write(arena, arena_printf(arena, "%s/table.c", folder), table.bytes, table.length);
    programs_shell(arena_printf(arena,
                                "MAKEFLAGS= make -s -C %s -j2 CFLAGS=-O1%s && ${CC:-cc} -I\"$SRCDIR\"/runtime -I\"$SRCDIR\"/tests/devices "
                                "-pthread -o %s/arrivals %s/table.c %s/device*.o one/device0.o objects/*.o",
                                folder, objects.bytes, folder, folder, folder));
    printf("%s:\n", name);
    fflush(stdout);
    if (system(arena_printf(arena, "%s/arrivals", folder))) {
        printf("FAIL %s\n", name);
        failures++;
    }
}

static void check(struct arena *arena, struct graph *graph, int network, const struct program_wish *wish)
{
    static const char *const mode[] = {[PARTITION_ROWS] = "rows", [PARTITION_GTDP] = "gtdp", [PARTITION_AUTO] = "auto"};
    int devices = 1;
    for (const char *c = wish->devices; *c; c++)
        devices += *c == ',';
    programs_compile(graph, wish, "devices");
    run_devices(arena, "devices", devices,
                arena_printf(arena, "network %d, devices %s by %s, threads %d", network, wish->devices, mode[wish->mode], wish->threads));
    programs_shell("rm -rf devices");
}

static void run(void *data)
{
    struct arena *arena = data;
    const char *word = getenv("MEDNN_LONG");
    const bool is_long = word && *word;
    build_runtime(arena);
    for (int n = 0; n < NETWORKS; n++) {
        struct graph *graph = graph_from_text(arena, networks[n], (uint64_t)n + 1);
        split_pools(graph);
        fuse(graph);
        choose_kernels(graph, NULL);
        choose_layouts(graph);
        programs_compile(graph, &(struct program_wish){"1", PARTITION_ROWS, 1, false}, "one");
        programs_shell("MAKEFLAGS= make -s -C one CFLAGS=-O1 device0.o");
        for (int c = 0; c < CLUSTERS; c++)
            if (is_long || (clusters[c].networks >> n & 1 && (!programs_again() || c % 2 == 0)))
                check(arena, graph, n, &clusters[c].wish);
        programs_shell("rm -rf one");
    }
    printf("%d failures\n", failures);
}

int main(void)
{
    return programs_main(run, &failures);
}
