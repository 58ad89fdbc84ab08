/* inspect.h -- `mednnc inspect`: what is in a model file. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_INSPECT_H
#define MEDNN_INSPECT_H

#include "support/arena.h"

/* Print inputs, outputs, opset, operators, what is unsupported, MACs, weights and dynamic dimensions of a model. */
void inspect(struct arena *arena, const char *model_path);

#endif
