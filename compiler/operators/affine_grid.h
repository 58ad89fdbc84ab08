/* affine_grid.h -- the regular grid of AffineGrid. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_AFFINE_GRID_H
#define MEDNN_AFFINE_GRID_H

#include "../ir/graph.h"

/* The coordinate in [-1, 1] of point `at` on an axis of `size` points. */
double affine_coordinate(const struct node *node, int64_t at, int64_t size);

#endif
