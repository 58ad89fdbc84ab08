/* external_data.c -- the path is walked component by component, so that no link leads out of the folder. */
/* SPDX-License-Identifier: MIT */
#include "external_data.h"

#include "../support/fail.h"
#include "../support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_location(const char *what, const char *location)
{
    if (!*location)
        fail("%s: external data has no location", what);
    if (strlen(location) >= PATH_MAX)
        fail("%s: location of external data has %zu bytes but the limit is %d", what, strlen(location),
             PATH_MAX);
    if (*location == '/')
        fail("%s: location '%.160s' of external data is absolute but must be beneath the model's folder",
             what, location);
    for (const char *part = location; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        if (length == 2 && !memcmp(part, "..", 2))
            fail(
                "%s: location '%.160s' of external data contains '..' but must be beneath the model's folder",
                what, location);
        if (!length)
            fail("%s: location '%.160s' of external data names no file", what, location);
    }
}

static int open_folder(struct external_folder *folder)
{
    const char *slash = strrchr(folder->model_path, '/');
    const char *path =
        !slash ? "."
        : slash == folder->model_path
            ? "/"
            : arena_printf(folder->arena, "%.*s", (int)(slash - folder->model_path), folder->model_path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail("cannot open the model's folder '%.160s': %s", path, strerror(errno));
    return fd;
}

static int open_beneath(struct external_folder *folder, const char *what, const char *location)
{
    int fd = open_folder(folder);
    for (char *part = arena_string(folder->arena, location), *next; part; part = next) {
        next = strchr(part, '/');
        if (next)
            *next++ = 0;
        int inner =
            openat(fd, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (next ? O_DIRECTORY : 0));
        int error = errno;
        close(fd);
        if (inner < 0 && (error == ELOOP || (error == ENOTDIR && next)))
            fail("%s: '%.160s' on the way to external data '%.160s' is a symbolic link or no folder", what,
                 part, location);
        if (inner < 0)
            fail("%s: cannot open external data '%.160s': %s", what, location, strerror(error));
        fd = inner;
    }
    return fd;
}

static const struct mapping *map_file(struct external_folder *folder, const char *what, const char *location)
{
    int fd = open_beneath(folder, what, location);
    struct stat status;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        close(fd);
        fail("%s: external data '%.160s' is not a regular file", what, location);
    }
    struct mapping *mapping = arena_alloc(folder->arena, sizeof *mapping);
    mapping->size = (size_t)status.st_size;
    if (mapping->size) {
        void *bytes = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, fd, 0);
        int error = errno;
        close(fd);
        if (bytes == MAP_FAILED)
            fail_machine("cannot map external data '%.160s': %s", location, strerror(error));
        mapping->bytes = bytes;
    } else {
        close(fd);
        mapping->bytes = arena_alloc(folder->arena, 1);
    }
    return mapping;
}

const uint8_t *external_data(struct external_folder *folder, const char *what, const char *location,
                             int64_t offset, int64_t length, int64_t needed)
{
    check_location(what, location);
    struct name_entry *entry = name_find(&folder->files, location);
    if (!entry) {
        const struct mapping *mapping = map_file(folder, what, location);
        entry = name_add(folder->arena, &folder->files, location);
        entry->value = (void *)(uintptr_t)mapping;
    }
    const struct mapping *mapping = entry->value;
    if (offset < 0 || (uint64_t)offset > mapping->size)
        fail("%s: offset %lld is outside of external data '%.160s' of %zu bytes", what, (long long)offset,
             location, mapping->size);
    if (length < 0)
        length = (int64_t)mapping->size - offset;
    if ((uint64_t)length > mapping->size - (uint64_t)offset)
        fail("%s: %lld bytes at %lld run past the end of external data '%.160s' of %zu bytes", what,
             (long long)length, (long long)offset, location, mapping->size);
    if (length != needed)
        fail("%s: external data has %lld bytes but its shape needs %lld", what, (long long)length,
             (long long)needed);
    return mapping->bytes + offset;
}
