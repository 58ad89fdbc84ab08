/* link.c -- how long messages take from one emulated phone to another, against arithmetic.
 *
 *     phones.sh TABLE -- link %i MBIT MS [CONTROL]        on two phones; MS: from one to the other
 *
 * Phone 0 sends messages of several sizes to phone 1, after silences of several lengths, over one connection, as device programs
 * do: TCP without delay, a large buffer. Both see the machine's one clock, so a message carries the time at which it was handed to
 * the system, and phone 1 prints medians of what passed until the last byte was there, and what arithmetic says: MS + bytes / rate,
 * with 54 bytes of headers in each packet of 1448. CONTROL: cubic, reno or bbr instead of the system's congestion control. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7700, MESSAGES = 9, PAYLOAD = 1448, HEADERS = 52 + 2 };

static const uint32_t size[] = {512, 4096, 14336, 57344, 302848};
static const double silence[] = {0.003, 0.03, 0.5};
enum { SIZES = sizeof size / sizeof *size, SILENCES = sizeof silence / sizeof *silence };

static unsigned char buffer[1 << 20];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void rest(double seconds)
{
    const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

static void die(const char *what)
{
    fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int prepare(int fd, const char *control)
{
    const int one = 1, bytes = 4 << 20;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (control && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, (socklen_t)strlen(control)))
        die(control);
    return fd;
}

static int open_connection(int phone, const char *control)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    inet_pton(AF_INET, "198.18.0.2", &address.sin_addr);
    for (int attempt = 0; phone == 0 && attempt < 100; attempt++) {
        const int fd = prepare(socket(AF_INET, SOCK_STREAM, 0), control);
        if (!connect(fd, (struct sockaddr *)&address, sizeof address))
            return fd;
        close(fd);
        rest(0.05);
    }
    const int listener = prepare(socket(AF_INET, SOCK_STREAM, 0), control);
    if (phone == 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1))
        die("no connection");
    return prepare(accept(listener, NULL, NULL), control);
}

static void send_message(int fd, uint32_t bytes)
{
    const double start = now();
    memcpy(buffer, &start, sizeof start);
    for (uint32_t done = 0; done < bytes;) {
        const ssize_t sent = send(fd, buffer + done, bytes - done, MSG_NOSIGNAL);
        if (sent <= 0)
            die("send");
        done += (uint32_t)sent;
    }
}

static double receive_message(int fd, uint32_t bytes)
{
    double start;
    for (uint32_t done = 0; done < bytes;) {
        const ssize_t got = recv(fd, buffer + done, bytes - done, MSG_WAITALL);
        if (got <= 0)
            die("recv");
        done += (uint32_t)got;
    }
    memcpy(&start, buffer, sizeof start);
    return now() - start;
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: link PHONE MBIT MS [CONTROL]\n");
        return 2;
    }
    const int phone = atoi(argv[1]);
    const double mbit = atof(argv[2]), ms = atof(argv[3]);
    const int fd = open_connection(phone, argc > 4 ? argv[4] : NULL);
    for (int s = 0; s < SIZES; s++)
        for (int gap = 0; gap < SILENCES; gap++) {
            double seconds[MESSAGES];
            for (int i = 0; i < MESSAGES; i++) {
                if (phone == 0) {
                    rest(silence[gap] + 8e-6 * size[s] / mbit);
                    send_message(fd, size[s]);
                } else {
                    seconds[i] = receive_message(fd, size[s]);
                }
            }
            if (phone == 0)
                continue;
            const double first = seconds[0] * 1e3;
            qsort(seconds, MESSAGES, sizeof *seconds, compare);
            const double packets = (size[s] + PAYLOAD - 1) / PAYLOAD, median = seconds[MESSAGES / 2] * 1e3;
            const double expected = ms + 8e-3 * (size[s] + packets * HEADERS) / mbit;
            printf("%6u bytes after %3.0f ms: first %6.2f median %6.2f ms, arithmetic %6.2f: %.2f\n", size[s],
                   silence[gap] * 1e3, first, median, expected, median / expected);
        }
    return 0;
}
