/* probe.h -- measuring devices and the links between them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROBE_H
#define MEDNN_PROBE_H

#include "../plan/cluster.h"

/* Measure this machine's seconds per unit of every kind of work: small networks of one kind of layer are compiled as any model
 * is, built with make and run. Fails where no C compiler works. */
void probe_kernels(struct arena *arena, struct device *device);

/* Processor time of this machine for messages, over its own loopback. */
void probe_messages(struct device *device);

/* Answer probes on a TCP port until killed; `device` is what is told about this machine. */
void probe_serve(struct arena *arena, int port, const struct device *device);

/* What a machine that serves tells about itself, and the link to it and back: seconds one way, bytes per second each way. */
struct probed_link {
    double latency, rate_to, rate_from;
};
struct probed_link probe_link(struct arena *arena, const char *host, int port, struct device *device);

#endif
