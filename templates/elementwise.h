/* elementwise.h -- y = activation(f(a, b, c) + residual), element by element, with broadcasting.
 *
 * `f` is one of functions.h. Operands are pointers to what the first element of the piece reads, or NULL for a number.
 * y may be the memory of an operand of the same positions. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ELEMENTWISE_H
#define MEDNN_ELEMENTWISE_H

#include "activation.h"
#include "functions.h"
#include "view.h"

/* Which axes an operand moves along; without channels, one lane is read for all. */
enum { ALONG_N = 1, ALONG_C = 2, ALONG_ROWS = 4, ALONG_COLUMNS = 8, ALONG_ALL = 15 };

struct operand_blocked {
    struct view view;
    int along;
    int is_read; /* else it is a number */
    float value;
};

/* cut: the channels do not fill the last block of 16; what it holds beyond them is set to 0. */
struct elementwise_blocked {
    int64_t batch, rows, columns;
    int cut;
    struct view y;
    struct operand_blocked a, b, c;
    int adds_residual;
    struct view residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

/* Strides in elements, per axis of the piece; 0 where the operand does not move. */
struct operand_plain {
    int64_t stride[8];
    float value;
};

struct elementwise_plain {
    int rank;
    int64_t count[8], y[8];
    struct operand_plain a, b, c, residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

/* activate() may contract in micro-kernels; here nothing does. */
INLINE vf elementwise_activate(vf x, enum activation activation, float alpha, float beta)
{
    if (activation == ACTIVATION_HARD_SIGMOID)
        return function_hard_sigmoid(x, vector_of(alpha), vector_of(beta));
    if (activation == ACTIVATION_HARD_SWISH)
        return function_hard_swish(x, x, x);
    return activate(x, activation, alpha, beta);
}

/* ---- blocked ---- */

INLINE const float *operand_blocked_at(const float *x, const struct operand_blocked *operand, int64_t n,
                                       int64_t block, int64_t row)
{
    if (!operand->is_read)
        return x;
    return x + (operand->along & ALONG_N ? n * operand->view.batch : 0) +
           (operand->along & ALONG_C ? block * operand->view.block : 0) +
           (operand->along & ALONG_ROWS ? row * operand->view.row : 0);
}

INLINE vf operand_blocked_load(const float *x, const struct operand_blocked *operand, int64_t column)
{
    if (!operand->is_read)
        return vector_of(operand->value);
    x += operand->along & ALONG_COLUMNS ? column * operand->view.column : 0;
    return operand->along & ALONG_C ? *(const vf *)x : vector_of(*x);
}

/* Lanes below `count`. */
INLINE vi vector_lanes_below(int64_t count)
{
    vi lane;
    for (int i = 0; i < W; i++)
        lane[i] = i;
    return lane < (int32_t)count;
}

/* The channels begin on a block's border. */
INLINE void elementwise_blocked(const struct elementwise_blocked *s, element_function *f, int64_t channels, float *y,
                                const float *a, const float *b, const float *c, const float *residual)
{
    const int64_t blocks = (channels + 15) / 16 * (16 / W);
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t block = 0; block < blocks; block++) {
            const int64_t left = channels - block * W;
            const vi lanes = vector_lanes_below(left < 0 ? 0 : left > W ? W : left);
            for (int64_t row = 0; row < s->rows; row++) {
                const float *at_a = operand_blocked_at(a, &s->a, n, block, row);
                const float *at_b = operand_blocked_at(b, &s->b, n, block, row);
                const float *at_c = operand_blocked_at(c, &s->c, n, block, row);
                const float *at_residual =
                    s->adds_residual ? residual + n * s->residual.batch + block * s->residual.block +
                                           row * s->residual.row
                                     : NULL;
                float *to = y + n * s->y.batch + block * s->y.block + row * s->y.row;
                for (int64_t column = 0; column < s->columns; column++) {
                    vf x = f(operand_blocked_load(at_a, &s->a, column), operand_blocked_load(at_b, &s->b, column),
                             operand_blocked_load(at_c, &s->c, column));
                    if (s->adds_residual)
                        x += *(const vf *)(at_residual + column * s->residual.column);
                    x = elementwise_activate(x, s->activation, s->alpha, s->beta);
                    if (s->cut)
                        x = (vf)((vi)x & lanes);
                    *(vf *)(to + column * s->y.column) = x;
                }
                if (s->finish)
                    s->finish(to, 1, 0, s->columns * W, s->alpha);
            }
        }
}

/* The loop of all layers of a shape, for any number of channels: many layers differ in nothing else. */
#define ELEMENTWISE_LOOP(name, shape, function)                                                            \
    static __attribute__((noinline)) void name(int64_t channels, float *y, const float *a, const float *b, \
                                               const float *c, const float *residual)                      \
    {                                                                                                      \
        elementwise_blocked(&shape, function, channels, y, a, b, c, residual);                             \
    }

/* ---- plain ---- */

/* Elements at, at + 1, ... of a run of W or fewer; lanes beyond `count` are 0 or repeat. */
INLINE vf operand_plain_load(const float *x, const struct operand_plain *operand, int axis, int64_t at, int count)
{
    const int64_t stride = operand->stride[axis];
    vf value = {0};
    if (!x)
        return vector_of(operand->value);
    if (stride == 0)
        return vector_of(*x);
    if (stride == 1 && count == W)
        memcpy(&value, x + at, sizeof value);
    else if (stride == 1)
        memcpy(&value, x + at, (size_t)count * sizeof(float));
    else
        for (int lane = 0; lane < count; lane++)
            value[lane] = x[(at + lane) * stride];
    return value;
}

INLINE void elementwise_plain_step(const struct elementwise_plain *s, element_function *f, float *y, const float *a,
                                   const float *b, const float *c, const float *residual, int64_t at, int count)
{
    const int axis = s->rank - 1;
    vf x = f(operand_plain_load(a, &s->a, axis, at, count), operand_plain_load(b, &s->b, axis, at, count),
             operand_plain_load(c, &s->c, axis, at, count));
    if (residual)
        x += operand_plain_load(residual, &s->residual, axis, at, count);
    x = elementwise_activate(x, s->activation, s->alpha, s->beta);
    if (s->y[axis] == 1 && count == W)
        memcpy(y + at, &x, sizeof x);
    else if (s->y[axis] == 1)
        memcpy(y + at, &x, (size_t)count * sizeof(float));
    else
        for (int lane = 0; lane < count; lane++)
            y[(at + lane) * s->y[axis]] = x[lane];
}

/* The smooth activation of a run of the last axis. */
INLINE void elementwise_plain_finish(const struct elementwise_plain *s, float *y, int64_t run)
{
    const int64_t stride = s->y[s->rank - 1];
    if (stride == 1)
        s->finish(y, 1, 0, run, s->alpha);
    else
        s->finish(y, run, stride, 1, s->alpha);
}

/* rank >= 1; the last axis is the inner loop. */
INLINE void elementwise_plain(const struct elementwise_plain *s, element_function *f, float *y, const float *a,
                              const float *b, const float *c, const float *residual)
{
    const int64_t run = s->count[s->rank - 1];
    int64_t index[8] = {0};
    for (;;) {
        int64_t at = 0;
        for (; at + W <= run; at += W)
            elementwise_plain_step(s, f, y, a, b, c, residual, at, W);
        if (at < run)
            elementwise_plain_step(s, f, y, a, b, c, residual, at, (int)(run - at));
        if (s->finish)
            elementwise_plain_finish(s, y, run);
        int axis = s->rank - 2;
        for (; axis >= 0; axis--) {
            const int64_t back = ++index[axis] < s->count[axis] ? 0 : s->count[axis], step = 1 - back;
            y += step * s->y[axis];
            a += step * s->a.stride[axis];
            b = b ? b + step * s->b.stride[axis] : b;
            c = c ? c + step * s->c.stride[axis] : c;
            residual = residual ? residual + step * s->residual.stride[axis] : residual;
            if (!back)
                break;
            index[axis] = 0;
        }
        if (axis < 0)
            return;
    }
}

#endif
