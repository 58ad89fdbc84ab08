/* transport_tcp.c -- frames over TCP: one connection per pair of devices; what the program asks of them. tcp_carrier.c does the carrying. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "handshake.h"
#include "slow.h"
#include "tcp.h"
#include "trace.h"
#include "transport.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CLOSE_TIMEOUT_MS = 2000, LARGEST_REQUEST = 208 << 10, LARGEST_SIZED = 2 << 20 };

static size_t tcp_bytes(const struct mednn_program *program)
{
    return tcp_moments_offset(program) + ((size_t)program->send_count + program->receive_count) * sizeof(double);
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
        if (atomic_load_explicit(&tcp->peer[program->receives[i].peer].in.current, memory_order_acquire) <= i)
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

/* ---- waiting ---- */

/* What the carrier has done since the program looked last. */
static void trace_frames(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; session->trace && p < program->devices; p++)
        for (int sent = 0; sent < 2; sent++) {
            struct stream *stream = sent ? &tcp->peer[p].out : &tcp->peer[p].in;
            const double *moment = tcp->moment + (sent ? 0 : program->send_count);
            const uint32_t current = atomic_load_explicit(&stream->current, memory_order_acquire);
            for (; stream->told != current; stream->told = stream->next[stream->told])
                mednn_trace_frame(session, sent, stream->told, moment[stream->told]);
        }
}

/* When the frames of a table up to an exchange, or of that one alone, had been carried. */
static double last_moment(const struct mednn_message *message, const double *moment, uint32_t count, uint32_t exchange, bool alone)
{
    double last = 0;
    for (uint32_t i = alone ? first_message(message, count, exchange) : 0; i < count && message[i].exchange <= exchange; i++)
        last = moment[i] > last ? moment[i] : last;
    return last;
}

static double received_at(const struct mednn_session *session, uint32_t exchange)
{
    const struct mednn_program *program = session->program;
    const struct tcp *tcp = session->state;
    return last_moment(program->receives, tcp->moment + program->send_count, program->receive_count, exchange, true);
}

static double sent_at(const struct mednn_session *session, uint32_t exchange)
{
    const struct mednn_program *program = session->program;
    return last_moment(program->sends, ((const struct tcp *)session->state)->moment, program->send_count, exchange, false);
}

/* Until `awaited` finds nobody. Those frames were carried at the latest when `moment` says. */
static int wait_for(struct mednn_session *session, int (*awaited)(const struct mednn_session *session, uint32_t exchange),
                    double (*moment)(const struct mednn_session *session, uint32_t exchange), uint32_t exchange, int timeout_ms)
{
    const double start = mednn_slow_now(session);
    if (awaited(session, exchange) >= 0 && tcp_carrier_wait(session, awaited, exchange, timeout_ms))
        return -1;
    if (session->slow)
        mednn_slow_not_before(session, moment(session, exchange));
    trace_frames(session);
    session->stats.wait_seconds += mednn_slow_now(session) - start;
    return 0;
}

/* ---- the functions of the transport ---- */

static void tcp_abort(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    tcp_carrier_close(session);
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
    if (status || !tcp_carrier_open(session))
        return status;
    tcp_abort(session);
    return -1;
}

static void queue_control(struct mednn_session *session, enum frame_type type)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        if (peer->fd < 0)
            continue;
        assert(!atomic_load(&peer->control_left));
        tcp_encode_header(session, peer->control, type, 0, 0);
        atomic_store_explicit(&peer->control_left, HEADER_BYTES, memory_order_release);
    }
}

/* A worker waits for the owner's word; between inferences nothing else is on that connection, and the carrier leaves it alone. */
static int wait_for_owner(struct mednn_session *session)
{
    const struct tcp *tcp = session->state;
    unsigned char header[HEADER_BYTES];
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
    atomic_store(&((struct tcp *)session->state)->begun, 0);
    const int status = session->program->device ? wait_for_owner(session) : 0;
    if (status)
        return status;
    tcp_rewind_tables(session);
    if (!session->program->device)
        queue_control(session, FRAME_START); /* leaves before the first frames */
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
        sends |= atomic_load_explicit(&tcp->peer[p].control_left, memory_order_relaxed) > 0;
    return sends;
}

static int tcp_begin(struct mednn_session *session, uint32_t exchange)
{
    struct tcp *tcp = session->state;
    const bool sends = sends_something(session, exchange);
    if (sends)
        mednn_slow_pause(session);
    const double start = mednn_slow_processor(session);
    if (!session->rehearses) {
        assert(exchange >= tcp->begun && exchange < session->program->exchange_count);
        atomic_store(&tcp->begun, exchange + 1);
    }
    const bool woke = tcp_carrier_tell(session, sends);
    mednn_slow_told(session, woke, mednn_slow_processor(session) - start);
    return 0;
}

static int tcp_ready(struct mednn_session *session, uint32_t exchange)
{
    return missing_peer(session, exchange) < 0 && (!session->slow || received_at(session, exchange) <= mednn_slow_now(session));
}

static int tcp_end(struct mednn_session *session, uint32_t exchange)
{
    assert(exchange < ((struct tcp *)session->state)->begun);
    return wait_for(session, missing_peer, received_at, exchange, session->options.step_timeout_ms);
}

static int tcp_flush(struct mednn_session *session, uint32_t exchange)
{
    tcp_carrier_tell(session, congested_peer(session, exchange) >= 0);
    return wait_for(session, congested_peer, sent_at, exchange, session->options.step_timeout_ms);
}

static void tcp_close(struct mednn_session *session)
{
    if (!session->failed && !session->program->device) {
        session->frame++; /* the workers expect a START of this number or the END */
        queue_control(session, FRAME_END);
        tcp_carrier_tell(session, true);
        wait_for(session, congested_peer, sent_at, session->program->exchange_count, CLOSE_TIMEOUT_MS);
    }
    tcp_abort(session);
}

const struct mednn_transport mednn_transport_tcp = {
    .name = "tcp",
    .bytes = tcp_bytes,
    .open = tcp_open,
    .start = tcp_start,
    .begin = tcp_begin,
    .ready = tcp_ready,
    .end = tcp_end,
    .flush = tcp_flush,
    .abort = tcp_abort,
    .close = tcp_close,
};
