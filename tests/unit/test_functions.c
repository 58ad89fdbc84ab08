/* test_functions.c -- templates/functions.h against long double libm, over all magnitudes of float. */
/* SPDX-License-Identifier: MIT */
#include "templates.h"

#include "../../templates/finish.h"
#include "../../templates/functions_of_doubles.h"
#include "../../templates/scalars_of_doubles.h"

/* Every STEP-th bit pattern of a float, from NaN to NaN. */
enum { STEP = 10007 };

INLINE float apply(element_function *f, float x, float y, float z)
{
    return f(vector_of(x), vector_of(y), vector_of(z))[W - 1];
}

/* Distance in units of the last place of the float nearest to `expected`. */
static double ulps(float got, long double expected)
{
    const float nearest = (float)expected;
    if (isnan(nearest) || isnan(got))
        return isnan(nearest) && isnan(got) ? 0 : INFINITY;
    if (isinf(nearest) || isinf(got)) {
        /* Within rounding of the largest float, either is right. */
        const long double limit = 0x1.fffffep127L;
        return got == nearest || (fabsl(expected) < 1.0001L * limit && fabsl(expected) > 0.9999L * limit) ? 0
                                                                                                         : INFINITY;
    }
    int exponent;
    frexp((double)nearest, &exponent);
    const double ulp = ldexp(1, exponent - 24 < -149 || nearest == 0 ? -149 : exponent - 24);
    return (double)(fabsl((long double)got - expected)) / ulp;
}

static long double ref_sigmoid(long double x)
{
    return 1 / (1 + expl(-x));
}

static long double ref_softplus(long double x)
{
    return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static long double ref_mish(long double x)
{
    return x < -11000 ? -0.0L : x * tanhl(ref_softplus(x));
}

static long double ref_elu(long double x)
{
    return x < 0 ? expm1l(x) : x;
}

static long double ref_identity(long double x)
{
    return x;
}

static long double ref_reciprocal(long double x)
{
    return 1 / x;
}

static long double ref_softsign(long double x)
{
    return x / (1 + fabsl(x));
}

static long double ref_sign(long double x)
{
    return (x > 0) - (x < 0);
}

static long double ref_relu(long double x)
{
    return x <= 0 ? 0 : x;
}

static long double ref_gelu_tanh(long double x)
{
    const long double u = 0.79788456080286535588L * (x + 0.044715L * x * x * x);
    return x < -20 ? 0 : x * ref_sigmoid(2 * u);
}

static long double ref_silu(long double x)
{
    return x * ref_sigmoid(x);
}

static const struct unary {
    const char *name;
    element_function *f;
    long double (*expect)(long double);
    double limit;    /* in units in the last place */
    float low, high; /* of the arguments that are tried */
} unaries[] = {
    {"abs", function_abs, fabsl, 0, -INFINITY, INFINITY},
    {"acos", function_acos, acosl, 0.6, -1, 1},
    {"acosh", function_acosh, acoshl, 0.6, 1, INFINITY},
    {"asin", function_asin, asinl, 0.6, -1, 1},
    {"asinh", function_asinh, asinhl, 0.6, -INFINITY, INFINITY},
    {"atan", function_atan, atanl, 0.6, -INFINITY, INFINITY},
    {"atanh", function_atanh, atanhl, 0.6, -1, 1},
    {"ceil", function_ceil, ceill, 0, -INFINITY, INFINITY},
    {"cos", function_cos, cosl, 0.6, -1e6f, 1e6f},
    {"cosh", function_cosh, coshl, 0.6, -INFINITY, INFINITY},
    {"elu", function_elu, ref_elu, 2, -INFINITY, INFINITY},
    {"erf", function_erf, erfl, 2, -INFINITY, INFINITY},
    {"exp", function_exp, expl, 2, -INFINITY, INFINITY},
    {"floor", function_floor, floorl, 0, -INFINITY, INFINITY},
    {"gelu_tanh", function_gelu_tanh, ref_gelu_tanh, 25, -4, INFINITY},
    {"identity", function_identity, ref_identity, 0, -INFINITY, INFINITY},
    {"log", function_log, logl, 2, -INFINITY, INFINITY},
    {"mish", function_mish, ref_mish, 5, -80, INFINITY},
    {"reciprocal", function_reciprocal, ref_reciprocal, 0.5, -INFINITY, INFINITY},
    {"relu", function_relu, ref_relu, 0, -INFINITY, INFINITY},
    {"round", function_round, nearbyintl, 0, -INFINITY, INFINITY},
    {"sigmoid", function_sigmoid, ref_sigmoid, 2.5, -INFINITY, INFINITY},
    {"sign", function_sign, ref_sign, 0, -1e38f, 1e38f},
    {"sin", function_sin, sinl, 0.6, -1e6f, 1e6f},
    {"sinh", function_sinh, sinhl, 0.6, -INFINITY, INFINITY},
    {"softplus", function_softplus, ref_softplus, 2.5, -INFINITY, INFINITY},
    {"softsign", function_softsign, ref_softsign, 1.5, -1e38f, 1e38f},
    {"sqrt", function_sqrt, sqrtl, 0.5, -INFINITY, INFINITY},
    {"tan", function_tan, tanl, 0.6, -1e5f, 1e5f},
    {"tanh", function_tanh, tanhl, 2, -INFINITY, INFINITY},
    {"silu", function_silu, ref_silu, 3, -87, INFINITY},
};

static void test_unary(const struct unary *u)
{
    double worst = 0;
    float at = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += STEP) {
        const float x = float_of_bits((uint32_t)bits);
        if (x < u->low || x > u->high)
            continue;
        const float got = apply(u->f, x, 1, 1);
        const double error = ulps(got, u->expect((long double)x));
        hash_floats(isnan(got) ? &(float){1} : &got, 1);
        if (error > worst) {
            worst = error;
            at = x;
        }
    }
    printf("%-12s %.3f ulp at %.9g\n", u->name, worst, (double)at);
    CHECK(worst <= u->limit + 1e-6, "%s: %g ulp at %.9g (%a): %.9g", u->name, worst, (double)at, (double)at,
          (double)apply(u->f, at, 1, 1));
}

static void check_same(const char *name, float got, float expected)
{
    const int same = isnan(expected) ? isnan(got) : float_bits(got) == float_bits(expected);
    CHECK(same, "%s: %.9g, expected %.9g", name, (double)got, (double)expected);
}

static void test_specials(void)
{
    check_same("exp(-inf)", apply(function_exp, -INFINITY, 0, 0), 0);
    check_same("exp(inf)", apply(function_exp, INFINITY, 0, 0), INFINITY);
    check_same("exp(0)", apply(function_exp, 0, 0, 0), 1);
    check_same("exp(nan)", apply(function_exp, NAN, 0, 0), NAN);
    check_same("log(0)", apply(function_log, 0, 0, 0), -INFINITY);
    check_same("log(-0)", apply(function_log, -0.0f, 0, 0), -INFINITY);
    check_same("log(1)", apply(function_log, 1, 0, 0), 0);
    check_same("log(-1)", apply(function_log, -1, 0, 0), NAN);
    check_same("log(inf)", apply(function_log, INFINITY, 0, 0), INFINITY);
    check_same("log(nan)", apply(function_log, NAN, 0, 0), NAN);
    check_same("tanh(inf)", apply(function_tanh, INFINITY, 0, 0), 1);
    check_same("tanh(-inf)", apply(function_tanh, -INFINITY, 0, 0), -1);
    check_same("tanh(-0)", apply(function_tanh, -0.0f, 0, 0), -0.0f);
    check_same("tanh(nan)", apply(function_tanh, NAN, 0, 0), NAN);
    check_same("erf(-inf)", apply(function_erf, -INFINITY, 0, 0), -1);
    check_same("erf(0)", apply(function_erf, 0, 0, 0), 0);
    check_same("erf(nan)", apply(function_erf, NAN, 0, 0), NAN);
    check_same("sigmoid(-inf)", apply(function_sigmoid, -INFINITY, 0, 0), 0);
    check_same("sigmoid(inf)", apply(function_sigmoid, INFINITY, 0, 0), 1);
    check_same("sigmoid(0)", apply(function_sigmoid, 0, 0, 0), 0.5f);
    check_same("relu(nan)", apply(function_relu, NAN, 0, 0), NAN);
    check_same("max(1, nan)", apply(function_max, 1, NAN, 0), NAN);
    check_same("max(nan, 1)", apply(function_max, NAN, 1, 0), NAN);
    check_same("min(1, 2)", apply(function_min, 1, 2, 0), 1);
    check_same("ceil(-0.5)", apply(function_ceil, -0.5f, 0, 0), -0.0f);
    check_same("round(0.5)", apply(function_round, 0.5f, 0, 0), 0);
    check_same("round(1.5)", apply(function_round, 1.5f, 0, 0), 2);
    check_same("round(-2.5)", apply(function_round, -2.5f, 0, 0), -2);
    check_same("clip(7, 0, 6)", apply(function_clip, 7, 0, 6), 6);
    check_same("clip(nan, 0, 6)", apply(function_clip, NAN, 0, 6), NAN);
    check_same("hard_sigmoid(0)", apply(function_hard_sigmoid, 0, 0.2f, 0.5f), 0.5f);
    check_same("hard_swish(3)", apply(function_hard_swish, 3, 0, 0), 3);
    check_same("leaky_relu(-2)", apply(function_leaky_relu, -2, 0.5f, 0), -1);
    check_same("thresholded_relu(1)", apply(function_thresholded_relu, 1, 1, 0), 0);
    check_same("selu(2)", apply(function_selu, 2, 1.5f, 3), 6);
    check_same("celu(-inf)", apply(function_celu, -INFINITY, 2, 0), -2);
    check_same("prelu(-2)", apply(function_prelu, -2, 3, 0), -6);
    check_same("silu(0)", apply(function_silu, 0, 0, 0), 0);
    check_same("silu(-inf)", apply(function_silu, -INFINITY, 0, 0), 0);
    check_same("silu(-1e38)", apply(function_silu, -1e38f, 0, 0), 0);
    check_same("silu(inf)", apply(function_silu, INFINITY, 0, 0), INFINITY);
    check_same("silu(nan)", apply(function_silu, NAN, 0, 0), NAN);
    check_same("swish(-1, 100)", apply(function_swish, -1, 100, 0), 0);
    check_same("swish(1, 100)", apply(function_swish, 1, 100, 0), 1);
    check_same("gelu_tanh(-1e20)", apply(function_gelu_tanh, -1e20f, 0, 0), 0);
    check_same("gelu_tanh(1e20)", apply(function_gelu_tanh, 1e20f, 0, 0), 1e20f);
    check_same("mish(-inf limit)", apply(function_mish, -200, 0, 0), -0.0f);
}

/* gelu loses relative accuracy where it vanishes, as its definition does. */
static void test_gelu(void)
{
    double worst = 0;
    for (int i = -12000; i <= 12000; i++) {
        const float x = (float)i / 1000, got = apply(function_gelu, x, 0, 0);
        const double error = fabs((double)got - 0.5 * (double)x * (1 + erf((double)x * sqrt(0.5))));
        worst = fmax(worst, error / fmax(1, fabs((double)x)));
        hash_floats(&got, 1);
    }
    printf("%-12s %.3g relative to the larger of 1 and |x|\n", "gelu", worst);
    CHECK(worst < 2e-7, "%g", worst);
}

static void test_pow(void)
{
    static const float special[] = {0,    -0.0f, 1,         -1,        2,   -2,    0.5f,  -0.5f,    3,        -3, 1e30f,
                                    -1e30f, 1e-30f, INFINITY, -INFINITY, NAN, 1e-42f, 16777215, 16777216, 33, 7.25f};
    const int count = (int)(sizeof special / sizeof *special);
    double worst = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++) {
            const float got = float_pow(special[i], special[k]), expected = powf(special[i], special[k]);
            CHECK(ulps(got, (long double)expected) <= 1 && (isnan(got) || signbit(got) == signbit(expected)),
                  "pow(%g, %g) = %g, expected %g", (double)special[i], (double)special[k], (double)got,
                  (double)expected);
        }
    for (int i = 0; i < 200000; i++) {
        const float x = float_of_bits(random_bits() << 7 & 0x7fffffff), y = random_float() * 40;
        const float got = apply(function_pow, x, y, 0);
        if (!isfinite(x))
            continue;
        worst = fmax(worst, ulps(got, powl((long double)x, (long double)y)));
        hash_floats(&got, 1);
    }
    printf("%-12s %.3f ulp\n", "pow", worst);
    CHECK(worst <= 0.6, "%g", worst);
}

/* ---- finish.h ---- */

static vf swish_of_0_7(vf x, vf y, vf z)
{
    (void)y;
    return function_swish(x, vector_of(0.7f), z);
}

/* What is finished in place has the bits of the function by itself, wherever a line ends; nothing else is touched. */
static void test_finish(const char *name, finish_function *finish, element_function *f)
{
    enum { LINES = 2, LINE = 37 };
    float in[LINES * LINE], out[LINES * LINE];
    for (int64_t count = 0; count < LINE; count++)
        for (int trial = 0; trial < 24; trial++) {
            for (int i = 0; i < LINES * LINE; i++)
                in[i] = trial % 8 ? random_float() * (float)(trial % 8) * 8 : float_of_bits(random_bits() << 8 | random_bits());
            memcpy(out, in, sizeof in);
            finish(out, LINES, LINE, count, 0.7f);
            for (int i = 0; i < LINES * LINE; i++)
                check_same(name, out[i], i % LINE < count ? apply(f, in[i], 1, 1) : in[i]);
        }
}

static void test_finishes(void)
{
    test_finish("sigmoid", finish_sigmoid, function_sigmoid);
    test_finish("tanh", finish_tanh, function_tanh);
    test_finish("silu", finish_silu, function_silu);
    test_finish("swish", finish_swish, swish_of_0_7);
    test_finish("gelu", finish_gelu, function_gelu);
    test_finish("gelu_tanh", finish_gelu_tanh, function_gelu_tanh);
    test_finish("mish", finish_mish, function_mish);
}

/* ---- doubles ---- */

static double double_ulps(double got, long double expected)
{
    const double nearest = (double)expected;
    int exponent;
    if (got == nearest || (isnan(got) && isnan(nearest)))
        return 0;
    frexp(nearest, &exponent);
    return (double)(fabsl((long double)got - expected) / ldexpl(1, exponent - 53 < -1074 ? -1074 : exponent - 53));
}

static const struct unary_double {
    const char *name;
    real_function *f;
    long double (*expect)(long double);
    double low, high;
} doubles[] = {
    {"acos", real_double_acos, acosl, -1, 1},           {"acosh", real_double_acosh, acoshl, 1, 1e9},
    {"asin", real_double_asin, asinl, -1, 1},           {"asinh", real_double_asinh, asinhl, -1e9, 1e9},
    {"atan", real_double_atan, atanl, -30, 30},         {"atanh", real_double_atanh, atanhl, -1, 1},
    {"cos", real_double_cos, cosl, -1e5, 1e5},          {"cosh", real_double_cosh, coshl, -700, 700},
    {"erf", real_double_erf, erfl, -7, 7},              {"exp", real_double_exp, expl, -745, 709},
    {"log", real_double_log, logl, 1e-300, 10},         {"sigmoid", real_double_sigmoid, ref_sigmoid, -30, 30},
    {"sin", real_double_sin, sinl, -1e5, 1e5},          {"sinh", real_double_sinh, sinhl, -700, 700},
    {"softplus", real_double_softplus, ref_softplus, -30, 30}, {"tan", real_double_tan, tanl, -1e5, 1e5},
    {"tanh", real_double_tanh, tanhl, -20, 20},
};

static void hash_double(double x)
{
    float halves[2];
    memcpy(halves, &x, sizeof halves);
    hash_floats(halves, isnan(x) ? 0 : 2);
}

/* A part of the numbers lies near 0. */
static void test_double(const struct unary_double *u)
{
    double worst = 0;
    for (int i = -20000; i <= 20000; i++) {
        const double part = i / 20000.0, all = u->low + (u->high - u->low) * (part + 1) / 2;
        const double x = i % 2 || u->low > 0 ? all : part < u->low ? u->low : part;
        const double got = u->f(x, 0, 0);
        hash_double(got);
        worst = fmax(worst, double_ulps(got, u->expect((long double)x)));
    }
    printf("%-12s %.3f ulp of double\n", u->name, worst);
    CHECK(worst <= 6, "%s: %g ulp of double", u->name, worst);
}

static void test_double_pow(void)
{
    static const double special[] = {0,     -0.0,  1,        -1,        2,   -2,    0.5,       -0.5,      3,  -3, 1e30,
                                     -1e30, 1e-30, INFINITY, -INFINITY, NAN, 1e-310, 9007199254740992, 33, 7.25, 0.1};
    const int count = (int)(sizeof special / sizeof *special);
    double worst = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++) {
            const double got = double_pow(special[i], special[k]), expected = pow(special[i], special[k]);
            CHECK(double_ulps(got, (long double)expected) <= 3 && (isnan(got) || signbit(got) == signbit(expected)),
                  "pow(%g, %g) = %g, expected %g", special[i], special[k], got, expected);
        }
    for (int i = 0; i < 100000; i++) {
        const double x = 1 + fabs((double)random_float()) * 3000, y = (double)random_float() * 80;
        hash_double(double_pow(x, y));
        worst = fmax(worst, double_ulps(double_pow(x, y), powl((long double)x, (long double)y)));
    }
    CHECK(worst <= 3, "pow: %g ulp of double", worst);
    CHECK(double_pow(3, 7) == 2187 && double_pow(10, -2) == 0.01 && double_pow(-7, 3) == -343, "whole powers");
}

static void test_halves(void)
{
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const float value = half_to_float((uint16_t)bits);
        const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        const double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                            : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                           : ldexp(fraction, -24);
        check_same("half", value, (float)(bits >> 15 ? -size : size));
        if (!isnan(value)) {
            CHECK(half_from_float(value) == bits, "half %x", bits);
            CHECK(isinf(value) || value == 0 || half_from_float(nextafterf(value, 0)) == bits, "below half %x", bits);
        }
    }
    CHECK(half_from_float(65519) == 0x7bff && half_from_float(65520) == 0x7c00, "largest half");
    CHECK(half_from_float(1 + 0x1p-11f) == 0x3c00 && half_from_float(1 + 3 * 0x1p-11f) == 0x3c02, "ties of halves");
    CHECK(bfloat16_from_float(1 + 0x1p-8f) == 0x3f80 && bfloat16_from_float(1 + 3 * 0x1p-8f) == 0x3f82, "ties");
    CHECK(real_to_integer(NAN) == 0 && real_to_integer(1e30) == INT64_MAX && real_to_integer(-1e30) == INT64_MIN &&
              real_to_integer(-2.9) == -2,
          "conversion to int64");
}

int main(void)
{
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
        test_unary(&unaries[i]);
    test_specials();
    test_gelu();
    test_finishes();
    test_pow();
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        test_double(&doubles[i]);
    test_double_pow();
    test_halves();
    return finish("functions");
}
