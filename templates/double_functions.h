/* double_functions.h -- smooth.h and functions.h for vectors of doubles, as far as templates that are written once more in double use it. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DOUBLE_FUNCTIONS_H
#define MEDNN_DOUBLE_FUNCTIONS_H

#include "double_vectors.h"
#include "doubles.h"

typedef vd double_element_function(vd x, vd y, vd z);

/* Lane by lane. */
#define DOUBLE_VECTOR(name, result)                                                                          \
    INLINE vd double_vector_##name(vd v)                                                                     \
    {                                                                                                        \
        for (int lane = 0; lane < WD; lane++) {                                                              \
            const double x = v[lane];                                                                        \
            v[lane] = result;                                                                                \
        }                                                                                                    \
        return v;                                                                                            \
    }
DOUBLE_VECTOR(abs, __builtin_fabs(x))
DOUBLE_VECTOR(exp_below_0, double_exp(x))
DOUBLE_VECTOR(log, double_log(x))
DOUBLE_VECTOR(sigmoid, double_sigmoid(x))
DOUBLE_VECTOR(tanh, double_tanh(x))

#define DOUBLE_FUNCTION(name, result)                                                                        \
    INLINE vd double_function_##name(vd a, vd b, vd c)                                                       \
    {                                                                                                        \
        for (int lane = 0; lane < WD; lane++) {                                                              \
            const double x = a[lane], y = b[lane], z = c[lane];                                              \
            (void)x, (void)y, (void)z;                                                                       \
            a[lane] = result;                                                                                \
        }                                                                                                    \
        return a;                                                                                            \
    }
DOUBLE_FUNCTION(add, x + y)
DOUBLE_FUNCTION(max, y > x || y != y ? y : x)
DOUBLE_FUNCTION(relu, x <= 0 ? 0 : x)
DOUBLE_FUNCTION(leaky_relu, x < 0 ? x * y : x)
DOUBLE_FUNCTION(thresholded_relu, x > y ? x : 0)
DOUBLE_FUNCTION(elu, x < 0 ? y * double_exp_minus_1(x) : x)
DOUBLE_FUNCTION(softsign, x / (1 + __builtin_fabs(x)))
DOUBLE_FUNCTION(softplus, double_softplus(x))

INLINE vd double_function_hard_sigmoid(vd x, vd y, vd z)
{
    const vd value = x * y + z;
    for (int lane = 0; lane < WD; lane++)
        x[lane] = value[lane] < 0 ? 0 : value[lane] > 1 ? 1 : value[lane];
    return x;
}

#endif
