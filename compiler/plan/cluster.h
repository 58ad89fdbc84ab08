/* cluster.h -- the devices, how fast they are, and what lies between them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CLUSTER_H
#define MEDNN_CLUSTER_H

#include "../kernels/kernel.h"

#define MAX_DEVICES 64
/* How many threads a device may have. */
#define MAX_THREADS 64

/* One device of the cluster, device 0 being the owner. */
struct device {
    const char *name;
    double speed;        /* relative; > 0 */
    const char *address; /* host or IPv4/IPv6 address; NULL: 127.0.0.1 */
    int port;            /* 0: chosen by the planner's default, 7700 + index */
    int64_t memory;      /* bytes it may use; 0: unknown */
    const char *target;  /* instruction set or NULL */
    int threads;         /* that compute each layer together; 0: not said, 1 */

    /* What is known of its speed: seconds per unit of each kind of work, as measured; how many 1e9 multiply-accumulates a second it
     * reaches alone over a whole model (or 0), of which the proportions are then those that were measured, if any were; or nothing but
     * `speed`. */
    bool measured;
    double seconds[WORK_KINDS];
    double gmacs;
    double message_seconds, byte_seconds; /* the system's processor time for a message, and a byte of one, at either end; measured */
    double up, down;                      /* bytes per second that it can send and receive; 0: as the network */
};

/* Are the rates that were measured taken as they are, not as proportions? */
static inline bool device_keeps_rates(const struct device *device)
{
    return device->measured && !(device->gmacs > 0);
}

/* Overrides what the network says about one direction of one pair. */
struct link {
    int from, to;
    double latency, rate;
};

struct network {
    double latency; /* seconds, one way */
    double rate;    /* bytes per second of each device, up and down, or of the medium that all share */
    bool shared;    /* one medium, one sender at a time */
    int link_count, link_capacity;
    struct link *link;
};

struct cluster {
    int count;
    struct device device[MAX_DEVICES];
    struct network network;
};

/* Assumed where nothing is known: 10 GMAC/s for the fastest device, 200 Mbit/s full duplex, 2 ms. */
#define ASSUMED_GMACS 10.0
#define ASSUMED_RATE (200e6 / 8)
#define ASSUMED_LATENCY 2e-3

#endif
