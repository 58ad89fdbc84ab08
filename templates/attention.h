/* attention.h -- softmax(scale q k^T + mask) v per head, a block of queries at a time.
 *
 * q, k, v, y, the mask and the kept scores point to what belongs to the first batch and head (of keys: to the head that the
 * first head of queries shares) and to the piece's first query. The keys of a head are transposed once into the scratch
 * memory; where queries are few, they are read as they lie, with the same order of additions. Scores have 16 * n columns:
 * weights of keys that are not there are 0. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ATTENTION_TEMPLATE_H
#define MEDNN_ATTENTION_TEMPLATE_H

#include "lanes.h"
#include "matmul.h"

struct attention {
    int64_t batches, heads, queries;    /* of the piece */
    int64_t keys, columns, depth;       /* keys; rounded up to 16; elements of a key */
    int64_t first_head, group;          /* heads of queries that share a head of keys */
    int64_t q[3], k[3], v[3], y[3];     /* strides of batch, head, row */
    int64_t mask[4], masked_keys;       /* strides of batch, head, row, key; what is beyond is masked */
    int mask_is_bool;
    float softcap;
    int causal, frontier_of_count;      /* query i sees keys up to i + frontier (+ count) */
    int64_t frontier;
    int64_t block;                      /* queries at a time */
    int few;                            /* keys are not transposed: the product has a row per key */
    int kept;                           /* which scores go to the second output */
    int64_t kept_stride[3];
};

INLINE void attention_keep(const struct attention *s, int step, float *kept, const float *scores)
{
    if (kept && s->kept == step)
        memcpy(kept, scores, (size_t)s->keys * sizeof *kept);
}

/* Keys in columns. */
INLINE void attention_transpose(const struct attention *s, const float *restrict k, float *restrict turned)
{
    for (int64_t first = 0; first < s->columns; first += LANES)
        for (int64_t d = 0; d < s->depth; d++)
            for (int64_t i = first; i < first + LANES; i++)
                turned[d * s->columns + i] = i < s->keys ? k[i * s->k[2] + d] : 0;
}

INLINE void attention_softcap(const struct attention *s, float *scores)
{
    for (int64_t i = 0; i < s->columns; i += W) {
        vf value = *(const vu *)(scores + i);
        value = vector_tanh(value / s->softcap) * s->softcap;
        *(vu *)(scores + i) = value;
    }
}

INLINE void attention_mask(const struct attention *s, float *scores, const void *mask, int64_t offset, int64_t visible)
{
    const int64_t masked = s->masked_keys < visible ? s->masked_keys : visible;
    if (mask && s->mask_is_bool) {
        const unsigned char *seen = (const unsigned char *)mask + offset;
        for (int64_t i = 0; i < masked; i++)
            scores[i] = seen[i * s->mask[3]] ? scores[i] : -__builtin_inff();
    } else if (mask) {
        const float *added = (const float *)mask + offset;
        for (int64_t i = 0; i < masked; i++)
            scores[i] += added[i * s->mask[3]];
    }
    for (int64_t i = mask ? masked : visible; i < s->columns; i++)
        scores[i] = -__builtin_inff();
}

/* Where no key is seen, all weights are 0. */
INLINE void attention_softmax(const struct attention *s, float *scores)
{
    struct lanes greatest = lanes_of(-__builtin_inff()), sum = lanes_of(0);
    for (int64_t i = 0; i < s->columns; i += LANES)
        for (int p = 0; p < LANES / W; p++) {
            const vf value = *(const vu *)(scores + i + p * W);
            greatest.part[p] = function_max(greatest.part[p], value, value);
        }
    const float most = lanes_join(&greatest, function_max);
    const float shift = most == -__builtin_inff() ? 0 : most;
    for (int64_t i = 0; i < s->columns; i += LANES)
        for (int p = 0; p < LANES / W; p++) {
            const vf value = vector_exp_below_0(*(const vu *)(scores + i + p * W) - shift);
            sum.part[p] += value;
            *(vu *)(scores + i + p * W) = value;
        }
    const float total = lanes_join(&sum, function_add), factor = total == 0 ? 0 : 1 / total;
    for (int64_t i = 0; i < s->columns; i += W)
        *(vu *)(scores + i) = *(const vu *)(scores + i) * factor;
}

/* Keys that query i of the piece may see. */
INLINE int64_t attention_visible(const struct attention *s, int64_t i, int64_t count)
{
    int64_t visible = s->keys;
    if (s->causal) {
        const int64_t behind = i + s->frontier + (s->frontier_of_count ? count : 0) + 1;
        visible = behind < visible ? behind : visible;
    }
    visible = count < visible ? count : visible;
    return visible < 0 ? 0 : visible;
}

INLINE void attention_weights(const struct attention *s, float *scores, float *kept, const void *mask, int64_t offset,
                              int64_t visible)
{
    attention_keep(s, 0, kept, scores);
    if (s->softcap > 0)
        attention_softcap(s, scores);
    attention_keep(s, 1, kept, scores);
    attention_mask(s, scores, mask, offset, visible);
    attention_keep(s, 2, kept, scores);
    attention_softmax(s, scores);
    attention_keep(s, 3, kept, scores);
}

/* The two products of a layer; and what `few` says decides how the first reads its operands. */
struct attention_products {
    const struct matmul *scores, *values;
    const struct matmul_tiles *scores_tiles, *values_tiles;
};

INLINE void attention_scores(const struct attention *s, const struct attention_products *products, const float *q,
                             const float *k, const float *turned, float *scores)
{
    if (s->few)
        for (int64_t i = 0; i < s->block; i++)
            matmul(products->scores, products->scores_tiles, k, q + i * s->q[2], NULL, NULL, scores + i * s->columns);
    else
        matmul(products->scores, products->scores_tiles, q, turned, NULL, NULL, scores);
}

/* The last block may overlap the one before it: it computes the same values again. */
INLINE void attention_head(const struct attention *s, const struct attention_products *products, float *y, float *kept,
                           const float *q, const float *k, const float *v, const void *mask, int64_t offset,
                           int64_t count, const float *turned, float *scores)
{
    for (int64_t i = 0; i < s->queries; i += s->block) {
        const int64_t first = i + s->block <= s->queries ? i : s->queries - s->block;
        attention_scores(s, products, q + first * s->q[2], k, turned, scores);
        for (int64_t r = first; r < first + s->block; r++)
            attention_weights(s, scores + (r - first) * s->columns, kept ? kept + r * s->kept_stride[2] : NULL, mask,
                              offset + r * s->mask[2], attention_visible(s, r, count));
        matmul(products->values, products->values_tiles, scores, v, NULL, NULL, y + first * s->y[2]);
    }
}

/* kept, mask and counts (numbers of keys that count, per batch) may be NULL; scratch: (depth + block) * columns. */
INLINE void attention(const struct attention *s, const struct attention_products *products, float *y, float *kept,
                      const float *q, const float *k, const float *v, const void *mask, const int64_t *counts,
                      float *scratch)
{
    float *turned = scratch, *scores = s->few ? scratch : scratch + s->depth * s->columns;
    for (int64_t b = 0; b < s->batches; b++)
        for (int64_t h = 0, held = -1; h < s->heads; h++) {
            const int64_t shared = (s->first_head + h) / s->group - s->first_head / s->group;
            const float *keys = k + b * s->k[0] + shared * s->k[1];
            if (!s->few && shared != held)
                attention_transpose(s, keys, turned);
            held = shared;
            attention_head(s, products, y + b * s->y[0] + h * s->y[1],
                           kept ? kept + b * s->kept_stride[0] + h * s->kept_stride[1] : NULL,
                           q + b * s->q[0] + h * s->q[1], keys, v + b * s->v[0] + shared * s->v[1], mask,
                           b * s->mask[0] + h * s->mask[1], counts ? counts[b] : s->keys, turned, scores);
        }
}

#endif
