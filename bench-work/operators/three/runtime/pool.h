/* pool.h -- the threads that compute beside the one that runs the program. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_POOL_H
#define MEDNN_POOL_H

#include "mednn_runtime.h"

/* Memory for the threads of a program, 64-byte aligned. */
size_t mednn_pool_bytes(const struct mednn_program *program);
/* Start program->threads - 1 threads; they wait for work, signals blocked. -1: failed, and none runs. */
int mednn_pool_open(struct mednn_session *session);
/* End and join them. */
void mednn_pool_close(struct mednn_session *session);

#endif
