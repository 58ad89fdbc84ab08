/* watch_devices.c -- running devices: what they say, how they end, and whose fault a failure is. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strsignal */
#include "mednn_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 100 };

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_messages(struct device *device)
{
    char bytes[1024];
    ssize_t count = read(device->messages, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR)
        return;
    if (count <= 0) {
        close(device->messages);
        device->messages = -1;
        return;
    }
    if (run.verbose)
        fwrite(bytes, 1, (size_t)count, stderr);
    if (device->said)
        fwrite(bytes, 1, (size_t)count, device->said);
    size_t room = sizeof device->message - 1 - device->message_bytes;
    size_t kept = (size_t)count < room ? (size_t)count : room;
    memcpy(device->message + device->message_bytes, bytes, kept);
    device->message_bytes += kept;
}

static bool has_failed(const struct device *device)
{
    return device->ended && device->wait_status;
}

void reap_devices(void)
{
    for (uint32_t i = 0; i < run.count; i++) {
        struct device *device = &run.device[i];
        if (device->pid > 0 && waitpid(device->pid, &device->wait_status, WNOHANG) == device->pid) {
            device->pid = 0;
            device->ended = true;
            device->order = run.ended++;
        }
    }
}

static void poll_messages(int timeout_ms)
{
    struct pollfd poll_fd[MEDNN_MAX_DEVICES];
    for (uint32_t i = 0; i < run.count; i++)
        poll_fd[i] = (struct pollfd){.fd = run.device[i].messages, .events = POLLIN};
    if (poll(poll_fd, run.count, timeout_ms) > 0)
        for (uint32_t i = 0; i < run.count; i++)
            if (poll_fd[i].revents)
                read_messages(&run.device[i]);
}

static bool is_running(void)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (run.device[i].pid > 0 || run.device[i].messages >= 0)
            return true;
    return false;
}

void watch_devices(void)
{
    int64_t deadline = 0;
    bool ending = false;
    while (is_running() && !caught_signal && (!deadline || milliseconds() < deadline)) {
        poll_messages(deadline || ending ? 2 : 50);
        reap_devices();
        for (uint32_t i = 0; i < run.count; i++) {
            ending |=
                run.device[i].messages < 0; /* a process is seen as ended a little after its pipe closes */
            if (!deadline && has_failed(&run.device[i]))
                deadline = milliseconds() + GRACE_MS;
        }
    }
}

void kill_devices(void)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (run.device[i].pid > 0)
            kill(run.device[i].pid, SIGKILL);
    for (uint32_t i = 0; i < run.count; i++) {
        struct device *device = &run.device[i];
        int ignored;
        while (device->pid > 0 && waitpid(device->pid, &ignored, 0) < 0 && errno == EINTR)
            ;
        device->pid = 0;
        if (device->messages >= 0)
            close(device->messages);
        if (device->listener >= 0)
            close(device->listener);
        device->messages = device->listener = -1;
    }
}

/* A device that was killed explains what the others say, bad input comes next, then who failed first. */
static int causality(const struct device *device)
{
    if (WIFSIGNALED(device->wait_status))
        return -2 * MEDNN_MAX_DEVICES + device->order;
    if (WEXITSTATUS(device->wait_status) == STATUS_USAGE)
        return -MEDNN_MAX_DEVICES + device->order;
    return device->order;
}

/* The device's own line, or the first that it wrote at all. */
static const char *choose_line(char *message)
{
    const char *first = NULL;
    for (char *line = strtok(message, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strncmp(line, "device", 6))
            return line;
        if (!first)
            first = line;
    }
    return first;
}

int report_failure(void)
{
    struct device *cause = NULL;
    for (uint32_t i = 0; i < run.count; i++)
        if (has_failed(&run.device[i]) && (!cause || causality(&run.device[i]) < causality(cause)))
            cause = &run.device[i];
    if (!cause)
        return 0;
    unsigned index = (unsigned)(cause - run.device);
    if (WIFSIGNALED(cause->wait_status)) {
        int number = WTERMSIG(cause->wait_status);
        return fail(STATUS_FAILED, "device %u was killed by signal %d (%s)", index, number,
                    strsignal(number));
    }
    int status = WEXITSTATUS(cause->wait_status);
    cause->message[cause->message_bytes] = 0;
    const char *line = choose_line(cause->message);
    if (line)
        fail(status, "%s", line);
    else
        fail(status, "device %u ended with status %d", index, status);
    return status == STATUS_USAGE ? STATUS_USAGE : STATUS_FAILED;
}
