/* doubles.h -- functions of one double, or two.
 *
 * No libm, no contraction: the same bits from every compiler and instruction set. Accuracy: a few units in the last place of
 * double; of angles beyond 2^20 less. Of vectors of float: functions_of_doubles.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DOUBLES_H
#define MEDNN_DOUBLES_H

#include "double_bits.h"

/* ---- parts ---- */

INLINE double double_power_of_2(int32_t n)
{
    return double_of_bits((int64_t)(n + 1023) << 52);
}

/* The magnitude of x with the sign of `sign`; NaN stays. */
INLINE double double_sign_of(double x, double sign)
{
    return __builtin_copysign(x, sign);
}

struct double_pair {
    double high, low;
};

/* high + low = x y exactly, for factors below 2^990. */
INLINE struct double_pair double_product(double x, double y)
{
    const double split = 134217729, x_split = x * split, y_split = y * split;
    const double x_high = x_split - (x_split - x), x_low = x - x_high;
    const double y_high = y_split - (y_split - y), y_low = y - y_high, product = x * y;
    return (struct double_pair){product,
                                ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low};
}

/* ln 2 in two parts: the first times a small integer is exact. */
#define LN_2_HIGH 6.93147180369123816490e-01
#define LN_2_LOW 1.90821492927058770002e-10

/* exp(r) - 1 for |r| <= ln 2 / 2: its series. */
INLINE double double_exp_minus_1_near_0(double r)
{
    double q = 1.0 / 87178291200;
    q = q * r + 1.0 / 6227020800;
    q = q * r + 1.0 / 479001600;
    q = q * r + 1.0 / 39916800;
    q = q * r + 1.0 / 3628800;
    q = q * r + 1.0 / 362880;
    q = q * r + 1.0 / 40320;
    q = q * r + 1.0 / 5040;
    q = q * r + 1.0 / 720;
    q = q * r + 1.0 / 120;
    q = q * r + 1.0 / 24;
    q = q * r + 1.0 / 6;
    q = q * r + 0.5;
    return r + r * r * q;
}

INLINE double double_exp(double x)
{
    const double limited = x < -746 ? -746 : x > 710 ? 710 : x == x ? x : 0;
    const double whole = double_round(limited * 1.44269504088896341);
    const double r = (limited - whole * LN_2_HIGH) - whole * LN_2_LOW;
    const int32_t n = (int32_t)whole, half = n / 2;
    const double y = (1 + double_exp_minus_1_near_0(r)) * double_power_of_2(half) * double_power_of_2(n - half);
    return x == x ? y : x;
}

INLINE double double_exp_minus_1(double x)
{
    return x > -0.34 && x < 0.34 ? double_exp_minus_1_near_0(x) : double_exp(x) - 1;
}

/* x = 2^exponent m with sqrt(1/2) <= m < sqrt(2), for finite x > 0. */
INLINE double double_split(double x, double *exponent)
{
    const int tiny = x < 2.2250738585072014e-308;
    const int64_t offset = 0x3ff0000000000000 - 0x3fe6a09e667f3bcd;
    const int64_t bits = double_bits(tiny ? x * 18014398509481984.0 : x) + offset;
    *exponent = (double)(int32_t)((bits >> 52) - 1023 - (tiny ? 54 : 0));
    return double_of_bits((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd);
}

/* 2 (atanh(s) - s) / s with z = s^2, for the s of m above. */
INLINE double double_log_series(double z)
{
    double q = 2.0 / 23;
    q = q * z + 2.0 / 21;
    q = q * z + 2.0 / 19;
    q = q * z + 2.0 / 17;
    q = q * z + 2.0 / 15;
    q = q * z + 2.0 / 13;
    q = q * z + 2.0 / 11;
    q = q * z + 2.0 / 9;
    q = q * z + 2.0 / 7;
    q = q * z + 2.0 / 5;
    q = q * z + 2.0 / 3;
    return q * z;
}

INLINE double double_log(double x)
{
    const double infinity = __builtin_inf();
    double exponent;
    if (!(x > 0 && x < infinity))
        return x == 0 ? -infinity : x < 0 ? __builtin_nan("") : x;
    const double f = double_split(x, &exponent) - 1, s = f / (2 + f), half = 0.5 * f * f;
    const double rest = s * (half + double_log_series(s * s)) + exponent * LN_2_LOW;
    return exponent * LN_2_HIGH - ((half - rest) - f);
}

/* What 1 + x rounds away comes back by the derivative. */
INLINE double double_log_of_1_plus(double x)
{
    const double sum = 1 + x;
    return sum > 0 && sum < __builtin_inf() ? double_log(sum) + (x - (sum - 1)) / sum : double_log(sum);
}

/* ---- exponential relatives ---- */

INLINE double double_sigmoid(double x)
{
    const double e = double_exp(-__builtin_fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

INLINE double double_softplus(double x)
{
    return (x > 0 ? x : 0) + double_log_of_1_plus(double_exp(-__builtin_fabs(x)));
}

INLINE double double_tanh(double x)
{
    const double a = __builtin_fabs(x), e = double_exp_minus_1(a > 22 ? 44 : a + a);
    return x == x ? double_sign_of(e / (e + 2), x) : x;
}

INLINE double double_sinh(double x)
{
    const double a = __builtin_fabs(x), e = double_exp_minus_1(a > 22 ? 22 : a), half = double_exp(a * 0.5);
    return double_sign_of(a > 22 ? 0.5 * half * half : 0.5 * (e + e / (e + 1)), x);
}

INLINE double double_cosh(double x)
{
    const double a = __builtin_fabs(x), e = double_exp(a > 22 ? 22 : a), half = double_exp(a * 0.5);
    return a > 22 ? 0.5 * half * half : 0.5 * e + 0.5 / e;
}

INLINE double double_asinh(double x)
{
    const double a = __builtin_fabs(x), s = a * a;
    const double y = a < 1e8 ? double_log_of_1_plus(a + s / (1 + __builtin_sqrt(s + 1)))
                             : double_log(a) + 6.93147180559945286e-01;
    return double_sign_of(y, x);
}

INLINE double double_acosh(double x)
{
    const double t = x - 1;
    if (x < 1)
        return __builtin_nan("");
    return x < 1e8 ? double_log_of_1_plus(t + __builtin_sqrt(t + t + t * t)) : double_log(x) + 6.93147180559945286e-01;
}

INLINE double double_atanh(double x)
{
    const double a = __builtin_fabs(x);
    if (a > 1)
        return __builtin_nan("");
    return double_sign_of(a == 1 ? __builtin_inf() : 0.5 * double_log_of_1_plus((a + a) / (1 - a)), x);
}

/* ---- angles ---- */

/* *sine and *cosine of `angle` less the nearest multiple of pi / 2, whose number is returned modulo 4. */
INLINE int double_turn(double angle, double *sine, double *cosine)
{
    const double whole = double_round(angle * 0.636619772367581343);
    const double r = ((angle - whole * 1.57079632673412561417) - whole * 6.07710050630396597660e-11) -
                     whole * 2.02226624879595063154e-21;
    const double z = r * r;
    double s = 1.0 / 355687428096000, c = -1.0 / 6402373705728000;
    s = s * z - 1.0 / 1307674368000;
    s = s * z + 1.0 / 6227020800;
    s = s * z - 1.0 / 39916800;
    s = s * z + 1.0 / 362880;
    s = s * z - 1.0 / 5040;
    s = s * z + 1.0 / 120;
    s = s * z - 1.0 / 6;
    *sine = r + r * z * s;
    c = c * z + 1.0 / 20922789888000;
    c = c * z - 1.0 / 87178291200;
    c = c * z + 1.0 / 479001600;
    c = c * z - 1.0 / 3628800;
    c = c * z + 1.0 / 40320;
    c = c * z - 1.0 / 720;
    c = c * z + 1.0 / 24;
    *cosine = 1 + (z * z * c - 0.5 * z);
    return (int)((int64_t)whole & 3);
}

/* Beyond there is no accuracy at all. */
INLINE int double_is_angle(double x)
{
    return x > -1073741824.0 && x < 1073741824.0;
}

/* Of numbers that are no angles. */
INLINE double double_no_angle(double x)
{
    return __builtin_fabs(x) < __builtin_inf() ? 0 : __builtin_nan("");
}

/* sin(x + quarter pi / 2) */
INLINE double double_sine(double x, int quarter)
{
    double sine, cosine;
    if (!double_is_angle(x))
        return double_no_angle(x);
    const int turn = double_turn(x, &sine, &cosine) + quarter;
    const double y = turn & 1 ? cosine : sine;
    return turn & 2 ? -y : y;
}

INLINE double double_sin(double x)
{
    return double_sine(x, 0);
}

INLINE double double_cos(double x)
{
    return double_sine(x, 1);
}

INLINE double double_tan(double x)
{
    double sine, cosine;
    if (!double_is_angle(x))
        return double_no_angle(x);
    return double_turn(x, &sine, &cosine) & 1 ? -cosine / sine : sine / cosine;
}

/* From 1 on by 1 / x; then the nearest quarter c: atan(a) = atan(c) + atan((a - c) / (1 + a c)), and the series. */
INLINE double double_atan(double x)
{
    const double of_quarter[] = {0, 2.44978663126864143e-01, 4.63647609000806094e-01, 6.43501108793284371e-01,
                                 7.85398163397448279e-01};
    const double size = __builtin_fabs(x), a = size > 1 ? 1 / size : size;
    if (x != x)
        return x;
    const double quarters = double_round(a * 4), c = quarters * 0.25, t = (a - c) / (1 + a * c), z = t * t;
    double q = -1.0 / 19;
    q = q * z + 1.0 / 17;
    q = q * z - 1.0 / 15;
    q = q * z + 1.0 / 13;
    q = q * z - 1.0 / 11;
    q = q * z + 1.0 / 9;
    q = q * z - 1.0 / 7;
    q = q * z + 1.0 / 5;
    q = q * z - 1.0 / 3;
    const double y = of_quarter[(int)quarters] + (t + t * z * q);
    return double_sign_of(size > 1 ? 1.57079632679489656 - (y - 6.12323399573676604e-17) : y, x);
}

INLINE double double_asin(double x)
{
    if (__builtin_fabs(x) > 1)
        return __builtin_nan("");
    return double_atan(x / __builtin_sqrt((1 - x) * (1 + x)));
}

INLINE double double_acos(double x)
{
    if (__builtin_fabs(x) > 1)
        return __builtin_nan("");
    return 2 * double_atan(__builtin_sqrt((1 - x) / (1 + x)));
}

/* ---- erf ---- */

/* Below 1.5 a series whose terms are all positive, above a continued fraction of what is missing to 1. */
INLINE double double_erf(double x)
{
    const double a = __builtin_fabs(x), t = a < 6 ? a : 6, s = t * t, e = double_exp(-s);
    double y = x;
    if (a < 1.5) {
        double sum = 1;
        for (int n = 30; n > 0; n--)
            sum = 1 + sum * (2 * s / (2 * n + 1));
        y = 1.12837916709551256 * t * e * sum;
    } else if (a >= 1.5) {
        double fraction = t;
        for (int n = 80; n > 0; n--)
            fraction = t + 0.5 * n / fraction;
        y = 1 - 0.564189583547756279 * e / fraction;
    }
    return double_sign_of(y, x);
}

INLINE double double_gelu(double x)
{
    return 0.5 * x * (1 + double_erf(x * 0.707106781186547524));
}

/* ---- powers ---- */

/* log(x) for finite x > 0, with about ten bits more than double. */
INLINE struct double_pair double_long_log(double x)
{
    double exponent;
    const double m = double_split(x, &exponent), f = m - 1, sum = m + 1, sum_low = m - (sum - 1), s = f / sum;
    const struct double_pair back = double_product(s, sum);
    const double s_low = (((f - back.high) - back.low) - s * sum_low) / sum;
    const double first = exponent * LN_2_HIGH, second = s + s, high = first + second;
    const double part = high - first, lost = (first - (high - part)) + (second - part);
    const double rest = lost + (s_low + s_low + s * double_log_series(s * s) + exponent * LN_2_LOW), log = high + rest;
    return (struct double_pair){log, rest - (log - high)};
}

INLINE int double_is_whole(double x)
{
    const double size = __builtin_fabs(x);
    return size >= 4503599627370496.0 || (double)(int64_t)(size < 4503599627370496.0 ? x : 0) == x;
}

/* x^y for finite x > 0; small powers of whole numbers are exact. */
INLINE double double_power(double x, double y)
{
    const double exponent = __builtin_fabs(y);
    if (exponent <= 64 && double_is_whole(y) && double_is_whole(x)) {
        double power = 1;
        for (int n = 0; n < (int)exponent && power < 9007199254740992.0; n++)
            power *= x;
        if (power < 9007199254740992.0)
            return y < 0 ? 1 / power : power;
    }
    const struct double_pair log = double_long_log(x);
    if (!(__builtin_fabs(y * log.high) < 1100))
        return double_exp(y * log.high);
    const struct double_pair product = double_product(y, log.high);
    return double_exp(product.high) * (1 + (product.low + y * log.low));
}

INLINE double double_pow(double x, double y)
{
    const double size = __builtin_fabs(x), infinity = __builtin_inf(), most = __builtin_fabs(y);
    if (y == 0 || x == 1)
        return 1;
    if (x != x || y != y)
        return __builtin_nan("");
    if (x < 0 && size < infinity && !double_is_whole(y))
        return __builtin_nan("");
    double power = 1;
    if (size == 0 || size == infinity)
        power = (size == 0) == (y > 0) ? 0 : infinity;
    else if (most == infinity && size != 1)
        power = (size > 1) == (y > 0) ? infinity : 0;
    else if (size != 1)
        power = double_power(size, y);
    const int odd = double_is_whole(y) && most < 9007199254740992.0 && ((int64_t)most & 1);
    return odd && double_bits(x) < 0 ? -power : power;
}

#endif
