/* main.c -- the program of one device: reads inputs and runs the model on device 0, serves inferences
 * elsewhere.
 *
 * Compiled with -DMEDNN_PROGRAM=NAME, NAME being the `const struct mednn_program` of the deviceN.c beside it.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "cluster_file.h"
#include "npy.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#ifndef MEDNN_VERSION
#define MEDNN_VERSION "0.1.0"
#endif

extern const struct mednn_program MEDNN_PROGRAM;

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, DEFAULT_WAIT_SECONDS = 60, LONGEST_WAIT_SECONDS = 1000000 };

static const struct mednn_program *const program = &MEDNN_PROGRAM;

struct arguments {
    const char *cluster, *output_dir;
    const char **input; /* as given, in order */
    uint32_t input_count;
    int64_t repeat;
    bool batch, random, insecure;
    struct mednn_options session;
};

/* An input of the model: samples of `stride` bytes after another; the same one again where stride is 0. */
struct feed {
    struct mednn_array array;
    size_t stride;
    int64_t samples; /* 0: random, goes with any number */
};

static int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the one line and returns the status. Nothing that a file says may break the line. */
static int fail(int status, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    fprintf(stderr, "device%u: %s\n", (unsigned)program->device, line);
    return status;
}

/* ---- the command line ---- */

enum {
    OPTION_CLUSTER = 256,
    OPTION_INPUT,
    OPTION_OUTPUT_DIR,
    OPTION_REPEAT,
    OPTION_BATCH,
    OPTION_RANDOM,
    OPTION_INSECURE,
    OPTION_WEIGHTS,
    OPTION_LISTEN_FD,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {{"cluster", required_argument, NULL, OPTION_CLUSTER},
                                             {"input", required_argument, NULL, OPTION_INPUT},
                                             {"output-dir", required_argument, NULL, OPTION_OUTPUT_DIR},
                                             {"repeat", required_argument, NULL, OPTION_REPEAT},
                                             {"batch", no_argument, NULL, OPTION_BATCH},
                                             {"random", no_argument, NULL, OPTION_RANDOM},
                                             {"insecure", no_argument, NULL, OPTION_INSECURE},
                                             {"weights", required_argument, NULL, OPTION_WEIGHTS},
                                             {"listen-fd", required_argument, NULL, OPTION_LISTEN_FD},
                                             {"wait", required_argument, NULL, OPTION_WAIT},
                                             {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {NULL, 0, NULL, 0}};

static void print_tensors(const char *what, const struct mednn_tensor *tensor, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("  %s %s: %s ", what, tensor[i].name, mednn_type_name(tensor[i].type));
        for (int axis = 0; axis < tensor[i].rank; axis++)
            printf("%s%lld", axis ? "x" : "", (long long)tensor[i].dim[axis]);
        printf("%s\n", tensor[i].rank ? "" : "scalar");
    }
}

static int print_help(void)
{
    printf("Usage: device%u --cluster FILE [OPTION]...\n"
           "Device %u of %u that run the model %s together; device 0 takes the inputs.\n\n",
           (unsigned)program->device, (unsigned)program->device, (unsigned)program->devices, program->model);
    print_tensors("input ", program->inputs, program->input_count);
    print_tensors("output", program->outputs, program->output_count);
    printf("\n"
           "  --cluster FILE        where the devices are (cluster.xml)\n"
           "  --wait SECONDS        how long to wait for the other devices to start (default %d)\n"
           "  --timeout SECONDS     longest silence of a device within an inference (default 30)\n"
           "  --insecure            allow connections that leave this machine: they are not encrypted\n"
           "  --weights FILE        weights, where they are not in the program (default: beside it)\n"
           "  --listen-fd FD        a listening socket to use instead of opening one\n"
           "on device 0:\n"
           "  --input [NAME=]FILE   an input, .npy or ONNX TensorProto; in the model's order or by name\n"
           "  --random              random values for inputs that are not given\n"
           "  --batch               the first axis of the inputs counts samples: run all\n"
           "  --repeat K            run every sample K times, for timing\n"
           "  --output-dir DIR      write DIR/output_0.npy, output_1.npy, ...\n"
           "  --help, --version\n",
           DEFAULT_WAIT_SECONDS);
    return fflush(stdout) ? STATUS_FAILED : 0;
}

static bool read_count(const char *text, int64_t most, int64_t *count)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *count = value;
    return *text >= '0' && *text <= '9' && !*end && !errno && value <= most;
}

/* Fractions of a second are allowed. */
static bool read_seconds(const char *text, int *milliseconds)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0.001 && seconds <= LONGEST_WAIT_SECONDS))
        return false;
    *milliseconds = (int)(seconds * 1000);
    return true;
}

static int read_option(struct arguments *arguments, int option)
{
    int64_t number;
    switch (option) {
    case OPTION_CLUSTER:
        arguments->cluster = optarg;
        return 0;
    case OPTION_INPUT:
        arguments->input[arguments->input_count++] = optarg;
        return 0;
    case OPTION_OUTPUT_DIR:
        arguments->output_dir = optarg;
        return 0;
    case OPTION_REPEAT:
        if (!read_count(optarg, INT32_MAX, &arguments->repeat) || !arguments->repeat)
            return fail(STATUS_USAGE, "--repeat '%s' is not a positive number", optarg);
        return 0;
    case OPTION_BATCH:
        arguments->batch = true;
        return 0;
    case OPTION_RANDOM:
        arguments->random = true;
        return 0;
    case OPTION_INSECURE:
        arguments->insecure = true;
        return 0;
    case OPTION_WEIGHTS:
        arguments->session.weights_path = optarg;
        return 0;
    case OPTION_LISTEN_FD:
        if (!read_count(optarg, INT32_MAX, &number))
            return fail(STATUS_USAGE, "--listen-fd '%s' is not a file descriptor", optarg);
        arguments->session.listen_fd = (int)number;
        return 0;
    default: /* OPTION_WAIT, OPTION_TIMEOUT */
        if (!read_seconds(optarg, option == OPTION_WAIT ? &arguments->session.connect_timeout_ms
                                                        : &arguments->session.step_timeout_ms))
            return fail(STATUS_USAGE, "--%s '%s' is not a number of seconds",
                        option == OPTION_WAIT ? "wait" : "timeout", optarg);
        return 0;
    }
}

/* 0, a status, or -1 when all is said and done (--help). */
static int read_arguments(struct arguments *arguments, int argc, char **argv)
{
    *arguments = (struct arguments){.repeat = 1};
    arguments->session.listen_fd = -1;
    arguments->session.connect_timeout_ms = DEFAULT_WAIT_SECONDS * 1000;
    arguments->input = calloc((size_t)argc, sizeof *arguments->input);
    if (!arguments->input)
        return fail(STATUS_FAILED, "out of memory");
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option == OPTION_HELP)
            return print_help() ? STATUS_FAILED : -1;
        if (option == OPTION_VERSION) {
            printf("device%u of %s, mednn %s\n", (unsigned)program->device, program->model, MEDNN_VERSION);
            return fflush(stdout) ? STATUS_FAILED : -1;
        }
        if (option == '?')
            return fail(STATUS_USAGE, "'%s': unknown option, or a value is missing (see --help)",
                        argv[optind - 1]);
        int status = read_option(arguments, option);
        if (status)
            return status;
    }
    if (optind < argc)
        return fail(STATUS_USAGE, "unexpected argument '%s' (see --help)", argv[optind]);
    if (program->device &&
        (arguments->input_count || arguments->output_dir || arguments->random || arguments->batch))
        return fail(STATUS_USAGE, "inputs and outputs belong to device 0");
    if (program->devices > 1 && !arguments->cluster)
        return fail(STATUS_USAGE, "give --cluster FILE: where are the %u devices?",
                    (unsigned)program->devices);
    return 0;
}

static bool is_loopback(const char *host)
{
    return !strncmp(host, "127.", 4) || !strcmp(host, "localhost") || !strcmp(host, "::1");
}

static int read_cluster(const struct arguments *arguments, struct mednn_cluster *cluster)
{
    char error[512];
    if (!arguments->cluster)
        return 0;
    if (mednn_cluster_read(cluster, arguments->cluster, error, sizeof error))
        return fail(STATUS_USAGE, "%s", error);
    if (cluster->count != program->devices)
        return fail(STATUS_USAGE, "%s: lists %u devices; this program was built for %u", arguments->cluster,
                    (unsigned)cluster->count, (unsigned)program->devices);
    for (uint32_t i = 0; i < cluster->count; i++)
        if (!arguments->insecure && !is_loopback(cluster->host[i]))
            return fail(STATUS_USAGE,
                        "%s: device %u at %s is another machine and this program does not encrypt; "
                        "--insecure allows it",
                        arguments->cluster, (unsigned)i, cluster->host[i]);
    return 0;
}

/* ---- inputs ---- */

static uint64_t random_bits(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Floats in [-1, 1), integers from 0 to 3. */
static void fill_random(unsigned char *bytes, const struct mednn_tensor *tensor, uint64_t *state)
{
    size_t element = mednn_type_size(tensor->type);
    for (size_t i = 0; i + element <= tensor->bytes; i += element) {
        uint64_t bits = random_bits(state);
        double real = (double)(bits >> 40) * (2.0 / 16777216) - 1;
        float single = (float)real;
        uint64_t value = tensor->type == MEDNN_TYPE_BOOL ? bits & 1 : bits & 3;
        if (tensor->type == MEDNN_TYPE_FLOAT || tensor->type == MEDNN_TYPE_BFLOAT16) {
            uint32_t word;
            memcpy(&word, &single, sizeof word);
            value = tensor->type == MEDNN_TYPE_FLOAT ? word : word >> 16;
        } else if (tensor->type == MEDNN_TYPE_DOUBLE) {
            memcpy(&value, &real, sizeof value);
        } else if (tensor->type == MEDNN_TYPE_FLOAT16) {
            value = (bits & 0x83ff) | 0x3800; /* 0.5 to 1 with any sign and mantissa */
        }
        for (size_t byte = 0; byte < element; byte++)
            bytes[i + byte] = (unsigned char)(value >> 8 * byte & 255);
    }
}

/* Which input an --input means, and its file; the number of inputs when it means none. */
static uint32_t find_input(const char *given, const struct feed *feed, const char **path)
{
    *path = given;
    for (uint32_t i = 0; i < program->input_count; i++) {
        size_t length = strlen(program->inputs[i].name);
        if (!strncmp(given, program->inputs[i].name, length) && given[length] == '=') {
            *path = given + length + 1;
            return i;
        }
    }
    uint32_t next = 0;
    while (next < program->input_count && feed[next].array.data)
        next++;
    return next;
}

static int read_input(const struct arguments *arguments, const char *given, struct feed *feed)
{
    char error[1024];
    const char *path;
    uint32_t i = find_input(given, feed, &path);
    struct stat status;
    if (path == given && strchr(given, '=') && stat(given, &status))
        return fail(STATUS_USAGE, "--input %s: the model has no input of that name (see --help)", given);
    if (i == program->input_count)
        return fail(STATUS_USAGE, "--input %s: the model has only %u inputs", given,
                    (unsigned)program->input_count);
    if (feed[i].array.data)
        return fail(STATUS_USAGE, "--input %s: input '%s' is given twice", given, program->inputs[i].name);
    if (mednn_array_read(&feed[i].array, path, error, sizeof error) ||
        mednn_array_match(&feed[i].array, path, &program->inputs[i], arguments->batch, &feed[i].samples,
                          error, sizeof error))
        return fail(STATUS_USAGE, "%s", error);
    feed[i].stride = arguments->batch ? program->inputs[i].bytes : 0;
    return 0;
}

static int read_inputs(const struct arguments *arguments, struct feed *feed, int64_t *samples)
{
    for (uint32_t i = 0; i < arguments->input_count; i++) {
        int status = read_input(arguments, arguments->input[i], feed);
        if (status)
            return status;
    }
    *samples = 0;
    uint64_t state = 1;
    for (uint32_t i = 0; i < program->input_count; i++) {
        const struct mednn_tensor *tensor = &program->inputs[i];
        if (!feed[i].array.data) {
            if (!arguments->random)
                return fail(STATUS_USAGE, "input '%s' is missing: give --input FILE or --random",
                            tensor->name);
            feed[i].array.data = malloc(tensor->bytes ? tensor->bytes : 1);
            if (!feed[i].array.data)
                return fail(STATUS_FAILED, "out of memory");
            fill_random(feed[i].array.data, tensor, &state);
        } else if (*samples && feed[i].samples != *samples) {
            return fail(STATUS_USAGE, "input '%s' has %lld samples but an earlier one has %lld", tensor->name,
                        (long long)feed[i].samples, (long long)*samples);
        } else {
            *samples = feed[i].samples;
        }
    }
    if (!*samples)
        *samples = 1;
    return 0;
}

/* ---- outputs ---- */

static int make_outputs(struct mednn_array *output, int64_t samples, bool batch)
{
    for (uint32_t i = 0; i < program->output_count; i++) {
        const struct mednn_tensor *tensor = &program->outputs[i];
        struct mednn_array *array = &output[i];
        array->type = tensor->type;
        if (batch)
            array->dim[array->rank++] = samples;
        for (int axis = batch && tensor->rank && tensor->dim[0] == 1; axis < tensor->rank; axis++)
            array->dim[array->rank++] = tensor->dim[axis];
        if ((uint64_t)samples > SIZE_MAX ||
            __builtin_mul_overflow((size_t)samples, tensor->bytes, &array->bytes))
            return fail(STATUS_USAGE, "%lld samples are too many", (long long)samples);
        array->data = malloc(array->bytes ? array->bytes : 1);
        if (!array->data)
            return fail(STATUS_FAILED, "out of memory");
    }
    return 0;
}

static int make_folder(const char *path)
{
    char part[4096];
    size_t length = strlen(path);
    if (!length || length >= sizeof part)
        return fail(STATUS_USAGE, "--output-dir: '%s' is no name of a folder", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i])
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return fail(STATUS_FAILED, "%s: %s", part, strerror(errno));
    }
    return 0;
}

static int write_outputs(const struct arguments *arguments, const struct mednn_array *output)
{
    char path[4096], error[5000];
    if (!arguments->output_dir)
        return 0;
    for (uint32_t i = 0; i < program->output_count; i++) {
        int length = snprintf(path, sizeof path, "%s/output_%u.npy", arguments->output_dir, (unsigned)i);
        if (length < 0 || (size_t)length >= sizeof path)
            return fail(STATUS_USAGE, "--output-dir: name too long");
        if (mednn_array_write(&output[i], path, error, sizeof error))
            return fail(STATUS_FAILED, "%s", error);
    }
    return 0;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int print_latency(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, compare_doubles);
    double median = count % 2 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
    double p90 = seconds[(count * 9 + 9) / 10 - 1];
    printf("latency_ms median=%.2f p90=%.2f runs=%zu\n", median * 1e3, p90 * 1e3, count);
    return fflush(stdout) || ferror(stdout) ? fail(STATUS_FAILED, "stdout: %s", strerror(errno)) : 0;
}

/* ---- running ---- */

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct job {
    const struct feed *feed;
    struct mednn_array *output;
    const void **inputs; /* of one inference */
    void **outputs;
    double *seconds; /* of every inference */
    int64_t samples, repeat;
};

static int run_sample(struct mednn_session *session, const struct job *job, int64_t sample, double *seconds)
{
    for (uint32_t i = 0; i < program->input_count; i++)
        job->inputs[i] = job->feed[i].array.data + (size_t)sample * job->feed[i].stride;
    for (uint32_t i = 0; i < program->output_count; i++)
        job->outputs[i] = job->output[i].data + (size_t)sample * program->outputs[i].bytes;
    double start = now_seconds();
    int status = mednn_run(session, job->inputs, job->outputs);
    *seconds = now_seconds() - start;
    return status;
}

static int run_job(struct mednn_session *session, const struct job *job)
{
    int status = run_sample(session, job, 0, job->seconds); /* warm-up */
    for (int64_t sample = 0, run = 0; !status && sample < job->samples; sample++)
        for (int64_t i = 0; !status && i < job->repeat; i++)
            status = run_sample(session, job, sample, &job->seconds[run++]);
    return status;
}

static int serve(struct mednn_session *session)
{
    int status;
    do
        status = mednn_run(session, NULL, NULL);
    while (!status);
    return status < 0 ? -1 : 0;
}

/* Opens, runs and closes; the job is NULL on workers. */
static int run_session(const struct arguments *arguments, const struct job *job)
{
    char error[512];
    size_t bytes = (mednn_session_bytes(program) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, bytes);
    if (!memory)
        return fail(STATUS_FAILED, "out of memory: %zu bytes are needed", bytes);
    int status = 0;
    struct mednn_session *session = mednn_open(program, memory, &arguments->session, error, sizeof error);
    if (!session) {
        status = fail(STATUS_FAILED, "%s", error);
    } else {
        int result = job ? run_job(session, job) : serve(session);
        if (result)
            status = fail(result == -2 ? STATUS_USAGE : STATUS_FAILED, "%s", mednn_error(session));
        mednn_close(session);
    }
    free(memory);
    return status;
}

static int own_job(const struct arguments *arguments, struct job *job, struct feed *feed,
                   struct mednn_array *output)
{
    size_t runs;
    int status = read_inputs(arguments, feed, &job->samples);
    if (!status && arguments->output_dir)
        status = make_folder(arguments->output_dir);
    if (!status)
        status = make_outputs(output, job->samples, arguments->batch);
    if (status)
        return status;
    job->feed = feed;
    job->output = output;
    job->repeat = arguments->repeat;
    job->inputs = calloc((size_t)program->input_count + 1, sizeof *job->inputs);
    job->outputs = calloc((size_t)program->output_count + 1, sizeof *job->outputs);
    if (!__builtin_mul_overflow((size_t)job->samples, (size_t)job->repeat, &runs))
        job->seconds = calloc(runs, sizeof *job->seconds);
    if (!job->inputs || !job->outputs || !job->seconds)
        return fail(STATUS_FAILED, "out of memory");
    status = run_session(arguments, job);
    if (!status)
        status = write_outputs(arguments, output);
    return status ? status : print_latency(job->seconds, runs);
}

/* Device 0. */
static int own(const struct arguments *arguments)
{
    struct job job = {0};
    struct feed *feed = calloc((size_t)program->input_count + 1, sizeof *feed);
    struct mednn_array *output = calloc((size_t)program->output_count + 1, sizeof *output);
    int status =
        feed && output ? own_job(arguments, &job, feed, output) : fail(STATUS_FAILED, "out of memory");
    for (uint32_t i = 0; feed && i < program->input_count; i++)
        free(feed[i].array.data);
    for (uint32_t i = 0; output && i < program->output_count; i++)
        free(output[i].data);
    free(feed);
    free(output);
    free(job.inputs);
    free(job.outputs);
    free(job.seconds);
    return status;
}

/* The program's file of weights, in the folder of the program itself. */
static int find_weights(struct arguments *arguments, const char *program_path)
{
    static char path[4096];
    const char *slash = strrchr(program_path, '/');
    if (!program->weights_file || arguments->session.weights_path)
        return 0;
    int length = snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - program_path) + 1 : 0, program_path,
                          program->weights_file);
    if (length >= (int)sizeof path)
        return fail(STATUS_USAGE, "give --weights FILE: the path of this program is too long");
    arguments->session.weights_path = path;
    return 0;
}

int main(int argc, char **argv)
{
    static struct mednn_cluster cluster;
    struct arguments arguments;
    int status = read_arguments(&arguments, argc, argv);
    if (!status)
        status = read_cluster(&arguments, &cluster);
    if (!status)
        status = find_weights(&arguments, argv[0]);
    arguments.session.address = arguments.cluster ? cluster.address : NULL;
    if (!status)
        status = program->device ? run_session(&arguments, NULL) : own(&arguments);
    free(arguments.input);
    return status < 0 ? 0 : status;
}
