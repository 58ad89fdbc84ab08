/* turns.h -- sessions of one process that take turns: one computes while the others wait for their peers.
 *
 * Several inferences in flight have a session and a thread each. A device with one processor for them gains nothing from computing
 * two at a time, and its caches lose; what it gains from is computing one while another waits. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TURNS_H
#define MEDNN_TURNS_H

#include "session.h"

/* Before a session computes, and before it waits. Without turns in the options nothing happens. The clock of a slow device (slow.h)
 * is that of whoever has the turn. */
void mednn_turn_take(struct mednn_session *session);
void mednn_turn_give(struct mednn_session *session);

#endif
