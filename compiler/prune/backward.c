/* backward.c -- gradients of nodes over many samples. */
/* SPDX-License-Identifier: MIT */
#include "backward_inner.h"

#include "parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* As many sums of parameters' gradients are made side by side. */
enum { CHUNKS = 8 };

struct chunks {
    int64_t samples;
    size_t size;
    float *sum;
    void (*task)(void *data, int64_t first, int64_t count, float *sum);
    void *data;
};

static void run_chunk(void *data, int64_t i, int worker)
{
    (void)worker;
    const struct chunks *chunks = data;
    int64_t first = chunks->samples * i / CHUNKS, end = chunks->samples * (i + 1) / CHUNKS;
    float *sum = chunks->sum + (size_t)i * chunks->size;
    memset(sum, 0, chunks->size * sizeof *sum);
    if (end > first)
        chunks->task(chunks->data, first, end - first, sum);
}

void backward_chunks(const struct backward *b, size_t size, float *total,
                     void (*task)(void *data, int64_t first, int64_t count, float *sum), void *data)
{
    struct chunks chunks = {b->samples, size, memory_new(size * CHUNKS, sizeof(float)), task, data};
    parallel_run(CHUNKS, run_chunk, &chunks);
    for (size_t i = 0; total && i < size; i++)
        for (size_t c = 0; c < CHUNKS; c++)
            total[i] += chunks.sum[c * size + i];
    free(chunks.sum);
}

static const struct backward_kind *const kinds[] = {&backward_conv,    &backward_product, &backward_elementwise,
                                                    &backward_pool,    &backward_moves,   &backward_same,
                                                    &backward_softmax, &backward_normalization};

static const struct backward_kind *kind_of(const struct node *node, int input)
{
    if (!node->op || !node->output_count || !node->output[0] || node->output[0]->type != TYPE_FLOAT ||
        !node->input[input] || node->input[input]->type != TYPE_FLOAT || !shape_size(node->output[0]->shape))
        return NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (kinds[k]->can(node, input))
            return kinds[k];
    return NULL;
}

bool backward_can(const struct node *node, int input)
{
    return kind_of(node, input) != NULL;
}

void backward_node(const struct backward *backward)
{
    const struct backward_kind *kind = NULL;
    for (int i = 0; i < backward->node->input_count && !kind; i++)
        if (backward->wanted[i])
            kind = kind_of(backward->node, i);
    if (!kind || !backward->given[0])
        return;
    kind->run(backward);
}
