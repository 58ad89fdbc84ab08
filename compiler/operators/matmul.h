/* matmul.h -- what MatMul shares with its relatives of integers. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MATMUL_H
#define MEDNN_MATMUL_H

#include "../ir/graph.h"

/* Input that holds B: 3 of QLinearMatMul, else 1. */
int matmul_second(const struct node *node);

/* Fails when the matrices do not fit. */
struct shape matmul_output(struct graph *graph, const struct node *node);
/* `input`: 0 or that of B. */
struct region matmul_reads(const struct node *node, int input, int output, struct region region);
int64_t matmul_macs(const struct node *node, struct region region);

#endif
