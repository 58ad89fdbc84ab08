/* lanes.c -- several inferences of one program in flight. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "lanes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20 };

/* A worker of mednn_lanes_run(). */
struct worker {
    uint32_t number;
    int (*work)(uint32_t lane, void *data);
    void *data;
    int result;
    pthread_t thread;
};

static void *aligned_memory(size_t bytes)
{
    const size_t alignment = bytes < HUGE_PAGE ? 64 : HUGE_PAGE;
    return aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
}

static int open_lane(struct mednn_lanes *lanes, const struct mednn_program *program, struct mednn_options options,
                     char *error, size_t error_size)
{
    struct mednn_lane *lane = &lanes->lane[lanes->count];
    const size_t bytes = mednn_session_bytes(program);
    options.lane = lanes->count;
    options.turns = lanes->turns;
    /* Peers that are ahead wait at the listening socket for the next lane. */
    const int listener = options.listen_fd;
    options.listen_fd = listener < 0 ? -1 : dup(listener);
    lane->memory = aligned_memory(bytes);
    if (!lane->memory || (listener >= 0 && options.listen_fd < 0)) {
        snprintf(error, error_size, "out of memory: %zu bytes are needed", bytes);
        if (options.listen_fd >= 0)
            close(options.listen_fd);
        free(lane->memory);
        return -1;
    }
    lane->session = mednn_open(program, lane->memory, &options, error, error_size);
    if (!lane->session) {
        free(lane->memory);
        return -1;
    }
    lanes->count++;
    return 0;
}

int mednn_lanes_open(struct mednn_lanes *lanes, const struct mednn_program *program, const struct mednn_options *options,
                     uint32_t count, char *error, size_t error_size)
{
    int status = 0;
    *lanes = (struct mednn_lanes){0};
    if (count > 1) {
        lanes->turns = malloc(mednn_turns_bytes());
        status = !lanes->turns || !mednn_turns_make(lanes->turns);
        if (status)
            snprintf(error, error_size, "cannot make a lock for %u inferences in flight", (unsigned)count);
    }
    while (!status && lanes->count < count)
        status = open_lane(lanes, program, *options, error, error_size);
    if (options->listen_fd >= 0)
        close(options->listen_fd);
    if (status)
        mednn_lanes_close(lanes);
    return status ? -1 : 0;
}

static void *run_worker(void *data)
{
    struct worker *worker = data;
    worker->result = worker->work(worker->number, worker->data);
    return NULL;
}

int mednn_lanes_run(struct mednn_lanes *lanes, int (*work)(uint32_t lane, void *data), void *data)
{
    struct worker worker[MEDNN_MAX_LANES];
    uint32_t started = 1;
    int failed = -1;
    for (uint32_t i = 0; i < lanes->count; i++)
        worker[i] = (struct worker){.number = i, .work = work, .data = data};
    /* Where the system gives no more threads the peers of that lane wait in vain, and say so. */
    while (started < lanes->count && !pthread_create(&worker[started].thread, NULL, run_worker, &worker[started]))
        started++;
    run_worker(&worker[0]);
    for (uint32_t i = 0; i < lanes->count; i++) {
        if (i && i < started)
            pthread_join(worker[i].thread, NULL);
        lanes->lane[i].result = i < started ? worker[i].result : -1;
        failed = lanes->lane[i].result && failed < 0 ? (int)i : failed;
    }
    return failed;
}

void mednn_lanes_close(struct mednn_lanes *lanes)
{
    for (uint32_t i = 0; i < lanes->count; i++) {
        mednn_close(lanes->lane[i].session);
        free(lanes->lane[i].memory);
    }
    free(lanes->turns);
    *lanes = (struct mednn_lanes){0};
}
