/* tf_idf.h -- the attributes of TfIdfVectorizer, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TF_IDF_H
#define MEDNN_TF_IDF_H

#include "../ir/graph.h"

struct gram {
    int64_t first, length; /* in the pool */
    int64_t output;        /* the element of the result that counts it */
    float weight;
};

struct tf_idf {
    int64_t shortest, longest, most_skipped; /* lengths of n-grams that count; elements left out between two of one */
    bool weighted, presence;                 /* counts times weights; weights of those that occur */
    int64_t outputs;
    const int64_t *pool;
    int64_t pool_size;
    int64_t grams;
};
struct tf_idf tf_idf_of(const struct node *node);
/* N-gram `id` in the order of the pool. */
struct gram gram_of(const struct node *node, const struct tf_idf *tf_idf, int64_t id);

#endif
