/* onnxruntime.c -- a generated one-device program against ONNX Runtime, in one process, turn by turn.
 *
 * Linked with held_processor.c, device0.o and the runtime of a generated folder, compiled with -DMEDNN_PROGRAM=NAME_device0. Both use the
 * program's number of threads. With one thread, time is its CPU time, so that what else the machine does matters little; with
 * several it is what passes, and the machine must be idle. Taking turns cancels changes of clock and cache. Outputs must agree within 1e-4 of the largest magnitude. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "held_processor.h"
#include "mednn_runtime.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const struct mednn_program MEDNN_PROGRAM;
static const struct mednn_program *const program = &MEDNN_PROGRAM;

enum { MAX_TENSORS = 32, WARM_UP = 3, LEAST_ROUNDS = 11, MOST_ROUNDS = 1001, ALIGNMENT = 2 << 20 };
#define SECONDS 8.0
#define TOLERANCE 1e-4

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "onnxruntime: %s: %s\n", what, why);
    exit(1);
}

static int thread_count(void)
{
    return program->threads > 1 ? (int)program->threads : 1;
}

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(ALIGNMENT, (bytes / ALIGNMENT + 1) * ALIGNMENT);
    if (!memory)
        die("memory", "exhausted");
    return memory;
}

/* ---- ONNX Runtime's C interface: a table whose slots never move ---- */

enum slot {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENVIRONMENT = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_OPTIMIZATION_LEVEL = 23,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    GET_INPUT_NAME = 36,
    GET_OUTPUT_NAME = 37,
    CREATE_TENSOR = 49,
    CREATE_MEMORY_INFO = 69,
    GET_ALLOCATOR = 78
};
enum { API_VERSION = 14, LOG_ERRORS = 3, OPTIMIZE_ALL = 99, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0 };

struct api_base {
    void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

static void *const *api;

/* Call a slot with the given parameter types; a status that is not NULL is an error. */
#define CALL(slot, types, ...) check_status(((void *(*) types)api[slot])(__VA_ARGS__), #slot)

static void check_status(void *status, const char *what)
{
    if (status)
        die(what, ((const char *(*)(const void *))api[GET_ERROR_MESSAGE])(status));
}

struct reference {
    void *session;
    char *input_name[MAX_TENSORS], *output_name[MAX_TENSORS];
    void *input[MAX_TENSORS], *output[MAX_TENSORS];
};

static void *reference_tensor(void *memory_info, void *data, const struct mednn_tensor *tensor)
{
    void *value = NULL;
    CALL(CREATE_TENSOR, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory_info, data, tensor->bytes,
         tensor->dim, (size_t)tensor->rank, tensor->type, &value);
    return value;
}

static void reference_open(struct reference *reference, const char *library, const char *model, void *const *inputs,
                           void *const *outputs)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        die(library, dlerror());
    const struct api_base *(*get_base)(void) = (const struct api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
    if (!get_base)
        die(library, "no OrtGetApiBase");
    api = get_base()->get_api(API_VERSION);
    printf("ONNX Runtime %s\n", get_base()->get_version());

    void *environment, *options, *memory_info, *allocator;
    CALL(CREATE_ENVIRONMENT, (int, const char *, void **), LOG_ERRORS, "bench", &environment);
    CALL(CREATE_SESSION_OPTIONS, (void **), &options);
    CALL(SET_INTRA_OP_THREADS, (void *, int), options, thread_count());
    CALL(SET_INTER_OP_THREADS, (void *, int), options, 1);
    CALL(SET_OPTIMIZATION_LEVEL, (void *, int), options, OPTIMIZE_ALL);
    CALL(CREATE_SESSION, (void *, const char *, const void *, void **), environment, model, options, &reference->session);
    CALL(CREATE_MEMORY_INFO, (int, int, void **), DEVICE_ALLOCATOR, DEFAULT_MEMORY, &memory_info);
    CALL(GET_ALLOCATOR, (void **), &allocator);
    for (uint32_t i = 0; i < program->input_count; i++) {
        CALL(GET_INPUT_NAME, (void *, size_t, void *, char **), reference->session, (size_t)i, allocator,
             &reference->input_name[i]);
        reference->input[i] = reference_tensor(memory_info, inputs[i], &program->inputs[i]);
    }
    for (uint32_t i = 0; i < program->output_count; i++) {
        CALL(GET_OUTPUT_NAME, (void *, size_t, void *, char **), reference->session, (size_t)i, allocator,
             &reference->output_name[i]);
        reference->output[i] = reference_tensor(memory_info, outputs[i], &program->outputs[i]);
    }
}

static void reference_run(struct reference *reference)
{
    CALL(RUN, (void *, const void *, char *const *, void *const *, size_t, char *const *, size_t, void **),
         reference->session, NULL, reference->input_name, reference->input, program->input_count, reference->output_name,
         program->output_count, reference->output);
}

/* Before ONNX Runtime is loaded. */
static void hold_processor(const char *isa)
{
    const char *why = strcmp(isa, "x86-64-v3") ? "only x86-64-v3" : processor_hold_to_v3();
    if (why)
        die(isa, why);
}

/* ---- ours ---- */

static struct mednn_session *ours_open(void)
{
    static const struct mednn_address address = {"127.0.0.1", 0};
    const struct mednn_options options = {.address = &address, .listen_fd = -1};
    char error[500];
    struct mednn_session *session =
        mednn_open(program, allocate(mednn_session_bytes(program)), &options, error, sizeof error);
    if (!session)
        die("mednn_open", error);
    return session;
}

static void ours_run(struct mednn_session *session, void *const *inputs, void *const *outputs)
{
    if (mednn_run(session, (const void *const *)inputs, outputs))
        die("mednn_run", mednn_error(session));
}

/* ---- measuring ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(thread_count() > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, int count, double at)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[(int)(at * (count - 1) + 0.5)];
}

static void check_outputs(void *const *expected, void *const *actual)
{
    for (uint32_t t = 0; t < program->output_count; t++) {
        const float *e = expected[t], *a = actual[t];
        double worst = 0, largest = 0;
        for (size_t i = 0; i < program->outputs[t].bytes / sizeof *e; i++) {
            double difference = fabs((double)e[i] - (double)a[i]);
            largest = fmax(largest, fabs((double)e[i]));
            worst = isnan(difference) ? INFINITY : fmax(worst, difference);
        }
        printf("output %s: max error %.2g of max magnitude %.3g\n", program->outputs[t].name,
               largest > 0 ? worst / largest : worst, largest);
        if (!(worst <= TOLERANCE * largest))
            die(program->outputs[t].name, "outputs differ");
    }
}

static void check_tensors(const struct mednn_tensor *tensor, uint32_t count)
{
    if (count > MAX_TENSORS)
        die("model", "too many inputs or outputs");
    for (uint32_t i = 0; i < count; i++)
        if (tensor[i].type != 1)
            die(tensor[i].name, "only float32 is measured");
}

static void fill(float *values, size_t count)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(int32_t)state / 2147483648.0f;
    }
}

/* Threads of the one that ran last still spin for work, which takes a core from the other: with several threads, wait until they
 * sleep, and true, for one inference to wake the other's. */
static int let_threads_rest(void)
{
    const struct timespec pause = {0, 20000000};
    if (thread_count() == 1)
        return 0;
    nanosleep(&pause, NULL);
    return 1;
}

static void race(struct reference *reference, struct mednn_session *session, void *const *inputs, void *const *outputs)
{
    static double theirs[MOST_ROUNDS], ours[MOST_ROUNDS], ratio[MOST_ROUNDS];
    int rounds = 0;
    double spent = 0;
    for (int i = 0; i < WARM_UP; i++) {
        reference_run(reference);
        ours_run(session, inputs, outputs);
    }
    while (rounds < MOST_ROUNDS && (rounds < LEAST_ROUNDS || spent < SECONDS)) {
        if (let_threads_rest())
            reference_run(reference);
        const double start = seconds();
        reference_run(reference);
        theirs[rounds] = seconds() - start;
        if (let_threads_rest())
            ours_run(session, inputs, outputs);
        const double middle = seconds();
        ours_run(session, inputs, outputs);
        ours[rounds] = seconds() - middle;
        ratio[rounds] = ours[rounds] / theirs[rounds];
        spent += theirs[rounds] + ours[rounds];
        rounds++;
    }
    printf("threads=%d onnxruntime_ms=%.3f mednn_ms=%.3f ratio=%.3f p10=%.3f p90=%.3f rounds=%d\n",
           thread_count(), 1e3 * quantile(theirs, rounds, 0.5), 1e3 * quantile(ours, rounds, 0.5), quantile(ratio, rounds, 0.5),
           quantile(ratio, rounds, 0.1), quantile(ratio, rounds, 0.9), rounds);
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fputs("usage: onnxruntime LIBRARY MODEL.onnx [x86-64-v3]\n", stderr);
        return 2;
    }
    if (argc == 4)
        hold_processor(argv[3]);
    check_tensors(program->inputs, program->input_count);
    check_tensors(program->outputs, program->output_count);
    void *inputs[MAX_TENSORS], *expected[MAX_TENSORS], *actual[MAX_TENSORS];
    for (uint32_t i = 0; i < program->input_count; i++) {
        inputs[i] = allocate(program->inputs[i].bytes);
        fill(inputs[i], program->inputs[i].bytes / sizeof(float));
    }
    for (uint32_t i = 0; i < program->output_count; i++) {
        expected[i] = allocate(program->outputs[i].bytes);
        actual[i] = allocate(program->outputs[i].bytes);
    }
    struct reference reference = {0};
    reference_open(&reference, argv[1], argv[2], inputs, expected);
    if (argc == 4)
        printf("held to %s: %d answers of cpuid changed\n", argv[3], processor_answers_changed());
    struct mednn_session *session = ours_open();
    reference_run(&reference);
    ours_run(session, inputs, actual);
    check_outputs(expected, actual);
    race(&reference, session, inputs, actual);
    mednn_close(session);
    return 0;
}
