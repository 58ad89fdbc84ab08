/* handshake.c -- calling the peers below, answering those above, keeping strangers out. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* keep-alive times, where there are any */
#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum {
    HELLO_BYTES = 64,
    BUFFER_BYTES = 256,
    STRANGERS = 8,
    STRANGER_MS = 2000, /* for a whole hello */
    CROWDED_MS = 100,   /* the same when others wait for the place; honest peers call again */
    TICK_MS = 20,
    FIRST_RETRY_MS = 10,
    LAST_RETRY_MS = 500
};
static const unsigned char hello_magic[8] = "mednnHi\n";

/* A connection that has not said who it is. */
struct stranger {
    int fd;
    int64_t since;
    size_t got;
    unsigned char buffer[BUFFER_BYTES];
};

/* A device that this one calls. */
struct callee {
    int fd;
    bool connected;
    int64_t retry_at;
    int retry_ms, attempts;
    size_t got;
    unsigned char buffer[BUFFER_BYTES];
    const char *trouble; /* of the last attempt */
};

struct handshake {
    struct mednn_session *session;
    const bool *wanted;
    int *fd;
    int listener;
    struct stranger stranger[STRANGERS];
    struct callee callee[MEDNN_MAX_DEVICES];
    struct pollfd poll[1 + STRANGERS + MEDNN_MAX_DEVICES];
};

static void close_socket(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int mednn_make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC) ? -1 : 0;
}

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

static void tune_socket(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    /* A worker that waits for its owner notices within 25 s that the link is gone. */
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
#ifdef SO_NOSIGPIPE
    set_option(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
}

/* ---- hellos ---- */

static void encode_hello(const struct mednn_session *session, uint32_t to, unsigned char *hello)
{
    const struct mednn_program *program = session->program;
    memcpy(hello, hello_magic, sizeof hello_magic);
    mednn_put32(hello + 8, MEDNN_PROTOCOL_VERSION);
    mednn_put32(hello + 12, program->device);
    mednn_put32(hello + 16, to);
    mednn_put32(hello + 20, program->devices);
    mednn_put32(hello + 24, program->float_mode);
    mednn_put16(hello + 28, session->epoch);
    mednn_put16(hello + 30, session->options.lane);
    memcpy(hello + 32, program->fingerprint, MEDNN_FINGERPRINT_BYTES);
}

/* A fresh socket's buffer always has room for a hello. */
static bool send_hello(const struct mednn_session *session, uint32_t to, int fd)
{
    unsigned char hello[HELLO_BYTES];
    encode_hello(session, to, hello);
    return send(fd, hello, sizeof hello, MSG_NOSIGNAL) == (ssize_t)sizeof hello;
}

/* Returns 1 when the hello is complete, 0 when more is to come, -1 when the connection is over or speaks
 * nonsense. */
static int read_hello(int fd, unsigned char *buffer, size_t *got)
{
    ssize_t bytes = recv(fd, buffer + *got, HELLO_BYTES - *got, 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (bytes <= 0)
        return -1;
    *got += (size_t)bytes;
    size_t magic = *got < sizeof hello_magic ? *got : sizeof hello_magic;
    if (memcmp(buffer, hello_magic, magic))
        return -1;
    return *got == HELLO_BYTES;
}

static const char *mode_name(uint32_t mode)
{
    return mode == MEDNN_FLOAT_FMA ? "fma" : mode == MEDNN_FLOAT_PORTABLE ? "portable" : "an unknown";
}

static void print_fingerprint(char *text, const unsigned char *fingerprint)
{
    for (int i = 0; i < 4; i++)
        sprintf(text + 2 * i, "%02x", fingerprint[i]);
    strcat(text, "...");
}

/* Does the other end, whom we know as `who`, run the same program? The protocol version decides what the rest
 * of the hello means, so it comes first. */
static int judge_program(struct mednn_session *session, const char *who, const unsigned char *hello)
{
    const struct mednn_program *program = session->program;
    uint32_t version = mednn_get32(hello + 8), devices = mednn_get32(hello + 20),
             mode = mednn_get32(hello + 24);
    if (version != MEDNN_PROTOCOL_VERSION)
        return mednn_fail(session,
                          "%s speaks version %u of the protocol, this device version %u: rebuild one of them",
                          who, (unsigned)version, MEDNN_PROTOCOL_VERSION);
    if (devices != program->devices)
        return mednn_fail(session, "%s was built for %u devices, this one for %u", who, (unsigned)devices,
                          (unsigned)program->devices);
    if (memcmp(hello + 32, program->fingerprint, MEDNN_FINGERPRINT_BYTES)) {
        char its[16], mine[16];
        print_fingerprint(its, hello + 32);
        print_fingerprint(mine, program->fingerprint);
        return mednn_fail(session, "%s was built from another plan (its fingerprint %s, mine %s)", who, its,
                          mine);
    }
    if (mode != program->float_mode)
        return mednn_fail(session, "%s runs in %s floating-point mode, this one in %s: rebuild one of them",
                          who, mode_name(mode), mode_name(program->float_mode));
    return 0;
}

/* ---- answering ---- */

/* A stranger introduced itself. Takes its connection over or closes it. */
static int admit(struct handshake *handshake, struct stranger *stranger)
{
    struct mednn_session *session = handshake->session;
    const struct mednn_program *program = session->program;
    const unsigned char *hello = stranger->buffer;
    uint32_t device = mednn_get32(hello + 12), to = mednn_get32(hello + 16);
    if (mednn_get32(hello + 8) == MEDNN_PROTOCOL_VERSION && mednn_get16(hello + 30) != session->options.lane) {
        close_socket(&stranger->fd); /* it is ahead of this device, and calls again */
        return 0;
    }
    send_hello(session, device,
               stranger->fd); /* whatever is wrong, the other end shall be able to say so too */
    struct mednn_peer_name name;
    if (device < program->devices)
        mednn_peer_name(&name, session, device);
    else
        snprintf(name.text, sizeof name.text, "device %u", (unsigned)device);
    int status = judge_program(session, name.text, hello);
    if (!status && to != program->device)
        status = mednn_fail(
            session, "%s took this device for device %u, but it is device %u: compare the cluster files",
            name.text, (unsigned)to, (unsigned)program->device);
    if (!status && device == program->device)
        status = mednn_fail(session, "another program runs as device %u as well", (unsigned)device);
    bool expected = !status && device > program->device && device < program->devices &&
                    handshake->wanted[device] && handshake->fd[device] < 0;
    if (!expected) {
        close_socket(&stranger->fd);
        return status;
    }
    handshake->fd[device] = stranger->fd;
    stranger->fd = -1;
    return 0;
}

/* The place for one more stranger: a free one, or that of the oldest who had time enough; NULL for none. */
static struct stranger *find_place(struct handshake *handshake, int64_t now)
{
    struct stranger *oldest = &handshake->stranger[0];
    for (int i = 0; i < STRANGERS; i++) {
        if (handshake->stranger[i].fd < 0)
            return &handshake->stranger[i];
        if (handshake->stranger[i].since < oldest->since)
            oldest = &handshake->stranger[i];
    }
    return now - oldest->since < CROWDED_MS ? NULL : oldest;
}

static int accept_stranger(struct handshake *handshake, int64_t now)
{
    struct stranger *place = find_place(handshake, now);
    if (!place)
        return 0;
    int fd = accept(handshake->listener, NULL, NULL);
    if (fd < 0 &&
        (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EBADF || errno == EINVAL))
        return mednn_fail(handshake->session, "cannot accept connections: %s", strerror(errno));
    if (fd < 0)
        return 0; /* nobody there any more */
    if (mednn_make_nonblocking(fd)) {
        close(fd);
        return 0;
    }
    tune_socket(fd);
    close_socket(&place->fd);
    *place = (struct stranger){.fd = fd, .since = now};
    return 0;
}

static int hear_strangers(struct handshake *handshake, int64_t now)
{
    for (int i = 0; i < STRANGERS; i++) {
        struct stranger *stranger = &handshake->stranger[i];
        if (stranger->fd < 0)
            continue;
        int heard = read_hello(stranger->fd, stranger->buffer, &stranger->got);
        if (heard > 0 && admit(handshake, stranger))
            return -1;
        if (heard < 0 || (!heard && now - stranger->since >= STRANGER_MS))
            close_socket(&stranger->fd);
    }
    return 0;
}

/* ---- calling ---- */

/* Resolve address number `which`, counted round. */
static int resolve(struct mednn_session *session, uint32_t device, int which, bool passive,
                   struct sockaddr_storage *address, socklen_t *size, int *family)
{
    const struct mednn_address *wanted = &session->options.address[device];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL, *chosen;
    struct mednn_peer_name name;
    char port[8];
    hints.ai_flags = passive ? AI_PASSIVE : 0;
    snprintf(port, sizeof port, "%u", (unsigned)wanted->port);
    int error = getaddrinfo(wanted->host, port, &hints, &list);
    if (error)
        return mednn_fail(session, "%s: unknown address: %s", mednn_peer_name(&name, session, device),
                          error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int count = 0;
    for (chosen = list; chosen; chosen = chosen->ai_next)
        count++;
    chosen = list;
    for (int i = which % count; i > 0; i--)
        chosen = chosen->ai_next;
    memcpy(address, chosen->ai_addr, chosen->ai_addrlen);
    *size = chosen->ai_addrlen;
    *family = chosen->ai_family;
    freeaddrinfo(list);
    return 0;
}

static void hang_up(struct callee *callee, int64_t now, const char *trouble)
{
    close_socket(&callee->fd);
    callee->trouble = trouble;
    callee->retry_ms = callee->retry_ms ? 2 * callee->retry_ms : FIRST_RETRY_MS;
    if (callee->retry_ms > LAST_RETRY_MS)
        callee->retry_ms = LAST_RETRY_MS;
    callee->retry_at = now + callee->retry_ms;
}

static int call(struct handshake *handshake, uint32_t device, int64_t now)
{
    struct mednn_session *session = handshake->session;
    struct callee *callee = &handshake->callee[device];
    struct sockaddr_storage address;
    socklen_t size;
    int family;
    if (resolve(session, device, callee->attempts++, false, &address, &size, &family))
        return -1;
    callee->fd = socket(family, SOCK_STREAM, 0);
    callee->connected = false;
    callee->got = 0;
    if (callee->fd < 0)
        return mednn_fail(session, "cannot make a socket: %s", strerror(errno));
    if (mednn_make_nonblocking(callee->fd))
        return mednn_fail(session, "cannot set up a socket: %s", strerror(errno));
    tune_socket(callee->fd);
    if (connect(callee->fd, (struct sockaddr *)&address, size) && errno != EINPROGRESS && errno != EINTR)
        hang_up(callee, now, strerror(errno));
    return 0;
}

static int judge_callee(struct handshake *handshake, uint32_t device, int64_t now)
{
    struct mednn_session *session = handshake->session;
    struct callee *callee = &handshake->callee[device];
    unsigned char own[HELLO_BYTES];
    encode_hello(session, device, own);
    /* A port of this machine that nobody listens on can connect to itself. */
    if (!memcmp(callee->buffer, own, HELLO_BYTES)) {
        hang_up(callee, now, "no answer");
        return 0;
    }
    struct mednn_peer_name name;
    mednn_peer_name(&name, session, device);
    if (judge_program(session, name.text, callee->buffer))
        return -1;
    uint32_t found = mednn_get32(callee->buffer + 12);
    if (found != device)
        return mednn_fail(session, "%s is really device %u: compare the cluster files", name.text,
                          (unsigned)found);
    handshake->fd[device] = callee->fd;
    callee->fd = -1;
    return 0;
}

static int advance_call(struct handshake *handshake, uint32_t device, int64_t now)
{
    struct callee *callee = &handshake->callee[device];
    if (!callee->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        if (getsockopt(callee->fd, SOL_SOCKET, SO_ERROR, &error, &size))
            error = errno;
        callee->connected = !error && send_hello(handshake->session, device, callee->fd);
        if (!callee->connected)
            hang_up(callee, now, strerror(error ? error : errno));
        return 0;
    }
    int heard = read_hello(callee->fd, callee->buffer, &callee->got);
    if (heard < 0)
        hang_up(callee, now, callee->got ? "not a mednn device" : "it closed the connection");
    return heard > 0 ? judge_callee(handshake, device, now) : 0;
}

/* ---- the loop ---- */

static int listen_for_peers(struct handshake *handshake)
{
    struct mednn_session *session = handshake->session;
    uint32_t own = session->program->device;
    if (handshake->listener < 0) {
        struct sockaddr_storage address;
        socklen_t size;
        int family;
        if (resolve(session, own, 0, true, &address, &size, &family))
            return -1;
        handshake->listener = socket(family, SOCK_STREAM, 0);
        if (handshake->listener < 0)
            return mednn_fail(session, "cannot make a socket: %s", strerror(errno));
        set_option(handshake->listener, SOL_SOCKET, SO_REUSEADDR, 1);
        struct mednn_peer_name name;
        if (bind(handshake->listener, (struct sockaddr *)&address, size) ||
            listen(handshake->listener, MEDNN_MAX_DEVICES))
            return mednn_fail(session, "cannot listen as %s: %s", mednn_peer_name(&name, session, own),
                              strerror(errno));
    }
    if (mednn_make_nonblocking(handshake->listener))
        return mednn_fail(session, "cannot use the listening socket: %s", strerror(errno));
    return 0;
}

/* The first wanted device that is not there yet, from `from` on, or the number of devices. */
static uint32_t missing_device(const struct handshake *handshake, uint32_t from)
{
    uint32_t devices = handshake->session->program->devices;
    while (from < devices && (!handshake->wanted[from] || handshake->fd[from] >= 0))
        from++;
    return from;
}

static int report_missing(struct handshake *handshake, uint32_t device)
{
    struct mednn_session *session = handshake->session;
    struct mednn_peer_name name;
    mednn_peer_name(&name, session, device);
    double seconds = session->options.connect_timeout_ms / 1000.0;
    if (device > session->program->device)
        return mednn_fail(session, "%s did not connect within %.1f s", name.text, seconds);
    const char *trouble = handshake->callee[device].trouble;
    return mednn_fail(session, "cannot reach %s within %.1f s: %s", name.text, seconds,
                      trouble ? trouble : "no answer");
}

static int poll_sockets(struct handshake *handshake)
{
    nfds_t count = 0;
    if (handshake->listener >= 0 && find_place(handshake, mednn_milliseconds()))
        handshake->poll[count++] = (struct pollfd){.fd = handshake->listener, .events = POLLIN};
    for (int i = 0; i < STRANGERS; i++)
        if (handshake->stranger[i].fd >= 0)
            handshake->poll[count++] = (struct pollfd){.fd = handshake->stranger[i].fd, .events = POLLIN};
    for (uint32_t p = 0; p < handshake->session->program->device; p++)
        if (handshake->callee[p].fd >= 0)
            handshake->poll[count++] = (struct pollfd){
                .fd = handshake->callee[p].fd, .events = handshake->callee[p].connected ? POLLIN : POLLOUT};
    if (poll(handshake->poll, count, TICK_MS) < 0 && errno != EINTR)
        return mednn_fail(handshake->session, "poll: %s", strerror(errno));
    return 0;
}

/* Was this socket, which was polled for just now, ready? */
static bool is_ready(const struct handshake *handshake, int fd)
{
    for (size_t i = 0; i < sizeof handshake->poll / sizeof *handshake->poll; i++)
        if (handshake->poll[i].fd == fd)
            return handshake->poll[i].revents != 0;
    return false;
}

static int start_calls(struct handshake *handshake)
{
    int64_t now = mednn_milliseconds();
    for (uint32_t p = missing_device(handshake, 0); p < handshake->session->program->device;
         p = missing_device(handshake, p + 1))
        if (handshake->callee[p].fd < 0 && now >= handshake->callee[p].retry_at && call(handshake, p, now))
            return -1;
    return 0;
}

static int step(struct handshake *handshake)
{
    for (size_t i = 0; i < sizeof handshake->poll / sizeof *handshake->poll; i++)
        handshake->poll[i] = (struct pollfd){.fd = -1};
    if (start_calls(handshake) || poll_sockets(handshake))
        return -1;
    int64_t now = mednn_milliseconds();
    for (uint32_t p = 0; p < handshake->session->program->device; p++)
        if (handshake->callee[p].fd >= 0 && is_ready(handshake, handshake->callee[p].fd) &&
            advance_call(handshake, p, now))
            return -1;
    bool is_called = handshake->listener >= 0 && is_ready(handshake, handshake->listener);
    return hear_strangers(handshake, now) || (is_called && accept_stranger(handshake, now)) ? -1 : 0;
}

static int find_all(struct handshake *handshake)
{
    const struct mednn_session *session = handshake->session;
    uint32_t devices = session->program->devices;
    if (missing_device(handshake, session->program->device + 1) < devices && listen_for_peers(handshake))
        return -1;
    int64_t deadline = mednn_milliseconds() + session->options.connect_timeout_ms;
    for (uint32_t missing; (missing = missing_device(handshake, 0)) < devices;) {
        if (mednn_milliseconds() >= deadline)
            return report_missing(handshake, missing);
        if (step(handshake))
            return -1;
    }
    return 0;
}

int mednn_handshake(struct mednn_session *session, const bool *wanted, int *fd)
{
    struct handshake handshake = {
        .session = session, .wanted = wanted, .fd = fd, .listener = session->options.listen_fd};
    for (int i = 0; i < STRANGERS; i++)
        handshake.stranger[i].fd = -1;
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++)
        handshake.callee[p].fd = fd[p] = -1;
    int status = find_all(&handshake);
    close_socket(&handshake.listener);
    for (int i = 0; i < STRANGERS; i++)
        close_socket(&handshake.stranger[i].fd);
    for (uint32_t p = 0; p < MEDNN_MAX_DEVICES; p++) {
        close_socket(&handshake.callee[p].fd);
        if (status)
            close_socket(&fd[p]);
    }
    return status;
}
