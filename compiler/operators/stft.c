/* stft.c -- STFT: transforms of windows that move along a signal. */
/* SPDX-License-Identifier: MIT */
#include "signal.h"

#include "rows.h"

#include <inttypes.h>
#include <math.h>

static const double PI = 3.14159265358979323846;

static int64_t number_of(const struct node *node, int input, const char *what, int64_t otherwise)
{
    const struct tensor *tensor = constant_input(node, input, what);
    if (tensor && shape_size(tensor->shape) != 1)
        node_fail(node, "%s is no single number", what);
    const int64_t number = tensor ? tensor_int(tensor, 0) : otherwise;
    if (number < 1 || number > INT32_MAX)
        node_fail(node, "%s is %" PRId64, what, number);
    return number;
}

struct stft stft_of(const struct node *node)
{
    const struct shape x = node->input[0]->shape;
    const struct tensor *window = node_input(node, STFT_WINDOW);
    if (x.rank < 2 || x.rank > 3 || (x.rank == 3 && x.dim[2] != 1 && x.dim[2] != 2))
        node_fail(node, "the signal has rank %d, expected batches of real (1) or complex numbers (2)", x.rank);
    if (window && window->shape.rank != 1)
        node_fail(node, "window has rank %d, expected 1", window->shape.rank);
    const int64_t otherwise = window ? window->shape.dim[0] : x.dim[1];
    struct stft stft = {.step = number_of(node, 1, "frame_step", 0),
                        .length = number_of(node, 3, "frame_length", otherwise),
                        .complex = x.rank == 3 && x.dim[2] == 2,
                        .onesided = node_int(node, "onesided", 1) != 0};
    if (window && window->shape.dim[0] != stft.length)
        node_fail(node, "window has %" PRId64 " elements but frame_length is %" PRId64, window->shape.dim[0], stft.length);
    if (stft.length > x.dim[1])
        node_fail(node, "frame_length is %" PRId64 ", longer than the signal of %" PRId64, stft.length, x.dim[1]);
    if (stft.onesided && stft.complex)
        node_fail(node, "onesided is for a real signal");
    stft.frames = (x.dim[1] - stft.length) / stft.step + 1;
    return stft;
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    const struct stft stft = stft_of(node);
    input_same_type(node, STFT_WINDOW);
    output_set(node, 0, node->input[0]->type,
               shape_of(4, (const int64_t[]){node->input[0]->shape.dim[0], stft.frames,
                                             stft.onesided ? stft.length / 2 + 1 : stft.length, 2}));
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct stft stft = stft_of(node);
    const struct tensor *x = node->input[0], *window = node_input(node, STFT_WINDOW), *y = node->output[0];
    const int64_t size = shape_size(y->shape), parts = stft.complex ? 2 : 1;
    int64_t at[MAX_RANK] = {0};
    for (int64_t i = 0; i < size; i++, shape_next(y->shape, at)) {
        double sum = 0;
        for (int64_t k = 0; k < stft.length; k++) {
            const int64_t from = (at[0] * x->shape.dim[1] + at[1] * stft.step + k) * parts;
            const double turn = 2 * PI * (double)(k * at[2] % stft.length) / (double)stft.length;
            const double factor = window ? element_real(window->type, input[STFT_WINDOW], k) : 1;
            const double real = factor * element_real(x->type, input[0], from);
            const double imaginary = stft.complex ? factor * element_real(x->type, input[0], from + 1) : 0;
            sum += at[3] ? imaginary * cos(turn) - real * sin(turn) : real * cos(turn) + imaginary * sin(turn);
        }
        element_set_real(y->type, output[0], i, sum);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct region need = region_whole(node->input[input]->shape);
    if (input == 0) {
        const struct stft stft = stft_of(node);
        need.axis[0] = region.axis[0];
        need.axis[1] = (struct range){region.axis[1].begin * stft.step, (region.axis[1].end - 1) * stft.step + stft.length};
    }
    return need;
}

static int64_t macs(const struct node *node, struct region region)
{
    const struct stft stft = stft_of(node);
    return region_size(region) * stft.length * (stft.complex ? 2 : 1);
}

const struct op stft_rows[] = {
    {.type = "STFT",
     .domain = "",
     .since_version = 17,
     .min_inputs = 2,
     .max_inputs = 4,
     .max_outputs = 1,
     .types = TYPES_FLOAT,
     .attributes = "onesided ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .macs = macs},
    {.type = NULL},
};
