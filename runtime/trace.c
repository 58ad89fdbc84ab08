/* trace.c -- what a device does when, as a Chrome trace. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "trace.h"

#include "slow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 1 << 16 };
/* Waits that are shorter are calls that found everything there. */
static const double SHORTEST_WAIT = 20e-6;

static const char *const kind_name[TRACE_KINDS] = {"compute", "pack", "wait", "sent", "received"};

struct event {
    double begin, end;
    uint32_t inference, kind;
    uint32_t what, piece; /* a layer and its piece, an exchange, or the index of a frame */
};

struct trace {
    double mark; /* when the program began what it does now */
    uint64_t count;
    struct event event[EVENTS]; /* the last ones, in a ring */
};

int mednn_trace_open(struct mednn_session *session)
{
    const char *path = getenv("MEDNN_TRACE");
    if (!path || !*path)
        return 0;
    session->trace = calloc(1, sizeof(struct trace));
    return session->trace ? 0 : mednn_fail(session, "no memory for MEDNN_TRACE");
}

static void add(const struct mednn_session *session, struct event event)
{
    struct trace *trace = session->trace;
    event.inference = session->frame;
    if (!session->rehearses)
        trace->event[trace->count++ % EVENTS] = event;
}

void mednn_trace_mark(struct mednn_session *session)
{
    if (session->trace)
        ((struct trace *)session->trace)->mark = mednn_slow_now(session);
}

void mednn_trace_done(struct mednn_session *session, uint32_t layer, uint32_t piece)
{
    struct trace *trace = session->trace;
    if (!trace)
        return;
    const double now = mednn_slow_now(session);
    if (now > trace->mark)
        add(session, (struct event){.begin = trace->mark, .end = now, .kind = TRACE_COMPUTE, .what = layer, .piece = piece});
    trace->mark = now;
}

void mednn_trace_exchange(struct mednn_session *session, enum trace_kind kind, uint32_t exchange, double begin)
{
    const struct trace *trace = session->trace;
    if (!trace)
        return;
    const double now = mednn_slow_now(session);
    begin = kind == TRACE_PACK ? trace->mark : begin;
    if (now - begin >= SHORTEST_WAIT)
        add(session, (struct event){.begin = begin, .end = now, .kind = kind, .what = exchange});
}

void mednn_trace_frame(struct mednn_session *session, bool sent, uint32_t index, double time)
{
    if (!session->trace)
        return;
    add(session, (struct event){.begin = time, .end = time, .kind = sent ? TRACE_SENT : TRACE_RECEIVED, .what = index});
}

/* ---- the file ---- */

static void print_event(FILE *file, const struct mednn_program *program, const struct event *event)
{
    fprintf(file, ",\n{\"cat\":\"%s\",\"pid\":%u,\"tid\":0,\"ts\":%.3f,", kind_name[event->kind], (unsigned)program->device,
            event->begin * 1e6);
    if (event->kind == TRACE_COMPUTE) {
        fprintf(file, "\"ph\":\"X\",\"dur\":%.3f,\"name\":\"%s\",\"args\":{\"inference\":%u,\"piece\":%u}}",
                (event->end - event->begin) * 1e6, program->layers[event->what].name, (unsigned)event->inference,
                (unsigned)event->piece);
    } else if (event->kind == TRACE_PACK || event->kind == TRACE_WAIT) {
        fprintf(file, "\"ph\":\"X\",\"dur\":%.3f,\"name\":\"%s %u\",\"args\":{\"inference\":%u,\"exchange\":%u}}",
                (event->end - event->begin) * 1e6, kind_name[event->kind], (unsigned)event->what,
                (unsigned)event->inference, (unsigned)event->what);
    } else {
        const bool sent = event->kind == TRACE_SENT;
        const struct mednn_message *message = (sent ? program->sends : program->receives) + event->what;
        fprintf(file,
                "\"ph\":\"i\",\"s\":\"t\",\"name\":\"%s device %u\",\"args\":{\"inference\":%u,\"exchange\":%u,\"bytes\":%llu}}",
                sent ? "sent to" : "received from", (unsigned)message->peer, (unsigned)event->inference,
                (unsigned)message->exchange, (unsigned long long)message->bytes);
    }
}

static int write_file(const struct mednn_session *session, const char *path)
{
    const struct trace *trace = session->trace;
    const uint32_t device = session->program->device;
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fprintf(file, "[{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%u,\"args\":{\"name\":\"device %u\"}}", (unsigned)device,
            (unsigned)device);
    for (uint64_t i = trace->count > EVENTS ? trace->count - EVENTS : 0; i < trace->count; i++)
        print_event(file, session->program, &trace->event[i % EVENTS]);
    fputs("\n]\n", file);
    const int failed = ferror(file);
    return fclose(file) || failed ? -1 : 0;
}

/* "trace.json" becomes "trace-1.json" on device 1. */
static bool name_file(char *path, size_t size, const char *given, uint32_t device)
{
    const char *slash = strrchr(given, '/'), *dot = strrchr(slash ? slash : given, '.');
    const int stem = dot ? (int)(dot - given) : (int)strlen(given);
    const int length = snprintf(path, size, "%.*s-%u%s", stem, given, (unsigned)device, dot ? dot : "");
    return length > 0 && (size_t)length < size;
}

void mednn_trace_close(struct mednn_session *session)
{
    const char *given = getenv("MEDNN_TRACE");
    char path[4096];
    if (!session->trace)
        return;
    if (!given || !name_file(path, sizeof path, given, session->program->device))
        fprintf(stderr, "MEDNN_TRACE: no name of a file\n");
    else if (write_file(session, path))
        fprintf(stderr, "MEDNN_TRACE: %s: %s\n", path, strerror(errno));
    free(session->trace);
    session->trace = NULL;
}
