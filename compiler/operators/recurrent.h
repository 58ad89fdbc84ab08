/* recurrent.h -- the attributes and sizes of RNN, GRU and LSTM, read once and checked, and mednn.RecurrentSteps, which they
 * become (passes/expand_recurrent.c). */
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

/* The function's value, without clipping. */
double gate_evaluate(struct gate gate, double x);

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

/* mednn.RecurrentSteps: time steps of one direction, after a product has made W x of all steps. Units come in blocks of 16,
 * the last one filled up with zeros:
 *     X [steps][batch][blocks, gate, 16] (or batch first), R [blocks][hidden][gate][16], B [blocks][biases of W, of R][gate][16],
 *     lengths [batch], the states H and C [1][batch][hidden] (or [batch][1][hidden]), P [blocks][3][16], and of the rest of a GRU what
 *     the reset gate made of H.
 * Outputs: the hidden states of `count` steps [count][batch][hidden] (or batch first), and H and C after them. One step can
 * be divided by units; every device then needs the whole H. */
enum { STEPS_X, STEPS_R, STEPS_B, STEPS_LENGTHS, STEPS_H, STEPS_C, STEPS_P, STEPS_RESET, STEPS_INPUTS };
enum { UNITS = 16 };

/* A GRU with weights on (reset gate . h) whose units are shared takes two nodes a step: that product, and what is left. */
enum recurrent_part { RECURRENT_WHOLE, RECURRENT_RESET, RECURRENT_REST };

struct recurrent_steps {
    enum cell cell;
    enum recurrent_part part;
    int gates;
    int64_t first, count; /* the steps of this node, of `steps`; in reverse the first one is the last of X */
    int64_t steps, batch, hidden, blocks;
    bool reversed, batch_first, input_forget, linear_before_reset;
    float clip;
    struct gate gate[3];
};
struct recurrent_steps recurrent_steps_of(const struct node *node);
/* Write the attributes of a node of them: all but the sizes that inputs have, and `hidden`. */
void recurrent_steps_set(struct graph *graph, struct node *node, const struct recurrent_steps *steps);

#endif
