/* arrivals.h -- all devices of a model in one process, and frames that arrive exactly when a test wants them.
 *
 * mednn_transport_arrivals takes the place of TCP in session.c (-DMEDNN_TRANSPORT=mednn_transport_arrivals). First all devices run
 * together, each in a thread, and every frame is written down. Then each runs alone, with the frames that the others sent:
 * whatever it computes and sends must be the same, whenever they come. What generated code may rely on is little
 * (mednn_runtime.h), and this transport goes to the limits of it:
 *
 *   memory to receive into is the transport's from mednn_exchange_begin() on; what stands there until the frame is whole is nobody's
 *   business (here: garbage); frames of one sender arrive in order, and are there when mednn_exchange_end() returns
 *   memory to send from is read at any time between mednn_exchange_begin() and mednn_exchange_flush(), or the end of the inference
 *   the arena holds garbage when an inference begins: it is the one before that leaves it so
 */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_ARRIVALS_H
#define TEST_ARRIVALS_H

#include "mednn_runtime.h"

enum arrivals {
    ARRIVE_TOGETHER,  /* all devices run and wait for each other; no frame is there before its receiver waits for it. Recorded. */
    ARRIVE_AT_ONCE,   /* when their exchange begins: mednn_exchange_ready() always says yes; sent at once, too */
    ARRIVE_AT_LAST,   /* when the program waits for them: mednn_exchange_ready() always says no; sent at last, too */
    ARRIVE_BY_CHANCE, /* at any call of the runtime in between, by a seed */
    ARRIVALS
};

/* The programs that the test was linked with: first the model's program for one device alone, which says what is right, then those
 * of the devices; `arrivals_programs` in all. */
extern const struct mednn_program *const arrivals_program[];
extern const uint32_t arrivals_programs;

#endif
