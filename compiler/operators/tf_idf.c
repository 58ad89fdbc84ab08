/* tf_idf.c -- TfIdfVectorizer: how often the n-grams of a pool occur in rows of integers. */
/* SPDX-License-Identifier: MIT */
#include "tf_idf.h"

#include "rows.h"

#include <inttypes.h>
#include <string.h>

static int64_t required(const struct node *node, const char *name, int64_t least)
{
    const int64_t value = node_int(node, name, least - 1);
    if (value < least || value > INT32_MAX)
        node_fail(node, "%s is %" PRId64 ", expected at least %" PRId64, name, value, least);
    return value;
}

static const struct attribute *required_list(const struct node *node, const char *name)
{
    const struct attribute *list = node_attribute(node, name);
    node_ints(node, name, 0, 0); /* checks the kind */
    if (!list || !list->count)
        node_fail(node, "%s is missing", name);
    return list;
}

/* Elements of the pool where n-grams of `length` begin. */
static int64_t pool_begin(const struct attribute *counts, int64_t pool_size, int64_t length)
{
    return length - 1 < counts->count ? counts->ints[length - 1] : pool_size;
}

struct tf_idf tf_idf_of(const struct node *node)
{
    const char *mode = node_string(node, "mode", "");
    const struct attribute *counts = required_list(node, "ngram_counts"), *indexes = required_list(node, "ngram_indexes");
    const struct attribute *weights = node_attribute(node, "weights");
    if (node_attribute(node, "pool_strings"))
        node_fail(node, "pool_strings is not supported; mednnc holds numbers only");
    const struct attribute *pool = required_list(node, "pool_int64s");
    struct tf_idf t = {.shortest = required(node, "min_gram_length", 1),
                       .longest = required(node, "max_gram_length", 1),
                       .most_skipped = required(node, "max_skip_count", 0),
                       .weighted = !strcmp(mode, "TFIDF"),
                       .presence = !strcmp(mode, "IDF"),
                       .pool = pool->ints,
                       .pool_size = pool->count};
    if (!t.weighted && !t.presence && strcmp(mode, "TF"))
        node_fail(node, "mode is '%.40s', expected TF, IDF or TFIDF", mode);
    if (t.shortest > t.longest || t.longest > counts->count)
        node_fail(node, "n-grams of length %" PRId64 " to %" PRId64 " but ngram_counts has %" PRId64 " entries", t.shortest,
                  t.longest, counts->count);
    for (int64_t length = 1; length <= counts->count; length++) {
        const int64_t begin = pool_begin(counts, t.pool_size, length), end = pool_begin(counts, t.pool_size, length + 1);
        if (begin < 0 || begin > end || end > t.pool_size || (end - begin) % length)
            node_fail(node, "ngram_counts does not divide the pool of %" PRId64 " into n-grams", t.pool_size);
        t.grams += (end - begin) / length;
    }
    if (counts->ints[0] != 0 || indexes->count != t.grams)
        node_fail(node, "ngram_indexes has %" PRId64 " entries for %" PRId64 " n-grams", indexes->count, t.grams);
    if (weights && (weights->kind != ATTRIBUTE_FLOATS || weights->count != t.grams))
        node_fail(node, "weights has %" PRId64 " entries, expected %" PRId64 " floats", weights->count, t.grams);
    for (int64_t i = 0; i < t.grams; i++) {
        if (indexes->ints[i] < 0 || indexes->ints[i] > INT32_MAX)
            node_fail(node, "ngram_indexes holds %" PRId64, indexes->ints[i]);
        t.outputs = t.outputs > indexes->ints[i] ? t.outputs : indexes->ints[i] + 1;
    }
    return t;
}

struct gram gram_of(const struct node *node, const struct tf_idf *t, int64_t id)
{
    const struct attribute *counts = node_attribute(node, "ngram_counts"), *weights = node_attribute(node, "weights");
    int64_t rest = id, length = 1;
    for (;; length++) {
        const int64_t held =
            (pool_begin(counts, t->pool_size, length + 1) - pool_begin(counts, t->pool_size, length)) / length;
        if (rest < held)
            break;
        rest -= held;
    }
    return (struct gram){pool_begin(counts, t->pool_size, length) + rest * length, length,
                         node_attribute(node, "ngram_indexes")->ints[id], weights ? weights->floats[id] : 1};
}

static void infer(struct graph *graph, struct node *node)
{
    const struct shape x = node->input[0]->shape;
    struct shape y = x;
    if (x.rank < 1 || x.rank > 2)
        node_fail(node, "X is %s, expected one or two axes", shape_string(graph->arena, x));
    y.dim[y.rank - 1] = tf_idf_of(node).outputs;
    output_set(node, 0, TYPE_FLOAT, y);
}

/* How often it occurs in a row. */
static int64_t occurrences(const struct tf_idf *t, const struct gram *gram, enum type type, const void *data, int64_t row,
                           int64_t length)
{
    int64_t found = 0;
    for (int64_t step = 1; step <= (gram->length > 1 ? t->most_skipped : 0) + 1; step++)
        for (int64_t i = 0; i + (gram->length - 1) * step < length; i++) {
            bool same = true;
            for (int64_t k = 0; same && k < gram->length; k++)
                same = element_integer(type, data, row * length + i + k * step) == t->pool[gram->first + k];
            found += same;
        }
    return found;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct tensor *x = node->input[0];
    const struct tf_idf t = tf_idf_of(node);
    const int64_t length = x->shape.dim[x->shape.rank - 1], rows = x->shape.rank > 1 ? x->shape.dim[0] : 1;
    float *y = output[0];
    memset(y, 0, (size_t)(rows * t.outputs) * sizeof *y);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t id = 0; id < t.grams; id++) {
            const struct gram gram = gram_of(node, &t, id);
            if (gram.length < t.shortest || gram.length > t.longest)
                continue;
            const int64_t found = occurrences(&t, &gram, x->type, input[0], row, length);
            const float count = t.presence ? (float)(found > 0) : (float)found;
            y[row * t.outputs + gram.output] += t.weighted || t.presence ? count * gram.weight : count;
        }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const struct shape x = node->input[input]->shape;
    region.axis[x.rank - 1] = (struct range){0, x.dim[x.rank - 1]};
    return region;
}

const struct op tf_idf_rows[] = {
    {.type = "TfIdfVectorizer",
     .domain = "",
     .since_version = 9,
     .min_inputs = 1,
     .max_inputs = 1,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_INT32) | TYPE_BIT(TYPE_INT64),
     .attributes = "max_gram_length max_skip_count min_gram_length mode ngram_counts ngram_indexes pool_int64s "
                   "pool_strings weights ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
