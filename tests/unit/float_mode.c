/* float_mode.c -- a file as mednnc writes it, for test_float_mode.sh to look at its machine code.
 *
 * Only functions whose names begin with fused_, and smooth ones, vector_ and finish_, may hold fused multiply-adds. */
/* SPDX-License-Identifier: MIT */
#include "../../templates/conv_depthwise.h"
#include "../../templates/conv_direct.h"
#include "../../templates/finish.h"
#include "../../templates/functions.h"
#include "../../templates/gemm.h"

static const struct conv_direct fused_direct_shape = {
    .x = BLOCKED(4, 58, 58), .y = BLOCKED(4, 56, 56), .residual = BLOCKED(4, 56, 56), .adds_residual = 1,
    .batch = 1, .channels = 64, .outputs = 64, .panel = 32, .rows = 56, .columns = 56,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1, .dilation_rows = 1,
    .dilation_columns = 1, .activation = ACTIVATION_RELU, .finish = finish_silu};
CONV_DIRECT_TILES(fused_direct, HALF_PANEL)

void direct(const float *x, const float *w, const float *bias, const float *residual, float *y);
void direct(const float *x, const float *w, const float *bias, const float *residual, float *y)
{
    conv_direct(&fused_direct_shape, &fused_direct_tiles, x, w, bias, residual, y);
}

static const struct conv_depthwise fused_depthwise_shape = {
    .x = BLOCKED(4, 58, 58), .y = BLOCKED(4, 56, 56), .batch = 1, .channels = 64, .rows = 56, .columns = 56,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1, .dilation_rows = 1,
    .dilation_columns = 1, .activation = ACTIVATION_HARD_SIGMOID, .finish = finish_gelu, .alpha = 0.2f, .beta = 0.5f};
CONV_DEPTHWISE_TILES(fused_depthwise)

void depthwise(const float *x, const float *w, const float *bias, float *y);
void depthwise(const float *x, const float *w, const float *bias, float *y)
{
    conv_depthwise(&fused_depthwise_shape, &fused_depthwise_tiles, x, w, bias, NULL, y);
}

static const struct gemm fused_gemm_shape = {.rows = 1, .depth = 512, .outputs = 1000, .panel = 32, .x_depth = 1};
GEMM_TILES(fused_gemm, HALF_PANEL)

void product(const float *x, const float *w, const float *bias, float *y);
void product(const float *x, const float *w, const float *bias, float *y)
{
    gemm(&fused_gemm_shape, &fused_gemm_tiles, x, w, bias, NULL, y, NULL);
}

void smooth(const float *restrict x, float *restrict y);
void smooth(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 1024; i += W)
        *(vf *)(y + i) = function_mul(function_gelu(*(const vf *)(x + i), vector_of(1), vector_of(1)),
                                      function_swish(*(const vf *)(x + i), vector_of(1), vector_of(1)), vector_of(1)) +
                         vector_of(3);
}

/* Other element-wise code must not fuse. */
void other(const float *restrict x, float *restrict y);
void other(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 1024; i++)
        y[i] = activate_one(x[i], ACTIVATION_HARD_SWISH, 0, 0) * x[i] + 3;
}
