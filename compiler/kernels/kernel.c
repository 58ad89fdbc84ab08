/* kernel.c -- the table of kernels. */
/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "../operators/op.h"

#include <string.h>

extern const struct kernel
    kernel_AveragePool_blocked,
    kernel_AveragePool_plain,
    kernel_AveragePool_scalar,
    kernel_GlobalAveragePool_blocked,
    kernel_GlobalAveragePool_plain,
    kernel_GlobalAveragePool_scalar,
    kernel_GlobalLpPool,
    kernel_GlobalMaxPool_blocked,
    kernel_GlobalMaxPool_plain,
    kernel_GlobalMaxPool_scalar,
    kernel_LpPool,
    kernel_MaxPool_blocked,
    kernel_MaxPool_plain,
    kernel_MaxPool_scalar,
    kernel_attention,
    kernel_col2im,
    kernel_compress,
    kernel_batch_normalization,
    kernel_conv_depthwise,
    kernel_conv_direct,
    kernel_conv_grouped,
    kernel_conv_integer,
    kernel_conv_transpose,
    kernel_conv_winograd_2,
    kernel_conv_winograd_4,
    kernel_conv_winograd_2_5,
    kernel_copy,
    kernel_copy_blocked,
    kernel_deform_conv,
    kernel_det,
    kernel_dft,
    kernel_einsum,
    kernel_elementwise,
    kernel_elementwise_blocked,
    kernel_elementwise_scalar,
    kernel_gather,
    kernel_gemm,
    kernel_gemm_matmul,
    kernel_grid_sample,
    kernel_holds,
    kernel_interpolate,
    kernel_layout_to_blocked,
    kernel_layout_to_plain,
    kernel_lines,
    kernel_loss,
    kernel_lrn,
    kernel_matmul,
    kernel_matmul_gemm,
    kernel_matmul_integer,
    kernel_max_unpool,
    kernel_move,
    kernel_move_blocked,
    kernel_non_max_suppression,
    kernel_non_zero,
    kernel_normalize,
    kernel_one_hot,
    kernel_pad_indices,
    kernel_dequantize,
    kernel_qlinear_conv,
    kernel_qlinear_matmul,
    kernel_quantize,
    kernel_quantize_dynamic,
    kernel_recurrent,
    kernel_reduce,
    kernel_reduce_scalar,
    kernel_require,
    kernel_resize,
    kernel_resize_table,
    kernel_resize_blocked,
    kernel_reverse_sequence,
    kernel_roi_align,
    kernel_max_roi_pool,
    kernel_rotary,
    kernel_scatter,
    kernel_slice_indices,
    kernel_softmax,
    kernel_split,
    kernel_stft,
    kernel_tensor_scatter,
    kernel_tf_idf,
    kernel_trilu,
    kernel_unique;

/* In order of preference among kernels of equal cost. */
static const struct kernel *const table[] = {
    &kernel_attention,
    &kernel_tf_idf,
    &kernel_unique,
    &kernel_non_max_suppression,
    &kernel_stft,
    &kernel_det,
    &kernel_col2im,
    &kernel_deform_conv,
    &kernel_tensor_scatter,
    &kernel_rotary,
    &kernel_conv_depthwise,
    &kernel_conv_direct,
    &kernel_conv_grouped,
    &kernel_conv_winograd_2,
    &kernel_conv_winograd_4,
    &kernel_conv_winograd_2_5,
    &kernel_gemm,
    &kernel_gemm_matmul,
    &kernel_matmul,
    &kernel_matmul_gemm,
    &kernel_AveragePool_blocked,
    &kernel_AveragePool_plain,
    &kernel_GlobalAveragePool_blocked,
    &kernel_GlobalAveragePool_plain,
    &kernel_GlobalMaxPool_blocked,
    &kernel_GlobalMaxPool_plain,
    &kernel_MaxPool_blocked,
    &kernel_MaxPool_plain,
    &kernel_copy,
    &kernel_copy_blocked,
    &kernel_elementwise,
    &kernel_elementwise_blocked,
    &kernel_elementwise_scalar,
    &kernel_layout_to_blocked,
    &kernel_layout_to_plain,
    &kernel_move,
    &kernel_move_blocked,
    &kernel_gather,
    &kernel_reduce,
    &kernel_scatter,
    &kernel_softmax,
    &kernel_resize_blocked,
    &kernel_resize,
    &kernel_MaxPool_scalar,
    &kernel_GlobalMaxPool_scalar,
    &kernel_GlobalAveragePool_scalar,
    &kernel_AveragePool_scalar,
    &kernel_reduce_scalar,
    &kernel_max_unpool,
    &kernel_split,
    &kernel_reverse_sequence,
    &kernel_trilu,
    &kernel_one_hot,
    &kernel_lines,
    &kernel_conv_transpose,
    &kernel_normalize,
    &kernel_batch_normalization,
    &kernel_loss,
    &kernel_lrn,
    &kernel_LpPool,
    &kernel_GlobalLpPool,
    &kernel_dequantize,
    &kernel_conv_integer,
    &kernel_matmul_integer,
    &kernel_qlinear_conv,
    &kernel_qlinear_matmul,
    &kernel_quantize,
    &kernel_quantize_dynamic,
    &kernel_recurrent,
    &kernel_einsum,
    &kernel_grid_sample,
    &kernel_roi_align,
    &kernel_max_roi_pool,
    &kernel_dft,
    &kernel_holds,
    &kernel_resize_table,
    &kernel_interpolate,
    &kernel_require,
    &kernel_slice_indices,
    &kernel_pad_indices,
    &kernel_compress,
    &kernel_non_zero,
};

const struct kernel *const *kernel_table(int *count)
{
    *count = (int)(sizeof table / sizeof *table);
    return table;
}

static bool is_for(const struct kernel *kernel, const struct node *node)
{
    static const char ours[] = "mednn.";
    if (!kernel->op_type)
        return true;
    if (!strncmp(kernel->op_type, ours, sizeof ours - 1))
        return !strcmp(node->domain, "mednn") && !strcmp(node->op_type, kernel->op_type + sizeof ours - 1);
    return !*node->domain && !strcmp(node->op_type, kernel->op_type);
}

int kernel_candidates(const struct node *node, const struct kernel *candidate[], int capacity)
{
    int count = 0, rows;
    const struct kernel *const *kernel = kernel_table(&rows);
    for (int i = 0; i < rows && count < capacity; i++)
        if (is_for(kernel[i], node) && kernel[i]->accepts(node))
            candidate[count++] = kernel[i];
    return count;
}

const struct kernel *kernel_find(const char *name)
{
    int rows;
    const struct kernel *const *kernel = kernel_table(&rows);
    for (int i = 0; i < rows; i++)
        if (!strcmp(kernel[i]->name, name))
            return kernel[i];
    return NULL;
}

enum layout kernel_layout(const struct kernel *kernel, const struct node *node, int input)
{
    return kernel->layout ? kernel->layout(node, input) : LAYOUT_PLAIN;
}

int64_t kernel_grid(const struct node *node, int axis)
{
    const int64_t grid = node->kernel->grid ? node->kernel->grid(node, axis) : 1;
    const bool blocked = axis == 1 && kernel_layout(node->kernel, node, -1) == LAYOUT_BLOCKED;
    return blocked && grid < 16 ? 16 : grid;
}

struct region kernel_whole_steps(const struct node *node, struct region piece)
{
    for (int axis = 2; axis < piece.rank; axis++) {
        const int64_t grid = kernel_grid(node, axis);
        if (grid > 1)
            piece.axis[axis].end = (piece.axis[axis].end + grid - 1) / grid * grid;
    }
    return piece;
}

struct region kernel_touches(const struct node *node, int input, int output, struct region piece)
{
    const struct region touched = node_reads(node, input, output, piece);
    if (input || !node->kernel->zero_border)
        return touched;
    return region_cover(touched, node_touches(node, input, output, kernel_whole_steps(node, piece)));
}

const char *work_name(enum work_kind kind)
{
    static const char *const name[WORK_KINDS] = {"direct", "winograd", "transform", "depthwise", "matrix",     "scalar",
                                                 "vector", "element",  "weights",   "stream",    "activations", "calls"};
    return name[kind];
}

double kernel_bytes(const struct node *node, struct region piece)
{
    double bytes = 0;
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k])
            bytes += (double)region_size(piece) * (double)type_size(node->output[k]->type);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && !tensor_is_constant(node->input[i]))
            bytes += (double)region_size(node_reads(node, i, 0, piece)) * (double)type_size(node->input[i]->type);
    return bytes;
}

/* Simple vectors that one of a smooth activation takes as long as. Measured on Swish behind the convolutions of EfficientNet-B0 (4 to 10). */
static const double FINISHING = 7;

static const double NEAR_BYTES = 1 << 20, FAR_BYTES = 2 << 20, NEAR_PART = 1.0 / 3, HIDDEN_PART = 0.28;

static bool is_product(const struct work *work)
{
    return work->amount[WORK_DIRECT] + work->amount[WORK_WINOGRAD] + work->amount[WORK_MATRIX] > 0;
}

/* How much of so many bytes comes from a far cache. */
static double far_part(double bytes)
{
    return bytes < NEAR_BYTES ? 0 : bytes > FAR_BYTES ? 1 : (bytes - NEAR_BYTES) / (FAR_BYTES - NEAR_BYTES);
}

/* The part of `bytes` that takes time: what fits into a core's own cache is quick to come by, and products hide even what does
 * not. Measured. */
static double bytes_that_count(double bytes, const struct work *work)
{
    if (is_product(work))
        return HIDDEN_PART * bytes;
    return NEAR_PART * bytes + (1 - NEAR_PART) * far_part(bytes) * bytes;
}

struct work kernel_work_by(const struct kernel *kernel, const struct node *node, struct region piece)
{
    struct work work = {{0}};
    if (region_is_empty(piece))
        return work;
    work.amount[WORK_CALLS] = 1;
    const double macs = (double)node_macs(node, piece);
    if (kernel->work)
        kernel->work(node, piece, &work);
    else if (macs > 0)
        work.amount[WORK_SCALAR] += macs;
    else
        work.amount[WORK_ELEMENT] += (double)region_size(piece);
    if (activation_is_smooth(node->epilogue.activation))
        work.amount[WORK_VECTOR] += (double)region_size(piece) * FINISHING;
    work.amount[WORK_ACTIVATIONS] = bytes_that_count(kernel_bytes(node, piece), &work);
    return work;
}

struct work kernel_work(const struct node *node, struct region piece)
{
    return kernel_work_by(node->kernel, node, piece);
}

void kernel_print(struct text *text, const struct node *node)
{
    if (!node->kernel)
        return;
    text_printf(text, ", by %s", node->kernel->name);
    for (int i = 0; node->choice && i < node->choice->count; i++) {
        const struct kernel_price *price = &node->choice->price[i];
        text_printf(text, "%s%s %s %.4g ms", i ? ", " : " (", price->kernel->name, price->measured ? "measured" : "foretold",
                    1e3 * price->seconds);
    }
    text_add(text, node->choice && node->choice->count ? ")" : "");
}

struct work kernel_conversion_work(const struct tensor *tensor)
{
    struct work work = {{0}};
    const double size = (double)shape_size(tensor->shape);
    work.amount[WORK_VECTOR] = 2 * size;
    work.amount[WORK_ACTIVATIONS] = bytes_that_count(2 * size * (double)type_size(tensor->type), &work);
    return work;
}

double kernel_far_bytes(const struct node *node, double bytes)
{
    struct work work = kernel_work(node, region_whole(node->output[0]->shape));
    return far_part(bytes) * bytes * (is_product(&work) ? HIDDEN_PART : 1 - NEAR_PART);
}
