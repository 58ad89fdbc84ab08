/* tcp_frames.c -- frames on one connection: tables, headers, sending, receiving, and whose fault it was. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "slow.h"
#include "tcp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the handshake sets SO_NOSIGPIPE there */
#endif

enum { LARGEST_PIECE = 1 << 30, LARGEST_WAIT = 64 << 10 };
static const char *const fault_text[FAULTS] = {"failed", "closed the connection", "was silent for too long",
                                               "sent a wrong frame"};

/* ---- tables ---- */

static void thread_table(struct tcp *tcp, const struct mednn_message *message, uint32_t count, uint32_t *next,
                         bool sending)
{
    uint32_t first[MEDNN_MAX_DEVICES];
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++)
        first[p] = count;
    for (uint32_t i = count; i-- > 0;) {
        next[i] = first[message[i].peer];
        first[message[i].peer] = i;
    }
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++) {
        struct stream *stream = sending ? &tcp->peer[p].out : &tcp->peer[p].in;
        stream->message = message;
        stream->next = next;
        stream->first = first[p];
        stream->count = stream->told = count;
        atomic_init(&stream->current, count);
    }
}

/* A system call that took `seconds` of processor time has moved `bytes` of the current frame. */
static void stream_account(struct mednn_session *session, struct stream *stream, size_t bytes, double seconds)
{
    struct tcp *tcp = session->state;
    const uint32_t current = atomic_load_explicit(&stream->current, memory_order_relaxed);
    const bool sent = stream->message == session->program->sends;
    stream->done += bytes;
    stream->seconds += seconds;
    const bool whole = stream->done == HEADER_BYTES + stream->message[current].bytes;
    mednn_slow_carried(session, seconds);
    if (!whole)
        return;
    tcp->moment[current + (sent ? 0 : session->program->send_count)] = mednn_slow_frame(session, sent, current, stream->seconds);
    stream->done = 0;
    stream->seconds = 0;
    atomic_store_explicit(&stream->current, stream->next[current], memory_order_release);
}

void tcp_encode_header(const struct mednn_session *session, unsigned char *header, enum frame_type type,
                          uint32_t exchange, uint64_t bytes)
{
    mednn_put32(header, FRAME_MAGIC);
    mednn_put16(header + 4, MEDNN_PROTOCOL_VERSION);
    mednn_put16(header + 6, type);
    mednn_put32(header + 8, session->epoch);
    mednn_put32(header + 12, session->frame);
    mednn_put32(header + 16, exchange);
    mednn_put32(header + 20, 0);
    mednn_put64(header + 24, bytes);
}

/* What remains of the current frame, for one system call. */
static size_t stream_pieces(struct stream *stream, unsigned char *arena, struct iovec *piece)
{
    const struct mednn_message *message = stream_message(stream);
    size_t count = 0;
    uint64_t payload_done = 0;
    if (stream->done < HEADER_BYTES)
        piece[count++] = (struct iovec){stream->header + stream->done, (size_t)(HEADER_BYTES - stream->done)};
    else
        payload_done = stream->done - HEADER_BYTES;
    uint64_t left = message->bytes - payload_done;
    if (left)
        piece[count++] = (struct iovec){arena + (size_t)(message->offset + payload_done),
                                        (size_t)(left < LARGEST_PIECE ? left : LARGEST_PIECE)};
    return count;
}

static size_t pieces_bytes(const struct iovec *piece, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += piece[i].iov_len;
    return bytes;
}

void tcp_thread_tables(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    struct tcp *tcp = session->state;
    tcp->moment = (double *)(void *)((unsigned char *)tcp + tcp_moments_offset(program));
    thread_table(tcp, program->sends, program->send_count, tcp->next, true);
    thread_table(tcp, program->receives, program->receive_count, tcp->next + program->send_count, false);
}

static void rewind_stream(struct stream *stream)
{
    stream->told = stream->first;
    atomic_store_explicit(&stream->current, stream->first, memory_order_release);
}

void tcp_rewind_tables(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        rewind_stream(&tcp->peer[p].out);
        rewind_stream(&tcp->peer[p].in);
    }
}

/* ---- progress; each function returns -1 when the connection is lost or wrong ---- */

void tcp_blame(struct mednn_session *session, uint32_t culprit, enum fault fault)
{
    struct tcp *tcp = session->state;
    if (session->failed)
        return;
    tcp->culprit = culprit;
    tcp->fault = fault;
}

static bool is_failure(const struct mednn_session *session, const unsigned char *header)
{
    return mednn_get32(header) == FRAME_MAGIC && mednn_get16(header + 4) == MEDNN_PROTOCOL_VERSION &&
           mednn_get16(header + 6) == FRAME_FAILED && mednn_get32(header + 16) < session->program->devices &&
           mednn_get32(header + 20) < FAULTS;
}

static int peer_reports(struct mednn_session *session, uint32_t p, const unsigned char *header)
{
    uint32_t culprit = mednn_get32(header + 16), fault = mednn_get32(header + 20);
    struct mednn_peer_name name;
    tcp_blame(session, culprit, (enum fault)fault);
    mednn_peer_name(&name, session, culprit);
    if (culprit == p)
        return mednn_fail(session, "%s failed in inference %u", name.text,
                          (unsigned)mednn_get32(header + 12));
    return mednn_fail(session, "%s %s in inference %u, says device %u", name.text, fault_text[fault],
                      (unsigned)mednn_get32(header + 12), (unsigned)p);
}

/* Read all that a lost peer has sent and keep the end of it: the reason, if it gave one, behind frames that nobody needs any
 * more. */
static bool read_last_header(int fd, unsigned char *header)
{
    unsigned char bytes[HEADER_BYTES + 2048] = {0};
    size_t kept = 0;
    for (ssize_t got; (got = recv(fd, bytes + kept, sizeof bytes - kept, MSG_DONTWAIT)) > 0;) {
        kept += (size_t)got;
        if (kept > HEADER_BYTES) {
            memmove(bytes, bytes + kept - HEADER_BYTES, HEADER_BYTES);
            kept = HEADER_BYTES;
        }
    }
    memcpy(header, bytes, HEADER_BYTES);
    return kept == HEADER_BYTES;
}

static int peer_lost(struct mednn_session *session, uint32_t p, int error)
{
    struct mednn_peer_name name;
    mednn_peer_name(&name, session, p);
    const struct tcp *tcp = session->state;
    unsigned char last[HEADER_BYTES] = {0};
    if (read_last_header(tcp->peer[p].fd, last) && is_failure(session, last))
        return peer_reports(session, p, last);
    tcp_blame(session, p, FAULT_CLOSED);
    bool closed = !error || error == ECONNRESET || error == EPIPE;
    const char *what = closed ? " closed the connection" : strerror(error), *between = closed ? "" : ": ";
    if (atomic_load(&tcp->begun))
        return mednn_fail(session, "%s%s%s in exchange %u of inference %u", name.text, between, what,
                          (unsigned)atomic_load(&tcp->begun) - 1, (unsigned)session->frame);
    return mednn_fail(session, "%s%s%s before inference %u", name.text, between, what,
                      (unsigned)session->frame);
}

int tcp_send(struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    struct peer *peer = &tcp->peer[p];
    for (;;) {
        struct iovec piece[3];
        size_t count = 0;
        const size_t control = atomic_load_explicit(&peer->control_left, memory_order_acquire);
        const bool frame_leaves = tcp_may_send(tcp, session->program, p);
        if (!control && !frame_leaves)
            return 0;
        if (mednn_slow_carrier_busy(session)) {
            tcp->carrier.is_held = true;
            return 0;
        }
        if (control)
            piece[count++] = (struct iovec){peer->control + HEADER_BYTES - control, control};
        if (frame_leaves) {
            const struct mednn_message *message = stream_message(&peer->out);
            if (!peer->out.done)
                tcp_encode_header(session, peer->out.header, FRAME_DATA, message->exchange, message->bytes);
            count += stream_pieces(&peer->out, session->arena, piece + count);
        }
        struct msghdr frame = {.msg_iov = piece};
        frame.msg_iovlen = count; /* its type differs between systems */
        const double start = mednn_slow_processor(session);
        ssize_t sent = sendmsg(peer->fd, &frame, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        peer->is_stuck = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (peer->is_stuck)
            return 0;
        if (sent < 0)
            return peer_lost(session, p, errno);
        session->stats.bytes_sent += (uint64_t)sent;
        tcp->carrier.has_moved = true;
        const size_t bytes = (size_t)sent, asked = pieces_bytes(piece, count), left = bytes < control ? control - bytes : 0;
        if (bytes > control)
            stream_account(session, &peer->out, bytes - control, mednn_slow_processor(session) - start);
        atomic_store_explicit(&peer->control_left, (unsigned)left, memory_order_release);
        peer->is_stuck = bytes < asked;
        if (peer->is_stuck)
            return 0;
    }
}

static void describe_header(char *text, size_t size, const unsigned char *header)
{
    snprintf(text, size, "magic %08x, version %u, type %u, epoch %u, inference %u, exchange %u, %llu bytes",
             (unsigned)mednn_get32(header), (unsigned)mednn_get16(header + 4),
             (unsigned)mednn_get16(header + 6), (unsigned)mednn_get32(header + 8),
             (unsigned)mednn_get32(header + 12), (unsigned)mednn_get32(header + 16),
             (unsigned long long)mednn_get64(header + 24));
}

int tcp_check_header(struct mednn_session *session, uint32_t p, const unsigned char *header,
                        enum frame_type type, uint32_t exchange, uint64_t bytes)
{
    unsigned char expected[HEADER_BYTES];
    tcp_encode_header(session, expected, type, exchange, bytes);
    if (!memcmp(header, expected, HEADER_BYTES))
        return 0;
    if (is_failure(session, header))
        return peer_reports(session, p, header);
    tcp_blame(session, p, FAULT_WRONG_FRAME);
    char found[160], wanted[160];
    struct mednn_peer_name name;
    describe_header(found, sizeof found, header);
    describe_header(wanted, sizeof wanted, expected);
    return mednn_fail(session, "%s sent a wrong frame: %s; expected %s", mednn_peer_name(&name, session, p),
                      found, wanted);
}

int tcp_read(struct mednn_session *session, uint32_t p, struct iovec *piece, size_t count,
                     size_t *bytes)
{
    struct msghdr frame = {.msg_iov = piece};
    frame.msg_iovlen = count;
    ssize_t received;
    do
        received = recvmsg(((struct tcp *)session->state)->peer[p].fd, &frame, 0);
    while (received < 0 && errno == EINTR);
    *bytes = 0;
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (received <= 0)
        return peer_lost(session, p, received < 0 ? errno : 0);
    *bytes = (size_t)received;
    session->stats.bytes_received += (uint64_t)received;
    return 0;
}

/* A frame that comes in many segments is not worth waking up for each of them: the system shall wait for as much as this, or for the
 * connection to end. What a header says is looked at as soon as it is there. */
static void await_bytes(const struct tcp *tcp, struct peer *peer)
{
    const struct stream *in = &peer->in;
    uint64_t left = 1;
    if (is_due(tcp, in) && in->done >= HEADER_BYTES)
        left = HEADER_BYTES + stream_message(in)->bytes - in->done;
    const int wanted = (int)(left < LARGEST_WAIT ? left : LARGEST_WAIT);
    if (wanted == peer->low_water)
        return;
    peer->low_water = wanted;
    (void)!setsockopt(peer->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

static int receive_frames(struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    struct stream *in = &tcp->peer[p].in;
    while (is_due(tcp, in)) {
        const struct mednn_message *message = stream_message(in);
        struct iovec piece[2];
        size_t count = stream_pieces(in, session->arena, piece), bytes, asked = pieces_bytes(piece, count);
        const double start = mednn_slow_processor(session);
        if (tcp_read(session, p, piece, count, &bytes))
            return -1;
        if (in->done < HEADER_BYTES && in->done + bytes >= HEADER_BYTES &&
            tcp_check_header(session, p, in->header, FRAME_DATA, message->exchange, message->bytes))
            return -1;
        tcp->carrier.has_moved |= bytes > 0;
        if (bytes)
            stream_account(session, in, bytes, mednn_slow_processor(session) - start);
        if (bytes < asked)
            return 0;
    }
    return 0;
}

int tcp_receive(struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    if (receive_frames(session, p))
        return -1;
    await_bytes(tcp, &tcp->peer[p]);
    return 0;
}

int tcp_hung_up(struct mednn_session *session, uint32_t p)
{
    struct peer *peer = &((struct tcp *)session->state)->peer[p];
    unsigned char header[HEADER_BYTES];
    ssize_t ahead = recv(peer->fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
    if (ahead < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (ahead <= 0)
        return peer_lost(session, p, ahead < 0 ? errno : 0);
    if (ahead == HEADER_BYTES && is_failure(session, header))
        return peer_reports(session, p, header);
    peer->is_ahead = true;
    return 0;
}

void tcp_send_failure(struct mednn_session *session, const struct peer *peer)
{
    const struct tcp *tcp = session->state;
    unsigned char header[HEADER_BYTES];
    tcp_encode_header(session, header, FRAME_FAILED, tcp->culprit, 0);
    mednn_put32(header + 20, tcp->fault);
    if (!peer->out.done && peer->control_left % HEADER_BYTES == 0)
        (void)!send(peer->fd, header, sizeof header, MSG_NOSIGNAL | MSG_DONTWAIT);
}
