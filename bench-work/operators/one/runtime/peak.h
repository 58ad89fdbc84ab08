/* peak.h -- what the processor can do at most: multiply-adds, and reading memory that no cache holds.
 *
 * For profile.c and bench/kernels.c. All functions are static: each file is compiled for the target that it speaks of. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PEAK_H
#define MEDNN_PEAK_H

#include <stddef.h>

#if defined(__AVX512F__)
enum { PEAK_BYTES = 64 };
#elif defined(__AVX__)
enum { PEAK_BYTES = 32 };
#else
enum { PEAK_BYTES = 16 };
#endif
enum { PEAK_CHAINS = 12, PEAK_STEPS = 200000, PEAK_LANES = PEAK_BYTES / 4 };
/* Of reading: streams far apart, and bytes of each that are read in turn and fetched ahead. */
enum { PEAK_STREAMS = 2, PEAK_TURN = 128, PEAK_AHEAD = 512, PEAK_LINE = 64, PEAK_SUMS = PEAK_TURN / PEAK_BYTES };

typedef float peak_vector __attribute__((vector_size(PEAK_BYTES)));

/* gcc contracts where the function says so, clang where the block does. */
#if defined(__clang__) && defined(__AVX512F__)
#define PEAK_FUNCTION static __attribute__((noinline, min_vector_width(512)))
#elif defined(__clang__)
#define PEAK_FUNCTION static __attribute__((noinline))
#else
#define PEAK_FUNCTION static __attribute__((noinline, optimize("O2", "fp-contract=fast")))
#endif
#if defined(__clang__)
#define PEAK_CONTRACT _Pragma("clang fp contract(fast)")
#define PEAK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PEAK_CONTRACT
#define PEAK_UNROLL _Pragma("GCC unroll 16")
#endif

/* Chains of multiply-adds that depend on nothing but themselves, in so many steps; the result only keeps them alive. */
__attribute__((unused)) PEAK_FUNCTION float peak_chains(float factor, long steps)
{
    PEAK_CONTRACT
    peak_vector a[PEAK_CHAINS], sum = {0};
    const peak_vector k = sum + factor;
    PEAK_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) a[i] = k * (float)i;
    for (long step = 0; step < steps; step++)
        PEAK_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) a[i] = a[i] * k + k;
    PEAK_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) sum += a[i];
    return sum[0];
}

/* Reads the memory as a few streams, as products with large matrices read their weights. `bytes`: a multiple of
 * PEAK_STREAMS * PEAK_TURN. */
__attribute__((unused)) PEAK_FUNCTION float peak_streams(const void *memory, size_t bytes)
{
    const size_t stream = bytes / PEAK_STREAMS;
    peak_vector sum[PEAK_SUMS] = {{0}};
    for (size_t at = 0; at < stream; at += PEAK_TURN)
        PEAK_UNROLL for (int s = 0; s < PEAK_STREAMS; s++) {
            const unsigned char *x = (const unsigned char *)memory + (size_t)s * stream + at;
            PEAK_UNROLL for (int line = 0; line < PEAK_TURN; line += PEAK_LINE) __builtin_prefetch(x + PEAK_AHEAD + line, 0, 2);
            PEAK_UNROLL for (int i = 0; i < PEAK_SUMS; i++) sum[i] += *(const peak_vector *)(x + i * PEAK_BYTES);
        }
    PEAK_UNROLL for (int i = 1; i < PEAK_SUMS; i++) sum[0] += sum[i];
    return sum[0][0];
}

/* Floating-point operations per second, a multiply-add counting as two. The clock is the caller's. */
static inline double peak_flops(double (*seconds)(void))
{
    volatile float factor = 0.999999f, result;
    const double begin = seconds();
    result = peak_chains(factor, PEAK_STEPS);
    (void)result;
    return 2.0 * PEAK_STEPS * PEAK_CHAINS * PEAK_LANES / (seconds() - begin);
}

/* Bytes per second. */
static inline double peak_bandwidth(double (*seconds)(void), const void *memory, size_t bytes)
{
    volatile float result;
    const double begin = seconds();
    result = peak_streams(memory, bytes);
    (void)result;
    return (double)bytes / (seconds() - begin);
}

#endif
