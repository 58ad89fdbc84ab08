/* copy.h -- a box of a tensor whose shape changed while its elements kept their row-major order.
 *
 * The box counts in the indices of y. Dimensions are those of the whole tensors, strides (in elements) those of the
 * storages. y points to the first element of the box, x to the storage. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_COPY_H
#define MEDNN_COPY_H

#include "view.h"

struct copy_reshaped {
    int rank, x_rank; /* both >= 1 */
    size_t size;      /* bytes of an element */
    int64_t dim[8], begin[8], end[8], stride[8];
    int64_t x_dim[8], x_begin[8], x_stride[8]; /* x_begin: where the storage begins */
};

/* Position in the storage of x of the element at row-major index `index`. */
INLINE int64_t copy_reshaped_from(const struct copy_reshaped *s, int64_t index)
{
    int64_t at = 0;
    for (int axis = s->x_rank - 1; axis >= 0; axis--) {
        at += (index % s->x_dim[axis] - s->x_begin[axis]) * s->x_stride[axis];
        index /= s->x_dim[axis];
    }
    return at;
}

__attribute__((unused)) static void copy_reshaped(const struct copy_reshaped *s, void *y, const void *x)
{
    const int last = s->rank - 1, x_last = s->x_rank - 1;
    int64_t at[8];
    for (int axis = 0; axis < s->rank; axis++)
        at[axis] = s->begin[axis];
    for (;;) {
        int64_t index = 0, to = 0, run;
        for (int axis = 0; axis < s->rank; axis++) {
            index = index * s->dim[axis] + at[axis];
            to += (at[axis] - s->begin[axis]) * s->stride[axis];
        }
        for (int64_t i = 0; i < s->end[last] - s->begin[last]; i += run, index += run) {
            const int64_t left = s->x_dim[x_last] - index % s->x_dim[x_last], row = s->end[last] - s->begin[last] - i;
            const char *from = (const char *)x + copy_reshaped_from(s, index) * (int64_t)s->size;
            run = s->x_stride[x_last] != 1 || s->stride[last] != 1 ? 1 : left < row ? left : row;
            memcpy((char *)y + (to + i * s->stride[last]) * (int64_t)s->size, from, (size_t)run * s->size);
        }
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            if (++at[axis] < s->end[axis])
                break;
            at[axis] = s->begin[axis];
        }
        if (axis < 0)
            return;
    }
}

#endif
