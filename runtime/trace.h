/* trace.h -- what a device does when: with MEDNN_TRACE=FILE in the environment, in the Chrome trace format that Perfetto opens.
 *
 * Device I writes FILE with "-I" before its extension (trace.json: trace-0.json) when the session closes: the last inferences, as many
 * as fit into a buffer. Every piece of a layer, every packing and unpacking, every wait and every frame is an event with the number of
 * the inference and, where it belongs to one, the exchange. Times are those of the system's monotonic clock, on a device that is
 * played (slow.h) those of its own clock; on one machine those of all devices go together. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TRACE_H
#define MEDNN_TRACE_H

#include "session.h"

enum trace_kind { TRACE_COMPUTE, TRACE_PACK, TRACE_WAIT, TRACE_SENT, TRACE_RECEIVED, TRACE_KINDS };

/* Look at the environment; 0, or -1 when there is no memory. Without MEDNN_TRACE everything below costs a comparison. */
int mednn_trace_open(struct mednn_session *session);
/* Write the file; says on stderr when that cannot be done. */
void mednn_trace_close(struct mednn_session *session);

/* The program of an inference begins, or goes on after a call of the runtime: what it does next takes time from now on. */
void mednn_trace_mark(struct mednn_session *session);
/* It has done a step, see mednn_done(). */
void mednn_trace_done(struct mednn_session *session, uint32_t layer, uint32_t piece);
/* It has waited for an exchange since `begin` (mednn_slow_now()); or since the mark packed one and begun to send it. What is very
 * short is left out. */
void mednn_trace_exchange(struct mednn_session *session, enum trace_kind kind, uint32_t exchange, double begin);
/* A frame was handed to the system, or taken from it, at that time. */
void mednn_trace_frame(struct mednn_session *session, bool sent, uint32_t index, double time);

#endif
