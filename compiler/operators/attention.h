/* attention.h -- the inputs and attributes of Attention and RotaryEmbedding, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ATTENTION_H
#define MEDNN_ATTENTION_H

#include "../ir/graph.h"

/* A tensor [batch][head][row][width], or [batch][row][head * width] where its rank is 3. */
struct heads {
    int rank;
    int64_t batches, heads, rows, width;
};

/* `heads` as an attribute says, for tensors of rank 3; `what` names the tensor, `name` the attribute. */
struct heads heads_of(const struct node *node, const struct tensor *tensor, const char *what, const char *name);
/* A box of such a tensor as one of rank 4 in the order above, whole heads where the tensor has rank 3; and back. */
struct region heads_split(const struct heads *heads, struct region region);
struct region heads_join(const struct heads *heads, struct region box);
/* Strides of batch, head and row from those of the tensor's axes. */
void heads_strides(const struct heads *heads, const int64_t stride[], int64_t result[3]);

enum { ATTENTION_MASK = 3, ATTENTION_PAST_KEY, ATTENTION_PAST_VALUE, ATTENTION_COUNTS };

struct attention {
    struct heads q, k, v, y;
    int64_t keys;  /* past ones and new ones */
    int64_t past;  /* how many came before: input 1 follows them, or holds them where attribute past_length says so */
    int64_t group; /* heads of queries that share a head of keys */
    double scale, softcap;
    bool causal;   /* query i sees no key behind i + past; without past, but with counts, behind i + count - queries */
    bool frontier_of_count;
    int kept;      /* what output 3 holds: 0 the scaled products, 1 after softcap, 2 after the mask, 3 the weights */
};
struct attention attention_of(const struct node *node);

struct rotary {
    struct heads x;
    int64_t turned; /* elements of a head that turn */
    bool interleaved;
};
struct rotary rotary_of(const struct node *node);

#endif
