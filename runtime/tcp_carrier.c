/* tcp_carrier.c -- the thread that carries frames while the program computes.
 *
 * A system call that moves a small frame takes as much processor time as some hundred thousand multiplications, and devices have more than one
 * processor. So the program only says how many exchanges have begun, and looks whether frames are there; this thread sends what
 * may leave, and takes in what is due, into the program's memory. It sleeps in poll(); the program wakes it by a pipe, and only where it
 * would not notice by itself. Both sides write first and look then: one of them sees what the other has written.
 *
 * Large frames leave one after the other. The owner cuts the input into frames for all devices and begins all of them at once. Left to
 * the system, connections share the way out, and even the first device has its part only when nearly all have theirs. So a large
 * frame waits until those of earlier exchanges have left, whomever they are for. Connections are asked to take no more than they can
 * soon send (TCP_NOTSENT_LOWAT), or else "has left" would mean little. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* POLLRDHUP, where there is one */
#include "handshake.h"
#include "slow.h"
#include "tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* a lost peer is then noticed when a frame of it is due */
#endif

#if defined(_POSIX_CLOCK_SELECTION) && _POSIX_CLOCK_SELECTION > 0
#define WAITING_CLOCK CLOCK_MONOTONIC
#else
#define WAITING_CLOCK CLOCK_REALTIME
#endif

enum { UNSENT_BYTES = 32 << 10, LONGEST_WAIT_MS = 1 << 20 };

/* ---- what may leave ---- */

static bool is_large(const struct mednn_message *message)
{
    return message->bytes >= LARGE_FRAME;
}

/* Two large frames that follow each other to different peers, in different exchanges. */
static bool has_order(const struct mednn_program *program)
{
    for (uint32_t i = 1; i < program->send_count; i++) {
        const struct mednn_message *before = &program->sends[i - 1], *message = &program->sends[i];
        if (is_large(before) && is_large(message) && before->peer != message->peer && before->exchange != message->exchange)
            return true;
    }
    return false;
}

bool tcp_may_send(const struct tcp *tcp, const struct mednn_program *program, uint32_t p)
{
    const struct stream *out = &tcp->peer[p].out;
    if (!is_due(tcp, out))
        return false;
    if (out->done || !is_large(stream_message(out)))
        return true;
    for (uint32_t q = 0; q < program->devices; q++) {
        const struct peer *other = &tcp->peer[q];
        if (q != p && other->fd >= 0 && is_due(tcp, &other->out) && is_large(stream_message(&other->out)) &&
            stream_exchange(&other->out) < stream_exchange(out))
            return false;
    }
    return true;
}

/* ---- the thread ---- */

/* What to wait for from a peer; publishes whether that includes its frames. */
static int events_of(const struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    struct peer *peer = &tcp->peer[p];
    const bool receives = stream_exchange(&peer->in) != UINT32_MAX, sends = stream_exchange(&peer->out) != UINT32_MAX;
    const bool watches = receives && (!peer->is_ahead || is_due(tcp, &peer->in));
    int events = watches ? POLLIN : 0;
    atomic_store(&peer->is_watched, watches);
    if (peer->is_stuck && (peer->control_left || tcp_may_send(tcp, session->program, p)))
        events |= POLLOUT;
    if (!peer->is_ahead && (receives || sends))
        events |= POLLRDHUP;
    return events;
}

/* Fill in what to poll for, the pipe first; returns how many. */
static nfds_t prepare(const struct mednn_session *session, uint32_t *whose, int *asked)
{
    struct tcp *tcp = session->state;
    struct pollfd *ways = tcp->carrier.poll;
    nfds_t count = 1;
    ways[0] = (struct pollfd){.fd = tcp->carrier.wake[0], .events = POLLIN};
    for (uint32_t p = 0; p < session->program->devices; p++) {
        const int events = tcp->peer[p].fd >= 0 ? events_of(session, p) : 0;
        if (!events)
            continue;
        ways[count] = (struct pollfd){.fd = tcp->peer[p].fd, .events = (short)events};
        asked[count] = events;
        whose[count++] = p;
    }
    return count;
}

/* What poll() has said of a peer. Reading first: what it sent before it closed still counts. */
static int handle(struct mednn_session *session, uint32_t p, int asked, int events)
{
    struct tcp *tcp = session->state;
    struct peer *peer = &tcp->peer[p];
    const int end = POLLHUP | POLLERR | POLLRDHUP;
    if (events & POLLOUT)
        peer->is_stuck = false;
    if (asked & POLLIN && events & (POLLIN | end)) {
        if (is_due(tcp, &peer->in))
            return tcp_receive(session, p);
        peer->is_ahead = true;
        return 0;
    }
    return events & end ? tcp_hung_up(session, p) : 0;
}

static int send_all(struct mednn_session *session)
{
    const struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++)
        if (tcp->peer[p].fd >= 0 && !tcp->peer[p].is_stuck && tcp_send(session, p))
            return -1;
    return 0;
}

static void look_again(const struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++)
        tcp->peer[p].is_ahead = false;
}

/* If bytes have moved the program may have something to go on with; returns whether any have. */
static bool announce(struct mednn_session *session)
{
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    if (!carrier->has_moved)
        return false;
    carrier->has_moved = false;
    carrier->moved_ms = mednn_milliseconds();
    pthread_cond_signal(&carrier->changed);
    return true;
}

/* Sleep until the program says something or a peer does, with the mutex given back; returns the descriptors that poll() has filled in. */
static nfds_t sleep_until_told(struct mednn_session *session, unsigned version, uint32_t *whose, int *asked)
{
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    const nfds_t count = prepare(session, whose, asked);
    char bytes[64];
    atomic_store(&carrier->sleeps, true);
    if (atomic_load(&carrier->version) != version) {
        atomic_store(&carrier->sleeps, false);
        return 0;
    }
    pthread_mutex_unlock(&carrier->mutex);
    const int ready = poll(carrier->poll, count, -1);
    const int error = errno;
    atomic_store(&carrier->sleeps, false);
    pthread_mutex_lock(&carrier->mutex);
    if (ready < 0 && error != EINTR)
        mednn_fail(session, "poll: %s", strerror(error));
    if (ready > 0 && carrier->poll[0].revents)
        (void)!read(carrier->wake[0], bytes, sizeof bytes);
    return ready > 0 ? count : 0;
}

/* On a device that is played, sending takes its time. */
static bool let_pass(struct mednn_session *session)
{
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    if (!carrier->is_held)
        return false;
    carrier->is_held = false;
    pthread_mutex_unlock(&carrier->mutex);
    mednn_slow_carrier_pause(session);
    pthread_mutex_lock(&carrier->mutex);
    return true;
}

/* One round: send, or else sleep and take in. What leaves may have held up something else. */
static int carry_once(struct mednn_session *session, unsigned *version)
{
    struct tcp *tcp = session->state;
    struct carrier *carrier = &tcp->carrier;
    uint32_t whose[1 + MEDNN_MAX_DEVICES];
    int asked[1 + MEDNN_MAX_DEVICES];
    const unsigned now = atomic_load(&carrier->version);
    if (now != *version)
        look_again(session);
    *version = now;
    if (send_all(session))
        return -1;
    if (!announce(session) && !let_pass(session)) {
        const nfds_t count = sleep_until_told(session, now, whose, asked);
        for (nfds_t i = 1; i < count; i++)
            if (carrier->poll[i].revents && handle(session, whose[i], asked[i], carrier->poll[i].revents))
                return -1;
    }
    (void)announce(session);
    return session->failed ? -1 : 0;
}

static void *carry(void *argument)
{
    struct mednn_session *session = argument;
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    unsigned version = atomic_load(&carrier->version);
    pthread_mutex_lock(&carrier->mutex);
    while (!atomic_load(&carrier->ends) && !carry_once(session, &version))
        ;
    pthread_cond_signal(&carrier->changed);
    pthread_mutex_unlock(&carrier->mutex);
    return NULL;
}

/* ---- the program's side ---- */

bool tcp_carrier_tell(struct mednn_session *session, bool sends)
{
    struct tcp *tcp = session->state;
    struct carrier *carrier = &tcp->carrier;
    bool wakes = sends;
    if (!carrier->runs)
        return false;
    atomic_fetch_add(&carrier->version, 1);
    if (!atomic_load(&carrier->sleeps))
        return false;
    for (uint32_t p = 0; p < session->program->devices && !wakes; p++)
        wakes = is_due(tcp, &tcp->peer[p].in) && !atomic_load(&tcp->peer[p].is_watched);
    return wakes && write(carrier->wake[1], "", 1) == 1;
}

static struct timespec after_ms(int64_t milliseconds)
{
    struct timespec time;
    clock_gettime(WAITING_CLOCK, &time);
    time.tv_sec += (time_t)(milliseconds / 1000);
    time.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void silent(struct mednn_session *session, int peer, uint32_t exchange, int timeout_ms)
{
    struct mednn_peer_name name;
    tcp_blame(session, (uint32_t)peer, FAULT_SILENT);
    const uint32_t count = session->program->exchange_count;
    exchange = exchange < count ? exchange : count ? count - 1 : 0;
    mednn_fail(session, "%s was silent for %.1f s in exchange %u of inference %u",
               mednn_peer_name(&name, session, (uint32_t)peer), timeout_ms / 1000.0, (unsigned)exchange,
               (unsigned)session->frame);
}

int tcp_carrier_wait(struct mednn_session *session, int (*awaited)(const struct mednn_session *session, uint32_t exchange),
                     uint32_t exchange, int timeout_ms)
{
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    const int64_t begin = mednn_milliseconds();
    pthread_mutex_lock(&carrier->mutex);
    for (int peer; (peer = awaited(session, exchange)) >= 0 && !session->failed;) {
        const int64_t since = carrier->moved_ms > begin ? carrier->moved_ms : begin;
        const int64_t left = timeout_ms < 0 ? LONGEST_WAIT_MS : since + timeout_ms - mednn_milliseconds();
        const struct timespec until = after_ms(left);
        if (left > 0)
            pthread_cond_timedwait(&carrier->changed, &carrier->mutex, &until);
        else
            silent(session, peer, exchange, timeout_ms);
    }
    pthread_mutex_unlock(&carrier->mutex);
    return session->failed ? -1 : 0;
}

static void limit_unsent(const struct mednn_session *session)
{
#ifdef TCP_NOTSENT_LOWAT
    const struct tcp *tcp = session->state;
    const int unsent = UNSENT_BYTES;
    const uint32_t devices = has_order(session->program) ? session->program->devices : 0;
    for (uint32_t p = 0; p < devices; p++)
        if (tcp->peer[p].fd >= 0)
            (void)!setsockopt(tcp->peer[p].fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
#else
    (void)session;
#endif
}

static int make_pipe(int *end)
{
    if (pipe(end))
        return -1;
    if (!mednn_make_nonblocking(end[0]) && !mednn_make_nonblocking(end[1]))
        return 0;
    close(end[0]);
    close(end[1]);
    return -1;
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
#if defined(_POSIX_CLOCK_SELECTION) && _POSIX_CLOCK_SELECTION > 0
    pthread_condattr_setclock(&attributes, WAITING_CLOCK);
#endif
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void dismantle(struct carrier *carrier)
{
    close(carrier->wake[0]);
    close(carrier->wake[1]);
    pthread_cond_destroy(&carrier->changed);
    pthread_mutex_destroy(&carrier->mutex);
}

int tcp_carrier_open(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    struct carrier *carrier = &tcp->carrier;
    if (session->program->devices < 2)
        return 0;
    if (make_pipe(carrier->wake))
        return mednn_fail(session, "no pipe for the thread that sends and receives: %s", strerror(errno));
    limit_unsent(session);
    pthread_mutex_init(&carrier->mutex, NULL);
    make_condition(&carrier->changed);
    const int status = mednn_thread(&carrier->thread, carry, session);
    if (status) {
        dismantle(carrier);
        return mednn_fail(session, "the thread that sends and receives cannot be started: %s", strerror(status));
    }
    carrier->runs = true;
    return 0;
}

void tcp_carrier_close(struct mednn_session *session)
{
    struct carrier *carrier = &((struct tcp *)session->state)->carrier;
    if (!carrier->runs)
        return;
    atomic_store(&carrier->ends, true);
    atomic_fetch_add(&carrier->version, 1);
    (void)!write(carrier->wake[1], "", 1);
    pthread_join(carrier->thread, NULL);
    dismantle(carrier);
    carrier->runs = false;
}
