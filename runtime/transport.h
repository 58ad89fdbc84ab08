/* transport.h -- how bytes travel between devices: one struct of functions per way.
 *
 * Every function returns 0, or -1 after mednn_fail(). Devices go through the exchanges of an inference in one
 * global order, so the frames between two devices arrive in the order of their tables: a transport needs no
 * tags and trusts no length that a peer sends. Nothing is allocated outside of the state handed to open(). */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TRANSPORT_H
#define MEDNN_TRANSPORT_H

#include "session.h"

struct mednn_transport {
    const char *name;
    /* Size of the state; its memory is zeroed, aligned to 64 and at session->state from open() on. */
    size_t (*bytes)(const struct mednn_program *program);
    /* Connect to the peers and prove to each other that all run the same program. */
    int (*open)(struct mednn_session *session);
    /* Device 0: tell the others that inference session->frame begins; may be delayed until the first begin().
     * Elsewhere: wait for that, however long it takes; returns 1 when the owner ends the session instead. */
    int (*start)(struct mednn_session *session);
    /* Start the frames of an exchange, without waiting. Exchanges begin in ascending order. Frames then travel by themselves: the
     * program may compute for long before it calls again. While session->rehearses nothing leaves: it only takes the program's time. */
    int (*begin)(struct mednn_session *session, uint32_t exchange);
    /* Have all frames of this exchange, which has begun, arrived? 1: yes, 0: no. */
    int (*ready)(struct mednn_session *session, uint32_t exchange);
    /* Wait until all frames of this exchange have arrived. */
    int (*end)(struct mednn_session *session, uint32_t exchange);
    /* Wait until the frames of all exchanges up to and including this one have left the arena. With the number of exchanges:
     * all frames, start() included. */
    int (*flush)(struct mednn_session *session, uint32_t exchange);
    /* Cut all connections now, so that the peers notice. */
    void (*abort)(struct mednn_session *session);
    /* Device 0 of a session that has not failed: tell the others to stop. Then close all connections. */
    void (*close)(struct mednn_session *session);
};

extern const struct mednn_transport mednn_transport_tcp;

#endif
