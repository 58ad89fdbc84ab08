/* node_lists.h -- the lists of cases, a file a family: lines in the language of node_cases.h, NULL at the end. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_NODE_LISTS_H
#define MEDNN_NODE_LISTS_H

#include <stddef.h>

extern const char *const elementwise_cases[];
extern const char *const layers_cases[];
extern const char *const images_cases[];
extern const char *const reductions_cases[];
extern const char *const movement_cases[];
extern const char *const attention_cases[];
extern const char *const quantized_cases[];
extern const char *const settled_cases[];
extern const char *const large_cases[];
extern const char *const doubles_cases[];

#endif
