/* session.c -- the life of a session: open, run inferences, close; the transport does the travelling. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "session.h"

#include "pool.h"
#include "profile.h"
#include "slow.h"
#include "trace.h"
#include "transport.h"
#include "turns.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef MEDNN_TRANSPORT
#define MEDNN_TRANSPORT mednn_transport_tcp
#endif
extern const struct mednn_transport MEDNN_TRANSPORT;

enum { ALIGNMENT = 64, DEFAULT_CONNECT_TIMEOUT_MS = 10000, DEFAULT_STEP_TIMEOUT_MS = 30000 };

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

int64_t mednn_milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double mednn_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int mednn_thread(pthread_t *thread, void *(*work)(void *argument), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = pthread_create(thread, NULL, work, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

int mednn_fail(struct mednn_session *session, const char *format, ...)
{
    if (!atomic_exchange(&session->failed, true)) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(session->error, sizeof session->error, format, arguments);
        va_end(arguments);
    }
    return -1;
}

const char *mednn_peer_name(struct mednn_peer_name *name, const struct mednn_session *session,
                            uint32_t device)
{
    const struct mednn_address *address = session->options.address;
    if (address && address[device].host) {
        const char *host = address[device].host;
        bool bare = strchr(host, ':') != NULL;
        snprintf(name->text, sizeof name->text, "device %u at %s%.255s%s:%u", (unsigned)device,
                 bare ? "[" : "", host, bare ? "]" : "", (unsigned)address[device].port);
    } else {
        snprintf(name->text, sizeof name->text, "device %u", (unsigned)device);
    }
    return name->text;
}

static size_t used_bytes(const struct mednn_program *program)
{
    return round_up(sizeof(struct mednn_session)) + round_up(MEDNN_TRANSPORT.bytes(program)) +
           round_up(program->arena_bytes) + mednn_pool_bytes(program);
}

size_t mednn_session_bytes(const struct mednn_program *program)
{
    return mednn_pages_round(used_bytes(program));
}

/* The tables come from the compiler, but everything else relies on them: look once. */
static bool table_is_sound(const struct mednn_program *program, const struct mednn_message *message,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (message[i].peer >= program->devices || message[i].peer == program->device ||
            message[i].exchange >= program->exchange_count || message[i].bytes > program->arena_bytes ||
            message[i].offset > program->arena_bytes - message[i].bytes ||
            (i && message[i].exchange < message[i - 1].exchange))
            return false;
    return true;
}

static int session_open(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    if (program->devices < 1 || program->devices > MEDNN_MAX_DEVICES || program->device >= program->devices ||
        program->threads > MEDNN_MAX_THREADS ||
        !table_is_sound(program, program->sends, program->send_count) ||
        !table_is_sound(program, program->receives, program->receive_count))
        return mednn_fail(session, "the tables of this program are damaged");
    if (program->devices > 1 && !session->options.address)
        return mednn_fail(session, "no addresses of the other devices");
    if (mednn_profile_open(session) || mednn_trace_open(session) || mednn_slow_open(session) || mednn_weights_open(session))
        return -1;
    const void *weights = session->weights ? session->weights : program->weights;
    if (weights && !(session->weights && session->options.lane)) /* every lane maps the file: one copy of it is enough */
        mednn_pages_move(&session->options, weights, program->weights_bytes);
    if (!session->transport->open(session)) {
        if (!mednn_pool_open(session))
            return 0;
        session->transport->close(session);
    }
    return -1;
}

struct mednn_session *mednn_open(const struct mednn_program *program, void *memory,
                                 const struct mednn_options *options, char *error, size_t error_size)
{
    unsigned char *bytes = memory;
    struct mednn_session *session = memory;
    size_t state_bytes = round_up(MEDNN_TRANSPORT.bytes(program));
    mednn_pages_advise(options, memory, mednn_session_bytes(program));
    memset(bytes, 0, used_bytes(program));
    session->program = program;
    session->transport = &MEDNN_TRANSPORT;
    session->state = bytes + round_up(sizeof *session);
    session->arena = bytes + round_up(sizeof *session) + state_bytes;
    session->pool = session->arena + round_up(program->arena_bytes);
    session->options = *options;
    if (!session->options.connect_timeout_ms)
        session->options.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    if (!session->options.step_timeout_ms)
        session->options.step_timeout_ms = DEFAULT_STEP_TIMEOUT_MS;
    if (session_open(session)) {
        mednn_weights_close(session);
        mednn_profile_close(session);
        mednn_trace_close(session);
        mednn_slow_close(session);
        snprintf(error, error_size, "%s", session->error);
        return NULL;
    }
    return session;
}

/* The first failure of a session is its last: the peers are told by cutting the connections. */
static int give_up(struct mednn_session *session)
{
    session->transport->abort(session);
    return session->refused ? -2 : -1;
}

/* The program's part of an inference, and what it has not waited for. */
static int run_program(struct mednn_session *session, const void *const *inputs, void *const *outputs)
{
    const struct mednn_program *program = session->program;
    mednn_profile_begin(session);
    mednn_slow_begin(session);
    mednn_trace_mark(session);
    int status = program->run(session, session->arena, inputs, outputs);
    mednn_slow_enter(session, session->program->exchange_count);
    if (status)
        return mednn_fail(session, "the program ended with status %d in inference %u", status,
                          (unsigned)session->frame);
    mednn_profile_end(session);
    mednn_turn_give(session);
    status = session->transport->flush(session, program->exchange_count);
    mednn_turn_take(session);
    if (status)
        return -1;
    if (!program->device)
        mednn_slow_pause(session);
    return 0;
}

/* The program alone, as often as a slow device is rehearsed: nothing is exchanged, so that the values are none. */
static void rehearse(struct mednn_session *session, const void *const *inputs, void *const *outputs)
{
    const struct mednn_program *program = session->program;
    session->rehearses = true;
    mednn_turn_take(session);
    mednn_slow_begin_rehearsal(session);
    for (uint32_t times = 0; mednn_slow_rehearses(session, times); times++) {
        mednn_slow_leave(session);
        (void)program->run(session, session->arena, inputs, outputs);
    }
    mednn_slow_end_rehearsal(session);
    mednn_turn_give(session);
    session->rehearses = false;
}

int mednn_run(struct mednn_session *session, const void *const *inputs, void *const *outputs)
{
    if (session->failed)
        return -1;
    if (session->slow && !session->frame)
        rehearse(session, inputs, outputs);
    session->frame++;
    int status = session->transport->start(session);
    if (status > 0)
        return 1;
    if (!status) {
        mednn_turn_take(session);
        status = run_program(session, inputs, outputs);
        mednn_turn_give(session);
    }
    if (status || session->failed)
        return give_up(session);
    session->stats.inferences++;
    return 0;
}

/* One function of the transport, called by the program. A rehearsal only begins exchanges. */
static int call(struct mednn_session *session, int (*function)(struct mednn_session *session, uint32_t exchange),
                uint32_t exchange, enum trace_kind kind)
{
    if (session->failed)
        return -1;
    mednn_slow_enter(session, kind == TRACE_PACK ? exchange : session->program->exchange_count);
    const double begin = session->trace ? mednn_slow_now(session) : 0;
    int status = session->rehearses && kind != TRACE_PACK ? 0 : function(session, exchange);
    mednn_trace_exchange(session, kind, exchange, begin);
    mednn_trace_mark(session);
    mednn_slow_leave(session);
    return status;
}

int mednn_exchange_begin(struct mednn_session *session, uint32_t exchange)
{
    return call(session, session->transport->begin, exchange, TRACE_PACK);
}

/* The program may be ahead of the slow device that it plays: frames that are not there may come until that asks. */
static int ready_in_time(struct mednn_session *session, uint32_t exchange)
{
    const int status = session->transport->ready(session, exchange);
    return !status && mednn_slow_pause(session) ? session->transport->ready(session, exchange) : status;
}

int mednn_exchange_ready(struct mednn_session *session, uint32_t exchange)
{
    return call(session, ready_in_time, exchange, TRACE_WAIT);
}

/* A function that waits: other inferences in flight compute meanwhile. */
static int wait_for(struct mednn_session *session, int (*function)(struct mednn_session *session, uint32_t exchange),
                    uint32_t exchange)
{
    if (session->rehearses)
        return call(session, function, exchange, TRACE_WAIT);
    mednn_turn_give(session);
    const int status = call(session, function, exchange, TRACE_WAIT);
    mednn_turn_take(session);
    return status;
}

int mednn_exchange_end(struct mednn_session *session, uint32_t exchange)
{
    return wait_for(session, session->transport->end, exchange);
}

int mednn_exchange_flush(struct mednn_session *session, uint32_t exchange)
{
    return wait_for(session, session->transport->flush, exchange);
}

void mednn_done(struct mednn_session *session, uint32_t layer, uint32_t piece)
{
    mednn_slow_done(session, layer, piece);
    mednn_trace_done(session, layer, piece);
    mednn_profile_done(session, layer);
}

int mednn_refuse(struct mednn_session *session, const char *message)
{
    if (session->rehearses)
        return -1;
    session->refused = !session->failed;
    return mednn_fail(session, "%s", message);
}

const char *mednn_error(const struct mednn_session *session)
{
    return session->error;
}

void mednn_session_stats(const struct mednn_session *session, struct mednn_stats *stats)
{
    *stats = session->stats;
}

void mednn_close(struct mednn_session *session)
{
    if (!session)
        return;
    mednn_pool_close(session);
    session->transport->close(session);
    mednn_weights_close(session);
    mednn_profile_close(session);
    mednn_trace_close(session);
    mednn_slow_close(session);
}
