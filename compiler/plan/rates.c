/* rates.c -- tables of seconds per unit of work. */
/* SPDX-License-Identifier: MIT */
#include "rates.h"

#include <string.h>

/* Measured by mednn-probe on one core of a server with AVX-512, as bench/reference.sh prints it. */
static const double x86_64_v4[WORK_KINDS] = {
    [WORK_DIRECT] = 9e-12, [WORK_WINOGRAD] = 1e-11, [WORK_TRANSFORM] = 7e-11, [WORK_DEPTHWISE] = 6.5e-12,
    [WORK_MATRIX] = 8.2e-12, [WORK_SCALAR] = 1.2e-10, [WORK_VECTOR] = 4.7e-11, [WORK_ELEMENT] = 7.8e-10,
    [WORK_WEIGHTS] = 1.6e-11, [WORK_STREAM] = 4.7e-11, [WORK_ACTIVATIONS] = 2.7e-11, [WORK_CALLS] = 4e-07};

/* The same machine, programs for AVX2 (ARCHFLAGS=-march=x86-64-v3): what multiplies is slower as mednn-probe measured it, the
 * rest, which is memory or no vectors, as above; vectors of elements are mostly loads and stores. Tiles have fewer pixels, so weights
 * come more often. */
static const double x86_64_v3[WORK_KINDS] = {
    [WORK_DIRECT] = 1.7e-11, [WORK_WINOGRAD] = 1.6e-11, [WORK_TRANSFORM] = 1.2e-10, [WORK_DEPTHWISE] = 9.2e-12,
    [WORK_MATRIX] = 1.6e-11, [WORK_SCALAR] = 1.2e-10, [WORK_VECTOR] = 6e-11, [WORK_ELEMENT] = 7.8e-10,
    [WORK_WEIGHTS] = 2.6e-11, [WORK_STREAM] = 5.5e-11, [WORK_ACTIVATIONS] = 2.6e-11, [WORK_CALLS] = 4e-07};

/* Assumed, not measured: a core of a phone such as Cortex-A76 at 2.4 GHz. Its optimization guide gives two 128-bit multiply-adds a
 * cycle, 8 numbers, of which 90 % are taken to be reached; a quarter of the lanes and two thirds of the clock of the first table for
 * what transforms and multiplies vectors, the clock alone for scalars; 10 GB/s from far memory and half of the server's from caches, which
 * vectors of elements wait for, too. */
static const double armv8_a[WORK_KINDS] = {
    [WORK_DIRECT] = 5.8e-11, [WORK_WINOGRAD] = 5.8e-11, [WORK_TRANSFORM] = 4.2e-10, [WORK_DEPTHWISE] = 4.3e-11,
    [WORK_MATRIX] = 5.8e-11, [WORK_SCALAR] = 2e-10, [WORK_VECTOR] = 1.5e-10, [WORK_ELEMENT] = 1.2e-9,
    [WORK_WEIGHTS] = 8e-11, [WORK_STREAM] = 1e-10, [WORK_ACTIVATIONS] = 5.2e-11, [WORK_CALLS] = 6e-07};

/* Assumed, not measured: a core such as Cortex-A53 at 1.2 GHz in 32-bit mode, which issues one 128-bit multiply-add or load a cycle:
 * 4 numbers, of which 70 % are taken to be reached; a third of the clock of the first table, and half of its instructions in a cycle, for
 * the rest; 2.5 GB/s from far memory. */
static const double armv7_neon[WORK_KINDS] = {
    [WORK_DIRECT] = 3e-10, [WORK_WINOGRAD] = 3e-10, [WORK_TRANSFORM] = 1.7e-9, [WORK_DEPTHWISE] = 1.7e-10,
    [WORK_MATRIX] = 3e-10, [WORK_SCALAR] = 7.8e-10, [WORK_VECTOR] = 6e-10, [WORK_ELEMENT] = 4.9e-9,
    [WORK_WEIGHTS] = 2e-10, [WORK_STREAM] = 4e-10, [WORK_ACTIVATIONS] = 1.6e-10, [WORK_CALLS] = 2.4e-06};

/* Over the links of bench/phones, the mean of sending and receiving. */
const double rates_message_seconds = 4.5e-6, rates_byte_seconds = 4.5e-10;

static const struct {
    const char *target;
    const double *seconds;
} tables[] = {{"x86-64-v3", x86_64_v3}, {"armv8-a", armv8_a}, {"armv7-neon", armv7_neon}};

/* What two things take of which this part overlaps imperfectly: the longer one and some more. Winograd's products of 7 and 14 tiles of 512
 * channels, which make weights as they read them, take 1.03 and 1.01 times as long as this on a machine that reads 30 GB/s and does 55
 * GMAC/s, 1.24 and 1.12 times on one of 19 GB/s and 100 GMAC/s. Direct convolutions do not, nor products of whole weights: of 7 and 14
 * pixels and 2048 channels they take 1.03 and 1.01 times the longer one on the first. */
static double together(double a, double b, double part)
{
    const double longer = a > b ? a : b, shorter = a > b ? b : a;
    return longer + part * shorter * shorter / (3 * longer);
}

struct work rates_waited(const double seconds[WORK_KINDS], const struct work *work)
{
    static const enum work_kind meanwhile[] = {WORK_WINOGRAD, WORK_TRANSFORM, WORK_MATRIX, WORK_DIRECT, WORK_WEIGHTS};
    const double reading = seconds[WORK_STREAM] * work->amount[WORK_WEIGHTS];
    struct work waited = *work;
    double busy = 0, imperfectly = 0;
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
        busy += seconds[meanwhile[i]] * work->amount[meanwhile[i]];
        if (meanwhile[i] == WORK_MATRIX)
            imperfectly = busy;
    }
    if (reading > 0)
        waited.amount[WORK_STREAM] +=
            (together(busy, reading, busy > 0 ? imperfectly / busy : 0) - busy) / seconds[WORK_STREAM];
    return waited;
}

double rates_seconds(const double seconds[WORK_KINDS], const struct work *work)
{
    const struct work waited = rates_waited(seconds, work);
    double sum = 0;
    for (int k = 0; k < WORK_KINDS; k++)
        sum += seconds[k] * waited.amount[k];
    return sum;
}

const double *rates_of_target(const char *target)
{
    for (size_t i = 0; target && i < sizeof tables / sizeof *tables; i++)
        if (!strcmp(target, tables[i].target))
            return tables[i].seconds;
    return x86_64_v4; /* and any */
}

static const double *rates_of_device(const struct device *device)
{
    return device->measured ? device->seconds : rates_of_target(device->target);
}

void rates_of_cluster(const struct cluster *cluster, double seconds[WORK_KINDS])
{
    const double *first = rates_of_device(&cluster->device[0]);
    double direct = 0, multiple[WORK_KINDS] = {0};
    bool alike = true;
    for (int d = 0; d < cluster->count; d++) {
        const double *own = rates_of_device(&cluster->device[d]);
        alike = alike && !memcmp(own, first, sizeof multiple);
        direct += own[WORK_DIRECT] / cluster->count;
        for (int k = 0; k < WORK_KINDS; k++)
            multiple[k] += own[k] / own[WORK_DIRECT] / cluster->count;
    }
    for (int k = 0; k < WORK_KINDS; k++)
        seconds[k] = alike ? first[k] : multiple[k] * direct;
}
