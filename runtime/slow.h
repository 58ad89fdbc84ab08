/* slow.h -- PHONE_SLOW: a fast machine plays a slow device.
 *
 * With PHONE_SLOW=x in the environment of mednn_open(), x >= 1, a session keeps a clock of its own: the time at which a device that
 * computes x times as slowly would be where the program is. Computing advances it by x times the processor time of the calling
 * thread, and waiting for frames advances it to the moment at which they are there. Frames are sent and received by another thread
 * (tcp_carrier.c), on another processor of the device that is as slow: a frame leaves, or is there, when x times the processor time of the
 * system calls that moved it, and what that processor did before, have passed. The program itself runs ahead of the clock. It sleeps
 * until the clock's time is there only where others could see the difference: before a frame leaves, before it concludes that frames
 * have not come yet, and before the owner delivers outputs. The times to sleep until are absolute, so that no inaccuracy adds up.
 *
 * What counts for a step (one box of a layer, a copy, packing or unpacking a message), for waking the carrier, and for a frame or any
 * larger one is the least processor time that it has ever taken in this session: a device that computes without interruption has
 * warm caches and nobody beside it; one that is played for a hundredth of the time has not. To know them, every device first runs
 * its program some times alone, without exchanging anything, one device of the machine after the other: a few times, and for a
 * fraction of a second, so that short programs of several devices meet the same clock of the processor, which rises with work, as a
 * long one of a single device.
 */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SLOW_H
#define MEDNN_SLOW_H

#include "session.h"

/* Look at the environment; 0, or -1 when there is no memory. Without PHONE_SLOW everything below costs a comparison. */
int mednn_slow_open(struct mednn_session *session);
void mednn_slow_close(struct mednn_session *session);
/* Before the first inference the program is rehearsed with session->rehearses set: is it to be once more, after so many times? */
bool mednn_slow_rehearses(const struct mednn_session *session, uint32_t times);
/* Around all that. */
void mednn_slow_begin_rehearsal(struct mednn_session *session);
void mednn_slow_end_rehearsal(struct mednn_session *session);

/* The program of an inference begins. */
void mednn_slow_begin(struct mednn_session *session);
/* The program calls the runtime, and goes on. What it has done since its last step was packing `exchange`; the number of exchanges
 * for nothing. */
void mednn_slow_enter(struct mednn_session *session, uint32_t exchange);
void mednn_slow_leave(struct mednn_session *session);
/* The program has done a step, see mednn_done(). */
void mednn_slow_done(struct mednn_session *session, uint32_t layer, uint32_t piece);

/* Sleep until the clock's time is there; whether there was anything to sleep. */
bool mednn_slow_pause(struct mednn_session *session);
/* Somebody else of this device has computed until then, or what was waited for has come then. */
void mednn_slow_not_before(struct mednn_session *session, double time);
/* Telling the carrier that an exchange has begun took so much processor time; did it have to be woken? */
void mednn_slow_told(struct mednn_session *session, bool woke, double seconds);
/* The later one of the clock and of mednn_seconds(); that one without PHONE_SLOW. */
double mednn_slow_now(const struct mednn_session *session);
/* Processor time of this thread, or 0 without PHONE_SLOW. */
double mednn_slow_processor(const struct mednn_session *session);

/* The thread that carries frames has a clock of its own, as on a second processor that is as slow: a system call took so much processor
 * time. */
void mednn_slow_carried(struct mednn_session *session, double seconds);
/* With that a frame, by its index among the program's sends or receives, is carried, which took `seconds` in all; returns when (without
 * PHONE_SLOW mednn_seconds(), where somebody traces that). */
double mednn_slow_frame(struct mednn_session *session, bool sent, uint32_t index, double seconds);
/* Is that clock ahead of the time? Sleep until it is not. */
bool mednn_slow_carrier_busy(const struct mednn_session *session);
void mednn_slow_carrier_pause(const struct mednn_session *session);

#endif
