/* measure.h -- how long programs that mednnc wrote take on this machine. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_MEASURE_H
#define MEDNN_MEASURE_H

#include "support/arena.h"

#include <stdbool.h>

/* A new folder for programs, removed when the process ends. Fails (1) where none can be made. */
const char *measure_folder(struct arena *arena);

/* Remove it now. */
void measure_folder_remove(void);

/* Build device 0 of the programs in each folder, all at once. Fails where no C compiler or make works. */
void measure_make(struct arena *arena, const char *const folder[], int count);

/* Build the two networks in these folders with make and run all of their devices here, in turns, so that both see the same machine.
 * Sets seconds[0] and seconds[1] to the medians of an inference. False, after a note that says why, where they cannot be
 * built or run. mednn-run is taken from beside this program, else from PATH. */
bool measure_pair(struct arena *arena, const char *const folder[2], double seconds[2]);

#endif
