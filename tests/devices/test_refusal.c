/* test_refusal.c -- wrong, hostile, slow and dying peers: each ends in the right line, or disturbs nobody. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct pattern small = {.devices = 3, .active = 3, .exchanges = 3, .bytes = 3000};

static int own(struct device *device)
{
    int status = device_open(device) ? 0 : -1;
    for (int i = 0; !status && i < 200; i++)
        status = device_run(device);
    device_close(device);
    CHECK(!device->wrong);
    return status ? 1 : 0;
}

static void expect(const char *what, const char *line, const char *part)
{
    CHECK_SAY(strstr(line, part) && !strchr(line, '\n'), "%s: found '%s', expected '%s'", what, line, part);
}

/* ---- mismatches: device 1 differs in one thing, both ends must say which ---- */

static void (*change)(struct device *device);

static int serve_changed(struct device *device)
{
    change(device);
    return device_serve(device);
}

static void change_fingerprint(struct device *device)
{
    device->fingerprint[0] = 0x1a;
}

static void change_mode(struct device *device)
{
    device->program.float_mode = MEDNN_FLOAT_FMA;
}

static void change_count(struct device *device)
{
    device->program.devices++;
    device->options.address = calloc(MEDNN_MAX_DEVICES, sizeof *device->options.address);
    memcpy((void *)device->options.address, device->cluster->address, sizeof device->cluster->address);
}

/* Its cluster file has the others' addresses the wrong way round: it calls device 2 where it means device 0.
 */
static void change_addresses(struct device *device)
{
    struct mednn_address address = device->cluster->address[0];
    device->cluster->address[0] = device->cluster->address[2];
    device->cluster->address[2] = address;
}

static void run_mismatch(const char *what, void (*how)(struct device *device), uint32_t other,
                         const char *its_line, const char *other_line)
{
    struct cluster cluster;
    char error[512];
    cluster_prepare(&cluster, small);
    change = how;
    cluster_start(&cluster, 1, serve_changed);
    if (other)
        cluster_start(&cluster, other, device_serve);
    else
        cluster_start(&cluster, 0, own);
    double start = seconds_now();
    CHECK(cluster_wait(&cluster, 1, error) == 1);
    expect(what, error, its_line);
    CHECK(cluster_wait(&cluster, other, error) == 1);
    expect(what, error, other_line);
    CHECK(seconds_now() - start < 5);
    close(cluster.listener[other ? 0 : 2]);
    printf("ok: %s: %s\n", what, error);
}

static void run_missing(void)
{
    struct cluster cluster;
    cluster_prepare(&cluster, small);
    struct device device;
    device_prepare(&device, &cluster, 1);
    device.options.connect_timeout_ms = 300;
    double start = seconds_now();
    CHECK(!device_open(&device));
    CHECK(seconds_now() - start < 2);
    expect("nobody there", device.error, "cannot reach device 0 at 127.0.0.1:");
    expect("nobody there", device.error, "within 0.3 s: Connection refused");
    printf("ok: nobody there: %s\n", device.error);
    device_close(&device);
}

/* ---- peers that fail in the middle ---- */

static void (*misbehave)(void);

static void misbehave_inside(struct device *device, uint32_t exchange)
{
    if (device->inference == 5 && exchange == 1)
        misbehave();
}

static int serve_misbehaving(struct device *device)
{
    device->inside = misbehave_inside;
    return device_serve(device);
}

static void die(void)
{
    raise(SIGKILL);
}

static void hang(void)
{
    sleep_ms(3000);
}

static int own_timed(struct device *device)
{
    device->options.step_timeout_ms = 400;
    return own(device);
}

static void run_failure(const char *what, void (*how)(void), const char *part, double longest)
{
    struct cluster cluster;
    char error[512];
    cluster_prepare(&cluster, small);
    misbehave = how;
    cluster_start(&cluster, 1, device_serve);
    cluster_start(&cluster, 2, serve_misbehaving);
    double start = seconds_now();
    cluster_start(&cluster, 0, own_timed);
    CHECK(cluster_wait(&cluster, 0, error) == 1);
    double took = seconds_now() - start;
    expect(what, error, "device 2 at 127.0.0.1:");
    expect(what, error, part);
    expect(what, error, " inference 5");
    CHECK_SAY(took < longest, "%s took %.3f s", what, took);
    printf("ok: %s: %s (%.0f ms)\n", what, error, took * 1e3);
    CHECK(cluster_wait(&cluster, 1, error) == 1);
    cluster_wait(&cluster, 2, error);
}

/* ---- strangers ---- */

static int dial(const struct cluster *cluster, uint32_t device)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(cluster->port[device])};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void say(const struct cluster *cluster, uint32_t device, const void *bytes, size_t size, bool stay)
{
    int fd = dial(cluster, device);
    if (fd < 0)
        return;
    (void)!send(fd, bytes, size, MSG_NOSIGNAL);
    if (!stay)
        close(fd); /* those that stay are left to the end of the process */
}

static void bother(const struct cluster *cluster, int rounds)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
    unsigned char noise[500];
    for (int round = 0; round < rounds; round++)
        for (uint32_t device = 0; device < cluster->pattern.devices; device++) {
            for (size_t i = 0; i < sizeof noise; i++)
                noise[i] = (unsigned char)rand();
            say(cluster, device, http, sizeof http - 1, round % 2);
            say(cluster, device, noise, sizeof noise, round % 2);
            say(cluster, device, "mednnHi\n\1\0\0", 11, round % 3 == 0);
            say(cluster, device, "", 0, round % 3);
        }
}

static void run_strangers(void)
{
    struct cluster cluster;
    char error[512];
    cluster_prepare(&cluster, small);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (!pid) {
        signal(SIGPIPE, SIG_IGN);
        for (uint32_t i = 0; i < small.devices; i++)
            close(cluster.listener[i]);
        bother(&cluster, 12);
        for (;;) {
            bother(&cluster, 1);
            sleep_ms(5);
        }
    }
    sleep_ms(100); /* the strangers stand in the queues first */
    double start = seconds_now();
    cluster_start(&cluster, 0, own);
    sleep_ms(50);
    cluster_start(&cluster, 1, device_serve);
    cluster_start(&cluster, 2, device_serve);
    for (uint32_t i = 0; i < small.devices; i++) {
        int status = cluster_wait(&cluster, i, error);
        CHECK_SAY(!status, "device %u: %d %s", i, status, error);
    }
    kill(pid, SIGKILL);
    printf("ok: strangers disturb nobody (%.0f ms)\n", (seconds_now() - start) * 1e3);
}

/* ---- a peer that is let in and then sends what is not in the table ---- */

static void put32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(value >> 8 * i);
}

static void introduce(int fd, uint32_t device, uint32_t devices)
{
    unsigned char hello[64] = "mednnHi\n", answer[64];
    put32(hello + 8, 1);
    put32(hello + 12, device);
    put32(hello + 20, devices);
    memset(hello + 32, 0x5a, 32);
    CHECK(send(fd, hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello);
    CHECK(recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer && !memcmp(answer, hello, 12));
}

static void run_wrong_frame(uint32_t position, uint32_t value)
{
    struct cluster cluster;
    char error[512];
    unsigned char frame[32] = {0}, start[32];
    cluster_prepare(&cluster, (struct pattern){.devices = 2, .active = 2, .exchanges = 1, .bytes = 1000});
    cluster_start(&cluster, 0, own);
    int fd = dial(&cluster, 0);
    CHECK(fd >= 0);
    introduce(fd, 1, 2);
    CHECK(recv(fd, start, sizeof start, MSG_WAITALL) == sizeof start);
    memcpy(frame, start, sizeof frame);
    frame[6] = 1; /* data */
    put32(frame + 24, 1000);
    put32(frame + position, value);
    CHECK(send(fd, frame, sizeof frame, MSG_NOSIGNAL) == sizeof frame);
    CHECK(cluster_wait(&cluster, 0, error) == 1);
    expect("wrong frame", error, "device 1 at 127.0.0.1:");
    expect("wrong frame", error, "sent a wrong frame");
    close(fd);
    close(cluster.listener[1]);
    printf("ok: %s\n", error);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(120);
    run_mismatch("other plan", change_fingerprint, 0,
                 "was built from another plan (its fingerprint 5a5a5a5a..., mine 1a5a5a5a...)",
                 "was built from another plan (its fingerprint 1a5a5a5a..., mine 5a5a5a5a...)");
    run_mismatch("other mode", change_mode, 0,
                 "runs in portable floating-point mode, this one in fma: rebuild",
                 "runs in fma floating-point mode, this one in portable: rebuild");
    run_mismatch("other count", change_count, 0, "was built for 3 devices, this one for 4",
                 "was built for 4 devices, this one for 3");
    run_mismatch("other address", change_addresses, 2, "is really device 2",
                 "took this device for device 0, but it is device 2");
    run_missing();
    run_failure("killed", die, "closed the connection", 1);
    run_failure("hanging", hang, "was silent for 0.4 s", 2);
    run_strangers();
    run_wrong_frame(24, 1001);       /* length */
    run_wrong_frame(28, 0x7fffffff); /* length, upper half */
    run_wrong_frame(16, 1);          /* exchange */
    run_wrong_frame(12, 2);          /* inference */
    run_wrong_frame(8, 1);           /* epoch */
    run_wrong_frame(0, 0x20544547);  /* magic */
    return 0;
}
