/* float_mode.h -- where multiply and add may fuse: in micro-kernels, when asked for and when the target can. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FLOAT_MODE_H
#define MEDNN_FLOAT_MODE_H

/* The mode that the model was compiled for: 1 fma, 0 portable. A generated file defines it before its templates. */
#ifndef MEDNN_FLOAT_MODE_FMA
#define MEDNN_FLOAT_MODE_FMA 1
#endif

/* The mode that this file really has: 1 fma, 0 portable. Files are compiled with -ffp-contract=off. Compilers that do
 * not optimise do not fuse. */
#if MEDNN_FLOAT_MODE_FMA && defined(__OPTIMIZE__) &&                                                       \
    (defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__) || defined(__ARM_FEATURE_FMA))
#define MEDNN_COMPILED_FLOAT_MODE 1
#else
#define MEDNN_COMPILED_FLOAT_MODE 0
#endif

/* gcc decides per function, so the attribute stands on the instance; clang per block, so CONTRACT is the first line
 * of the template's body. */
#if MEDNN_COMPILED_FLOAT_MODE && defined(__clang__)
#define CONTRACT _Pragma("clang fp contract(fast)")
#else
#define CONTRACT
#endif

/* What gcc needs, in one attribute, for a second one would replace the first: contraction, which -O1 would leave out;
 * no carrying of loaded pixels from one position of a kernel to the next, which spills; on aarch64 no scheduling before
 * register allocation, which spills too; on x86-64 loops that begin with a line of the cache, where the place of a function would make 3 % of
 * difference; on armv7 leave to keep float vectors in NEON registers, which flush denormals. clang halves vectors of 512 bits for some
 * processors unless a function asks for them. */
#if MEDNN_COMPILED_FLOAT_MODE
#define MICROKERNEL_CONTRACT "O3", "fp-contract=fast"
#else
#define MICROKERNEL_CONTRACT "O3", "fp-contract=off"
#endif
#if defined(__clang__) && defined(__AVX512F__)
#define MICROKERNEL_OPTIONS , min_vector_width(512)
#elif defined(__clang__)
#define MICROKERNEL_OPTIONS
#elif defined(__aarch64__)
#define MICROKERNEL_OPTIONS                                                                                \
    , optimize(MICROKERNEL_CONTRACT, "no-predictive-commoning", "no-schedule-insns")
#elif defined(__arm__) && defined(__ARM_NEON)
#define MICROKERNEL_OPTIONS                                                                                \
    , optimize(MICROKERNEL_CONTRACT, "no-predictive-commoning", "unsafe-math-optimizations",               \
               "no-associative-math", "no-reciprocal-math", "signed-zeros", "trapping-math")
#elif defined(__x86_64__)
#define MICROKERNEL_OPTIONS , optimize(MICROKERNEL_CONTRACT, "no-predictive-commoning", "align-loops=64")
#else
#define MICROKERNEL_OPTIONS , optimize(MICROKERNEL_CONTRACT, "no-predictive-commoning")
#endif

/* Of functions whose results may be denormal: on armv7 they stay out of NEON registers. */
#if !defined(__clang__) && defined(__arm__)
#define SMOOTH_OPTIONS , optimize(MICROKERNEL_CONTRACT)
#else
#define SMOOTH_OPTIONS MICROKERNEL_OPTIONS
#endif

/* An instance of a micro-kernel template: never inlined, or registers of the loops around it crowd out accumulators. */
#define MICROKERNEL static __attribute__((noinline, unused MICROKERNEL_OPTIONS)) void

/* Loops over a tile: their counts are constants after inlining, and their bodies must be unrolled for the tile to
 * live in registers. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKED_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED_BUILD 1
#endif
#endif

#if defined(CHECKED_BUILD) /* every access is checked: unrolled tiles would take minutes to compile */
#define UNROLL
#define UNROLL_4
#elif defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#define UNROLL_4 _Pragma("GCC unroll 4")
#endif

/* One multiply-add of scalars: x y + z. */
static inline __attribute__((always_inline, unused)) float multiply_add(float x, float y, float z)
{
#if MEDNN_COMPILED_FLOAT_MODE
    return __builtin_fmaf(x, y, z);
#else
    return x * y + z;
#endif
}

/* For some processors gcc leaves the multiply-adds of a loop unfused where they form one chain. It takes this for a
 * change of the accumulator, and fuses. */
#if MEDNN_COMPILED_FLOAT_MODE && !defined(__clang__) && defined(__AVX512F__)
#define LONE_CHAIN(accumulator) __asm__("" : "+v"(accumulator))
#elif MEDNN_COMPILED_FLOAT_MODE && !defined(__clang__) && defined(__x86_64__)
#define LONE_CHAIN(accumulator) __asm__("" : "+x"(accumulator))
#elif MEDNN_COMPILED_FLOAT_MODE && !defined(__clang__) && (defined(__aarch64__) || defined(__ARM_NEON))
#define LONE_CHAIN(accumulator) __asm__("" : "+w"(accumulator))
#else
#define LONE_CHAIN(accumulator) (void)0
#endif

#endif
