/* scalars_of_vectors.h -- functions of functions.h for single elements, with the accuracy of float: for half precision. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SCALARS_OF_VECTORS_H
#define MEDNN_SCALARS_OF_VECTORS_H

#include "functions_of_doubles.h"
#include "scalars.h"

#define REAL_OF_VECTOR(name)                                                                                 \
    INLINE double real_vector_##name(double x, double y, double z)                                           \
    {                                                                                                        \
        return (double)function_##name(vector_of((float)x), vector_of((float)y), vector_of((float)z))[0];    \
    }

REAL_OF_VECTOR(acos)
REAL_OF_VECTOR(acosh)
REAL_OF_VECTOR(asin)
REAL_OF_VECTOR(asinh)
REAL_OF_VECTOR(atan)
REAL_OF_VECTOR(atanh)
REAL_OF_VECTOR(celu)
REAL_OF_VECTOR(cos)
REAL_OF_VECTOR(cosh)
REAL_OF_VECTOR(elu)
REAL_OF_VECTOR(erf)
REAL_OF_VECTOR(exp)
REAL_OF_VECTOR(gelu)
REAL_OF_VECTOR(gelu_tanh)
REAL_OF_VECTOR(log)
REAL_OF_VECTOR(mish)
REAL_OF_VECTOR(pow)
REAL_OF_VECTOR(selu)
REAL_OF_VECTOR(sigmoid)
REAL_OF_VECTOR(sin)
REAL_OF_VECTOR(sinh)
REAL_OF_VECTOR(softplus)
REAL_OF_VECTOR(swish)
REAL_OF_VECTOR(tan)
REAL_OF_VECTOR(tanh)

#endif
