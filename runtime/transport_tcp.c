/* transport_tcp.c -- frames over TCP: one connection per pair of devices, one poll loop for both directions.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* POLLRDHUP, where there is one */
#include "handshake.h"
#include "transport.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the handshake sets SO_NOSIGPIPE there */
#endif
#ifndef POLLRDHUP
#define POLLRDHUP 0 /* a lost peer is then noticed when a frame of it is due */
#endif

/* A frame is this header, numbers little-endian, and the payload:
 *      0  magic     4  version, 16 bits     6  type, 16 bits     8  epoch     12  inference
 *     16  exchange  20  tensor (0: reserved)                    24  length of the payload, 64 bits */
enum { HEADER_BYTES = 32, FRAME_MAGIC = 0x464e444d, LARGEST_PIECE = 1 << 30, CLOSE_TIMEOUT_MS = 2000 };
enum frame_type { FRAME_DATA = 1, FRAME_START = 2, FRAME_END = 3, FRAME_FAILED = 4 };

/* The last frame of a device whose session has failed says whose fault that was: the device in place of the
 * exchange, one of these in place of the tensor. Otherwise the survivors of a lost device would blame each
 * other. */
enum fault { FAULT_OWN, FAULT_CLOSED, FAULT_SILENT, FAULT_WRONG_FRAME, FAULTS };
static const char *const fault_text[FAULTS] = {"failed", "closed the connection", "was silent for too long",
                                               "sent a wrong frame"};

/* One direction of a connection: where it is in the program's table of messages. */
struct stream {
    const struct mednn_message *message; /* the table */
    const uint32_t *next;                /* of each message: the next one of the same peer, or `count` */
    uint32_t count, first, current;
    uint64_t done; /* bytes of the current frame, header included */
    unsigned char header[HEADER_BYTES];
};

struct peer {
    int fd;
    struct stream out, in;
    unsigned char control[HEADER_BYTES]; /* START or END that leaves before everything else */
    size_t control_left;
    bool has_data_ahead; /* it closed or not, but sent what is not due yet */
};

struct tcp {
    struct peer peer[MEDNN_MAX_DEVICES];
    struct pollfd poll[MEDNN_MAX_DEVICES];
    uint32_t begun;   /* exchanges before this one have begun */
    uint32_t culprit; /* once the session has failed */
    enum fault fault;
    uint32_t next[]; /* of the sends, then of the receives */
};

static size_t tcp_bytes(const struct mednn_program *program)
{
    return sizeof(struct tcp) + ((size_t)program->send_count + program->receive_count) * sizeof(uint32_t);
}

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
        *stream = (struct stream){
            .message = message, .next = next, .count = count, .first = first[p], .current = count};
    }
}

/* Number of the exchange of the frame in progress; UINT32_MAX when none is left in this inference. */
static uint32_t stream_exchange(const struct stream *stream)
{
    return stream->current < stream->count ? stream->message[stream->current].exchange : UINT32_MAX;
}

static void stream_account(struct stream *stream, size_t bytes)
{
    stream->done += bytes;
    if (stream->done == HEADER_BYTES + stream->message[stream->current].bytes) {
        stream->current = stream->next[stream->current];
        stream->done = 0;
    }
}

static void encode_header(const struct mednn_session *session, unsigned char *header, enum frame_type type,
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
    const struct mednn_message *message = &stream->message[stream->current];
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

/* ---- progress; each function returns -1 when the connection is lost or wrong ---- */

static void blame(struct mednn_session *session, uint32_t culprit, enum fault fault)
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
    blame(session, culprit, (enum fault)fault);
    mednn_peer_name(&name, session, culprit);
    if (culprit == p)
        return mednn_fail(session, "%s failed in inference %u", name.text,
                          (unsigned)mednn_get32(header + 12));
    return mednn_fail(session, "%s %s in inference %u, says device %u", name.text, fault_text[fault],
                      (unsigned)mednn_get32(header + 12), (unsigned)p);
}

static int peer_lost(struct mednn_session *session, uint32_t p, int error)
{
    struct mednn_peer_name name;
    mednn_peer_name(&name, session, p);
    const struct tcp *tcp = session->state;
    unsigned char last[HEADER_BYTES];
    int fd = ((const struct tcp *)session->state)->peer[p].fd;
    if (recv(fd, last, sizeof last, MSG_PEEK | MSG_DONTWAIT) == HEADER_BYTES && is_failure(session, last))
        return peer_reports(session, p, last); /* a write failed before its last frame was read */
    blame(session, p, FAULT_CLOSED);
    bool closed = !error || error == ECONNRESET || error == EPIPE;
    const char *what = closed ? " closed the connection" : strerror(error), *between = closed ? "" : ": ";
    if (tcp->begun)
        return mednn_fail(session, "%s%s%s in exchange %u of inference %u", name.text, between, what,
                          (unsigned)tcp->begun - 1, (unsigned)session->frame);
    return mednn_fail(session, "%s%s%s before inference %u", name.text, between, what,
                      (unsigned)session->frame);
}

static bool has_frame_to_send(const struct tcp *tcp, const struct peer *peer)
{
    return stream_exchange(&peer->out) < tcp->begun;
}

/* Send what may leave now, as far as the socket takes it. */
static int peer_send(struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    struct peer *peer = &tcp->peer[p];
    while (peer->control_left || has_frame_to_send(tcp, peer)) {
        struct iovec piece[3];
        size_t count = 0;
        if (peer->control_left)
            piece[count++] =
                (struct iovec){peer->control + HEADER_BYTES - peer->control_left, peer->control_left};
        if (has_frame_to_send(tcp, peer)) {
            const struct mednn_message *message = &peer->out.message[peer->out.current];
            if (!peer->out.done)
                encode_header(session, peer->out.header, FRAME_DATA, message->exchange, message->bytes);
            count += stream_pieces(&peer->out, session->arena, piece + count);
        }
        struct msghdr frame = {.msg_iov = piece};
        frame.msg_iovlen = count; /* its type differs between systems */
        ssize_t sent = sendmsg(peer->fd, &frame, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (sent < 0)
            return peer_lost(session, p, errno);
        session->stats.bytes_sent += (uint64_t)sent;
        size_t bytes = (size_t)sent, asked = pieces_bytes(piece, count);
        bool short_write = bytes < asked;
        size_t control = bytes < peer->control_left ? bytes : peer->control_left;
        peer->control_left -= control;
        if (bytes > control)
            stream_account(&peer->out, bytes - control);
        if (short_write)
            return 0;
    }
    return 0;
}

static void describe_header(char *text, size_t size, const unsigned char *header)
{
    snprintf(text, size, "magic %08x, version %u, type %u, epoch %u, inference %u, exchange %u, %llu bytes",
             (unsigned)mednn_get32(header), (unsigned)mednn_get16(header + 4),
             (unsigned)mednn_get16(header + 6), (unsigned)mednn_get32(header + 8),
             (unsigned)mednn_get32(header + 12), (unsigned)mednn_get32(header + 16),
             (unsigned long long)mednn_get64(header + 24));
}

static int check_header(struct mednn_session *session, uint32_t p, const unsigned char *header,
                        enum frame_type type, uint32_t exchange, uint64_t bytes)
{
    unsigned char expected[HEADER_BYTES];
    encode_header(session, expected, type, exchange, bytes);
    if (!memcmp(header, expected, HEADER_BYTES))
        return 0;
    if (is_failure(session, header))
        return peer_reports(session, p, header);
    blame(session, p, FAULT_WRONG_FRAME);
    char found[160], wanted[160];
    struct mednn_peer_name name;
    describe_header(found, sizeof found, header);
    describe_header(wanted, sizeof wanted, expected);
    return mednn_fail(session, "%s sent a wrong frame: %s; expected %s", mednn_peer_name(&name, session, p),
                      found, wanted);
}

/* Read at most the pieces; *bytes is 0 when there is nothing yet. */
static int peer_read(struct mednn_session *session, uint32_t p, struct iovec *piece, size_t count,
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

/* Take in the frames that are due, as far as they have arrived. The payload's length is the table's: a header
 * that says otherwise ends the session. */
static int peer_receive(struct mednn_session *session, uint32_t p)
{
    struct tcp *tcp = session->state;
    struct stream *in = &tcp->peer[p].in;
    while (stream_exchange(in) < tcp->begun) {
        const struct mednn_message *message = &in->message[in->current];
        struct iovec piece[2];
        size_t count = stream_pieces(in, session->arena, piece), bytes, asked = pieces_bytes(piece, count);
        if (peer_read(session, p, piece, count, &bytes))
            return -1;
        if (in->done < HEADER_BYTES && in->done + bytes >= HEADER_BYTES &&
            check_header(session, p, in->header, FRAME_DATA, message->exchange, message->bytes))
            return -1;
        if (bytes)
            stream_account(in, bytes);
        if (bytes < asked)
            return 0;
    }
    return 0;
}

/* The peer hung up although frames are still due, which may all have arrived already. */
static int peer_hung_up(struct mednn_session *session, uint32_t p)
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
    peer->has_data_ahead = true;
    return 0;
}

/* ---- waiting ---- */

/* Are there frames of exchanges before `limit` to come or to go? */
static bool is_awaited(const struct mednn_session *session, const struct peer *peer, uint32_t limit)
{
    return stream_exchange(&peer->out) < limit || stream_exchange(&peer->in) < limit ||
           (limit >= session->program->exchange_count && peer->control_left);
}

/* Fill in what to poll for; returns an awaited peer, or -1 when none is left. */
static int prepare_poll(const struct mednn_session *session, uint32_t limit)
{
    struct tcp *tcp = session->state;
    int awaited = -1;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        tcp->poll[p] = (struct pollfd){.fd = -1};
        if (peer->fd < 0)
            continue;
        if (awaited < 0 && is_awaited(session, peer, limit))
            awaited = (int)p;
        int events = 0;
        if (peer->control_left || has_frame_to_send(tcp, peer))
            events |= POLLOUT;
        if (stream_exchange(&peer->in) < tcp->begun)
            events |= POLLIN;
        if (!peer->has_data_ahead &&
            (peer->in.current < peer->in.count || peer->out.current < peer->out.count))
            events |= POLLRDHUP;
        if (events)
            tcp->poll[p] = (struct pollfd){.fd = peer->fd, .events = (short)events};
    }
    return awaited;
}

static int progress(struct mednn_session *session, uint32_t p, int events)
{
    const struct tcp *tcp = session->state;
    int asked = tcp->poll[p].events;
    /* Reading first: what a peer sent before it closed still counts. */
    if (asked & POLLIN && events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP) && peer_receive(session, p))
        return -1;
    if (asked & POLLOUT && events & (POLLOUT | POLLHUP | POLLERR) && peer_send(session, p))
        return -1;
    if (!(asked & POLLIN) && events & (POLLHUP | POLLERR | POLLRDHUP) && peer_hung_up(session, p))
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

static int wait_for(struct mednn_session *session, uint32_t limit, int timeout_ms)
{
    struct tcp *tcp = session->state;
    int awaited = prepare_poll(session, limit);
    if (awaited < 0)
        return 0;
    double start = mednn_seconds();
    for (; awaited >= 0; awaited = prepare_poll(session, limit)) {
        int ready = poll_peers(session, timeout_ms < 0 ? -1 : timeout_ms);
        if (ready < 0)
            return mednn_fail(session, "poll: %s", strerror(errno));
        if (!ready) {
            blame(session, (uint32_t)awaited, FAULT_SILENT);
            struct mednn_peer_name name;
            return mednn_fail(session, "%s was silent for %.1f s in exchange %u of inference %u",
                              mednn_peer_name(&name, session, (uint32_t)awaited), timeout_ms / 1000.0,
                              limit ? (unsigned)limit - 1 : 0, (unsigned)session->frame);
        }
        for (uint32_t p = 0; p < session->program->devices; p++)
            if (tcp->poll[p].revents && progress(session, p, tcp->poll[p].revents))
                return -1;
    }
    session->stats.wait_seconds += mednn_seconds() - start;
    return 0;
}

/* ---- the functions of the transport ---- */

/* Where a frame is not half sent, the peer gets to know whose fault it was. */
static void send_failure(struct mednn_session *session, const struct peer *peer)
{
    const struct tcp *tcp = session->state;
    unsigned char header[HEADER_BYTES];
    encode_header(session, header, FRAME_FAILED, tcp->culprit, 0);
    mednn_put32(header + 20, tcp->fault);
    if (!peer->out.done && peer->control_left % HEADER_BYTES == 0)
        (void)!send(peer->fd, header, sizeof header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tcp_abort(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        if (tcp->peer[p].fd >= 0 && session->failed)
            send_failure(session, &tcp->peer[p]);
        if (tcp->peer[p].fd >= 0)
            close(tcp->peer[p].fd);
        tcp->peer[p].fd = -1;
    }
}

static int tcp_open(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    struct tcp *tcp = session->state;
    thread_table(tcp, program->sends, program->send_count, tcp->next, true);
    thread_table(tcp, program->receives, program->receive_count, tcp->next + program->send_count, false);
    tcp->culprit = program->device;
    bool wanted[MEDNN_MAX_DEVICES] = {false};
    int fd[MEDNN_MAX_DEVICES];
    for (uint32_t p = 0; p < program->devices; p++)
        wanted[p] =
            p != program->device && (!p || !program->device || tcp->peer[p].out.first < program->send_count ||
                                     tcp->peer[p].in.first < program->receive_count);
    int status = mednn_handshake(session, wanted, fd);
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++)
        tcp->peer[p].fd = p < program->devices ? fd[p] : -1;
    return status;
}

static void rewind_tables(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    tcp->begun = 0;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        tcp->peer[p].out.current = tcp->peer[p].out.first;
        tcp->peer[p].in.current = tcp->peer[p].in.first;
        tcp->peer[p].has_data_ahead = false;
    }
}

static void queue_control(struct mednn_session *session, enum frame_type type)
{
    struct tcp *tcp = session->state;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        if (peer->fd < 0)
            continue;
        assert(!peer->control_left);
        encode_header(session, peer->control, type, 0, 0);
        peer->control_left = HEADER_BYTES;
    }
}

/* A worker waits for the owner's word; between inferences nothing else is on that connection. */
static int wait_for_owner(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    unsigned char header[HEADER_BYTES];
    tcp->begun = 0;
    for (size_t done = 0, bytes; done < HEADER_BYTES; done += bytes) {
        struct pollfd owner = {.fd = tcp->peer[0].fd, .events = POLLIN};
        if (poll(&owner, 1, -1) < 0 && errno != EINTR)
            return mednn_fail(session, "poll: %s", strerror(errno));
        struct iovec piece = {header + done, HEADER_BYTES - done};
        if (peer_read(session, 0, &piece, 1, &bytes))
            return -1;
    }
    if (mednn_get16(header + 6) == FRAME_END)
        return check_header(session, 0, header, FRAME_END, 0, 0) ? -1 : 1;
    return check_header(session, 0, header, FRAME_START, 0, 0);
}

static int tcp_start(struct mednn_session *session)
{
    if (session->program->device) {
        int status = wait_for_owner(session);
        if (status)
            return status;
    } else {
        queue_control(session, FRAME_START); /* leaves together with the first frames */
    }
    rewind_tables(session);
    return 0;
}

static int tcp_begin(struct mednn_session *session, uint32_t exchange)
{
    struct tcp *tcp = session->state;
    assert(exchange >= tcp->begun && exchange < session->program->exchange_count);
    tcp->begun = exchange + 1;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        struct peer *peer = &tcp->peer[p];
        peer->has_data_ahead = false;
        if (peer->fd >= 0 && (peer->control_left || has_frame_to_send(tcp, peer)) && peer_send(session, p))
            return -1;
    }
    return 0;
}

static int tcp_end(struct mednn_session *session, uint32_t exchange)
{
    uint32_t count = session->program->exchange_count, limit = exchange < count ? exchange + 1 : count;
    assert(exchange >= count || limit <= ((struct tcp *)session->state)->begun);
    return wait_for(session, limit, session->options.step_timeout_ms);
}

static void tcp_close(struct mednn_session *session)
{
    if (!session->failed && !session->program->device) {
        session->frame++; /* the workers expect a START of this number or the END */
        rewind_tables(session);
        for (uint32_t p = 0; p < session->program->devices; p++) {
            struct tcp *tcp = session->state;
            tcp->peer[p].out.current = tcp->peer[p].out.count;
            tcp->peer[p].in.current = tcp->peer[p].in.count;
        }
        queue_control(session, FRAME_END);
        wait_for(session, session->program->exchange_count, CLOSE_TIMEOUT_MS);
    }
    tcp_abort(session);
}

const struct mednn_transport mednn_transport_tcp = {
    .name = "tcp",
    .bytes = tcp_bytes,
    .open = tcp_open,
    .start = tcp_start,
    .begin = tcp_begin,
    .end = tcp_end,
    .abort = tcp_abort,
    .close = tcp_close,
};
