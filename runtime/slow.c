/* slow.c -- PHONE_SLOW: a fast machine that plays a slow device. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "session.h"
#include "transport.h"

#include <stdlib.h>
#include <time.h>

/* Debts below this are left to the next call. */
static const double SHORTEST_PAUSE = 20e-6;

static double thread_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

void mednn_slow_open(struct mednn_session *session)
{
    const char *text = getenv("PHONE_SLOW");
    char *end;
    const double factor = text ? strtod(text, &end) : 1;
    session->slow = text && end != text && !*end && factor > 1 && factor <= 1e6 ? factor : 1;
    mednn_slow_leave(session);
}

int mednn_slow_enter(struct mednn_session *session)
{
    if (session->slow <= 1)
        return 0;
    session->owed_seconds += (session->slow - 1) * (thread_seconds() - session->thread_seconds);
    if (session->owed_seconds < SHORTEST_PAUSE)
        return 0;
    /* What the system lets the pause last too long is taken off the next one. */
    const double until = mednn_seconds() + session->owed_seconds;
    int status = session->transport->pause(session, until);
    session->owed_seconds = until - mednn_seconds();
    return status;
}

void mednn_slow_leave(struct mednn_session *session)
{
    if (session->slow > 1)
        session->thread_seconds = thread_seconds();
}
