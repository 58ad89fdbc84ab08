/* measure.c -- how long programs that mednnc wrote take on this machine. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure.h"

#include "support/fail.h"
#include "support/text.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Turns of each network; a turn takes about TURN_MS. */
enum { TURNS = 7, TURN_MS = 600, MOST_RUNS = 1000 };

static struct {
    char path[4096];
    pid_t owner;
} temporary;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

void measure_folder_remove(void)
{
    if (temporary.owner == getpid())
        nftw(temporary.path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *measure_folder(struct arena *arena)
{
    const char *where = getenv("TMPDIR");
    int length = snprintf(temporary.path, sizeof temporary.path, "%s/mednnc-XXXXXX", where && *where ? where : "/tmp");
    if (length >= (int)sizeof temporary.path || !mkdtemp(temporary.path))
        fail_machine("cannot make a folder in %s", where && *where ? where : "/tmp");
    temporary.owner = getpid();
    atexit(measure_folder_remove);
    return arena_string(arena, temporary.path);
}

void measure_make(struct arena *arena, const char *const folder[], int count)
{
    struct text command = {.arena = arena};
    text_add(&command, "failed=0\n");
    for (int i = 0; i < count; i++)
        text_printf(&command, "make -s -C '%s' device0 >/dev/null 2>&1 & p%d=$!\n", folder[i], i);
    for (int i = 0; i < count; i++)
        text_printf(&command, "wait $p%d || failed=1\n", i); /* all of them: none is left behind that still writes */
    text_add(&command, "exit $failed");
    if (system(command.bytes))
        fail("the C compiler or make does not work: try make -C %s", folder[0]);
}

/* Beside this program, or as PATH says. */
static const char *runner(struct arena *arena)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    char *slash = strrchr(self, '/');
    if (!slash)
        return "mednn-run";
    *slash = 0;
    const char *beside = arena_printf(arena, "%s/mednn-run", self);
    return access(beside, X_OK) ? "mednn-run" : beside;
}

/* The median that mednn-run prints, in ms; < 0 when it failed. */
static double run_once(const char *program, const char *folder, int runs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    char count[16];
    snprintf(count, sizeof count, "%d", runs);
    pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDOUT_FILENO);
        execlp(program, program, folder, "--random", "--repeat", count, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    char line[1000];
    double median = -1, value;
    while (output && fgets(line, sizeof line, output))
        if (sscanf(line, "latency_ms median=%lf", &value) == 1)
            median = value;
    if (output)
        fclose(output);
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status)
        return -1;
    return median;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool measure_pair(struct arena *arena, const char *const folder[2], double seconds[2])
{
    const char *program = runner(arena);
    double ms[2][TURNS];
    int runs[2];
    for (int k = 0; k < 2; k++) {
        double once = run_once(program, folder[k], 2);
        if (once < 0) {
            note("--measure: the %s network cannot be built and run here", k ? "pruned" : "whole");
            return false;
        }
        double wanted = TURN_MS / (once > 0.001 ? once : 0.001);
        runs[k] = wanted < 2 ? 2 : wanted > MOST_RUNS ? MOST_RUNS : (int)wanted;
    }
    for (int turn = 0; turn < TURNS; turn++)
        for (int k = 0; k < 2; k++) {
            ms[k][turn] = run_once(program, folder[k], runs[k]);
            if (ms[k][turn] < 0) {
                note("--measure: the %s network failed", k ? "pruned" : "whole");
                return false;
            }
        }
    for (int k = 0; k < 2; k++) {
        qsort(ms[k], TURNS, sizeof **ms, compare);
        seconds[k] = ms[k][TURNS / 2] / 1e3;
    }
    return true;
}
