/* cluster.c -- small hand-written device programs, run as processes of one test. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct device *self; /* run() of a program knows its session only */

void check(bool holds, const char *file, int line, const char *what, const char *format, ...)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: failed: %s ", file, line, what);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void sleep_ms(int milliseconds)
{
    struct timespec pause = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

void cluster_prepare(struct cluster *cluster, struct pattern pattern)
{
    *cluster = (struct cluster){.pattern = pattern};
    for (uint32_t i = 0; i < pattern.devices; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t size = sizeof address;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = cluster->listener[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&address, size) && !listen(fd, 64) &&
              !getsockname(fd, (struct sockaddr *)&address, &size));
        cluster->port[i] = ntohs(address.sin_port);
        cluster->address[i] = (struct mednn_address){"127.0.0.1", cluster->port[i]};
    }
}

/* ---- the program ---- */

static unsigned char content(uint32_t inference, uint32_t exchange, uint32_t from, uint32_t to, size_t at)
{
    return (unsigned char)(inference * 31 + exchange * 17 + from * 7 + to * 3 + (at ^ at >> 8));
}

static size_t slot_bytes(const struct pattern *pattern)
{
    return (pattern->bytes + 63) / 64 * 64;
}

/* Two exchanges are in flight at a time, each with its own buffers. */
static size_t slot(const struct pattern *pattern, uint32_t exchange, uint32_t peer, bool sending)
{
    size_t sends = pattern->one_buffer ? 1 : pattern->devices;
    size_t index = sending ? (pattern->one_buffer ? 0 : peer) : sends + peer;
    return ((exchange % 2) * (sends + pattern->devices) + index) * slot_bytes(pattern);
}

static void fill(const struct device *device, unsigned char *arena, uint32_t exchange)
{
    const struct pattern *pattern = &device->cluster->pattern;
    for (uint32_t p = 0; p < (pattern->one_buffer ? 1 : pattern->active); p++) {
        unsigned char *bytes = arena + slot(pattern, exchange, p, true);
        for (size_t i = 0; i < pattern->bytes; i++)
            bytes[i] = content(device->inference, exchange, device->program.device, p, i);
    }
}

static void compare(struct device *device, const unsigned char *arena, uint32_t exchange)
{
    const struct pattern *pattern = &device->cluster->pattern;
    uint32_t to = pattern->one_buffer ? 0 : device->program.device;
    for (uint32_t p = 0; p < pattern->active; p++) {
        const unsigned char *bytes = arena + slot(pattern, exchange, p, false);
        for (size_t i = 0; p != device->program.device && i < pattern->bytes; i++)
            device->wrong += bytes[i] != content(device->inference, exchange, p, to, i);
    }
}

static int end_exchange(struct mednn_session *session, unsigned char *arena, uint32_t exchange)
{
    if (mednn_exchange_end(session, exchange))
        return -1;
    compare(self, arena, exchange);
    return 0;
}

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs,
               void *const *outputs)
{
    (void)inputs;
    (void)outputs;
    const struct pattern *pattern = &self->cluster->pattern;
    self->inference++;
    uint32_t exchanges = self->program.device < pattern->active ? pattern->exchanges : 0;
    for (uint32_t e = 0; e < exchanges; e++) {
        if (e >= 2 && mednn_exchange_flush(session, e - 2))
            return -1;
        fill(self, arena, e);
        if (mednn_exchange_begin(session, e))
            return -1;
        if (self->inside)
            self->inside(self, e);
        if (e && end_exchange(session, arena, e - 1))
            return -1;
    }
    return exchanges ? end_exchange(session, arena, exchanges - 1) : 0;
}

static struct mednn_message *make_table(const struct pattern *pattern, uint32_t device, bool sending,
                                        uint32_t *count)
{
    struct mednn_message *table = calloc((size_t)pattern->exchanges * pattern->devices + 1, sizeof *table);
    *count = 0;
    for (uint32_t e = 0; device < pattern->active && e < pattern->exchanges; e++)
        for (uint32_t p = 0; p < pattern->active; p++)
            if (p != device)
                table[(*count)++] =
                    (struct mednn_message){e, p, slot(pattern, e, p, sending), pattern->bytes};
    return table;
}

void device_prepare(struct device *device, struct cluster *cluster, uint32_t index)
{
    const struct pattern *pattern = &cluster->pattern;
    *device = (struct device){.cluster = cluster};
    memset(device->fingerprint, 0x5a, sizeof device->fingerprint);
    device->program = (struct mednn_program){.model = "pattern",
                                             .device = index,
                                             .devices = pattern->devices,
                                             .fingerprint = device->fingerprint,
                                             .exchange_count = pattern->exchanges,
                                             .run = run};
    device->program.arena_bytes = slot(pattern, 1, pattern->devices, false);
    device->program.sends = make_table(pattern, index, true, &device->program.send_count);
    device->program.receives = make_table(pattern, index, false, &device->program.receive_count);
    device->options =
        (struct mednn_options){.address = cluster->address, .listen_fd = cluster->listener[index]};
    for (uint32_t i = 0; i < pattern->devices; i++)
        if (i != index)
            close(cluster->listener[i]);
    self = device;
}

bool device_open(struct device *device)
{
    size_t bytes = (mednn_session_bytes(&device->program) + 63) / 64 * 64;
    device->memory = aligned_alloc(64, bytes);
    CHECK(device->memory);
    device->session =
        mednn_open(&device->program, device->memory, &device->options, device->error, sizeof device->error);
    return device->session;
}

int device_run(struct device *device)
{
    int status = mednn_run(device->session, NULL, NULL);
    if (status < 0)
        snprintf(device->error, sizeof device->error, "%s", mednn_error(device->session));
    return status;
}

void device_close(struct device *device)
{
    mednn_close(device->session);
    free(device->memory);
    free((void *)device->program.sends);
    free((void *)device->program.receives);
}

int device_serve(struct device *device)
{
    int status = device_open(device) ? 0 : -1;
    while (!status)
        status = device_run(device);
    device_close(device);
    CHECK_SAY(!device->wrong, "%llu wrong bytes", (unsigned long long)device->wrong);
    return status == 1 ? 0 : 1;
}

/* ---- processes ---- */

void cluster_start(struct cluster *cluster, uint32_t index, int (*body)(struct device *device))
{
    int pipe_fd[2];
    CHECK(!pipe(pipe_fd));
    cluster->pid[index] = fork();
    CHECK(cluster->pid[index] >= 0);
    if (!cluster->pid[index]) {
        struct device device;
        close(pipe_fd[0]);
        device_prepare(&device, cluster, index);
        int status = body(&device);
        if (*device.error && write(pipe_fd[1], device.error, strlen(device.error)) < 0)
            status = 99;
        exit(status);
    }
    close(pipe_fd[1]);
    close(cluster->listener[index]);
    cluster->message[index] = pipe_fd[0];
}

int cluster_wait(struct cluster *cluster, uint32_t index, char *error)
{
    char ignored[512];
    char *message = error ? error : ignored;
    ssize_t count = read(cluster->message[index], message, 511);
    message[count > 0 ? count : 0] = 0;
    close(cluster->message[index]);
    int status;
    while (waitpid(cluster->pid[index], &status, 0) < 0)
        CHECK(errno == EINTR);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
