/* recurrent.h -- the attributes and sizes of RNN, GRU and LSTM, read once and checked; for operators/recurrent.c and the
 * kernel that computes them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RECURRENT_H
#define MEDNN_RECURRENT_H

#include "../ir/graph.h"

enum cell { CELL_RNN, CELL_GRU, CELL_LSTM };

/* Input numbers; GRU and RNN have those up to INITIAL_H. */
enum {
    RECURRENT_X,
    RECURRENT_W,
    RECURRENT_R,
    RECURRENT_B,
    RECURRENT_LENGTHS,
    RECURRENT_INITIAL_H,
    RECURRENT_INITIAL_C,
    RECURRENT_P
};

enum gate_function {
    GATE_SIGMOID,
    GATE_TANH,
    GATE_RELU,
    GATE_AFFINE,           /* alpha x + beta */
    GATE_LEAKY_RELU,       /* x < 0 ? alpha x : x */
    GATE_THRESHOLDED_RELU, /* x > alpha ? x : 0 */
    GATE_SCALED_TANH,      /* alpha tanh(beta x) */
    GATE_HARD_SIGMOID,     /* min(max(alpha x + beta, 0), 1) */
    GATE_ELU,              /* x < 0 ? alpha (exp(x) - 1) : x */
    GATE_SOFTSIGN,
    GATE_SOFTPLUS
};

struct gate {
    enum gate_function function;
    float alpha, beta;
};

enum { MAX_GATES = 4 };

struct recurrent {
    enum cell cell;
    int gates; /* rows of W are `gates` times `hidden` */
    int64_t steps, batch, inputs, hidden, directions;
    bool first_reversed;     /* the only direction runs backwards */
    bool batch_first;        /* layout 1 */
    bool input_forget, linear_before_reset;
    float clip;              /* infinite: none */
    struct gate gate[2][3];  /* per direction: f, g, h */
};
struct recurrent recurrent_of(const struct node *node);

#endif
