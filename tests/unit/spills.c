/* spills.c -- micro-kernels of ordinary layers, to be read as assembly by test_spills.sh. */
/* SPDX-License-Identifier: MIT */
#include "../../templates/conv_direct.h"
#include "../../templates/gemm.h"

#define CONVOLUTION(name, c, m, h, w, k, s)                                                                \
    static const struct conv_direct name##_shape = {.x = BLOCKED(c / 16, (h - 1) * s + k, (w - 1) * s + k), \
                                                    .y = BLOCKED(m / 16, h, w),                            \
                                                    .batch = 1,                                            \
                                                    .channels = c,                                         \
                                                    .outputs = m,                                          \
                                                    .panel = 32,                                           \
                                                    .rows = h,                                             \
                                                    .columns = w,                                          \
                                                    .kernel_rows = k,                                      \
                                                    .kernel_columns = k,                                   \
                                                    .stride_rows = s,                                      \
                                                    .stride_columns = s,                                   \
                                                    .dilation_rows = 1,                                    \
                                                    .dilation_columns = 1,                                 \
                                                    .activation = ACTIVATION_RELU};                        \
    CONV_DIRECT_TILES(name, HALF_PANEL)                                                                    \
    void run_##name(const float *image, const float *weights, const float *bias, float *result);           \
    void run_##name(const float *image, const float *weights, const float *bias, float *result)            \
    {                                                                                                      \
        conv_direct(&name##_shape, &name##_tiles, image, weights, bias, NULL, result);                     \
    }

CONVOLUTION(tile_3x3_56, 64, 64, 56, 56, 3, 1)
CONVOLUTION(tile_3x3_stride_14, 64, 64, 14, 14, 3, 2)
CONVOLUTION(tile_1x1_28, 256, 128, 28, 28, 1, 1)
CONVOLUTION(tile_1x1_7, 256, 128, 7, 7, 1, 1)

static const struct gemm tile_rows_shape = {
    .rows = 197, .depth = 3072, .outputs = 768, .panel = 32, .x_row = 3072, .x_depth = 1, .y_row = 768, .scratch = 1 << 20,
    .chunk = 768};
GEMM_TILES(tile_rows, HALF_PANEL)
void run_tile_rows(const float *x, const float *weights, const float *bias, float *y, float *copies);
void run_tile_rows(const float *x, const float *weights, const float *bias, float *y, float *copies)
{
    gemm(&tile_rows_shape, &tile_rows_tiles, x, weights, bias, NULL, y, copies);
}
