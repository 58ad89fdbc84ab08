/* exchange.c -- what an exchange costs: round trips through the runtime against the same over a bare socket.
 */
/* SPDX-License-Identifier: MIT */
#include "cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 7, ROUNDS = 20000, PER_INFERENCE = 20 /* round trips */ };

static size_t payload;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- bare TCP: there and back, blocking ---- */

static void move_all(int fd, unsigned char *bytes, bool sending)
{
    for (size_t done = 0; done < payload;) {
        ssize_t count =
            sending ? send(fd, bytes + done, payload - done, 0) : recv(fd, bytes + done, payload - done, 0);
        CHECK(count > 0);
        done += (size_t)count;
    }
}

static int connect_pair(int *child_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    CHECK(!bind(listener, (struct sockaddr *)&address, size) && !listen(listener, 1));
    CHECK(!getsockname(listener, (struct sockaddr *)&address, &size));
    *child_fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(!connect(*child_fd, (struct sockaddr *)&address, size));
    int fd = accept(listener, NULL, NULL);
    close(listener);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(*child_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static double median_bare(int rounds)
{
    unsigned char *bytes = calloc(1, payload);
    double *took = calloc((size_t)rounds, sizeof *took);
    int child_fd, fd = connect_pair(&child_fd);
    pid_t pid = fork();
    if (!pid) {
        for (int i = 0; i < rounds; i++) {
            move_all(child_fd, bytes, false);
            move_all(child_fd, bytes, true);
        }
        _exit(0);
    }
    for (int i = 0; i < rounds; i++) {
        double start = seconds_now();
        move_all(fd, bytes, true);
        move_all(fd, bytes, false);
        took[i] = seconds_now() - start;
    }
    waitpid(pid, NULL, 0);
    close(fd);
    close(child_fd);
    qsort(took, (size_t)rounds, sizeof *took, compare_doubles);
    double median = took[rounds / 2];
    free(took);
    free(bytes);
    return median;
}

/* ---- the runtime: even exchanges there, odd ones back ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs,
               void *const *outputs)
{
    (void)arena;
    (void)inputs;
    (void)outputs;
    for (uint32_t e = 0; e < 2 * PER_INFERENCE; e++)
        if (mednn_exchange_begin(session, e) || mednn_exchange_end(session, e))
            return -1;
    return 0;
}

static void use_tables(struct device *device, struct mednn_message *there, struct mednn_message *back)
{
    uint32_t self = device->program.device;
    for (uint32_t i = 0; i < PER_INFERENCE; i++) {
        there[i] = (struct mednn_message){2 * i, 1 - self, 0, payload};
        back[i] = (struct mednn_message){2 * i + 1, 1 - self, 0, payload};
    }
    device->program.sends = self ? back : there;
    device->program.receives = self ? there : back;
    device->program.send_count = device->program.receive_count = PER_INFERENCE;
    device->program.run = run;
}

static int serve(struct device *device)
{
    struct mednn_message there[PER_INFERENCE], back[PER_INFERENCE];
    use_tables(device, there, back);
    int status = device_open(device) ? 0 : -1;
    while (!status)
        status = device_run(device);
    mednn_close(device->session);
    return status < 0;
}

static double median_runtime(int rounds)
{
    struct cluster cluster;
    struct device device;
    struct mednn_message there[PER_INFERENCE], back[PER_INFERENCE];
    double *took = calloc((size_t)rounds, sizeof *took);
    cluster_prepare(
        &cluster,
        (struct pattern){.devices = 2, .active = 2, .exchanges = 2 * PER_INFERENCE, .bytes = payload});
    cluster_start(&cluster, 1, serve);
    device_prepare(&device, &cluster, 0);
    use_tables(&device, there, back);
    CHECK_SAY(device_open(&device), "%s", device.error);
    rounds /= PER_INFERENCE;
    for (int i = 0; i < rounds; i++) {
        double start = seconds_now();
        CHECK(!device_run(&device));
        took[i] = (seconds_now() - start) / PER_INFERENCE;
    }
    mednn_close(device.session);
    CHECK(!cluster_wait(&cluster, 1, NULL));
    qsort(took, (size_t)rounds, sizeof *took, compare_doubles);
    double median = took[rounds / 2];
    free(took);
    free(device.memory);
    return median;
}

int main(void)
{
    static const size_t sizes[] = {64, 4096, 65536, 1 << 20};
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("there and back, best median of several runs\n    bytes   bare TCP us   runtime us   ratio");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        payload = sizes[i];
        int rounds = payload > 100000 ? ROUNDS / 10 : ROUNDS;
        double bare = 1, runtime = 1;
        /* Where the two processes run makes more of a difference than what they do: the best of several runs.
         */
        for (int run_index = 0; run_index < RUNS; run_index++) {
            double once = median_bare(rounds), again = median_runtime(rounds);
            bare = once < bare ? once : bare;
            runtime = again < runtime ? again : runtime;
        }
        printf("%9zu %13.1f %12.1f %7.2f\n", payload, bare * 1e6, runtime * 1e6, runtime / bare);
    }
    return 0;
}
