/* tcp_sender.c -- a thread that lets large frames leave one after the other while the program computes.
 *
 * The owner cuts the input into frames for all devices and begins all of them at once. Left to the system, connections share the way
 * out, and even the first device has its part only when nearly all have theirs. So a large frame waits until those of earlier
 * exchanges have left, whomever they are for. Somebody has to send it then: this thread, as the program may be in the middle of a
 * layer. Connections are asked to take no more than they can soon send (TCP_NOTSENT_LOWAT), or else "has left" would mean little.
 *
 * The thread only writes to sockets. Failures, clocks and traces are the program's thread's: that finds the connection as lost as
 * this one, and tells what has left when it comes by (tcp_tell_sent). */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { UNSENT_BYTES = 32 << 10, LOOK_AROUND_MS = 20 };

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
    if (!has_frame_to_send(tcp, &tcp->peer[p]))
        return false;
    if (!tcp->sender.runs || out->done || !is_large(&out->message[out->current]))
        return true;
    for (uint32_t q = 0; q < program->devices; q++) {
        const struct peer *other = &tcp->peer[q];
        if (q != p && other->fd >= 0 && has_frame_to_send(tcp, other) && is_large(&other->out.message[other->out.current]) &&
            stream_exchange(&other->out) < stream_exchange(out))
            return false;
    }
    return true;
}

/* Connections with large frames whose turn it is; returns how many. */
static nfds_t prepare(const struct mednn_session *session, struct pollfd *poll, uint32_t *whose)
{
    const struct tcp *tcp = session->state;
    nfds_t count = 0;
    for (uint32_t p = 0; p < session->program->devices; p++) {
        const struct peer *peer = &tcp->peer[p];
        if (peer->fd < 0 || peer->is_stuck || peer->control_left || !tcp_may_send(tcp, session->program, p) ||
            !is_large(&peer->out.message[peer->out.current]))
            continue;
        poll[count] = (struct pollfd){.fd = peer->fd, .events = POLLOUT};
        whose[count++] = p;
    }
    return count;
}

static void *work(void *argument)
{
    struct mednn_session *session = argument;
    struct tcp *tcp = session->state;
    struct sender *sender = &tcp->sender;
    struct pollfd ways[MEDNN_MAX_DEVICES];
    uint32_t whose[MEDNN_MAX_DEVICES];
    pthread_mutex_lock(&sender->mutex);
    while (!sender->ends) {
        const nfds_t count = prepare(session, ways, whose);
        if (!count) {
            pthread_cond_wait(&sender->changed, &sender->mutex);
            continue;
        }
        pthread_mutex_unlock(&sender->mutex);
        (void)poll(ways, count, LOOK_AROUND_MS);
        pthread_mutex_lock(&sender->mutex);
        for (nfds_t i = 0; i < count && !sender->ends; i++)
            if (ways[i].revents)
                tcp->peer[whose[i]].is_stuck = tcp_send_frames(session, whose[i], false) != 0;
    }
    pthread_mutex_unlock(&sender->mutex);
    return NULL;
}

static int start(struct mednn_session *session)
{
    struct sender *sender = &((struct tcp *)session->state)->sender;
    pthread_mutex_init(&sender->mutex, NULL);
    pthread_cond_init(&sender->changed, NULL);
    const int status = mednn_thread(&sender->thread, work, session);
    if (status) {
        pthread_cond_destroy(&sender->changed);
        pthread_mutex_destroy(&sender->mutex);
    }
    return status;
}

void tcp_sender_open(struct mednn_session *session)
{
    struct tcp *tcp = session->state;
    if (!has_order(session->program) || start(session))
        return;
    tcp->sender.runs = true;
#ifdef TCP_NOTSENT_LOWAT
    const int unsent = UNSENT_BYTES;
    for (uint32_t p = 0; p < session->program->devices; p++)
        if (tcp->peer[p].fd >= 0)
            (void)!setsockopt(tcp->peer[p].fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
#endif
}

void tcp_sender_close(struct mednn_session *session)
{
    struct sender *sender = &((struct tcp *)session->state)->sender;
    if (!sender->runs)
        return;
    pthread_mutex_lock(&sender->mutex);
    sender->ends = true;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    pthread_join(sender->thread, NULL);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    sender->runs = false;
}
