/* kernels.c -- measures the templates on layers of well-known networks: time, GFLOP/s, share of the machine's
 * peak.
 *
 * Built like a generated file: cc -std=c11 -ffp-contract=off -O3 -march=native. Layers alternate with the
 * peak loop, so that a drifting clock hits both; medians over the rounds are printed.
 * Usage: kernels [ROUNDS [NAME]]: of layers whose names contain NAME.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "../templates/conv_depthwise.h"
#include "../templates/conv_direct.h"
#include "../templates/conv_winograd.h"
#include "../templates/gemm.h"
#include "../runtime/peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_ROUNDS = 101, ARENA_FLOATS = 16 << 20, WEIGHT_FLOATS = 112 << 20 };

static int huge_pages = 1;
static float *x_arena, *y_arena, *weight_arena, *copies;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static float *numbers(size_t count)
{
    const size_t page = 2 << 20, bytes = (count * sizeof(float) + page - 1) & ~(page - 1);
    float *array = aligned_alloc(page, bytes);
    if (!array)
        exit(1);
#ifdef MADV_HUGEPAGE
    if (huge_pages) /* as the runtime does */
        (void)madvise(array, bytes, MADV_HUGEPAGE);
#endif
    for (size_t i = 0; i < count; i++)
        array[i] = (float)(i * 7919 % 2001) / 1000 - 1;
    return array;
}

/* Weights that have not been used for long, as in a network of many layers. */
static const float *other_weights(int64_t count)
{
    static int64_t next;
    const int64_t size = (count + 1023) / 1024 * 1024, first = next + size <= WEIGHT_FLOATS ? next : 0;
    next = first + size;
    return weight_arena + first;
}

/* adds: whether it adds another map to its result. */
#define DIRECT(name, c, m, p, xview, h, w, k, s, act, adds)                                                  \
    static const struct conv_direct name##_shape = {.x = xview,                                              \
                                                    .y = BLOCKED((m + 15) / 16, h, w),                       \
                                                    .residual = BLOCKED((m + 15) / 16, h, w),                \
                                                    .adds_residual = adds,                                   \
                                                    .batch = 1,                                              \
                                                    .channels = c,                                           \
                                                    .outputs = m,                                            \
                                                    .panel = p,                                              \
                                                    .rows = h,                                               \
                                                    .columns = w,                                            \
                                                    .kernel_rows = k,                                        \
                                                    .kernel_columns = k,                                     \
                                                    .stride_rows = s,                                        \
                                                    .stride_columns = s,                                     \
                                                    .dilation_rows = 1,                                      \
                                                    .dilation_columns = 1,                                   \
                                                    .activation = act};                                      \
    CONV_DIRECT_TILES(name, HALF_PANEL)                                                                      \
    static void name(void)                                                                                   \
    {                                                                                                        \
        conv_direct(&name##_shape, &name##_tiles, x_arena, other_weights((int64_t)(c) * ((m) + 16) * (k) * (k)), x_arena, \
                    adds ? copies : NULL, y_arena);                                                          \
    }

/* 1x1 kernels with strides, which take their pixels side by side first. */
#define SAMPLED(name, c, m, xview, h, w, s)                                                                  \
    DIRECT(name##_near, c, m, 32, BLOCKED(c / 16, 1, (h) * (w)), 1, (h) * (w), 1, 1, ACTIVATION_NONE, 0)     \
    static const struct conv_direct_sample name##_sample = {.x = xview,                                      \
                                                            .y = BLOCKED(c / 16, h, w),                      \
                                                            .batch = 1,                                      \
                                                            .channels = c,                                   \
                                                            .rows = h,                                       \
                                                            .columns = w,                                    \
                                                            .stride_rows = s,                                \
                                                            .stride_columns = s};                            \
    static void name(void)                                                                                   \
    {                                                                                                        \
        conv_direct_sample(&name##_sample, copies, x_arena);                                                 \
        name##_near();                                                                                       \
    }

#define DEPTHWISE(name, c, h, w, k, s)                                                                       \
    static const struct conv_depthwise name##_shape = {                                                      \
        .x = BLOCKED(c / 16, (h - 1) * s + k, (w - 1) * s + k),                                              \
        .y = BLOCKED(c / 16, h, w),                                                                          \
        .batch = 1,                                                                                          \
        .channels = c,                                                                                       \
        .rows = h,                                                                                           \
        .columns = w,                                                                                        \
        .kernel_rows = k,                                                                                    \
        .kernel_columns = k,                                                                                 \
        .stride_rows = s,                                                                                    \
        .stride_columns = s,                                                                                 \
        .dilation_rows = 1,                                                                                  \
        .dilation_columns = 1,                                                                               \
        .activation = ACTIVATION_CLIP,                                                                       \
        .beta = 6};                                                                                          \
    CONV_DEPTHWISE_TILES(name)                                                                               \
    static void name(void)                                                                                   \
    {                                                                                                        \
        conv_depthwise(&name##_shape, &name##_tiles, x_arena, weight_arena, x_arena, NULL, y_arena);         \
    }

DIRECT(conv3x3_64_56, 64, 64, 32, BLOCKED(4, 58, 58), 56, 56, 3, 1, ACTIVATION_RELU, 0)
DIRECT(conv3x3_256_14, 256, 256, 32, BLOCKED(16, 16, 16), 14, 14, 3, 1, ACTIVATION_RELU, 0)
DIRECT(conv3x3_512_7, 512, 512, 32, BLOCKED(32, 9, 9), 7, 7, 3, 1, ACTIVATION_RELU, 0)
DIRECT(conv3x3s2_128_28, 64, 128, 32, BLOCKED(4, 57, 57), 28, 28, 3, 2, ACTIVATION_RELU, 0)
DIRECT(conv1x1_256_1024_14, 256, 1024, 32, BLOCKED(16, 1, 196), 1, 196, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_64_256_56, 64, 256, 32, BLOCKED(4, 1, 3136), 1, 3136, 1, 1, ACTIVATION_NONE, 0)
DIRECT(conv1x1_144_32_28, 144, 32, 32, BLOCKED(9, 1, 784), 1, 784, 1, 1, ACTIVATION_NONE, 0)
DIRECT(conv1x1_32_144_28, 32, 144, 32, BLOCKED(2, 1, 784), 1, 784, 1, 1, ACTIVATION_CLIP, 0)
DIRECT(conv1x1_160_960_7, 160, 960, 32, BLOCKED(10, 1, 49), 1, 49, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_2048_512_7, 2048, 512, 32, BLOCKED(128, 1, 49), 1, 49, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_512_2048_7, 512, 2048, 32, BLOCKED(32, 1, 49), 1, 49, 1, 1, ACTIVATION_RELU, 0)
SAMPLED(conv1x1s2_256_512_28, 256, 512, BLOCKED(16, 56, 56), 28, 28, 2)
SAMPLED(conv1x1s2_512_1024_14, 512, 1024, BLOCKED(32, 28, 28), 14, 14, 2)
SAMPLED(conv1x1s2_1024_2048_7, 1024, 2048, BLOCKED(64, 14, 14), 7, 7, 2)
/* As one of two devices, and of four, computes them. */
DIRECT(conv3x3_512_rows4of7, 512, 512, 32, BLOCKED(32, 9, 9), 4, 7, 3, 1, ACTIVATION_RELU, 0)
DIRECT(conv3x3_512_rows2of7, 512, 512, 32, BLOCKED(32, 9, 9), 2, 7, 3, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_2048_512_rows4of7, 2048, 512, 32, BLOCKED(128, 1, 49), 1, 28, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_2048_512_rows2of7, 2048, 512, 32, BLOCKED(128, 1, 49), 1, 14, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_1024_256_rows4of14, 1024, 256, 32, BLOCKED(64, 1, 196), 1, 56, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_1024_256_14, 1024, 256, 32, BLOCKED(64, 1, 196), 1, 196, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_512_128_28, 512, 128, 32, BLOCKED(32, 1, 784), 1, 784, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_256_64_56, 256, 64, 32, BLOCKED(16, 1, 3136), 1, 3136, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_144_24_56, 144, 24, 32, BLOCKED(9, 1, 3136), 1, 3136, 1, 1, ACTIVATION_NONE, 0)
DIRECT(conv1x1_16_96_112, 16, 96, 32, BLOCKED(1, 1, 12544), 1, 12544, 1, 1, ACTIVATION_CLIP, 0)
DIRECT(conv1x1_add_64_256_56, 64, 256, 32, BLOCKED(4, 1, 3136), 1, 3136, 1, 1, ACTIVATION_RELU, 1)
DIRECT(conv1x1_add_256_1024_14, 256, 1024, 32, BLOCKED(16, 1, 196), 1, 196, 1, 1, ACTIVATION_RELU, 1)
DIRECT(conv1x1_256_128_56, 256, 128, 32, BLOCKED(16, 1, 3136), 1, 3136, 1, 1, ACTIVATION_RELU, 0)
DIRECT(conv1x1_32_16_112, 32, 16, 16, BLOCKED(2, 1, 12544), 1, 12544, 1, 1, ACTIVATION_NONE, 0)
DIRECT(stem7x7s2_64_112, 3, 64, 32, PLAIN(3, 229, 229), 112, 112, 7, 2, ACTIVATION_RELU, 0)
DIRECT(stem3x3s2_32_112, 3, 32, 32, PLAIN(3, 225, 225), 112, 112, 3, 2, ACTIVATION_RELU, 0)
DEPTHWISE(depthwise3x3_32_112, 32, 112, 112, 3, 1)
DEPTHWISE(depthwise3x3_144_56, 144, 56, 56, 3, 1)
DEPTHWISE(depthwise3x3_384_14, 384, 14, 14, 3, 1)
DEPTHWISE(depthwise3x3_960_7, 960, 7, 7, 3, 1)
DEPTHWISE(depthwise3x3s2_96_56, 96, 56, 56, 3, 2)
DEPTHWISE(depthwise5x5_240_14, 240, 14, 14, 5, 1)

#define WINOGRAD_TILES(h, w, z) (((h) + (z)-1) / (z) * (((w) + (z)-1) / (z)))

/* F(z x z, r x r) of some rows of a map, the weights transformed or, HALFWAY_, along rows only. */
#define WINOGRAD(name, kind, half, c, m, h, w, z, r)                                                         \
    static const struct conv_winograd name##_shape = {                                                       \
        .x = BLOCKED(c / 16, (h) + r - 1 + (h) % z, (w) + r - 1 + z),                                        \
        .y = BLOCKED(m / 16, h, w),                                                                          \
        .batch = 1,                                                                                          \
        .channels = c,                                                                                       \
        .outputs = m,                                                                                        \
        .rows = h,                                                                                           \
        .columns = w,                                                                                        \
        .size = z,                                                                                           \
        .taps = r,                                                                                           \
        .scaled = (r) == 3,                                                                                  \
        .halfway = half,                                                                                     \
        .tiles = WINOGRAD_TILES(h, w, z),                                                                    \
        .activation = ACTIVATION_RELU};                                                                      \
    static const struct conv_direct name##_product_shape =                                                  \
        CONV_WINOGRAD_PRODUCT(c, m, 32, WINOGRAD_TILES(h, w, z), z, half);                                   \
    CONV_WINOGRAD_##kind##TILES(name, HALF_PANEL)                                                            \
    static void name(void)                                                                                   \
    {                                                                                                        \
        const int64_t numbers = (z + r - 1) * (half ? r : z + r - 1);                                        \
        conv_winograd(&name##_shape, &name##_product_shape, &name##_tiles, x_arena,                          \
                      other_weights((int64_t)c *m *numbers), x_arena, NULL, y_arena, copies);                \
    }

WINOGRAD(winograd4_512_28, HALFWAY_, 1, 512, 512, 28, 28, 4, 3)
WINOGRAD(winograd4_512_rows4of28, HALFWAY_, 1, 512, 512, 4, 28, 4, 3)
WINOGRAD(winograd4_256_rows16of56, HALFWAY_, 1, 256, 256, 16, 56, 4, 3)
WINOGRAD(winograd4_256_rows4of56, HALFWAY_, 1, 256, 256, 4, 56, 4, 3)
WINOGRAD(winograd4_256_28, HALFWAY_, 1, 256, 256, 28, 28, 4, 3)
WINOGRAD(winograd4_256_rows8of28, HALFWAY_, 1, 256, 256, 8, 28, 4, 3)
WINOGRAD(winograd4_256_rows4of28, HALFWAY_, 1, 256, 256, 4, 28, 4, 3)
WINOGRAD(winograd4_128_28, HALFWAY_, 1, 128, 128, 28, 28, 4, 3)
WINOGRAD(winograd4_128_rows8of28, HALFWAY_, 1, 128, 128, 8, 28, 4, 3)
WINOGRAD(winograd4_128_rows4of28, HALFWAY_, 1, 128, 128, 4, 28, 4, 3)
WINOGRAD(whole4_256_rows16of56, , 0, 256, 256, 16, 56, 4, 3)
WINOGRAD(whole4_256_rows4of56, , 0, 256, 256, 4, 56, 4, 3)
WINOGRAD(whole4_256_28, , 0, 256, 256, 28, 28, 4, 3)
WINOGRAD(whole4_256_rows8of28, , 0, 256, 256, 8, 28, 4, 3)
WINOGRAD(whole4_256_rows4of28, , 0, 256, 256, 4, 28, 4, 3)
WINOGRAD(whole4_128_28, , 0, 128, 128, 28, 28, 4, 3)
WINOGRAD(whole4_128_rows8of28, , 0, 128, 128, 8, 28, 4, 3)
WINOGRAD(whole4_128_rows4of28, , 0, 128, 128, 4, 28, 4, 3)
WINOGRAD(winograd2_512_14, HALFWAY_, 1, 512, 512, 14, 14, 2, 3)
WINOGRAD(winograd2_512_rows8of14, HALFWAY_, 1, 512, 512, 8, 14, 2, 3)
WINOGRAD(winograd2_512_rows4of14, HALFWAY_, 1, 512, 512, 4, 14, 2, 3)
WINOGRAD(winograd2_512_rows2of14, HALFWAY_, 1, 512, 512, 2, 14, 2, 3)
WINOGRAD(winograd2_512_7, HALFWAY_, 1, 512, 512, 7, 7, 2, 3)
WINOGRAD(winograd2_512_rows4of7, HALFWAY_, 1, 512, 512, 4, 7, 2, 3)
WINOGRAD(winograd2_512_rows2of7, HALFWAY_, 1, 512, 512, 2, 7, 2, 3)
WINOGRAD(winograd2_512_3x1of7, HALFWAY_, 1, 512, 512, 3, 1, 2, 3)
WINOGRAD(winograd2_256_14, HALFWAY_, 1, 256, 256, 14, 14, 2, 3)
WINOGRAD(winograd2_256_rows8of14, HALFWAY_, 1, 256, 256, 8, 14, 2, 3)
WINOGRAD(winograd2_256_rows4of14, HALFWAY_, 1, 256, 256, 4, 14, 2, 3)
WINOGRAD(whole2_512_14, , 0, 512, 512, 14, 14, 2, 3)
WINOGRAD(whole2_512_rows8of14, , 0, 512, 512, 8, 14, 2, 3)
WINOGRAD(whole2_512_rows4of14, , 0, 512, 512, 4, 14, 2, 3)
WINOGRAD(whole2_512_rows2of14, , 0, 512, 512, 2, 14, 2, 3)
WINOGRAD(whole2_512_7, , 0, 512, 512, 7, 7, 2, 3)
WINOGRAD(whole2_512_rows4of7, , 0, 512, 512, 4, 7, 2, 3)
WINOGRAD(whole2_512_rows2of7, , 0, 512, 512, 2, 7, 2, 3)
WINOGRAD(whole2_512_3x1of7, , 0, 512, 512, 3, 1, 2, 3)
WINOGRAD(whole2_256_14, , 0, 256, 256, 14, 14, 2, 3)
WINOGRAD(whole2_256_rows8of14, , 0, 256, 256, 8, 14, 2, 3)
WINOGRAD(whole2_256_rows4of14, , 0, 256, 256, 4, 14, 2, 3)
WINOGRAD(winograd2_128_14, HALFWAY_, 1, 128, 128, 14, 14, 2, 3)
WINOGRAD(whole2_128_14, , 0, 128, 128, 14, 14, 2, 3)
WINOGRAD(winograd5x5_64_192_27, , 0, 64, 192, 27, 27, 2, 5)

#define GEMM(name, m, k, n, copied, chunk_depth)                                                             \
    static const struct gemm name##_shape = {.rows = m,                                                      \
                                             .depth = k,                                                     \
                                             .outputs = n,                                                   \
                                             .panel = 32,                                                    \
                                             .x_row = k,                                                     \
                                             .x_depth = 1,                                                   \
                                             .y_row = n,                                                     \
                                             .scratch = copied,                                              \
                                             .chunk = chunk_depth};                                          \
    GEMM_TILES(name, HALF_PANEL)                                                                             \
    static void name(void)                                                                                   \
    {                                                                                                        \
        gemm(&name##_shape, &name##_tiles, x_arena, other_weights((int64_t)k *n), x_arena, NULL, y_arena,    \
             copies);                                                                                        \
    }

GEMM(gemm_197_768_3072, 197, 768, 3072, 1 << 20, 768)
GEMM(gemm_197_3072_768, 197, 3072, 768, 1 << 20, 768)
GEMM(gemm_49_1024_256, 49, 1024, 256, 1 << 20, 1024)
GEMM(gemv_25088_4096, 1, 25088, 4096, 0, 25088)
GEMM(gemv_4096_4096, 1, 4096, 4096, 0, 4096)
GEMM(gemv_2048_1000, 1, 2048, 1000, 0, 2048)

struct layer {
    const char *name;
    void (*run)(void);
    double flops, bytes; /* bytes of weights, where they are what counts */
};

#define DIRECT_ROW(name) SHAPED_ROW(name, name)
#define SAMPLED_ROW(name) SHAPED_ROW(name, name##_near)
#define SHAPED_ROW(title, name)                                                                              \
    {                                                                                                        \
#title, title,                                                                                       \
            2.0 * (double)(name##_shape.channels * name##_shape.outputs * name##_shape.rows *                \
                           name##_shape.columns * name##_shape.kernel_rows * name##_shape.kernel_columns),   \
            0                                                                                                \
    }
#define DEPTHWISE_ROW(name)                                                                                  \
    {                                                                                                        \
#name, name,                                                                                         \
            2.0 * (double)(name##_shape.channels * name##_shape.rows * name##_shape.columns *                \
                           name##_shape.kernel_rows * name##_shape.kernel_columns),                          \
            0                                                                                                \
    }

/* Multiplications of the products alone. */
#define WINOGRAD_ROW(name)                                                                                   \
    {                                                                                                        \
#name, name,                                                                                         \
            2.0 * (double)(winograd_edge(&name##_shape) * winograd_edge(&name##_shape) * name##_shape.tiles *        \
                           name##_shape.channels * name##_shape.outputs),                                    \
            0                                                                                                \
    }

#define GEMM_ROW(name)                                                                                       \
    {                                                                                                        \
#name, name, 2.0 * (double)(name##_shape.rows * name##_shape.depth * name##_shape.outputs),          \
            name##_shape.rows> 1 ? 0 : 4.0 * (double)(name##_shape.depth * name##_shape.outputs)             \
    }

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const struct layer layers[] = {DIRECT_ROW(conv3x3_64_56),
                                   DIRECT_ROW(conv3x3_256_14),
                                   DIRECT_ROW(conv3x3_512_7),
                                   DIRECT_ROW(conv3x3s2_128_28),
                                   DIRECT_ROW(conv1x1_256_1024_14),
                                   DIRECT_ROW(conv1x1_64_256_56),
                                   DIRECT_ROW(conv1x1_144_32_28),
                                   DIRECT_ROW(conv1x1_32_144_28),
                                   DIRECT_ROW(conv1x1_160_960_7),
                                   DIRECT_ROW(conv1x1_2048_512_7),
                                   DIRECT_ROW(conv1x1_512_2048_7),
                                   SAMPLED_ROW(conv1x1s2_256_512_28),
                                   SAMPLED_ROW(conv1x1s2_512_1024_14),
                                   SAMPLED_ROW(conv1x1s2_1024_2048_7),
                                   DIRECT_ROW(conv3x3_512_rows4of7),
                                   DIRECT_ROW(conv3x3_512_rows2of7),
                                   DIRECT_ROW(conv1x1_2048_512_rows4of7),
                                   DIRECT_ROW(conv1x1_2048_512_rows2of7),
                                   DIRECT_ROW(conv1x1_1024_256_rows4of14),
                                   DIRECT_ROW(conv1x1_1024_256_14),
                                   DIRECT_ROW(conv1x1_512_128_28),
                                   DIRECT_ROW(conv1x1_256_64_56),
                                   DIRECT_ROW(conv1x1_144_24_56),
                                   DIRECT_ROW(conv1x1_16_96_112),
                                   DIRECT_ROW(conv1x1_add_64_256_56),
                                   DIRECT_ROW(conv1x1_add_256_1024_14),
                                   DIRECT_ROW(conv1x1_256_128_56),
                                   DIRECT_ROW(conv1x1_32_16_112),
                                   DIRECT_ROW(stem7x7s2_64_112),
                                   DIRECT_ROW(stem3x3s2_32_112),
                                   DEPTHWISE_ROW(depthwise3x3_32_112),
                                   DEPTHWISE_ROW(depthwise3x3_144_56),
                                   DEPTHWISE_ROW(depthwise3x3_384_14),
                                   DEPTHWISE_ROW(depthwise3x3_960_7),
                                   DEPTHWISE_ROW(depthwise3x3s2_96_56),
                                   DEPTHWISE_ROW(depthwise5x5_240_14),
                                   WINOGRAD_ROW(winograd4_512_28),
                                   WINOGRAD_ROW(winograd4_512_rows4of28),
                                   WINOGRAD_ROW(winograd4_256_rows16of56),
                                   WINOGRAD_ROW(winograd4_256_rows4of56),
                                   WINOGRAD_ROW(winograd4_256_28),
                                   WINOGRAD_ROW(winograd4_256_rows8of28),
                                   WINOGRAD_ROW(winograd4_256_rows4of28),
                                   WINOGRAD_ROW(winograd4_128_28),
                                   WINOGRAD_ROW(winograd4_128_rows8of28),
                                   WINOGRAD_ROW(winograd4_128_rows4of28),
                                   WINOGRAD_ROW(whole4_256_rows16of56),
                                   WINOGRAD_ROW(whole4_256_rows4of56),
                                   WINOGRAD_ROW(whole4_256_28),
                                   WINOGRAD_ROW(whole4_256_rows8of28),
                                   WINOGRAD_ROW(whole4_256_rows4of28),
                                   WINOGRAD_ROW(whole4_128_28),
                                   WINOGRAD_ROW(whole4_128_rows8of28),
                                   WINOGRAD_ROW(whole4_128_rows4of28),
                                   WINOGRAD_ROW(winograd2_512_14),
                                   WINOGRAD_ROW(winograd2_512_rows8of14),
                                   WINOGRAD_ROW(winograd2_512_rows4of14),
                                   WINOGRAD_ROW(winograd2_512_rows2of14),
                                   WINOGRAD_ROW(winograd2_512_7),
                                   WINOGRAD_ROW(winograd2_512_rows4of7),
                                   WINOGRAD_ROW(winograd2_512_rows2of7),
                                   WINOGRAD_ROW(winograd2_512_3x1of7),
                                   WINOGRAD_ROW(winograd2_256_14),
                                   WINOGRAD_ROW(winograd2_256_rows8of14),
                                   WINOGRAD_ROW(winograd2_256_rows4of14),
                                   WINOGRAD_ROW(whole2_512_14),
                                   WINOGRAD_ROW(whole2_512_rows8of14),
                                   WINOGRAD_ROW(whole2_512_rows4of14),
                                   WINOGRAD_ROW(whole2_512_rows2of14),
                                   WINOGRAD_ROW(whole2_512_7),
                                   WINOGRAD_ROW(whole2_512_rows4of7),
                                   WINOGRAD_ROW(whole2_512_rows2of7),
                                   WINOGRAD_ROW(whole2_512_3x1of7),
                                   WINOGRAD_ROW(whole2_256_14),
                                   WINOGRAD_ROW(whole2_256_rows8of14),
                                   WINOGRAD_ROW(whole2_256_rows4of14),
                                   WINOGRAD_ROW(winograd2_128_14),
                                   WINOGRAD_ROW(whole2_128_14),
                                   WINOGRAD_ROW(winograd5x5_64_192_27),
                                   GEMM_ROW(gemm_197_768_3072),
                                   GEMM_ROW(gemm_197_3072_768),
                                   GEMM_ROW(gemm_49_1024_256),
                                   GEMM_ROW(gemv_25088_4096),
                                   GEMM_ROW(gemv_4096_4096),
                                   GEMM_ROW(gemv_2048_1000)};
    enum { LAYERS = sizeof layers / sizeof *layers };
    static double share[LAYERS][MAX_ROUNDS], time[LAYERS][MAX_ROUNDS], peaks[MAX_ROUNDS], memory[MAX_ROUNDS];
    const int rounds = argc > 1 && atoi(argv[1]) > 0 && atoi(argv[1]) <= MAX_ROUNDS ? atoi(argv[1]) : 21;
    const char *wanted = argc > 2 ? argv[2] : "";
    const char *pages = getenv("MEDNN_HUGE_PAGES");
    huge_pages = !pages || atoi(pages);
    x_arena = numbers(ARENA_FLOATS);
    y_arena = numbers(ARENA_FLOATS);
    weight_arena = numbers(WEIGHT_FLOATS);
    copies = numbers(ARENA_FLOATS);
    for (int round = 0; round < rounds; round++) {
        peaks[round] = peak_flops(seconds);
        memory[round] = peak_bandwidth(seconds, weight_arena, WEIGHT_FLOATS * sizeof(float));
        for (int i = 0; i < LAYERS; i++) {
            if (!strstr(layers[i].name, wanted))
                continue;
            const double before = peak_flops(seconds);
            layers[i].run();
            double best = 1e9;
            for (int repeat = 0; repeat < 3; repeat++) {
                const double start = seconds();
                layers[i].run();
                const double took = seconds() - start;
                best = took < best ? took : best;
            }
            time[i][round] = best;
            share[i][round] = layers[i].flops / best / before;
        }
    }
    qsort(peaks, (size_t)rounds, sizeof *peaks, by_value);
    qsort(memory, (size_t)rounds, sizeof *memory, by_value);
    printf("W=%d, %s, peak %.1f GFLOP/s, memory %.1f GB/s\n", W, MEDNN_COMPILED_FLOAT_MODE ? "fma" : "portable",
           peaks[rounds / 2] * 1e-9, memory[rounds / 2] * 1e-9);
    for (int i = 0; i < LAYERS; i++) {
        if (!strstr(layers[i].name, wanted))
            continue;
        qsort(time[i], (size_t)rounds, sizeof **time, by_value);
        qsort(share[i], (size_t)rounds, sizeof **share, by_value);
        const double median = time[i][rounds / 2];
        printf("%-27s %9.1f us %7.1f GFLOP/s %5.1f %% of peak", layers[i].name, median * 1e6,
               layers[i].flops / median * 1e-9, share[i][rounds / 2] * 100);
        if (layers[i].bytes > 0)
            printf(" %6.1f GB/s, %5.1f %% of memory", layers[i].bytes / median * 1e-9,
                   layers[i].bytes / median / memory[rounds / 2] * 100);
        printf("\n");
    }
    return 0;
}
