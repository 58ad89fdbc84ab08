/* cluster.h -- small hand-written device programs, run as processes of one test. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_CLUSTER_H
#define TEST_CLUSTER_H

#include "mednn_runtime.h"

#include <stdbool.h>
#include <sys/types.h>

/* What the devices do: in each exchange every device below `active` sends `bytes` to every other of them.
 * Contents depend on inference, exchange, sender and receiver, and are checked on arrival. */
struct pattern {
    uint32_t devices, active, exchanges;
    size_t bytes;
    bool one_buffer; /* a device sends the same buffer to all: less memory for large frames */
};

struct cluster {
    struct pattern pattern;
    int listener[MEDNN_MAX_DEVICES];
    uint16_t port[MEDNN_MAX_DEVICES];
    struct mednn_address address[MEDNN_MAX_DEVICES];
    pid_t pid[MEDNN_MAX_DEVICES];
    int message[MEDNN_MAX_DEVICES]; /* the read end of what a device says at its end */
};

/* One device of a cluster, within its process. `program` may be changed before device_open(). */
struct device {
    struct cluster *cluster;
    struct mednn_program program;
    struct mednn_options options;
    unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];
    struct mednn_session *session;
    void *memory;
    uint32_t inference; /* from 1 */
    uint64_t wrong;     /* bytes received that are not what they should be */
    void (*inside)(struct device *device, uint32_t exchange); /* called between begin and end; or NULL */
    char error[512];
};

/* Listening sockets on 127.0.0.1 for all devices. */
void cluster_prepare(struct cluster *cluster, struct pattern pattern);

/* Fork a process that runs `body` as device `index`; it ends with status 0 when body returns 0, and hands
 * device->error to cluster_wait(). Each device is started once. */
void cluster_start(struct cluster *cluster, uint32_t index, int (*body)(struct device *device));

/* Make this process device `index`. */
void device_prepare(struct device *device, struct cluster *cluster, uint32_t index);
bool device_open(struct device *device);
/* One inference: the value of mednn_run, after device->error was set. */
int device_run(struct device *device);
void device_close(struct device *device);

/* Serve until the owner ends; 0 when all went well. */
int device_serve(struct device *device);

/* Wait for a started device: its exit status, or 128 + signal; what it said in `error` (512 bytes). */
int cluster_wait(struct cluster *cluster, uint32_t index, char *error);

/* End the test with status 1 and a line unless the condition holds. */
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition, " ")
#define CHECK_SAY(condition, ...) check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)
void check(bool holds, const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

double seconds_now(void);
void sleep_ms(int milliseconds);

#endif
