/* session.h -- what the parts of the runtime share: the state of a session, failures, numbers on the wire,
 * time. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SESSION_H
#define MEDNN_SESSION_H

#include "mednn_runtime.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define MEDNN_PROTOCOL_VERSION 1u

struct mednn_transport;

struct mednn_session {
    const struct mednn_program *program;
    const struct mednn_transport *transport;
    void *state;                  /* the transport's */
    struct mednn_options options; /* defaults filled in */
    unsigned char *arena;
    void *pool;            /* of threads (pool.c) */
    uint32_t pool_threads; /* that run beside the owner's */
    atomic_int processor;  /* the owner's, when it handed out work last (pool.c) */
    void *weights; /* mapped file of weights, or NULL */
    void *profile; /* of layers (profile.c), or NULL */
    uint32_t epoch; /* of the plan that runs; 0 as long as there is only one */
    uint32_t frame; /* number of the current inference, from 1 */
    struct mednn_stats stats;
    void *trace;    /* of events (trace.c), or NULL */
    void *slow;     /* the clock of a slow device (slow.c), or NULL */
    bool rehearses; /* no inference, but the program alone, for measuring: see slow.h */
    bool refused;       /* because of an input's value */
    atomic_bool failed; /* any thread of the session may say so; `error` is there once they have ended */
    char error[512];
};

/* Record the failure unless there is one already; always -1. */
int mednn_fail(struct mednn_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "device 1 at 127.0.0.1:7701", in a buffer of the caller. */
struct mednn_peer_name {
    char text[320];
};
const char *mednn_peer_name(struct mednn_peer_name *name, const struct mednn_session *session,
                            uint32_t device);

/* Map the program's file of weights, if it has one, and let the arena begin with a pointer to it; and the reverse
 * (weights.c). */
int mednn_weights_open(struct mednn_session *session);
void mednn_weights_close(struct mednn_session *session);

/* Huge pages (pages.c), where the system has them and the options want them; otherwise nothing happens. round: up to
 * whole ones, if it is not less than one. advise: for memory that has not been touched yet. move: constants, which stay at
 * their address. */
size_t mednn_pages_round(size_t bytes);
void mednn_pages_advise(const struct mednn_options *options, void *memory, size_t bytes);
void mednn_pages_move(const struct mednn_options *options, const void *weights, size_t bytes);

/* Start a thread that leaves signals to others; 0, or an error number. */
int mednn_thread(pthread_t *thread, void *(*work)(void *argument), void *argument);

/* Of the monotonic clock. */
int64_t mednn_milliseconds(void);
double mednn_seconds(void);

/* ---- little-endian numbers, at any address ---- */

static inline void mednn_put16(unsigned char *p, uint32_t value)
{
    p[0] = (unsigned char)(value & 255);
    p[1] = (unsigned char)(value >> 8 & 255);
}

static inline void mednn_put32(unsigned char *p, uint32_t value)
{
    mednn_put16(p, value & 0xffff);
    mednn_put16(p + 2, value >> 16);
}

static inline void mednn_put64(unsigned char *p, uint64_t value)
{
    mednn_put32(p, (uint32_t)(value & 0xffffffff));
    mednn_put32(p + 4, (uint32_t)(value >> 32));
}

static inline uint32_t mednn_get16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t mednn_get32(const unsigned char *p)
{
    return mednn_get16(p) | mednn_get16(p + 2) << 16;
}

static inline uint64_t mednn_get64(const unsigned char *p)
{
    return mednn_get32(p) | (uint64_t)mednn_get32(p + 4) << 32;
}

#endif
