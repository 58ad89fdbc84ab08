/* attention.c -- Attention: softmax(scale Q K^T + mask) V per head. */
/* SPDX-License-Identifier: MIT */
#include "attention.h"

#include "rows.h"

#include <inttypes.h>
#include <math.h>

/* ---- heads ---- */

struct heads heads_of(const struct node *node, const struct tensor *tensor, const char *what, const char *name)
{
    const struct shape shape = tensor->shape;
    if (shape.rank == 4)
        return (struct heads){4, shape.dim[0], shape.dim[1], shape.dim[2], shape.dim[3]};
    if (shape.rank != 3)
        node_fail(node, "%s has rank %d, expected 3 or 4", what, shape.rank);
    const int64_t count = node_int(node, name, 0);
    if (count < 1 || shape.dim[2] % count)
        node_fail(node, "%s is %" PRId64 ", which does not divide the %" PRId64 " elements of a row of %s", name, count,
                  shape.dim[2], what);
    return (struct heads){3, shape.dim[0], count, shape.dim[1], shape.dim[2] / count};
}

struct region heads_split(const struct heads *heads, struct region region)
{
    if (heads->rank == 4 || region_is_empty(region))
        return region;
    const int64_t width = heads->width ? heads->width : 1;
    const struct range columns = region.axis[2];
    return (struct region){
        .some = true,
        .rank = 4,
        .axis = {region.axis[0], {columns.begin / width, (columns.end + width - 1) / width}, region.axis[1], {0, width}}};
}

struct region heads_join(const struct heads *heads, struct region box)
{
    if (heads->rank == 4 || region_is_empty(box))
        return box;
    return (struct region){
        .some = true,
        .rank = 3,
        .axis = {box.axis[0], box.axis[2], {box.axis[1].begin * heads->width, box.axis[1].end * heads->width}}};
}

void heads_strides(const struct heads *heads, const int64_t stride[], int64_t result[3])
{
    result[0] = stride[0];
    result[1] = heads->rank == 4 ? stride[1] : heads->width;
    result[2] = stride[heads->rank == 4 ? 2 : 1];
}

/* ---- attributes and shapes ---- */

static int64_t length_of_past(const struct node *node)
{
    const struct tensor *key = node_input(node, ATTENTION_PAST_KEY);
    if (key && key->shape.rank != 4)
        node_fail(node, "past_key has rank %d, expected 4", key->shape.rank);
    return key ? key->shape.dim[2] : node_int(node, "past_length", 0);
}

struct attention attention_of(const struct node *node)
{
    struct attention a = {.q = heads_of(node, node->input[0], "Q", "q_num_heads"),
                          .k = heads_of(node, node->input[1], "K", "kv_num_heads"),
                          .v = heads_of(node, node->input[2], "V", "kv_num_heads"),
                          .past = length_of_past(node),
                          .softcap = (double)node_float(node, "softcap", 0),
                          .causal = node_int(node, "is_causal", 0) != 0,
                          .kept = (int)node_int(node, "qk_matmul_output_mode", 0)};
    a.keys = a.k.rows + (node_input(node, ATTENTION_PAST_KEY) ? a.past : 0);
    a.y = a.q;
    a.y.width = a.v.width;
    a.group = a.k.heads ? a.q.heads / a.k.heads : 0;
    a.scale = 1 / sqrt((double)(a.q.width ? a.q.width : 1));
    if (node_attribute(node, "scale"))
        a.scale = (double)node_float(node, "scale", 1);
    a.frontier_of_count = a.causal && !a.past && node_input(node, ATTENTION_COUNTS);
    return a;
}

static struct shape scores_shape(const struct attention *a)
{
    return (struct shape){.rank = 4, .dim = {a->q.batches, a->q.heads, a->q.rows, a->keys}};
}

/* The past of keys (input 4) or values (input 5) fits what follows it. */
static void check_past(struct graph *graph, const struct node *node, int input, const struct heads *now, int64_t past)
{
    const struct tensor *tensor = node_input(node, input);
    const struct shape expected = {.rank = 4, .dim = {now->batches, now->heads, past, now->width}};
    if (!tensor)
        return;
    input_same_type(node, input);
    if (!shape_equal(tensor->shape, expected))
        node_fail(node, "'%s' is %s, expected %s", tensor->name, shape_string(graph->arena, tensor->shape),
                  shape_string(graph->arena, expected));
}

/* It broadcasts to the scores; its last axis may be shorter, keys beyond it are masked. */
static void check_mask(struct graph *graph, const struct node *node, const struct attention *a)
{
    const struct tensor *mask = node_input(node, ATTENTION_MASK);
    if (!mask)
        return;
    if (mask->type != TYPE_BOOL)
        input_same_type(node, ATTENTION_MASK);
    const struct shape scores = scores_shape(a);
    bool fits = mask->shape.rank >= 2 && mask->shape.rank <= 4;
    for (int i = 1; fits && i <= mask->shape.rank; i++) {
        const int64_t size = mask->shape.dim[mask->shape.rank - i];
        fits = i == 1 ? size <= a->keys : size == 1 || size == scores.dim[4 - i];
    }
    if (!fits)
        node_fail(node, "attn_mask is %s, which does not fit the scores %s", shape_string(graph->arena, mask->shape),
                  shape_string(graph->arena, scores));
}

static void check_counts(const struct node *node, const struct attention *a)
{
    const struct tensor *counts = node_input(node, ATTENTION_COUNTS);
    if (counts && (counts->type != TYPE_INT64 || counts->shape.rank != 1 || counts->shape.dim[0] != a->q.batches))
        node_fail(node, "nonpad_kv_seqlen has type %s and rank %d, expected %" PRId64 " numbers of type int64",
                  type_name(counts->type), counts->shape.rank, a->q.batches);
}

static void check_attributes(const struct node *node, const struct attention *a)
{
    const int64_t precision = node_int(node, "softmax_precision", TYPE_FLOAT);
    if (precision < 0 || precision > TYPE_BFLOAT16 || !(TYPES_FLOAT & TYPE_BIT(precision)))
        node_fail(node, "softmax_precision is %" PRId64 ", which is no type of floats", precision);
    if (node_int(node, "qk_matmul_output_mode", 0) != a->kept || a->kept < 0 || a->kept > 3)
        node_fail(node, "qk_matmul_output_mode is %" PRId64 ", expected 0 to 3",
                  node_int(node, "qk_matmul_output_mode", 0));
    if (!(a->softcap >= 0))
        node_fail(node, "softcap is %g, expected at least 0", a->softcap);
    if (node_int(node, "past_length", 0) < 0 || (!node_input(node, ATTENTION_PAST_KEY) && a->past > a->keys))
        node_fail(node, "past_length is %" PRId64 " but there are %" PRId64 " keys", a->past, a->keys);
    if (!node_input(node, ATTENTION_PAST_KEY) != !node_input(node, ATTENTION_PAST_VALUE))
        node_fail(node, "past_key and past_value belong together, but one is missing");
}

static void infer(struct graph *graph, struct node *node)
{
    const struct attention a = attention_of(node);
    for (int i = 1; i < 3; i++)
        input_same_type(node, i);
    if (a.k.batches != a.q.batches || a.v.batches != a.q.batches || a.k.heads != a.v.heads || a.k.rows != a.v.rows ||
        a.k.width != a.q.width)
        node_fail(node, "Q %s, K %s and V %s do not fit", shape_string(graph->arena, node->input[0]->shape),
                  shape_string(graph->arena, node->input[1]->shape), shape_string(graph->arena, node->input[2]->shape));
    if (!a.group || a.q.heads % a.k.heads)
        node_fail(node, "%" PRId64 " heads of queries cannot share %" PRId64 " heads of keys", a.q.heads, a.k.heads);
    check_attributes(node, &a);
    check_past(graph, node, ATTENTION_PAST_KEY, &a.k, a.past);
    check_past(graph, node, ATTENTION_PAST_VALUE, &a.v, a.past);
    check_mask(graph, node, &a);
    check_counts(node, &a);
    const enum type type = node->input[0]->type;
    struct shape y = node->input[0]->shape, present = {.rank = 4, .dim = {a.k.batches, a.k.heads, a.keys, a.k.width}};
    y.dim[y.rank - 1] = y.rank == 4 ? a.v.width : a.q.heads * a.v.width;
    output_set(node, 0, type, y);
    output_set(node, 1, type, present);
    present.dim[3] = a.v.width;
    output_set(node, 2, type, present);
    output_set(node, 3, type, scores_shape(&a));
}

/* ---- evaluate ---- */

static int64_t heads_offset(const struct heads *heads, int64_t b, int64_t h, int64_t row, int64_t column)
{
    return heads->rank == 4 ? ((b * heads->heads + h) * heads->rows + row) * heads->width + column
                            : ((b * heads->rows + row) * heads->heads + h) * heads->width + column;
}

/* Element of what is concatenated from input `past` and input `input`. */
static double joined(const struct node *node, const void *const input[], const struct heads *heads, int i, int past,
                     int64_t before, int64_t b, int64_t h, int64_t row, int64_t column)
{
    const enum type type = node->input[i]->type;
    if (!node_input(node, past))
        return element_real(type, input[i], heads_offset(heads, b, h, row, column));
    if (row < before)
        return element_real(type, input[past], ((b * heads->heads + h) * before + row) * heads->width + column);
    return element_real(type, input[i], heads_offset(heads, b, h, row - before, column));
}

static double key_at(const struct node *node, const void *const input[], const struct attention *a, int64_t b, int64_t h,
                     int64_t row, int64_t column)
{
    return joined(node, input, &a->k, 1, ATTENTION_PAST_KEY, a->past, b, h, row, column);
}

static double value_at(const struct node *node, const void *const input[], const struct attention *a, int64_t b,
                       int64_t h, int64_t row, int64_t column)
{
    return joined(node, input, &a->v, 2, ATTENTION_PAST_VALUE, a->past, b, h, row, column);
}

/* What is added to the score of query i and key j. */
static double bias(const struct node *node, const void *const input[], const struct attention *a, const int64_t at[4])
{
    const struct tensor *mask = node_input(node, ATTENTION_MASK);
    int64_t frontier = at[2] + a->past;
    if (node_input(node, ATTENTION_COUNTS)) {
        const int64_t count = ((const int64_t *)input[ATTENTION_COUNTS])[at[0]];
        if (at[3] >= count)
            return -INFINITY;
        if (a->frontier_of_count)
            frontier = at[2] + count - a->q.rows;
    }
    if (a->causal && at[3] > frontier)
        return -INFINITY;
    if (!mask)
        return 0;
    if (at[3] >= mask->shape.dim[mask->shape.rank - 1])
        return -INFINITY;
    const double value = element_real(mask->type, input[ATTENTION_MASK], broadcast_offset(mask->shape, 4, at));
    return mask->type != TYPE_BOOL ? value : value != 0 ? 0 : -INFINITY;
}

/* The weights of all keys for one query; output 3 takes what it asks for on the way. */
static void weigh(const struct node *node, const void *const input[], const struct attention *a, int64_t at[4],
                  double *weight, void *kept)
{
    const enum type type = node->input[0]->type;
    const int64_t b = at[0], h = at[1], i = at[2], row = ((b * a->q.heads + h) * a->q.rows + i) * a->keys;
    double greatest = -INFINITY, sum = 0;
    for (at[3] = 0; at[3] < a->keys; at[3]++) {
        double step[3] = {0};
        for (int64_t d = 0; d < a->q.width; d++)
            step[0] += element_real(type, input[0], heads_offset(&a->q, b, h, i, d)) *
                       key_at(node, input, a, b, h / a->group, at[3], d);
        step[0] *= a->scale;
        step[1] = a->softcap > 0 ? tanh(step[0] / a->softcap) * a->softcap : step[0];
        weight[at[3]] = step[2] = step[1] + bias(node, input, a, at);
        greatest = fmax(greatest, step[2]);
        if (kept && a->kept < 3)
            element_set_real(type, kept, row + at[3], step[a->kept]);
    }
    for (int64_t j = 0; j < a->keys; j++)
        sum += weight[j] = isinf(greatest) ? 0 : exp(weight[j] - greatest);
    for (int64_t j = 0; j < a->keys; j++) {
        weight[j] = sum > 0 || isnan(sum) ? weight[j] / sum : 0;
        if (kept && a->kept == 3)
            element_set_real(type, kept, row + j, weight[j]);
    }
}

static void evaluate_present(const struct node *node, const void *const input[], const struct attention *a,
                             void *const output[])
{
    for (int k = 1; k <= 2; k++) {
        const struct tensor *present = node_output(node, k);
        int64_t at[MAX_RANK] = {0}, count = present ? shape_size(present->shape) : 0;
        for (int64_t i = 0; i < count; i++, shape_next(present->shape, at))
            element_set_real(present->type, output[k], i,
                             (k == 1 ? key_at : value_at)(node, input, a, at[0], at[1], at[2], at[3]));
    }
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct attention a = attention_of(node);
    struct arena scratch = {0};
    double *weight = arena_array(&scratch, (size_t)a.keys + 1, sizeof *weight);
    evaluate_present(node, input, &a, output);
    for (int64_t b = 0; b < a.q.batches; b++)
        for (int64_t h = 0; h < a.q.heads; h++)
            for (int64_t i = 0; i < a.q.rows; i++) {
                weigh(node, input, &a, (int64_t[]){b, h, i, 0}, weight, node_output(node, 3) ? output[3] : NULL);
                for (int64_t d = 0; node_output(node, 0) && d < a.v.width; d++) {
                    double sum = 0;
                    for (int64_t j = 0; j < a.keys; j++)
                        sum += weight[j] * value_at(node, input, &a, b, h / a.group, j, d);
                    element_set_real(node->output[0]->type, output[0], heads_offset(&a.y, b, h, i, d), sum);
                }
            }
    arena_free(&scratch);
}

/* ---- reads ---- */

/* The part of a present tensor that comes from the past, or from what follows it. */
static struct region reads_present(const struct attention *a, const struct heads *now, bool past, bool has_past,
                                   struct region region)
{
    const int64_t before = has_past ? a->past : 0;
    struct range *rows = &region.axis[2];
    if (past) {
        rows->end = rows->end < before ? rows->end : before;
    } else {
        rows->begin = rows->begin < before ? 0 : rows->begin - before;
        rows->end -= before;
    }
    if (rows->begin >= rows->end)
        return (struct region){0};
    return past ? region : heads_join(now, region);
}

static struct region reads_heads(const struct attention *a, const struct heads *heads, struct region box)
{
    box.axis[1] = (struct range){box.axis[1].begin / a->group, (box.axis[1].end - 1) / a->group + 1};
    box.axis[2] = (struct range){0, heads->rows};
    box.axis[3] = (struct range){0, heads->width};
    return heads_join(heads, box);
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    const struct attention a = attention_of(node);
    if (output == 1 || output == 2) {
        const bool past = input == (output == 1 ? ATTENTION_PAST_KEY : ATTENTION_PAST_VALUE);
        if (!past && input != output)
            return (struct region){0};
        return reads_present(&a, output == 1 ? &a.k : &a.v, past, node_input(node, ATTENTION_PAST_KEY), region);
    }
    struct region box = output == 0 ? heads_split(&a.y, region) : region;
    const struct heads past = {4, a.k.batches, a.k.heads, a.past, input == ATTENTION_PAST_KEY ? a.k.width : a.v.width};
    switch (input) {
    case 0:
        box.axis[3] = (struct range){0, a.q.width};
        return heads_join(&a.q, box);
    case 1:
        return reads_heads(&a, &a.k, box);
    case 2:
        return reads_heads(&a, &a.v, box);
    case ATTENTION_PAST_KEY:
    case ATTENTION_PAST_VALUE:
        return reads_heads(&a, &past, box);
    case ATTENTION_COUNTS:
        return (struct region){.some = true, .rank = 1, .axis = {box.axis[0]}};
    }
    box.axis[3] = (struct range){0, a.keys};
    return broadcast_reads(node->input[input]->shape, box);
}

static int64_t macs(const struct node *node, struct region region)
{
    const struct attention a = attention_of(node);
    return region_size(region) * (a.keys + a.keys * a.q.width / (a.v.width ? a.v.width : 1));
}

const struct op attention_rows[] = {
    {.type = "Attention",
     .domain = "",
     .since_version = 24,
     .min_inputs = 3,
     .max_inputs = 7,
     .max_outputs = 4,
     .types = TYPES_FLOAT,
     .attributes = "is_causal kv_num_heads past_length q_num_heads qk_matmul_output_mode scale softcap softmax_precision ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .macs = macs},
    {.type = NULL},
};
