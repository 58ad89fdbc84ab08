/* list_operators.h -- the operators that mednnc knows, for people and for docs/operators.md. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LIST_OPERATORS_H
#define MEDNN_LIST_OPERATORS_H

#include "support/arena.h"

/* To standard output, sorted, a line each below a line of titles: name, the opset whose meaning it has, whether devices
 * can share it, and the types of its first input. Columns are separated by at least one blank; the last one may hold
 * single blanks. */
void list_operators(struct arena *arena);

#endif
