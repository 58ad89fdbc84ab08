/* test_pages.c -- constants that move to huge pages keep their address and their bytes, also for those who read meanwhile. */
/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <CUnit/Basic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 12 << 20, WORDS = BYTES / 4, WORD = 0x12345678 };

extern const uint32_t constants[WORDS] __attribute__((visibility("hidden")));
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        "constants:\n"
        ".fill 3145728, 4, 0x12345678\n"
        ".popsection\n");

static atomic_bool stop;

static bool are_whole(void)
{
    for (int i = 0; i < WORDS; i++)
        if (constants[i] != WORD)
            return false;
    return true;
}

static void *reader(void *argument)
{
    while (!atomic_load(&stop))
        if (!are_whole())
            *(bool *)argument = false;
    return NULL;
}

/* Kilobytes of huge pages between the first and the last of the constants; -1 when the system says nothing. */
static long huge_kilobytes(void)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    long sum = file ? 0 : -1, found;
    unsigned long begin, end;
    bool inside = false;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            inside = begin < (unsigned long)(uintptr_t)(constants + WORDS) && end > (unsigned long)(uintptr_t)constants;
        else if (inside && sscanf(line, "AnonHugePages: %ld", &found) == 1)
            sum += found;
    }
    if (file)
        fclose(file);
    return sum;
}

static bool has_huge_pages(void)
{
    char text[200] = "";
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    if (file) {
        if (!fgets(text, sizeof text, file))
            *text = 0;
        fclose(file);
    }
    return strstr(text, "[madvise]") || strstr(text, "[always]");
}

static void test_unwanted(void)
{
    const struct mednn_options unwanted = {.huge_pages = -1}, wanted = {.huge_pages = 0};
    mednn_pages_move(&unwanted, constants, BYTES);
    CU_ASSERT_TRUE(huge_kilobytes() <= 0);
    setenv("MEDNN_HUGE_PAGES", "0", 1);
    mednn_pages_move(&wanted, constants, BYTES);
    unsetenv("MEDNN_HUGE_PAGES");
    CU_ASSERT_TRUE(huge_kilobytes() <= 0);
    mednn_pages_move(&wanted, constants, 1 << 20); /* little */
    CU_ASSERT_TRUE(huge_kilobytes() <= 0);
    CU_ASSERT_TRUE(are_whole());
}

static void test_move(void)
{
    const struct mednn_options wanted = {.huge_pages = 0};
    pthread_t thread;
    bool fine = true;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, reader, &fine), 0);
    mednn_pages_move(&wanted, constants, BYTES);
    const long first = huge_kilobytes();
    mednn_pages_move(&wanted, constants, BYTES); /* another session of the same program */
    CU_ASSERT_EQUAL(huge_kilobytes(), first);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    CU_ASSERT_TRUE(fine);
    CU_ASSERT_TRUE(are_whole());
    if (has_huge_pages() && huge_kilobytes() >= 0)
        CU_ASSERT_TRUE(first >= (BYTES >> 10) - 2 * 2048);
}

static void test_memory(void)
{
    const struct mednn_options wanted = {.huge_pages = 0};
    CU_ASSERT_EQUAL(mednn_pages_round(1000), 1000);
    const size_t bytes = mednn_pages_round((5 << 20) + 1);
    CU_ASSERT_TRUE(bytes > 5 << 20 && bytes <= 6 << 20);
    unsigned char *memory = aligned_alloc(2 << 20, 6 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    mednn_pages_advise(&wanted, memory, bytes);
    memset(memory, 7, bytes);
    CU_ASSERT_EQUAL(memory[bytes - 1], 7);
    free(memory);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("pages", NULL, NULL);
    CU_ADD_TEST(suite, test_unwanted);
    CU_ADD_TEST(suite, test_move);
    CU_ADD_TEST(suite, test_memory);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
