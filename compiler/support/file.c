/* file.c -- reading by mapping; writing into a folder that appears when it is complete. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "file.h"

#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapping file_map(const char *path, size_t limit)
{
    /* Not blocking: the path may name a pipe that nobody writes to. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        fail("cannot read '%s': %s", path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) || !S_ISREG(status.st_mode)) {
        close(file);
        fail("cannot read '%s': it is not a regular file", path);
    }
    if (status.st_size < 0 || (uintmax_t)status.st_size > limit) {
        close(file);
        fail("'%s' has %jd bytes but the limit is %zu", path, (intmax_t)status.st_size, limit);
    }
    struct mapping mapping = {.size = (size_t)status.st_size};
    if (mapping.size) {
        void *bytes = mmap(NULL, mapping.size, PROT_READ, MAP_PRIVATE, file, 0);
        int error = errno;
        close(file);
        if (bytes == MAP_FAILED)
            fail_machine("cannot map '%s': %s", path, strerror(error));
        mapping.bytes = bytes;
    } else {
        close(file);
    }
    return mapping;
}

void file_unmap(struct mapping mapping)
{
    if (mapping.size)
        munmap((void *)(uintptr_t)mapping.bytes, mapping.size);
}

struct folder {
    struct arena *arena;
    const char *path;      /* where it will be */
    const char *temporary; /* where it is made */
    bool replaces;         /* something is at `path` */
    FILE *open;
};

/* The folder under construction: folder_close() is told the file only. */
static struct folder *current;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    remove(
        path); /* What cannot be removed makes its parents fail too; there is nothing else to do about it. */
    return 0;
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void folder_undo(void *data)
{
    struct folder *folder = data;
    if (folder->open)
        fclose(folder->open);
    remove_tree(folder->temporary);
    current = NULL;
}

static bool holds(struct arena *arena, const char *path, const char *name)
{
    struct stat status;
    return !lstat(arena_printf(arena, "%s/%s", path, name), &status) && S_ISREG(status.st_mode);
}

/* Is there something at `path`, and may it be replaced? */
static bool check_old(struct arena *arena, const char *path)
{
    struct stat status;
    if (lstat(path, &status)) {
        if (errno != ENOENT)
            fail("output folder '%s': %s", path, strerror(errno));
        return false;
    }
    DIR *old = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
    if (!old)
        fail("output folder '%s' exists and is not a folder that can be read", path);
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(old));)
        empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    closedir(old);
    if (!empty && !(holds(arena, path, "report.xml") && holds(arena, path, "mednn_model.h")))
        fail("output folder '%s' is not empty and is no earlier output of mednnc; choose another or empty it",
             path);
    return true;
}

/* Without trailing slashes and with links resolved, so that a sibling can be renamed to it. */
static const char *plain_path(struct arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = arena_string(arena, real ? real : path);
    free(real);
    for (size_t length = strlen(copy); length > 1 && copy[length - 1] == '/'; length--)
        copy[length - 1] = 0;
    return copy;
}

struct folder *folder_begin(struct arena *arena, const char *path)
{
    if (!*path)
        fail("the output folder has no name");
    struct folder *folder = arena_alloc(arena, sizeof *folder);
    *folder = (struct folder){.arena = arena, .path = plain_path(arena, path)};
    folder->replaces = check_old(arena, folder->path);
    char *temporary = arena_printf(arena, "%s.partial-XXXXXX", folder->path);
    if (!mkdtemp(temporary))
        fail("cannot make output folder '%s': %s", path, strerror(errno));
    mode_t mask = umask(0);
    umask(mask);
    chmod(temporary, 0777 & ~mask);
    folder->temporary = temporary;
    current = folder;
    fail_cleanup(folder_undo, folder);
    return folder;
}

FILE *folder_open(struct folder *folder, const char *name)
{
    const char *slash = strchr(name, '/');
    if (slash) {
        const char *inner =
            arena_printf(folder->arena, "%s/%.*s", folder->temporary, (int)(slash - name), name);
        if (mkdir(inner, 0777) && errno != EEXIST)
            fail_machine("cannot make '%s': %s", inner, strerror(errno));
    }
    const char *path = arena_printf(folder->arena, "%s/%s", folder->temporary, name);
    folder->open = fopen(path, "wbe");
    if (!folder->open)
        fail_machine("cannot make '%s': %s", path, strerror(errno));
    return folder->open;
}

void folder_append(FILE *file, const void *bytes, size_t size)
{
    if (size && fwrite(bytes, 1, size, file) != size)
        fail_machine("cannot write the output: %s", strerror(errno));
}

void folder_close(FILE *file)
{
    if (current && current->open == file)
        current->open = NULL;
    if (fclose(file))
        fail_machine("cannot write the output: %s", strerror(errno));
}

void folder_write(struct folder *folder, const char *name, const void *bytes, size_t size)
{
    FILE *file = folder_open(folder, name);
    folder_append(file, bytes, size);
    folder_close(file);
}

void folder_commit(struct folder *folder)
{
    /* In one step where the file system can exchange; then the temporary name holds the old folder. */
    int failed = renameat2(AT_FDCWD, folder->temporary, AT_FDCWD, folder->path,
                           folder->replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    if (failed && (errno == EINVAL || errno == ENOSYS)) {
        const char *old = arena_printf(folder->arena, "%s.old", folder->temporary);
        failed = folder->replaces && rename(folder->path, old);
        if (!failed && (failed = rename(folder->temporary, folder->path)) && folder->replaces)
            rename(old, folder->path);
        if (!failed && folder->replaces)
            folder->temporary = old;
    }
    if (failed)
        fail_machine("cannot rename '%s' to '%s': %s", folder->temporary, folder->path, strerror(errno));
    fail_cleanup(NULL, NULL);
    current = NULL;
    if (folder->replaces)
        remove_tree(folder->temporary);
}
