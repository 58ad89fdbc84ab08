/* rows.h -- the families of operators, and what their hooks share; for operators/ only. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ROWS_H
#define MEDNN_ROWS_H

#include "op.h"

/* Each ends with a row without type. */
extern const struct op
    affine_grid_rows[],
    attention_rows[],
    batch_normalization_rows[],
    binary_rows[],
    cast_rows[],
    col2im_rows[],
    compress_rows[],
    concat_rows[],
    control_rows[],
    conv_rows[],
    conv_transpose_rows[],
    cumulate_rows[],
    deform_conv_rows[],
    depth_to_space_rows[],
    det_rows[],
    einsum_rows[],
    expand_rows[],
    gather_elements_rows[],
    gather_rows[],
    gemm_rows[],
    grid_sample_rows[],
    holds_rows[],
    integer_rows[],
    loss_rows[],
    lrn_rows[],
    matmul_rows[],
    max_unpool_rows[],
    mel_weight_matrix_rows[],
    non_max_suppression_rows[],
    normalize_rows[],
    one_hot_rows[],
    optimizer_rows[],
    pad_rows[],
    pool_rows[],
    quantize_rows[],
    range_rows[],
    random_rows[],
    recurrent_rows[],
    recurrent_steps_rows[],
    reduce_rows[],
    reshape_rows[],
    resize_rows[],
    interpolate_rows[],
    reverse_sequence_rows[],
    roi_align_rows[],
    max_roi_pool_rows[],
    rotary_embedding_rows[],
    scatter_rows[],
    select_rows[],
    sequence_rows[],
    sequence_map_rows[],
    shape_of_rows[],
    signal_rows[],
    slice_rows[],
    softmax_rows[],
    split_rows[],
    stft_rows[],
    tensor_scatter_rows[],
    tf_idf_rows[],
    transpose_rows[],
    unary_rows[],
    unique_rows[];

/* Set an output, when it is wanted. */
void output_set(struct node *node, int output, enum type type, struct shape shape);

/* Input i, NULL when absent; fails when it is not constant. `what` names it: "axes". */
const struct tensor *constant_input(const struct node *node, int i, const char *what);

/* Input i as a list of axes of a tensor of rank `rank`: no duplicates, all in range. Absent: count 0. */
int input_axes(const struct node *node, int i, int rank, int axis[MAX_RANK]);

/* Constant and float32. */
bool is_float_constant(const struct tensor *tensor);

/* Fail unless the input has the type of input 0. */
void input_same_type(const struct node *node, int i);

/* Append a piece: `count` from input `input` of rank `input_rank`, both from index 0 in steps of 1, loop axis
 * a driving axis a on both sides. The caller changes what differs. */
struct move *moves_add(struct moves *moves, int input, int input_rank, struct shape count);

/* ---- indices ---- */

/* Step to the next index in row-major order; false after the last one. */
bool shape_next(struct shape shape, int64_t at[]);
/* Row-major position of an index. */
int64_t shape_offset(struct shape shape, const int64_t at[]);
/* The same for a tensor that is broadcast to an index of `rank` axes. */
int64_t broadcast_offset(struct shape shape, int rank, const int64_t at[]);
/* What `region` of a broadcast result reads of an operand. */
struct region broadcast_reads(struct shape operand, struct region region);

/* ---- elements of any held type ---- */

double element_real(enum type type, const void *data, int64_t i);
int64_t element_integer(enum type type, const void *data, int64_t i); /* uint64: its bits */
void element_set_real(enum type type, void *data, int64_t i, double value); /* rounded; integers truncated */
void element_set_integer(enum type type, void *data, int64_t i, int64_t value); /* wraps around */
void element_copy(enum type type, void *to, int64_t i, const void *from, int64_t k);

/* ---- hooks of element-wise operators, on broadcast inputs of one type ---- */

void elementwise_infer(struct graph *graph, struct node *node);
void elementwise_evaluate(const struct node *node, const void *const input[], void *const output[]);
struct region elementwise_reads(const struct node *node, int input, int output, struct region region);

#endif
