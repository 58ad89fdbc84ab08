/* col2im.h -- columns of blocks added up where they lie in an image; plain tensors of numbers.
 *
 * x points to the columns of the first channel, y to the first element of the piece. Every pixel adds the blocks that hold it
 * in the order of their positions in the kernel. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COL2IM_H
#define MEDNN_COL2IM_H

#include "scalars.h"
#include "walk.h"

struct col2im {
    int axes; /* spatial ones; the piece has two more */
    int64_t count[8], y[8], first[8];                         /* of the piece */
    int64_t x_batch, x_channel, x_position;                   /* strides of x; columns lie side by side */
    int64_t kernel[8], stride[8], dilation[8], pad[8], blocks[8];
    enum element_type type;
};

/* The column of the block that has pixel `at` at kernel position `k`; -1: there is none. */
INLINE int64_t col2im_column(const struct col2im *s, const int64_t *at, const int64_t *k)
{
    int64_t column = 0;
    for (int a = 0; a < s->axes; a++) {
        const int64_t from = s->first[2 + a] + at[2 + a] + s->pad[a] - k[a] * s->dilation[a];
        if (from < 0 || from % s->stride[a] || from / s->stride[a] >= s->blocks[a])
            return -1;
        column = column * s->blocks[a] + from / s->stride[a];
    }
    return column;
}

__attribute__((unused)) static void col2im(const struct col2im *s, void *y, const void *x)
{
    const int real = s->type <= ELEMENT_BFLOAT16;
    int64_t at[8] = {0};
    do {
        int64_t k[8] = {0}, from = at[0] * s->x_batch + at[1] * s->x_channel;
        const int64_t to = walk_at(s->axes + 2, s->y, at);
        double sum = 0;
        uint64_t whole = 0;
        do {
            const int64_t column = col2im_column(s, at, k);
            if (column >= 0 && real)
                sum += load_real(x, s->type, from + column);
            else if (column >= 0)
                whole += (uint64_t)load_integer(x, s->type, from + column);
            from += s->x_position;
        } while (walk_next(s->axes, s->kernel, k));
        if (real)
            store_real(y, s->type, to, sum);
        else
            store_integer(y, s->type, to, (int64_t)whole);
    } while (walk_next(s->axes + 2, s->count, at));
}

#endif
