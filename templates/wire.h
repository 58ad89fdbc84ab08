/* wire.h -- floats that travel as float16: converted in place in the buffer of a frame, rounded to nearest even; what is larger
 * than 65504 becomes infinite. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_WIRE_H
#define MEDNN_WIRE_H

#include "scalars.h"

/* `count` floats at `wire` become `count` halves, and back. */
__attribute__((unused)) static void narrow_wire(unsigned char *wire, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, wire + 4 * i, sizeof value);
        const uint16_t half = half_from_float(value);
        memcpy(wire + 2 * i, &half, sizeof half);
    }
}

__attribute__((unused)) static void widen_wire(unsigned char *wire, int64_t count)
{
    for (int64_t i = count - 1; i >= 0; i--) {
        uint16_t half;
        memcpy(&half, wire + 2 * i, sizeof half);
        const float value = half_to_float(half);
        memcpy(wire + 4 * i, &value, sizeof value);
    }
}

#endif
