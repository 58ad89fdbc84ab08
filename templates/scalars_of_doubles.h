/* scalars_of_doubles.h -- functions of doubles.h for single elements, with the accuracy of double. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SCALARS_OF_DOUBLES_H
#define MEDNN_SCALARS_OF_DOUBLES_H

#include "doubles.h"
#include "scalars.h"

REAL(double_acos, double_acos(x))
REAL(double_acosh, double_acosh(x))
REAL(double_asin, double_asin(x))
REAL(double_asinh, double_asinh(x))
REAL(double_atan, double_atan(x))
REAL(double_atanh, double_atanh(x))
REAL(double_celu, x > 0 ? x : y *double_exp_minus_1(x / y))
REAL(double_cos, double_cos(x))
REAL(double_cosh, double_cosh(x))
REAL(double_elu, x < 0 ? y *double_exp_minus_1(x) : x)
REAL(double_erf, double_erf(x))
REAL(double_exp, double_exp(x))
REAL(double_gelu, double_gelu(x))
REAL(double_gelu_tanh, x *double_sigmoid(1.59576912160573081 * (x + 0.044715 * x * x * x)))
REAL(double_log, double_log(x))
REAL(double_mish, x *double_tanh(double_softplus(x)))
REAL(double_pow, double_pow(x, y))
REAL(double_selu, z *(x > 0 ? x : y * double_exp_minus_1(x)))
REAL(double_sigmoid, double_sigmoid(x))
REAL(double_sin, double_sin(x))
REAL(double_sinh, double_sinh(x))
REAL(double_softplus, double_softplus(x))
REAL(double_swish, x *double_sigmoid(x *y))
REAL(double_tan, double_tan(x))
REAL(double_tanh, double_tanh(x))

#endif
