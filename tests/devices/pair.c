/* pair.c -- a hand-written program of two devices, as mednnc would write it: y = 2 x, n = 1 + k.
 *
 * Device 0 sends the second half of x to device 1, which doubles it and sends it back. Compiled with
 * -DDEVICE=0 or 1; -DMODE=1 for the other floating-point mode, -DDIE=K to die in inference K. */
/* SPDX-License-Identifier: MIT */
#include "runtime/mednn_runtime.h"

#include <stdlib.h>
#include <string.h>

#ifndef MODE
#define MODE 0
#endif

enum { HALF = 6, ROUND_UP = 64 };

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {1, 2, 3};
static const struct mednn_tensor inputs[] = {{"x", 1, 3, {1, 2, HALF}, 2 * HALF * sizeof(float)},
                                             {"k", 7, 0, {0}, 8}};
static const struct mednn_tensor outputs[] = {{"y", 1, 3, {1, 2, HALF}, 2 * HALF * sizeof(float)},
                                              {"n", 7, 0, {0}, 8}};
static const struct mednn_message there[] = {{0, 1 - DEVICE, 0, HALF * sizeof(float)}};
static const struct mednn_message back[] = {{1, 1 - DEVICE, ROUND_UP, HALF * sizeof(float)}};

static void twice(const float *from, float *to)
{
    for (int i = 0; i < HALF; i++)
        to[i] = 2 * from[i];
}

static int run(struct mednn_session *session, unsigned char *arena, const void *const *input,
               void *const *output)
{
    float *near = (float *)(void *)arena, *far = (float *)(void *)(arena + ROUND_UP);
#ifdef DIE
    static int inference;
    if (++inference == DIE)
        abort();
#endif
    if (DEVICE == 0)
        memcpy(near, (const float *)input[0] + HALF, HALF * sizeof(float));
    if (mednn_exchange_begin(session, 0))
        return -1;
    if (DEVICE == 0) {
        twice(input[0], output[0]);
        *(int64_t *)output[1] = 1 + *(const int64_t *)input[1];
    }
    if (mednn_exchange_end(session, 0))
        return -1;
    if (DEVICE == 1)
        twice(near, far);
    if (mednn_exchange_begin(session, 1) || mednn_exchange_end(session, 1))
        return -1;
    if (DEVICE == 0)
        memcpy((float *)output[0] + HALF, far, HALF * sizeof(float));
    return 0;
}

const struct mednn_program pair_program = {
    .model = "pair",
    .device = DEVICE,
    .devices = 2,
    .float_mode = MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 2 * ROUND_UP,
    .inputs = inputs,
    .outputs = outputs,
    .input_count = 2,
    .output_count = 2,
    .sends = DEVICE ? back : there,
    .receives = DEVICE ? there : back,
    .send_count = 1,
    .receive_count = 1,
    .exchange_count = 2,
    .run = run,
};
