/* transport_tcp.c -- frames over TCP: one connection per pair of devices, one poll loop for both directions. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* POLLRDHUP, where there is one */
#include "handshake.h"
#include "slow.h"
#include "tcp.h"
#include "transport.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* a lost peer is then noticed when a frame of it is due */
#endif

enum { CLOSE_TIMEOUT_MS = 2000, LARGEST_REQUEST = 208 << 10, LARGEST_SIZED = 2 << 20 };

static size_t tcp_bytes(const struct mednn_program *program)
{
    return tcp_seconds_offset(program) + program->send_count * sizeof(double);
}

/* ---- what is waited for ---- */

/* The first message of an exchange, or of a later one, in a table, which is sorted. */
static uint32_t first_message(const struct mednn_message *message, uint32_t count, uint32_t exchange)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (message[middle].exchange < exchange)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A peer whose frame of the exchange is not there yet, or -1. */
static int missing_peer(const struct mednn_session *session, uint32_t exchange)
{
    const struct mednn_program *program = session->program;
    const struct tcp *tcp = session->state;
    for (uint32_t i = first_message(program->receives, program->receive_count, exchange);
         i < program->receive_count && program->receives[i].exchange == exchange; i++)
        if (tcp->peer[program->receives[i].peer].in.current <= i)
            return (int)program->receives[i].peer;
    return -1;
}

/* A peer that has not taken all frames up to the exchange (with the number of exchanges: START or END either), or -1. */
static int congested_peer(const struct mednn_session *session, uint32_t exchange)
{
    const struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        const struct peer *peer = &tcp->peer[p];
        if (peer->fd >= 0 && (stream_exchange(&peer->out) <= exchange ||
                              (exchange >= session->program->exchange_count && peer->control_left)))
            return (int)p;
    }
    return -1;
}

/* ---- progress ---- */

/* Fill in what to poll for. */
static void prepare_poll(const struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        int events = 0;
        tcp->poll[p] = (struct pollfd){.fd = -1};
        if (peer->fd < 0)
            continue;
        if (peer->control_left || tcp_may_send(tcp, session->program, p))
            events |= POLLOUT;
        if (stream_exchange(&peer->in) < tcp->begun)
            events |= POLLIN;
        if (!peer->has_data_ahead &&
            (peer->in.current < peer->in.count || peer->out.current < peer->out.count))
            events |= POLLRDHUP;
        if (events)
            tcp->poll[p] = (struct pollfd){.fd = peer->fd, .events = (short)events};
    }
}

static int progress(struct mednn_session *session, uint32_t p, int events)
{
    const struct tcp *tcp = session->state;
    int asked = tcp->poll[p].events;
    /* Reading first: what a peer sent before it closed still counts. */
    if (asked & POLLIN && events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP) && tcp_receive(session, p))
        return -1;
    if (asked & POLLOUT && events & (POLLOUT | POLLHUP | POLLERR) && tcp_send(session, p))
        return -1;
    if (!(asked & POLLIN) && events & (POLLHUP | POLLERR | POLLRDHUP) && tcp_hung_up(session, p))
        return -1;
    return 0;
}

static int progress_all(struct mednn_session *session)
{
    const struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++)
        if (tcp->poll[p].revents && progress(session, p, tcp->poll[p].revents))
            return -1;
    return 0;
}

/* poll(), restarted after signals. */
static int poll_peers(struct mednn_session *session, int timeout_ms)
{
    struct tcp *tcp = session->state;
    int64_t deadline = 0;
    for (int left = timeout_ms;;) {
        int ready = poll(tcp->poll, session->program->devices, left);
        if (ready >= 0 || errno != EINTR)
            return ready;
        if (timeout_ms < 0)
            continue;
        /* The clock is asked only here: this is the hottest path of the runtime. */
        int64_t now = mednn_milliseconds();
        deadline = deadline ? deadline : now + timeout_ms;
        left = deadline > now ? (int)(deadline - now) : 0;
    }
}

static int silent(struct mednn_session *session, int peer, uint32_t exchange, int timeout_ms)
{
    struct mednn_peer_name name;
    tcp_blame(session, (uint32_t)peer, FAULT_SILENT);
    uint32_t count = session->program->exchange_count;
    exchange = exchange < count ? exchange : count ? count - 1 : 0;
    return mednn_fail(session, "%s was silent for %.1f s in exchange %u of inference %u",
                      mednn_peer_name(&name, session, (uint32_t)peer), timeout_ms / 1000.0, (unsigned)exchange,
                      (unsigned)session->frame);
}

/* Progress everything that has begun until `awaited` finds nobody. */
static int wait_for(struct mednn_session *session, int (*awaited)(const struct mednn_session *session, uint32_t exchange),
                    uint32_t exchange, int timeout_ms)
{
    struct tcp *tcp = session->state;
    int status = 0;
    tcp_lock(tcp);
    int peer = awaited(session, exchange);
    if (peer < 0) {
        tcp_tell_sent(session);
        tcp_unlock(tcp);
        return 0;
    }
    const double start = mednn_slow_now(session);
    for (; peer >= 0 && !status; peer = awaited(session, exchange)) {
        prepare_poll(session);
        tcp_unlock(tcp);
        int ready = poll_peers(session, timeout_ms < 0 ? -1 : timeout_ms);
        tcp_lock(tcp);
        if (ready < 0)
            status = mednn_fail(session, "poll: %s", strerror(errno));
        else if (!ready)
            status = silent(session, peer, exchange, timeout_ms);
        else
            status = progress_all(session);
    }
    tcp_tell_sent(session);
    tcp_unlock(tcp);
    if (status)
        return -1;
    mednn_slow_waited(session);
    session->stats.wait_seconds += mednn_slow_now(session) - start;
    return 0;
}

/* ---- the functions of the transport ---- */

static void tcp_abort(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    tcp_sender_close(session);
    for (uint32_t p = 0; p < session->program->devices; p++) {
        if (tcp->peer[p].fd >= 0 && session->failed)
            tcp_send_failure(session, &tcp->peer[p]);
        if (tcp->peer[p].fd >= 0)
            close(tcp->peer[p].fd);
        tcp->peer[p].fd = -1;
    }
}

static uint64_t largest_frame(const struct stream *stream)
{
    uint64_t largest = 0;
    for (uint32_t i = stream->first; i < stream->count; i = stream->next[i])
        if (stream->message[i].bytes > largest)
            largest = stream->message[i].bytes;
    return largest + HEADER_BYTES;
}

/* The system shall take whole frames, several of them, so that they travel while this device computes: what does not fit waits
 * for the next call of the runtime. Linux makes buffers twice as large as it is asked to, but not larger than net.core.*mem_max says;
 * where that is too little, its own idea of a buffer, which grows, is better if it can be had again. So it is for very large frames. */
static void size_buffer(int fd, int option, uint64_t frame)
{
    const uint64_t request = frame > LARGEST_REQUEST / 2 ? 2 * frame : frame > LARGEST_REQUEST / 8 ? LARGEST_REQUEST : 8 * frame;
    int before = 0, granted = 0, wanted = frame > LARGEST_SIZED ? 0 : (int)request;
    socklen_t size = sizeof before;
    if (getsockopt(fd, SOL_SOCKET, option, &before, &size) || wanted <= before)
        return;
    (void)!setsockopt(fd, SOL_SOCKET, option, &wanted, sizeof wanted);
    size = sizeof granted;
    if (getsockopt(fd, SOL_SOCKET, option, &granted, &size) || (uint64_t)granted >= 2 * frame)
        return;
#ifdef SO_BUF_LOCK
    const int none = 0;
    (void)!setsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &none, sizeof none);
#endif
}

static void size_buffers(const struct peer *peer)
{
    size_buffer(peer->fd, SO_SNDBUF, largest_frame(&peer->out));
    size_buffer(peer->fd, SO_RCVBUF, largest_frame(&peer->in));
}

static int tcp_open(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    struct tcp *tcp = session->state;
    tcp_thread_tables(session);
    tcp->culprit = program->device;
    bool wanted[MEDNN_MAX_DEVICES] = {false};
    int fd[MEDNN_MAX_DEVICES];
    for (uint32_t p = 0; p < program->devices; p++)
        wanted[p] =
            p != program->device && (!p || !program->device || tcp->peer[p].out.first < program->send_count ||
                                     tcp->peer[p].in.first < program->receive_count);
    int status = mednn_handshake(session, wanted, fd);
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++) {
        tcp->peer[p].fd = p < program->devices ? fd[p] : -1;
        if (tcp->peer[p].fd >= 0)
            size_buffers(&tcp->peer[p]);
    }
    if (!status)
        tcp_sender_open(session);
    return status;
}

static void queue_control(struct mednn_session *session, enum frame_type type)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        if (peer->fd < 0)
            continue;
        assert(!peer->control_left);
        tcp_encode_header(session, peer->control, type, 0, 0);
        peer->control_left = HEADER_BYTES;
    }
}

/* A worker waits for the owner's word; between inferences nothing else is on that connection. */
static int wait_for_owner(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    unsigned char header[HEADER_BYTES];
    tcp_lock(tcp);
    tcp->begun = 0;
    tcp_unlock(tcp);
    for (size_t done = 0, bytes; done < HEADER_BYTES; done += bytes) {
        struct pollfd owner = {.fd = tcp->peer[0].fd, .events = POLLIN};
        if (poll(&owner, 1, -1) < 0 && errno != EINTR)
            return mednn_fail(session, "poll: %s", strerror(errno));
        struct iovec piece = {header + done, HEADER_BYTES - done};
        if (tcp_read(session, 0, &piece, 1, &bytes))
            return -1;
    }
    if (mednn_get16(header + 6) == FRAME_END)
        return tcp_check_header(session, 0, header, FRAME_END, 0, 0) ? -1 : 1;
    return tcp_check_header(session, 0, header, FRAME_START, 0, 0);
}

static int tcp_start(struct mednn_session *session)
{
    const int status = session->program->device ? wait_for_owner(session) : 0;
    if (status)
        return status;
    tcp_lock(session->state);
    if (!session->program->device)
        queue_control(session, FRAME_START); /* leaves together with the first frames */
    tcp_rewind_tables(session);
    tcp_unlock(session->state);
    return 0;
}

/* Does anything leave when the exchange begins? */
static bool sends_something(const struct mednn_session *session, uint32_t exchange)
{
    const struct mednn_program *program = session->program;
    const struct tcp *tcp = session->state;
    const uint32_t first = first_message(program->sends, program->send_count, exchange);
    bool sends = first < program->send_count && program->sends[first].exchange == exchange;
    for (uint32_t p = 0; p < program->devices; p++)
        sends |= tcp->peer[p].control_left > 0;
    return sends;
}

static int tcp_begin(struct mednn_session *session, uint32_t exchange)
{
    struct tcp *tcp = session->state;
    assert(exchange >= tcp->begun && exchange < session->program->exchange_count);
    int status = 0;
    tcp_lock(tcp);
    const bool sends = sends_something(session, exchange);
    tcp_unlock(tcp);
    if (sends)
        mednn_slow_pause(session);
    tcp_lock(tcp);
    tcp->begun = exchange + 1;
    for (uint32_t p = 0; p < session->program->devices && !status; p++) {
        struct peer *peer = &tcp->peer[p];
        peer->has_data_ahead = false;
        if (peer->fd >= 0 && (peer->control_left || has_frame_to_send(tcp, peer)))
            status = tcp_send(session, p);
    }
    if (tcp->sender.runs)
        pthread_cond_signal(&tcp->sender.changed);
    tcp_unlock(tcp);
    return status;
}

static int tcp_progress(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    tcp_lock(tcp);
    prepare_poll(session);
    const int status = poll_peers(session, 0) > 0 ? progress_all(session) : 0;
    tcp_tell_sent(session);
    tcp_unlock(tcp);
    return status;
}

static int tcp_ready(struct mednn_session *session, uint32_t exchange)
{
    if (missing_peer(session, exchange) < 0)
        return 1;
    return tcp_progress(session) ? -1 : missing_peer(session, exchange) < 0;
}

static int tcp_end(struct mednn_session *session, uint32_t exchange)
{
    assert(exchange < ((struct tcp *)session->state)->begun);
    return wait_for(session, missing_peer, exchange, session->options.step_timeout_ms);
}

static int tcp_flush(struct mednn_session *session, uint32_t exchange)
{
    return wait_for(session, congested_peer, exchange, session->options.step_timeout_ms);
}

static void tcp_close(struct mednn_session *session)
{
    if (!session->failed && !session->program->device) {
        struct tcp *tcp = session->state;
        tcp_sender_close(session);
        session->frame++; /* the workers expect a START of this number or the END */
        tcp_rewind_tables(session);
        for (uint32_t p = 0; p < session->program->devices; p++) {
            tcp->peer[p].out.current = tcp->peer[p].out.told = tcp->peer[p].out.count;
            tcp->peer[p].in.current = tcp->peer[p].in.count;
        }
        queue_control(session, FRAME_END);
        wait_for(session, congested_peer, session->program->exchange_count, CLOSE_TIMEOUT_MS);
    }
    tcp_abort(session);
}

const struct mednn_transport mednn_transport_tcp = {
    .name = "tcp",
    .bytes = tcp_bytes,
    .open = tcp_open,
    .start = tcp_start,
    .begin = tcp_begin,
    .progress = tcp_progress,
    .ready = tcp_ready,
    .end = tcp_end,
    .flush = tcp_flush,
    .abort = tcp_abort,
    .close = tcp_close,
};
