/* templates.h -- what the tests of templates share: numbers, memory that sanitizers watch, comparisons. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TEST_TEMPLATES_H
#define MEDNN_TEST_TEMPLATES_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(condition, ...)                                                                              \
    do {                                                                                                   \
        if (!(condition)) {                                                                                \
            failures++;                                                                                    \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                         \
            printf(__VA_ARGS__);                                                                           \
            printf("\n");                                                                                  \
        }                                                                                                  \
    } while (0)

static uint32_t seed = 1;

static inline uint32_t random_bits(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* In (-1, 1), with a full mantissa, the same on every machine. */
static inline float random_float(void)
{
    return (float)((int32_t)random_bits() - (1 << 23)) / (float)(1 << 23);
}

static inline int64_t random_between(int64_t low, int64_t high)
{
    return low + (int64_t)(random_bits() % (uint32_t)(high - low + 1));
}

/* `count` floats, 64-byte aligned, all `value`; free() them. */
static inline float *floats(int64_t count, float value)
{
    float *array = aligned_alloc(64, ((size_t)count * sizeof(float) + 127) / 64 * 64);
    if (!array)
        abort();
    for (int64_t i = 0; i < count; i++)
        array[i] = value;
    return array;
}

static inline float *random_floats(int64_t count)
{
    float *array = floats(count, 0);
    for (int64_t i = 0; i < count; i++)
        array[i] = random_float();
    return array;
}

/* A running hash (FNV-1a) of all results, to compare builds. */
static uint64_t hash = 1469598103934665603u;

static inline void hash_floats(const float *array, int64_t count)
{
    const unsigned char *bytes = (const unsigned char *)array;
    for (int64_t i = 0; i < count * 4; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
}

static inline int finish(const char *name)
{
    printf("%s: %d failures, hash %016llx\n", name, failures, (unsigned long long)hash);
    return failures > 0;
}

#endif
