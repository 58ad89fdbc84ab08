/* finish.h -- smooth activations of what a kernel has just stored, while that lies in the nearest cache.
 *
 * Within a register tile their parts would crowd out its accumulators, and a call for each vector would fetch all of a function's
 * numbers anew. The bits are those of the function of the same name in functions.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FINISH_H
#define MEDNN_FINISH_H

#include "activation.h"
#include "functions.h"
#include "view.h"

/* Of the last vector of a line, lanes beyond its end are neither read nor written. */
#define FINISH(name, options, value)                                                                       \
    static __attribute__((noinline, unused options)) void finish_##name(                                   \
        float *y, int64_t lines, int64_t line, int64_t count, float alpha)                                 \
    {                                                                                                      \
        (void)alpha;                                                                                       \
        for (; lines > 0; lines--, y += line) {                                                            \
            int64_t i = 0;                                                                                 \
            for (; i + W <= count; i += W) {                                                               \
                const vf x = *(const vu *)(y + i);                                                         \
                *(vu *)(y + i) = value;                                                                    \
            }                                                                                              \
            if (i < count) {                                                                               \
                vf x = {0};                                                                                \
                memcpy(&x, y + i, (size_t)(count - i) * sizeof(float));                                    \
                x = value;                                                                                 \
                memcpy(y + i, &x, (size_t)(count - i) * sizeof(float));                                    \
            }                                                                                              \
        }                                                                                                  \
    }

FINISH(sigmoid, SMOOTH_OPTIONS, vector_sigmoid_part(x))
FINISH(tanh, SMOOTH_OPTIONS, vector_tanh_part(x))
FINISH(silu, SMOOTH_OPTIONS, vector_gate(x, x))
FINISH(swish, SMOOTH_OPTIONS, vector_gate(x, x * vector_of(alpha)))
FINISH(gelu, SMOOTH_OPTIONS, vector_gelu_part(x))
FINISH(gelu_tanh, SMOOTH_OPTIONS, vector_gelu_tanh_part(x))
FINISH(mish, , function_mish(x, x, x)) /* nothing but its parts may fuse */

#endif
