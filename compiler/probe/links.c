/* links.c -- round trips and throughput over TCP, and the processor time that they cost.
 *
 * A probe sends commands of five bytes: a letter and a big-endian count. E: that many bytes follow and come back. S: that many
 * bytes follow, one comes back. G: that many are wanted. D: what the machine says about itself, WORK_KINDS + 3 numbers in decimal,
 * closed by a newline. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../support/fail.h"
#include "probe.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 1 << 20, SMALL = 64, ECHOES = 60, LARGE_ECHOES = 20, TURNS = 9, WAIT_SECONDS = 20, LINE_BYTES = 1024 };

static unsigned char payload[LARGEST];

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool write_all(int fd, const void *bytes, size_t count)
{
    for (const char *at = bytes; count;) {
        const ssize_t sent = send(fd, at, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        count -= (size_t)sent;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t count)
{
    for (char *at = bytes; count;) {
        const ssize_t got = recv(fd, at, count, 0);
        if (got <= 0)
            return false;
        at += got;
        count -= (size_t)got;
    }
    return true;
}

static void set_options(int fd)
{
    const struct timeval wait = {.tv_sec = WAIT_SECONDS};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

/* ---- serving ---- */

static bool tell(int fd, const struct device *device)
{
    char line[LINE_BYTES];
    int used = 0;
    for (int k = 0; k < WORK_KINDS; k++)
        used += snprintf(line + used, sizeof line - (size_t)used, "%.9g ", device->seconds[k]);
    used += snprintf(line + used, sizeof line - (size_t)used, "%.9g %.9g %d\n", device->message_seconds,
                     device->byte_seconds, device->measured);
    return write_all(fd, line, (size_t)used);
}

static bool answer(int fd, const struct device *device)
{
    unsigned char command[5];
    if (!read_all(fd, command, sizeof command))
        return false;
    const size_t count = (size_t)command[1] << 24 | (size_t)command[2] << 16 | (size_t)command[3] << 8 | command[4];
    if (count > LARGEST)
        return false;
    switch (command[0]) {
    case 'E':
        return read_all(fd, payload, count) && write_all(fd, payload, count);
    case 'S':
        return read_all(fd, payload, count) && write_all(fd, payload, 1);
    case 'G':
        return write_all(fd, payload, count);
    case 'D':
        return tell(fd, device);
    }
    return false;
}

static void serve_connections(int listening, const struct device *device)
{
    for (;;) {
        const int fd = accept(listening, NULL, NULL);
        if (fd < 0)
            continue;
        set_options(fd);
        while (answer(fd, device))
            ;
        close(fd);
    }
}

static int listen_on(const char *host, int port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found))
        fail("cannot listen on port %d", port);
    const int fd = socket(found->ai_family, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 8))
        fail("cannot listen on port %d: %m", port);
    freeaddrinfo(found);
    return fd;
}

void probe_serve(struct arena *arena, int port, const struct device *device)
{
    (void)arena;
    const int fd = listen_on(NULL, port);
    note("answering probes on port %d", port);
    serve_connections(fd, device);
}

/* ---- asking ---- */

static int connect_to(const char *host, int port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found))
        fail("%s: no such host", host);
    int fd = -1;
    for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM, 0);
        set_options(fd);
        if (connect(fd, at->ai_addr, at->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0)
        fail("%s port %d does not answer: is mednn-probe --serve=%d running there?", host, port, port);
    return fd;
}

/* Seconds from a command to the end of its answer. */
static double ask(int fd, char letter, size_t count, size_t sent, size_t wanted)
{
    const unsigned char command[5] = {(unsigned char)letter, (unsigned char)(count >> 24), (unsigned char)(count >> 16),
                                      (unsigned char)(count >> 8), (unsigned char)count};
    const double begin = clock_seconds(CLOCK_MONOTONIC);
    if (!write_all(fd, command, sizeof command) || !write_all(fd, payload, sent) || !read_all(fd, payload, wanted))
        fail("the probed machine hung up");
    return clock_seconds(CLOCK_MONOTONIC) - begin;
}

static int compare_numbers(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median_of(double number[], int count)
{
    qsort(number, (size_t)count, sizeof *number, compare_numbers);
    return number[count / 2];
}

/* Processor seconds of an echo of `count` bytes, per direction: the least of a few turns, because other work only ever adds to it. */
static double echo_cost(int fd, size_t count, int echoes)
{
    double least = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        const double begin = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < echoes; i++)
            ask(fd, 'E', count, count, count);
        const double each = (clock_seconds(CLOCK_THREAD_CPUTIME_ID) - begin) / (2 * echoes);
        least = !turn || each < least ? each : least;
    }
    return least;
}

void probe_messages(struct device *device)
{
    const int listening = listen_on("127.0.0.1", 0);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    getsockname(listening, (struct sockaddr *)&address, &length);
    const int port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    const pid_t child = fork();
    if (child < 0)
        fail_machine("cannot start a process");
    if (!child) {
        serve_connections(listening, device);
        _exit(0);
    }
    close(listening);
    const int fd = connect_to("127.0.0.1", port);
    device->message_seconds = echo_cost(fd, SMALL, ECHOES);
    const double large = echo_cost(fd, LARGEST, LARGE_ECHOES);
    device->byte_seconds = (large - device->message_seconds) / LARGEST;
    if (!(device->byte_seconds > 1e-12))
        device->byte_seconds = 1e-12;
    close(fd);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Not trusted: every number must be one, and sensible. */
static void read_rates(int fd, struct device *device)
{
    char line[LINE_BYTES], *at = line, *end;
    size_t used = 0;
    ask(fd, 'D', 0, 0, 0);
    while (used < sizeof line - 1 && read_all(fd, line + used, 1) && line[used] != '\n')
        used++;
    line[used] = 0;
    double number[WORK_KINDS + 3];
    for (int i = 0; i < WORK_KINDS + 3; i++) {
        number[i] = strtod(at, &end);
        if (end == at || !(number[i] >= 0 && number[i] < 1e3))
            fail("the probed machine's rates are not numbers");
        at = end;
    }
    for (int k = 0; k < WORK_KINDS; k++)
        device->seconds[k] = number[k] > 1e-18 ? number[k] : 1e-18;
    device->message_seconds = number[WORK_KINDS];
    device->byte_seconds = number[WORK_KINDS + 1] > 1e-18 ? number[WORK_KINDS + 1] : 1e-18;
    device->measured = number[WORK_KINDS + 2] > 0;
}

struct probed_link probe_link(struct arena *arena, const char *host, int port, struct device *device)
{
    (void)arena;
    const int fd = connect_to(host, port);
    double trip[ECHOES], to[LARGE_ECHOES], from[LARGE_ECHOES];
    read_rates(fd, device);
    for (int i = 0; i < ECHOES; i++)
        trip[i] = ask(fd, 'E', SMALL, SMALL, SMALL);
    const double round_trip = median_of(trip, ECHOES);
    for (int i = 0; i < LARGE_ECHOES; i++) {
        to[i] = ask(fd, 'S', LARGEST, LARGEST, 1) - round_trip;
        from[i] = ask(fd, 'G', LARGEST, 0, LARGEST) - round_trip;
    }
    close(fd);
    const double up = median_of(to, LARGE_ECHOES), down = median_of(from, LARGE_ECHOES);
    return (struct probed_link){round_trip / 2, LARGEST / (up > 1e-6 ? up : 1e-6), LARGEST / (down > 1e-6 ? down : 1e-6)};
}
