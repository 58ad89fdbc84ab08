/* pool.c -- the threads that compute beside the one that runs the program. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool.h"

#include "session.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

/* Who waits longer than this sleeps: most layers that one thread computes alone take less, and a thread that wakes up may find
 * itself on the processor of the one that has woken it. Whoever else wants the processor meanwhile gets it. */
static const double LONGEST_SPIN = 500e-6;
enum { PAUSES_PER_LOOK_AT_THE_CLOCK = 32 };

/* The two sides of a worker's mailbox: one waits for it to be empty, the other for work. */
enum side { OWNER, WORKER, SIDES };

/* A processor that is not known. */
enum { ANY_PROCESSOR = -1 };

/* A mailbox of its own cache lines for every thread: work, or NULL when it is done. */
struct worker {
    _Alignas(64) mednn_part *_Atomic work; /* a session's memory has no more */
    atomic_bool asleep[SIDES];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    struct mednn_session *session;
    atomic_int processor; /* that it was on last, or ANY_PROCESSOR */
};

size_t mednn_pool_bytes(const struct mednn_program *program)
{
    return program->threads > 1 ? (program->threads - 1) * sizeof(struct worker) : 0;
}

static void pause_processor(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    __asm__ volatile("yield");
#endif
}

static bool has_work(const struct worker *worker)
{
    return atomic_load_explicit(&worker->work, memory_order_acquire) != NULL;
}

/* Until there is work (`wanted`), or none: spinning first, then asleep. */
static void await_work(struct worker *worker, enum side side, bool wanted)
{
    const double until = mednn_seconds() + LONGEST_SPIN;
    do {
        for (int i = 0; i < PAUSES_PER_LOOK_AT_THE_CLOCK; i++) {
            if (has_work(worker) == wanted)
                return;
            pause_processor();
        }
        sched_yield();
    } while (mednn_seconds() < until);
    pthread_mutex_lock(&worker->mutex);
    /* Whoever changes the mailbox looks at this after: one of the two sees what the other has written. */
    atomic_store(&worker->asleep[side], true);
    while ((atomic_load(&worker->work) != NULL) != wanted)
        pthread_cond_wait(&worker->changed, &worker->mutex);
    atomic_store(&worker->asleep[side], false);
    pthread_mutex_unlock(&worker->mutex);
}

static void put_work(struct worker *worker, mednn_part *work, enum side other)
{
    atomic_store(&worker->work, work);
    if (!atomic_load(&worker->asleep[other]))
        return;
    pthread_mutex_lock(&worker->mutex);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
}

/* The work that ends a thread. */
static void last_work(unsigned char *restrict arena)
{
    (void)arena;
}

#if defined(__linux__)

static int processor_of_this_thread(void)
{
    return sched_getcpu();
}

static void mark(cpu_set_t *set, const atomic_int *processor)
{
    const int number = atomic_load_explicit(processor, memory_order_relaxed);
    if (number >= 0 && number < CPU_SETSIZE)
        CPU_SET((size_t)number, set);
}

/* The processors of the program's own thread and of the workers before this one. */
static void mark_processors_before(const struct worker *worker, cpu_set_t *others)
{
    CPU_ZERO(others);
    mark(others, &worker->session->processor);
    for (const struct worker *other = worker->session->pool; other < worker; other++)
        mark(others, &other->processor);
}

/* A thread that is woken often finds itself on the processor of the one that has woken it, and two that spin for each other may
 * stay there for seconds, each with half of its time: the scheduler sees no idle one of them. So whoever finds itself on the
 * processor of a thread before it goes to any other one that it may use. */
static void leave_processors_of_others(struct worker *worker)
{
    const int own = processor_of_this_thread();
    cpu_set_t others, allowed, left;
    mark_processors_before(worker, &others);
    atomic_store_explicit(&worker->processor, own, memory_order_relaxed);
    if (own < 0 || own >= CPU_SETSIZE || !CPU_ISSET((size_t)own, &others) || sched_getaffinity(0, sizeof allowed, &allowed))
        return;
    CPU_AND(&left, &allowed, &others);
    CPU_XOR(&left, &left, &allowed);
    if (CPU_COUNT(&left) == 0 || sched_setaffinity(0, sizeof left, &left))
        return;
    sched_setaffinity(0, sizeof allowed, &allowed);
    atomic_store_explicit(&worker->processor, processor_of_this_thread(), memory_order_relaxed);
}

#else

static int processor_of_this_thread(void)
{
    return ANY_PROCESSOR;
}

static void leave_processors_of_others(struct worker *worker)
{
    (void)worker;
}

#endif

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (;;) {
        await_work(worker, WORKER, true);
        mednn_part *part = atomic_load_explicit(&worker->work, memory_order_acquire);
        if (part == last_work)
            return NULL;
        leave_processors_of_others(worker);
        part(worker->session->arena);
        put_work(worker, NULL, OWNER);
    }
}

static int start(struct worker *worker)
{
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->changed, NULL);
    const int status = mednn_thread(&worker->thread, work, worker);
    if (status) {
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->mutex);
    }
    return status;
}

int mednn_pool_open(struct mednn_session *session)
{
    struct worker *worker = session->pool;
    for (uint32_t i = 1; i < session->program->threads; i++, worker++) {
        worker->session = session;
        atomic_init(&worker->processor, ANY_PROCESSOR);
        const int status = start(worker);
        if (status) {
            mednn_pool_close(session);
            return mednn_fail(session, "thread %u cannot be started: %s", (unsigned)i, strerror(status));
        }
        session->pool_threads = i;
    }
    return 0;
}

void mednn_pool_close(struct mednn_session *session)
{
    struct worker *worker = session->pool;
    for (uint32_t i = 0; i < session->pool_threads; i++, worker++) {
        put_work(worker, last_work, WORKER);
        pthread_join(worker->thread, NULL);
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->mutex);
    }
    session->pool_threads = 0;
}

void mednn_parallel(struct mednn_session *session, mednn_part *const part[], uint32_t count)
{
    struct worker *worker = session->pool;
    atomic_store_explicit(&session->processor, processor_of_this_thread(), memory_order_relaxed);
    for (uint32_t i = 1; i < count; i++)
        if (part[i])
            put_work(&worker[i - 1], part[i], WORKER);
    part[0](session->arena);
    for (uint32_t i = 1; i < count; i++)
        if (part[i])
            await_work(&worker[i - 1], OWNER, false);
}
