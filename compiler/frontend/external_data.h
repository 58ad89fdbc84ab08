/* external_data.h -- tensors whose elements lie in files beside the model. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EXTERNAL_DATA_H
#define MEDNN_EXTERNAL_DATA_H

#include "../support/arena.h"
#include "../support/name_map.h"

#include <stdint.h>

/* The folder of a model, and the files in it that are mapped already. */
struct external_folder {
    struct arena *arena;
    const char *model_path;
    struct name_map files; /* location -> mapping */
};

/* `length` bytes at `offset` of the file `location`, mapped read-only; length < 0: up to the end of the file.
 * The number of bytes must be `needed`. The location must be relative, without "..", and lead through no
 * symbolic link to a regular file beneath the model's folder. Everything is checked before anything is
 * mapped. Fails (status 2), starting with `what`. The file stays mapped until the process ends. */
const uint8_t *external_data(struct external_folder *folder, const char *what, const char *location,
                             int64_t offset, int64_t length, int64_t needed);

#endif
