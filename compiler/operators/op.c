/* op.c -- the table of operators, and the hooks with their defaults. */
/* SPDX-License-Identifier: MIT */
#include "op.h"

#include "known.h"
#include "rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct op *const families[] = {
    affine_grid_rows,
    attention_rows,
    batch_normalization_rows,
    binary_rows,
    cast_rows,
    col2im_rows,
    compress_rows,
    concat_rows,
    control_rows,
    conv_rows,
    conv_transpose_rows,
    cumulate_rows,
    deform_conv_rows,
    depth_to_space_rows,
    det_rows,
    einsum_rows,
    expand_rows,
    gather_elements_rows,
    gather_rows,
    gemm_rows,
    grid_sample_rows,
    holds_rows,
    integer_rows,
    loss_rows,
    lrn_rows,
    matmul_rows,
    max_unpool_rows,
    mel_weight_matrix_rows,
    non_max_suppression_rows,
    normalize_rows,
    one_hot_rows,
    optimizer_rows,
    pad_rows,
    pool_rows,
    quantize_rows,
    range_rows,
    random_rows,
    recurrent_rows,
    recurrent_steps_rows,
    reduce_rows,
    reshape_rows,
    resize_rows,
    interpolate_rows,
    reverse_sequence_rows,
    roi_align_rows,
    max_roi_pool_rows,
    rotary_embedding_rows,
    scatter_rows,
    select_rows,
    sequence_rows,
    sequence_map_rows,
    shape_of_rows,
    signal_rows,
    slice_rows,
    softmax_rows,
    split_rows,
    stft_rows,
    tensor_scatter_rows,
    tf_idf_rows,
    transpose_rows,
    unary_rows,
    unique_rows,
};

enum { FAMILIES = sizeof families / sizeof *families, MAX_OPS = 256 };

const struct op *const *op_table(int *count)
{
    static const struct op *table[MAX_OPS];
    int filled = 0;
    for (int f = 0; f < FAMILIES; f++)
        for (const struct op *op = families[f]; op->type; op++) {
            assert(filled < MAX_OPS);
            table[filled++] = op;
        }
    *count = filled;
    return table;
}

const struct op *op_find(const char *domain, const char *type, int opset)
{
    for (int f = 0; f < FAMILIES; f++)
        for (const struct op *op = families[f]; op->type; op++)
            if (!strcmp(op->type, type) && !strcmp(op->domain, domain) && op->since_version <= opset)
                return op;
    return NULL;
}

/* ---- reads ---- */

static bool is_residual(const struct node *node, int input)
{
    return node->epilogue.residual && node->epilogue.residual == input;
}

struct region node_touches(const struct node *node, int input, int output, struct region region)
{
    assert(node->input[input] && node->output[output]);
    if (region_is_empty(region))
        return (struct region){0};
    if (is_residual(node, input))
        return region;
    if (node->epilogue.bias && node->epilogue.bias == input)
        return region_whole(node->input[input]->shape);
    if (node->op->moves_read && output == 0)
        return node->op->moves_read(node, input, region);
    if (node->op->moves && output == 0) {
        struct arena scratch = {0};
        struct moves moves = node_moves(&scratch, node);
        struct region reads = moves_reads(&moves, input, region);
        arena_free(&scratch);
        if (moves.count)
            return reads;
    }
    if (node->op->reads)
        return node->op->reads(node, input, output, region);
    return region_whole(node->input[input]->shape);
}

struct region node_reads(const struct node *node, int input, int output, struct region region)
{
    return region_intersect(node_touches(node, input, output, region),
                            region_whole(node->input[input]->shape));
}

bool node_can_split(const struct node *node)
{
    return node->op->reads || node->op->moves;
}

int64_t node_macs(const struct node *node, struct region region)
{
    return node->op->macs && !region_is_empty(region) ? node->op->macs(node, region) : 0;
}

struct moves node_moves(struct arena *arena, const struct node *node)
{
    struct moves moves = {.arena = arena};
    if (node->op->moves && shape_size(node->output[0]->shape))
        node->op->moves(node, &moves);
    return moves;
}

struct move *moves_add(struct moves *moves, int input, int input_rank, struct shape count)
{
    struct move *move = arena_append(moves->arena, moves->item, moves->count, moves->capacity);
    *move = (struct move){.input = input, .input_rank = input_rank};
    for (int i = 0; i < MAX_RANK; i++) {
        move->count[i] = i < count.rank ? count.dim[i] : 1;
        move->output_step[i] = 1;
        move->input_step[i] = i < input_rank;
        move->input_axis[i] = i;
    }
    return move;
}

/* Loop indices [first, last] of a piece that write into `range`. */
static bool loop_inside(int64_t start, int64_t step, int64_t count, struct range range, int64_t *first,
                        int64_t *last)
{
    *first = range.begin <= start ? 0 : (range.begin - start + step - 1) / step;
    if (range.end <= start)
        return false;
    *last = (range.end - 1 - start) / step;
    if (*last >= count)
        *last = count - 1;
    return *first <= *last;
}

static struct region move_reads(const struct move *move, int input_rank, struct region region)
{
    int64_t first[MAX_RANK], last[MAX_RANK];
    for (int a = 0; a < region.rank; a++)
        if (!loop_inside(move->output_start[a], move->output_step[a], move->count[a], region.axis[a],
                         &first[a], &last[a]))
            return (struct region){0};
    struct region reads = {.some = true, .rank = input_rank};
    for (int a = 0; a < input_rank; a++) {
        int64_t step = move->input_step[a], from = move->input_start[a], to = from;
        if (step) {
            from += step * first[move->input_axis[a]];
            to += step * last[move->input_axis[a]];
        }
        reads.axis[a] = from < to ? (struct range){from, to + 1} : (struct range){to, from + 1};
    }
    return reads;
}

struct region moves_reads(const struct moves *moves, int input, struct region region)
{
    struct region reads = {0};
    for (int i = 0; i < moves->count; i++)
        if (moves->item[i].input == input)
            reads = region_cover(reads, move_reads(&moves->item[i], moves->item[i].input_rank, region));
    return reads;
}

/* ---- evaluate ---- */

float activation_evaluate(const struct epilogue *epilogue, float x)
{
    float alpha = epilogue->alpha, beta = epilogue->beta;
    switch (epilogue->activation) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_CLIP:
        return fminf(fmaxf(x, alpha), beta);
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case ACTIVATION_HARD_SIGMOID:
        return fminf(fmaxf(alpha * x + beta, 0), 1);
    case ACTIVATION_HARD_SWISH:
        return x * fminf(fmaxf(x / 6 + 0.5f, 0), 1);
    default:
        return (float)smooth_activation(epilogue->activation, (double)alpha, (double)x);
    }
}

void node_evaluate(struct arena *arena, const struct node *node, const void *const input[],
                   void *const output[])
{
    (void)arena;
    assert(node->op->evaluate);
    node->op->evaluate(node, input, output);
    const struct epilogue *epilogue = &node->epilogue;
    const struct shape shape = node->output[0]->shape;
    const int64_t size = shape_size(shape), row = shape.rank ? shape.dim[shape.rank - 1] : 1;
    for (int64_t i = 0; epilogue->bias && i < size; i++)
        ((float *)output[0])[i] += ((const float *)input[epilogue->bias])[i % row];
    if (!epilogue->residual && epilogue->activation == ACTIVATION_NONE)
        return;
    const float *residual = epilogue->residual ? input[epilogue->residual] : NULL;
    float *result = output[0];
    for (int64_t i = 0; i < size; i++)
        result[i] = activation_evaluate(epilogue, residual ? result[i] + residual[i] : result[i]);
}

/* ---- infer ---- */

static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at && (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ' ') && at[length] == ' ')
            return true;
    return false;
}

void node_check_counts(const struct node *node)
{
    const struct op *op = node->op;
    int inputs = node->input_count;
    if (node->epilogue.residual)
        inputs = node->epilogue.residual;
    if (node->epilogue.bias)
        inputs = node->epilogue.bias;
    if (op->max_inputs >= 0 && inputs > op->max_inputs)
        node_fail(node, "%d inputs but the operator takes at most %d", inputs, op->max_inputs);
    for (int i = 0; i < op->min_inputs; i++)
        if (!node_input(node, i))
            node_fail(node, "input %d is missing", i);
    if (node->output_count > op->max_outputs)
        node_fail(node, "%d outputs but the operator has at most %d", node->output_count, op->max_outputs);
    for (int i = 0; i < node->attribute_count; i++)
        if (!listed(op->attributes, node->attribute[i].name))
            node_fail(node, "attribute %s is not known (mednnc knows the operators up to opset %d)",
                      node->attribute[i].name, NEWEST_OPSET);
}

/* shape_size() would fail without naming the node. */
static void check_size(struct graph *graph, const struct node *node, struct shape shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] > 0 && (__builtin_mul_overflow(size, shape.dim[i], &size) || size > INT64_MAX / 16))
            node_fail(node, "the result %s has more elements than can be addressed",
                      shape_string(graph->arena, shape));
}

void node_infer(struct graph *graph, struct node *node)
{
    node_check_counts(node);
    for (int i = 0; i < node->input_count; i++)
        assert(!node->input[i] || node->input[i]->shaped);
    const struct tensor *first = node_input(node, 0);
    if (first && node->op->types && !(node->op->types & TYPE_BIT(first->type)))
        node_fail(node, "input '%s' has type %s, which the operator does not take", first->name,
                  type_name(first->type));
    node->op->infer(graph, node);
    for (int i = 0; i < node->output_count; i++)
        if (node->output[i]) {
            check_size(graph, node, node->output[i]->shape);
            node->output[i]->shaped = true;
        }
}

void output_set(struct node *node, int output, enum type type, struct shape shape)
{
    struct tensor *tensor = node_output(node, output);
    if (!tensor)
        return;
    tensor->type = type;
    tensor->shape = shape;
}

/* ---- what hooks share ---- */

const struct tensor *constant_input(const struct node *node, int i, const char *what)
{
    const struct tensor *tensor = node_input(node, i);
    if (tensor && !tensor_is_constant(tensor))
        node_fail(node,
                  "%s ('%s') is computed at run time; mednnc needs it constant (pin dynamic dimensions with "
                  "--input-shape or --dim)",
                  what, tensor->name);
    return tensor;
}

int input_axes(const struct node *node, int i, int rank, int axis[MAX_RANK])
{
    const struct tensor *tensor = constant_input(node, i, "axes");
    if (!tensor)
        return 0;
    int64_t count = shape_size(tensor->shape);
    if (tensor->shape.rank > 1 || count > rank)
        node_fail(node, "%" PRId64 " axes for a tensor of rank %d", count, rank);
    bool seen[MAX_RANK] = {false};
    for (int k = 0; k < count; k++) {
        axis[k] = shape_axis(rank, tensor_int(tensor, k));
        if (axis[k] < 0)
            node_fail(node, "axis %" PRId64 " is out of range for rank %d", tensor_int(tensor, k), rank);
        if (seen[axis[k]])
            node_fail(node, "axis %d is listed twice", axis[k]);
        seen[axis[k]] = true;
    }
    return (int)count;
}

bool is_float_constant(const struct tensor *tensor)
{
    return tensor_is_constant(tensor) && tensor->type == TYPE_FLOAT;
}

void input_same_type(const struct node *node, int i)
{
    const struct tensor *tensor = node_input(node, i);
    if (tensor && tensor->type != node->input[0]->type)
        node_fail(node, "input '%s' has type %s but '%s' has type %s", tensor->name, type_name(tensor->type),
                  node->input[0]->name, type_name(node->input[0]->type));
}

int node_axis(const struct node *node, int64_t otherwise)
{
    int64_t given = node_int(node, "axis", otherwise);
    int rank = node->input[0]->shape.rank, axis = shape_axis(rank, given);
    if (axis < 0)
        node_fail(node, "axis %" PRId64 " is out of range for rank %d", given, rank);
    return axis;
}
