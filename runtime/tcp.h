/* tcp.h -- the inside of the TCP transport: connections, frames, and how far each has come. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TCP_H
#define MEDNN_TCP_H

#include "session.h"

#include <poll.h>
#include <pthread.h>

/* A frame is this header, numbers little-endian, and the payload:
 *      0  magic     4  version, 16 bits     6  type, 16 bits     8  epoch     12  inference
 *     16  exchange  20  tensor (0: reserved)                    24  length of the payload, 64 bits */
enum { HEADER_BYTES = 32, FRAME_MAGIC = 0x464e444d };
enum frame_type { FRAME_DATA = 1, FRAME_START = 2, FRAME_END = 3, FRAME_FAILED = 4 };

/* The last frame of a device whose session has failed says whose fault that was: the device in place of the
 * exchange, one of these in place of the tensor. Otherwise the survivors of a lost device would blame each
 * other. */
enum fault { FAULT_OWN, FAULT_CLOSED, FAULT_SILENT, FAULT_WRONG_FRAME, FAULTS };

/* One direction of a connection: where it is in the program's table of messages. */
struct stream {
    const struct mednn_message *message; /* the table */
    const uint32_t *next;                /* of each message: the next one of the same peer, or `count` */
    uint32_t count, first;
    atomic_uint current; /* everything before it has been carried: written by the carrier, and by the program between inferences */
    uint32_t told;       /* the program's: those before it are traced */
    /* The carrier's alone. */
    uint64_t done;  /* bytes of the current frame, header included */
    double seconds; /* processor time spent on it, see slow.h */
    unsigned char header[HEADER_BYTES];
};

struct peer {
    int fd;
    struct stream out, in;
    unsigned char control[HEADER_BYTES]; /* START or END that leaves before everything else */
    atomic_uint control_left;
    atomic_bool is_watched; /* the carrier will notice what it sends */
    /* The carrier's alone. */
    bool is_ahead; /* it closed or not, but sent what is not due yet */
    bool is_stuck; /* its socket takes no more */
    int low_water; /* bytes that must be there before the system says so */
};

/* The thread of tcp_carrier.c. The mutex is for waiting: the carrier has it whenever it touches frames, but not while it waits itself. */
struct carrier {
    bool runs;
    atomic_bool ends, sleeps;
    atomic_uint version; /* counts what the program has told it */
    int wake[2];         /* a pipe */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* frames, or the session has failed */
    bool is_held;           /* something has to wait until frames before it are sent, on a device that is played */
    bool has_moved;         /* bytes have, in either direction */
    int64_t moved_ms;       /* when the program was told so last */
    struct pollfd poll[1 + MEDNN_MAX_DEVICES];
};

enum { LARGE_FRAME = 16 << 10 }; /* bytes of payload: frames that leave in the order of their exchanges */

struct tcp {
    struct peer peer[MEDNN_MAX_DEVICES];
    atomic_uint begun; /* exchanges before this one have begun */
    uint32_t culprit;  /* once the session has failed */
    enum fault fault;
    struct carrier carrier;
    double *moment;  /* of the sends, then of the receives: when the frame had been carried */
    uint32_t next[]; /* of the sends, then of the receives; then those */
};

/* Where they lie, in bytes from the start of the state. */
static inline size_t tcp_moments_offset(const struct mednn_program *program)
{
    const size_t end = sizeof(struct tcp) + ((size_t)program->send_count + program->receive_count) * sizeof(uint32_t);
    return (end + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

/* ---- tcp_frames.c; functions that return int return 0, or -1 when the connection is lost or wrong ---- */

void tcp_thread_tables(struct mednn_session *session);
/* To the first frames of an inference. */
void tcp_rewind_tables(struct mednn_session *session);

/* Number of the exchange of the frame in progress; UINT32_MAX when none is left in this inference. */
static inline uint32_t stream_exchange(const struct stream *stream)
{
    const uint32_t current = atomic_load_explicit(&stream->current, memory_order_acquire);
    return current < stream->count ? stream->message[current].exchange : UINT32_MAX;
}

/* The frame in progress, where one is left. */
static inline const struct mednn_message *stream_message(const struct stream *stream)
{
    return &stream->message[atomic_load_explicit(&stream->current, memory_order_relaxed)];
}

/* May it be carried? Its place is looked up first: tables are rewound after `begun` has become 0. */
static inline bool is_due(const struct tcp *tcp, const struct stream *stream)
{
    const uint32_t exchange = stream_exchange(stream);
    return exchange < atomic_load(&tcp->begun);
}

void tcp_encode_header(const struct mednn_session *session, unsigned char *header, enum frame_type type,
                       uint32_t exchange, uint64_t bytes);
int tcp_check_header(struct mednn_session *session, uint32_t p, const unsigned char *header, enum frame_type type,
                     uint32_t exchange, uint64_t bytes);

struct iovec;
/* Read at most the pieces; *bytes is 0 when there is nothing yet. */
int tcp_read(struct mednn_session *session, uint32_t p, struct iovec *piece, size_t count, size_t *bytes);

/* Send what may leave now, as far as the socket takes it. */
int tcp_send(struct mednn_session *session, uint32_t p);
/* Take in the frames that are due, as far as they have arrived. The payload's length is the table's: a header
 * that says otherwise ends the session. */
int tcp_receive(struct mednn_session *session, uint32_t p);
/* The peer hung up although frames are still due, which may all have arrived already. */
int tcp_hung_up(struct mednn_session *session, uint32_t p);

/* Remember whose fault it is that the session fails, for the peers. */
void tcp_blame(struct mednn_session *session, uint32_t culprit, enum fault fault);
/* Where a frame is not half sent, the peer gets to know whose fault it was. */
void tcp_send_failure(struct mednn_session *session, const struct peer *peer);

/* ---- tcp_carrier.c ---- */

int tcp_carrier_open(struct mednn_session *session);
void tcp_carrier_close(struct mednn_session *session);
/* More may be carried than before. It is woken only if it would not notice by itself; `sends`: it has something to send.
 * Returns whether it was woken. */
bool tcp_carrier_tell(struct mednn_session *session, bool sends);
/* Wait until `awaited` finds no peer. Nothing may move for so long meanwhile (< 0: for ever), or the session fails. */
int tcp_carrier_wait(struct mednn_session *session, int (*awaited)(const struct mednn_session *session, uint32_t exchange),
                     uint32_t exchange, int timeout_ms);
/* Is there a frame for the peer that may leave now? */
bool tcp_may_send(const struct tcp *tcp, const struct mednn_program *program, uint32_t p);

#endif
