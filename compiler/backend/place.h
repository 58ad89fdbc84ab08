/* place.h -- boxes inside the storages of a device, as text of generated C. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PLACE_H
#define MEDNN_PLACE_H

#include "source.h"

/* A box of rank 2 to 4 as N x C x rows x columns; missing axes are 0:1. */
struct map {
    struct range n, c, row, column;
};
struct map map_of(struct region region);

/* A line that zeroes the pad lanes beside `region`, when it reaches the last channel of a blocked tensor that has some. */
void write_clear_lanes(struct source *source, const struct tensor *tensor, struct region region);

/* BOX(...) of `region` in the storage of a tensor with a view. */
const char *box_text(struct source *source, const struct tensor *tensor, struct region region);

/* Strides in elements of a plain storage. */
void storage_strides(struct region storage, int64_t stride[MAX_RANK]);

/* C expression for the element of a plain storage at the beginning of `region`. */
const char *plain_at(struct source *source, const struct tensor *tensor, struct region region);

/* "{1, 2, 3}", for initialisers. */
const char *numbers_text(struct arena *arena, const int64_t *number, int count);

#endif
