/* arrivals.c -- see arrivals.h: the transport, and a program that runs all devices with all arrivals. test_arrivals.c links it with
 * generated code. Exit status 0: everything was the same. */
/* SPDX-License-Identifier: MIT */
#include "arrivals.h"
#include "session.h"
#include "transport.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INFERENCES = 2, SEEDS = 4, GARBAGE = 0xff, WEIGHTS_POINTER = 64 };

extern const struct mednn_transport mednn_transport_arrivals;

static const char *const arrivals_name[ARRIVALS] = {"together", "at once", "at last", "by chance"};

/* ---- the recording: every frame of every inference, by the number of its message among the sender's ---- */

struct frame {
    unsigned char *data;
    bool there;
};

static struct {
    struct frame *frame[INFERENCES][MEDNN_MAX_DEVICES];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool failed; /* some device has: the others shall not wait for it */
} recording = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static const struct mednn_program *device_program(uint32_t device)
{
    return arrivals_program[1 + device];
}

/* What message `index` of the receiver holds: the frames between two devices are in the same order in both tables. */
static struct frame *frame_received(const struct mednn_session *session, uint32_t index)
{
    const struct mednn_program *program = session->program;
    const struct mednn_message *message = program->receives;
    const struct mednn_program *sender = device_program(message[index].peer);
    uint32_t before = 0, i = 0;
    for (uint32_t k = 0; k < index; k++)
        before += message[k].peer == message[index].peer;
    for (;; i++) {
        assert(i < sender->send_count);
        if (sender->sends[i].peer == program->device && !before--)
            break;
    }
    assert(sender->sends[i].bytes == message[index].bytes && sender->sends[i].exchange == message[index].exchange);
    return &recording.frame[session->frame - 1][sender->device][i];
}

/* ---- one device's run ---- */

struct run {
    const struct mednn_program *program;
    enum arrivals arrivals;
    uint64_t seed;
    bool is_alone; /* the program for one device */
    unsigned wrong;
};

/* The state of a transport. */
struct post {
    struct run *run;
    uint64_t random;
    uint32_t begun; /* exchanges */
    bool *here;     /* per message to receive; before that in `left` per message to send */
    bool left[];
};

static _Thread_local struct run *opening; /* whose session is being opened */

static size_t post_bytes(const struct mednn_program *program)
{
    return sizeof(struct post) + program->send_count + program->receive_count;
}

static int post_open(struct mednn_session *session)
{
    struct post *post = session->state;
    post->run = opening;
    post->random = opening->seed;
    post->here = post->left + session->program->send_count;
    return 0;
}

static int post_start(struct mednn_session *session)
{
    struct post *post = session->state;
    post->begun = 0;
    memset(post->left, 0, session->program->send_count + session->program->receive_count);
    return 0;
}

static bool by_chance(struct post *post)
{
    post->random = post->random * 6364136223846793005u + 1442695040888963407u;
    return post->random >> 63;
}

static void arrive(struct mednn_session *session, uint32_t index)
{
    struct post *post = session->state;
    const struct mednn_message *message = &session->program->receives[index];
    memcpy(session->arena + message->offset, frame_received(session, index)->data, message->bytes);
    post->here[index] = true;
}

/* A frame is read from the sender's memory: written down, or compared with what was. */
static void leave(struct mednn_session *session, uint32_t index)
{
    struct post *post = session->state;
    const struct mednn_message *message = &session->program->sends[index];
    struct frame *frame = &recording.frame[session->frame - 1][session->program->device][index];
    const unsigned char *data = session->arena + message->offset;
    post->left[index] = true;
    if (post->run->arrivals == ARRIVE_TOGETHER) {
        pthread_mutex_lock(&recording.mutex);
        memcpy(frame->data, data, message->bytes);
        frame->there = true;
        pthread_cond_broadcast(&recording.changed);
        pthread_mutex_unlock(&recording.mutex);
    } else if (memcmp(frame->data, data, message->bytes)) {
        printf("FAIL frames come %s (seed %llu): in inference %u device %u sends device %u other bytes in exchange %u\n",
               arrivals_name[post->run->arrivals], (unsigned long long)post->run->seed, (unsigned)session->frame,
               (unsigned)session->program->device, (unsigned)message->peer, (unsigned)message->exchange);
        post->run->wrong++;
    }
}

/* Frames up to an exchange leave. */
static void leave_all(struct mednn_session *session, uint32_t exchange)
{
    struct post *post = session->state;
    for (uint32_t i = 0; i < session->program->send_count && session->program->sends[i].exchange <= exchange; i++)
        if (!post->left[i])
            leave(session, i);
}

/* Any frames come and go. */
static void let_chance(struct mednn_session *session)
{
    struct post *post = session->state;
    const struct mednn_program *program = session->program;
    bool is_late[MEDNN_MAX_DEVICES] = {false};
    for (uint32_t i = 0; i < program->receive_count && program->receives[i].exchange < post->begun; i++) {
        if (post->here[i] || is_late[program->receives[i].peer])
            continue;
        if (by_chance(post))
            arrive(session, i);
        else
            is_late[program->receives[i].peer] = true;
    }
    for (uint32_t i = 0; i < program->send_count && program->sends[i].exchange < post->begun; i++)
        if (!post->left[i] && by_chance(post))
            leave(session, i);
}

static int post_begin(struct mednn_session *session, uint32_t exchange)
{
    struct post *post = session->state;
    const struct mednn_program *program = session->program;
    const enum arrivals arrivals = post->run->arrivals;
    assert(exchange >= post->begun && exchange < program->exchange_count);
    post->begun = exchange + 1;
    if (arrivals == ARRIVE_TOGETHER || arrivals == ARRIVE_AT_ONCE)
        leave_all(session, exchange);
    for (uint32_t i = 0; i < program->receive_count; i++) {
        if (program->receives[i].exchange != exchange)
            continue;
        memset(session->arena + program->receives[i].offset, GARBAGE, program->receives[i].bytes);
        if (arrivals == ARRIVE_AT_ONCE)
            arrive(session, i);
    }
    if (arrivals == ARRIVE_BY_CHANCE)
        let_chance(session);
    return 0;
}

static int post_ready(struct mednn_session *session, uint32_t exchange)
{
    const struct post *post = session->state;
    const struct mednn_program *program = session->program;
    assert(exchange < post->begun);
    if (post->run->arrivals == ARRIVE_BY_CHANCE)
        let_chance(session);
    for (uint32_t i = 0; i < program->receive_count; i++)
        if (program->receives[i].exchange == exchange && !post->here[i])
            return 0;
    return 1;
}

static int wait_until_sent(struct mednn_session *session, const struct frame *frame)
{
    pthread_mutex_lock(&recording.mutex);
    while (!frame->there && !recording.failed)
        pthread_cond_wait(&recording.changed, &recording.mutex);
    pthread_mutex_unlock(&recording.mutex);
    return frame->there ? 0 : mednn_fail(session, "another device has failed");
}

/* Those of the exchange come, after earlier ones of the same senders. */
static int post_end(struct mednn_session *session, uint32_t exchange)
{
    const struct post *post = session->state;
    const struct mednn_program *program = session->program;
    bool is_awaited[MEDNN_MAX_DEVICES] = {false};
    assert(exchange < post->begun);
    for (uint32_t i = 0; i < program->receive_count; i++)
        is_awaited[program->receives[i].peer] |= program->receives[i].exchange == exchange;
    for (uint32_t i = 0; i < program->receive_count && program->receives[i].exchange <= exchange; i++) {
        if (post->here[i] || !is_awaited[program->receives[i].peer])
            continue;
        if (wait_until_sent(session, frame_received(session, i)))
            return -1;
        arrive(session, i);
    }
    return 0;
}

static int post_flush(struct mednn_session *session, uint32_t exchange)
{
    leave_all(session, exchange);
    return 0;
}

static void post_abort(struct mednn_session *session)
{
    (void)session;
    pthread_mutex_lock(&recording.mutex);
    recording.failed = true;
    pthread_cond_broadcast(&recording.changed);
    pthread_mutex_unlock(&recording.mutex);
}

static void post_close(struct mednn_session *session)
{
    (void)session;
}

const struct mednn_transport mednn_transport_arrivals = {
    .name = "arrivals",
    .bytes = post_bytes,
    .open = post_open,
    .start = post_start,
    .begin = post_begin,
    .ready = post_ready,
    .end = post_end,
    .flush = post_flush,
    .abort = post_abort,
    .close = post_close,
};

/* ---- inputs and outputs ---- */

static void **input[INFERENCES], **wanted[INFERENCES];

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    if (!memory) {
        puts("out of memory");
        exit(1);
    }
    return memset(memory, 0, (bytes + 127) & ~(size_t)63);
}

static void **make_arrays(const struct mednn_tensor *tensor, uint32_t count)
{
    void **array = allocate(count * sizeof *array);
    for (uint32_t i = 0; i < count; i++)
        array[i] = allocate(tensor[i].bytes);
    return array;
}

static void free_arrays(void **array, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(array[i]);
    free(array);
}

/* Floats from -1 to 1. */
static void make_inputs(void)
{
    const struct mednn_program *program = arrivals_program[0];
    uint32_t state = 1;
    for (int r = 0; r < INFERENCES; r++) {
        input[r] = make_arrays(program->inputs, program->input_count);
        wanted[r] = make_arrays(program->outputs, program->output_count);
        for (uint32_t i = 0; i < program->input_count; i++)
            for (size_t e = 0; e < program->inputs[i].bytes / sizeof(float); e++) {
                state = state * 1664525u + 1013904223u;
                ((float *)input[r][i])[e] = (float)(int32_t)state / 2147483648.0f;
            }
    }
}

static void make_recording(void)
{
    for (int r = 0; r < INFERENCES; r++)
        for (uint32_t d = 0; d + 1 < arrivals_programs; d++) {
            const struct mednn_program *program = device_program(d);
            recording.frame[r][d] = allocate(program->send_count * sizeof(struct frame));
            for (uint32_t i = 0; i < program->send_count; i++)
                recording.frame[r][d][i].data = allocate(program->sends[i].bytes);
        }
}

static void free_all(void)
{
    for (int r = 0; r < INFERENCES; r++) {
        free_arrays(input[r], arrivals_program[0]->input_count);
        free_arrays(wanted[r], arrivals_program[0]->output_count);
        for (uint32_t d = 0; d + 1 < arrivals_programs; d++) {
            for (uint32_t i = 0; i < device_program(d)->send_count; i++)
                free(recording.frame[r][d][i].data);
            free(recording.frame[r][d]);
        }
    }
}

/* ---- running ---- */

static void compare_outputs(struct run *run, void **output, int inference)
{
    for (uint32_t i = 0; i < run->program->output_count; i++) {
        const size_t bytes = run->program->outputs[i].bytes;
        if (run->is_alone) {
            memcpy(wanted[inference][i], output[i], bytes);
        } else if (memcmp(wanted[inference][i], output[i], bytes)) {
            printf("FAIL frames come %s (seed %llu): output %u of inference %d differs from one device\n", arrivals_name[run->arrivals],
                   (unsigned long long)run->seed, (unsigned)i, inference + 1);
            run->wrong++;
        }
    }
}

static void *run_device(void *data)
{
    struct run *run = data;
    const struct mednn_program *program = run->program;
    static const struct mednn_address nowhere[MEDNN_MAX_DEVICES];
    const struct mednn_options options = {.address = nowhere, .listen_fd = -1, .huge_pages = -1};
    char error[512];
    void *memory = allocate(mednn_session_bytes(program));
    void **output = make_arrays(program->outputs, program->output_count);
    opening = run;
    struct mednn_session *session = mednn_open(program, memory, &options, error, sizeof error);
    int status = session ? 0 : -1;
    for (int r = 0; r < INFERENCES && !status; r++) {
        memset(session->arena + WEIGHTS_POINTER, GARBAGE, program->arena_bytes - WEIGHTS_POINTER);
        status = mednn_run(session, (const void *const *)(program->device ? NULL : input[r]), program->device ? NULL : output);
        if (!status && !program->device)
            compare_outputs(run, output, r);
    }
    if (status) {
        printf("FAIL device %u: %s\n", (unsigned)program->device, session ? mednn_error(session) : error);
        run->wrong++;
        post_abort(NULL);
    }
    mednn_close(session);
    free_arrays(output, program->output_count);
    free(memory);
    return NULL;
}

static unsigned run_together(void)
{
    const uint32_t devices = arrivals_programs - 1;
    struct run run[MEDNN_MAX_DEVICES];
    pthread_t thread[MEDNN_MAX_DEVICES];
    unsigned wrong = 0;
    for (uint32_t d = 0; d < devices; d++) {
        run[d] = (struct run){.program = device_program(d), .arrivals = ARRIVE_TOGETHER};
        if (pthread_create(&thread[d], NULL, run_device, &run[d])) {
            puts("no threads");
            exit(1);
        }
    }
    for (uint32_t d = 0; d < devices; d++) {
        pthread_join(thread[d], NULL);
        wrong += run[d].wrong;
    }
    return wrong;
}

static unsigned run_alone(const struct mednn_program *program, enum arrivals arrivals, uint64_t seed)
{
    struct run run = {.program = program, .arrivals = arrivals, .seed = seed, .is_alone = program == arrivals_program[0]};
    run_device(&run);
    return run.wrong;
}

int main(void)
{
    uint32_t frames = 0;
    make_inputs();
    make_recording();
    unsigned wrong = run_alone(arrivals_program[0], ARRIVE_AT_ONCE, 0);
    wrong += run_together();
    for (uint32_t d = 0; d + 1 < arrivals_programs && !recording.failed; d++) {
        frames += device_program(d)->receive_count;
        wrong += run_alone(device_program(d), ARRIVE_AT_ONCE, 0);
        wrong += run_alone(device_program(d), ARRIVE_AT_LAST, 0);
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            wrong += run_alone(device_program(d), ARRIVE_BY_CHANCE, seed);
    }
    printf("%u devices, %u frames, %u wrong\n", (unsigned)arrivals_programs - 1, (unsigned)frames, wrong);
    free_all();
    return wrong || !frames;
}
