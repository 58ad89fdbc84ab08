/* test_exchange.c -- frames between devices: contents, order, sizes, descriptors; --long for 64 MB frames. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cluster.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int inferences;

static int own(struct device *device)
{
    CHECK_SAY(device_open(device), "%s", device->error);
    for (int i = 0; i < inferences; i++)
        CHECK_SAY(!device_run(device), "%s", device->error);
    struct mednn_stats stats;
    mednn_session_stats(device->session, &stats);
    const struct pattern *pattern = &device->cluster->pattern;
    uint64_t frames = (uint64_t)pattern->exchanges * (pattern->active - 1);
    uint64_t received = (uint64_t)inferences * frames * (32 + pattern->bytes);
    CHECK(stats.inferences == (uint64_t)inferences && stats.bytes_received == received);
    CHECK(stats.bytes_sent == received + (uint64_t)inferences * 32 * (pattern->devices - 1));
    device_close(device);
    CHECK_SAY(!device->wrong, "%llu wrong bytes", (unsigned long long)device->wrong);
    return 0;
}

static void run_pattern(struct pattern pattern, int count)
{
    struct cluster cluster;
    cluster_prepare(&cluster, pattern);
    inferences = count;
    for (uint32_t i = 1; i < pattern.devices; i++)
        cluster_start(&cluster, i, device_serve);
    cluster_start(&cluster, 0, own);
    char error[512];
    for (uint32_t i = 0; i < pattern.devices; i++) {
        int status = cluster_wait(&cluster, i, error);
        CHECK_SAY(!status, "device %u of %u: status %d %s", i, pattern.devices, status, error);
    }
    printf("ok: %u devices, %u in %u exchanges of %zu bytes, %d times\n", pattern.devices, pattern.active,
           pattern.exchanges, pattern.bytes, count);
}

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static long resident_pages(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    CHECK(fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages;
}

/* Ten thousand inferences on open connections leave no descriptor and no memory behind. */
static int own_for_long(struct device *device)
{
    CHECK_SAY(device_open(device), "%s", device->error);
    for (int i = 0; i < 1000; i++)
        CHECK_SAY(!device_run(device), "%s", device->error);
    int descriptors = count_descriptors();
    long pages = resident_pages();
    for (int i = 0; i < 10000; i++)
        CHECK_SAY(!device_run(device), "%s", device->error);
    CHECK(count_descriptors() == descriptors);
    CHECK_SAY(resident_pages() <= pages + 64, "%ld pages, then %ld", pages, resident_pages());
    device_close(device);
    CHECK(!device->wrong);
    return 0;
}

static void run_for_long(void)
{
    struct cluster cluster;
    cluster_prepare(&cluster, (struct pattern){.devices = 4, .active = 3, .exchanges = 2, .bytes = 100});
    for (uint32_t i = 1; i < 4; i++)
        cluster_start(&cluster, i, device_serve);
    cluster_start(&cluster, 0, own_for_long);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_SAY(!cluster_wait(&cluster, i, NULL), "device %u", i);
    puts("ok: 10,000 inferences without growth");
}

/* Sessions that come and go leave no descriptor behind either. */
static void run_reopening(void)
{
    int before = count_descriptors();
    for (int i = 0; i < 20; i++) {
        struct cluster cluster;
        cluster_prepare(&cluster, (struct pattern){.devices = 3, .active = 2, .exchanges = 1, .bytes = 5});
        for (uint32_t p = 1; p < 3; p++)
            cluster_start(&cluster, p, device_serve);
        struct device device;
        device_prepare(&device, &cluster, 0);
        CHECK_SAY(device_open(&device) && !device_run(&device), "%s", device.error);
        device_close(&device);
        for (uint32_t p = 1; p < 3; p++)
            CHECK(!cluster_wait(&cluster, p, NULL));
    }
    CHECK(count_descriptors() == before);
    puts("ok: 20 sessions in one process");
}

/* ---- large frames leave by themselves while the owner's program does not call the runtime ---- */

enum { SCATTER_DEVICES = 4, SCATTER_PARTS = 8 };
static int arrived[2];       /* a pipe: a byte from every device that has all */
static size_t scatter_bytes; /* of a frame */
static bool last_is_first;   /* the frames of the last device leave first */

static unsigned char scattered(uint32_t exchange, size_t at)
{
    return (unsigned char)(exchange * 29 + (at ^ at >> 9));
}

static int scatter(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    char bytes[SCATTER_DEVICES];
    (void)inputs;
    (void)outputs;
    for (uint32_t e = 0; e < SCATTER_PARTS * (SCATTER_DEVICES - 1); e++) {
        for (size_t i = 0; i < scatter_bytes; i++)
            arena[e * scatter_bytes + i] = scattered(e, i);
        if (mednn_exchange_begin(session, e))
            return -1;
    }
    for (int i = 1; i < SCATTER_DEVICES; i++) /* stuck for ever unless something else sends */
        CHECK(read(arrived[0], bytes, 1) == 1);
    return 0;
}

static uint32_t this_device;

/* The device whose turn is the `turn`th, and the reverse. */
static uint32_t device_of_turn(uint32_t turn)
{
    return last_is_first ? SCATTER_DEVICES - 1 - turn : 1 + turn;
}

static uint32_t turn_of_device(uint32_t device)
{
    return last_is_first ? SCATTER_DEVICES - 1 - device : device - 1;
}

static int collect(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    const uint32_t first = SCATTER_PARTS * turn_of_device(this_device);
    (void)inputs;
    (void)outputs;
    for (uint32_t e = first; e < first + SCATTER_PARTS; e++)
        if (mednn_exchange_begin(session, e))
            return -1;
    for (uint32_t e = first; e < first + SCATTER_PARTS; e++) {
        if (mednn_exchange_end(session, e))
            return -1;
        for (size_t i = 0; i < scatter_bytes; i++)
            CHECK(arena[(e - first) * scatter_bytes + i] == scattered(e, i));
    }
    return write(arrived[1], "", 1) == 1 ? 0 : -1;
}

static void use_scatter(struct device *device)
{
    static struct mednn_message table[SCATTER_PARTS * (SCATTER_DEVICES - 1)];
    struct mednn_program *program = &device->program;
    const uint32_t all = SCATTER_PARTS * (SCATTER_DEVICES - 1);
    this_device = program->device;
    program->exchange_count = all;
    program->arena_bytes = all * scatter_bytes;
    program->run = this_device ? collect : scatter;
    free((void *)program->sends);
    free((void *)program->receives);
    program->sends = program->receives = NULL;
    program->send_count = this_device ? 0 : all;
    program->receive_count = this_device ? SCATTER_PARTS : 0;
    for (uint32_t i = 0; i < (this_device ? SCATTER_PARTS : all); i++)
        table[i] = (struct mednn_message){this_device ? SCATTER_PARTS * turn_of_device(this_device) + i : i,
                                          this_device ? 0 : device_of_turn(i / SCATTER_PARTS), i * scatter_bytes, scatter_bytes};
    *(this_device ? &program->receives : &program->sends) = table;
}

static int scatter_device(struct device *device)
{
    use_scatter(device);
    CHECK_SAY(device_open(device), "%s", device->error);
    int status = 0;
    for (int i = 0; !status && (this_device || i < 3); i++)
        status = device_run(device);
    CHECK_SAY(status >= 0, "%s", device->error);
    mednn_close(device->session);
    free(device->memory);
    return 0;
}

static void run_scatter(size_t bytes, bool reversed)
{
    struct cluster cluster;
    char error[512];
    scatter_bytes = bytes;
    last_is_first = reversed;
    CHECK(!pipe(arrived));
    cluster_prepare(&cluster, (struct pattern){.devices = SCATTER_DEVICES, .active = 1, .exchanges = 1, .bytes = 1});
    for (uint32_t i = SCATTER_DEVICES; i-- > 0;)
        cluster_start(&cluster, i, scatter_device);
    for (uint32_t i = 0; i < SCATTER_DEVICES; i++)
        CHECK_SAY(!cluster_wait(&cluster, i, error), "device %u: %s", i, error);
    close(arrived[0]);
    close(arrived[1]);
    printf("ok: large frames leave while the program computes: %zu bytes%s\n", bytes, reversed ? ", the last device first" : "");
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(600);
    if (argc > 1 && !strcmp(argv[1], "--long")) {
        run_pattern((struct pattern){8, 8, 1, (size_t)64 << 20, true}, 2);
        return 0;
    }
    run_pattern((struct pattern){1, 1, 0, 0, false}, 3);
    run_pattern((struct pattern){2, 2, 1, 4096, false}, 100);
    run_pattern((struct pattern){2, 2, 3, 0, false}, 5);
    run_pattern((struct pattern){3, 1, 2, 1, false}, 5); /* nobody exchanges anything */
    run_pattern((struct pattern){5, 4, 7, 1001, false}, 50);
    run_pattern((struct pattern){16, 16, 3, 100, false}, 20);
    run_pattern((struct pattern){2, 2, 3, (size_t)16 << 20, false}, 2); /* far beyond any socket buffer */
    run_pattern((struct pattern){8, 8, 2, (size_t)2 << 20, false}, 2);
    run_scatter((size_t)1 << 20, false);
    run_scatter((size_t)1 << 20, true);
    run_scatter((size_t)20 << 10, true); /* whole frames leave at once, one after the other */
    run_for_long();
    run_reopening();
    return 0;
}
