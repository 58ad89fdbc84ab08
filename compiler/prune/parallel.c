/* parallel.c -- independent tasks on all processors. */
/* SPDX-License-Identifier: MIT */
#include "parallel.h"

#include "../support/fail.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct work {
    void (*task)(void *data, int64_t i, int worker);
    void *data;
    int64_t count;
    atomic_llong next;
};

struct worker {
    struct work *work;
    int index;
};

int parallel_workers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > MOST_WORKERS ? MOST_WORKERS : (int)processors;
}

static void *work_on(void *data)
{
    const struct worker *worker = data;
    struct work *work = worker->work;
    for (int64_t i; (i = atomic_fetch_add(&work->next, 1)) < work->count;)
        work->task(work->data, i, worker->index);
    return NULL;
}

void parallel_run(int64_t count, void (*task)(void *data, int64_t i, int worker), void *data)
{
    struct work work = {.task = task, .data = data, .count = count};
    struct worker worker[MOST_WORKERS];
    pthread_t thread[MOST_WORKERS];
    int wanted = parallel_workers(), started = 1;
    for (int w = 0; w < wanted; w++)
        worker[w] = (struct worker){&work, w};
    /* A thread that cannot be had is no reason to stop: the others do its tasks. */
    while (started < wanted && started < count &&
           !pthread_create(&thread[started], NULL, work_on, &worker[started]))
        started++;
    work_on(&worker[0]);
    while (started-- > 1)
        pthread_join(thread[started], NULL);
}

void memory_keep(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void *memory_new(size_t count, size_t size)
{
    size_t bytes;
    void *memory = NULL;
    if (__builtin_mul_overflow(count, size, &bytes) || posix_memalign(&memory, 64, bytes ? bytes : 1))
        fail_machine("out of memory");
    return memory;
}
