/* slow.c -- PHONE_SLOW: a fast machine plays a slow device. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* flock */
#include "slow.h"

#include <fcntl.h>
#include <float.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LEAST_REHEARSALS = 5, MOST_REHEARSALS = 50, LOOKS_AT_THE_CLOCK = 100 };
static const double REHEARSED_SECONDS = 0.3; /* of processor time */

/* What takes processor time is numbered: steps, then packing an exchange, then frames sent, then frames received, then telling the
 * carrier of an exchange without waking it, and with. */
struct slow {
    double factor;
    double clock;    /* when the slow device would be here */
    double carrier;  /* when its other processor, which carries frames, would have done what was carried: that thread's */
    double mark;     /* processor time at which the program began what it does now */
    double overhead; /* processor time of looking at the processor time */
    double begun;    /* processor time at which rehearsals began */
    int lock;        /* open folder whose lock a rehearsing device holds; -1: none */
    uint32_t steps;
    uint32_t *first; /* step of each layer, behind `least` */
    double least[];
};

static double thread_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

static uint32_t count_steps(const struct mednn_program *program)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->layer_count; i++)
        count += program->layers[i].pieces;
    return count;
}

static void find_first_steps(struct slow *slow, const struct mednn_program *program)
{
    uint32_t step = 0;
    for (uint32_t i = 0; i < program->layer_count; i++) {
        slow->first[i] = step;
        step += program->layers[i].pieces;
    }
}

static double measure_overhead(void)
{
    double least = DBL_MAX;
    for (int i = 0; i < LOOKS_AT_THE_CLOCK; i++) {
        const double begin = thread_seconds(), seconds = thread_seconds() - begin;
        least = seconds < least ? seconds : least;
    }
    return least;
}

int mednn_slow_open(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    const char *text = getenv("PHONE_SLOW");
    char *end;
    const double factor = text ? strtod(text, &end) : 0;
    if (!(factor >= 1 && factor <= 1e6) || *end)
        return 0;
    const uint32_t steps = count_steps(program);
    const size_t count = (size_t)steps + program->exchange_count + program->send_count + program->receive_count + 2;
    struct slow *slow = calloc(1, sizeof *slow + count * sizeof(double) + program->layer_count * sizeof(uint32_t));
    if (!slow)
        return mednn_fail(session, "no memory for PHONE_SLOW");
    slow->factor = factor;
    slow->overhead = measure_overhead();
    slow->steps = steps;
    slow->first = (uint32_t *)(void *)(slow->least + count);
    find_first_steps(slow, program);
    slow->lock = open("/", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        slow->least[i] = DBL_MAX;
#ifdef __linux__
    (void)prctl(PR_SET_TIMERSLACK, 1);
#endif
    session->slow = slow;
    return 0;
}

void mednn_slow_close(struct mednn_session *session)
{
    struct slow *slow = session->slow;
    if (slow && slow->lock >= 0)
        close(slow->lock);
    free(slow);
    session->slow = NULL;
}

bool mednn_slow_rehearses(const struct mednn_session *session, uint32_t times)
{
    const struct slow *slow = session->slow;
    return times < LEAST_REHEARSALS || (times < MOST_REHEARSALS && thread_seconds() - slow->begun < REHEARSED_SECONDS);
}

static void advance(const struct mednn_session *session, double seconds)
{
    struct slow *slow = session->slow;
    if (!session->rehearses)
        slow->clock += slow->factor * seconds;
}

/* A step or frame took `seconds` of processor time here; on the slow device that of the least one. */
static void advance_by_least(const struct mednn_session *session, double seconds, size_t key)
{
    struct slow *slow = session->slow;
    if (seconds < slow->least[key])
        slow->least[key] = seconds > 0 ? seconds : 0;
    advance(session, slow->least[key]);
}

static double used_since_mark(struct slow *slow)
{
    const double now = thread_seconds(), seconds = now - slow->mark - slow->overhead;
    slow->mark = now;
    return seconds > 0 ? seconds : 0;
}

void mednn_slow_begin_rehearsal(struct mednn_session *session)
{
    struct slow *slow = session->slow;
    if (slow->lock >= 0)
        (void)flock(slow->lock, LOCK_EX);
    slow->begun = thread_seconds();
}

void mednn_slow_end_rehearsal(struct mednn_session *session)
{
    const struct slow *slow = session->slow;
    if (slow->lock >= 0)
        (void)flock(slow->lock, LOCK_UN);
}

void mednn_slow_begin(struct mednn_session *session)
{
    struct slow *slow = session->slow;
    if (!slow)
        return;
    slow->clock = mednn_slow_now(session);
    mednn_slow_leave(session);
}

void mednn_slow_leave(struct mednn_session *session)
{
    struct slow *slow = session->slow;
    if (!slow)
        return;
    slow->mark = thread_seconds();
}

void mednn_slow_enter(struct mednn_session *session, uint32_t exchange)
{
    struct slow *slow = session->slow;
    if (slow && exchange < session->program->exchange_count)
        advance_by_least(session, used_since_mark(slow), (size_t)slow->steps + exchange);
}

void mednn_slow_done(struct mednn_session *session, uint32_t layer, uint32_t piece)
{
    struct slow *slow = session->slow;
    if (!slow)
        return;
    advance_by_least(session, used_since_mark(slow), (size_t)slow->first[layer] + piece);
}

static bool sleep_until(double moment)
{
    bool slept = false;
    for (double left; (left = moment - mednn_seconds()) > 0; slept = true) {
        const struct timespec time = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        nanosleep(&time, NULL);
    }
    return slept;
}

bool mednn_slow_pause(struct mednn_session *session)
{
    const struct slow *slow = session->slow;
    return slow && !session->rehearses && sleep_until(slow->clock);
}

void mednn_slow_not_before(struct mednn_session *session, double time)
{
    struct slow *slow = session->slow;
    if (slow && slow->clock < time)
        slow->clock = time;
}

double mednn_slow_now(const struct mednn_session *session)
{
    const struct slow *slow = session->slow;
    const double now = mednn_seconds();
    return slow && !session->rehearses && slow->clock > now ? slow->clock : now;
}

double mednn_slow_processor(const struct mednn_session *session)
{
    return session->slow ? thread_seconds() : 0;
}

void mednn_slow_told(struct mednn_session *session, bool woke, double seconds)
{
    const struct slow *slow = session->slow;
    const struct mednn_program *program = session->program;
    if (slow)
        advance_by_least(session, seconds - slow->overhead,
                         (size_t)slow->steps + program->exchange_count + program->send_count + program->receive_count + woke);
}

/* ---- the thread that carries frames ---- */

void mednn_slow_carried(struct mednn_session *session, double seconds)
{
    struct slow *slow = session->slow;
    if (!slow)
        return;
    const double now = mednn_seconds();
    slow->carrier = slow->carrier > now ? slow->carrier : now;
    slow->carrier += slow->factor * (seconds > slow->overhead ? seconds - slow->overhead : 0);
}

double mednn_slow_frame(struct mednn_session *session, bool sent, uint32_t index, double seconds)
{
    struct slow *slow = session->slow;
    const struct mednn_program *program = session->program;
    if (!slow)
        return session->trace ? mednn_seconds() : 0;
    const struct mednn_message *message = sent ? program->sends : program->receives;
    const uint32_t count = sent ? program->send_count : program->receive_count;
    double *least = slow->least + slow->steps + program->exchange_count + (sent ? 0 : program->send_count), needed = seconds;
    least[index] = seconds < least[index] ? seconds : least[index];
    for (uint32_t i = 0; i < count; i++)
        if (message[i].bytes >= message[index].bytes && least[i] < needed)
            needed = least[i];
    slow->carrier -= slow->factor * (seconds - needed);
    return slow->carrier;
}

bool mednn_slow_carrier_busy(const struct mednn_session *session)
{
    const struct slow *slow = session->slow;
    return slow && slow->carrier > mednn_seconds();
}

void mednn_slow_carrier_pause(const struct mednn_session *session)
{
    const struct slow *slow = session->slow;
    if (slow)
        sleep_until(slow->carrier);
}
