/* functions_of_doubles.h -- functions of vectors of floats that are computed in double, lane by lane: rounded once. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FUNCTIONS_OF_DOUBLES_H
#define MEDNN_FUNCTIONS_OF_DOUBLES_H

#include "doubles.h"
#include "functions.h"

#define FUNCTION_OF_DOUBLE(name)                                                                             \
    FUNCTION(function_##name)                                                                                \
    {                                                                                                        \
        vf result;                                                                                           \
        for (int lane = 0; lane < W; lane++)                                                                 \
            result[lane] = (float)double_##name((double)x[lane]);                                            \
        return result;                                                                                       \
    }

FUNCTION_OF_DOUBLE(acos)
FUNCTION_OF_DOUBLE(acosh)
FUNCTION_OF_DOUBLE(asin)
FUNCTION_OF_DOUBLE(asinh)
FUNCTION_OF_DOUBLE(atan)
FUNCTION_OF_DOUBLE(atanh)
FUNCTION_OF_DOUBLE(cosh)
FUNCTION_OF_DOUBLE(sinh)
FUNCTION_OF_DOUBLE(tan)

#endif
