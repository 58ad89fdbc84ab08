/* turns.c -- sessions of one process that take turns. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "turns.h"

#include "slow.h"

#include <pthread.h>

struct mednn_turns {
    pthread_mutex_t turn;
    double clock; /* of the slow device, when the turn was given back */
};

size_t mednn_turns_bytes(void)
{
    return sizeof(struct mednn_turns);
}

struct mednn_turns *mednn_turns_make(void *memory)
{
    struct mednn_turns *turns = memory;
    turns->clock = 0;
    return pthread_mutex_init(&turns->turn, NULL) ? NULL : turns;
}

void mednn_turn_take(struct mednn_session *session)
{
    struct mednn_turns *turns = session->options.turns;
    if (!turns)
        return;
    pthread_mutex_lock(&turns->turn);
    mednn_slow_not_before(session, turns->clock);
}

void mednn_turn_give(struct mednn_session *session)
{
    struct mednn_turns *turns = session->options.turns;
    if (!turns)
        return;
    turns->clock = mednn_slow_now(session);
    pthread_mutex_unlock(&turns->turn);
}
