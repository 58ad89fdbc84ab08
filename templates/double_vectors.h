/* double_vectors.h -- what templates of float that are written once more in double stand on: vectors of two doubles on every
 * target, and no fusing anywhere. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DOUBLE_VECTORS_H
#define MEDNN_DOUBLE_VECTORS_H

#include "view.h"

enum { WD = 2 };

typedef double vd __attribute__((vector_size(8 * WD), aligned(8 * WD), may_alias));
typedef int64_t vl __attribute__((vector_size(8 * WD), aligned(8 * WD), may_alias));
typedef double vdu __attribute__((vector_size(8 * WD), aligned(8), may_alias)); /* in plain storages: not aligned */

#define DOUBLE_MICROKERNEL static __attribute__((noinline, unused)) void

INLINE double double_multiply_add(double x, double y, double z)
{
    return x * y + z;
}

#endif
