/* parallel.h -- independent tasks on all processors. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PARALLEL_H
#define MEDNN_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

/* Call task(data, i, worker) for every i in [0, count), in any order and at the same time; worker is in
 * [0, parallel_workers()), at most MOST_WORKERS. What a task writes may depend on i alone, so that results do not depend on the number
 * of processors. Tasks must not fail() and must not use an arena. */
void parallel_run(int64_t count, void (*task)(void *data, int64_t i, int worker), void *data);
enum { MOST_WORKERS = 16 };
int parallel_workers(void);

/* Let freed memory serve again instead of going back to the system: pages that are new for every batch cost a quarter of the time.
 * Before the others, once. */
void memory_keep(void);

/* `size` bytes on the heap, aligned to 64, not cleared; exhaustion ends the compilation. The caller frees them. */
void *memory_new(size_t count, size_t size);

#endif
