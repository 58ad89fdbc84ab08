/* file.h -- whole files in, a whole folder out or nothing. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FILE_H
#define MEDNN_FILE_H

#include "arena.h"

#include <stdint.h>
#include <stdio.h>

/* The bytes of a file, mapped read-only. Fails (status 2) when it cannot be read or is larger than `limit`. */
struct mapping {
    const uint8_t *bytes;
    size_t size;
};
struct mapping file_map(const char *path, size_t limit);
void file_unmap(struct mapping mapping);
/* What was read so far need not stay in memory; reading it again is slower, no more. */
void file_forget(struct mapping mapping);

/* Write a file, whole or not at all; one that is there is replaced. Fails with status 2 where none can be made, with
 * status 1 on a full disk. */
void file_write(struct arena *arena, const char *path, const void *bytes, size_t size);

/* An output folder under construction: files are made in a sibling with a temporary name. */
struct folder;

/* Start building `path`. Fails (2) when `path` exists and is neither empty nor an earlier output of mednnc
 * (recognised by its report.xml and mednn_model.h). A later failure removes all that was written. */
struct folder *folder_begin(struct arena *arena, const char *path);

/* Write one file; `name` may hold one '/' (a subfolder). Fails with status 1 on a full disk. */
void folder_write(struct folder *folder, const char *name, const void *bytes, size_t size);

/* A file written piece by piece; close with folder_close. */
FILE *folder_open(struct folder *folder, const char *name);
void folder_append(FILE *file, const void *bytes, size_t size);
void folder_close(FILE *file);

/* Remove what was built so far; nothing happens after folder_commit(). */
void folder_discard(struct folder *folder);

/* Put the finished folder in place of whatever was there. */
void folder_commit(struct folder *folder);

#endif
