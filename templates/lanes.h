/* lanes.h -- reductions in 16 virtual lanes and one fixed tree: the same order whatever the vector width is. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LANES_H
#define MEDNN_LANES_H

#include "functions.h"
#include "walk.h"

enum { LANES = 16 };

struct lanes {
    vf part[LANES / W];
};

INLINE struct lanes lanes_of(float value)
{
    struct lanes lanes;
    for (int i = 0; i < LANES / W; i++)
        lanes.part[i] = vector_of(value);
    return lanes;
}

/* `count` elements, 1 to 16, one every `stride`; the other lanes become `rest`. */
INLINE struct lanes lanes_load(const float *x, int64_t stride, int64_t count, float rest)
{
    struct lanes lanes = lanes_of(rest);
    if (stride == 1 && count >= LANES) {
        memcpy(&lanes, x, sizeof lanes);
        return lanes;
    }
    float value[LANES];
    if (stride == 1) /* a masked load, where the target has one */
        for (int i = 0; i < LANES; i++)
            value[i] = i < count ? x[i] : rest;
    else
        for (int i = 0; i < LANES; i++)
            value[i] = i < count ? x[i * stride] : rest;
    memcpy(&lanes, value, sizeof value);
    return lanes;
}

INLINE void lanes_store(float *y, int64_t stride, int64_t count, const struct lanes *lanes)
{
    if (stride == 1 && count >= LANES) {
        memcpy(y, lanes, sizeof *lanes);
        return;
    }
    float value[LANES];
    memcpy(value, lanes, sizeof value);
    if (stride == 1)
        for (int i = 0; i < LANES; i++) {
            if (i < count)
                y[i] = value[i];
        }
    else
        for (int i = 0; i < LANES; i++)
            if (i < count)
                y[i * stride] = value[i];
}

/* Lanes 0 and 8, 1 and 9, ...; then 0 and 4, ...; then 0 and 2, 1 and 3; then 0 and 1. */
INLINE float lanes_join(const struct lanes *lanes, element_function *join)
{
    float value[2 * LANES] = {0};
    memcpy(value, lanes, sizeof *lanes);
    for (int step = LANES / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i += W) {
            vf low, high;
            memcpy(&low, value + i, sizeof low);
            memcpy(&high, value + i + step, sizeof high);
            low = join(low, high, high);
            memcpy(value + i, &low, sizeof low);
        }
    return value[0];
}

#endif
