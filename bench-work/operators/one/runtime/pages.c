/* pages.c -- huge pages for what a program reads and writes in every inference, where the system has them.
 *
 * A network streams through tens of megabytes: with pages of 4 KB every page costs a walk through the page tables, twice under a
 * hypervisor, and hardware fetches ahead within a page only. The session's memory is advised. Weights that are part of the
 * program or of a mapped file are copied once to huge pages that then take the place of the mapping: addresses stay. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "session.h"

#if defined(__linux__) && !defined(MEDNN_NO_HUGE_PAGES)

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE 14
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { HUGE_PAGE = 2 << 20, LEAST_WEIGHTS = 2 * HUGE_PAGE /* less is not worth a copy */ };
/* A copy may take this part of the memory that is free: the file's pages could be dropped, the copy cannot. */
enum { PART_OF_FREE_MEMORY = 4 };

/* The whole huge pages inside of a piece of memory. */
struct span {
    unsigned char *begin;
    size_t bytes;
};

static struct span whole_pages(const void *memory, size_t bytes)
{
    const uintptr_t page = HUGE_PAGE, first = ((uintptr_t)memory + page - 1) & ~(page - 1);
    const uintptr_t last = ((uintptr_t)memory + bytes) & ~(page - 1);
    return (struct span){(unsigned char *)first, last > first ? last - first : 0};
}

static bool wanted(const struct mednn_options *options)
{
    const char *text = getenv("MEDNN_HUGE_PAGES");
    return text ? strcmp(text, "0") != 0 : options->huge_pages >= 0;
}

/* The number that follows `label` in a small file of the system, or `otherwise`. */
static uint64_t number_in(const char *path, const char *label, uint64_t otherwise)
{
    char text[4096];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return otherwise;
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = 0;
    const char *at = strstr(text, label);
    char *end;
    const uint64_t value = at ? strtoull(at + strlen(label), &end, 10) : 0;
    return at && end != at + strlen(label) ? value : otherwise;
}

/* Bytes: of the system, and of the group of processes that a container is. */
static uint64_t free_memory(void)
{
    const uint64_t system = number_in("/proc/meminfo", "MemAvailable:", 0) * 1024;
    const uint64_t limit = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    const uint64_t used = number_in("/sys/fs/cgroup/memory.current", "", 0);
    const uint64_t group = limit > used ? limit - used : 0;
    return system < group ? system : group;
}

size_t mednn_pages_round(size_t bytes)
{
    return bytes < HUGE_PAGE ? bytes : (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
}

void mednn_pages_advise(const struct mednn_options *options, void *memory, size_t bytes)
{
    const struct span span = whole_pages(memory, bytes);
    if (span.bytes && wanted(options))
        (void)madvise(span.begin, span.bytes, MADV_HUGEPAGE);
}

/* The span's bytes on huge pages, read only; NULL where the system has none to give. */
static unsigned char *copy_of(struct span span)
{
    const size_t reserved = span.bytes + HUGE_PAGE;
    unsigned char *memory = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    const struct span copy = whole_pages(memory, reserved);
    if (madvise(copy.begin, span.bytes, MADV_HUGEPAGE)) {
        munmap(memory, reserved);
        return NULL;
    }
    if (copy.begin > memory)
        munmap(memory, (size_t)(copy.begin - memory));
    if (copy.begin + span.bytes < memory + reserved)
        munmap(copy.begin + span.bytes, (size_t)(memory + reserved - copy.begin) - span.bytes);
    memcpy(copy.begin, span.begin, span.bytes);
    (void)mprotect(copy.begin, span.bytes, PROT_READ);
    return copy.begin;
}

/* The copy takes the place of the span in one step, so that other threads may be reading there. */
static void replace(struct span span, unsigned char *copy)
{
    if (mremap(copy, span.bytes, span.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, span.begin) != MAP_FAILED)
        return;
    /* Out of memory for page tables. What was there may be gone: never leave it so. */
    if (mmap(span.begin, span.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
        abort();
    memcpy(span.begin, copy, span.bytes);
    munmap(copy, span.bytes);
}

void mednn_pages_move(const struct mednn_options *options, const void *weights, size_t bytes)
{
    const struct span span = whole_pages(weights, bytes);
    if (bytes < LEAST_WEIGHTS || !span.bytes || !wanted(options))
        return;
    /* Succeeds at once where they are on huge pages already, from an earlier session or of a system that can do this to files. */
    if (!madvise(span.begin, span.bytes, MADV_COLLAPSE))
        return;
    unsigned char *copy = free_memory() / PART_OF_FREE_MEMORY >= span.bytes ? copy_of(span) : NULL;
    if (copy)
        replace(span, copy);
}

#else

size_t mednn_pages_round(size_t bytes)
{
    return bytes;
}

void mednn_pages_advise(const struct mednn_options *options, void *memory, size_t bytes)
{
    (void)options, (void)memory, (void)bytes;
}

void mednn_pages_move(const struct mednn_options *options, const void *weights, size_t bytes)
{
    (void)options, (void)weights, (void)bytes;
}

#endif
