/* file.c -- mapping files, and building a folder beside its place. */
/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapping file_map(const char *path, size_t limit)
{
    /* Not blocking: the name may be a pipe's that nobody writes to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0)
        fail("cannot open: %s", strerror(errno));
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        close(fd);
        fail("not a regular file");
    }
    size_t size = (size_t)status.st_size;
    if (size > limit) {
        close(fd);
        fail("%zu bytes, at most %zu are accepted", size, limit);
    }
    if (!size) {
        close(fd);
        fail("empty file");
    }
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        fail_machine("cannot map: %s", strerror(errno));
    return (struct mapping){bytes, size};
}

void file_unmap(struct mapping mapping)
{
    munmap((void *)mapping.bytes, mapping.size);
}

void file_forget(struct mapping mapping)
{
    madvise((void *)mapping.bytes, mapping.size, MADV_DONTNEED);
}

struct folder {
    struct arena *arena;
    const char *path, *building; /* where it goes, where it is now; building NULL: done or discarded */
};

static bool exists(const char *folder, const char *name)
{
    char path[4096];
    struct stat status;
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && !lstat(path, &status);
}

static bool is_dot(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* 0: not there, 1: an empty folder or an earlier output, -1: something else. */
static int look_at(const char *path)
{
    struct stat status;
    if (lstat(path, &status))
        return errno == ENOENT ? 0 : -1;
    DIR *folder = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
    if (!folder)
        return -1;
    bool empty = true;
    for (struct dirent *entry; (entry = readdir(folder));)
        empty &= is_dot(entry->d_name);
    closedir(folder);
    return empty || (exists(path, "report.xml") && exists(path, "mednn_model.h")) ? 1 : -1;
}

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder));) {
            char inner[4096];
            if (!is_dot(entry->d_name) && snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < (int)sizeof inner) {
                struct stat status;
                if (!lstat(inner, &status) && S_ISDIR(status.st_mode))
                    remove_tree(inner);
                else
                    unlink(inner);
            }
        }
        closedir(folder);
    }
    rmdir(path);
}

struct folder *folder_begin(struct arena *arena, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *target = arena_printf(arena, "%.*s", (int)length, path);
    if (!*target)
        fail("-o: empty name");
    if (look_at(target) < 0)
        fail("-o %s: exists and is not an output of mednnc: give another folder, or remove it", target);
    char *building = arena_printf(arena, "%s.XXXXXX", target);
    if (!mkdtemp(building)) {
        if (errno == ENOSPC || errno == EDQUOT)
            fail_machine("-o %s: %s", target, strerror(errno));
        fail("-o %s: cannot make the folder: %s", target, strerror(errno));
    }
    mode_t mask = umask(0);
    umask(mask);
    chmod(building, 0777 & ~mask);
    struct folder *folder = arena_alloc(arena, sizeof *folder);
    *folder = (struct folder){arena, target, building};
    return folder;
}

FILE *folder_open(struct folder *folder, const char *name)
{
    const char *slash = strchr(name, '/');
    if (slash) {
        const char *inner = arena_printf(folder->arena, "%s/%.*s", folder->building, (int)(slash - name), name);
        if (mkdir(inner, 0777) && errno != EEXIST)
            fail_machine("cannot make folder '%s': %s", inner, strerror(errno));
    }
    FILE *file = fopen(arena_printf(folder->arena, "%s/%s", folder->building, name), "wbx");
    if (!file)
        fail_machine("cannot write '%s/%s': %s", folder->path, name, strerror(errno));
    return file;
}

void folder_append(FILE *file, const void *bytes, size_t size)
{
    if (size && fwrite(bytes, 1, size, file) != size) {
        int error = errno;
        fclose(file);
        fail_machine("cannot write the output: %s", strerror(error));
    }
}

void folder_close(FILE *file)
{
    if (fclose(file))
        fail_machine("cannot write the output: %s", strerror(errno));
}

void folder_write(struct folder *folder, const char *name, const void *bytes, size_t size)
{
    FILE *file = folder_open(folder, name);
    folder_append(file, bytes, size);
    folder_close(file);
}

void file_write(struct arena *arena, const char *path, const void *bytes, size_t size)
{
    const char *building = arena_printf(arena, "%s.part", path);
    FILE *file = fopen(building, "wb");
    if (!file)
        fail("cannot write '%s': %s", path, strerror(errno));
    bool written = fwrite(bytes, 1, size, file) == size;
    written = !fclose(file) && written;
    if (!written || rename(building, path)) {
        int error = errno;
        remove(building);
        fail_machine("cannot write '%s': %s", path, strerror(error));
    }
}

void folder_discard(struct folder *folder)
{
    if (folder->building)
        remove_tree(folder->building);
    folder->building = NULL;
}

/* A folder cannot be renamed onto one that is not empty: the old one steps aside first. */
void folder_commit(struct folder *folder)
{
    char *aside = NULL;
    if (look_at(folder->path) > 0) {
        aside = arena_printf(folder->arena, "%s.old", folder->building);
        if (rename(folder->path, aside))
            fail_machine("cannot replace '%s': %s", folder->path, strerror(errno));
    }
    if (rename(folder->building, folder->path)) {
        int error = errno;
        if (aside)
            rename(aside, folder->path);
        fail_machine("cannot put '%s' in place: %s", folder->path, strerror(error));
    }
    folder->building = NULL;
    if (aside)
        remove_tree(aside);
}
