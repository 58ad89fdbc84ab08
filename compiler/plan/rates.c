/* rates.c -- tables of seconds per unit of work. */
/* SPDX-License-Identifier: MIT */
#include "rates.h"

#include <string.h>

/* Measured by mednn-probe on one core of a server with AVX-512, as bench/reference.sh prints it. */
static const double x86_64_v4[WORK_KINDS] = {
    [WORK_DIRECT] = 9.7e-12, [WORK_WINOGRAD] = 1e-11, [WORK_TRANSFORM] = 1.1e-11, [WORK_DEPTHWISE] = 7.1e-12,
    [WORK_MATRIX] = 8.5e-12, [WORK_SCALAR] = 1.3e-10, [WORK_VECTOR] = 5.1e-11, [WORK_ELEMENT] = 8.1e-10,
    [WORK_WEIGHTS] = 2.6e-11, [WORK_STREAM] = 5.1e-11, [WORK_ACTIVATIONS] = 2.6e-11, [WORK_CALLS] = 4e-07};

/* Over the links of bench/phones, the mean of sending and receiving. */
const double rates_message_seconds = 4.5e-6, rates_byte_seconds = 5e-10;

static const struct {
    const char *target;
    const double *seconds;
} tables[] = {{"x86-64-v4", x86_64_v4}};

const double *rates_of_target(const char *target)
{
    for (size_t i = 0; target && i < sizeof tables / sizeof *tables; i++)
        if (!strcmp(target, tables[i].target))
            return tables[i].seconds;
    return x86_64_v4;
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
