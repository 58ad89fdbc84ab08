/* test_pool.c -- the runtime's threads compute every part once, and leave the processors of each other. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool.h"

#include "session.h"

#include <CUnit/Basic.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 200, CACHE_LINE = 64 };

/* What each part writes into the arena. */
struct written {
    int calls, processor;
};

static void write_down(unsigned char *arena, int part)
{
    struct written *written = (struct written *)(void *)(arena + part * CACHE_LINE);
    written->calls++;
    written->processor = sched_getcpu();
}

static void part_0(unsigned char *restrict arena)
{
    write_down(arena, 0);
}

static void part_1(unsigned char *restrict arena)
{
    write_down(arena, 1);
}

static void part_2(unsigned char *restrict arena)
{
    write_down(arena, 2);
}

static unsigned char arena[THREADS * CACHE_LINE] __attribute__((aligned(128)));

static const struct written *written_by(int part)
{
    return (const struct written *)(const void *)(arena + part * CACHE_LINE);
}

static struct mednn_session *open_pool(struct mednn_program *program)
{
    struct mednn_session *session = calloc(1, sizeof *session);
    *program = (struct mednn_program){.threads = THREADS};
    session->program = program;
    session->arena = arena;
    memset(arena, 0, sizeof arena);
    const size_t bytes = (mednn_pool_bytes(program) + 127) / 128 * 128;
    session->pool = aligned_alloc(128, bytes);
    memset(session->pool, 0, bytes);
    CU_ASSERT_EQUAL_FATAL(mednn_pool_open(session), 0);
    return session;
}

static void close_pool(struct mednn_session *session)
{
    mednn_pool_close(session);
    free(session->pool);
    free(session);
}

static void test_every_part_once(void)
{
    mednn_part *const all[THREADS] = {part_0, part_1, part_2}, *const some[THREADS] = {part_0, NULL, part_2};
    struct mednn_program program;
    struct mednn_session *session = open_pool(&program);
    for (int i = 0; i < ROUNDS; i++) {
        mednn_parallel(session, all, THREADS);
        mednn_parallel(session, some, THREADS);
        mednn_parallel(session, all, 2);
    }
    CU_ASSERT_EQUAL(written_by(0)->calls, 3 * ROUNDS);
    CU_ASSERT_EQUAL(written_by(1)->calls, 2 * ROUNDS);
    CU_ASSERT_EQUAL(written_by(2)->calls, 2 * ROUNDS);
    close_pool(session);
}

/* Put all threads of this process on one processor, and let all but this one go wherever they may. */
static void crowd(int processor, const cpu_set_t *allowed)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)processor, &one);
    DIR *threads = opendir("/proc/self/task");
    CU_ASSERT_PTR_NOT_NULL_FATAL(threads);
    for (const struct dirent *entry; (entry = readdir(threads));) {
        const pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0)
            continue;
        sched_setaffinity(thread, sizeof one, &one);
        if (thread != getpid())
            sched_setaffinity(thread, sizeof *allowed, allowed);
    }
    closedir(threads);
}

static void test_threads_move_apart(void)
{
    mednn_part *const parts[THREADS] = {part_0, part_1, NULL};
    struct mednn_program program;
    struct mednn_session *session = open_pool(&program);
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    int apart = 0;
    for (int i = 0; i < ROUNDS; i++) {
        crowd(sched_getcpu(), &allowed);
        mednn_parallel(session, parts, 2);
        apart += written_by(1)->processor != written_by(0)->processor;
    }
    /* On a busy machine the scheduler may take one back in between. */
    if (CPU_COUNT(&allowed) > 1)
        CU_ASSERT(apart > ROUNDS / 2);
    sched_setaffinity(0, sizeof allowed, &allowed);
    close_pool(session);
}

/* With one processor for all there is nowhere to go. */
static void test_one_processor_for_all(void)
{
    mednn_part *const all[THREADS] = {part_0, part_1, part_2};
    struct mednn_program program;
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof allowed, &allowed);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    struct mednn_session *session = open_pool(&program);
    for (int i = 0; i < ROUNDS; i++)
        mednn_parallel(session, all, THREADS);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(written_by(i)->calls, ROUNDS);
    close_pool(session);
    sched_setaffinity(0, sizeof allowed, &allowed);
}

int main(void)
{
    if (CU_initialize_registry())
        return 99;
    CU_pSuite suite = CU_add_suite("pool", NULL, NULL);
    if (!suite || !CU_ADD_TEST(suite, test_every_part_once) || !CU_ADD_TEST(suite, test_threads_move_apart) ||
        !CU_ADD_TEST(suite, test_one_processor_for_all))
        return 99;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    const unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed ? 1 : 0;
}
